"""Which sizes are legal, which tier they fall in, and which size a ratio and a tier give."""

import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
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


class Breach(NamedTuple):
    """One size rule that a size breaks, and what the rule demands in words."""

    rule: str
    demand: str


@dataclass(frozen=True)
class SizeTable:
    """The numbers of the size rules, tiers from small to large."""

    multiple: int
    long_edge_max: int
    ratio_max: Fraction
    pixels_min: int
    pixels_max: int
    tiers: tuple[Tier, ...]

    @cached_property
    def steepest(self) -> tuple[int, int]:
        """The largest ratio as two whole numbers, the longer side first."""
        return self.ratio_max.numerator, self.ratio_max.denominator

    @cached_property
    def demands(self) -> tuple[Breach, Breach, Breach, Breach]:
        """What each rule demands, of the grid, the long edge, the ratio and the pixels."""
        ratio = "{}:{}".format(*self.steepest)
        pixels = f"{self.pixels_min:,} to {self.pixels_max:,}"
        return (
            Breach("size-grid", f"both sides must be multiples of {self.multiple}"),
            Breach("size-edge", f"the long edge must be at most {self.long_edge_max}"),
            Breach("size-ratio", f"the aspect ratio must be at most {ratio}"),
            Breach("size-pixels", f"width x height must be {pixels} pixels"),
        )

    @cached_property
    def legal_rows(self) -> "tuple[_Row, ...]":
        """The legal sizes, row by row."""
        widths = range(self.multiple, self.long_edge_max + 1, self.multiple)
        rows = ((width, *_legal_heights(width, self)) for width in widths)
        return tuple(row for row in rows if row[1] <= row[2])


def parse_size(text: str) -> Size | None:
    """Read WxH; None where the text is not of that grammar (Rule: size-grammar)."""
    match = _WXH.fullmatch(text)
    return Size(*map(_clamped_int, match.groups())) if match else None


def _clamped_int(digits: str) -> int:
    return int(digits[:_DIGITS_READ]) if len(digits) > _DIGITS_READ else int(digits)


def breaches(size: Size, table: SizeTable) -> tuple[Breach, ...]:
    """Every rule that the size breaks (Rules: size-grid, size-edge, size-ratio, size-pixels)."""
    width, height = size
    long_edge, short_edge = (width, height) if width > height else (height, width)
    grid, edge, ratio, pixels = table.demands
    times_short, times_long = table.steepest
    found = []
    if width % table.multiple or height % table.multiple:
        found.append(grid)
    if long_edge > table.long_edge_max:
        found.append(edge)
    if long_edge * times_long > short_edge * times_short:
        found.append(ratio)
    if not table.pixels_min <= width * height <= table.pixels_max:
        found.append(pixels)
    return tuple(found)


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
    rows, step = table.legal_rows, table.multiple
    width, height = size
    most = _reach(rows, size, step=step, count=count)
    reach = math.isqrt(most)
    first, behind = bisect_left(rows, (width - reach,)), bisect_left(rows, (width + reach + 1,))
    close = _close(rows[first:behind], size, step=step, most=most)
    worst = close[count - 1][0] if len(close) >= count else most
    nearest: list[tuple[int, float, int, int]] = []
    for distance, across, lowest, highest in close:
        if distance > worst:
            break
        aside = (across - width) ** 2
        radius = math.isqrt(worst - aside)
        first = max((height - radius + step - 1) // step * step, lowest)
        for legal in range(first, min(height + radius, highest) + 1, step):
            one, other = across * height, legal * width
            unlikeness = one / other if one > other else other / one
            nearest.append((aside + (legal - height) ** 2, unlikeness, across, legal))
    nearest.sort()
    return [Size(across, legal) for _, _, across, legal in nearest[:count]]


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
        rise = floor - height if floor > height else height - ceiling if height > ceiling else 0
        fall = lower - height if lower > height else height - upper if height > upper else 0
        # One row is as near as the next where (one - width)^2 + rise^2 is not more.
        if (other - one) * (one + other - 2 * width) >= (rise - fall) * (rise + fall):
            high = middle
        else:
            low = middle + 1
    near = _close(rows[max(low - count, 0) : low + count], size, step=step, most=_FAR)
    return near[count - 1][0] if len(near) >= count else _FAR


def _close(
    rows: Sequence[_Row], size: Size, *, step: int, most: int
) -> list[tuple[int, int, int, int]]:
    """The rows that have a size within a distance, squared: that of their nearest, and the row."""
    width, height = size
    level = (height + step // 2) // step * step
    found = []
    for across, lowest, highest in rows:
        # Not `min` and `max`, nor `**`: a refusal looks at dozens of rows.
        beyond = (lowest if level < lowest else highest if level > highest else level) - height  # noqa: FURB136
        aside = across - width
        distance = aside * aside + beyond * beyond
        if distance <= most:
            found.append((distance, across, lowest, highest))
    found.sort()
    return found


def _legal_heights(width: int, table: SizeTable) -> tuple[int, int]:
    step = table.multiple
    lowest = max(-(-table.pixels_min // width), -(-width // table.ratio_max))
    highest = min(table.pixels_max // width, int(width * table.ratio_max), table.long_edge_max)
    return -(-lowest // step) * step, highest // step * step
