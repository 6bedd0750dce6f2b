"""Whose request it is."""

from functools import lru_cache
from typing import NamedTuple

__all__ = ["Access", "read_key"]


class Access(NamedTuple):
    """The key of a request, or why there is none."""

    key: str | None
    problem: str = ""


@lru_cache(maxsize=256)
def read_key(header: str | None, *, scheme: str) -> Access:
    """The key in an Authorization header (Rule: auth)."""
    if header is None:
        return Access(None, f"Authorization: {scheme} KEY is required and was not given")
    given, _, key = header.strip().partition(" ")
    key = key.strip()
    if given.lower() != scheme.lower():
        return Access(None, f"Authorization: must be {scheme} KEY; got another scheme")
    if not key:
        return Access(None, f"Authorization: must be {scheme} KEY; got no key")
    if not key.isascii() or not key.isprintable() or " " in key:
        return Access(
            None, f"Authorization: must be {scheme} KEY; got a key that is not plain ASCII"
        )
    return Access(key)
