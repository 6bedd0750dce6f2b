"""The watching proxy before a mock, a faulty one or nothing."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from mock_server.cassette import CassetteError
from mock_server.proxy import VIOLATIONS_HEADER
from tests.api import example_request, running
from tests.watched import KEY, SYNC, watched_mock, watching


async def test_what_keeps_the_contract_passes_without_a_word() -> None:
    async with watched_mock() as (api, proxy):
        answer = await proxy.create(**SYNC)
        assert VIOLATIONS_HEADER not in answer.headers
        url = answer.json["data"][0]["url"]
        assert url.startswith(api.origin)
        assert (await proxy.create(**{**SYNC, "size": "7x7"})).status == 400
        assert (await proxy.ask("GET", "/api/v1/nothing")).status == 404
        assert await proxy.rules() == []


@pytest.mark.parametrize(
    "fault, rules",
    [
        ("wrong_size_picture", {"size-exact"}),
        ("missing_b64", {"sync-shape"}),
        ("bad_base64", {"sync-shape"}),
        ("bad_json", {"sync-shape"}),
        ("code_in_200", {"code-in-200"}),
        ("server_error", {"status"}),
        ("server_error;html=1", {"status", "error-shape"}),
    ],
)
async def test_what_breaks_the_contract_is_told_and_not_altered(
    fault: str, rules: set[str]
) -> None:
    async with watched_mock() as (api, proxy):
        answer = await proxy.create(fault, **SYNC)
        assert set(answer.headers[VIOLATIONS_HEADER].split(", ")) == rules
        assert set(await proxy.rules()) == rules
        if fault in {"code_in_200", "server_error", "server_error;html=1"}:
            headers = {"Authorization": f"Bearer {KEY}", "X-Mock-Fault": fault}
            url, fields = api.base + "/images/generations", example_request() | SYNC
            async with api.client.post(url, json=fields, headers=headers) as plain:
                assert (answer.status, answer.body) == (plain.status, await plain.read())


async def test_a_record_is_no_poll() -> None:
    async with watched_mock() as (_, proxy):
        task_id = (await proxy.create(quality="low")).data["taskId"]
        for path in (f"images/generations?task_id={task_id}", f"records/{task_id}"):
            assert (await proxy.ask("GET", f"/api/v1/{path}")).status == 200
        assert await proxy.rules() == []


async def test_an_upstream_that_is_down_is_told_in_the_envelope() -> None:
    async with watching("http://127.0.0.1:9/api/v1", max_cost=Decimal(1)) as proxy:
        answer = await proxy.create(**SYNC)
        assert (answer.status, answer.json["error"]["code"]) == (502, "no_upstream")
        assert "the proxy got no answer from upstream" in answer.json["msg"]
        assert await proxy.spent() == 0


async def test_money_is_set_aside_before_and_given_back_for_failures() -> None:
    async with watched_mock(max_cost=Decimal("0.010")) as (api, proxy):
        answers = await asyncio.gather(*(proxy.create(**SYNC) for _ in range(6)))
        assert sorted(answer.status for answer in answers) == [200, 200, 402, 402, 402, 402]
        (refusal, *_) = (answer for answer in answers if answer.status == 402)
        assert refusal.json["error"]["code"] == "max_cost_reached"
        assert "0.010 of --max-cost 0.010 is spent; nothing was sent" in refusal.json["msg"]
        assert api.mock.store.counts()["calls"] == 2
        assert (await proxy.ask("GET", "/api/v1/models")).status == 200
        odd = await proxy.ask("POST", "/api/v1/chat/completions", {})
        assert (odd.status, "has no price for POST" in odd.json["msg"]) == (402, True)


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "code_in_200", "moderation"])
async def test_a_failure_costs_nothing_here_either(fault: str) -> None:
    async with watched_mock(max_cost=Decimal("0.005")) as (_, proxy):
        for _ in range(2):
            await proxy.create(fault, **SYNC)
        assert await proxy.spent() == 0
        assert (await proxy.create(**SYNC)).status == 200


async def test_a_task_that_fails_gives_its_price_back_once() -> None:
    async with watched_mock(max_cost=Decimal("0.010")) as (_, proxy):
        task_id = (await proxy.create("upstream_busy", quality="low")).data["taskId"]
        assert await proxy.spent() == Decimal("0.005")
        for _ in range(2):
            await proxy.ask("GET", f"/api/v1/images/generations?task_id={task_id}")
        assert await proxy.spent() == 0


async def test_what_was_sent_and_never_answered_may_have_cost() -> None:
    async with watched_mock(max_cost=Decimal("0.005")) as (_, proxy):
        assert (await proxy.create("reset;bytes=0", **SYNC)).status == 502
        assert await proxy.spent() == Decimal("0.005")


async def test_a_stream_passes_as_it_comes() -> None:
    async with running(profile="openai") as api, watching(api.base, profile="openai") as proxy:
        answer = await proxy.create(**SYNC, stream=True, partial_images=2)
        assert answer.media_type == "text/event-stream"
        assert answer.body.count(b"event: image_generation.partial_image\n") == 2
        assert await proxy.rules() == []


async def test_a_cassette_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "cassette.jsonl").write_text("")
    with pytest.raises(CassetteError, match="is there already; give another folder"):
        async with watching("http://127.0.0.1:9", record=tmp_path):
            pass
