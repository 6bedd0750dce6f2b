"""Whose request it is."""

import pytest

from mock_server.rules.access import Access, read_key

MUST = "Authorization: must be Bearer KEY; "


@pytest.mark.parametrize(
    "header, key",
    [
        ("Bearer sk_test", "sk_test"),
        ("bearer sk_test", "sk_test"),
        ("BEARER sk_test", "sk_test"),
        ("Bearer   sk_test  ", "sk_test"),
        ("  Bearer sk_test", "sk_test"),
        ("Bearer a:b/c+d=", "a:b/c+d="),
        ("Bearer Bearer", "Bearer"),
    ],
)
def test_the_key_is_what_follows_the_scheme(header: str, key: str) -> None:
    assert read_key(header, scheme="Bearer") == Access(key)


@pytest.mark.parametrize(
    "header, problem",
    [
        (None, "Authorization: Bearer KEY is required and was not given"),
        ("", MUST + "got another scheme"),
        ("sk_test", MUST + "got another scheme"),
        ("Basic c2tfdGVzdDo=", MUST + "got another scheme"),
        ("Bearersk_test", MUST + "got another scheme"),
        ("Bearer", MUST + "got no key"),
        ("Bearer ", MUST + "got no key"),
        ("Bearer clé", MUST + "got a key that is not plain ASCII"),
        ("Bearer sk\x00test", MUST + "got a key that is not plain ASCII"),
        ("Bearer sk\ttest", MUST + "got a key that is not plain ASCII"),
        ("Bearer two words", MUST + "got a key that is not plain ASCII"),
        ("Bearer sk_\udce9", MUST + "got a key that is not plain ASCII"),
    ],
)
def test_without_a_key_it_is_said_why(header: str | None, problem: str) -> None:
    assert read_key(header, scheme="Bearer") == Access(None, problem)


def test_a_refusal_never_shows_the_key() -> None:
    assert "s3cret" not in read_key("Basic s3cret", scheme="Bearer").problem
    assert "s3cret" not in read_key("Bearer s3cret é", scheme="Bearer").problem


def test_the_scheme_is_the_contract_s() -> None:
    assert read_key("token abc", scheme="Token") == Access("abc")
    problem = read_key("Bearer abc", scheme="Token").problem
    assert problem == "Authorization: must be Token KEY; got another scheme"
