"""What happens to every request: its id, its key, and its refusal in the envelope."""

import gc
import logging
from decimal import Decimal
from typing import Any, NoReturn

import pytest

from mock_server.errors import ApiError
from mock_server.settings import KeyGrant
from mock_server.store.memory import MemoryStore
from tests.api import Api, example_request, running
from tests.laws import Answer, own_contract, refused

NEEDS_KEY = [
    ("POST", "/images/generations"),
    ("GET", "/images/generations?task_id=x"),
    ("POST", "/images/edits"),
    ("POST", "/images/generations-sync"),
    ("GET", "/video/generations?task_id=x"),
    ("GET", "/models"),
    ("GET", "/models/gpt-image-2-all"),
    ("GET", "/balance"),
    ("GET", "/records/x"),
    ("POST", "/files"),
]


async def with_header(api: Api, header: str | None, path: str = "/models") -> Answer:
    """A GET with this Authorization."""
    headers = {} if header is None else {"Authorization": header}
    return await api.ask("GET", path, key=None, headers=headers)


@pytest.mark.parametrize("header", ["Bearer sk_x", "bearer sk_x", "BEARER sk_x", "Bearer   sk_x  "])
async def test_the_scheme_is_taken_in_any_case(header: str) -> None:
    async with running() as api:
        assert (await with_header(api, header)).status == 200
        assert "sk_x" in {e.account for e in api.mock.journal.latest()}


@pytest.mark.parametrize(
    "header, problem",
    [
        (None, "is required and was not given"),
        ("", "another scheme"),
        ("Basic c2tfdGVzdDo=", "another scheme"),
        ("sk_test", "another scheme"),
        ("Bearer", "no key"),
        ("Bearer ", "no key"),
        ("Bearer\tsk_test", "another scheme"),
        ("Bearer clé", "not plain ASCII"),
        ("Bearer a b", "not plain ASCII"),
        ("Token sk_test", "another scheme"),
    ],
)
@pytest.mark.parametrize("method, path", NEEDS_KEY)
async def test_without_a_proper_key_nothing_is_done(
    method: str, path: str, header: str | None, problem: str
) -> None:
    async with running() as api:
        headers = {} if header is None else {"Authorization": header}
        answer = await api.ask(method, path, key=None, headers=headers, fields=example_request())
        refused(answer, 401, "Authorization: ", problem, param="Authorization")
        assert answer.json["error"]["code"] == "invalid_api_key"
        assert set(api.mock.store.counts().values()) == {0}


@pytest.mark.parametrize("method, path", NEEDS_KEY)
async def test_a_key_that_is_not_on_the_list_is_refused(method: str, path: str) -> None:
    async with running(key=(KeyGrant("sk_known", None),)) as api:
        answer = await api.ask(method, path, fields=example_request())
        refused(answer, 401, "the key is not known", param="Authorization")
        assert list(api.mock.store.accounts) == ["sk_known"]
        assert (await api.get("/models", key="sk_known")).status == 200


async def test_a_key_opened_by_the_developer_is_known_from_then_on() -> None:
    async with running(key=(KeyGrant("sk_known", None),)) as api:
        assert (await api.get("/models", key="sk_new")).status == 401
        await api.control("POST", "accounts", {"key": "sk_new", "balance": "0.5"})
        assert (await api.money(key="sk_new")).total == Decimal("0.5")


async def test_a_hint_and_unknown_paths_need_no_key() -> None:
    async with running(key=(KeyGrant("sk_known", None),)) as api:
        refused(await api.get("/images/generations/x", key=None), 404, "?task_id=", param="task_id")
        refused(await api.get("/nothing", key=None), 404, "No such path")


async def test_every_answer_has_an_id_of_its_own_whatever_the_client_sends() -> None:
    async with running() as api:
        found = []
        for path in ("/models", "/nothing", "/images/generations", "/results/x"):
            headers = {"x-request-id": "req_mine", "X-Request-ID": "req_mine"}
            found.append((await api.ask("GET", path, headers=headers)).request_id)
        assert len(set(found)) == 4
        assert "req_mine" not in found


@pytest.mark.parametrize("style", ["hybrid", "openai", "native"])
async def test_every_refusal_is_in_the_style_that_was_asked_for(style: str) -> None:
    async with running(error_style=style, balance=Decimal(0)) as api:
        answers = [
            await api.create(size="1000x1000"),
            await api.create(),
            await api.ask("POST", "/images/generations", body=b"{"),
            await api.get("/models", key=None),
            await api.get("/models/x"),
            await api.ask("DELETE", "/models"),
            await api.control("POST", "clock", {"advance": -1}),
        ]
        assert [answer.status for answer in answers] == [400, 402, 415, 401, 404, 405, 400]
        texts = [text_of(answer, style) for answer in answers]
        assert "1000x1000" in texts[0]
        assert "Insufficient balance" in texts[1]


def text_of(answer: Answer, style: str) -> str:
    """The message where the style has it."""
    body = answer.json
    return str(body["error"]["message"] if style == "openai" else body["msg"])


def broken(*_: object) -> NoReturn:
    raise RuntimeError("planted")


async def test_a_bug_is_answered_in_the_envelope_and_logged_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(may_log="a bug in the mock: GET /api/v1/balance") as api:
        monkeypatch.setattr(MemoryStore, "balance", broken)
        with caplog.at_level(logging.ERROR, "mock_server.requests"):
            async with api.client.get(
                api.base + "/balance", headers={"Authorization": "Bearer x"}
            ) as answer:
                assert answer.status == 500
                body = await answer.json()
                assert answer.headers["x-request-id"].startswith("req_")
        assert body["error"]["type"] == "server_error"
        assert "planted" not in str(body)
        assert "RuntimeError: planted" in caplog.text
        assert (await api.get("/models")).status == 200


async def test_the_journal_tells_what_was_decided_and_by_which_rule() -> None:
    async with running() as api:
        accepted = await api.create(size="1024x640", quality="high", n=2)
        rejected = await api.create(size="1024x641")
        await api.get("/nothing")
        entries: list[Any] = (await api.control("GET", "requests")).json["requests"]
        last, first = entries
        assert (first["id"], first["status"]) == (accepted.request_id, 200)
        assert first["decided"]["price"] == 2 * own_contract().prices.per_image["1K"]["high"]
        assert (first["decided"]["mode"], first["decided"]["size"]) == ("sync", "1024x640")
        assert first["fields"]["quality"] == "high"
        assert (last["id"], last["status"], last["rule"]) == (rejected.request_id, 400, "size-grid")
        assert "1024x641" in last["message"]
        assert last["decided"] == {}


@pytest.mark.parametrize(
    "wishes",
    [{"size": "1000x1000"}, {"n": "x"}, {"size": "1024x1024", "image_urls": ["http://10.0.0.1/a"]}],
)
async def test_nothing_of_a_refusal_waits_for_the_garbage_collector(wishes: dict[str, Any]) -> None:
    """What refers to itself - an error, its traceback, a frame, the error - does."""
    async with running() as api:
        for number in range(3):
            assert (await api.create(prompt=f"warm up {number}", **wishes)).status == 400
        gc.collect()
        gc.disable()
        try:
            before = errors_in_memory()
            for number in range(20):
                assert (await api.create(prompt=f"refuse {number}", **wishes)).status == 400
            assert errors_in_memory() <= before + 1
        finally:
            gc.enable()


def errors_in_memory() -> int:
    return sum(isinstance(thing, ApiError) for thing in gc.get_objects())
