"""What a webhook says, and the postman who delivers it by the schedule."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from mock_server.clock import Clock, manual_clock, scaled_clock
from mock_server.rules.hooks import HookTable
from mock_server.rules.tasks import Failure, Job
from mock_server.webhooks import Param, Postman, hook_payload
from tests.api import until
from tests.jobs import a_job
from tests.laws import matches, own_contract
from tests.receivers import Receiver, listening_to

TABLE = own_contract().hooks
URLS = ["http://127.0.0.1:8080/api/v1/results/task_1-0.png"]
FAILURE = Failure("UPSTREAM_BUSY", "the model is busy")
# Nobody listens there: port 9 is discard, and no test may open it.
DEAD = "http://127.0.0.1:9/hook"


def payload(job: Job, param: Param | None = None) -> Any:
    state = "failed" if job.failure else "completed"
    null = own_contract().hooks.null_when[state]
    return hook_payload(
        job, state=state, param=param or {}, result_urls=URLS, code=200, msg="success", null=null
    )


def test_a_completed_task_is_told_with_its_pictures() -> None:
    job = a_job(ended_at=1100.5)
    told = payload(job, {"prompt": "ein Würfel", "n": 1})
    matches(told, "WebhookPayload")
    assert told == {
        "code": 200,
        "msg": "success",
        "data": {
            "taskId": "task_1",
            "model": "gpt-image-2-all",
            "state": "completed",
            "param": '{"prompt":"ein Würfel","n":1}',
            "resultJson": json.dumps({"resultUrls": URLS}, separators=(",", ":")),
            "failCode": None,
            "failMsg": None,
            "createTime": 1_000_000,
            "completeTime": 1_100_500,
        },
    }


def test_a_failed_task_is_told_with_its_reason() -> None:
    told = payload(a_job(failure=FAILURE))
    matches(told, "WebhookPayload")
    data = told["data"]
    assert (data["state"], data["resultJson"]) == ("failed", None)
    assert (data["failCode"], data["failMsg"]) == ("UPSTREAM_BUSY", "the model is busy")
    assert data["completeTime"] == 1_100_000


def _nothing(now: float) -> None:
    """What a watch does that settles nothing."""


@asynccontextmanager
async def a_postman(
    clock: Clock, table: HookTable = TABLE
) -> AsyncIterator[tuple[Postman, list[Job]]]:
    """A postman, and the jobs whose payload he asked for."""
    asked: list[Job] = []

    def told(job: Job, param: Param) -> dict[str, object]:
        asked.append(job)
        return {"id": job.id, "param": dict(param)}

    postman = Postman(table, clock, told)
    try:
        yield postman, asked
    finally:
        await postman.close()


def a_called_back_job(url: str, **changes: Any) -> Job:
    return a_job(fields={"callback_url": url}, ended_at=1100.0, **changes)


@asynccontextmanager
async def a_receiver(*statuses: int) -> AsyncIterator[Receiver]:
    """Somebody who answers webhooks with these statuses."""
    receiver = Receiver(*statuses)

    async def take(request: web.Request) -> web.Response:
        return await receiver.answer(request, at=0.0)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    async with listening_to(app) as receiver.url:
        yield receiver


async def test_it_is_json_by_post_with_what_was_asked() -> None:
    async with a_receiver(204) as receiver, a_postman(manual_clock()) as (postman, _):
        job = a_called_back_job(receiver.url + "/hook?x=1")
        postman.watch(job, {"prompt": "a red cube"}, _nothing)
        postman.deliver(job)
        await until(lambda: receiver.hooks)
        hook = receiver.hooks[0]
        assert (hook.method, hook.headers["Content-Type"]) == ("POST", "application/json")
        assert hook.body == {"id": "task_1", "param": {"prompt": "a red cube"}}
        assert not {"Authorization", "X-Signature"} & set(hook.headers)


async def test_method_and_type_are_the_contract_s() -> None:
    table = replace(TABLE, method="PUT", content_type="application/vnd.hook+json")
    async with a_receiver(200) as receiver, a_postman(manual_clock(), table) as (postman, _):
        postman.deliver(a_called_back_job(receiver.url))
        await until(lambda: postman.pending == 0)
        hook = receiver.hooks[0]
        assert (hook.method, hook.headers["Content-Type"]) == ("PUT", "application/vnd.hook+json")


async def test_another_range_of_statuses_ends_it() -> None:
    table = replace(TABLE, success=range(404, 405), retry_after_s=(0.0,))
    async with a_receiver(200, 404) as receiver, a_postman(scaled_clock(0), table) as (postman, _):
        postman.deliver(a_called_back_job(receiver.url))
        await until(lambda: postman.pending == 0)
        assert [attempt.status for attempt in postman.attempts] == [200, 404]


async def test_another_schedule_is_followed_by_the_clock() -> None:
    table = replace(TABLE, retry_after_s=(3.0, 0.5), background_every_s=20.0, give_up_after_s=50.0)
    clock = manual_clock(start=0)
    async with a_receiver(500) as receiver, a_postman(clock, table) as (postman, _):
        postman.deliver(a_called_back_job(receiver.url))
        for count, step in enumerate((3.0, 0.5, 20.0, 20.0), start=1):
            await until(lambda: len(postman.attempts) == count and clock.sleeping == 1)  # noqa: B023
            clock.advance(step)
        await until(lambda: postman.pending == 0)
        assert [attempt.at for attempt in postman.attempts] == [0, 3, 3.5, 23.5, 43.5]
        assert {attempt.status for attempt in postman.attempts} == {500}


async def test_time_that_an_attempt_takes_counts_for_giving_up() -> None:
    table = replace(TABLE, retry_after_s=(1.0,), background_every_s=1.0, give_up_after_s=2.0)
    clock = manual_clock(start=0)
    async with a_postman(clock, table) as (postman, _):

        async def slow(request: web.Request) -> web.Response:
            clock.advance(1.5)
            return web.Response(status=500)

        app = web.Application()
        app.router.add_post("/", slow)
        async with listening_to(app) as url:
            postman.deliver(a_called_back_job(url + "/"))
            await until(lambda: postman.pending == 0)
        assert [attempt.at for attempt in postman.attempts] == [0]


@pytest.mark.parametrize(
    "url", [DEAD, "http://no-such-host.invalid/hook", "http://127.0.0.1:9/\N{SNOWMAN}"]
)
async def test_where_nobody_answers_it_is_tried_to_the_end_and_said_why(url: str) -> None:
    table = replace(TABLE, retry_after_s=(0.0,), background_every_s=5.0, give_up_after_s=9.0)
    async with a_postman(scaled_clock(0), table) as (postman, _):
        postman.deliver(a_called_back_job(url))
        await until(lambda: postman.pending == 0)
        assert [attempt.status for attempt in postman.attempts] == [None] * 3
        assert all(attempt.problem for attempt in postman.attempts)
        assert {(attempt.task_id, attempt.url) for attempt in postman.attempts} == {("task_1", url)}


async def test_a_watched_task_is_settled_when_its_time_has_come() -> None:
    clock = manual_clock(start=1000)
    settled: list[float] = []
    async with a_postman(clock) as (postman, _):
        postman.watch(a_job(price=Decimal(1)), {}, settled.append)
        await until(lambda: clock.sleeping == 1)
        clock.advance(99)
        await asyncio.sleep(0)
        assert settled == []
        clock.advance(7)
        await until(lambda: postman.pending == 0)
        assert settled == [1106]


async def test_a_reset_gives_up_everything_and_forgets() -> None:
    clock = manual_clock(start=0)
    async with a_postman(clock) as (postman, asked):
        postman.watch(a_job(), {"prompt": "forgotten"}, _nothing)
        postman.deliver(a_called_back_job(DEAD))
        await until(lambda: len(postman.attempts) == 1 and clock.sleeping == 2)
        postman.reset()
        await until(lambda: postman.pending == 0)
        assert (list(postman.attempts), clock.sleeping) == ([], 0)
        assert [job.id for job in asked] == ["task_1"]


async def test_who_closes_waits_for_nobody() -> None:
    clock = manual_clock()
    async with a_postman(clock) as (postman, _):
        postman.deliver(a_called_back_job(DEAD))
        await until(lambda: clock.sleeping == 1)
    assert (postman.pending, clock.sleeping) == (0, 0)
