"""An image request read from fields that keep their schemas, and what a schema cannot refuse."""

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.errors import ApiError
from mock_server.rules.modes import Mode
from mock_server.rules.requests import (
    FIELDS,
    Operation,
    RequestTable,
    asked_size,
    parse_ratio,
    read_image_request,
    size_in,
)
from mock_server.rules.sizes import Size
from tests.laws import own_contract

PROVIDER = own_contract().request_table("provider")
OPENAI = own_contract().request_table("openai")
HOOK = "http://127.0.0.1:9000/webhook"


def read(
    table: RequestTable = PROVIDER,
    *,
    operation: Operation = Operation.CREATE,
    has_references: bool = False,
    **fields: Any,
) -> Any:
    """The request read from these fields, laid over those that every request needs."""
    whole = {"model": "gpt-image-2-all", "prompt": "a red cube", **fields}
    return read_image_request(whole, operation, table, has_references=has_references)


def refusal(table: RequestTable = PROVIDER, **fields: Any) -> ApiError:
    """The error that these fields are refused with."""
    with pytest.raises(ApiError) as caught:
        read(table, **fields)
    assert caught.value.kind == "bad_request"
    return caught.value


def test_what_is_left_out_is_the_contract_s_default() -> None:
    request = read()
    assert request == read(
        quality="medium",
        n=1,
        response_format="b64_json",
        output_format="png",
        output_compression=100,
        background="auto",
        partial_images=0,
        resolution="1K",
        aspect_ratio="1:1",
        stream=False,
    )
    assert (request.mode, request.size, request.is_edit) == (Mode.ASYNC, None, False)
    assert (request.streams, request.leaves_out_b64, request.callback_url) == (False, False, None)


def test_what_is_given_is_kept() -> None:
    request = read(
        size="2048x1152", quality="high", n=3, background="opaque", output_format="webp",
        output_compression=40, partial_images=2, aspect_ratio="2:1", resolution="4k",
    )  # fmt: skip
    assert (request.mode, request.size) == (Mode.SYNC, Size(2048, 1152))
    assert (request.quality, request.n, request.background) == ("high", 3, "opaque")
    assert (request.output_format, request.output_compression) == ("webp", 40)
    assert (request.partial_images, request.aspect_ratio, request.resolution) == (2, "2:1", "4K")
    assert (request.model, request.prompt) == ("gpt-image-2-all", "a red cube")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    request = read(n=2.0, output_compression=50.0, partial_images=1.0)
    read_back = (request.n, request.output_compression, request.partial_images)
    assert read_back == (2, 50, 1)
    assert {type(value) for value in read_back} == {int}


@pytest.mark.parametrize(
    "operation, fields, mode",
    [
        (Operation.CREATE, {"size": "1024x1024"}, Mode.SYNC),
        (Operation.EDIT, {"size": "1024x1024"}, Mode.SYNC),
        (Operation.CREATE, {"size": "1024x1024", "callback_url": HOOK}, Mode.ASYNC),
        (Operation.CREATE, {"resolution": "2K"}, Mode.ASYNC),
        (Operation.CREATE_AND_WAIT, {"size": "1024x1024"}, Mode.ASYNC),
    ],
)
def test_the_operation_and_the_size_decide_the_mode(
    operation: Operation, fields: dict[str, Any], mode: Mode
) -> None:
    assert read(operation=operation, **fields).mode is mode


def test_a_reference_makes_a_generation_an_edit() -> None:
    assert read(has_references=True).is_edit
    assert read(operation=Operation.EDIT).is_edit
    assert not read().is_edit


def test_only_an_edit_leaves_out_the_base64() -> None:
    assert read(operation=Operation.EDIT, response_format="url").leaves_out_b64
    assert not read(operation=Operation.EDIT, response_format="b64_json").leaves_out_b64
    assert not read(response_format="url").leaves_out_b64
    assert not read(response_format="url", has_references=True).leaves_out_b64


# --- model


@pytest.mark.parametrize("model", ["gpt-image-2-all", "gpt-image-2"])
def test_a_listed_model_and_an_alias_are_taken_and_echoed(model: str) -> None:
    assert read(model=model).model == model


def test_a_further_alias_may_be_configured() -> None:
    table = own_contract().request_table("provider", aliases=("my-model",))
    assert read(table, model="my-model").model == "my-model"
    assert refusal(model="my-model").param == "model"


@pytest.mark.parametrize("model", ["dall-e-9", "GPT-IMAGE-2-ALL", "gpt-image-2-all "])
def test_another_model_is_refused_in_the_provider_s_words(model: str) -> None:
    error = refusal(model=model)
    assert error.message == f"Invalid model: {model}. Supported models: gpt-image-2-all"
    assert (error.param, error.code, error.rule) == ("model", "invalid_model", "model")


