"""What a reference string is, which hosts are private, and which mask fits which picture."""

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

__all__ = [
    "Form",
    "MaskLook",
    "ReferenceTable",
    "data_of",
    "form_of",
    "http_url",
    "is_private",
    "mask_problem",
    "reference_strings",
]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """The limits of references and masks, and the hosts that are never fetched.

    `file_parts` are the parts of a form that may be files; `fields` is every field or part that
    holds a picture, the mask included.
    """

    single: tuple[str, ...]
    many: tuple[str, ...]
    formats: tuple[str, ...]
    max_references: int
    max_bytes: int
    max_pixels: int
    image_parts: tuple[str, ...]
    mask_part: str
    mask_fields: tuple[str, ...]
    mask_formats: tuple[str, ...]
    private_networks: tuple[Network, ...]
    private_suffixes: tuple[str, ...]
    private_text: str
    private_fail_code: str
    file_parts: frozenset[str] = field(init=False)
    fields: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        file_parts = frozenset((*self.image_parts, self.mask_part))
        object.__setattr__(self, "file_parts", file_parts)
        object.__setattr__(
            self, "fields", file_parts | {*self.single, *self.many, *self.mask_fields}
        )


class Form(Enum):
    """The three ways to write a picture as a string."""

    URL = "an http(s) URL"
    DATA_URI = "a data URI"
    BASE64 = "bare base64"


class MaskLook(NamedTuple):
    """What of a picture decides whether it fits as a mask, or as what is masked."""

    format: str
    width: int
    height: int
    has_alpha: bool


def form_of(text: str) -> Form:
    """Which way the string is written (Rule: reference-forms)."""
    head = text[:8].lower()
    if head.startswith(("http://", "https://")):
        return Form.URL
    return Form.DATA_URI if head.startswith("data:") else Form.BASE64


def data_of(text: str) -> str | None:
    """The base64 of a data URI or of bare base64; None for a data URI that is not base64."""
    if form_of(text) is Form.BASE64:
        return text
    head, comma, data = text.partition(",")
    return data if comma and head.lower().endswith(";base64") else None


def http_url(text: str) -> SplitResult | None:
    """The parts of an absolute http(s) URL with a host; None where it is none."""
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    clean = text.isprintable() and not any(c.isspace() for c in text)
    return parts if clean and has_host and parts.scheme in ("http", "https") else None


def reference_strings(fields: Mapping[str, object], names: Iterable[str]) -> list[tuple[str, str]]:
    """Every reference among the fields of those names, each with its field, in that order."""
    return [(name, text) for name in names for text in _texts(fields.get(name))]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value if isinstance(value, list) else []
    return [str(item["image_url"]) if isinstance(item, Mapping) else str(item) for item in items]


def is_private(host: str, table: ReferenceTable) -> bool:
    """Whether a host is private, loopback, link-local or reserved (Rule: private-url).

    Names are judged by their ending only: nothing is looked up.
    """
    name = host.rstrip(".").lower()
    if any(name == suffix or name.endswith("." + suffix) for suffix in table.private_suffixes):
        return True
    address = _address_of(name)
    return address is not None and _in_any(address, table.private_networks)


def _address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return _legacy_ipv4(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _legacy_ipv4(host: str) -> ipaddress.IPv4Address | None:
    """127.1, 0x7f000001 and 2130706433 all reach 127.0.0.1 in most clients."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if host.isascii() else None
    except OSError:
        return None


def _in_any(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Iterable[Network]
) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def mask_problem(mask: MaskLook, reference: MaskLook | None, table: ReferenceTable) -> str | None:
    """Why the mask does not fit the first reference, or None (Rule: mask).

    A reference that is not at hand (None) is not compared.
    """
    if mask.format not in table.mask_formats:
        return f"must be {' or '.join(table.mask_formats)}; got {mask.format}"
    if not mask.has_alpha:
        return "must have an alpha channel (transparent = repaint); got a picture without one"
    if reference and (mask.width, mask.height) != (reference.width, reference.height):
        return (
            f"must have the first reference's dimensions, {reference.width}x{reference.height}; "
            f"got {mask.width}x{mask.height}"
        )
    return None
