"""Answers: each law of every answer, the shape of a synchronous one, and money by adding."""

import base64
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contracts import samples
from contracts.exchange import Answer, Exchange, Request
from contracts.oracle import answers, latency, ledger, synchronous
from contracts.oracle.problem import Problem
from contracts.oracle.requests import Expectation, expectation
from contracts.size import Size
from tests.suite.variants import changed, own

JSON = ("content-type", "application/json; charset=utf-8")
ID = ("x-request-id", "req_1")
SIZE = Size(1024, 640)
PICTURE = samples.gradient(SIZE)
BODY = {"size": str(SIZE), "quality": "low"}


def answered(
    status: int,
    body: object,
    *headers: tuple[str, str],
    method: str = "POST",
    path: str = "/images/generations",
) -> Exchange:
    """An exchange with this answer; a body that is no bytes goes out as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(Request(method, path), Answer(status, headers, raw, 0.1), 0.0)


def told(problems: list[Problem]) -> list[str]:
    """The problems as words."""
    return [str(problem) for problem in problems]


# --- The laws of every answer


@pytest.mark.parametrize(
    "exchange",
    [
        answered(200, {"created": 1}, JSON, ID),
        answered(200, {"code": 200, "data": {}}, JSON, ID),
        answered(400, {"error": {"message": "size: no"}}, JSON, ID),
        answered(400, {"msg": "size: no", "code": 400}, JSON, ID),
        answered(402, {"code": "402", "msg": "no"}, JSON, ID),
        answered(404, {"msg": "no"}, ("Content-Type", "application/problem+json"), ID),
        answered(405, {"msg": "no"}, JSON, ID, ("Allow", "GET, POST"), method="DELETE"),
        answered(405, {"msg": "no"}, JSON, ID, ("allow", "post,get,head"), method="PUT"),
        answered(429, {"msg": "no"}, JSON, ID, ("retry-after", "2")),
        answered(200, PICTURE, method="GET", path="http://127.0.0.1:1/results/a.png"),
    ],
    ids=lambda exchange: str(exchange.answer.status),
)
def test_a_lawful_answer_is_fine(exchange: Exchange) -> None:
    assert answers.problems(own(), exchange) == []


@pytest.mark.parametrize(
    "exchange, problem",
    [
        (answered(500, {"msg": "no"}, JSON, ID), "status (no-5xx): status 500"),
        (answered(200, {}, JSON), "status: the answer has no x-request-id"),
        (answered(200, {}, JSON, ("x-request-id", " ")), "status: the answer has no x-request-id"),
        (
            answered(404, b"not found", ID),
            "error-shape: status 404 with a body that is no JSON obj",
        ),
        (answered(404, [], JSON, ID), "error-shape: status 404 with a body that is no JSON object"),
        (answered(400, {"error": "no"}, JSON, ID), "error-shape: no text in error.message or msg"),
        (answered(400, {"msg": ""}, JSON, ID), "error-shape: no text in error.message or msg"),
        (answered(400, {"msg": 7}, JSON, ID), "error-shape: no text in error.message or msg"),
        (
            answered(400, {"msg": "no"}, ("content-type", "text/html"), ID),
            "error-shape: the Content-Type of the error is 'text/html'",
        ),
        (
            answered(400, {"msg": "no", "code": 402}, JSON, ID),
            "error-shape (hybrid): code 402 beside HTTP status 400",
        ),
        (
            answered(405, {"msg": "no"}, JSON, ID, method="PUT"),
            "status: 405 without the header Allow",
        ),
        (
            answered(405, {"msg": "no"}, JSON, ID, ("allow", "GET"), method="PUT"),
            "status: Allow: GET leaves out POST",
        ),
        (
            answered(405, {"msg": "no"}, JSON, ID, ("allow", "GET, POST, PUT"), method="PUT"),
            "status: Allow: GET, POST, PUT names the method that was refused",
        ),
        (answered(429, {"msg": "no"}, JSON, ID), "status: 429 without the header Retry-After"),
        (
            answered(200, {"code": 402, "msg": "no"}, JSON, ID),
            "code-in-200: HTTP status 200 with code 402 in the body",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unlawful_answer_is_told_in_one_sentence(exchange: Exchange, problem: str) -> None:
    (found,) = told(answers.problems(own(), exchange))
    assert found.startswith(problem)


def test_no_answer_at_all_is_told() -> None:
    lost = Exchange(Request("GET", "/models"), Answer(0, (), b"", 1.0, "connection reset"), 0.0)
    assert told(answers.problems(own(), lost)) == [
        "status (no-5xx): no answer came: connection reset"
    ]


@pytest.mark.parametrize(
    "status, by_mock, by_others",
    [(400, 1, 1), (401, 1, 0), (402, 1, 0), (404, 1, 0), (418, 0, 0)],
)
def test_the_type_of_an_error_is_others_own_where_it_is_no_bad_request(
    status: int, by_mock: int, by_others: int
) -> None:
    error = {"error": {"message": "no", "type": "a_word_of_its_own"}}
    exchange = answered(status, error, JSON, ID)
    assert len(answers.problems(own(), exchange, mock=True)) == by_mock
    assert len(answers.problems(own(), exchange)) == by_others


def test_the_laws_follow_the_file() -> None:
    spec = changed({"code-in-200/data/failure_min": 500})
    assert not answers.problems(spec, answered(200, {"code": 402}, JSON, ID))


# --- A synchronous answer


def expected(**fields: Any) -> Expectation:
    """What is expected of a generation with these fields."""
    body = {**own().example_request, **BODY, **fields}
    return expectation(own(), Request("POST", "/images/generations", fields=body))


def entry(picture: bytes = PICTURE) -> dict[str, Any]:
    """An entry of `data`."""
    inline = base64.b64encode(picture).decode()
    return {"b64_json": inline, "url": "http://127.0.0.1:1/results/a.png"}


def right(count: int = 1) -> dict[str, Any]:
    """A right answer with so many pictures."""
    return {"created": 1760000000, "data": [entry() for _ in range(count)]}


def judged(body: object, wanted: Expectation | None = None, **known: Any) -> list[str]:
    """What is wrong with a synchronous answer of this body."""
    exchange = answered(200, body, JSON, ID)
    return told(synchronous.problems(own(), wanted or expected(), exchange, **known))


def without(name: str) -> Callable[[dict[str, Any]], None]:
    """A change that takes a field out of the first entry."""
    return lambda body: body["data"][0].pop(name)


def put(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A change that replaces a field of the first entry."""
    return lambda body: body["data"][0].update({name: value})


