"""The developer's own interface: what it shows, what it moves, and what it refuses."""

import json
from decimal import Decimal
from typing import Any, cast

import jsonschema_rs
import pytest

from contracts.samples import gradient, text_of
from contracts.size import Size
from mock_server.app import create_app
from mock_server.clock import manual_clock
from mock_server.settings import KeyGrant, Settings
from tests.api import KEY, running
from tests.laws import Answer, own_contract, refused

PICTURE = gradient(Size(64, 48))


def keeps(document: Any, answer: Answer, path: str, method: str = "get") -> None:
    """Fail unless the answer keeps the schema that the interface's own document gives it."""
    described = document["paths"][path][method]["responses"][str(answer.status)]
    if "$ref" in described:
        described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
    schema = {
        **described["content"]["application/json"]["schema"],
        "components": document["components"],
    }
    jsonschema_rs.Draft202012Validator(schema).validate(answer.json)


async def test_it_describes_itself_and_answers_as_described() -> None:
    async with running(clock=manual_clock()) as api:
        await api.create()
        document = (await api.control("GET", "openapi.json")).json
        assert document["openapi"].startswith("3.1")
        looked = 0
        for path, item in document["paths"].items():
            if path.startswith("/_mock/") and "get" in item and "{" not in path:
                answer = await api.ask("GET", api.origin + path, key=None)
                keeps(document, answer, path)
                looked += 1
        assert looked >= 6
        answer = await api.control("POST", "clock", {"advance": 0})
        keeps(document, answer, "/_mock/clock", "post")
        answer = await api.control("POST", "accounts", {"key": "sk_x", "balance": "1"})
        keeps(document, answer, "/_mock/accounts", "post")


async def test_every_route_of_it_is_described_and_needs_no_key() -> None:
    async with running(key=(KeyGrant("sk_known", None),)) as api:
        document = (await api.control("GET", "openapi.json")).json
        described = {
            (method.upper(), path)
            for path, item in document["paths"].items()
            for method in item
            if method in {"get", "post", "put", "delete", "patch"}
        }
        resources = create_app(own_contract(), Settings()).router.resources()
        routes = {
            (route.method, resource.canonical)
            for resource in resources
            for route in resource
            if resource.canonical.startswith(("/_mock/", "/metrics"))
        }
        assert routes == described


async def test_about_tells_settings_clock_and_counts_but_no_keys() -> None:
    grants = (KeyGrant("sk_secret", Decimal(3)),)
    async with running(key=grants, profile="openai", min_polls=2, seed=7) as api:
        await api.create(key="sk_secret", resolution="1K")
        answer = await api.control("GET", "")
        about = answer.json
        assert about["name"] == "gpt-image-2-mock"
        assert (about["profile"], about["min_polls"], about["open_accounts"]) == (
            "openai",
            2,
            False,
        )
        assert about["extensions"] == {"stream": True, "extras": True}
        assert about["contract"] == own_contract().digest
        assert about["counts"]["tasks"] == 1
        assert about["settings"]["seed"] == 7
        assert b"sk_secret" not in answer.body


async def test_time_moves_by_seconds_or_to_an_instant() -> None:
    async with running(clock=manual_clock(start=1000)) as api:
        assert (await api.control("GET", "clock")).json == {
            "kind": "manual",
            "scale": 1,
            "now": 1000,
        }
        assert (await api.control("POST", "clock", {"advance": 2.5})).json["now"] == Decimal(
            "1002.5"
        )
        assert (await api.control("POST", "clock", {"to": 2000})).json["now"] == 2000
        assert (await api.control("POST", "clock", {"to": 2000})).json["now"] == 2000
        back = await api.control("POST", "clock", {"to": 1999})
        refused(back, 400, "time moves forward only; got 1999", param="to")


@pytest.mark.parametrize(
    "fields, param",
    [
        ({}, None),
        ({"advance": 1, "to": 5}, None),
        ({"advance": -1}, "advance"),
        ({"advance": "1"}, "advance"),
        ({"advance": None}, "advance"),
        ({"advance": True}, "advance"),
        ({"advance": 1e300}, "advance"),
        ({"advance": 10**400}, None),
        ({"to": []}, "to"),
        ({"to": 10**17}, "to"),
        ({"back": 1}, "back"),
    ],
)
async def test_time_is_not_moved_by_anything_else(fields: Any, param: str | None) -> None:
    async with running(clock=manual_clock(start=1000)) as api:
        refused(await api.control("POST", "clock", fields), 400, param=param)
        assert api.mock.clock.now() == 1000


async def test_accounts_are_listed_and_set() -> None:
    async with running(clock=manual_clock()) as api:
        await api.create()
        set_to = await api.control("POST", "accounts", {"key": KEY, "balance": "0.03"})
        price = own_contract().prices.per_image["1K"]["medium"]
        expected = {
            "key": KEY,
            "balance": Decimal("0.03") - price,
            "total": Decimal("0.03"),
            "frozen": price,
            "currency": "USD",
        }
        assert set_to.json == expected
        assert (await api.control("GET", "accounts")).json == {"accounts": [expected]}
        refused(await api.create(), 402, "0.005 USD")


