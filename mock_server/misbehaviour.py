"""What a fault is: where it may act, what it takes, and how it is asked for in a text.

A fault acts at one or more of these points of a request's life, and does nothing at the others:

    arrive   before anything is decided: an answer or a refusal instead of the handler's
    refuse   when it is known what is asked: a refusal of a synchronous request
    alter    the accepted job: its time, its end, its pictures
    depart   the answer on its way out
    later    what is done with the job afterwards: polls, result URLs, webhooks (`Aftermath`)
"""

import math
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, NamedTuple, TypeVar, cast

from aiohttp import web

from mock_server.rules.modes import Mode
from mock_server.rules.tasks import Job

__all__ = [
    "PROPER",
    "Aftermath",
    "Fault",
    "FaultError",
    "Instead",
    "Sleep",
    "amount",
    "flag",
    "free_text",
    "one_of",
    "param",
    "parameters",
    "read_fault",
    "whole",
]

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
Reader = Callable[[str], object]


class FaultError(ValueError):
    """A fault that was asked for does not exist, or not with that parameter."""


class Instead(Exception):  # noqa: N818 - an answer, no error
    """A fault's own answer, in place of the one that was being made."""

    def __init__(self, answer: web.StreamResponse) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Aftermath(NamedTuple):
    """What becomes of a job's results and webhooks; the defaults are proper behaviour."""

    expired_status: int | None = None
    empty_polls: int = 0
    hook_copies: int = 1
    hook_delay_s: float = 0.0
    hook_is_swapped: bool = False


PROPER = Aftermath()


@dataclass(frozen=True, slots=True)
class Fault:
    """Proper behaviour at every point; each fault overrides where it acts."""

    name: ClassVar[str]
    helps: ClassVar[str]
    # Whether it acts on the answer as it departs, which therefore has to be there as a whole.
    spoils: ClassVar[bool] = False

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """The answer instead of the handler's, or None; may raise ApiError."""

    def refuse(self, mode: Mode) -> None:
        """Raise ApiError for a request of that mode."""

    def alter(self, job: Job) -> Job:
        """The accepted job as it shall be."""
        return job

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """The answer as it shall be sent; it may have been sent already."""
        return response

    def later(self, proper: Aftermath) -> Aftermath:
        """What becomes of the job's results and webhooks, given what else was asked for."""
        return proper


def param(default: T, read: Reader) -> T:
    """A parameter of a fault: its default, and how its text is read."""
    return field(default=default, metadata={"read": read})


_WHOLE = re.compile(r"-?[0-9]{1,12}")


def whole(least: int = 0, most: int = 10**9) -> Reader:
    """Reads a whole number between the two."""

    def read(text: str) -> int:
        is_number = _WHOLE.fullmatch(text) is not None
        if not is_number or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def amount(most: float = 1e9) -> Reader:
    """Reads a number from 0, such as seconds."""

    def read(text: str) -> float:
        problem = f"a number from 0 to {most:g}"
        try:
            value = float(text)
        except ValueError:
            raise ValueError(problem) from None
        if not math.isfinite(value) or not 0 <= value <= most:
            raise ValueError(problem)
        return value

    return read


def one_of(*allowed: T) -> Reader:
    """Reads one of these."""
    by_text = {str(value): value for value in allowed}

    def read(text: str) -> T:
        if text not in by_text:
            raise ValueError(f"one of {', '.join(by_text)}")
        return by_text[text]

    return read


_FLAGS = {"1": True, "true": True, "0": False, "false": False}


def flag(text: str) -> bool:
    """Reads 1 or 0."""
    if text.lower() not in _FLAGS:
        raise ValueError("1 or 0")
    return _FLAGS[text.lower()]


def free_text(text: str) -> str:
    """Reads any text that can be sent."""
    if not text.isprintable():
        raise ValueError("printable text")
    return text


def parameters(kind: type[Fault]) -> Mapping[str, object]:
    """The parameters of a fault with their defaults; None where it depends."""
    return {f.name: cast(object, f.default) for f in fields(kind)}


def read_fault(text: str, kinds: Mapping[str, type[Fault]]) -> Fault:
    """Read `name;param=value;...`; raises FaultError that says what is known."""
    name, *given = (part.strip() for part in text.split(";"))
    kind = kinds.get(name)
    if kind is None:
        raise FaultError(f"unknown fault {name[:50]!r}; known: {', '.join(kinds)}")
    values: dict[str, object] = {}
    for item in filter(None, given):
        key, equals, value = (part.strip() for part in item.partition("="))
        values[key] = _value(kind, key, value if equals else "1")
    return kind(**values)


def _value(kind: type[Fault], key: str, text: str) -> object:
    known = {f.name: f for f in fields(kind)}
    if key not in known:
        names = ", ".join(known) or "none"
        raise FaultError(f"{kind.name}: unknown parameter {key[:50]!r}; known: {names}")
    read: Reader = known[key].metadata["read"]
    try:
        return read(text)
    except ValueError as error:
        raise FaultError(f"{kind.name}: {key} must be {error}; got {text[:50]!r}") from None
