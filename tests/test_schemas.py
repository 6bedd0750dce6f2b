"""Fields against the contract's schemas: what is refused, in which words."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.errors import ApiError
from mock_server.schemas import BodySchema, compile_body
from mock_server.section import ContractError
from tests.laws import own_contract

DOCUMENT: Any = own_contract().document
GENERATION = compile_body(DOCUMENT, "GenerationRequest")
FORM = compile_body(DOCUMENT, "EditFormRequest")
EDIT = compile_body(DOCUMENT, "EditJsonRequest")


def fields(**further: Any) -> dict[str, object]:
    return {"model": "gpt-image-2-all", "prompt": "a red cube", **further}


def refusal(schema: BodySchema = GENERATION, /, **further: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        schema.check(fields(**further))
    assert caught.value.kind == "bad_request"
    return caught.value


@pytest.mark.parametrize(
    "further",
    [
        {},
        {"size": "1024x1024", "quality": "low", "n": 10, "background": "opaque"},
        {"n": 1.0, "output_compression": 0, "partial_images": 3, "stream": False},
        {"resolution": "4k", "aspect_ratio": "2.35:1", "callback_url": "HTTPS://a/b"},
        {"image": "aGk=", "images": ["a"] * 16, "image_urls": []},
        {"prompt": "\N{GRINNING FACE}" * 32_000},
        {"unknown": [[["deep"]]]},
    ],
)
def test_what_keeps_the_schemas_is_taken(further: dict[str, object]) -> None:
    GENERATION.check(fields(**further))


BASE64 = "a list of pictures, each as an http(s) URL, a data URI or base64; at most 16 of them"
TEXT = "a non-blank string of at most 32,000 characters"
URL = "an absolute http or https URL of at most 2,048 characters"


@pytest.mark.parametrize(
    "name, value, rule, message",
    [
        ("n", 0, "n", "must be an integer from 1 to 10; got 0"),
        ("n", 11, "n", "must be an integer from 1 to 10; got 11"),
        ("n", "2", "n", "must be an integer from 1 to 10; got '2'"),
        ("n", True, "n", "must be an integer from 1 to 10; got true"),
        ("n", 1.5, "n", "must be an integer from 1 to 10; got 1.5"),
        ("n", 1e300, "n", "must be an integer from 1 to 10; got 1e+300"),
        ("n", [1], "n", "must be an integer from 1 to 10; got [1]"),
        ("quality", "ultra", "price", "must be one of low, medium, high, auto; got 'ultra'"),
        ("quality", 7, "price", "must be one of low, medium, high, auto; got 7"),
        ("resolution", "3K", "resolution", "must be one of 1K, 1k, 2K, 2k, 4K, 4k; got '3K'"),
        ("background", "red", "background", "must be one of transparent, opaque, auto; got 'red'"),
        ("stream", "yes", "stream", "must be true or false; got 'yes'"),
        ("partial_images", 4, "stream", "must be an integer from 0 to 3; got 4"),
        ("prompt", " \t\n", "prompt", f"must be {TEXT}; got ' \\t\\n'"),
        ("prompt", "", "prompt", f"must be {TEXT}; got ''"),
        ("prompt", 7, "prompt", f"must be {TEXT}; got 7"),
        ("prompt", "x" * 32_001, "prompt", f"must be {TEXT}; got 32,001 characters"),
        ("model", "", "model", "must be the name of a model; got ''"),
        (
            "size", "1024×1024", "size-grammar",
            "must be WIDTHxHEIGHT in pixels, such as 1024x1024, or auto; got '1024×1024'",
        ),
        (
            "aspect_ratio", "16/9", "aspect-ratio",
            "must be W:H of positive numbers, such as 16:9 or 2.35:1, or auto; got '16/9'",
        ),
        ("callback_url", "/hook", "callback-url", f"must be {URL}; got '/hook'"),
        (
            "callback_url", "http://a/" + "b" * 2040, "callback-url",
            f"must be {URL}; got 2,049 characters",
        ),
        ("image_urls", "a", "max-references", f"must be {BASE64}; got 'a'"),
        ("image_urls", ["a"] * 17, "max-references", f"must be {BASE64}; got 17"),
        ("image_urls", ["a", 7], "max-references", f"must be {BASE64}; got ['a', 7]"),
        (
            "image", 7, "reference-forms",
            "must be a picture as an http(s) URL, a data URI or base64; got 7",
        ),
    ],
)  # fmt: skip
def test_another_value_is_told_what_came_and_what_is_allowed(
    name: str, value: object, rule: str, message: str
) -> None:
    error = refusal(GENERATION, **{name: value})
    assert error.message == f"{name}: {message}"
    assert (error.param, error.code, error.rule) == (name, f"invalid_{name}", rule)


@pytest.mark.parametrize("name", ["model", "prompt"])
def test_a_missing_field_is_told_before_anything_else(name: str) -> None:
    given = fields(n=0)
    del given[name]
    with pytest.raises(ApiError) as caught:
        GENERATION.check(given)
    assert caught.value.message == f"{name}: is required and was not given"
    assert (caught.value.param, caught.value.rule) == (name, name)


@pytest.mark.parametrize("depth", [17, 300, 100_000])
@pytest.mark.parametrize("name", ["prompt", "images", "n"])
def test_what_is_nested_too_deeply_is_refused_like_any_other_value(name: str, depth: int) -> None:
    value: object = "deep"
    for turn in range(depth):
        value = [value] if turn % 2 else {"image_url": value}
    error = refusal(GENERATION, **{name: value})
    assert error.param == name
    assert len(error.message) < 250


def test_an_edit_takes_pictures_as_openai_writes_them() -> None:
    EDIT.check(fields(images=[{"image_url": "https://a/b"}, "aGk="], mask={"image_url": "aGk="}))
    expected = "images: must be a list of pictures, each as a string or an object with image_url"
    assert refusal(EDIT, images=[{"url": "https://a/b"}]).message.startswith(expected)
    assert (
        refusal(EDIT, mask="aGk=").message == "mask: must be an object with image_url; got 'aGk='"
    )


def test_fields_that_the_contract_does_not_name_are_left_out_or_refused() -> None:
    given = fields(seed=7, user="me")
    assert GENERATION.known(given) == fields()
    with pytest.raises(ApiError) as caught:
        GENERATION.refuse_unknown(given)
    error = caught.value
    assert error.message.startswith(
        "seed: is not a field of this request; known fields: aspect_ratio, background, callback_url"
    )
    assert (error.param, error.rule) == ("seed", "unknown-fields")
    GENERATION.refuse_unknown(fields())


def test_a_field_of_a_megabyte_s_name_is_not_told_back() -> None:
    with pytest.raises(ApiError) as caught:
        GENERATION.refuse_unknown({"x" * 10**6: 1})
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("n", "2", 2),
        ("n", "-2", -2),
        ("n", "007", 7),
        ("n", "2.0", "2.0"),
        ("n", "two", "two"),
        ("n", "", ""),
        ("n", "-", "-"),
        ("n", "\N{ARABIC-INDIC DIGIT TWO}", "\N{ARABIC-INDIC DIGIT TWO}"),
        ("n", "9" * 400, "9" * 400),
        ("stream", "true", True),
        ("stream", "false", False),
        ("stream", "True", "True"),
        ("image_urls", "https://a/b", ["https://a/b"]),
        ("prompt", "true", "true"),
        ("prompt", "7", "7"),
        ("unknown", "7", "7"),
    ],
)
def test_a_form_s_text_becomes_what_its_field_takes(name: str, text: str, value: object) -> None:
    found = FORM.typed(name, text)
    assert (found, type(found)) == (value, type(value))


def test_a_form_s_files_are_no_fields_to_check() -> None:
    FORM.check(fields(image="<bytes>", mask="<bytes>"))
    assert {"image", "image[]", "mask"} <= FORM.fields.keys()


def test_every_field_has_words_and_a_rule() -> None:
    for name in ("GenerationRequest", "AsyncRequest", "EditJsonRequest", "EditFormRequest"):
        for field in compile_body(DOCUMENT, name).fields.values():
            assert field.expects, (name, field.name)
            assert field.rule in DOCUMENT["x-contract"]["rules"], (name, field.name)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(sorted(GENERATION.fields)), json))
def test_no_json_at_all_breaks_the_check(given: dict[str, object]) -> None:
    try:
        GENERATION.check(given)
    except ApiError as error:
        named = error.param
    else:
        named = None
    assert named is None or named in GENERATION.fields


def changed_schema(schema: str, **words: Any) -> Any:
    document = deepcopy(DOCUMENT)
    entry = document["components"]["schemas"][schema]
    for word, value in words.items():
        entry[word.replace("_", "-")] = value
    return document


@pytest.mark.parametrize(
    "schema, words, message",
    [
        ("Size", {"type": "integer"}, "must be of the type string; is integer"),
        ("Size", {"type": ["string", "integer"]}, "must be of the type string; is integer or"),
        ("N", {"type": "string"}, "must be of the type integer; is string"),
        ("GenerationRequest", {"required": ["prompt"]}, "'model' must be there and required"),
        ("GenerationRequest", {"required": ["model"]}, "'prompt' must be there and required"),
        (
            "GenerationRequest", {"required": ["model", "prompt", "colour"]},
            "'colour' must be there and required",
        ),
        ("GenerationRequest", {"properties": []}, "must be a mapping; got list"),
        ("GenerationRequest", {"required": "model"}, "must be a list; got str 'model'"),
        ("Prompt", {"pattern": "("}, "is not a JSON Schema"),
    ],
)  # fmt: skip
def test_a_schema_by_which_no_request_can_be_read_stops_the_start(
    schema: str, words: dict[str, object], message: str
) -> None:
    with pytest.raises(ContractError) as caught:
        compile_body(changed_schema(schema, **words), "GenerationRequest")
    assert caught.value.place.startswith("components.schemas.GenerationRequest")
    assert message in caught.value.problem


def test_another_limit_is_another_message() -> None:
    schema = compile_body(changed_schema("N", maximum=3), "GenerationRequest")
    assert refusal(schema, n=4).message == "n: must be an integer from 1 to 3; got 4"
    schema = compile_body(changed_schema("Quality", enum=["low", "ultra"]), "GenerationRequest")
    assert refusal(schema, quality="high").message == (
        "quality: must be one of low, ultra; got 'high'"
    )
    schema = compile_body(changed_schema("Size", x_expects="a size"), "GenerationRequest")
    assert refusal(schema, size="large").message == "size: must be a size; got 'large'"
