"""The watching proxy before a mock, a faulty one or nothing; and the replay of what it saw."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientSession, web

from mock_server.cassette import CassetteError
from mock_server.proxy import VIOLATIONS_HEADER, create_proxy
from mock_server.serving import listening
from mock_server.settings import ProxySettings
from tests.api import Api, example_request, running
from tests.laws import Answer, opened, own_contract

KEY = "sk_very_secret_key"
SYNC = {"size": "1024x640", "quality": "low"}


class Watched(NamedTuple):
    """A proxy and a client of it."""

    origin: str
    client: ClientSession

    async def ask(
        self, method: str, path: str, fields: Any = None, *, fault: str = "", key: str | None = KEY
    ) -> Answer:
        """One request through the proxy."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= {"X-Mock-Fault": fault} if fault else {}
        url = f"{self.origin}{path}"
        async with self.client.request(method, url, json=fields, headers=headers) as got:
            return Answer(got.status, got.headers, await got.read())

    async def create(self, fault: str = "", **fields: Any) -> Answer:
        """The contract's example request with these fields."""
        whole = {**example_request(), **fields}
        return await self.ask("POST", "/api/v1/images/generations", whole, fault=fault)

    async def spent(self) -> Decimal:
        """What the proxy believes was spent."""
        return Decimal((await self.ask("GET", "/_mock/")).json["spent"])

    async def rules(self) -> list[str]:
        """The rules that were seen to be broken."""
        found = (await self.ask("GET", "/_mock/violations")).json["violations"]
        for violation in found:
            entry = own_contract().document["x-contract"]["rules"][violation["rule"]]  # type: ignore[index]
            assert violation["basis"] == entry["basis"]
            assert violation["statement"] == entry["statement"]
        return [violation["rule"] for violation in found]


@asynccontextmanager
async def watching(upstream: str, **settings: Any) -> AsyncIterator[Watched]:
    """A proxy in front of it."""
    app = create_proxy(own_contract(), ProxySettings(upstream=upstream, **settings))
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
    async with listening(runner, "127.0.0.1", 0) as origin, ClientSession() as client:
        yield Watched(origin, client)


@asynccontextmanager
async def watched_mock(**settings: Any) -> AsyncIterator[tuple[Api, Watched]]:
    """A mock and a proxy in front of it."""
    async with running(may_log=" breaks ") as api, watching(api.base, **settings) as proxy:
        yield api, proxy


def lines(folder: Path) -> list[Any]:
    """The exchanges on a cassette."""
    return [json.loads(line) for line in (folder / "cassette.jsonl").read_text().splitlines()]


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


async def test_a_cassette_has_neither_keys_nor_pictures_and_is_played(tmp_path: Path) -> None:
    folder = tmp_path / "cassette"
    async with watched_mock(record=folder) as (api, proxy):
        asked = [
            await proxy.create(**SYNC, prompt="a cube"),
            await proxy.create(**{**SYNC, "size": "7x7"}),
            await proxy.ask("GET", "/api/v1/models"),
            await proxy.create("bad_base64", **SYNC, prompt="a ball"),
        ]
        picture = asked[0].json["data"][0]
    text = (folder / "cassette.jsonl").read_text()
    assert KEY not in text
    assert picture["b64_json"][:200] not in text
    assert api.origin not in text
    assert list(folder.iterdir()) == [folder / "cassette.jsonl"]
    assert lines(folder)[0]["request"]["fields"]["prompt"] == "a cube"
    async with running(replay=folder) as mock:
        replay = Watched(mock.origin, mock.client)
        again = await replay.create(**SYNC, prompt="a cube")
        assert again.request_id == asked[0].request_id
        (shown,) = again.json["data"]
        served = await mock.get(shown["url"], key=None)
        assert opened(served.body).size == (1024, 640)
        refusal = await replay.create(**{**SYNC, "size": "7x7"})
        assert (refusal.status, refusal.json) == (400, asked[1].json)
        assert (await replay.create(**SYNC, prompt="a ball")).json["data"][0]["b64_json"][0] == "!"
        other = await replay.create(**SYNC, prompt="never asked before")
        assert other.request_id.startswith("req_")
        assert mock.mock.store.counts()["calls"] == 1


async def test_whole_pictures_are_kept_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "cassette"
    async with watched_mock(record=folder, record_pictures=True) as (_, proxy):
        first = await proxy.create(**SYNC)
    async with running(replay=folder) as mock:
        again = await Watched(mock.origin, mock.client).create(**SYNC)
        assert again.json["data"][0]["b64_json"] == first.json["data"][0]["b64_json"]


async def test_a_cassette_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "cassette.jsonl").write_text("")
    with pytest.raises(CassetteError, match="is there already; give another folder"):
        async with watching("http://127.0.0.1:9", record=tmp_path):
            pass
