"""What a run would send, and what that may cost at most: printed instead of sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from contracts.claims import Claim, Level

__all__ = ["Planned", "print_plan"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What one test would send; tests with the same `share` send it once together."""

    test: str
    claims: tuple[Claim, ...]
    level: Level
    requests: int
    largest: Decimal
    share: str


def print_plan(planned: Sequence[Planned], *, limit: Decimal | None, console: Console) -> None:
    """Prints a table by test function, the sum, and how it stands to the limit."""
    table = Table("test", "rules", "level", "requests", "at most USD", box=None, pad_edge=False)
    for column in table.columns[3:]:
        column.justify = "right"
    once = _distinct(planned)
    for name, group in _by_function(once).items():
        rules = ", ".join(dict.fromkeys(str(claim) for each in group for claim in each.claims))
        levels = ", ".join(dict.fromkeys(each.level.value for each in group))
        requests, largest = sum(e.requests for e in group), _sum(group)
        table.add_row(name, rules, levels, str(requests), f"{largest:f}" if largest else "")
    console.print(table)
    total = _sum(once)
    console.print(
        f"\n{sum(each.requests for each in once)} requests, at most ${total:f} in all; "
        f"limit: {'none' if limit is None else f'${limit:f}'}. Nothing was sent."
    )


def _distinct(planned: Iterable[Planned]) -> list[Planned]:
    seen: dict[str, Planned] = {}
    for each in planned:
        seen.setdefault(each.share, each)
    return list(seen.values())


def _by_function(planned: Iterable[Planned]) -> dict[str, list[Planned]]:
    groups: dict[str, list[Planned]] = {}
    for each in planned:
        name = each.test.rpartition("/")[2].partition("[")[0]
        groups.setdefault(name, []).append(each)
    return groups


def _sum(planned: Iterable[Planned]) -> Decimal:
    """Refused requests do not add up: the first that is accepted ends the trust in the others."""
    return sum((each.largest for each in planned if each.level is not Level.FREE), Decimal(0))
