"""Answers as they go over the wire."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

__all__ = ["Pieces", "json_answer", "json_bytes", "pieces_answer", "success"]

_JSON = "application/json"
# Below this size one joined body is quicker than handing over piece by piece.
_JOIN_BELOW = 256 * 1024


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
    return web.Response(body=json_bytes(payload), status=status, headers=sent)


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
    body: Any = b"".join(pieces)
    if sum(map(len, pieces)) >= _JOIN_BELOW:
        body = Pieces(pieces, content_type)
    return web.Response(body=body, headers=sent)
