"""A watching proxy before a mock, and a client of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import ClientSession, web

from mock_server.proxy import create_proxy
from mock_server.serving import listening
from mock_server.settings import ProxySettings
from tests.api import Api, example_request, running
from tests.laws import Answer, own_contract

__all__ = ["KEY", "SYNC", "Watched", "lines", "watched_mock", "watching"]

KEY = "sk_very_secret_key"
SYNC = {"size": "1024x640", "quality": "low"}


class Watched(NamedTuple):
    """A proxy and a client of it."""

    origin: str
    client: ClientSession

    async def ask(
        self, method: str, path: str, fields: Any = None, *, fault: str = "", key: str | None = KEY
    ) -> Answer:
        """One request through the proxy."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= {"X-Mock-Fault": fault} if fault else {}
        url = f"{self.origin}{path}"
        async with self.client.request(method, url, json=fields, headers=headers) as got:
            return Answer(got.status, got.headers, await got.read())

    async def create(self, fault: str = "", **fields: Any) -> Answer:
        """The contract's example request with these fields."""
        whole = {**example_request(), **fields}
        return await self.ask("POST", "/api/v1/images/generations", whole, fault=fault)

    async def spent(self) -> Decimal:
        """What the proxy believes was spent."""
        return Decimal((await self.ask("GET", "/_mock/")).json["spent"])

    async def rules(self) -> list[str]:
        """The rules that were seen to be broken."""
        found = (await self.ask("GET", "/_mock/violations")).json["violations"]
        for violation in found:
            entry = own_contract().document["x-contract"]["rules"][violation["rule"]]  # type: ignore[index]
            assert violation["basis"] == entry["basis"]
            assert violation["statement"] == entry["statement"]
        return [violation["rule"] for violation in found]


@asynccontextmanager
async def watching(upstream: str, **settings: Any) -> AsyncIterator[Watched]:
    """A proxy in front of it."""
    app = create_proxy(own_contract(), ProxySettings(upstream=upstream, **settings))
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
    async with listening(runner, "127.0.0.1", 0) as origin, ClientSession() as client:
        yield Watched(origin, client)


@asynccontextmanager
async def watched_mock(**settings: Any) -> AsyncIterator[tuple[Api, Watched]]:
    """A mock and a proxy in front of it."""
    async with running(may_log=" breaks ") as api, watching(api.base, **settings) as proxy:
        yield api, proxy


def lines(folder: Path) -> list[Any]:
    """The exchanges on a cassette."""
    return [json.loads(line) for line in (folder / "cassette.jsonl").read_text().splitlines()]
