"""Sizes by enumeration: the set of legal ones is built row by row, and a size is in it or not.

For each width the four size rules are four ranges of heights; what lies in all of them is legal.
Rules: size-grammar, size-grid, size-edge, size-ratio, size-pixels, tier, derive, aspect-ratio.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from contracts.oracle.problem import Problem
from contracts.oracle.ratios import ratio_of
from contracts.size import Size
from contracts.spec import Spec

__all__ = [
    "SizeVerdict",
    "candidates",
    "derived",
    "derived_problems",
    "exact_problems",
    "legal_sizes",
    "tier_named",
    "tier_of",
    "typical",
    "verdict",
    "verdict_on",
]

DERIVE = "derive"


@dataclass(frozen=True, slots=True)
class SizeVerdict:
    """Whether a size may be asked for, the rules it breaks, and the tier of a legal one."""

    size: Size | None
    legal: bool
    broken: frozenset[str]
    tier: str | None


def verdict(spec: Spec, text: str) -> SizeVerdict:
    """What the contract says of a `size` text; one that is not WxH breaks `size-grammar` alone."""
    size = Size.parse(text)
    if size is None:
        return SizeVerdict(None, legal=False, broken=frozenset({"size-grammar"}), tier=None)
    return verdict_on(spec, size)


def verdict_on(spec: Spec, size: Size) -> SizeVerdict:
    """What the contract says of a size."""
    broken = _broken(spec, size)
    return SizeVerdict(size, not broken, broken, None if broken else tier_of(spec, size))


def legal_sizes(spec: Spec) -> Mapping[str, frozenset[Size]]:
    """Every legal size, by tier."""
    return _legal_sizes(spec)


def candidates(spec: Spec) -> Iterator[Size]:
    """Every size of the grid up to the long edge, legal or not, row by row."""
    sides = _grid(spec)
    return (Size(width, height) for width in sides for height in sides)


def tier_of(spec: Spec, size: Size) -> str:
    """The name of the tier by the long edge; the size need not be legal. Rule: tier."""
    return spec.facts.tier.tiers[bisect_left(_edges(spec), size.long_edge)].name


@lru_cache(maxsize=16)
def _edges(spec: Spec) -> list[int]:
    """The long edge of each tier that has one, in their order."""
    edges = (tier.long_edge_max for tier in spec.facts.tier.tiers)
    return [edge for edge in edges if edge is not None]


def tier_named(spec: Spec, resolution: str | None) -> str | None:
    """The tier that a `resolution` names in any case, the default for None. Rule: resolution."""
    wanted = spec.facts.derive.default_resolution if resolution is None else resolution
    names = {tier.name.casefold(): tier.name for tier in spec.facts.tier.tiers}
    return names.get(wanted.casefold()) if wanted.isascii() else None


def typical(spec: Spec, aspect_ratio: str | None, resolution: str | None) -> Size | None:
    """The tier's typical size that has exactly the asked ratio, if there is one. Rule: derive."""
    ratio, tier = ratio_of(spec, aspect_ratio), tier_named(spec, resolution)
    sizes = [size for each in spec.facts.tier.tiers if each.name == tier for size in each.typical]
    matching = [size for size in sizes if Fraction(size.width, size.height) == ratio]
    return matching[0] if matching else None


def derived(spec: Spec, aspect_ratio: str | None, resolution: str | None) -> Size | None:
    """The size that our reading derives: typical, else the one of the longest edge. Rule: derive.

    None when the ratio or the tier is none, or no size of the tier answers the ratio.
    """
    ratio, tier = ratio_of(spec, aspect_ratio), tier_named(spec, resolution)
    if ratio is None or tier is None:
        return None
    return typical(spec, aspect_ratio, resolution) or _longest(spec, ratio, tier)


def derived_problems(
    spec: Spec, aspect_ratio: str | None, resolution: str | None, width: int, height: int
) -> list[Problem]:
    """Why a picture of this size is no answer to ratio and tier. Rule: derive."""
    size, ratio = Size(width, height), ratio_of(spec, aspect_ratio)
    tier = tier_named(spec, resolution)
    if ratio is None or tier is None:
        return [
            Problem(DERIVE, f"{aspect_ratio} at {resolution} asks for no size, yet {size} came")
        ]
    broken = sorted(_broken(spec, size))
    problems = [Problem(DERIVE, f"the derived size {size} breaks {rule}") for rule in broken]
    if tier_of(spec, size) != tier:
        found = tier_of(spec, size)
        problems.append(Problem(DERIVE, f"the derived size {size} lies in {found}, not in {tier}"))
    return problems + [Problem(DERIVE, text) for text in _ratio_problems(spec, ratio, size)]