def test_a_model_of_a_megabyte_is_not_told_back() -> None:
    message = refusal(model="m\n" * 500_000).message
    assert len(message) < 200
    assert "\n" not in message
    assert message.endswith(". Supported models: gpt-image-2-all")


def test_the_profile_openai_takes_any_model() -> None:
    assert read(OPENAI, model="dall-e-9", size="1024x1024").model == "dall-e-9"


# --- size


@pytest.mark.parametrize(
    "size, rule, message",
    [
        (
            "1000x1000",
            "size-grid",
            (
                "size: both sides must be multiples of 16; got '1000x1000' (breaks size-grid); "
                "nearest legal sizes: 992x992, 1008x1008, 992x1008"
            ),
        ),
        (
            "4096x1024",
            "size-edge",
            (
                "size: the long edge must be at most 3840; the aspect ratio must be at most 3:1; "
                "got '4096x1024' (breaks size-edge, size-ratio); "
                "nearest legal sizes: 3840x1280, 3824x1280, 3840x1296"
            ),
        ),
        (
            "512x512",
            "size-pixels",
            (
                "size: width x height must be 655,360 to 8,294,400 pixels; got '512x512' "
                "(breaks size-pixels); nearest legal sizes: 816x816, 800x832, 832x800"
            ),
        ),
        ("large", "size-grammar", "size: must be WIDTHxHEIGHT in pixels; got 'large'"),
        ("1024X1024", "size-grammar", "size: must be WIDTHxHEIGHT in pixels; got '1024X1024'"),
    ],
)
def test_an_illegal_size_is_told_its_rules_and_the_nearest_ones(
    size: str, rule: str, message: str
) -> None:
    error = refusal(size=size)
    assert error.message == message
    assert (error.param, error.code, error.rule) == ("size", "invalid_size", rule)


def test_a_size_of_a_megabyte_is_not_told_back() -> None:
    error = refusal(size="1" * 1_000_000 + "x16")
    assert len(error.message) < 400
    assert error.rule == "size-grid"


def test_without_a_size_none_is_asked() -> None:
    assert asked_size({}, PROVIDER.sizes) is None
    assert asked_size({"size": "512x1536"}, PROVIDER.sizes) == Size(512, 1536)


# --- aspect ratio and resolution


@pytest.mark.parametrize(
    "text, ratio",
    [
        ("21:9", Fraction(21, 9)),
        ("2.35:1", Fraction(47, 20)),
        ("3:1", Fraction(3)),
        ("1:3", Fraction(1, 3)),
        ("0.5:1", Fraction(1, 2)),
        ("1:2.9999999999", Fraction(10**10, 29_999_999_999)),
        ("999999999999999999:999999999999999998", Fraction(10**18 - 1, 10**18 - 2)),
    ],
)
def test_a_ratio_is_read_exactly(text: str, ratio: Fraction) -> None:
    assert parse_ratio(text, PROVIDER.sizes) == ratio


@pytest.mark.parametrize(
    "text",
    [
        "3.01:1", "1:3.0000000001", "0:1", "1:0", "0:0", "0.0:1", "16x9", "16:9:1", ":", "16:",
        ":9", "-16:9", "16:-9", " 16:9", "16:9 ", "1e1:9", "inf:1", "nan:1", ".5:1", "1/2:1",
        "1_0:9", "\N{ARABIC-INDIC DIGIT ONE}:1", "", "1000000000000000000:999999999999999999",
        pytest.param("9" * 1_000_000 + ":1", id="a million digits"),
        pytest.param("1:0." + "1" * 1_000_000, id="a million decimals"),
    ],
)  # fmt: skip
def test_what_is_no_ratio_up_to_3_1_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_ratio(text, PROVIDER.sizes)
    error = caught.value
    assert error.message.startswith(
        "aspect_ratio: must be W:H of positive numbers, at most 3:1 either way; got "
    )
    assert len(error.message) < 200
    assert (error.param, error.rule) == ("aspect_ratio", "aspect-ratio")


def test_a_ratio_is_checked_beside_a_size_that_wins() -> None:
    assert refusal(size="1024x1024", aspect_ratio="9:1").param == "aspect_ratio"
    assert read(size="1024x1024", aspect_ratio="16:9").size == Size(1024, 1024)


@pytest.mark.parametrize("given, tier", [("1K", "1K"), ("2k", "2K"), ("4k", "4K")])
def test_a_resolution_is_a_tier_in_either_case(given: str, tier: str) -> None:
    assert read(resolution=given).resolution == tier


def test_another_resolution_is_refused_with_those_there_are() -> None:
    error = refusal(resolution="3K", size="1024x1024")
    assert error.message == "resolution: must be one of 1K, 2K, 4K; got '3K'"
    assert (error.param, error.rule) == ("resolution", "resolution")