def top(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    """A change that replaces a field of the body."""
    return lambda body: body.update({name: value})


def test_a_right_answer_is_fine() -> None:
    assert judged(right(), extras=False) == []
    assert judged(right(3), expected(n=3), extras=False) == []


@pytest.mark.parametrize(
    "change, problem",
    [
        (top("created", "1760000000"), "sync-shape: created is '1760000000'; expected integer"),
        (top("created", 1760000000123), "sync-shape: created is 1760000000123; expected integer"),
        (top("created", 1760000000.5), "sync-shape: created is 1760000000.5; expected integer"),
        (
            lambda body: body.update(created=True),
            "sync-shape: created is True; expected integer Unix seconds",
        ),
        (top("created", None), "sync-shape: created is None; expected integer Unix seconds"),
        (top("data", []), "sync-shape: 0 pictures; expected 1"),
        (top("data", None), "sync-shape: data is NoneType; expected a list of objects"),
        (top("data", [entry(), entry()]), "sync-shape: 2 pictures; expected 1"),
        (top("data", {"taskId": "a"}), "mode: a task was answered; expected the pictures"),
        (without("url"), "sync-shape: url is None; expected an absolute http(s) URL"),
        (put("url", "/results/a.png"), "sync-shape: url is '/results/a.png'; expected an absolute"),
        (without("b64_json"), "sync-shape: b64_json is missing"),
        (put("b64_json", None), "sync-shape: b64_json is missing"),
        (put("b64_json", "abc\n="), "sync-shape: b64_json is no strict base64; it begins"),
        (put("b64_json", "data:image/png;base64,AAAA"), "sync-shape: b64_json is no strict base64"),
        (put("b64_json", ""), "size-exact: no PNG, JPEG or WebP"),
        (
            top("data", [entry(samples.gradient(SIZE.turned))]),
            "size-exact: the picture measures 640",
        ),
        (
            top("data", [entry(samples.gradient(SIZE, "webp"))]),
            "output-format: the picture is a webp",
        ),
        (
            put("revised_prompt", "x"),
            "sync-shape (no-extras): fields that nobody promised: revised",
        ),
        (top("usage", {}), "sync-shape (no-extras): fields that nobody promised: usage"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_answer_is_told(change: Callable[[dict[str, Any]], None], problem: str) -> None:
    body = right()
    change(body)
    found = judged(body, extras=False)
    assert len([text for text in found if text.startswith(problem)]) == 1, found


def test_base64_with_line_breaks_is_no_strict_base64() -> None:
    body = right()
    body["data"][0]["b64_json"] = base64.encodebytes(PICTURE).decode()
    assert judged(body)[0].startswith("sync-shape: b64_json is no strict base64")


def test_the_second_picture_is_judged_as_the_first() -> None:
    body = right(2)
    body["data"][1] = entry(samples.gradient(Size(1024, 656)))
    found = judged(body, expected(n=2))
    assert found == ["size-exact: the picture measures 1024x656; expected 1024x640"]


def test_alpha_is_judged_as_it_was_asked_for() -> None:
    assert judged(right(), expected(background="opaque")) == []
    found = judged(right(), expected(background="transparent"))
    assert found == ["background: the png has no alpha channel; it must have one"]


def test_an_edit_that_asked_for_url_has_no_base64() -> None:
    parts = (("response_format", "url"), *BODY.items(), *own().example_request.items())
    texts = tuple((name, str(value)) for name, value in parts)
    png = ("image_url", samples.data_uri(samples.sample("sample-png")))
    wanted = expectation(own(), Request("POST", "/images/edits", parts=(*texts, png)))
    assert wanted.accepted
    assert judged(right(), wanted)[0] == "response-format: b64_json is there; url was asked for"
    body = right()
    del body["data"][0]["b64_json"]
    assert judged(body, wanted) == []
    told_of = judged(body, expected(response_format="url"))
    assert told_of == ["response-format (generations): b64_json is missing"]


def test_the_openai_extras_are_judged_where_they_are_on() -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "total_tokens": 3,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 1},
    }
    extras = {"background": "opaque", "output_format": "png", "quality": "low", "size": str(SIZE)}
    whole = {**right(), **extras, "usage": usage}
    assert judged(whole, extras=True) == []
    assert judged(whole) == []
    assert len(judged(right(), extras=True)) == 5
    wrong = judged({**whole, "size": "1x1", "usage": {}}, extras=True)
    assert "sync-shape (extras): size is '1x1'; expected 1024x640" in wrong
    assert any(text.startswith("sync-shape (extras): usage: ") for text in wrong)


def test_a_url_must_serve_the_very_bytes_with_their_type() -> None:
    def served(status: int, body: bytes, media_type: str) -> list[str]:
        fetched = answered(status, body, ("content-type", media_type), method="GET")
        return told(synchronous.same_bytes_problems(own(), PICTURE, fetched))

    assert served(200, PICTURE, "image/png") == []
    assert served(401, b"", "image/png") == [
        "same-bytes: the url answers 401; expected the picture"
    ]
    assert served(200, PICTURE + b"\0", "image/png")[0].startswith("same-bytes: other bytes")
    assert served(200, PICTURE, "application/octet-stream")[0].startswith(
        "same-bytes: Content-Type"
    )


# --- Money and time


def money(total: str, frozen: str, balance: str) -> ledger.Ledger:
    """A ledger from texts."""
    return ledger.Ledger(Decimal(total), Decimal(frozen), Decimal(balance))


def test_a_balance_that_adds_up_is_fine() -> None:
    assert ledger.balance_problems(money("1.00", "0.04", "0.96")) == []
    right_one = money("1", "0.04", "0.96")
    assert ledger.balance_problems(right_one, expected=money("1.00", "0.040", "0.96")) == []


@pytest.mark.parametrize(
    "seen, problem",
    [
        (money("1", "0.04", "1"), "settle-once: balance 1 is not total 1 - frozen 0.04"),
        (money("1", "-0.04", "1.04"), "settle-once: frozen is -0.04, less than nothing"),
        (money("0.99", "0", "0.99"), "settle-once: total is 0.99; expected 1"),
    ],
)
def test_a_balance_that_does_not_add_up_is_told(seen: ledger.Ledger, problem: str) -> None:
    assert problem in told(ledger.balance_problems(seen, expected=money("1", "0", "1")))


@pytest.mark.parametrize(
    "balance, price, concurrent, count",
    [
        ("0.10", "0.04", 24, 2),
        ("0.12", "0.04", 24, 3),
        ("0.0399", "0.04", 1, 0),
        ("1", "0.005", 24, 24),
    ],
)
def test_a_balance_pays_for_as_many_as_it_holds(
    balance: str, price: str, concurrent: int, count: int
) -> None:
    assert ledger.accepted(Decimal(balance), Decimal(price), concurrent=concurrent) == count


def test_shares_of_the_latency_follow_the_triangle() -> None:
    spec = own()
    assert latency.seconds(spec, "low", 0.125) == pytest.approx(37.5)
    assert latency.seconds(spec, "high", 0.875) == pytest.approx(127.5)
    assert latency.seconds(spec, None, 0.5) == pytest.approx(75)
    slow = changed({"latency/data/seconds/low": {"min": 50, "mode": 60, "max": 90}})
    assert latency.seconds(slow, "low", 0.25) == pytest.approx(60)
    fixed = changed({"latency/data/seconds/low": {"min": 5, "mode": 5, "max": 5}})
    assert latency.seconds(fixed, "low", 0.5) == pytest.approx(5)
