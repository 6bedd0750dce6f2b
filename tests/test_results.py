"""The URLs of pictures and uploads: who may fetch them, what they serve, and for how long."""

import asyncio
from typing import Any

import pytest

from contracts.samples import gradient, text_of
from contracts.size import Size
from mock_server.clock import manual_clock
from tests.api import Api, running, until
from tests.laws import own_contract, pictures, refused

LONGER_THAN_ANY_TASK_S = 1000.0
SIZE = "1024x640"
PICTURE = gradient(Size(64, 48))
KEPT_S = own_contract().retention_s


async def sync_url(api: Api, **fields: Any) -> str:
    """The URL of a synchronous picture on a manual clock."""
    request = asyncio.ensure_future(api.create(size=SIZE, **fields))
    await until(lambda: api.mock.clock.sleeping)
    await api.advance(LONGER_THAN_ANY_TASK_S)
    return pictures(await request)[0].url


async def task_url(api: Api) -> str:
    """The URL of a task's picture on a manual clock."""
    task_id = await api.task()
    await api.advance(LONGER_THAN_ANY_TASK_S)
    return str((await api.poll(task_id))["resultUrls"][0])


async def test_everything_is_kept_for_seven_days_and_then_unknown() -> None:
    async with running(clock=manual_clock()) as api:
        upload = await api.upload(PICTURE)
        edit = await sync_url(api, image=text_of(PICTURE))
        urls = [await sync_url(api), edit, await task_url(api), upload]
        task_id = urls[2].rpartition("/")[2].rpartition("-")[0]
        record = urls[0].rpartition("/")[2].rpartition("-")[0]
        paths = [
            f"/images/generations?task_id={task_id}",
            f"/records/{task_id}",
            f"/records/{record}",
        ]
        await api.advance(KEPT_S - 4 * LONGER_THAN_ANY_TASK_S)
        for url in urls:
            assert (await api.get(url, key=None)).status == 200
        for path in paths:
            assert (await api.get(path)).status == 200
        await api.advance(5 * LONGER_THAN_ANY_TASK_S)
        for url in urls:
            refused(await api.get(url, key=None), 404, "No such")
        for path in paths:
            assert (await api.get(path)).status == 404


async def test_the_last_second_of_a_result_is_counted_from_its_end() -> None:
    async with running(clock=manual_clock()) as api:
        task_id = await api.task()
        await api.advance(LONGER_THAN_ANY_TASK_S)
        task = await api.poll(task_id)
        (url,) = task["resultUrls"]
        passed = api.mock.clock.now() - task["completeTime"] / 1000
        await api.advance(KEPT_S - passed - 1)
        assert (await api.get(url, key=None)).status == 200
        await api.advance(2)
        refused(await api.get(url, key=None), 404, "No such result")


async def test_a_url_is_good_for_any_key_and_for_none() -> None:
    async with running() as api:
        (picture,) = pictures(await api.create(size=SIZE))
        for key in (None, "sk_test", "sk_other", "\u00e9"):
            assert (await api.get(picture.url, key=key)).body == picture.data


@pytest.mark.parametrize("prefix", own_contract().prefixes)
async def test_a_url_stays_under_the_prefix_that_was_asked(prefix: str) -> None:
    async with running() as api:
        api.base = api.origin + prefix
        (picture,) = pictures(await api.create(size=SIZE))
        upload = await api.upload(PICTURE)
        for url in (picture.url, upload):
            assert url.startswith(api.base + "/")
            assert (await api.get(url, key=None)).status == 200
            other = url.replace(prefix, next(p for p in own_contract().prefixes if p != prefix), 1)
            assert (await api.get(other, key=None)).status == 200


async def test_a_head_tells_what_a_get_would_serve() -> None:
    async with running() as api:
        (picture,) = pictures(await api.create(size=SIZE))
        upload = await api.upload(PICTURE)
        for url, length in ((picture.url, len(picture.data)), (upload, len(PICTURE))):
            answer = await api.ask("HEAD", url, key=None)
            assert (answer.status, answer.media_type) == (200, "image/png")
            assert int(answer.headers["Content-Length"]) == length


async def test_a_result_is_unknown_until_it_is_finished_and_when_it_failed() -> None:
    async with running(clock=manual_clock()) as api:
        running_id, failing = await api.task(), await api.task()
        for task_id in (running_id, failing):
            url = f"/results/{task_id}-0.png"
            refused(await api.get(url, key=None), 404, "No such result")
        await api.control("POST", f"tasks/{failing}", {"fail": "OTHER"})
        await api.advance(LONGER_THAN_ANY_TASK_S)
        assert (await api.get(f"/results/{running_id}-0.png", key=None)).status == 200
        refused(await api.get(f"/results/{failing}-0.png", key=None), 404, "No such result")


@pytest.mark.parametrize(
    "ending", ["-1.png", "-0.jpeg", "-00.png", "-0", ".png", "-0.png.png", "-9999999.png", ""]
)
async def test_a_name_that_is_slightly_wrong_is_unknown(ending: str) -> None:
    async with running() as api:
        task_id = await api.task()
        refused(await api.get(f"/results/{task_id}{ending}", key=None), 404, "No such result")


@pytest.mark.parametrize(
    "media_type, served_as",
    [
        ("image/png", "image/png"),
        ("image/heic", "image/heic"),
        ("text/html; charset=utf-8", "text/html"),
        ("junk", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("image/png\u00e9", "application/octet-stream"),
    ],
)
async def test_an_upload_is_served_byte_by_byte(media_type: str, served_as: str) -> None:
    async with running() as api:
        for content in (b"", bytes(range(256)) * 3000):
            url = await api.upload(content, media_type=media_type)
            answer = await api.get(url, key=None)
            assert (answer.status, answer.media_type, answer.body) == (200, served_as, content)


async def test_names_are_unguessable_and_never_the_same() -> None:
    async with running() as api:
        urls = [await api.upload(PICTURE) for _ in range(20)]
        tasks = [await api.task() for _ in range(20)]
        names = [url.rpartition("/")[2] for url in urls] + tasks
        assert len(set(names)) == 40
        assert min(map(len, names)) >= 20
