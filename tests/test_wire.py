"""Broken answers as bytes on a bare connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from functools import partial

import pytest
import uvloop

from mock_server.clock import manual_clock
from tests.api import Api, example_request, running, until
from tests.misbehaving import raw, request_bytes, spent

SIZE = "1024x640"
FIELDS = {**example_request(), "size": SIZE, "quality": "low"}
BODY = json.dumps(FIELDS).encode()
STREAM = json.dumps({**FIELDS, "stream": True, "partial_images": 2}).encode()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """A mock that answers at once; a warning in its log fails the test."""
    async with running(profile="openai") as api:
        yield api


def parted(answer: bytes) -> tuple[int, int, bytes]:
    """The status, the length that was promised, and the body that came."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), int(headers["content-length"]), body


LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("fault, end", [("reset", "reset"), ("truncate", "closed")])
def test_half_of_the_body_comes_and_then_the_end(
    fault: str, end: str, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def look() -> tuple[bytes, str]:
        async with running() as api:
            return await raw(api, request_bytes(BODY, fault))

    with asyncio.Runner(loop_factory=new_loop) as runner:
        answer, ended = runner.run(look())
    status, promised, body = parted(answer)
    assert (status, ended, len(body)) == (200, end, promised // 2)
    assert body.startswith(b'{"created":')


@pytest.mark.parametrize("count", [0, 1, 1000])
@pytest.mark.parametrize("fault, end", [("reset", "reset"), ("truncate", "closed")])
async def test_so_many_bytes_come_and_then_the_end(
    api: Api, fault: str, end: str, count: int
) -> None:
    answer, ended = await raw(api, request_bytes(BODY, f"{fault};bytes={count}"))
    status, promised, body = parted(answer)
    assert (status, ended, len(body)) == (200, end, count)
    assert promised > 10_000


async def test_more_bytes_than_there_are_is_all_of_them(api: Api) -> None:
    answer, ended = await raw(api, request_bytes(BODY, "truncate;bytes=999999999"))
    _, promised, body = parted(answer)
    assert (len(body), ended) == (promised, "closed")
    assert json.loads(body)["data"]


async def test_a_stream_breaks_off_too(api: Api) -> None:
    whole, _ = await raw(api, request_bytes(STREAM, "truncate;bytes=999999999"))
    assert parted(whole)[2].count(b"event: image_generation.partial_image\n") == 2
    answer, ended = await raw(api, request_bytes(STREAM, "reset;bytes=300"))
    _, promised, body = parted(answer)
    assert (len(body), ended) == (300, "reset")
    assert promised == parted(whole)[1]
    assert body.startswith(b"event: image_generation.partial_image\ndata: {")


async def test_a_stream_s_last_event_is_no_json(api: Api) -> None:
    answer, _ = await raw(api, request_bytes(STREAM, "bad_json, truncate;bytes=999999999"))
    *firsts, last = parted(answer)[2].removesuffix(b"\n\n").split(b"\n\n")
    for event in firsts:
        assert json.loads(event.partition(b"data: ")[2])["b64_json"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(last.partition(b"data: ")[2])


async def test_a_stream_s_pictures_do_not_decode(api: Api) -> None:
    answer, _ = await raw(api, request_bytes(STREAM, "bad_base64, truncate;bytes=999999999"))
    assert parted(answer)[2].count(b'"b64_json":"!') == 3


async def test_what_breaks_off_was_made_and_paid(api: Api) -> None:
    before = await api.money()
    for fault in ("reset", "truncate", "reset;bytes=0"):
        await raw(api, request_bytes(BODY, fault))
    assert await spent(api, before) == Decimal("0.015")


async def test_a_drip_comes_a_tenth_of_a_second_s_share_at_a_time() -> None:
    clock = manual_clock()
    async with running(clock=clock) as api:
        sent = request_bytes(BODY, "slow;total=0,drip;rate=50000")
        answer = asyncio.ensure_future(raw(api, sent))
        steps = 0
        await until(lambda: clock.sleeping)
        while clock._sleepers:
            woken = set(clock._sleepers)
            clock.advance(0.1)
            steps += 1
            await until(partial(woken.isdisjoint, clock._sleepers))
            await until(lambda: clock.sleeping or answer.done())
        _, promised, body = parted((await answer)[0])
        assert len(body) == promised
        assert json.loads(body)["data"]
        assert steps == -(-promised // 5000) - 1


async def test_silence_is_silence_until_the_client_goes(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(request_bytes(BODY, "hang"))
    await until(lambda: api.server.requests_count == 1)
    writer.transport.abort()
    await until(lambda: api.mock.journal.seen)
    assert api.mock.store.counts()["calls"] == 0
    assert await reader.read() == b""


@pytest.mark.parametrize("fault", ["hang", "hang;paid=1", "drip;rate=1", "slow;seconds=1e9"])
async def test_a_mock_that_stops_waits_for_no_fault(fault: str) -> None:
    async with asyncio.timeout(4), running(clock=manual_clock()) as api:
        slow = fault.startswith("slow")
        sent = request_bytes(BODY, fault if slow else f"slow;total=0,{fault}")
        answer = asyncio.ensure_future(raw(api, sent))
        await until(lambda: api.server.requests_count == 1)
        if not fault.startswith("hang"):
            await until(lambda: api.mock.clock.sleeping)
    received, _ = await answer
    assert (b"200 OK" in received) is not fault.startswith("hang")


async def test_a_client_that_leaves_a_drip_is_no_trouble(api: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(request_bytes(BODY, "drip;rate=1000"))
    await reader.readexactly(50)
    writer.transport.abort()
    await until(lambda: not api.server.connections)


@pytest.mark.parametrize("fault", ["reset", "truncate;bytes=5", "drip;rate=10", "bad_json"])
async def test_a_head_has_no_body_to_spoil(api: Api, fault: str) -> None:
    (picture,) = (await api.create(size=SIZE)).json["data"]
    path = picture["url"].removeprefix(api.origin)
    lines = [f"HEAD {path} HTTP/1.1", "Host: mock", f"X-Mock-Fault: {fault}", "Connection: close"]
    answer, ended = await raw(api, ("\r\n".join([*lines, "", ""])).encode())
    status, promised, body = parted(answer)
    assert (status, body, ended) == (200, b"", "closed")
    assert promised > 0
