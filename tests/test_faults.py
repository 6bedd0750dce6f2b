"""Each fault as a client meets it, and what it costs."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
import yaml
from aiohttp import web

from mock_server.clock import manual_clock
from mock_server.control import _DOCUMENT
from mock_server.faults import FAULTS, parse_fault
from mock_server.misbehaviour import Fault, FaultError, parameters
from tests.api import Api, Money, running, until
from tests.laws import Answer, opened, own_contract
from tests.misbehaving import ask, create, spent
from tests.receivers import Receiver, listening_to

SIZE = "1024x640"
PRICE = Decimal("0.005")
SYNC = {"size": SIZE, "quality": "low"}
TASK = {"resolution": "1K", "quality": "low"}
LONGER_THAN_ANY_TASK_S = 1000.0


def test_the_control_interface_names_every_fault() -> None:
    document = yaml.safe_load(_DOCUMENT.read_text())
    assert document["components"]["schemas"]["FaultName"]["enum"] == list(FAULTS)


@pytest.mark.parametrize("kind", FAULTS.values(), ids=list(FAULTS))
def test_a_fault_says_what_it_does_and_whether_it_spoils_answers(kind: type[Fault]) -> None:
    assert kind.helps.strip()
    assert kind.spoils is (kind.depart is not Fault.depart)


@pytest.mark.parametrize("name", ["upstream_busy", "upstream_failed", "timeout", "internal_error"])
def test_the_fail_codes_are_the_contract_s_and_may_be_tried_again(name: str) -> None:
    assert own_contract().tasks.retryable[FAULTS[name].fail_code]  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", list(FAULTS))
def test_its_name_alone_is_enough(text: str) -> None:
    fault = parse_fault(text)
    values = {name: getattr(fault, name) for name in parameters(type(fault))}
    assert values == parameters(type(fault))


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "unknown fault ''; known: rate_limit, no_credit"),
        ("Timeout", "unknown fault 'Timeout'"),
        ("timeout;stauts=500", "timeout: unknown parameter 'stauts'; known: status"),
        ("stuck;x", "stuck: unknown parameter 'x'; known: none"),
        ("server_error;status=501", "status must be one of 500, 502, 503, 524; got '501'"),
        ("server_error;html=maybe", "html must be 1 or 0; got 'maybe'"),
        ("timeout;status=200", "status must be a whole number from 500 to 599; got '200'"),
        ("drip;rate=0", "rate must be a whole number from 1 to 1000000000; got '0'"),
        ("drip;rate=1e3", "rate must be a whole number"),
        ("drip;rate=--5", "rate must be a whole number"),
        ("drip;rate=١٢", "rate must be a whole number"),
        ("truncate;bytes=-1", "bytes must be a whole number from 0"),
        ("slow;seconds=-1", "seconds must be a number from 0 to 1e+09; got '-1'"),
        ("slow;seconds=nan", "seconds must be a number from 0"),
        ("slow;total=1e999", "total must be a number from 0"),
        ("slow;seconds=soon", "seconds must be a number from 0 to 1e+09; got 'soon'"),
        ("rate_limit;should_retry=no", "should_retry must be one of true, false; got 'no'"),
        ("wrong_size_picture;by=99999", "by must be a whole number from -512 to 512"),
        ("expired_url;status=500", "status must be one of 403, 404; got '500'"),
        ("moderation;message=a\r\nSet-Cookie: b", "message must be printable text"),
        ("moderation;message=\udcff", "message must be printable text"),
    ],
)
def test_what_it_does_not_take_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(FaultError) as refused:
        parse_fault(text)
    assert says in str(refused.value)


# --- at the door, and when it is known what is asked

REFUSALS = [
    ("rate_limit", 429, "rate_limit_exceeded", "Rate limit reached; try again in 1 s"),
    ("no_credit", 402, "insufficient_balance", "Insufficient balance"),
    ("moderation", 400, "moderation_blocked", "Your request was rejected by the safety system"),
    ("moderation;message=No hats", 400, "moderation_blocked", "No hats"),
    ("upstream_busy", 503, "upstream_busy", "The model is overloaded"),
    ("upstream_failed", 502, "upstream_failed", "The model failed"),
    ("timeout", 504, "timeout", "The model did not answer in time"),
    ("timeout;status=524", 524, "timeout", "The model did not answer in time"),
    ("internal_error", 500, "internal_error", "Internal error"),
    ("server_error", 500, "server_error", "The service is unavailable"),
    ("server_error;status=524", 524, "server_error", "The service is unavailable"),
]


@pytest.mark.parametrize("fault, status, code, message", REFUSALS)
async def test_a_synchronous_request_is_refused_and_costs_nothing(
    fault: str, status: int, code: str, message: str
) -> None:
    async with running() as api:
        before = await api.money()
        answer = await create(api, fault, **SYNC)
        error = answer.json["error"]
        assert (answer.status, error["code"], error["message"]) == (status, code, message)
        assert (answer.json["code"], answer.json["msg"]) == (status, message)
        assert await api.money() == before
        assert api.mock.store.counts()["calls"] == 0


@pytest.mark.parametrize("how", ["header", "marker", "rule", "rule for the prompt"])
@pytest.mark.parametrize("fault", ["rate_limit", "no_credit", "server_error;html=1", "code_in_200"])
async def test_a_refusal_at_the_door_can_be_asked_for_in_every_way(fault: str, how: str) -> None:
    async with running() as api:
        before = await api.money()
        expected = await create(api, fault, **SYNC)
        answer = await _asked(api, fault, how)
        assert (answer.status, answer.body) == (expected.status, expected.body)
        assert await api.money() == before


async def _asked(api: Api, fault: str, how: str) -> Answer:
    if how == "header":
        return await create(api, fault, **SYNC)
    if how == "marker":
        return await create(api, prompt=f"a cube [[fault:{fault}]]", **SYNC)
    match = {"prompt": "cube"} if how == "rule for the prompt" else {}
    answer = await api.control("POST", "faults", {"fault": fault, "match": match, "times": 1})
    assert answer.status == 200, answer.body
    return await create(api, prompt="a cube", **SYNC)


async def test_a_rate_limit_says_how_long_to_wait() -> None:
    async with running() as api:
        plain = await create(api, "rate_limit;retry_after=2", **SYNC)
        assert plain.headers["Retry-After"] == "2"
        assert "retry-after-ms" not in plain.headers
        assert "x-should-retry" not in plain.headers
        fault = "rate_limit;retry_after=0.5;retry_after_ms=250;should_retry=false"
        full = await ask(api, "GET", "/models", fault=fault)
        told = [full.headers[n] for n in ("Retry-After", "retry-after-ms", "x-should-retry")]
        assert (full.status, told) == (429, ["0.5", "250", "false"])


async def test_a_gateway_s_page_is_no_json() -> None:
    async with running() as api:
        answer = await create(api, "server_error;status=502;html=1", **SYNC)
        assert (answer.status, answer.media_type) == (502, "text/html")
        assert answer.body == b"<html><body><h1>502</h1></body></html>"
        assert answer.request_id


async def test_a_failure_can_be_told_with_status_200() -> None:
    async with running() as api:
        before = await api.money()
        answer = await create(api, "code_in_200;code=429;msg=later", **SYNC)
        assert (answer.status, answer.json) == (200, {"code": 429, "msg": "later"})
        assert await api.money() == before


@pytest.mark.parametrize(
    "fault, code, retryable",
    [
        ("moderation", "CONTENT_MODERATION", False),
        ("upstream_busy", "UPSTREAM_BUSY", True),
        ("upstream_failed", "UPSTREAM_FAILED", True),
        ("timeout", "TIMEOUT", True),
        ("internal_error", "INTERNAL_ERROR", True),
    ],
)
async def test_a_task_is_taken_and_fails_and_costs_nothing(
    fault: str,
    code: str,
    retryable: bool,  # noqa: FBT001 - a column of the table
) -> None:
    async with running(clock=manual_clock()) as api:
        before = await api.money()
        answer = await create(api, fault, **TASK)
        task_id = answer.data["taskId"]
        assert (answer.status, answer.data["state"]) == (200, "pending")
        assert (await api.money()).frozen == PRICE
        await api.advance(LONGER_THAN_ANY_TASK_S)
        task = await api.poll(task_id)
        assert (task["state"], task["failCode"], task["retryable"]) == ("failed", code, retryable)
        assert task["failMsg"]
        assert await spent(api, before) == 0


# --- answers that come late, broken, or not at all


@asynccontextmanager
async def waiting(api: Api, fault: str, **fields: Any) -> AsyncIterator["asyncio.Task[Answer]"]:
    """A request that the mock keeps waiting."""
    request = asyncio.ensure_future(create(api, fault, **fields))
    yield request
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)


async def test_a_slow_one_takes_longer_by_the_mock_s_clock() -> None:
    async with running(clock=manual_clock()) as api, waiting(api, "slow;seconds=30", **SYNC) as one:
        before = await api.money()
        await until(lambda: api.mock.clock.sleeping)
        longest = own_contract().latencies.seconds["low"].max
        await api.advance(longest)
        assert not one.done()
        assert (await api.money()).frozen == PRICE
        await api.advance(30)
        assert (await one).status == 200
        assert await spent(api, before) == PRICE


@pytest.mark.parametrize("total", [1, 500])
async def test_a_slow_one_can_take_just_so_long(total: int) -> None:
    fault = f"slow;total={total}"
    async with running(clock=manual_clock()) as api, waiting(api, fault, **SYNC) as one:
        await until(lambda: api.mock.clock.sleeping)
        await api.advance(total - 0.5)
        assert not one.done()
        await api.advance(0.5)
        assert (await one).status == 200


async def test_a_slow_task_ends_later_and_a_slow_poll_is_told_later() -> None:
    async with running(clock=manual_clock()) as api:
        task_id = (await create(api, "slow;total=500", **TASK)).data["taskId"]
        await api.advance(499)
        assert (await api.poll(task_id))["state"] == "processing"
        await api.advance(1)
        path = f"/images/generations?task_id={task_id}"
        poll = asyncio.ensure_future(ask(api, "GET", path, fault="slow;seconds=7"))
        await until(lambda: api.mock.clock.sleeping)
        await api.advance(7)
        assert (await poll).data["state"] == "completed"


async def test_where_nothing_takes_time_a_fault_s_seconds_are_real_ones() -> None:
    async with running() as api, waiting(api, "slow;seconds=1000", **SYNC) as one:
        await until(lambda: api.mock.clock.sleeping)
        assert not one.done()


async def test_silence_costs_nothing_unless_it_is_paid() -> None:
    async with running() as api:
        before = await api.money()
        async with waiting(api, "hang", **SYNC) as one:
            await until(lambda: api.server.requests_count == 2)
            assert not one.done()
        await until(lambda: api.mock.journal.seen)
        assert await spent(api, before) == 0
        async with waiting(api, "hang;paid=1", **SYNC):
            await until(lambda: api.mock.store.counts()["calls"])
            await until(lambda: api.mock.store.account("sk_test").frozen == 0)
        assert await spent(api, before) == PRICE


@pytest.mark.parametrize("fault", ["bad_json", "bad_base64", "missing_b64", "wrong_size_picture"])
async def test_a_broken_answer_is_paid(fault: str) -> None:
    async with running() as api:
        before = await api.money()
        answer = await create(api, fault, **SYNC)
        assert answer.status == 200
        assert await spent(api, before) == PRICE


async def test_bad_json_is_none() -> None:
    async with running() as api:
        answer = await create(api, "bad_json", **SYNC)
        assert answer.media_type == "application/json"
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer.body)
        assert json.loads(answer.body + b"}")["data"]


async def test_bad_base64_fails_in_lenient_decoders_too() -> None:
    async with running() as api:
        answer = await create(api, "bad_base64", **SYNC, n=2)
        for picture in answer.json["data"]:
            for validate in (True, False):
                with pytest.raises(ValueError, match=r"base64|padding|characters"):
                    base64.b64decode(picture["b64_json"], validate=validate)


@pytest.mark.parametrize("by", [16, -16, 512, -512])
async def test_a_wrong_size_is_that_of_the_url_s_picture_as_well(by: int) -> None:
    async with running() as api:
        answer = await create(api, f"wrong_size_picture;by={by}", **SYNC)
        (picture,) = answer.json["data"]
        data = base64.b64decode(picture["b64_json"])
        assert opened(data).size == (1024 + by, 640 + by)
        assert (await api.get(picture["url"], key=None)).body == data


async def test_a_missing_b64_leaves_the_url() -> None:
    async with running() as api:
        (picture,) = (await create(api, "missing_b64", **SYNC)).json["data"]
        assert picture.keys() == {"url"}


# --- tasks, result URLs and webhooks


@pytest.mark.parametrize("status", [404, 403])
async def test_an_expired_url_is_dead_from_the_beginning(status: int) -> None:
    async with running() as api:
        (picture,) = (await create(api, f"expired_url;status={status}", **SYNC)).json["data"]
        dead = await api.client.get(picture["url"])
        assert (dead.status, (await dead.json())["error"]["code"]) == (status, "expired")
        task_id = (await create(api, f"expired_url;status={status}", **TASK)).data["taskId"]
        (url,) = (await api.poll(task_id))["resultUrls"]
        assert (await api.client.get(url)).status == status


async def test_a_stuck_task_never_ends_and_holds_its_price() -> None:
    async with running(clock=manual_clock()) as api:
        task_id = (await create(api, "stuck", **TASK)).data["taskId"]
        await api.advance(own_contract().retention_s - 1)
        assert (await api.poll(task_id))["state"] == "processing"
        assert await api.money() == Money(1000 - PRICE, 1000, PRICE)
        (told,) = (await api.control("GET", "tasks")).json["tasks"]
        assert told["dueTime"] is None


async def test_a_synchronous_call_cannot_be_stuck() -> None:
    async with running() as api:
        assert (await create(api, "stuck", **SYNC)).status == 200


async def test_results_are_empty_once_or_as_often_as_asked() -> None:
    async with running() as api:
        for times, fault in ((1, "empty_results"), (2, "empty_results;times=2")):
            before = await api.money()
            task_id = (await create(api, fault, **TASK)).data["taskId"]
            polls = [await api.poll(task_id) for _ in range(times + 2)]
            assert [len(poll["resultUrls"]) for poll in polls] == [0] * times + [1, 1]
            assert json.loads(polls[0]["resultJson"]) == {"resultUrls": []}
            assert {poll["state"] for poll in polls} == {"completed"}
            assert await spent(api, before) == PRICE


@asynccontextmanager
async def told_to(receiver: Receiver) -> AsyncIterator[Api]:
    """A mock on a manual clock whose webhooks go to the receiver."""
    clock = manual_clock()

    async def take(request: web.Request) -> web.Response:
        return await receiver.answer(request, at=clock.now())

    app = web.Application()
    app.router.add_post("/hook", take)
    async with listening_to(app) as origin, running(clock=clock) as api:
        receiver.url = f"{origin}/hook"
        yield api


def ids(receiver: Receiver) -> list[str]:
    return [hook.body["data"]["taskId"] for hook in receiver.hooks]


@pytest.mark.parametrize("times", [2, 3])
async def test_a_webhook_comes_more_than_once_although_it_was_received(times: int) -> None:
    receiver = Receiver(200)
    async with told_to(receiver) as api:
        before = await api.money()
        fault = f"duplicate_webhook;times={times}"
        made = await create(api, fault, **TASK, callback_url=receiver.url)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: api.mock.postman.pending == 0)
        assert ids(receiver) == [made.data["taskId"]] * times
        assert len({json.dumps(hook.body) for hook in receiver.hooks}) == 1
        assert await spent(api, before) == PRICE


async def test_a_lost_webhook_never_comes_and_the_task_is_there_all_the_same() -> None:
    receiver = Receiver(200)
    async with told_to(receiver) as api:
        made = await create(api, "lost_webhook", **TASK, callback_url=receiver.url)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: api.mock.postman.pending == 0)
        assert receiver.hooks == []
        assert (await api.poll(made.data["taskId"]))["state"] == "completed"


async def test_a_late_webhook_comes_so_much_later() -> None:
    receiver = Receiver(200)
    async with told_to(receiver) as api:
        made = await create(api, "late_webhook;seconds=300", **TASK, callback_url=receiver.url)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: api.mock.clock.sleeping)
        await api.advance(299)
        assert (await api.poll(made.data["taskId"]))["state"] == "completed"
        assert receiver.hooks == []
        await api.advance(1)
        await until(lambda: api.mock.postman.pending == 0)
        assert ids(receiver) == [made.data["taskId"]]


async def test_a_reordered_webhook_lets_the_next_one_pass() -> None:
    receiver = Receiver(200)
    async with told_to(receiver) as api:
        faults = ("reordered_webhooks", "")
        made = [await create(api, fault, **TASK, callback_url=receiver.url) for fault in faults]
        for task in made:
            answer = await api.control("POST", f"tasks/{task.data['taskId']}", {"finish": True})
            assert answer.status == 200
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: api.mock.postman.pending == 0)
        assert ids(receiver) == [made[1].data["taskId"], made[0].data["taskId"]]


async def test_a_reordered_webhook_with_no_other_comes_in_the_end() -> None:
    receiver = Receiver(200)
    async with told_to(receiver) as api:
        await create(api, "reordered_webhooks", **TASK, callback_url=receiver.url)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: api.mock.clock.sleeping == 1)
        await api.advance(own_contract().hooks.give_up_after_s)
        await until(lambda: len(receiver.hooks) == 1)


# --- several at once


async def test_several_act_together() -> None:
    receiver = Receiver(200)
    async with told_to(receiver) as api:
        fault = "duplicate_webhook, expired_url;status=403,empty_results , late_webhook;seconds=50"
        made = await create(api, fault, **TASK, callback_url=receiver.url)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        polls = [await api.poll(made.data["taskId"]) for _ in range(2)]
        assert [len(poll["resultUrls"]) for poll in polls] == [0, 1]
        assert (await api.client.get(polls[1]["resultUrls"][0])).status == 403
        assert receiver.hooks == []
        await api.advance(50)
        await until(lambda: len(receiver.hooks) == 2)


async def test_a_refusal_can_be_spoilt_too() -> None:
    async with running() as api:
        spoilt = await create(api, "rate_limit, bad_json", **SYNC)
        assert (spoilt.status, spoilt.body[-1:]) == (429, b"}")
        with pytest.raises(json.JSONDecodeError):
            json.loads(spoilt.body)
        refused = await create(api, "bad_json", **{**SYNC, "size": "7x7"})
        assert refused.status == 400
        with pytest.raises(json.JSONDecodeError):
            json.loads(refused.body)


async def test_polls_misbehave_on_request() -> None:
    async with running() as api:
        path = f"/images/generations?task_id={await api.task(**TASK)}"
        assert (await ask(api, "GET", path, fault="server_error;status=503")).status == 503
        assert (await ask(api, "GET", path, fault="rate_limit")).status == 429
        assert (await ask(api, "GET", path, fault="code_in_200;code=404")).json["code"] == 404
        assert (await ask(api, "GET", path)).data["state"] == "completed"


async def test_nothing_misbehaves_without_being_asked() -> None:
    async with running() as api:
        texts = ["fault:timeout", "[fault:timeout]", "[[timeout]]", "[[ fault:timeout ]]", "[[]]"]
        for prompt in texts:
            assert (await create(api, prompt=prompt, **SYNC)).status == 200
