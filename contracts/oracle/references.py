"""What a reference or a mask is, before any server looks at it: bytes, a URL, or nothing usable.

Rules: reference-forms, private-url.
"""

import base64
import binascii
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from contracts.oracle.headers import Header, read
from contracts.spec import Spec

__all__ = ["Picture", "Remote", "Unusable", "is_private", "read_reference"]

SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Picture:
    """A reference whose bytes are known."""

    data: bytes
    header: Header


@dataclass(frozen=True, slots=True)
class Remote:
    """A reference that the server would have to fetch."""

    url: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A reference that must be refused, and why."""

    reason: str


def read_reference(spec: Spec, value: str | bytes) -> Picture | Remote | Unusable:
    """What the text (URL, data URI, bare base64) or the file is."""
    if isinstance(value, bytes):
        return _picture(spec, value)
    scheme, colon, _ = value.partition(":")
    if colon and scheme.lower() in SCHEMES:
        return Remote(value) if _host(value) else Unusable("a URL without a host")
    if colon and scheme.lower() != "data":
        return Unusable(f"a URL with the scheme '{scheme}'")
    data = _decoded(value.partition(",")[2] if colon else value)
    return _picture(spec, data) if data is not None else Unusable("no base64")


def is_private(spec: Spec, url: str) -> bool:
    """Whether the URL's host is private, loopback, link-local or reserved. Rule: private-url."""
    host = _host(url).rstrip(".")
    address = _address(host)
    if address is None:
        return host.rpartition(".")[2] in spec.facts.private_url.host_suffixes
    edges = _edges(spec, address.version)
    return bisect_right(edges, int(address)) % 2 == 1


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=16)
def _edges(spec: Spec, version: int) -> list[int]:
    """Where each private stretch begins and ends, in order: an odd place lies inside."""
    networks = [each for each in spec.facts.private_url.networks if each.version == version]
    edges: list[int] = []
    for first, after in sorted((int(n[0]), int(n[-1]) + 1) for n in networks):
        if edges and first <= edges[-1]:
            edges[-1] = max(edges[-1], after)
        else:
            edges += [first, after]
    return edges


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _picture(spec: Spec, data: bytes) -> Picture | Unusable:
    forms = spec.facts.reference_forms
    if len(data) > forms.max_bytes:
        return Unusable(f"{len(data)} bytes, more than {forms.max_bytes}")
    header = read(data)
    if header is None or header.format not in forms.formats:
        return Unusable("no picture of an allowed format")
    if header.size.pixels > forms.max_pixels:
        return Unusable(f"{header.size.pixels} pixels, more than {forms.max_pixels}")
    return Picture(data, header)
