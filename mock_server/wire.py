"""Misbehaviour on the wire: answers that break off, drip, or never come."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.payload import Payload

__all__ = ["body_of", "cut", "drip", "silence", "with_body"]

_LOOK_AGAIN_S = 0.05
_DRIPS_PER_SECOND = 10


def body_of(response: web.Response) -> bytes:
    """The whole body of an answer."""
    body = response.body
    if isinstance(body, Payload):
        return body.decode().encode()
    return bytes(body) if isinstance(body, bytes | bytearray | memoryview) else b""


def with_body(response: web.Response, body: bytes) -> web.Response:
    """The same answer with another body."""
    headers = response.headers.copy()
    headers.popall(hdrs.CONTENT_LENGTH, None)
    return web.Response(status=response.status, headers=headers, body=body)


def _promising(response: web.Response, length: int) -> web.StreamResponse:
    """The head of the answer, with the length that the whole body would have."""
    begun = web.StreamResponse(status=response.status, headers=response.headers)
    begun.content_length = length
    begun.force_close()
    return begun


async def cut(
    request: web.Request, response: web.Response, *, after: int, reset: bool
) -> web.StreamResponse:
    """Send the first bytes of the body, half of them where `after` is negative, and break off."""
    body = body_of(response)
    begun = _promising(response, len(body))
    await begun.prepare(request)
    await begun.write(body[: after if after >= 0 else len(body) // 2])
    transport = request.transport
    if transport is not None:
        if reset:
            _forget_what_is_unsent(transport)
        transport.close() if not reset else transport.abort()
    return begun


def _forget_what_is_unsent(transport: asyncio.Transport) -> None:
    """Lingering for no time makes the close a reset."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


async def drip(
    request: web.Request,
    response: web.Response,
    *,
    rate: int,
    sleep: Callable[[float], Awaitable[None]],
) -> web.StreamResponse:
    """Send the body at so many bytes a second."""
    body = body_of(response)
    begun = _promising(response, len(body))
    await begun.prepare(request)
    step = max(rate // _DRIPS_PER_SECOND, 1)
    for start in range(0, len(body), step):
        if start:
            await sleep(step / rate)
        await begun.write(body[start : start + step])
    await begun.write_eof()
    return begun


async def silence(request: web.Request) -> web.StreamResponse:
    """Say nothing until the client has gone."""
    # aiohttp sets no event when a client goes away.
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_AGAIN_S)
    return web.Response(status=499, reason="the client has gone")