# --- callback, background, stream


@pytest.mark.parametrize(
    "url",
    ["http://a", "https://shop.example/hook?x=1", "HTTP://A/", "http://[::1]:9000/", "http://a:1"],
)
def test_an_absolute_url_is_called_back(url: str) -> None:
    assert read(callback_url=url).callback_url == url


@pytest.mark.parametrize(
    "url",
    [
        "/webhook", "webhook", "ftp://a/", "http://", "http:///x", "http://:80/", "http://a:b/",
        "http://a:0/", "http://a:99999/", "http://[::1/", "http://a b/", "http://a/\n", "http://a/\x00",
        "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_what_is_no_absolute_url_is_refused(url: str) -> None:
    error = refusal(callback_url=url)
    assert error.message == f"callback_url: must be an absolute http or https URL; got {url!r}"
    assert (error.param, error.rule) == ("callback_url", "callback-url")


def test_a_transparent_background_needs_a_format_with_alpha() -> None:
    error = refusal(background="transparent", output_format="jpeg")
    assert error.message == (
        "background: transparent needs an output_format with an alpha channel; "
        "got output_format 'jpeg'"
    )
    assert (error.param, error.rule) == ("background", "background")
    for output_format in ("png", "webp"):
        assert read(background="transparent", output_format=output_format)
    assert read(background="opaque", output_format="jpeg")


def test_a_stream_is_refused_where_none_is_offered() -> None:
    error = refusal(stream=True, size="1024x1024")
    assert error.message == "stream: streaming is not offered; leave it out or send false; got true"
    assert (error.param, error.rule) == ("stream", "stream")
    assert not read(stream=False).streams


def test_a_stream_is_synchronous() -> None:
    assert read(OPENAI, stream=True, size="1024x1024").streams
    error = refusal(OPENAI, stream=True, resolution="2K")
    assert error.message.startswith("stream: only a synchronous request can be streamed; got true")
    waited = read(OPENAI, operation=Operation.CREATE_AND_WAIT, stream=True, size="1024x1024")
    assert not waited.streams


# --- the size of the pictures


def test_a_wxh_size_wins() -> None:
    request = read(size="512x1536", resolution="4K", aspect_ratio="16:9")
    assert size_in(request, PROVIDER, first=Fraction(2)) == Size(512, 1536)


@pytest.mark.parametrize(
    "fields, first, size",
    [
        ({}, None, Size(1024, 1024)),
        ({"resolution": "2K"}, None, Size(2048, 2048)),
        ({"aspect_ratio": "16:9"}, None, Size(1536, 864)),
        ({"aspect_ratio": "auto"}, None, Size(1024, 1024)),
        ({"aspect_ratio": "auto"}, Fraction(3, 2), Size(1536, 1024)),
        ({"aspect_ratio": "auto", "resolution": "2K"}, Fraction(16, 9), Size(2048, 1152)),
        # More than 3:1 is clamped to it, either way.
        ({"aspect_ratio": "auto"}, Fraction(10), Size(1536, 512)),
        ({"aspect_ratio": "auto"}, Fraction(1, 10), Size(512, 1536)),
        ({"aspect_ratio": "1:1"}, Fraction(3, 2), Size(1024, 1024)),
    ],
)
def test_a_size_is_derived_from_ratio_and_tier(
    fields: dict[str, Any], first: Fraction | None, size: Size
) -> None:
    assert size_in(read(**fields), PROVIDER, first=first) == size


def test_a_tier_without_such_a_size_is_refused() -> None:
    table = replace(PROVIDER, sizes=replace(PROVIDER.sizes, pixels_max=1_000_000))
    request = read(table, resolution="4K", aspect_ratio="1:1")
    with pytest.raises(ApiError) as caught:
        size_in(request, table, first=None)
    assert caught.value.message == "aspect_ratio: no legal size of 4K has that ratio; got '1:1'"
    assert (caught.value.param, caught.value.rule) == ("aspect_ratio", "derive")


def test_the_types_of_the_fields_are_those_of_their_schemas() -> None:
    document: Any = own_contract().document
    schemas = document["components"]["schemas"]
    for name, reference in schemas["GenerationRequest"]["properties"].items():
        if name in FIELDS:
            types = schemas[reference["$ref"].rpartition("/")[2]]["type"]
            assert FIELDS[name] in types, name
    assert set(FIELDS) <= set(schemas["GenerationRequest"]["properties"])


@given(st.text(max_size=40), st.sampled_from(["size", "aspect_ratio", "resolution", "model"]))
def test_no_text_at_all_breaks_the_reading(text: str, name: str) -> None:
    fields: dict[str, Any] = {name: text}
    with suppress(ApiError):
        read(**fields)