@pytest.mark.parametrize(
    "fields, param",
    [
        ({}, "key"),
        ({"key": ""}, "key"),
        ({"key": 7, "balance": "1"}, "key"),
        ({"key": "clé", "balance": "1"}, "key"),
        ({"key": "a\u0000", "balance": "1"}, "key"),
        ({"key": "sk_x"}, "balance"),
        ({"key": "sk_x", "balance": 1}, "balance"),
        ({"key": "sk_x", "balance": "-1"}, "balance"),
        ({"key": "sk_x", "balance": "NaN"}, "balance"),
        ({"key": "sk_x", "balance": "1e999999999"}, "balance"),
        ({"key": "sk_x", "balance": "9" * 400}, "balance"),
        ({"key": "sk_x", "balance": "one"}, "balance"),
        ({"key": "sk_x", "balance": "1", "frozen": "1"}, "frozen"),
    ],
)
async def test_an_account_is_not_set_to_anything_else(fields: Any, param: str) -> None:
    async with running() as api:
        refused(await api.control("POST", "accounts", fields), 400, f"{param}: ", param=param)
        assert not api.mock.store.accounts


async def test_tasks_are_shown_the_newest_first_with_what_became_of_them() -> None:
    async with running(clock=manual_clock()) as api:
        first, second = await api.task(quality="high"), await api.task(resolution="4K")
        tasks: list[Any] = (await api.control("GET", "tasks")).json["tasks"]
        assert [task["taskId"] for task in tasks] == [second, first]
        assert (tasks[0]["size"], tasks[0]["tier"], tasks[0]["state"]) == (
            "2880x2880",
            "4K",
            "pending",
        )
        assert tasks[0]["price"] == own_contract().prices.per_image["4K"]["medium"]
        assert (tasks[0]["account"], tasks[0]["callbackUrl"], tasks[0]["pollsLeft"]) == (
            KEY,
            None,
            0,
        )
        assert tasks[0]["webhookAttempts"] == []


@pytest.mark.parametrize(
    "fields, param",
    [
        ({}, "fail"),
        ({"finish": False}, "fail"),
        ({"finish": 1}, "fail"),
        ({"fail": "NO_SUCH_CODE"}, "fail"),
        ({"fail": 7}, "fail"),
        ({"fail": ["OTHER"]}, "fail"),
        ({"fail": {}}, "fail"),
        ({"fails": "OTHER"}, "fails"),
    ],
)
async def test_a_task_is_not_ended_by_anything_else(fields: Any, param: str) -> None:
    async with running(clock=manual_clock()) as api:
        task_id = await api.task()
        answer = await api.control("POST", f"tasks/{task_id}", fields)
        refused(answer, 400, f"{param}: ", param=param)
        assert (await api.poll(task_id))["state"] == "pending"


async def test_an_unknown_task_cannot_be_ended() -> None:
    async with running() as api:
        for task_id in ("x", "%00", "%ff", "a" * 3000):
            answer = await api.control("POST", f"tasks/{task_id}", {"finish": True})
            refused(answer, 404, "No such task: '")


async def test_the_message_of_a_failure_is_text() -> None:
    async with running(clock=manual_clock()) as api:
        for message in cast(list[object], [7, [], {"a": 1}, True, ""]):
            task_id = await api.task()
            fields = {"fail": "OTHER", "message": message}
            answer = await api.control("POST", f"tasks/{task_id}", fields)
            refused(answer, 400, "message: must be text", param="message")


async def test_the_journal_can_be_narrowed_and_cuts_pictures_short() -> None:
    async with running() as api:
        large = text_of(gradient(Size(400, 300)))
        await api.create(size="1024x640", image=large)
        await api.get("/models", key="sk_other")
        await api.get("/models")
        everything = (await api.control("GET", "requests")).json
        assert (everything["seen"], len(everything["requests"])) == (3, 3)
        narrowed = await api.control("GET", "requests?operation=listModels&key=sk_other")
        (one,) = narrowed.json["requests"]
        assert (one["operation"], one["key"]) == ("listModels", "sk_other")
        assert len(json.dumps(everything, default=str)) < 5000
        assert (await api.control("GET", "requests?operation=nothing")).json["requests"] == []


async def test_the_journal_is_bounded() -> None:
    async with running() as api:
        for _ in range(1100):
            api.mock.journal.keep(api.mock.journal.latest()[0]) if api.mock.journal.seen else (
                await api.get("/models")
            )
        journal = (await api.control("GET", "requests")).json
        assert (journal["seen"], len(journal["requests"])) == (1100, 1000)


async def test_a_reset_forgets_everything_and_starts_the_same_again() -> None:
    grants = (KeyGrant(KEY, Decimal(3)),)
    async with running(clock=manual_clock(), key=grants) as api:
        dues = []
        for _ in range(2):
            await api.upload(PICTURE)
            task_id = await api.task(callback_url="http://127.0.0.1:9/")
            (task,) = (await api.control("GET", "tasks")).json["tasks"]
            dues.append(task["dueTime"] - task["createTime"])
            await api.control("POST", "accounts", {"key": "sk_extra", "balance": "9"})
            assert (await api.control("POST", "reset")).json == {"reset": True}
            refused(await api.get(f"/images/generations?task_id={task_id}"), 404, param="task_id")
            assert await api.money() == (3, 3, 0)
        assert dues[0] == dues[1]
        counts = (await api.control("GET", "")).json["counts"]
        assert (counts["tasks"], counts["uploads"], counts["webhooks_pending"]) == (0, 0, 0)


@pytest.mark.parametrize("path", ["clock", "accounts", "tasks/x"])
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 5000,
        b'{"a":"\\ud800"}',
        b'{"advance":' + b"9" * 400 + b"}",
        b'{"\\u0000":1}',
        b'{"' + b"x" * 100_000 + b'":1}',
    ],
)
async def test_junk_is_refused_here_as_well(path: str, body: bytes) -> None:
    async with running(clock=manual_clock(start=1000)) as api:
        answer = await api.ask("POST", f"{api.origin}/_mock/{path}", key=None, body=body)
        assert answer.status in ({400, 404} if path == "tasks/x" else {400})
        assert api.mock.clock.now() == 1000
        assert not api.mock.store.accounts
