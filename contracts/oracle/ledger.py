"""Money by adding up what happened: holds, settlements, releases, and what a balance allows.

Rules: settle-once, free-failure, disconnect, no-credit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, repeat

from contracts.oracle.problem import Problem

__all__ = ["Ledger", "accepted", "balance_problems", "charged", "replayed"]

SETTLE = "settle-once"


@dataclass(frozen=True, slots=True)
class Ledger:
    """What an account says of itself, in USD."""

    total: Decimal
    frozen: Decimal
    balance: Decimal


def replayed(total: Decimal, events: Sequence[tuple[str, Decimal]]) -> Ledger:
    """The account after events `(hold | settle | release, USD)`, from sums over each kind."""
    sums = {kind: Decimal(0) for kind in ("hold", "settle", "release")}
    for kind, amount in events:
        sums[kind] += amount
    left = total - sums["settle"]
    frozen = sums["hold"] - sums["settle"] - sums["release"]
    return Ledger(left, frozen, left - frozen)


def charged(held: Decimal, ends: str) -> Decimal:
    """USD that a request costs which held so much and ended so, its client waiting or not."""
    return {"completed": held, "failed": Decimal(0)}[ends]


def accepted(balance: Decimal, price: Decimal, *, concurrent: int = 1) -> int:
    """How many of equal requests at once the balance pays for: as many as it can be cut into."""
    sums = accumulate(repeat(price, concurrent))
    return sum(spent <= balance for spent in sums)


def balance_problems(seen: Ledger, *, expected: Ledger | None = None) -> list[Problem]:
    """Why a balance is none, or not the expected one."""
    problems = []
    if seen.balance != seen.total - seen.frozen:
        sums = f"{seen.balance} is not total {seen.total} - frozen {seen.frozen}"
        problems.append(Problem(SETTLE, f"balance {sums}"))
    if seen.frozen < 0:
        problems.append(Problem(SETTLE, f"frozen is {seen.frozen}, less than nothing"))
    for name in ("total", "frozen", "balance") if expected else ():
        found, wanted = getattr(seen, name), getattr(expected, name)
        if found != wanted:
            problems.append(Problem(SETTLE, f"{name} is {found}; expected {wanted}"))
    return problems
