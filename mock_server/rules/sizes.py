"""Which sizes are legal, which tier they fall in, and which size a ratio and a tier give."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "Breach",
    "Size",
    "SizeTable",
    "Tier",
    "breaches",
    "derive_size",
    "nearest_legal",
    "parse_size",
    "tier_of",
]

_WXH = re.compile(r"([1-9][0-9]*)x([1-9][0-9]*)", re.ASCII)
# No legal side has that many digits in any sane contract; int() of a megabyte of digits is a trap.
_DIGITS_READ = 100


class Size(NamedTuple):
    """A picture's width and height in pixels, written WxH."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def long_edge(self) -> int:
        """The longer side in pixels."""
        return max(self)

    @property
    def short_edge(self) -> int:
        """The shorter side in pixels."""
        return min(self)

    @property
    def ratio(self) -> Fraction:
        """Width to height, exactly."""
        return Fraction(self.width, self.height)


@dataclass(frozen=True, slots=True)
class Tier:
    """A resolution tier: sizes up to a long edge (None: up to the longest legal one)."""

    name: str
    long_edge_max: int | None
    typical: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class SizeTable:
    """The numbers of the size rules, tiers from small to large."""

    multiple: int
    long_edge_max: int
    ratio_max: Fraction
    pixels_min: int
    pixels_max: int
    tiers: tuple[Tier, ...]


class Breach(NamedTuple):
    """One size rule that a size breaks, and what the rule demands in words."""

    rule: str
    demand: str


def parse_size(text: str) -> Size | None:
    """Read WxH; None where the text is not of that grammar (Rule: size-grammar)."""
    match = _WXH.fullmatch(text)
    return Size(*map(_clamped_int, match.groups())) if match else None


def _clamped_int(digits: str) -> int:
    return int(digits[:_DIGITS_READ]) if len(digits) > _DIGITS_READ else int(digits)


def breaches(size: Size, table: SizeTable) -> tuple[Breach, ...]:
    """Every rule that the size breaks (Rules: size-grid, size-edge, size-ratio, size-pixels)."""
    return tuple(_breaches(size, table))


def _breaches(size: Size, table: SizeTable) -> Iterator[Breach]:
    if size.width % table.multiple or size.height % table.multiple:
        yield Breach("size-grid", f"both sides must be multiples of {table.multiple}")
    if size.long_edge > table.long_edge_max:
        yield Breach("size-edge", f"the long edge must be at most {table.long_edge_max}")
    if size.long_edge * table.ratio_max.denominator > size.short_edge * table.ratio_max.numerator:
        ratio = f"{table.ratio_max.numerator}:{table.ratio_max.denominator}"
        yield Breach("size-ratio", f"the aspect ratio must be at most {ratio}")
    if not table.pixels_min <= size.width * size.height <= table.pixels_max:
        yield Breach(
            "size-pixels",
            f"width x height must be {table.pixels_min:,} to {table.pixels_max:,} pixels",
        )


def tier_of(size: Size, table: SizeTable) -> Tier:
    """The tier of a size by its long edge (Rule: tier)."""
    long_edge = size.long_edge
    for tier in table.tiers:
        if tier.long_edge_max is None or long_edge <= tier.long_edge_max:
            return tier
    return table.tiers[-1]


def derive_size(ratio: Fraction, tier: Tier, table: SizeTable) -> Size | None:
    """The size of that ratio, width to height, in the tier; None without one (Rule: derive)."""
    for typical in tier.typical:
        if typical.ratio == ratio:
            return typical
    long_to_short = max(ratio, 1 / ratio)
    for long_edge in _long_edges(tier, table):
        short_edge = int(long_edge / long_to_short) // table.multiple * table.multiple
        size = Size(long_edge, short_edge) if ratio >= 1 else Size(short_edge, long_edge)
        if short_edge and not breaches(size, table) and tier_of(size, table) is tier:
            return size
    return None


