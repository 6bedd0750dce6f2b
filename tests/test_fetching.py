"""References fetched from the network, where the mock is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from aiohttp import web

from contracts.oracle.masks import kept_problems
from contracts.samples import gradient, half_mask
from contracts.size import Size
from mock_server import fetching
from mock_server.fetching import Fetcher
from tests.api import Api, running
from tests.laws import own_contract, pictures, refused
from tests.receivers import listening_to

WHOLE = Size(1024, 640)
SIZE = "1024x640"
TABLE = own_contract().references


class Place(NamedTuple):
    """A mock that fetches, and where it may fetch from."""

    api: Api
    url: str
    asked: list[web.Request]


@asynccontextmanager
async def fetching_mock(**settings: Any) -> AsyncIterator[Place]:
    """A mock that fetches from private hosts as well, and a server with pictures."""
    asked: list[web.Request] = []
    files = {
        "picture.png": gradient(WHOLE),
        "mask.png": half_mask(WHOLE),
        "text.png": b"no picture",
    }

    async def serve(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        name = request.match_info["name"]
        if name == "moved.png":
            raise web.HTTPFound("/picture.png")
        if name == "hangs.png":
            await asyncio.Event().wait()
        if name == "broken.png":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b"half")
            assert request.transport is not None
            request.transport.abort()
            return response
        if name not in files:
            raise web.HTTPNotFound
        return web.Response(body=files[name])

    app = web.Application()
    app.router.add_get("/{name}", serve)
    chosen = {"fetch_urls": True, "allow_private_urls": True, **settings}
    async with listening_to(app) as url, running(**chosen) as api:
        yield Place(api, url, asked)


async def test_a_picture_and_a_mask_are_fetched_and_used() -> None:
    async with fetching_mock() as (api, url, asked):
        fields = {"image_url": f"{url}/picture.png", "mask_url": f"{url}/mask.png"}
        (picture,) = pictures(await api.create(size=SIZE, **fields))
        assert not kept_problems(picture.data, gradient(WHOLE), half_mask(WHOLE))
        assert [request.path for request in asked] == ["/picture.png", "/mask.png"]
        assert all("Authorization" not in request.headers for request in asked)


async def test_the_ratio_of_what_was_fetched_counts() -> None:
    async with fetching_mock() as (api, url, _):
        await api.task(image_url=f"{url}/picture.png", aspect_ratio="auto", resolution="1K")
        (task,) = (await api.control("GET", "tasks")).json["tasks"]
        assert task["size"] == "1536x960"


@pytest.mark.parametrize(
    "name, problem",
    [
        ("gone.png", "cannot be fetched: HTTP status 404"),
        ("moved.png", "cannot be fetched: HTTP status 302"),
        ("broken.png", "cannot be fetched: "),
        ("text.png", "got 10 bytes: the bytes are no PNG, JPEG or WebP picture"),
    ],
)
async def test_what_cannot_be_fetched_is_refused(name: str, problem: str) -> None:
    async with fetching_mock() as (api, url, _):
        for field in ("image", "image_url"):
            answer = await api.create(size=SIZE, **{field: f"{url}/{name}"})
            refused(answer, 400, f"{field}: ", problem, param=field)
        assert (await api.money()).total == api.mock.settings.balance


async def test_nobody_there_is_refused() -> None:
    async with fetching_mock() as (api, _, _asked):
        answer = await api.create(size=SIZE, image_url="http://127.0.0.1:9/a.png")
        refused(answer, 400, "cannot be fetched: Cannot connect", param="image_url")


async def test_a_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_TIMEOUT_S", 0.05)
    async with fetching_mock() as (api, url, _):
        answer = await api.create(size=SIZE, image_url=f"{url}/hangs.png")
        refused(answer, 400, "no answer within 0.05 s", param="image_url")


async def test_what_is_too_large_is_not_read_to_its_end() -> None:
    async with fetching_mock() as (api, url, _):
        limit = len(gradient(WHOLE)) - 1
        fetcher = Fetcher(replace(TABLE, max_bytes=limit), allow_private=True)
        api.mock.fetcher = fetcher
        answer = await api.create(size=SIZE, image_url=f"{url}/picture.png")
        refused(answer, 400, f"more than {limit:,} bytes", param="image_url")
        await fetcher.close()


async def test_private_hosts_are_not_fetched_without_leave() -> None:
    async with fetching_mock(allow_private_urls=False) as (api, url, asked):
        answer = await api.create(size=SIZE, image_url=f"{url}/picture.png")
        refused(answer, 400, TABLE.private_text, param="image_url")
        task = await api.poll(await api.task(image_url=f"{url}/picture.png"))
        assert task["failCode"] == TABLE.private_fail_code
        assert not asked


async def test_a_name_that_resolves_to_a_private_address_is_private(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def resolve(*_: object) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", 0))]

    async with fetching_mock(allow_private_urls=False) as (api, _, asked):
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        fetched = await api.mock.fetcher.fetch("http://rebound.example/picture.png")
        assert (fetched.data, fetched.private) == (None, True)
        assert not asked


async def test_an_upload_is_not_fetched_over_the_network() -> None:
    async with fetching_mock() as (api, _, asked):
        upload = await api.upload(gradient(WHOLE))
        assert pictures(await api.create(size=SIZE, image_url=upload))[0].size == SIZE
        assert not asked
