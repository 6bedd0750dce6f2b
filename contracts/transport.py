"""How requests reach the endpoint: kept connections, no redirect followed, nothing ever sent twice.

Whatever prevents an answer is an `Answer` with status 0 and the reason, so that a test can judge
it like any other.
"""

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, IncompleteRead
from io import BytesIO
from types import TracebackType
from typing import Self, cast
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from contracts.exchange import Answer, Exchange, Key, Request, Transfer

__all__ = ["Transport"]

CONNECTIONS = 128
CONNECT_TIMEOUT_S = 10.0
CONTINUE_TIMEOUT_S = 5.0
CHUNK = 16 * 1024


class Transport:
    """Sends requests to one base URL with the keys of the run; may be used from many threads."""

    def __init__(
        self,
        base_url: str,
        keys: Mapping[Key, str],
        *,
        scheme: str,
        timeout_s: float,
        grace_s: float = 0.0,
    ) -> None:
        self.base_url = base_url
        self._limit_s, self._grace_s = timeout_s, grace_s
        self._keys = keys
        self._scheme = scheme
        self._pools = urllib3.PoolManager(maxsize=CONNECTIONS, num_pools=8)
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._own_pool = self._pools.connection_from_url(base_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pools.clear()

    @property
    def timeout_s(self) -> float:
        """How long an answer is waited for: with some grace, until one stays away for so long."""
        return self._limit_s + self._grace_s

    def lose_patience(self) -> None:
        """Grant no grace any more: what does not come has not come because the target is busy."""
        self._grace_s = 0.0

    def url(self, request: Request) -> str:
        """The whole URL of a request."""
        return request.path if "://" in request.path else self.base_url + request.path

    def authorization(self, key: Key) -> str:
        """The header's value for a key of the run."""
        return f"{self._scheme} {self._keys[key]}"

    def send(self, request: Request, *, timeout_s: float | None = None) -> Exchange:
        """Sends the request once and waits for its answer."""
        sent_at, started = time.time(), time.monotonic()
        limit = timeout_s or self.timeout_s
        try:
            status, headers, body = self._answer(request, limit)
        except (HTTPError, HTTPException, OSError) as error:
            if timeout_s is None and isinstance(error, ReadTimeoutError | TimeoutError):
                self.lose_patience()
            failure = _reason(error, limit)
            answer = Answer(0, (), b"", time.monotonic() - started, failure)
        else:
            answer = Answer(status, headers, body, time.monotonic() - started)
        return Exchange(request, answer, sent_at)

    def abandon(self, request: Request, *, after_s: float) -> bool:
        """Sends the request and goes away after a while; False if the answer was quicker."""
        with self._connection(urlsplit(self.url(request)), self.timeout_s) as wire:
            wire.sendall(self._head(request) + (request.body() or b""))
            wire.settimeout(after_s)
            try:
                wire.recv(1)
            except TimeoutError:
                return True
            return False

    def _answer(
        self, request: Request, limit: float
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        if request.transfer is Transfer.EXPECT:
            return self._answer_after_continue(request, limit)
        body = request.body()
        chunked = request.transfer is Transfer.CHUNKED
        pool, path = self._way(self.url(request))
        response = pool.urlopen(
            request.method,
            path,
            body=_chunks(body) if chunked and body is not None else body,
            headers=self._headers(request),
            chunked=chunked,
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=limit),
            decode_content=True,
        )
        return response.status, tuple(response.headers.items()), response.data

    def _way(self, url: str) -> tuple[urllib3.HTTPConnectionPool, str]:
        """Who sends to this URL, and what then stands in the first line."""
        if url.startswith(f"{self._origin}/"):
            return self._own_pool, url[len(self._origin) :]
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return self._pools.connection_from_url(url), path

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"User-Agent": "contracts", "Accept": "*/*"}
        if request.key in self._keys:
            headers["Authorization"] = self.authorization(request.key)
        if (media_type := request.media_type()) is not None:
            headers["Content-Type"] = media_type
        return headers | dict(request.headers)

    def _answer_after_continue(
        self, request: Request, limit: float
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """The body is sent after a while even if nothing was said: a target may be busy."""
        with self._connection(urlsplit(self.url(request)), limit) as wire:
            wire.sendall(self._head(request, "Expect: 100-continue", "Connection: close"))
            wire.settimeout(CONTINUE_TIMEOUT_S)
            first = b""
            with suppress(TimeoutError):
                first = wire.recv(CHUNK)
            wire.settimeout(limit)
            if not first or first.startswith(b"HTTP/1.1 100"):
                wire.sendall(request.body() or b"")
            return _read(wire, first)

    def _head(self, request: Request, *extra: str) -> bytes:
        parts, (_, path) = urlsplit(self.url(request)), self._way(self.url(request))
        lines = [f"{request.method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in self._headers(request).items()]
        lines += [f"Content-Length: {len(request.body() or b'')}", *extra]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _connection(self, parts: SplitResult, limit: float) -> socket.socket:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        wire = socket.create_connection((parts.hostname or "", port), timeout=CONNECT_TIMEOUT_S)
        wire.settimeout(limit)
        if parts.scheme == "https":
            return ssl.create_default_context().wrap_socket(wire, server_hostname=parts.hostname)
        return wire


def _chunks(body: bytes) -> Iterator[bytes]:
    return (body[start : start + CHUNK] for start in range(0, len(body), CHUNK))


class _Received:
    """Stands for a socket whose bytes have all been read, so that `HTTPResponse` can parse them."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> BytesIO:
        """The bytes as a file."""
        return BytesIO(self._data)


def _read(wire: socket.socket, first: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Reads to the end of the connection."""
    data = bytearray(first)
    while piece := wire.recv(CHUNK):
        data += piece
    response = HTTPResponse(cast("socket.socket", _Received(bytes(data))))
    response.begin()
    return response.status, tuple(response.getheaders()), response.read()


def _reason(error: Exception, limit: float) -> str:
    if isinstance(error, NameResolutionError):
        return "no answer: the host's name is not known"
    if isinstance(error, NewConnectionError):
        return "no answer: nobody listens there"
    if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
        return f"no answer within {limit:g} s"
    cause = error.args[-1] if error.args and isinstance(error.args[-1], Exception) else error
    for kinds, words in _CAUSES:
        if isinstance(cause, kinds):
            return f"no answer: {words}"
    return f"no answer: {str(error).partition(': ')[2] or error}"


# The first that fits; a connection that is closed without an answer is also a bad status line.
_CAUSES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((ConnectionError,), "the connection is closed without one"),
    ((IncompleteRead, urllib3.exceptions.IncompleteRead), "it ends in the middle of its body"),
    ((HTTPException,), "what came is not HTTP"),
)
