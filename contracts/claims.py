"""What a test says of itself before it runs: the rules it judges, what it sends, what it may cost.

    @rule("size-grid")
    @probes(off_grid_sizes)
    def test_a_side_off_the_grid_is_refused(probe: Probe, target: Target, judge: Judge) -> None: ...

Everything here is data, so that a run can be planned, paid and sent ahead of its verdicts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import pytest

from contracts.exchange import Request
from contracts.oracle.requests import Expectation
from contracts.spec import Spec

__all__ = ["Bill", "Claim", "Level", "Probe", "World", "bill", "claims", "last", "probes", "rule"]

RULE_MARK = "contract_rule"
PROBES_MARK = "contract_probes"
BILL_MARK = "contract_bill"
LAST_MARK = "contract_last"


class Level(StrEnum):
    """How much a run may ask for, least first."""

    FREE = "free"
    SMOKE = "smoke"
    FULL = "full"

    def covers(self, other: "Level") -> bool:
        """Whether what belongs to the other level is part of this one."""
        order = list(Level)
        return order.index(other) <= order.index(self)


@dataclass(frozen=True, slots=True)
class Claim:
    """A rule that a test judges, or one part of it."""

    rule: str
    part: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Claim":
        """`rule` or `rule/part`."""
        name, _, part = text.partition("/")
        return cls(name, part or None)

    def __str__(self) -> str:
        return f"{self.rule}/{self.part}" if self.part else self.rule


@dataclass(frozen=True, slots=True)
class World:
    """What is known before anything is sent."""

    spec: Spec
    profile: str
    seed: int


@dataclass(frozen=True, slots=True)
class Probe:
    """One request that is sent once in a run, whoever judges it."""

    name: str
    request: Request
    rule: str = "status"
    """The rule it is made for: broken if it is not accepted though it should be."""
    price: Decimal = Decimal(0)
    """What it costs by the contract; 0 for what is refused or free."""
    largest: Decimal = Decimal(0)
    """What it costs at most, if a wrong server accepts it."""
    level: Level = Level.FREE
    is_task: bool = False
    """Whether a task is to be followed to its end."""
    expected: Expectation | None = None
    """What the contract expects, for a request that is about pictures."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a test sends that composes its requests as it goes: at most so many, at most so dear."""

    level: Level
    requests: int
    largest: Callable[[World], Decimal]


def rule(*names: str) -> pytest.MarkDecorator:
    """Names the rules that a test judges, each as `rule` or `rule/part`."""
    return pytest.MarkDecorator(
        pytest.Mark(RULE_MARK, tuple(Claim.parse(name) for name in names), {}, _ispytest=True),
        _ispytest=True,
    )


def probes(build: Callable[[World], Iterable[Probe]]) -> pytest.MarkDecorator:
    """Runs a test once for each probe that `build` gives, as its argument `probe`."""
    return pytest.MarkDecorator(
        pytest.Mark(PROBES_MARK, (build,), {}, _ispytest=True), _ispytest=True
    )


def bill(
    level: Level, *, requests: int, largest: Callable[[World], Decimal] = lambda _: Decimal(0)
) -> pytest.MarkDecorator:
    """Says what a test without probes sends at most."""
    return pytest.MarkDecorator(
        pytest.Mark(BILL_MARK, (Bill(level, requests, largest),), {}, _ispytest=True),
        _ispytest=True,
    )


def last() -> pytest.MarkDecorator:
    """Runs a test behind all others, when everything has been made."""
    return pytest.MarkDecorator(pytest.Mark(LAST_MARK, (), {}, _ispytest=True), _ispytest=True)


def claims(item: pytest.Item) -> tuple[Claim, ...]:
    """The rules that a test names."""
    return tuple(claim for mark in item.iter_markers(RULE_MARK) for claim in mark.args)