def _long_edges(tier: Tier, table: SizeTable) -> range:
    longest = min(tier.long_edge_max or table.long_edge_max, table.long_edge_max)
    return range(longest // table.multiple * table.multiple, 0, -table.multiple)


def nearest_legal(size: Size, table: SizeTable, *, count: int) -> list[Size]:
    """The legal sizes at the least distance, both sides counted as in a plane, nearest first.

    Among equally near ones those come first whose ratio is most like the given one.
    """
    rows, step = _legal_rows(table), table.multiple
    reach = math.isqrt(_reach(rows, size, step=step, count=count))
    near = rows[
        bisect_left(rows, (size.width - reach,)) : bisect_left(rows, (size.width + reach + 1,))
    ]
    distances = _distances(near, size, step)
    worst = sorted(distances)[count - 1] if len(distances) >= count else _FAR
    nearest: list[tuple[int, int, int]] = []
    for (width, lowest, highest), distance in zip(near, distances, strict=True):
        if distance <= worst:
            across = (width - size.width) ** 2
            radius = math.isqrt(worst - across)
            first = max((size.height - radius + step - 1) // step * step, lowest)
            heights = range(first, min(size.height + radius, highest) + 1, step)
            nearest += [(across + (legal - size.height) ** 2, width, legal) for legal in heights]
    nearest.sort()
    if len({distance for distance, _, _ in nearest}) < len(nearest):
        nearest.sort(key=lambda found: (found[0], _unlikeness(Size(*found[1:]), size), found[1:]))
    return [Size(width, height) for _, width, height in nearest[:count]]


_Row = tuple[int, int, int]
"""A width, and the lowest and the highest legal height of it. Plain: a refusal looks at dozens."""

# Farther than any size is from another, squared.
_FAR = 10**210


def _reach(rows: Sequence[_Row], size: Size, *, step: int, count: int) -> int:
    """A distance, squared, within which there are so many sizes: one in each of the nearest rows.

    The nearest row is looked for downhill; in a valley that is not the deepest it is another, and
    others about it would only reach farther.
    """
    width, height = size
    low, high = 0, max(len(rows) - 1, 0)
    while low < high:
        middle = (low + high) // 2
        one, floor, ceiling = rows[middle]
        other, lower, upper = rows[middle + 1]
        rise = max(floor - height, height - ceiling, 0)
        next_rise = max(lower - height, height - upper, 0)
        if (one - width) ** 2 + rise**2 <= (other - width) ** 2 + next_rise**2:
            high = middle
        else:
            low = middle + 1
    near = sorted(_distances(rows[max(low - count, 0) : low + count], size, step))
    return near[count - 1] if len(near) >= count else _FAR


def _distances(rows: Sequence[_Row], size: Size, step: int) -> list[int]:
    """How far the nearest size of each row is, squared."""
    width, height = size
    level = (height + step // 2) // step * step
    # Not `min` and `max`: two calls for each of dozens of rows.
    return [
        (across - width) ** 2
        + ((lowest if level < lowest else highest if level > highest else level) - height) ** 2  # noqa: FURB136
        for across, lowest, highest in rows
    ]


def _unlikeness(candidate: Size, size: Size) -> float:
    """How far apart the two ratios are; 1 where they are equal."""
    one, other = candidate.width * size.height, candidate.height * size.width
    return max(one, other) / min(one, other)


@lru_cache(maxsize=8)
def _legal_rows(table: SizeTable) -> tuple[_Row, ...]:
    widths = range(table.multiple, table.long_edge_max + 1, table.multiple)
    rows = ((width, *_legal_heights(width, table)) for width in widths)
    return tuple(row for row in rows if row[1] <= row[2])


def _legal_heights(width: int, table: SizeTable) -> tuple[int, int]:
    step = table.multiple
    lowest = max(-(-table.pixels_min // width), -(-width // table.ratio_max))
    highest = min(table.pixels_max // width, int(width * table.ratio_max), table.long_edge_max)
    return -(-lowest // step) * step, highest // step * step
