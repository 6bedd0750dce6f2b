"""HTTP/1.1 as lean as it goes: kept-alive connections, answers in their order, nothing sent twice.

An ordinary client library spends two to four times as long on a request, and the whole lattice
would feel it.
"""

import asyncio
import ssl
import time
from collections import deque
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from contracts.exchange import Answer

__all__ = ["AnswerReader", "Connection", "Endpoint", "NoAnswerError", "UnreachableError"]

HEAD_LIMIT = 65_536
IDLE_LIMIT_S = 2.0
"""Servers close connections that rest for long; a request must not meet that."""
BODY_LIMIT = 256 * 1024 * 1024
CONTINUE = range(100, 200)
BODILESS = (204, 304)
HTTPS = "https"
PORTS = {"http": 80, HTTPS: 443}


class UnreachableError(Exception):
    """No connection could be made: nothing was sent."""


class NoAnswerError(Exception):
    """A request was sent and no whole HTTP answer came: nobody knows what it did."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An http(s) URL to post to, and the key to do it with."""

    host: str
    port: int
    tls: bool
    head: bytes
    """The request's head up to, and without, its Content-Length."""

    @classmethod
    def at(cls, url: str, key: str) -> "Endpoint":
        """The endpoint at the URL; ValueError where URL or key cannot be used."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"an http:// or https:// URL is needed; got '{url}'")
        if not key.isascii() or not key.isprintable():
            raise ValueError("the API key must be printable ASCII")
        port = parts.port or PORTS[parts.scheme]
        return cls(parts.hostname, port, parts.scheme == HTTPS, _head(parts, key))

    @property
    def loopback(self) -> bool:
        """Whether it is this very machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def post(self, body: bytes) -> bytes:
        """The whole request that posts a JSON body."""
        return b"%bContent-Length: %d\r\n\r\n%b" % (self.head, len(body), body)


class AnswerReader:
    """Makes an answer of the bytes as they come; knows nothing of sockets."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body = bytearray()
        self._status = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self._left: int | None = 0
        self._chunked = False
        self.keeps = True
        """Whether the connection may be used again after this answer."""
        self.rest = b""
        """What came behind the answer."""

    def feed(self, data: bytes) -> Answer | None:
        """The answer, once it is whole; NoAnswerError if it never can be."""
        self._buffer += data
        if not self._status and not self._read_head():
            return None
        if len(self._buffer) + len(self._body) > BODY_LIMIT:
            raise NoAnswerError(f"the answer is longer than {BODY_LIMIT:,} bytes")
        whole = self._read_chunks() if self._chunked else self._read_plain()
        return self._answer() if whole else None

    def end(self) -> Answer:
        """The answer when the other side has closed; NoAnswerError if something is missing."""
        if not self._status:
            raise NoAnswerError("the connection was closed without an answer")
        if self._chunked or self._left is not None:
            raise NoAnswerError("the connection was closed in the middle of the answer")
        return self._answer()

    def _answer(self) -> Answer:
        body = self._body if self._chunked else self._buffer
        return Answer(self._status, self._headers, bytes(body), 0.0)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_LIMIT:
                raise NoAnswerError("the head of the answer does not end")
            return False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        version, status = _status_line(lines[0])
        if status in CONTINUE:
            return self._read_head()
        self._status = status
        self._headers = tuple([_header(line) for line in lines[1:]])
        self._frame(version)
        return True

    def _frame(self, version: str) -> None:
        """How the end of the body is known. RFC 9112, section 6.3."""
        seen = {name.lower(): value for name, value in self._headers}
        default = "close" if version == "HTTP/1.0" else "keep-alive"
        self.keeps = "close" not in seen.get("connection", default).lower()
        self._chunked = "chunked" in seen.get("transfer-encoding", "").lower()
        length = "0" if self._status in BODILESS else seen.get("content-length")
        if length is not None and not (length.isascii() and length.isdigit()):
            raise NoAnswerError(f"the answer has the Content-Length '{length}'")
        self._left = None if length is None else int(length)
        self.keeps &= self._chunked or self._left is not None

    def _read_plain(self) -> bool:
        if self._left is None or len(self._buffer) < self._left:
            return False
        if len(self._buffer) > self._left:
            self.rest = bytes(self._buffer[self._left :])
            del self._buffer[self._left :]
        return True

    def _read_chunks(self) -> bool:
        while (end := self._buffer.find(b"\r\n")) >= 0:
            size = _chunk_size(bytes(self._buffer[:end]))
            if size == 0:
                return self._read_trailer(end)
            if len(self._buffer) < end + 2 + size + 2:
                return False
            self._body += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + 2 + size + 2]
        return False

    def _read_trailer(self, start: int) -> bool:
        end = self._buffer.find(b"\r\n\r\n", start)
        if end < 0:
            return False
        self.rest = bytes(self._buffer[end + 4 :])
        return True


class _Waiting(NamedTuple):
    """A request that was sent: who waits for its answer, until when by the loop's clock."""

    answer: asyncio.Future[Answer]
    until: float
    timeout_s: float


