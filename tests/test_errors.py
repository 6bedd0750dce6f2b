"""Each refusal's kind, words and headers, and the three envelopes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.errors import (
    ApiError,
    bad_body,
    bad_fault,
    bad_field,
    body_too_large,
    envelope,
    internal,
    method_not_allowed,
    missing_field,
    no_credit,
    not_found,
    shortened,
    unauthorized,
    unsupported_coding,
    unsupported_media_type,
)
from tests.laws import own_contract

KINDS = own_contract().errors.kinds


@pytest.mark.parametrize(
    "error, status, code, param, rule, message",
    [
        (
            bad_field("n", "must be 1; got 2", rule="n"),
            400, "invalid_n", "n", "n", "n: must be 1; got 2",
        ),
        (
            missing_field("prompt", rule="prompt"),
            400, "missing_required_parameter", "prompt", "prompt",
            "prompt: is required and was not given",
        ),
        (bad_body("It is torn"), 400, "invalid_body", None, "status", "It is torn"),
        (unauthorized("No key"), 401, "invalid_api_key", "Authorization", "auth", "No key"),
        (
            no_credit(price=Decimal("0.46"), balance=Decimal("3E-1"), currency="USD"),
            402, "insufficient_balance", None, "no-credit",
            "Insufficient balance: this request costs 0.46 USD, the available balance is 0.3 USD",
        ),
        (
            no_credit(price=Decimal("1E+2"), balance=Decimal("1E+1"), currency="EUR"),
            402, "insufficient_balance", None, "no-credit",
            "Insufficient balance: this request costs 100 EUR, the available balance is 10 EUR",
        ),
        (
            not_found("No such task: 'x'", param="task_id", rule="poll-errors"),
            404, "not_found", "task_id", "poll-errors", "No such task: 'x'",
        ),
        (
            method_not_allowed("PUT", "/a", {"POST", "GET"}),
            405, "method_not_allowed", None, "status",
            "'PUT' is not allowed on '/a'; allowed: GET, POST",
        ),
        (
            body_too_large(1_200_000_000),
            413, "body_too_large", None, "status",
            "The request body is over the limit of 1,200,000,000 bytes",
        ),
        (
            unsupported_media_type("text/plain", ("application/json", "multipart/form-data")),
            415, "unsupported_media_type", "Content-Type", "status",
            "Content-Type: must be application/json or multipart/form-data; got 'text/plain'",
        ),
        (
            unsupported_coding("br"),
            415, "unsupported_content_encoding", "Content-Encoding", "status",
            "Content-Encoding: must be left out, bodies are taken as they are; got 'br'",
        ),
        (internal("It broke"), 500, "internal_error", None, "status", "It broke"),
    ],
)  # fmt: skip
def test_each_refusal_says_what_and_where(
    error: ApiError, status: int, code: str, param: str | None, rule: str, message: str
) -> None:
    assert (error.message, str(error)) == (message, message)
    assert (error.code, error.param, error.rule) == (code, param, rule)
    assert KINDS[error.kind].status == status


def test_what_http_wants_with_a_status_is_sent() -> None:
    assert dict(unauthorized("").headers) == {"WWW-Authenticate": "Bearer"}
    assert dict(method_not_allowed("PUT", "/", ["POST", "GET"]).headers) == {"Allow": "GET, POST"}
    assert dict(bad_body("").headers) == {}


def test_a_malformed_fault_is_a_bad_request() -> None:
    assert KINDS[bad_fault("odd").kind].status == 400


def test_there_are_three_envelopes() -> None:
    error = bad_field("size", "must be even; got 'odd'")
    kind = KINDS[error.kind]
    native = {"code": 400, "msg": "size: must be even; got 'odd'"}
    openai = {
        "error": {
            "message": "size: must be even; got 'odd'",
            "type": "invalid_request_error",
            "param": "size",
            "code": "invalid_size",
        }
    }
    assert envelope(error, kind, "native") == native
    assert envelope(error, kind, "openai") == openai
    assert envelope(error, kind, "hybrid") == native | openai
    assert own_contract().errors.default_style == "hybrid"


def test_each_kind_has_its_status_and_type() -> None:
    types = {(kind.status, kind.type) for kind in KINDS.values()}
    assert types == {
        (400, "invalid_request_error"),
        (401, "invalid_request_error"),
        (402, "insufficient_quota"),
        (404, "invalid_request_error"),
        (405, "invalid_request_error"),
        (413, "invalid_request_error"),
        (415, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "server_error"),
    }


@pytest.mark.parametrize(
    "value, text",
    [
        ("large", "'large'"),
        ("it's", '"it\'s"'),
        ("a\nb\x00", r"'a\nb\x00'"),
        ("", "''"),
        (7, "7"),
        (None, "None"),
        (True, "true"),
        (False, "false"),
        ([1, 2], "[1, 2]"),
        ({"a": 1}, "{'a': 1}"),
        ("x" * 62, "'" + "x" * 62 + "'"),
        ("x" * 63, "'" + "x" * 63 + "…"),
    ],
)
def test_a_value_is_quoted_as_it_came(value: object, text: str) -> None:
    assert shortened(value) == text


def _nested(depth: int) -> object:
    value: object = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**6,
        ["x" * 10**6] * 1000,
        {str(key): "x" for key in range(10**5)},
        10**400,
        _nested(100_000),
        b"x" * 10**6,
    ],
    ids=["long text", "long list", "large mapping", "large number", "deep", "bytes"],
)
def test_what_is_long_or_deep_is_cut(value: object) -> None:
    assert len(shortened(value)) <= 65


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json)
def test_any_value_is_one_short_line(value: object) -> None:
    text = shortened(value)
    assert 0 < len(text) <= 65
    assert text.isprintable()
