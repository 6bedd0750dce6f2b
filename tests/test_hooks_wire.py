"""Webhooks as a receiver sees them, by a clock that the test moves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from operator import sub

import pytest
from aiohttp import web

from mock_server import webhooks
from mock_server.clock import manual_clock
from tests.api import Api, running, until
from tests.laws import matches, own_contract, refused
from tests.receivers import HANGS, Receiver, listening_to

LONGER_THAN_ANY_TASK_S = 1000.0
TICK_S = 0.125


@asynccontextmanager
async def received_by(receiver: Receiver) -> AsyncIterator[Api]:
    """A mock on a manual clock, and a receiver for its webhooks."""
    clock = manual_clock()

    async def take(request: web.Request) -> web.Response:
        return await receiver.answer(request, at=clock.now())

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    async with listening_to(app) as receiver.url, running(clock=clock) as api:
        yield api
        receiver.release()


async def attempted(api: Api, count: int) -> None:
    """Return when so many attempts are over."""
    await until(lambda: len(api.mock.postman.attempts) == count)


async def finished_task(api: Api, receiver: Receiver, **fields: object) -> str:
    """A task that was reported once, and is at its end."""
    task_id = await api.task(callback_url=receiver.url + "/hook", **fields)
    await api.advance(LONGER_THAN_ANY_TASK_S)
    await attempted(api, 1)
    return task_id


@pytest.mark.parametrize(
    "statuses, due",
    [
        ([200], [0]),
        ([204], [0]),
        ([299], [0]),
        ([500, 200], [0, 1]),
        ([404, 200], [0, 1]),
        ([302, 200], [0, 1]),
        ([500, 500, 200], [0, 1, 3]),
        ([500, 500, 500, 200], [0, 1, 3, 7]),
        ([500, 400, 302, 503, 200], [0, 1, 3, 7, 67]),
        ([500, 500, 500, 500, 500, 200], [0, 1, 3, 7, 67, 127]),
    ],
)
async def test_it_is_tried_by_the_schedule_until_it_is_received(
    statuses: list[int], due: list[float]
) -> None:
    receiver = Receiver(*statuses)
    async with received_by(receiver) as api:
        await finished_task(api, receiver)
        for count, gap in enumerate(map(sub, due[1:], due), start=1):
            api.mock.clock.advance(gap - TICK_S)
            await until(lambda: api.mock.clock.sleeping == 1)
            api.mock.clock.advance(TICK_S)
            await attempted(api, count + 1)
        await until(lambda: api.mock.postman.pending == 0)
        start = receiver.hooks[0].at
        assert [round(hook.at - start, 6) for hook in receiver.hooks] == due


async def test_after_half_an_hour_it_is_given_up() -> None:
    receiver = Receiver(500)
    async with received_by(receiver) as api:
        await finished_task(api, receiver)
        steps = [1.0, 2.0, 4.0, *[60.0] * 29]
        for count, step in enumerate(steps, start=2):
            api.mock.clock.advance(step)
            await attempted(api, count)
        await until(lambda: api.mock.postman.pending == 0)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        assert len(receiver.hooks) == 33
        assert receiver.hooks[-1].at - receiver.hooks[0].at == pytest.approx(1747)


async def test_a_receiver_that_hangs_has_its_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_LEAST_TIMEOUT_S", 0.0)
    receiver = Receiver(HANGS, 200)
    async with received_by(receiver) as api:
        task_id = await api.task(callback_url=receiver.url)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: receiver.hooks)
        await api.advance(9.99)
        assert not api.mock.postman.attempts
        await api.advance(0.01)
        await attempted(api, 1)
        assert api.mock.postman.attempts[0].problem == "no answer within 10 s"
        await api.advance(1)
        await attempted(api, 2)
        start = receiver.hooks[0].at
        assert [round(hook.at - start, 6) for hook in receiver.hooks] == [0, 11]
        assert {hook.body["data"]["taskId"] for hook in receiver.hooks} == {task_id}


async def test_where_nothing_takes_time_a_dead_receiver_is_given_up_as_well() -> None:
    receiver = Receiver(500)
    app = web.Application()

    async def take(request: web.Request) -> web.Response:
        return await receiver.answer(request, at=0)

    app.router.add_post("/", take)
    async with listening_to(app) as url, running(time_scale=0) as api:
        await api.task(callback_url=url)
        await until(lambda: api.mock.postman.attempts and not api.mock.postman.pending)
        assert len(receiver.hooks) == 33


async def test_nobody_there_counts_as_not_received() -> None:
    async with listening_to(web.Application()) as gone:
        pass
    clock = manual_clock()
    async with running(clock=clock) as api:
        await api.task(callback_url=gone)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await attempted(api, 1)
        (attempt,) = api.mock.postman.attempts
        assert attempt.status is None
        assert "Cannot connect" in str(attempt.problem)
        await api.advance(1)
        await attempted(api, 2)


async def test_it_never_comes_before_a_poll_shows_the_end() -> None:
    receiver = Receiver(200)
    async with received_by(receiver) as api:
        task_id = await api.task(callback_url=receiver.url)
        (task,) = (await api.control("GET", "tasks")).json["tasks"]
        await api.advance(task["dueTime"] / 1000 - api.mock.clock.now() - TICK_S)
        assert (await api.poll(task_id))["state"] == "processing"
        assert not receiver.hooks
        await api.advance(2 * TICK_S)
        await attempted(api, 1)
        assert (await api.poll(task_id))["state"] == "completed"
        assert len(receiver.hooks) == 1


async def test_what_it_says_of_a_completed_task() -> None:
    receiver = Receiver(200)
    async with received_by(receiver) as api:
        task_id = await finished_task(api, receiver, n=2, resolution="2K", quality="low")
        (hook,) = receiver.hooks
        polled = await api.poll(task_id)
    assert (hook.method, hook.headers["Content-Type"]) == ("POST", "application/json")
    assert "Authorization" not in hook.headers
    assert not [name for name in hook.headers if "sign" in name.lower()]
    matches(hook.body, "WebhookPayload")
    assert (hook.body["code"], hook.body["msg"]) == (200, "success")
    data = hook.body["data"]
    assert list(data) == [
        "taskId", "model", "state", "param", "resultJson", "failCode", "failMsg", "createTime",
        "completeTime",
    ]  # fmt: skip
    assert (data["taskId"], data["state"], data["model"]) == (
        task_id,
        "completed",
        "gpt-image-2-all",
    )
    param = json.loads(data["param"])
    assert (param["n"], param["resolution"], param["quality"]) == (2, "2K", "low")
    assert param["callback_url"].startswith(receiver.url)
    assert json.loads(data["resultJson"]) == {"resultUrls": polled["resultUrls"]}
    assert (data["failCode"], data["failMsg"]) == (None, None)
    assert data["completeTime"] == polled["completeTime"] > data["createTime"]


async def test_what_it_says_of_a_failed_task() -> None:
    receiver = Receiver(200)
    async with received_by(receiver) as api:
        task_id = await finished_task(api, receiver, image_url="http://10.0.0.1/a.png")
        (hook,) = receiver.hooks
        polled = await api.poll(task_id)
    matches(hook.body, "WebhookPayload")
    data = hook.body["data"]
    assert (data["state"], data["resultJson"]) == ("failed", None)
    assert (data["failCode"], data["failMsg"]) == (polled["failCode"], polled["failMsg"])
    assert data["failCode"] == "INVALID_INPUT"


@pytest.mark.parametrize("fields", [{"fail": "UPSTREAM_BUSY"}, {"finish": True}])
async def test_a_task_that_is_ended_by_hand_is_reported_at_once(fields: dict[str, object]) -> None:
    receiver = Receiver(200)
    async with received_by(receiver) as api:
        task_id = await api.task(callback_url=receiver.url)
        await api.control("POST", f"tasks/{task_id}", fields)
        await attempted(api, 1)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: not api.mock.postman.pending)
        (hook,) = receiver.hooks
        assert hook.body["data"]["failCode"] == fields.get("fail")


async def test_a_task_without_a_callback_reports_to_nobody() -> None:
    async with running(clock=manual_clock()) as api:
        await api.task()
        await api.advance(LONGER_THAN_ANY_TASK_S)
        assert api.mock.postman.pending == 0
        assert not api.mock.postman.attempts


async def test_a_size_and_a_callback_make_a_task_that_is_reported() -> None:
    receiver = Receiver(200)
    async with received_by(receiver) as api:
        task_id = await finished_task(api, receiver, size="1024x640")
        (hook,) = receiver.hooks
        assert json.loads(hook.body["data"]["param"])["size"] == "1024x640"
        assert (await api.poll(task_id))["credits"] == own_contract().prices.per_image["1K"][
            "medium"
        ]


async def test_a_task_that_is_waited_for_is_reported_as_well() -> None:
    receiver = Receiver(200)
    app = web.Application()

    async def take(request: web.Request) -> web.Response:
        return await receiver.answer(request, at=0)

    app.router.add_post("/", take)
    async with listening_to(app) as url, running() as api:
        waited = await api.wait(callback_url=url)
        await until(lambda: receiver.hooks)
        assert receiver.hooks[0].body["data"]["taskId"] == waited.data["taskId"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/hook",
        "hook",
        "ftp://mock.example/hook",
        "http://",
        "http:///hook",
        "http://mock.example:0/",
        "http://mock.example:99999/",
        "http://[::1/",
        "http://mock.example/a b",
        "http://mock.example/\u0000",
        "http://mock.example/" + "x" * 2029,
        7,
        True,
        ["http://mock.example/"],
        {"url": "http://mock.example/"},
    ],
)
async def test_what_is_no_absolute_url_is_no_callback(url: object) -> None:
    async with running() as api:
        refused(
            await api.create(callback_url=url), 400, "callback_url: must be", param="callback_url"
        )
        assert api.mock.store.counts()["tasks"] == 0


async def test_the_longest_callback_is_taken() -> None:
    async with running(clock=manual_clock()) as api:
        longest = "http://mock.example/" + "x" * 2028
        assert (await api.create(callback_url=longest)).status == 200