def exact_problems(
    spec: Spec, aspect_ratio: str | None, resolution: str | None, width: int, height: int
) -> list[Problem]:
    """Why a picture of this size is not the one that our reading derives, of two parts."""
    size, best = Size(width, height), derived(spec, aspect_ratio, resolution)
    if best is None or size == best:
        return []
    part = "typical" if typical(spec, aspect_ratio, resolution) else "exact"
    return [Problem(DERIVE, f"the derived size is {size}; expected exactly {best}", part)]


def _grid(spec: Spec) -> range:
    step = spec.facts.size_grid.multiple
    return range(step, spec.facts.size_edge.long_edge_max + 1, step)


@lru_cache(maxsize=16384)
def _heights(spec: Spec, width: int) -> Mapping[str, range]:
    """For each rule the heights that keep it beside this width, long or short."""
    facts = spec.facts
    step, edge = facts.size_grid.multiple, facts.size_edge.long_edge_max
    ratio = facts.size_ratio.long_to_short_max
    least, most = facts.size_pixels.pixels_min, facts.size_pixels.pixels_max
    everything = facts.size_pixels.pixels_max + 1
    return {
        "size-grid": range(step, everything, step)
        if width in range(step, width + 1, step)
        else range(0),
        "size-edge": range(1, edge + 1) if width in range(1, edge + 1) else range(0),
        "size-ratio": range(-int(-width // ratio), int(width * ratio // 1) + 1),
        "size-pixels": range(-(-least // width), most // width + 1) if width else range(0),
    }


def _broken(spec: Spec, size: Size) -> frozenset[str]:
    return frozenset(
        r for r, heights in _heights(spec, size.width).items() if size.height not in heights
    )


@lru_cache(maxsize=8)
def _legal_sizes(spec: Spec) -> Mapping[str, frozenset[Size]]:
    by_tier: dict[str, list[Size]] = {tier.name: [] for tier in spec.facts.tier.tiers}
    for width in _grid(spec):
        for height in _row(spec, width):
            size = Size(width, height)
            by_tier[tier_of(spec, size)].append(size)
    return {tier: frozenset(sizes) for tier, sizes in by_tier.items()}


def _row(spec: Spec, width: int) -> range:
    """The legal heights beside a width of the grid: what all four ranges share."""
    ranges = _heights(spec, width).values()
    step = spec.facts.size_grid.multiple
    first = max(each.start for each in ranges)
    return range(-(-first // step) * step, min(each.stop for each in ranges), step)


def _longest(spec: Spec, ratio: Fraction, tier: str) -> Size | None:
    """The longest legal size of the tier whose short edge is long edge / ratio, cut to the grid."""
    steep, wide = max(ratio, 1 / ratio), ratio >= 1
    slack = range(spec.facts.size_grid.multiple)
    fitting = [
        size
        for size in legal_sizes(spec)[tier]
        if (size[0] >= size[1]) == wide
        and max(size) * steep.denominator // steep.numerator - min(size) in slack
    ]
    return max(fitting, key=lambda size: size.long_edge, default=None)


def _ratio_problems(spec: Spec, ratio: Fraction, size: Size) -> list[str]:
    problems = []
    asked = "wide" if ratio > 1 else "tall" if ratio < 1 else "square"
    seen = "wide" if size.width > size.height else "tall" if size.width < size.height else "square"
    if asked != seen and not (seen == "square" and asked != "square"):
        problems.append(f"the derived size {size} is {seen}, asked was {asked} ({ratio})")
    short = size.long_edge / max(ratio, 1 / ratio)
    if abs(short - size.short_edge) > spec.facts.size_grid.multiple:
        step = spec.facts.size_grid.multiple
        problems.append(
            f"the derived size {size} is more than one step of {step} off the ratio {ratio}"
        )
    return problems
