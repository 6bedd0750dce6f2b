"""Bytes put on the wire as they are, and the answers that came back, read without a client."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from multidict import CIMultiDict

from tests.api import KEY, Api, until
from tests.laws import Answer, keeps_the_laws

__all__ = ["answers_of", "arrived", "connection", "exchange", "head", "next_answer", "only"]

CONTINUE = "100"
# Nobody waits so long for an answer: who does has found a server that hangs.
_HANGS_S = 20.0
_LONGEST_HEAD = 1 << 20


def head(line: str, *headers: str, key: str | None = KEY) -> bytes:
    """A request's head for one connection: its line, a host, a key, these headers."""
    lines = [line, "Host: mock", *headers]
    lines += [] if key is None else [f"Authorization: Bearer {key}"]
    lines += (
        [] if any(h.lower().startswith("connection:") for h in headers) else ["Connection: close"]
    )
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


@asynccontextmanager
async def connection(api: Api) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the mock, which is cut when the block is left or takes too long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=_LONGEST_HEAD)
    try:
        async with asyncio.timeout(_HANGS_S):
            yield reader, writer
    finally:
        writer.transport.abort()


async def arrived(api: Api) -> None:
    """Return when the mock is at work on a request."""
    await until(lambda: any(made._current_request for made in api.server.connections))


async def exchange(api: Api, *sent: bytes, half_close: bool = False) -> list[Answer]:
    """Send the pieces and read until the server closes; every answer keeps the laws."""
    async with connection(api) as (reader, writer):
        received = asyncio.ensure_future(answers_of(reader))
        try:
            await _send(writer, sent, half_close=half_close)
            return await received
        finally:
            received.cancel()


async def next_answer(reader: asyncio.StreamReader) -> Answer:
    """One answer, which keeps the laws; a `100 Continue` before it is passed over."""
    top = await reader.readuntil(b"\r\n\r\n")
    line, *lines = top.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, status, _ = line.split(" ", 2)
    assert version in {"HTTP/1.1", "HTTP/1.0"}, line
    headers: CIMultiDict[str] = CIMultiDict()
    for name, _, value in (text.partition(": ") for text in lines):
        headers.add(name, value)
    if status == CONTINUE:
        return await next_answer(reader)
    body = await reader.readexactly(int(headers["Content-Length"]))
    answer = Answer(int(status), headers, body)
    keeps_the_laws(answer)
    return answer


async def answers_of(reader: asyncio.StreamReader) -> list[Answer]:
    """The answers until the server closes, each keeping the laws."""
    answers = []
    try:
        while not reader.at_eof():
            answers.append(await next_answer(reader))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
    except ConnectionError:
        pass  # closed with some of the request unread: what it said before counts
    return answers


async def _send(writer: asyncio.StreamWriter, pieces: Sequence[bytes], *, half_close: bool) -> None:
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if half_close:
            writer.write_eof()
    except ConnectionError:
        return  # it has answered and closed already


async def only(api: Api, *sent: bytes, half_close: bool = False) -> Answer:
    """The same where just one answer is due."""
    answers = await exchange(api, *sent, half_close=half_close)
    assert len(answers) == 1, answers
    return answers[0]
