"""What a proxy recorded is answered again, and lived through: its price, its time, its task."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import FormData

from mock_server.clock import manual_clock
from tests.api import example_request, running
from tests.laws import opened
from tests.watched import KEY, SYNC, Watched, lines, watched_mock

POLL = "/api/v1/images/generations?task_id="


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
        assert mock.mock.store.counts()["calls"] == 3


async def test_whole_pictures_are_kept_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "cassette"
    async with watched_mock(record=folder, record_pictures=True) as (_, proxy):
        first = await proxy.create(**SYNC)
    async with running(replay=folder) as mock:
        again = await Watched(mock.origin, mock.client).create(**SYNC)
        assert again.json["data"][0]["b64_json"] == first.json["data"][0]["b64_json"]


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
async def test_a_picture_compressed_harder_is_replayed_smaller(
    tmp_path: Path, output_format: str
) -> None:
    wishes = {**SYNC, "output_format": output_format}
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        for compression in (0, 100):
            await proxy.create(**wishes, output_compression=compression)
    async with running(replay=tmp_path / "cassette") as mock:
        replay = Watched(mock.origin, mock.client)
        hard, soft = [
            (await replay.create(**wishes, output_compression=compression)).json["data"][0]
            for compression in (0, 100)
        ]
        assert len(hard["b64_json"]) < len(soft["b64_json"])


async def test_what_was_recorded_is_paid_and_takes_its_time_by_the_rules(tmp_path: Path) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        recorded = await proxy.create(**SYNC, prompt="a cube")
        await proxy.ask("GET", "/api/v1/balance")
    async with running(replay=tmp_path / "cassette", time_scale=0.001) as mock:
        replay = Watched(mock.origin, mock.client)
        before = mock.mock.clock.now()
        again = await replay.create(**SYNC, prompt="a cube")
        assert again.request_id == recorded.request_id
        assert mock.mock.clock.now() - before >= 30
        assert await _total(replay) == Decimal(1000) - Decimal("0.005")
        record = await replay.ask("GET", f"/api/v1/records/{again.request_id}")
        assert (record.json["data"]["settled"], record.json["data"]["credits"]) == (
            True,
            Decimal("0.005"),
        )


async def test_a_recorded_task_is_held_then_paid_and_ends_as_recorded(tmp_path: Path) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        task_id = (await proxy.create(aspect_ratio="16:9")).json["data"]["taskId"]
        recorded = (await proxy.ask("GET", POLL + task_id)).json["data"]
    assert recorded["state"] == "completed"
    async with running(replay=tmp_path / "cassette", clock=manual_clock()) as mock:
        replay = Watched(mock.origin, mock.client)
        assert (await replay.create(aspect_ratio="16:9")).json["data"]["taskId"] == task_id
        assert (await replay.ask("GET", POLL + task_id)).json["data"]["state"] == "pending"
        assert await _total(replay) == Decimal(1000)
        mock.mock.clock.advance(200)
        ended = (await replay.ask("GET", POLL + task_id)).json["data"]
        (url,) = ended["resultUrls"]
        assert (ended["state"], ended["credits"]) == ("completed", recorded["credits"])
        assert url.startswith(mock.origin)
        assert ended["createTime"] <= ended["completeTime"]
        assert (await mock.get(url, key=None)).status == 200
        assert await _total(replay) == Decimal(1000) - Decimal(str(recorded["credits"]))


async def test_a_task_that_failed_fails_again_and_is_free(tmp_path: Path) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        task_id = (await proxy.create("upstream_busy", aspect_ratio="1:1")).json["data"]["taskId"]
        await proxy.ask("GET", POLL + task_id)
    async with running(replay=tmp_path / "cassette") as mock:
        replay = Watched(mock.origin, mock.client)
        await replay.create(aspect_ratio="1:1")
        failed = (await replay.ask("GET", POLL + task_id)).json["data"]
        assert (failed["state"], failed["failCode"]) == ("failed", "UPSTREAM_BUSY")
        assert await _total(replay) == Decimal(1000)


async def test_what_the_rules_refuse_today_is_answered_as_recorded_and_free(tmp_path: Path) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        await proxy.create(**SYNC)
    async with running(replay=tmp_path / "cassette", balance=Decimal("0.001")) as mock:
        replay = Watched(mock.origin, mock.client)
        assert (await replay.create(**SYNC)).status == 200
        assert await _total(replay) == Decimal("0.001")


@pytest.mark.parametrize("place", ["api_key", "access_token", "x-auth"])
async def test_a_key_in_the_query_is_not_written(tmp_path: Path, place: str) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        refused = await proxy.ask("GET", f"/api/v1/models?page=1&{place}={KEY}", key=None)
    text = (tmp_path / "cassette" / "cassette.jsonl").read_text()
    assert KEY not in text
    assert "page=1" in text
    async with running(replay=tmp_path / "cassette") as mock:
        replay = Watched(mock.origin, mock.client)
        again = await replay.ask("GET", f"/api/v1/models?page=1&{place}={KEY}", key=None)
        assert (again.status, again.request_id) == (401, refused.request_id)


async def _total(replay: Watched) -> Decimal:
    balance = await replay.ask("GET", "/api/v1/balance")
    return Decimal(str(balance.json["data"]["total"]))


async def test_an_uploaded_file_is_served_again_as_long_as_the_rules_say(tmp_path: Path) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        url = await _upload(proxy, b"a file")
        path = "/api" + url.partition("/api")[2]
        assert (await proxy.ask("GET", path, key=None)).body == b"a file"
    async with running(replay=tmp_path / "cassette", clock=manual_clock()) as mock:
        replay = Watched(mock.origin, mock.client)
        assert await _upload(replay, b"a file") == mock.origin + path
        served = await replay.ask("GET", path, key=None)
        assert (served.body, served.headers["Content-Type"]) == (b"a file", "image/png")
        mock.mock.clock.advance(8 * 24 * 3600)
        assert (await replay.ask("GET", path, key=None)).status == 404


async def _upload(through: Watched, data: bytes) -> str:
    form = FormData()
    form.add_field("file", data, content_type="image/png", filename="a.png")
    url, headers = f"{through.origin}/api/v1/files", {"Authorization": f"Bearer {KEY}"}
    async with through.client.post(url, data=form, headers=headers) as answer:
        return str((await answer.json())["data"]["publicUrl"])


async def test_a_bare_scheme_is_no_key(tmp_path: Path) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        url, bare = f"{proxy.origin}/api/v1/models", {"Authorization": "Bearer"}
        async with proxy.client.get(url, headers=bare) as refused:
            challenge = refused.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer")
    (exchange,) = lines(tmp_path / "cassette")
    assert exchange["response"]["headers"]["www-authenticate"] == challenge


async def test_a_client_that_waits_is_told_to_go_on(tmp_path: Path) -> None:
    async with watched_mock(record=tmp_path / "cassette") as (_, proxy):
        await proxy.create(**SYNC)
    async with running(replay=tmp_path / "cassette") as mock:
        url = f"{mock.origin}/api/v1/images/generations"
        headers = {"Authorization": f"Bearer {KEY}"}
        fields = {**example_request(), **SYNC}
        async with asyncio.timeout(10):
            told = mock.client.post(url, json=fields, headers=headers, expect100=True)
            async with told as answer:
                assert answer.status == 200
