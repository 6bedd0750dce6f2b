"""Whatever a client sends is answered precisely, breaks nothing, and costs nothing where refused.

The mock lives as long as a test; each example gets a look at its account before and after, and
`tests/api.py` fails the test if an answer is a 5xx, out of the envelope, or an error was logged.
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.samples import gradient, text_of
from contracts.size import Size
from tests.api import Api, example_request, running
from tests.forms import BOUNDARY, Part, file_part, form
from tests.laws import Answer, own_contract
from tests.wire import exchange

PICTURE = gradient(Size(64, 48))
SIZE = "1024x640"
CALLS = ("/images/generations", "/images/edits", "/images/generations-sync")
DOCUMENT: Any = own_contract().document
FIELDS = sorted(DOCUMENT["components"]["schemas"]["EditJsonRequest"]["properties"])

thoroughly = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    """A mock that answers at once."""
    async with running() as made:
        yield made


@pytest_asyncio.fixture
async def openai_api() -> AsyncIterator[Api]:
    """The same in the profile openai."""
    async with running(profile="openai") as made:
        yield made


async def is_answered(api: Api, method: str, path: str, **sent: Any) -> Answer:
    """The answer to junk: a refusal that cost nothing, or a success that was paid for."""
    before = await api.money()
    answer = await api.ask(method, path, **sent)
    after = await api.money()
    assert after.frozen == 0
    assert answer.status in {200, 400, 401, 404, 405, 413, 415}, (answer.status, answer.body[:300])
    if answer.status != 200:
        assert after == before
    return answer


# --- JSON

odd_text = st.text(max_size=40) | st.sampled_from(
    [
        "",
        " ",
        "\u0000",
        "\ufeff",
        "\u202e",
        "A" * 5000,
        "-0",
        "1e999",
        "null",
        "http://",
        "data:,",
        "%00",
        "${x}",
    ]
)
odd_numbers = (
    st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -0.0, 1e308, 5e-324, 2**53, 2**63, 2**64, -(2**63) - 1, 10**18])
)  # fmt: skip
odd_scalars = st.none() | st.booleans() | odd_numbers | odd_text
odd_values = st.recursive(
    odd_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=8,
)
odd_fields = st.dictionaries(st.sampled_from(FIELDS) | odd_text, odd_values, max_size=5)


@given(path=st.sampled_from(CALLS), fields=odd_fields, has_size=st.booleans())
@thoroughly
async def test_odd_values_in_any_field(
    api: Api, path: str, fields: dict[str, Any], *, has_size: bool
) -> None:
    sized = {"size": SIZE} if has_size else {}
    await is_answered(api, "POST", path, fields={**example_request(), **sized, **fields})


@given(path=st.sampled_from(CALLS), fields=odd_fields)
@thoroughly
async def test_odd_values_in_the_profile_openai(
    openai_api: Api, path: str, fields: dict[str, Any]
) -> None:
    await is_answered(openai_api, "POST", path, fields={**example_request(), **fields})


@given(name=st.sampled_from(FIELDS), value=odd_values)
@thoroughly
async def test_one_odd_value_is_refused_by_its_name(api: Api, name: str, value: Any) -> None:
    whole = {**example_request(), "size": SIZE, "image": text_of(PICTURE), name: value}
    answer = await is_answered(api, "POST", "/images/edits", fields=whole)
    if answer.status != 200:
        error = answer.json["error"]
        assert error["param"] in {name, "image", "mask"}, error
        assert error["message"].startswith((f"{error['param']}: ", "Invalid model: ")), error


@given(body=st.binary(max_size=200), path=st.sampled_from((*CALLS, "/files")))
@thoroughly
async def test_bytes_that_are_said_to_be_json(api: Api, body: bytes, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await is_answered(api, "POST", path, body=body, headers=headers)
    assert answer.status in {400, 415}


@given(digits=st.integers(19, 400), fraction=st.booleans(), name=st.sampled_from(FIELDS))
@thoroughly
async def test_numbers_of_hundreds_of_digits(
    api: Api, digits: int, name: str, *, fraction: bool
) -> None:
    number = "9" * digits + (".5" if fraction else "")
    text = json.dumps({**example_request(), name: "@"}).replace('"@"', number)
    headers = {"Content-Type": "application/json"}
    answer = await is_answered(api, "POST", CALLS[0], body=text.encode(), headers=headers)
    assert answer.status == 400 or name == "mask", "a generation knows no field of that name"


@given(
    depth=st.integers(1, 3000), opener=st.sampled_from(["[", '{"a":']), name=st.sampled_from(FIELDS)
)
@thoroughly
async def test_values_that_are_nested_deeply(api: Api, depth: int, opener: str, name: str) -> None:
    closer = "]" if opener == "[" else "}"
    nested = opener * depth + "1" + closer * depth
    text = json.dumps({**example_request(), "x": 1, name: "@"}).replace('"@"', nested)
    headers = {"Content-Type": "application/json"}
    await is_answered(api, "POST", CALLS[0], body=text.encode(), headers=headers)


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff\\ud800", "\\ud800x"])
async def test_half_a_surrogate_is_no_text(api: Api, text: str) -> None:
    for name in FIELDS:
        body = json.dumps({**example_request(), name: "@"}).replace("@", text).encode()
        headers = {"Content-Type": "application/json"}
        answer = await is_answered(api, "POST", CALLS[0], body=body, headers=headers)
        assert "not valid JSON" in answer.json["error"]["message"]


# --- forms


@given(
    parts=st.lists(
        st.builds(
            Part,
            st.sampled_from([*FIELDS, "image[]", "mask", "image[0]"]),
            st.binary(max_size=60)
            | st.just(PICTURE)
            | odd_text.map(lambda t: t.encode("utf-8", "replace")),
            filename=st.none() | st.sampled_from(["", "a.png", "../x", "\u00e9;\u2028"]),
            media_type=st.none()
            | st.sampled_from(["image/png", "text/plain; charset=utf-8", "x", ""]),
        ),
        max_size=6,
    )
)
@thoroughly
async def test_odd_parts_in_any_order(api: Api, parts: list[Part]) -> None:
    texts = [Part(name, str(value)) for name, value in example_request().items()]
    body = form([*texts, *parts])
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    await is_answered(api, "POST", "/images/edits", body=body, headers=headers)
    await is_answered(api, "POST", "/files", body=body, headers=headers)


WHOLE_FORM = form(
    [
        *(Part(name, str(value)) for name, value in {**example_request(), "size": SIZE}.items()),
        file_part("image", PICTURE),
    ]
)


@given(
    start=st.integers(0, len(WHOLE_FORM)), length=st.integers(0, 40), into=st.binary(max_size=40)
)
@thoroughly
async def test_a_form_with_a_hole_or_something_foreign_in_it(
    api: Api, start: int, length: int, into: bytes
) -> None:
    body = WHOLE_FORM[:start] + into + WHOLE_FORM[start + length :]
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    await is_answered(api, "POST", "/images/edits", body=body, headers=headers)


@given(cut=st.integers(0, len(WHOLE_FORM) - 3))
@thoroughly
async def test_a_form_that_is_cut_off_anywhere_is_refused(api: Api, cut: int) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await is_answered(api, "POST", "/images/edits", body=WHOLE_FORM[:cut], headers=headers)
    assert answer.status == 400


@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
@thoroughly
async def test_a_form_under_another_content_type(api: Api, header: str) -> None:
    for prefix in ("", "multipart/form-data;", "multipart/form-data; boundary="):
        headers = {"Content-Type": (prefix + header).strip()}
        answer = await is_answered(api, "POST", "/images/edits", body=WHOLE_FORM, headers=headers)
        assert answer.status in {400, 415}


@given(
    at=st.integers(0, len(PICTURE) - 1),
    byte=st.integers(0, 255),
    cut=st.integers(0, len(PICTURE)),
    field=st.sampled_from(["image", "mask"]),
)
@thoroughly
async def test_a_picture_with_a_wrong_byte_or_cut_off(
    api: Api, at: int, byte: int, cut: int, field: str
) -> None:
    wrong = (PICTURE[:at] + bytes([byte]) + PICTURE[at + 1 :])[:cut]
    parts = [file_part(field, wrong)] + ([file_part("image", PICTURE)] if field == "mask" else [])
    texts = [Part(name, str(value)) for name, value in example_request().items()]
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    body = form([*texts, Part("size", SIZE), *parts])
    answer = await is_answered(api, "POST", "/images/edits", body=body, headers=headers)
    if answer.status != 200:
        assert answer.json["error"]["param"] == field
    else:
        assert wrong == PICTURE


# --- paths, queries, methods, headers

raw_bytes = st.binary(max_size=30).map(quote_from_bytes)
odd_paths = raw_bytes | st.sampled_from(
    [
        "%",
        "%0",
        "%zz",
        "%00",
        "%2e%2e/",
        "..;/",
        "//",
        "?",
        "%c0%af",
        "*",
        ";",
        "@",
        ":80",
        "%f0%9f%8f%94",
    ]
)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]),
    start=st.sampled_from(
        ["/images/generations/", "/results/", "/files/", "/records/", "/models/", "/", "/images/",
         "/video/generations"]
    ),
    rest=odd_paths,
)  # fmt: skip
@thoroughly
async def test_odd_paths(api: Api, method: str, start: str, rest: str) -> None:
    await is_answered(api, method, start + rest)


@given(
    path=st.sampled_from(["/images/generations", "/video/generations", "/models"]), query=odd_paths
)
@thoroughly
async def test_odd_queries(api: Api, path: str, query: str) -> None:
    for start in ("?", "?task_id=", "?task_id=x&task_id=", "?task_id[]=", "?&&=&"):
        await is_answered(api, "GET", path + start + query)


header_names = st.sampled_from(
    [
        *(
            "Accept",
            "Accept-Encoding",
            "Authorization",
            "Content-Encoding",
            "Content-Type",
            "Cookie",
        ),
        *("Expect", "Host", "If-None-Match", "Origin", "Range", "TE", "Upgrade"),
        *("X-Forwarded-Proto", "X-Request-ID"),
    ]
)
header_values = st.binary(max_size=60).map(
    lambda raw: raw.translate(None, b"\r\n\x00").decode("utf-8", "surrogateescape").strip()
)


@given(headers=st.lists(st.tuples(header_names, header_values), max_size=5))
@thoroughly
async def test_absurd_headers(api: Api, headers: list[tuple[str, str]]) -> None:
    before = await api.money()
    body = json.dumps({**example_request(), "size": SIZE}).encode()
    lines = ["POST /api/v1/images/generations HTTP/1.1", "Connection: close"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    sent = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body
    answers = await exchange(api, sent)
    assert len(answers) == 1
    assert answers[0].status in {200, 400, 401, 415}
    if answers[0].status != 200:
        assert await api.money() == before


@given(noise=st.binary(max_size=300), is_request=st.booleans())
@thoroughly
async def test_noise_on_the_wire(api: Api, noise: bytes, *, is_request: bool) -> None:
    start = b"POST /api/v1/images/generations HTTP/1.1\r\nHost: x\r\n" if is_request else b""
    for answer in await exchange(api, start + noise, half_close=True):
        assert answer.status in {200, 400, 401, 404, 405, 415}
    assert (await api.money()).frozen == 0


# --- the developer's own interface


@given(
    path=st.sampled_from(["clock", "accounts", "tasks/x", "reset"]),
    fields=st.dictionaries(
        st.sampled_from(["advance", "to", "key", "balance", "finish", "fail", "message"])
        | odd_text,
        odd_values,
        max_size=3,
    ),
)
@thoroughly
async def test_odd_values_for_the_developers_interface(
    api: Api, path: str, fields: dict[str, Any]
) -> None:
    answer = await api.ask("POST", f"{api.origin}/_mock/{path}", key=None, fields=fields)
    assert answer.status in {200, 400, 404}


@given(
    path=odd_paths, method=st.sampled_from(["GET", "POST", "DELETE"]), body=st.binary(max_size=50)
)
@thoroughly
async def test_odd_paths_of_the_developers_interface(
    api: Api, path: str, method: str, body: bytes
) -> None:
    for start in ("", "tasks/", "requests?key=", "clock"):
        url = f"{api.origin}/_mock/{start}{path}"
        answer = await api.ask(method, url, key=None, body=body)
        assert answer.status in {200, 400, 404, 405}
