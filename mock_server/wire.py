"""Misbehaviour on the wire: answers that break off, drip, or never come."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.payload import Payload

from mock_server.eager import in_a_task

__all__ = ["RELEASE", "Release", "body_of", "cut", "drip", "silence", "with_body"]

_LOOK_AGAIN_S = 0.05
_DRIPS_PER_SECOND = 10
_CLIENT_HAS_GONE = 499


class Release:
    """Lets go of the requests that are kept waiting on purpose: at a reset, and at the end."""

    def __init__(self) -> None:
        self.present = asyncio.Event()

    def let_go(self) -> None:
        """Those who wait now wait no longer; those who come later do."""
        self.present.set()
        self.present = asyncio.Event()


RELEASE = web.AppKey("release", Release)


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


async def _begun(
    request: web.Request, response: web.Response, length: int
) -> web.StreamResponse | None:
    """The answer with its head sent, which promises the whole body; None if nobody listens."""
    begun = web.StreamResponse(status=response.status, headers=response.headers)
    begun.content_length = length
    begun.force_close()
    try:
        await begun.prepare(request)
        # The head goes out now, and not with the first of the body, of which there may be none.
        request.writer.send_headers()
    except ConnectionError:
        return None
    return begun


async def cut(
    request: web.Request, response: web.Response, *, after: int | None, reset: bool
) -> web.StreamResponse:
    """Send the first bytes of the body, by default half of them, and break off.

    Of what is sent before a reset the client may lose the last: that is TCP's way.
    """
    if request.method == hdrs.METH_HEAD:
        return response
    # From within what reads a request, uvloop would not reset the connection, but close it.
    await in_a_task()
    body = body_of(response)
    begun = await _begun(request, response, len(body))
    if begun is None:
        return response
    await _write(begun, body[: len(body) // 2 if after is None else after])
    _break_off(request.transport, reset=reset)
    return begun


async def _write(response: web.StreamResponse, piece: bytes) -> bool:
    """Send a piece; whether somebody is still listening."""
    try:
        await response.write(piece)
    except ConnectionError:
        return False
    return True


def _break_off(transport: asyncio.Transport | None, *, reset: bool) -> None:
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        # Lingering for no time makes the close a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def drip(
    request: web.Request,
    response: web.Response,
    *,
    rate: int,
    sleep: Callable[[float], Awaitable[None]],
) -> web.StreamResponse:
    """Send the body at so many bytes a second; what is left when let go comes at once."""
    if request.method == hdrs.METH_HEAD:
        return response
    released = request.app[RELEASE].present
    body = memoryview(body_of(response))
    begun = await _begun(request, response, len(body))
    if begun is None:
        return response
    step = max(rate // _DRIPS_PER_SECOND, 1)
    while body and await _write(begun, bytes(body[:step])):
        body = body[step:]
        if released.is_set():
            step = len(body)
        elif body:
            await sleep(step / rate)
    return begun


async def silence(request: web.Request) -> web.StreamResponse:
    """Say nothing until the client has gone, or until it is let go: then hang up."""
    released = asyncio.ensure_future(request.app[RELEASE].present.wait())
    try:
        # aiohttp tells nobody when a client goes away.
        while _is_there(request) and not released.done():
            await asyncio.wait({released}, timeout=_LOOK_AGAIN_S)
    finally:
        released.cancel()
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=_CLIENT_HAS_GONE)


def _is_there(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
