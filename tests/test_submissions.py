"""What a request comes to: its mode, its size and price, in both profiles; and under which URL."""

from decimal import Decimal
from typing import Any

import pytest

from contracts.samples import gradient, text_of
from contracts.size import Size
from mock_server.clock import manual_clock
from tests.api import Api, example_request, running
from tests.laws import own_contract, pictures, refused

PICTURE = gradient(Size(64, 48))
SIZE = "1024x640"
PRICES = own_contract().prices.per_image


async def decided(api: Api, **fields: Any) -> dict[str, Any]:
    """What the journal tells of a request that is accepted."""
    answer = await api.create(**fields)
    assert answer.status == 200, answer.body
    return dict(api.mock.journal.latest()[0].decided)


@pytest.mark.parametrize(
    "fields, mode, size",
    [
        ({"size": SIZE}, "sync", SIZE),
        ({}, "async", "1024x1024"),
        ({"size": None}, "async", "1024x1024"),
        ({"size": "auto"}, "async", "1024x1024"),
        ({"size": SIZE, "callback_url": "http://127.0.0.1:9/"}, "async", SIZE),
        ({"size": SIZE, "aspect_ratio": "16:9", "resolution": "4K"}, "sync", SIZE),
        ({"resolution": "2K"}, "async", "2048x2048"),
        ({"resolution": "4k", "aspect_ratio": "16:9"}, "async", "3840x2160"),
        ({"aspect_ratio": "9:16", "resolution": "2K"}, "async", "1152x2048"),
        ({"aspect_ratio": "3:2"}, "async", "1536x1024"),
        ({"aspect_ratio": "2.35:1"}, "async", "1536x640"),
        ({"aspect_ratio": "3:1"}, "async", "1536x512"),
        ({"aspect_ratio": "auto"}, "async", "1024x1024"),
    ],
)
async def test_the_size_decides_the_mode(fields: dict[str, Any], mode: str, size: str) -> None:
    async with running() as api:
        found = await decided(api, **fields)
        assert (found["mode"], found["size"]) == (mode, size)


@pytest.mark.parametrize(
    "fields, mode, size, price",
    [
        ({}, "sync", "1024x1024", "0.025"),
        ({"size": "auto", "quality": "auto"}, "sync", "1024x1024", "0.025"),
        ({"size": None, "n": None}, "sync", "1024x1024", "0.025"),
        ({"model": None, "quality": "hd"}, "sync", "1024x1024", "0.07"),
        (
            {"model": "dall-e-3", "quality": "standard", "style": "vivid"},
            "sync",
            "1024x1024",
            "0.025",
        ),
        ({"model": "gpt-image-1.5", "style": 7}, "sync", "1024x1024", "0.025"),
        ({"size": SIZE, "quality": "low"}, "sync", SIZE, "0.005"),
        ({"resolution": "2K"}, "async", "2048x2048", "0.04"),
        ({"aspect_ratio": "1:1"}, "async", "1024x1024", "0.025"),
        ({"callback_url": "http://127.0.0.1:9/"}, "async", "1024x1024", "0.025"),
        ({"size": SIZE, "callback_url": "http://127.0.0.1:9/"}, "async", SIZE, "0.025"),
    ],
)
async def test_the_profile_openai_answers_what_names_no_task(
    fields: dict[str, Any], mode: str, size: str, price: str
) -> None:
    async with running(profile="openai") as api:
        found = await decided(api, **fields)
        assert (found["mode"], found["size"]) == (mode, size)
        assert found["price"] == Decimal(price)


@pytest.mark.parametrize(
    "fields, param, says",
    [
        ({"quality": "hd"}, "quality", "one of low, medium, high, auto; got 'hd'"),
        ({"quality": "standard"}, "quality", "got 'standard'"),
        (
            {"model": "dall-e-3"},
            "model",
            "Invalid model: dall-e-3. Supported models: gpt-image-2-all",
        ),
        ({"model": None}, "model", "is required"),
        ({"model": ""}, "model", "must be the name of a model"),
        ({"model": 7}, "model", "got 7"),
    ],
)
async def test_the_profile_provider_keeps_to_its_own_names(
    fields: dict[str, Any], param: str, says: str
) -> None:
    async with running() as api:
        refused(await api.create(size=SIZE, **fields), 400, says, param=param)


async def test_the_text_of_an_unknown_model_ends_with_the_list() -> None:
    async with running() as api:
        message = refused(await api.create(model="x y"), 400, param="model")
        assert message == "Invalid model: x y. Supported models: gpt-image-2-all"