class Connection(asyncio.Protocol):
    """One connection to the endpoint, for requests that are answered in their order.

    Each may be sent before the ones ahead of it are answered (RFC 9112, section 9.3.2).
    """

    def __init__(self) -> None:
        self._reader = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[_Waiting] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._unsent: list[bytes] = []
        self._gone = asyncio.Event()
        self._rests_since = time.perf_counter()

    @classmethod
    async def open(cls, endpoint: Endpoint, *, timeout_s: float) -> "Connection":
        """A connection, or UnreachableError with the reason."""
        loop = asyncio.get_running_loop()
        context = ssl.create_default_context() if endpoint.tls else None
        try:
            async with asyncio.timeout(timeout_s):
                _, connection = await loop.create_connection(
                    cls, endpoint.host, endpoint.port, ssl=context
                )
        except TimeoutError:
            raise UnreachableError(f"no connection within {timeout_s:g} s") from None
        except OSError as error:
            raise UnreachableError(_reason(error)) from error
        return connection

    async def exchange(self, request: bytes, *, timeout_s: float) -> Answer:
        """The answer to the request; NoAnswerError if none came whole, and in time."""
        if self._transport is None or not self.usable:
            raise UnreachableError("the connection is closed")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future(), loop.time() + timeout_s, timeout_s)
        self._waiting.append(waiting)
        if self._watch is None:
            self._watch = loop.call_at(waiting.until, self._look_at_the_time, loop)
        started = time.perf_counter()
        self._send(request)
        answer = await waiting.answer
        self._rests_since = time.perf_counter()
        seconds = self._rests_since - started
        return Answer(answer.status, answer.headers, answer.body, seconds)

    def _look_at_the_time(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up whoever has waited too long: one timer for all, not one for each request."""
        self._watch = None
        now, is_late = loop.time(), False
        while self._waiting and self._waiting[0].until <= now:
            self._fail(NoAnswerError(f"no answer within {self._waiting[0].timeout_s:g} s"))
            is_late = True
        if is_late:
            self.close()
        elif self._waiting:
            self._watch = loop.call_at(self._waiting[0].until, self._look_at_the_time, loop)

    def _send(self, request: bytes) -> None:
        """Sends what is to be sent at this moment in one piece."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._send_all)
        self._unsent.append(request)

    def _send_all(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        if self._transport is None or self._transport.is_closing():
            return False
        return self.is_used or time.perf_counter() - self._rests_since < IDLE_LIMIT_S

    @property
    def is_used(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._waiting)

    def close(self) -> None:
        """Leave the connection; what is under way is lost."""
        if self._transport is not None:
            self._transport.abort()

    async def closed(self) -> None:
        """Leave the connection, and wait until it is gone."""
        self.close()
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio calls it with the open connection."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Asyncio calls it with what has come."""
        while data:
            if not self._waiting:
                self.close()  # bytes that nobody asked for
                return
            try:
                answer = self._reader.feed(data)
            except NoAnswerError as error:
                self._fail(error)
                self.close()
                return
            if answer is None:
                return
            reader, self._reader = self._reader, AnswerReader()
            self._answer(answer)
            if not reader.keeps:
                self.close()
                return
            data = reader.rest

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio calls it when the connection is gone."""
        self._gone.set()
        if self._watch is not None:
            self._watch.cancel()
        if self._waiting and exc is None:
            try:
                answer = self._reader.end()
            except NoAnswerError as error:
                self._fail(error)
            else:
                self._answer(answer)
        reason = "was closed without an answer" if exc is None else f"broke: {_reason(exc)}"
        while self._waiting:
            self._fail(NoAnswerError(f"the connection {reason}"))

    def _answer(self, answer: Answer) -> None:
        """Whose turn it is gets this answer."""
        waiting = self._waiting.popleft().answer
        if not waiting.done():
            waiting.set_result(answer)

    def _fail(self, error: NoAnswerError) -> None:
        """Whose turn it is gets none."""
        waiting = self._waiting.popleft().answer
        if not waiting.done():
            waiting.set_exception(error)


def _head(parts: SplitResult, key: str) -> bytes:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {key}",
        "Accept: application/json",
        "Content-Type: application/json",
        "User-Agent: contracts",
    )
    return ("\r\n".join(lines) + "\r\n").encode("ascii")


def _status_line(line: str) -> tuple[str, int]:
    version, _, rest = line.partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/1.") or not (status.isascii() and status.isdigit()):
        raise NoAnswerError(f"what came is no HTTP answer; it begins with {line[:40]!r}")
    return version, int(status)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise NoAnswerError(f"the answer has the header line {line[:40]!r}")
    return name, value.strip()


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    try:
        return int(digits, 16)
    except ValueError:
        raise NoAnswerError(f"the answer has the chunk size {digits[:40]!r}") from None


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
