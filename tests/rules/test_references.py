"""What a reference string is, which hosts are private, which mask fits."""

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.rules.references import (
    Form,
    MaskLook,
    data_of,
    form_of,
    http_url,
    is_private,
    mask_problem,
    reference_strings,
)
from tests.laws import own_contract

TABLE = own_contract().references


@pytest.mark.parametrize(
    "text, form",
    [
        ("http://a/b.png", Form.URL),
        ("https://a/b.png", Form.URL),
        ("HTTPS://A/B.PNG", Form.URL),
        ("data:image/png;base64,aGk=", Form.DATA_URI),
        ("DATA:image/png;base64,aGk=", Form.DATA_URI),
        ("aGk=", Form.BASE64),
        ("ftp://a/b.png", Form.BASE64),
        ("httpabc", Form.BASE64),
        ("", Form.BASE64),
    ],
)
def test_a_reference_is_written_in_one_of_three_ways(text: str, form: Form) -> None:
    assert form_of(text) is form


@pytest.mark.parametrize(
    "text, data",
    [
        ("aGk=", "aGk="),
        ("data:image/png;base64,aGk=", "aGk="),
        ("data:;base64,aGk=", "aGk="),
        ("DATA:IMAGE/PNG;BASE64,aGk=", "aGk="),
        ("data:image/png;charset=x;base64,aGk=,b", "aGk=,b"),
        ("data:image/png,aGk=", None),
        ("data:image/png;base64", None),
        ("data:", None),
    ],
)
def test_the_base64_is_what_stands_behind_the_comma(text: str, data: str | None) -> None:
    assert data_of(text) == data


def test_an_http_url_has_a_scheme_and_a_host() -> None:
    parts = http_url("https://User@Shop.Example:8443/a%20b?c#d")
    assert parts is not None
    assert (parts.scheme, parts.hostname, parts.port) == ("https", "shop.example", 8443)
    for text in ("", "a.png", "//a/b", "http:/a", "https://", "http://a:0/", "http://a:70000/"):
        assert http_url(text) is None, text


@given(st.text())
def test_any_text_is_a_url_or_none(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://a/{text}"):
        parts = http_url(candidate)
        assert parts is None or parts.hostname


def test_references_are_found_in_the_order_of_the_fields() -> None:
    fields = {
        "images": ["b", {"image_url": "c"}],
        "image": "a",
        "image_url": 7,
        "prompt": "no reference",
        "image_urls": [],
    }
    names = ("image", "image_url", "image_urls", "images")
    assert reference_strings(fields, names) == [("image", "a"), ("images", "b"), ("images", "c")]
    assert reference_strings(fields, ("images", "image"))[-1] == ("image", "a")


PRIVATE = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.10",
    "169.254.169.254", "0.0.0.1", "100.64.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1",
    "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0",
    "localhost", "LOCALHOST", "localhost.", "db.localhost", "printer.local", "metadata.internal",
    # The ways in which a C library reads 127.0.0.1 and 10.0.0.1.
    "127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "10.1",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "192.167.255.255", "192.169.0.1",
    "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1", "223.255.255.255",
    "2606:4700::1111", "::ffff:8.8.8.8", "example.com", "localhost.example.com", "local.example",
    "notlocalhost", "internal.example", "134744072",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_host_is_known_however_it_is_written(host: str) -> None:
    assert is_private(host, TABLE)


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_host_is_none(host: str) -> None:
    assert not is_private(host, TABLE)


@given(st.ip_addresses())
def test_private_is_what_lies_in_a_listed_network(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    judged = getattr(address, "ipv4_mapped", None) or address
    listed = any(judged in network for network in TABLE.private_networks)
    assert is_private(str(address), TABLE) == listed


def test_another_list_makes_others_private() -> None:
    table = replace(
        TABLE, private_networks=(ipaddress.ip_network("8.8.8.0/24"),), private_suffixes=("corp",)
    )
    assert is_private("8.8.8.8", table)
    assert is_private("wiki.corp", table)
    assert not is_private("127.0.0.1", table)


MASK = MaskLook("png", 64, 48, has_alpha=True)


def test_a_png_with_alpha_of_the_same_size_fits() -> None:
    assert mask_problem(MASK, MaskLook("jpeg", 64, 48, has_alpha=False), TABLE) is None
    assert mask_problem(MASK, None, TABLE) is None


@pytest.mark.parametrize(
    "mask, problem",
    [
        (MASK._replace(format="webp"), "must be png; got webp"),
        (
            MASK._replace(has_alpha=False),
            "must have an alpha channel (transparent = repaint); got a picture without one",
        ),
        (
            MASK._replace(width=63),
            "must have the first reference's dimensions, 64x48; got 63x48",
        ),
        (
            MASK._replace(width=48, height=64),
            "must have the first reference's dimensions, 64x48; got 48x64",
        ),
    ],
)
def test_another_mask_is_told_why_not(mask: MaskLook, problem: str) -> None:
    assert mask_problem(mask, MASK, TABLE) == problem


def test_other_formats_may_be_allowed() -> None:
    table = replace(TABLE, mask_formats=("png", "webp"))
    assert mask_problem(MASK._replace(format="webp"), None, table) is None
    assert mask_problem(MASK._replace(format="jpeg"), None, table) == (
        "must be png or webp; got jpeg"
    )
