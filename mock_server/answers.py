"""Answers as they go over the wire."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.compression_utils import MAX_SYNC_CHUNK_SIZE
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE, HttpVersion11
from aiohttp.http_writer import _serialize_headers
from aiohttp.payload import Payload
from multidict import CIMultiDict

__all__ = ["Answer", "Pieces", "json_answer", "json_bytes", "pieces_answer", "success"]

_JSON = "application/json"
# What every answer says in its headers.
_ALWAYS = frozenset({"Content-Type", "x-request-id"})
# Below this size all goes out in one step, above it piece by piece.
_AT_ONCE_BELOW = 256 * 1024
# Below this size copying is quicker than a second piece.
_COPY_BELOW = 16 * 1024


def _exact(value: object) -> orjson.Fragment:
    """An amount as a JSON number with just its digits, never through a float."""
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}".encode())
    raise TypeError(f"{type(value).__name__} is nothing that JSON knows")


def json_bytes(payload: object) -> bytes:
    """The payload as JSON; a Decimal in it becomes a number with just its digits."""
    return orjson.dumps(payload, default=_exact)


def json_answer(
    payload: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    sent = {hdrs.CONTENT_TYPE: _JSON, **(headers or {})}
    return Answer(json_bytes(payload), status=status, headers=sent)


def success(data: object, *, code: int, msg: str) -> web.Response:
    """The native envelope around what was asked for."""
    return json_answer({"code": code, "msg": msg, "data": data})


class Pieces(Payload):
    """A body in pieces that are shared with others and never joined."""

    def __init__(self, pieces: Iterable[bytes], content_type: str) -> None:
        self._pieces = tuple(pieces)
        super().__init__(self._pieces, headers={str(hdrs.CONTENT_TYPE): content_type})
        self._size = sum(map(len, self._pieces))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return b"".join(self._pieces).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Hand the pieces over one by one."""
        for piece in self._pieces:
            await writer.write(piece)

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Hand the pieces over; the length is always the whole one."""
        await self.write(writer)


def pieces_answer(
    pieces: list[bytes], *, content_type: str = _JSON, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An answer from prepared pieces; large ones are not joined."""
    sent: dict[str, str] = {hdrs.CONTENT_TYPE: content_type, **(headers or {})}
    if sum(map(len, pieces)) >= _AT_ONCE_BELOW:
        return Answer(Pieces(pieces, content_type), headers=sent)
    answer = Answer(None, headers=sent)
    answer.pieces = pieces
    return answer


class Answer(web.Response):
    """A response that leaves in one step, where nothing about it is unusual.

    aiohttp prepares, signals, serialises and writes in nine coroutines, 15 us for each answer;
    this takes 5 us, and does not copy a body to put its head in front. Instead of a body it may
    have `pieces`, which are joined for those alone who ask for the body. Headers become aiohttp's
    when somebody looks at them.
    """

    pieces: Sequence[bytes] = ()
    _zlib_executor_size = MAX_SYNC_CHUNK_SIZE
    _zlib_executor = None

    def __init__(
        self, body: bytes | Payload | None, *, status: int = 200, headers: dict[str, str]
    ) -> None:
        self._told = headers
        # Not `web.Response`'s own, which looks at a dozen arguments that are not there.
        web.StreamResponse.__init__(self, status=status, _real_headers=CIMultiDict())
        self._body = body

    def mark(self, name: str, value: str) -> None:
        """Give it one more header."""
        if self._told:
            self._told[name] = value
        else:
            self._headers[name] = value

    @property
    def says_nothing_more(self) -> bool:
        """Whether it has no headers beside its type and its id; they are not looked at for that."""
        return 0 < len(self._told) <= len(_ALWAYS) and self._told.keys() <= _ALWAYS

    @property  # type: ignore[override]
    def _headers(self) -> CIMultiDict[str]:
        if self._told:
            self._made.update(self._told)
            self._told = {}
        return self._made

    @_headers.setter
    def _headers(self, headers: CIMultiDict[str]) -> None:
        self._made = headers

    @property
    def body(self) -> Any:  # noqa: ANN401 - aiohttp's own type
        """The body in one piece."""
        if self.pieces:
            self.body = b"".join(self.pieces)
            self.pieces = ()
        return self._body

    @body.setter
    def body(self, body: Any) -> None:  # noqa: ANN401
        web.Response.body.__set__(self, body)  # type: ignore[attr-defined]

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the whole answer; what is unusual is prepared and sent as aiohttp does it."""
        if self.leave(request):
            await request.writer.drain()
            return None
        self._body = self.body
        return await super().prepare(request)

    def leave(self, request: web.BaseRequest) -> bool:
        """Send the whole answer at once, unless something is unusual; whether that was done."""
        pieces = self.pieces or ((self._body,) if isinstance(self._body, bytes) else ())
        length = sum(map(len, pieces))
        transport = request.transport
        if transport is None or transport.is_closing():
            return False
        if self.prepared or not length or not self._is_usual(request):
            return False
        head = self._quick_head(length) if self._told else self._head(length)
        if length < _COPY_BELOW:
            transport.write(b"".join((head, *pieces)))
        else:
            transport.writelines((head, *pieces))
        request.writer.output_size += len(head) + length
        self._keep_alive, self._eof_sent = True, True
        return True

    def _head(self, length: int) -> bytes:
        headers = self._headers
        headers[hdrs.CONTENT_LENGTH] = str(length)
        headers[hdrs.DATE] = rfc822_formatted_time()
        headers[hdrs.SERVER] = SERVER_SOFTWARE
        return _serialize_headers(f"HTTP/1.1 {self._status} {self._reason}", headers)

    def _quick_head(self, length: int) -> bytes:
        """The same head, of headers that nobody has looked at."""
        if not "".join(self._told.values()).isprintable():
            return self._head(length)  # which refuses line ends within a header
        told = "\r\n".join([f"{name}: {value}" for name, value in self._told.items()])
        return (
            f"HTTP/1.1 {self._status} {self._reason}\r\n{told}\r\nContent-Length: {length}\r\n"
            f"Date: {rfc822_formatted_time()}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n"
        ).encode()

    def _is_usual(self, request: web.BaseRequest) -> bool:
        return (
            request.version == HttpVersion11
            and request.keep_alive
            and request.method != hdrs.METH_HEAD
            and self._keep_alive is None
            and not (self._chunked or self._compression or self._cookies)
        )
