"""What the arguments of both commands say, read from their texts."""

from argparse import ArgumentTypeError
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from urllib.parse import urlsplit

from contracts.spec import Basis

__all__ = ["bases", "count", "factor", "is_local", "money", "seconds", "url"]


def is_local(base_url: str) -> bool:
    """Whether the URL leads to this machine."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def money(text: str) -> Decimal:
    """A sum in USD."""
    try:
        value = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        raise ArgumentTypeError(f"a sum in USD such as 0.50 is needed; got '{text}'") from None
    if not value.is_finite() or value < 0:
        raise ArgumentTypeError(f"a sum in USD, not negative, is needed; got '{text}'")
    return value


def seconds(text: str) -> float:
    """A positive number of seconds."""
    return _number(text, "a positive number of seconds", above=0)


def factor(text: str) -> float:
    """How many real seconds one second of the target lasts, 0 or more."""
    return _number(text, "a number, 0 or more,")


def bases(text: str) -> frozenset[str]:
    """Some of observed and assumed."""
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    allowed = {Basis.OBSERVED.value, Basis.ASSUMED.value}
    if unknown := sorted(names - allowed):
        raise ArgumentTypeError(
            f"observed, assumed or both are allowed; got '{', '.join(unknown)}'"
        )
    return names


def url(text: str) -> str:
    """An http(s) URL without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ArgumentTypeError(f"an http(s) URL is needed; got '{text}'")
    return text.rstrip("/")


def count(text: str) -> int:
    """A positive integer."""
    return int(_number(text, "a positive integer", above=0))


def _number(text: str, wanted: str, *, above: float | None = None) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < float("inf") or (above is not None and value <= above):
        raise ArgumentTypeError(f"{wanted} is needed; got '{text}'")
    return value