@pytest.mark.parametrize(
    "fields, param, says",
    [
        ({"size": "1000x1000"}, "size", "multiples of 16; got '1000x1000' (breaks size-grid)"),
        ({"size": "4096x2048"}, "size", "size-edge"),
        ({"size": "1552x512"}, "size", "size-ratio"),
        ({"size": "1008x640"}, "size", "size-pixels"),
        ({"size": "3840x2176"}, "size", "size-pixels"),
        ({"size": "16x16"}, "size", "nearest legal sizes: "),
        ({"size": "99999999999999999999x16"}, "size", "size-edge"),
        ({"size": "9" * 400 + "x16"}, "size", "must be"),
        ({"size": "1024X640"}, "size", "WIDTHxHEIGHT"),
        ({"size": "01024x640"}, "size", "WIDTHxHEIGHT"),
        ({"size": " 1024x640"}, "size", "WIDTHxHEIGHT"),
        ({"size": "1024x640\n"}, "size", "WIDTHxHEIGHT"),
        ({"size": "\u0661\u0660\u0662\u0664x640"}, "size", "WIDTHxHEIGHT"),
        ({"size": "0x640"}, "size", "WIDTHxHEIGHT"),
        ({"size": "-1024x640"}, "size", "WIDTHxHEIGHT"),
        ({"size": "1024x640x3"}, "size", "WIDTHxHEIGHT"),
        ({"size": ""}, "size", "WIDTHxHEIGHT"),
        ({"size": "large"}, "size", "WIDTHxHEIGHT"),
        ({"size": 1024}, "size", "got 1024"),
        ({"size": ["1024x640"]}, "size", "got ['1024x640']"),
        ({"size": SIZE, "aspect_ratio": "0:9"}, "aspect_ratio", "got '0:9'"),
        ({"size": SIZE, "resolution": "9K"}, "resolution", "got '9K'"),
        ({"aspect_ratio": "3.01:1"}, "aspect_ratio", "at most 3:1"),
        ({"aspect_ratio": "1:3.01"}, "aspect_ratio", "at most 3:1"),
        ({"aspect_ratio": "16x9"}, "aspect_ratio", "got '16x9'"),
        ({"aspect_ratio": "16:9\n"}, "aspect_ratio", "aspect_ratio: must be"),
        ({"aspect_ratio": "9" * 400 + ":1"}, "aspect_ratio", "aspect_ratio: must be"),
        ({"aspect_ratio": "1e3:1"}, "aspect_ratio", "got '1e3:1'"),
        ({"aspect_ratio": "AUTO"}, "aspect_ratio", "got 'AUTO'"),
        ({"aspect_ratio": 1.5}, "aspect_ratio", "got 1.5"),
        ({"resolution": "8K"}, "resolution", "1K"),
        ({"resolution": 4}, "resolution", "got 4"),
        ({"resolution": ""}, "resolution", "got ''"),
        ({"n": 0}, "n", "an integer from 1 to 10; got 0"),
        ({"n": 11}, "n", "an integer from 1 to 10; got 11"),
        ({"n": "2"}, "n", "got '2'"),
        ({"n": True}, "n", "got true"),
        ({"n": 1.5}, "n", "got 1.5"),
        ({"n": 10**18}, "n", "got 1000000000000000000"),
        ({"n": [1]}, "n", "got [1]"),
        ({"prompt": None}, "prompt", "is required"),
        ({"prompt": ""}, "prompt", "a non-blank string"),
        ({"prompt": " \t\n\u3000"}, "prompt", "a non-blank string"),
        ({"prompt": "x" * 32_001}, "prompt", "at most 32,000 characters"),
        ({"prompt": 7}, "prompt", "got 7"),
        ({"prompt": ["x"]}, "prompt", "got ['x']"),
        ({"quality": "ultra"}, "quality", "one of low, medium, high, auto"),
        ({"quality": 1}, "quality", "got 1"),
        ({"background": "white"}, "background", "transparent, opaque, auto; got 'white'"),
        ({"background": "transparent", "output_format": "jpeg"}, "background", "alpha"),
        ({"output_format": "gif"}, "output_format", "png, jpeg, webp; got 'gif'"),
        ({"output_compression": 101}, "output_compression", "0 to 100; got 101"),
        ({"output_compression": -1}, "output_compression", "0 to 100; got -1"),
        ({"response_format": "png"}, "response_format", "b64_json, url; got 'png'"),
        ({"stream": True}, "stream", "not offered"),
        ({"stream": "true"}, "stream", "got 'true'"),
    ],
)
async def test_what_is_not_allowed_is_refused_by_name_with_what_came_and_what_is(
    fields: dict[str, Any], param: str, says: str
) -> None:
    async with running() as api:
        whole = (
            {"size": SIZE, **fields}
            if not {"aspect_ratio", "resolution"} & fields.keys()
            else fields
        )
        answer = await api.create(**whole)
        refused(answer, 400, f"{param}: ", says, param=param)
        assert set(api.mock.store.counts().values()) == {0, api.mock.store.counts()["accounts"]}
        assert (await api.money()).total == api.mock.settings.balance


@pytest.mark.parametrize("n, count", [(1.0, 1), (10, 10), (None, 1)])
async def test_a_whole_number_is_one_however_it_is_written(n: object, count: int) -> None:
    async with running() as api:
        assert (await decided(api, n=n))["n"] == count


