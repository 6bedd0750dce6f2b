"""References fetched from the network, only where the mock is told to (Rule: url-fetch)."""

import asyncio
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp

from mock_server.certificates import tls
from mock_server.eager import in_a_task
from mock_server.rules.references import ReferenceTable, is_private

__all__ = ["Fetched", "Fetcher"]

_TIMEOUT_S = 20.0
_CHUNK = 64 * 1024


class Fetched(NamedTuple):
    """The bytes behind a URL, or why there are none."""

    data: bytes | None
    problem: str = ""
    private: bool = False


class Fetcher:
    """Fetches pictures; a name that resolves to a private address counts as private."""

    def __init__(self, table: ReferenceTable, *, allow_private: bool) -> None:
        self._table = table
        self._allow_private = allow_private
        self._client: aiohttp.ClientSession | None = None

    async def fetch(self, url: str) -> Fetched:
        """Fetch the bytes, at most as many as a reference may have; redirects are not followed."""
        await in_a_task()
        host = str(urlsplit(url).hostname)
        if not self._allow_private and await self._resolves_privately(host):
            return Fetched(None, "its host is private", private=True)
        try:
            async with self._session().get(url, allow_redirects=False, ssl=tls(url)) as answer:
                if answer.status != HTTPStatus.OK:
                    return Fetched(None, f"HTTP status {answer.status}")
                return await self._read(answer)
        except TimeoutError:
            return Fetched(None, f"no answer within {_TIMEOUT_S:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Fetched(None, str(error) or type(error).__name__)

    async def _resolves_privately(self, host: str) -> bool:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None)
        except OSError:
            return False
        return any(is_private(str(entry[4][0]), self._table) for entry in found)

    async def _read(self, answer: aiohttp.ClientResponse) -> Fetched:
        data = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK):
            data += chunk
            if len(data) > self._table.max_bytes:
                return Fetched(None, f"more than {self._table.max_bytes:,} bytes")
        return Fetched(bytes(data))

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
            self._client = aiohttp.ClientSession(timeout=timeout)
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
