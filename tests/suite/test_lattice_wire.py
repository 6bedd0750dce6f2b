"""The lean client: every way an answer can come, whole or not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from contracts.exchange import Answer
from contracts.lattice.wire import (
    AnswerReader,
    Connection,
    Endpoint,
    NoAnswerError,
    UnreachableError,
)

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\n"
FIVE = b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
KEPT = [
    (OK + FIVE, b"hello"),
    (OK + b"Content-Length: 0\r\n\r\n", b""),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    (CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
    (CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", b"hello"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + FIVE, b"hello"),
    (b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200\r\n" + FIVE, b"hello"),
]
LEFT = [OK + b"Connection: Close\r\n" + FIVE, b"HTTP/1.0 200 OK\r\n" + FIVE]
BROKEN = [
    (b"SSH-2.0\r\n\r\n", "what came is no HTTP answer; it begins with 'SSH-2.0'"),
    (b"HTTP/2 200\r\n\r\n", "what came is no HTTP answer"),
    (b"HTTP/1.1 abc\r\n\r\n", "what came is no HTTP answer"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "the answer has the Content-Length '-5'"),
    (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "the answer has the header line 'no colon'"),
    (CHUNKED + b"xyz\r\n", "the chunk size b'xyz'"),
    (OK + b"X: " + b"a" * 70_000, "the head of the answer does not end"),
]


def fed(data: bytes, step: int) -> tuple[AnswerReader, Answer]:
    """The answer that comes with the last piece, and none before."""
    reader = AnswerReader()
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    *early, last = [reader.feed(piece) for piece in pieces]
    assert early == [None] * (len(pieces) - 1)
    assert last is not None
    return reader, last


@pytest.mark.parametrize("data,body", KEPT)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_an_answer_is_whole_at_its_last_byte(data: bytes, body: bytes, step: int) -> None:
    reader, answer = fed(data, step)
    assert answer.body == body
    assert reader.keeps


@pytest.mark.parametrize("data", LEFT)
@pytest.mark.parametrize("step", [1, 10_000])
def test_a_server_that_means_to_close_is_left(data: bytes, step: int) -> None:
    reader, answer = fed(data, step)
    assert answer.body == b"hello"
    assert not reader.keeps


@pytest.mark.parametrize("data,reason", BROKEN)
def test_what_is_no_answer_is_told_apart(data: bytes, reason: str) -> None:
    with pytest.raises(NoAnswerError, match=reason.replace("(", r"\(")):
        AnswerReader().feed(data)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\n\r\nhel") is None
    assert reader.feed(b"lo") is None
    assert reader.end().body == b"hello"
    assert not reader.keeps


@pytest.mark.parametrize(
    "data,reason",
    [
        (b"", "without an answer"),
        (b"HTTP/1.1 200 OK\r\n", "without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "in the middle of the answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", "in the middle"),
    ],
)
def test_an_answer_cut_short_is_none(data: bytes, reason: str) -> None:
    reader = AnswerReader()
    assert reader.feed(data) is None
    with pytest.raises(NoAnswerError, match=reason):
        reader.end()


@pytest.mark.parametrize("data", [OK + FIVE, CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"])
def test_what_comes_behind_an_answer_is_not_part_of_it(data: bytes) -> None:
    reader = AnswerReader()
    answer = reader.feed(data + b"HTTP/1.1 200 OK")
    assert answer is not None
    assert answer.body == b"hello"
    assert reader.keeps
    assert reader.rest == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("url", ["ftp://x/", "http://", "api.example.com/v1", ""])
def test_an_endpoint_is_an_http_url(url: str) -> None:
    with pytest.raises(ValueError, match="an http:// or https:// URL is needed; got"):
        Endpoint.at(url, "sk_x")


def test_a_request_says_where_it_goes_and_with_whose_key() -> None:
    sent = Endpoint.at("http://[::1]:8080/v1/images?x=1", "sk_x").post(b"{}")
    assert sent.startswith(b"POST /v1/images?x=1 HTTP/1.1\r\nHost: [::1]:8080\r\n")
    assert b"Authorization: Bearer sk_x\r\n" in sent
    assert sent.endswith(b"Content-Length: 2\r\n\r\n{}")


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[Endpoint]:
    """A server of that behaviour, which is over when the block is."""
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task() or pytest.fail("no task"))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield Endpoint.at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", "sk_x")
        await asyncio.gather(*talks)


async def exchanged(serve: Serve, *, times: int = 1, timeout_s: float = 5) -> list[Answer]:
    """What one connection gets from a server of that behaviour."""
    async with listening(serve) as endpoint:
        connection = await Connection.open(endpoint, timeout_s=5)
        try:
            request = endpoint.post(b"{}")
            return [await connection.exchange(request, timeout_s=timeout_s) for _ in range(times)]
        finally:
            await connection.closed()


async def test_a_connection_is_kept_for_the_next_request() -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.readuntil(b"{}"):
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}")

    answers = await exchanged(serve, times=3)
    assert [answer.status for answer in answers] == [400, 400, 400]
    assert connections == 1


async def test_one_who_asks_later_is_waited_for_as_long() -> None:
    """The timer of a connection is set by its first request, and set again for the next."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"{}")
            await asyncio.sleep(1.1)
            writer.write(OK + FIVE)
        await reader.read()

    async with listening(serve) as endpoint:
        connection = await Connection.open(endpoint, timeout_s=5)
        request = endpoint.post(b"{}")
        answers = [await connection.exchange(request, timeout_s=2) for _ in range(2)]
        with pytest.raises(NoAnswerError, match="no answer within 2 s"):
            await connection.exchange(request, timeout_s=2)
    assert [answer.body for answer in answers] == [b"hello", b"hello"]