async def test_a_prompt_is_measured_in_code_points() -> None:
    async with running() as api:
        for prompt in ("x" * 32_000, "🏔" * 32_000):
            assert (await api.create(prompt=prompt)).status == 200
        refused(await api.create(prompt="🏔" * 32_001), 400, "32,000", param="prompt")


async def test_unknown_fields_are_ignored_and_null_is_nothing() -> None:
    unknown: dict[str, Any] = {"user": "me", "seed": 7, "moderation": ["low"], "": 1, "a\u0000": {}}
    optional = own_contract().request_table("provider").defaults.__slots__
    extra = unknown | dict.fromkeys((*optional, "image", "images", "mask_url", "callback_url"))
    async with running() as api:
        assert pictures(await api.create(size=SIZE, **extra))[0].size == SIZE


@pytest.mark.parametrize("name", ["sizes", "Size", "seed", "", "a\u0000b", "x" * 3000, "é", "a\nb"])
async def test_unknown_fields_are_refused_where_that_is_wished(name: str) -> None:
    async with running(strict_fields=True) as api:
        assert (await api.create(size=SIZE, quality=None)).status == 200
        fields: dict[str, Any] = {name: 1}
        answer = await api.create(size=SIZE, **fields)
        error = answer.json["error"]
        assert (answer.status, error["code"]) == (400, "unknown_parameter")
        assert "is not a field of this request; known fields: aspect_ratio, " in error["message"]


async def test_an_alias_is_taken_and_echoed() -> None:
    async with running(model_alias=("my-model",)) as api:
        for name in ("gpt-image-2", "my-model", "gpt-image-2-all"):
            assert (await api.poll(await api.task(model=name)))["model"] == name
        refused(await api.create(model="my"), 400, "Invalid model: my. ", param="model")


# --- under which URL


async def result_url(api: Api, host: str) -> str:
    """The URL of a picture asked for under this Host."""
    answer = await api.ask(
        "POST",
        "/images/generations",
        fields={**example_request(), "size": SIZE},
        headers={"Host": host},
    )
    return pictures(answer)[0].url


@pytest.mark.parametrize(
    "host", ["mock.example", "mock.example:8080", "my_mock", "[::1]:80", "1.2.3.4"]
)
async def test_a_url_has_the_host_that_the_client_used(host: str) -> None:
    async with running() as api:
        assert (await result_url(api, host)).startswith(f"http://{host}/api/v1/results/")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "a/b",
        "a:b",
        "<script>",
        "mock.example:999999",
        "x" * 400,
        "é",
        "a@b",
        "a?b",
        "a#b",
    ],
)
async def test_a_host_that_is_none_is_not_echoed(host: str) -> None:
    async with running() as api:
        assert (await result_url(api, host)).startswith(f"{api.origin}/api/v1/results/")


@pytest.mark.parametrize(
    "public_url, base",
    [
        ("https://mock.example", "https://mock.example/api/v1"),
        ("https://mock.example/proxy", "https://mock.example/proxy/api/v1"),
        ("https://mock.example/api/v1", "https://mock.example/api/v1"),
    ],
)
async def test_a_public_url_is_where_everything_is_said_to_be(public_url: str, base: str) -> None:
    async with running(public_url=public_url) as api:
        assert (await result_url(api, "other.example")).startswith(f"{base}/results/")
        upload = await api.upload(PICTURE)
        assert upload.startswith(f"{base}/files/")
        task = await api.poll(await api.task())
        assert task["resultUrls"][0].startswith(f"{base}/results/")
        again = await api.create(size=SIZE, image_url=upload)
        assert pictures(again)[0].size == SIZE


async def test_the_webhook_and_the_journal_do_not_carry_megabytes() -> None:
    async with running() as api:
        large = text_of(gradient(Size(300, 200)))
        assert len(large) > 3000
        await api.create(size=SIZE, images=[large], prompt="p" * 5000)
        await api.edit(size=SIZE, images=[{"image_url": large}])
        latest, first = api.mock.journal.latest()
        assert len(str(latest.fields)) < 1000
        assert len(str(first.fields)) < 6000
        assert "p" * 5000 in str(first.fields)


async def test_the_same_seed_gives_the_same_latencies() -> None:
    dues = []
    for seed in (3, 3, 4):
        async with running(seed=seed, clock=manual_clock(start=0)) as api:
            for quality in ("low", "medium", "high", "auto"):
                await api.task(quality=quality)
            tasks = (await api.control("GET", "tasks")).json["tasks"]
            dues.append([task["dueTime"] for task in tasks])
    assert dues[0] == dues[1] != dues[2]
    for due, quality in zip(reversed(dues[0]), ("low", "medium", "high", "medium"), strict=True):
        triangle = own_contract().latencies.seconds[quality]
        assert triangle.min * 1000 <= due <= triangle.max * 1000
