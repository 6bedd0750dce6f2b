"""What a test expects to have been asked: patterns of requests, and how near the others came."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from mock_server.journal import Exchange

__all__ = [
    "COUNTS",
    "PATTERN_KEYS",
    "Expectation",
    "ExpectationError",
    "Pattern",
    "Verdict",
    "Wanted",
    "read_expectation",
    "read_pattern",
]


class ExpectationError(ValueError):
    """An expectation that cannot be understood: what came, and what is allowed."""


class _Wish(NamedTuple):
    """One thing that a request should have."""

    name: str
    wanted: str
    found: Callable[[Exchange], object]
    is_met: Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What requests should have; those from before `since` are not looked at."""

    wishes: tuple[_Wish, ...]
    since: str | float | None = None

    def differences(self, exchange: Exchange) -> list[str]:
        """What the request has that it should not, each as `size is '1x1', not '2x2'`."""
        found = ((wish, wish.found(exchange)) for wish in self.wishes)
        return [
            f"{wish.name} is {_shown(value)}, not {wish.wanted}"
            for wish, value in found
            if not wish.is_met(value)
        ]

    def matches(self, exchange: Exchange) -> bool:
        """Whether the request has all of it."""
        return not self.differences(exchange)

    def considered(self, exchanges: Sequence[Exchange]) -> list[Exchange]:
        """Of exchanges, the oldest first, those after `since`: an instant or a request's id."""
        if isinstance(self.since, str):
            ids = [exchange.id for exchange in exchanges]
            start = ids.index(self.since) + 1 if self.since in ids else 0
            return list(exchanges[start:])
        since = self.since
        return [e for e in exchanges if since is None or e.received_at >= since]

    def __str__(self) -> str:
        return ", ".join(f"{wish.name} {wish.wanted}" for wish in self.wishes)


class Verdict(NamedTuple):
    """Whether an expectation is met; the requests that match, and the nearest that do not."""

    is_met: bool
    expected: str
    matching: tuple[Exchange, ...]
    nearest: tuple[tuple[Exchange, tuple[str, ...]], ...]

    def __str__(self) -> str:
        lines = [f"expected {self.expected}; saw {len(self.matching)}"]
        lines += [f"  {_line(exchange)}" for exchange in self.matching]
        if self.nearest:
            lines.append("nearest of those that do not match:")
            lines += [f"  {_line(e)}: {'; '.join(differs)}" for e, differs in self.nearest]
        return "\n".join(lines)


def _line(exchange: Exchange) -> str:
    return f"{exchange.id} {exchange.status or 'left'} {exchange.method} {exchange.path}"


_NEAREST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Expectation:
    """So many requests of a pattern, at least and at most."""

    pattern: Pattern
    least: int
    most: int | None

    def judge(self, exchanges: Sequence[Exchange]) -> Verdict:
        """Compare with what was seen, the oldest first."""
        seen = self.pattern.considered(exchanges)
        matching = tuple(filter(self.pattern.matches, seen))
        is_met = self.least <= len(matching) and (self.most is None or len(matching) <= self.most)
        nearest = [] if is_met or len(matching) > self.least else self._nearest(seen)
        return Verdict(is_met, str(self), matching, tuple(nearest))

    def _nearest(self, seen: Iterable[Exchange]) -> list[tuple[Exchange, tuple[str, ...]]]:
        differing = [(e, tuple(self.pattern.differences(e))) for e in seen]
        others = [pair for pair in differing if pair[1]]
        return sorted(others, key=lambda pair: len(pair[1]))[:_NEAREST_SHOWN]

    def __str__(self) -> str:
        count = f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}"
        if self.most is None:
            count = f"at least {self.least}"
        elif self.most == self.least:
            count = f"exactly {self.least}"
        requests = "request" if count.endswith(" 1") else "requests"
        return f"{count} {requests}" + (f" with {self.pattern}" if self.pattern.wishes else "")


# --- reading


class Wanted(TypedDict, total=False):
    """How many requests - by default at least one - and what they should have.

    `size` and `quality` are as decided, where refused as sent; of `fields` those named must be
    equal. `since` is an instant in seconds since the epoch, or the id of the request before.
    """

    exactly: int
    at_least: int
    at_most: int
    key: str
    prompt: str
    size: str
    quality: str
    status: int | Sequence[int]
    fields: Mapping[str, object]
    since: float | str


COUNTS = ("at_least", "at_most", "exactly")
PATTERN_KEYS = (
    "operation", "key", "prompt", "size", "quality", "status", "fields", "since",
)  # fmt: skip