async def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write((OK + FIVE) * 2)
        await reader.read()

    with pytest.raises(UnreachableError, match="the connection is closed"):
        await exchanged(serve, times=2)


async def at_once(serve: Serve, count: int, *, timeout_s: float = 5) -> list[Answer | Exception]:
    """What so many requests get that are sent at once on one connection."""
    async with listening(serve) as endpoint:
        connection = await Connection.open(endpoint, timeout_s=5)
        try:
            bodies = [b'{"number":%d}' % number for number in range(count)]
            return await asyncio.gather(
                *(connection.exchange(endpoint.post(b), timeout_s=timeout_s) for b in bodies),
                return_exceptions=True,
            )  # type: ignore[return-value]
        finally:
            await connection.closed()


@pytest.mark.parametrize("step", [1, 7, 45, 10_000])
async def test_requests_sent_at_once_are_answered_in_their_order(step: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = b""
        for _ in range(5):
            body = (await reader.readuntil(b"}")).rpartition(b"\r\n\r\n")[2]
            told += OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        for start in range(0, len(told), step):
            writer.write(told[start : start + step])
            await asyncio.sleep(0)
        await reader.read()

    answers = await at_once(serve, 5)
    assert [answer.body for answer in answers if isinstance(answer, Answer)] == [
        b'{"number":%d}' % number for number in range(5)
    ]


@pytest.mark.parametrize(
    "told, reasons",
    [
        ((OK + FIVE) * 2, ["", "", "was closed without an answer", "closed without an answer"]),
        (OK + FIVE + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
         ["", "in the middle of the answer", "closed without an answer", "without an answer"]),
        (OK + FIVE + b"SSH-2.0\r\n\r\n",
         ["", "no HTTP answer", "closed without an answer", "closed without an answer"]),
        (OK + b"Connection: close\r\n" + FIVE + OK + FIVE,
         ["", *["closed without an answer"] * 3]),
    ],
)  # fmt: skip
async def test_each_request_is_told_what_became_of_it(told: bytes, reasons: list[str]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(4):
            await reader.readuntil(b"}")
        writer.write(told)

    answers = await at_once(serve, 4)
    for answer, reason in zip(answers, reasons, strict=True):
        if not reason:
            assert isinstance(answer, Answer)
            assert answer.body == b"hello"
        else:
            assert isinstance(answer, NoAnswerError)
            assert reason in str(answer)


async def test_where_one_is_given_up_the_others_are_too() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(OK + FIVE)
        await reader.read()

    first, *others = await at_once(serve, 3, timeout_s=0.1)
    assert isinstance(first, Answer)
    assert [type(other) for other in others] == [NoAnswerError, NoAnswerError]


async def test_a_server_that_hangs_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(NoAnswerError, match=r"no answer within 0\.05 s"):
        await exchanged(serve, timeout_s=0.05)


async def test_a_server_that_hangs_up_is_told_apart() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf")

    with pytest.raises(NoAnswerError, match="closed in the middle of the answer"):
        await exchanged(serve)


async def test_nobody_there_means_that_nothing_was_sent() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pytest.fail("nobody should be there")

    async with listening(serve) as endpoint:
        pass
    with pytest.raises(UnreachableError, match=r"[Cc]onnect"):
        await Connection.open(endpoint, timeout_s=5)
