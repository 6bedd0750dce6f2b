"""Few combinations in which any two values meet, and so any fault of two fields together."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import TypeAlias

from contracts.decode import Json

__all__ = ["pairwise"]

Pair: TypeAlias = tuple[tuple[str, int], tuple[str, int]]


def pairwise(factors: Mapping[str, Sequence[Json]]) -> list[dict[str, Json]]:
    """Combinations in which each value of each factor meets each value of every other one.

    None stands for a field left out. Greedy, hence the same list for the same factors.
    """
    names = list(factors)
    open_pairs = {
        ((a, i), (b, j))
        for a, b in combinations(names, 2)
        for i, j in product(range(len(factors[a])), range(len(factors[b])))
    }
    rows = []
    while open_pairs:
        row = _fullest_row(factors, open_pairs)
        open_pairs -= set(combinations(row.items(), 2))
        rows.append(row)
    values = ({name: factors[name][i] for name, i in row.items()} for row in rows)
    return [{name: value for name, value in row.items() if value is not None} for row in values]


def _fullest_row(
    factors: Mapping[str, Sequence[Json]],
    open_pairs: set[Pair],
) -> dict[str, int]:
    """A row that begins with an open pair and closes as many more as it can, factor by factor."""
    row = dict(min(open_pairs))
    for name in factors:
        if name not in row:
            row[name] = max(
                range(len(factors[name])), key=lambda i: _gain(row, name, i, open_pairs)
            )
    return {name: row[name] for name in factors}


def _gain(
    row: Mapping[str, int],
    name: str,
    value: int,
    open_pairs: set[Pair],
) -> int:
    new = (name, value)
    return sum((old, new) in open_pairs or (new, old) in open_pairs for old in row.items())
