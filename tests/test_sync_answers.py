"""Synchronous answers: the picture that was asked for, at once or as a stream."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientError

from contracts.oracle.sizes import legal_sizes
from contracts.samples import data_uri, gradient, text_of
from contracts.size import Size
from contracts.spec import load
from mock_server.clock import manual_clock
from tests.api import KEY, Api, example_request, running, until
from tests.forms import file_part
from tests.laws import matches, opened, own_contract, pictures, refused
from tests.wire import connection, head

LONGER_THAN_ANY_TASK_S = 1000.0
SIZE = "1024x640"
PICTURE = gradient(Size(64, 48))


@pytest.mark.parametrize(
    "size",
    [
        "512x1536",
        "1536x512",
        "1280x512",
        "640x1024",
        "816x816",
        "1536x1536",
        "1552x1024",
        "2880x2880",
        "3840x2160",
        "2160x3840",
        "3840x1280",
    ],
)
async def test_the_picture_measures_just_what_was_asked_for(size: str) -> None:
    async with running() as api:
        (picture,) = pictures(await api.create(size=size))
        assert picture.size == size


async def test_a_spread_of_all_legal_sizes_comes_out_exactly() -> None:
    sizes = [size for tier in legal_sizes(load()).values() for size in tier]
    async with running() as api:
        for size in sizes[:: len(sizes) // 6]:
            assert pictures(await api.create(size=str(size)))[0].size == str(size)


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
async def test_several_pictures_differ_and_each_is_served_under_its_url(output_format: str) -> None:
    async with running() as api:
        answer = await api.create(size=SIZE, n=3, output_format=output_format)
        shown = pictures(answer, n=3)
        assert len({picture.data for picture in shown}) == 3
        assert len({picture.url for picture in shown}) == 3
        for picture in shown:
            served = await api.get(picture.url, key=None)
            assert (served.status, served.media_type) == (200, f"image/{output_format}")
            assert served.body == picture.data


async def test_created_is_when_the_pictures_were_made() -> None:
    clock = manual_clock(start=1_800_000_000)
    async with running(clock=clock) as api:
        request = asyncio.ensure_future(api.create(size=SIZE, quality="low"))
        await until(lambda: clock.sleeping)
        clock.advance(45)
        created = (await request).json["created"]
        triangle = own_contract().latencies.seconds["low"]
        assert triangle.min <= created - 1_800_000_000 <= triangle.max


async def test_an_answer_comes_when_its_time_has_come_and_not_before() -> None:
    async with running(clock=manual_clock()) as api:
        request = asyncio.ensure_future(api.create(size=SIZE, quality="high"))
        await until(lambda: api.mock.clock.sleeping)
        await api.advance(own_contract().latencies.seconds["high"].min - 1)
        assert not request.done()
        await api.advance(LONGER_THAN_ANY_TASK_S)
        pictures(await request)


async def test_the_same_request_gives_the_same_picture_and_another_seed_another() -> None:
    found = []
    for seed in (1, 1, 2):
        async with running(seed=seed) as api:
            found.append(pictures(await api.create(size=SIZE))[0].data)
    assert found[0] == found[1] != found[2]


async def test_another_prompt_gives_another_picture() -> None:
    prompts = [
        "a red cube",
        "a red cuba",
        "x" * 32_000,
        "\u0000",
        "\u202e\ufeff",
        "日本語 🏔️ Ω",
        '\\"<>&',
    ]
    async with running() as api:
        found = [pictures(await api.create(size=SIZE, prompt=prompt))[0].data for prompt in prompts]
        assert len(set(found)) == len(prompts)


@pytest.mark.parametrize("output_format", ["png", "webp"])
async def test_a_transparent_background_is_transparent_and_an_opaque_one_is_not(
    output_format: str,
) -> None:
    async with running() as api:
        fields = {"size": SIZE, "output_format": output_format}
        (clear,) = pictures(await api.create(background="transparent", **fields))
        assert clear.image.mode == "RGBA"
        assert clear.image.getchannel("A").getextrema()[0] == 0
        (opaque,) = pictures(await api.create(background="opaque", **fields))
        assert not opaque.image.has_transparency_data


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
async def test_compression_decides_how_much_a_picture_weighs(output_format: str) -> None:
    async with running() as api:
        weights = []
        for compression in (0, 50, 100):
            fields: dict[str, Any] = {
                "output_format": output_format,
                "output_compression": compression,
            }
            weights.append(len(pictures(await api.create(size=SIZE, **fields))[0].data))
        assert weights == sorted(set(weights))


async def test_an_edit_that_asks_for_urls_gets_nothing_but_urls() -> None:
    async with running() as api:
        for answer in (
            await api.edit(size=SIZE, image=text_of(PICTURE), response_format="url"),
            await api.edit_form(file_part("image", PICTURE), size=SIZE, response_format="url"),
        ):
            matches(answer.json, "ImagesResponse")
            (item,) = answer.json["data"]
            assert item.keys() == {"url"}
            assert opened((await api.get(item["url"], key=None)).body).size == (1024, 640)


async def test_a_generation_always_has_both_also_when_it_becomes_an_edit() -> None:
    async with running() as api:
        for fields in ({}, {"image": text_of(PICTURE)}):
            pictures(await api.create(size=SIZE, response_format="url", **fields))


async def test_the_extras_are_as_openai_defines_them() -> None:
    async with running(profile="openai") as api:
        answer = await api.create(size="auto", quality="hd", n=2, background="transparent")
        pictures(answer, n=2, extras=True)
        body = answer.json
        assert (body["size"], body["quality"], body["output_format"]) == (
            "1024x1024",
            "high",
            "png",
        )
        assert body["background"] == "transparent"
        usage = body["usage"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        details = usage["input_tokens_details"]
        assert usage["input_tokens"] == details["image_tokens"] + details["text_tokens"]
        assert (details["image_tokens"], details["text_tokens"] > 0) == (0, True)
        edited = await api.edit(images=[{"image_url": data_uri(PICTURE)}])
        assert edited.json["usage"]["input_tokens_details"]["image_tokens"] > 0
        assert edited.json["quality"] == "medium"


# --- streams


def events(body: bytes) -> list[dict[str, Any]]:
    """The events of a whole stream, each framed as server-sent events are."""
    found = []
    frames = body.decode("ascii").split("\n\n")
    assert frames.pop() == ""
    for frame in frames:
        event, data = frame.split("\n")
        decoded = json.loads(data.removeprefix("data: "))
        assert event == f"event: {decoded['type']}"
        matches(decoded, "StreamEvent")
        found.append(decoded)
    return found


@pytest.mark.parametrize("n, partials", [(1, 0), (1, 1), (1, 3), (2, 2), (3, 0)])
async def test_a_stream_shows_previews_and_then_every_picture(n: int, partials: int) -> None:
    async with running(profile="openai") as api:
        answer = await api.create(size=SIZE, stream=True, partial_images=partials, n=n)
        assert (answer.status, answer.media_type) == (200, "text/event-stream")
        shown = events(answer.body)
        kinds = ["image_generation.partial_image"] * partials * n + [
            "image_generation.completed"
        ] * n
        assert [event["type"] for event in shown] == kinds
        indexes = [event.get("partial_image_index") for event in shown]
        assert indexes == [i for i in range(partials) for _ in range(n)] + [None] * n
        drawn = [opened(base64.b64decode(event["b64_json"], validate=True)) for event in shown]
        assert {image.size for image in drawn} == {(1024, 640)}
        assert len({event["b64_json"] for event in shown}) == len(shown)
        for event in shown:
            assert (event["size"], event["quality"]) == (SIZE, "medium")
            assert ("usage" in event) == event["type"].endswith("completed")


async def test_a_stream_ends_with_the_picture_that_is_answered_without_one() -> None:
    async with running(profile="openai") as api:
        (plain,) = pictures(await api.create(size=SIZE), extras=True)
        streamed = events((await api.create(size=SIZE, stream=True)).body)
        assert base64.b64decode(streamed[-1]["b64_json"]) == plain.data


async def test_an_edit_is_streamed_as_an_edit() -> None:
    async with running(profile="openai") as api:
        fields = {"stream": "true", "partial_images": "1", "size": SIZE}
        forms = await api.edit_form(file_part("image", PICTURE), **fields)
        routed = await api.create(size=SIZE, image=text_of(PICTURE), stream=True, partial_images=1)
        for answer in (forms, routed):
            kinds = [event["type"] for event in events(answer.body)]
            assert kinds == ["image_edit.partial_image", "image_edit.completed"]


async def test_a_stream_is_paid_once_and_has_a_record() -> None:
    async with running(profile="openai") as api:
        before = await api.money()
        answer = await api.create(size=SIZE, stream=True, n=2, quality="low")
        price = 2 * own_contract().prices.per_image["1K"]["low"]
        assert before.total - (await api.money()).total == price
        assert (await api.get(f"/records/{answer.request_id}")).data["credits"] == price


@pytest.mark.parametrize(
    "profile, fields, problem",
    [
        ("provider", {"size": SIZE}, "streaming is not offered"),
        ("provider", {}, "streaming is not offered"),
        ("openai", {"resolution": "2K"}, "only a synchronous request"),
        ("openai", {"callback_url": "http://mock.example/"}, "only a synchronous request"),
    ],
)
async def test_what_is_not_streamed_is_refused_as_json_before_it_begins(
    profile: str, fields: dict[str, Any], problem: str
) -> None:
    async with running(profile=profile) as api:
        answer = await api.create(stream=True, **fields)
        refused(answer, 400, f"stream: {problem}", param="stream")


@pytest.mark.parametrize("value", ["true", 1, 0, "yes", [True], {}])
async def test_stream_is_true_or_false(value: object) -> None:
    async with running(profile="openai") as api:
        refused(await api.create(size=SIZE, stream=value), 400, "stream: must be", param="stream")


@pytest.mark.parametrize("profile", ["provider", "openai"])
@pytest.mark.parametrize("value", [-1, 4, 1.5, "2", True])
async def test_previews_are_counted_from_none_to_three_streamed_or_not(
    profile: str, value: object
) -> None:
    async with running(profile=profile) as api:
        answer = await api.create(size=SIZE, partial_images=value)
        refused(answer, 400, "an integer from 0 to 3", param="partial_images")


@asynccontextmanager
async def streaming(api: Api) -> AsyncIterator[asyncio.StreamReader]:
    """A stream under way, as far as its head."""
    fields = {**example_request(), "size": SIZE, "stream": True, "partial_images": 2}
    body = json.dumps(fields).encode()
    async with connection(api) as (reader, writer):
        line = "POST /api/v1/images/generations HTTP/1.1"
        writer.write(
            head(line, "Content-Type: application/json", f"Content-Length: {len(body)}") + body
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        yield reader


async def test_previews_come_one_by_one_as_time_goes_on() -> None:
    clock = manual_clock()
    async with running(profile="openai", clock=clock) as api, streaming(api) as reader:
        for index in range(2):
            await until(lambda: clock.sleeping)
            clock.advance(31)
            data = await reader.readuntil(b"\n\n")
            assert b'"partial_image_index":%d' % index in data
        assert (await api.money()).frozen > 0
        clock.advance(LONGER_THAN_ANY_TASK_S)
        assert b"image_generation.completed" in await reader.readuntil(b"\n\n")
        assert (await api.money()).frozen == 0


async def test_a_client_that_leaves_a_stream_pays_all_the_same() -> None:
    clock = manual_clock()
    async with running(profile="openai", clock=clock) as api:
        async with streaming(api):
            await until(lambda: clock.sleeping)
        price = own_contract().prices.per_image["1K"]["medium"]
        assert (await api.money()).frozen == price
        before = (await api.money()).total
        clock.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: api.mock.store.account(KEY).frozen == 0)
        assert await api.money() == (before - price, before - price, 0)


async def test_a_stream_that_breaks_in_the_middle_is_cut_off_and_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(profile="openai", may_log="bug in the mock") as api:
        draw, drawn = type(api.mock).draw, []

        async def break_down(mock: Any, scene: Any) -> Any:
            drawn.append(scene)
            if len(drawn) > 1:
                raise RuntimeError("torn")
            return await draw(mock, scene)

        monkeypatch.setattr(type(api.mock), "draw", break_down)
        before = await api.money()
        with pytest.raises(ClientError):
            await asyncio.wait_for(api.create(size=SIZE, stream=True, partial_images=2), timeout=10)
        assert await api.money() == before
