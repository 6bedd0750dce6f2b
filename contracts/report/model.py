"""The report of a run as data: the one shape that the terminal, JSON and HTML reports render.

Money is a `Decimal` in USD, times are seconds, everything is immutable.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "Failure",
    "Latency",
    "Money",
    "Outcome",
    "Part",
    "Report",
    "RuleVerdict",
    "TargetFacts",
    "count",
]


class Outcome(StrEnum):
    """What a run says of a rule."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    WARN = "warn"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which a rule was seen broken, however often it was seen."""

    rule: str
    part: str | None
    """The sub-claim of the rule that was broken, where it has a basis of its own."""
    basis: str
    """stated | openai | observed | assumed: the basis of the rule, or of its part."""
    outcome: Outcome
    """FAIL or WARN."""
    test: str
    """The pytest node id of the test that saw it first."""
    expected: str
    received: str
    curl: str
    """One line that reproduces it alone, the key as `$API_KEY`; empty where no one request does."""
    answer: str
    """What came back for that line: status line, headers that matter, body (shortened)."""
    times: int = 1
    """How often the same was seen."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-claim of a rule that has a basis of its own."""

    name: str
    basis: str
    outcome: Outcome
    checks: int
    reasons: tuple[str, ...] = ()
    """Why it was not judged."""


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What the run says of one rule of the contract."""

    rule: str
    statement: str
    basis: str
    cites: str
    outcome: Outcome
    checks: int
    """How many single decisions the outcome rests on; 0 exactly when it was not judged."""
    failures: tuple[Failure, ...] = ()
    """Shortest request first."""
    reasons: tuple[str, ...] = ()
    """What was not judged of this rule, and why; also beside a pass."""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Money:
    """What the run cost by the contract's price list."""

    currency: str
    spent: Decimal
    max_cost: Decimal | None
    """The limit; None where none was set (a target on the own machine)."""
    unexplained: Decimal
    """The part of `spent` that went for requests which should have been refused."""
    exhausted: bool
    """Whether a request was not sent for want of budget."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the pictures of one quality took, beside what the contract states."""

    quality: str
    count: int
    fastest_s: float
    median_s: float
    slowest_s: float
    stated_min_s: float
    stated_mode_s: float
    stated_max_s: float


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What was aimed at, and what it offers."""

    base_url: str
    profile: str
    mock: str | None
    """Name and version where the target says that it is this project's mock, else None."""
    time_scale: float
    offers: tuple[str, ...]
    """The optional things it has: balance, records, second key, poor key, control, webhooks ..."""
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run has found."""

    target: TargetFacts
    level: str
    also: tuple[str, ...]
    """The bases that were judged beyond stated and openai."""
    seed: int
    started: str
    """ISO 8601, UTC."""
    duration_s: float
    requests: int
    rules: tuple[RuleVerdict, ...]
    """In the order of the contract."""
    money: Money
    latencies: tuple[Latency, ...]
    exit_code: int
    """0 conforms, 1 breaches, 2 misuse or unreachable, 3 the budget ended before the verdict."""
    verdict: str
    """The result in one sentence."""
    errors: tuple[str, ...] = ()
    """Tests that broke down for a reason other than the contract: faults of the suite itself."""
    size_map: str | None = None
    """Path of the size map's PNG, relative to the report's folder, where one was drawn."""


def count(report: Report, outcome: Outcome) -> int:
    """How many rules of the report ended so."""
    return sum(verdict.outcome is outcome for verdict in report.rules)