def read_expectation(item: Mapping[str, object], *, operations: Iterable[str]) -> Expectation:
    """From `{operation, ..., at_least | at_most | exactly}`, by default at least 1.

    Raises ExpectationError.
    """
    counts = {name: _count(name, item[name]) for name in COUNTS if item.get(name) is not None}
    rest = {name: value for name, value in item.items() if name not in COUNTS}
    _check_operation(rest.get("operation"), tuple(operations))
    pattern = read_pattern(rest)
    if "exactly" in counts:
        if len(counts) > 1:
            raise ExpectationError("exactly: cannot go with at_least or at_most")
        return Expectation(pattern, counts["exactly"], counts["exactly"])
    least = counts.get("at_least", 0 if "at_most" in counts else 1)
    return Expectation(pattern, least, counts.get("at_most"))


def _check_operation(operation: object, known: tuple[str, ...]) -> None:
    if operation is not None and operation not in known:
        allowed = ", ".join(known)
        raise ExpectationError(f"operation: must be one of {allowed}; got {operation!r}")


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ExpectationError(f"{name}: must be a whole number of at least 0; got {value!r}")
    return value


def read_pattern(item: Mapping[str, object]) -> Pattern:
    """From `{operation, key, prompt, size, quality, status, fields, since}`, all optional.

    Raises ExpectationError.
    """
    for name in item:
        if name not in PATTERN_KEYS:
            known = ", ".join((*PATTERN_KEYS, *COUNTS))
            raise ExpectationError(f"{name}: is not known here; known: {known}")
    given = {name: value for name, value in item.items() if value is not None}
    wishes = [_equal(name, given[name], _FOUND[name]) for name in _FOUND if name in given]
    if "prompt" in given:
        wishes.append(_prompt(given["prompt"]))
    if "status" in given:
        wishes.append(_status(given["status"]))
    return Pattern((*wishes, *_fields(given.get("fields") or {})), _since(given.get("since")))


def _decided(name: str) -> Callable[[Exchange], object]:
    """What the mock made of it, or what was sent where it was refused."""
    return lambda exchange: exchange.decided.get(name, (exchange.fields or {}).get(name))


_FOUND: Mapping[str, Callable[[Exchange], object]] = {
    "operation": lambda exchange: exchange.operation,
    "key": lambda exchange: exchange.account,
    "size": _decided("size"),
    "quality": _decided("quality"),
}


def _equal(name: str, value: object, found: Callable[[Exchange], object]) -> _Wish:
    if not isinstance(value, str):
        raise ExpectationError(f"{name}: must be text; got {value!r}")
    return _Wish(name, _shown(value), found, lambda got: got == value)


def _prompt(value: object) -> _Wish:
    try:
        pattern = re.compile(value) if isinstance(value, str) else None
    except re.error as error:
        raise ExpectationError(f"prompt: not a regular expression: {error}") from None
    if pattern is None:
        raise ExpectationError(f"prompt: must be a regular expression; got {value!r}")
    return _Wish(
        "prompt",
        f"like {_shown(value)}",
        lambda exchange: (exchange.fields or {}).get("prompt"),
        lambda found: isinstance(found, str) and pattern.search(found) is not None,
    )


def _status(value: object) -> _Wish:
    allowed = value if isinstance(value, list | tuple) else (value,)
    for status in allowed:
        if isinstance(status, bool) or not isinstance(status, int):
            raise ExpectationError(f"status: must be a number or a list of them; got {value!r}")
    wanted = " or ".join(str(status) for status in allowed)
    return _Wish("status", wanted, lambda exchange: exchange.status, lambda got: got in allowed)


def _fields(value: object) -> list[_Wish]:
    if not isinstance(value, Mapping):
        raise ExpectationError(f"fields: must be an object; got {value!r}")
    return [_field(str(name), wanted) for name, wanted in value.items()]


def _field(name: str, wanted: object) -> _Wish:
    return _Wish(
        f"fields.{name}",
        _shown(wanted),
        lambda exchange: (exchange.fields or {}).get(name),
        lambda found: found == wanted,
    )


def _since(value: object) -> str | float | None:
    if isinstance(value, bool) or not isinstance(value, str | float | int | None):
        raise ExpectationError(
            f"since: must be seconds since the epoch or a request's id; got {value!r}"
        )
    try:
        return value if value is None else float(value)
    except ValueError:
        return str(value)


_LONGEST = 60


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
