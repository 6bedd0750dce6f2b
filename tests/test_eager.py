"""Requests begun where they are read: the same answers in the same order, and nothing is lost."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from mock_server.clock import manual_clock
from mock_server.eager import begin, in_a_task
from tests.api import example_request, running, until
from tests.laws import pictures, refused
from tests.wire import connection, head, next_answer

BODY = json.dumps({**example_request(), "size": "1024x640", "quality": "low"}).encode()
STAY = "Connection: keep-alive"
POST = head(
    "POST /api/v1/images/generations HTTP/1.1",
    STAY,
    "Content-Type: application/json",
    f"Content-Length: {len(BODY)}",
)
BALANCE = head("GET /api/v1/balance HTTP/1.1", STAY)
COST = Decimal("0.005")


async def test_what_waits_for_nothing_has_ended_when_it_was_begun() -> None:
    async def work() -> int:
        return 7

    begun = begin(work())
    result, rest = begun.result, begun.rest()
    assert result == 7
    assert await rest == 7


async def test_what_it_raises_is_raised_where_the_rest_is_awaited() -> None:
    async def work() -> int:
        raise ValueError("no")

    begun = begin(work())
    result, rest = begun.result, begun.rest()
    assert result is None
    with pytest.raises(ValueError, match="no"):
        await rest


async def test_what_waits_goes_on_in_a_task() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> tuple[int, bool]:
        first = await future
        await asyncio.sleep(0)
        return first, asyncio.current_task() is not None

    begun = begin(work())
    result, rest = begun.result, begun.rest()
    assert result is None
    future.set_result(3)
    assert await asyncio.wait_for(_awaited(rest), 5) == (3, True)


async def _awaited(rest: Any) -> Any:
    return await rest


@pytest.mark.parametrize("thrown", [ValueError, asyncio.CancelledError])
async def test_what_is_thrown_at_the_rest_reaches_the_work(thrown: type[BaseException]) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    reached: list[type[BaseException]] = []

    async def work() -> str:
        try:
            await future
        except (ValueError, asyncio.CancelledError) as error:
            reached.append(type(error))
            await asyncio.sleep(0)
        return "tidied"

    task = asyncio.ensure_future(_awaited(begin(work()).rest()))
    await asyncio.sleep(0)
    if thrown is asyncio.CancelledError:
        task.cancel()
    else:
        future.set_exception(ValueError())
    assert await task == "tidied"
    assert reached == [thrown]


def test_what_nobody_awaits_is_closed() -> None:
    closed: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            closed.append(True)

    async def leave() -> None:
        rest: Any = begin(work()).rest()
        rest.send(None)
        rest.close()

    asyncio.run(leave())
    assert closed == [True]


async def test_who_needs_a_task_gets_one() -> None:
    async def work() -> bool:
        await in_a_task()
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        return asyncio.current_task() is not None

    assert await asyncio.ensure_future(_awaited(begin(work()).rest()))


async def test_a_connection_that_stays_is_answered_again_and_again() -> None:
    async with running() as api, connection(api) as (reader, writer):
        for round_ in range(1, 6):
            writer.write(POST + BODY)
            assert pictures(await next_answer(reader))[0].size == "1024x640"
            writer.write(BALANCE)
            spent = (await next_answer(reader)).data["total"]
            assert api.mock.settings.balance - spent == COST * round_
        (made,) = api.server.connections
        assert made._request_count == 10
        assert api.server.requests_count >= 10


@pytest.mark.parametrize("cut", [1, len(POST) - 1, len(POST), len(POST) + 1, len(POST + BODY) - 1])
async def test_a_request_in_two_pieces_is_one_request(cut: int) -> None:
    async with running() as api, connection(api) as (reader, writer):
        for piece in ((POST + BODY)[:cut], (POST + BODY)[cut:] + BALANCE):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        assert pictures(await next_answer(reader))
        assert (await next_answer(reader)).data["currency"] == "USD"


@pytest.mark.parametrize("count", [2, 31, 32, 33, 64, 100])
async def test_requests_that_come_at_once_are_all_answered_in_their_order(count: int) -> None:
    """More of them than the parser takes at once, as well."""
    sizes = [f"{1024 + 16 * number}x640" for number in range(count)]
    bodies = [json.dumps({**example_request(), "size": size}).encode() for size in sizes]
    post = POST.replace(b"%d" % len(BODY), b"%d")
    async with running() as api, connection(api) as (reader, writer):
        writer.write(b"".join(post % len(body) + body for body in bodies) + BALANCE)
        for size in sizes:
            answer = await next_answer(reader)
            legal = int(size.partition("x")[0]) <= 1920
            assert answer.status == (200 if legal else 400)
            assert [str(picture.size) for picture in pictures(answer)] == [size] if legal else True
        assert (await next_answer(reader)).data["currency"] == "USD"
        (made,) = api.server.connections
        assert made._request_count == count + 1


@pytest.mark.parametrize("waiting", [0, 1, 30, 31])
async def test_what_is_no_http_behind_many_requests_is_refused_after_they_are_answered(
    waiting: int,
) -> None:
    async with running(clock=manual_clock()) as api, connection(api) as (reader, writer):
        writer.write(BALANCE)
        assert (await next_answer(reader)).status == 200
        writer.write(BALANCE * (32 - waiting) + (POST + BODY) * waiting + b"no http\r\n\r\n")
        for _ in range(32 - waiting):
            assert (await next_answer(reader)).data["currency"] == "USD"
        for _ in range(waiting):
            await until(lambda: api.mock.clock.sleeping)
            api.mock.clock.advance(200)
            assert pictures(await next_answer(reader))
        refused(await next_answer(reader), 400, "not proper HTTP")


async def test_who_waits_is_answered_before_who_came_later() -> None:
    clock = manual_clock()
    async with running(clock=clock) as api, connection(api) as (reader, writer):
        writer.write(POST + BODY)
        await until(lambda: clock.sleeping)
        writer.write(BALANCE)
        later = asyncio.ensure_future(next_answer(reader))
        await asyncio.sleep(0.02)
        assert not later.done()
        clock.advance(1000)
        assert pictures(await later)
        assert (await next_answer(reader)).data["frozen"] == 0


async def test_who_goes_away_while_it_waits_has_left_and_pays() -> None:
    clock = manual_clock()
    async with running(clock=clock) as api:
        before = await api.money()
        async with connection(api) as (_, writer):
            writer.write(POST + BODY)
            await until(lambda: clock.sleeping)
        await until(lambda: api.mock.journal.seen > 1)
        clock.advance(1000)
        await until(lambda: not clock.sleeping)
        assert before.total - (await api.money()).total == COST
        left = [e for e in api.mock.journal.latest() if e.left_at is not None]
        assert len(left) == 1


async def test_who_goes_away_before_a_task_has_taken_it_has_left_and_pays() -> None:
    """The connection breaks between the reading of the request and the next turn of the loop."""
    clock = manual_clock()
    async with running(clock=clock) as api:
        before = await api.money()
        known = set(api.server.connections)
        async with connection(api) as (reader, writer):
            writer.write(BALANCE)
            await next_answer(reader)
            (made,) = set(api.server.connections) - known
            made.data_received(POST + BODY)
            assert clock.sleeping == 1
            assert made.transport is not None
            made.transport.abort()
            made.connection_lost(None)
        clock.advance(1000)
        await until(lambda: not clock.sleeping)
        await until(lambda: api.mock.store.accounts["sk_test"].frozen == 0)
        assert before.total - (await api.money()).total == COST
        assert [e.left_at is not None for e in api.mock.journal.latest()].count(True) == 1


async def test_a_refusal_at_the_door_leaves_at_once_too() -> None:
    async with running() as api, connection(api) as (reader, writer):
        keyless = POST.replace(b"Authorization", b"X-Other")
        for _ in range(3):
            writer.write(keyless + BODY)
            refused(await next_answer(reader), 401, "required", param="Authorization")
        assert api.mock.journal.latest()[0].fields == json.loads(BODY)


async def test_a_client_that_reads_nothing_is_not_answered_without_end() -> None:
    async with running() as api, connection(api) as (_, writer):
        for _ in range(400):
            writer.write(POST + BODY)
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        (made,) = api.server.connections
        assert made.transport is not None
        assert made.transport.get_write_buffer_size() < 4 * 2**20
