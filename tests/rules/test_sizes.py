"""Which sizes are legal, told by another method than the server's: in steps of the grid."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.rules.sizes import (
    Size,
    SizeTable,
    Tier,
    breaches,
    derive_size,
    nearest_legal,
    parse_size,
    tier_of,
)
from tests.laws import own_contract

TABLE = own_contract().sizes
TIERS = {tier.name: tier for tier in TABLE.tiers}
# All of the contract's bounds in steps of 16 pixels: 3840, 655,360 and 8,294,400.
STEP, LONGEST, FEWEST, MOST = 16, 240, 2560, 32_400


@cache
def legal_steps() -> frozenset[tuple[int, int]]:
    """Every legal size in steps, found by its bounds: no candidate is tried."""
    return frozenset(
        (width, height)
        for width in range(1, LONGEST + 1)
        for height in range(
            max(-(-FEWEST // width), -(-width // 3)),
            min(MOST // width, 3 * width, LONGEST) + 1,
        )
    )


def legal_sizes() -> list[Size]:
    return [Size(width * STEP, height * STEP) for width, height in sorted(legal_steps())]


def broken_rules(size: Size) -> set[str]:
    return {breach.rule for breach in breaches(size, TABLE)}


def test_each_of_the_57600_grid_candidates_is_decided_right() -> None:
    candidates = list(product(range(1, LONGEST + 1), repeat=2))
    assert len(candidates) == 57_600
    decided = {(w, h) for w, h in candidates if not breaches(Size(w * STEP, h * STEP), TABLE)}
    assert decided == legal_steps()
    assert len(decided) == 29_146


def test_each_legal_size_falls_in_its_tier() -> None:
    tiers = {(w, h): tier_of(Size(w * STEP, h * STEP), TABLE).name for w, h in legal_steps()}
    assert Counter(tiers.values()) == {"1K": 3_398, "2K": 4_810, "4K": 20_938}
    assert all((name == "1K") == (max(steps) <= 96) for steps, name in tiers.items())
    assert all((name == "4K") == (max(steps) > 128) for steps, name in tiers.items())


def _rules_by_arithmetic(width: int, height: int) -> set[str]:
    long, short, pixels = max(width, height), min(width, height), width * height
    broken = {
        "size-grid": bool(width & 15 or height & 15),
        "size-edge": long > 3840,
        "size-ratio": long > short + short + short,
        "size-pixels": pixels < 640 * 1024 or pixels > 3840 * 2160,
    }
    return {rule for rule, is_broken in broken.items() if is_broken}


def _neighbours_of_the_bounds() -> Iterator[Size]:
    """Every size one pixel or one step beside a size at which some rule begins or ends."""
    legal = legal_steps()
    shifts = [(dx, dy) for dx, dy in product((-1, 0, 1), repeat=2) if (dx, dy) != (0, 0)]
    for width, height in product(range(1, LONGEST + 2), repeat=2):
        around = {(width + dx, height + dy) in legal for dx, dy in shifts}
        if len(around | {(width, height) in legal}) > 1:
            for dx, dy in [*shifts, (0, 0)]:
                yield Size(width * STEP + dx, height * STEP + dy)


def test_each_neighbour_by_one_pixel_of_each_bound_is_decided_right() -> None:
    neighbours = set(_neighbours_of_the_bounds())
    assert len(neighbours) > 10_000
    wrong = [size for size in neighbours if broken_rules(size) != _rules_by_arithmetic(*size)]
    assert wrong == []


@pytest.mark.parametrize(
    "text, rules",
    [
        ("1024x640", set()),
        ("1023x640", {"size-grid", "size-pixels"}),
        ("1024x639", {"size-grid", "size-pixels"}),
        ("1025x640", {"size-grid"}),
        ("3840x2160", set()),
        ("3840x2161", {"size-grid", "size-pixels"}),
        ("3841x2159", {"size-grid", "size-edge"}),
        ("3856x2144", {"size-edge"}),
        ("2880x2880", set()),
        ("2880x2896", {"size-pixels"}),
        ("1536x512", set()),
        ("1537x512", {"size-grid", "size-ratio"}),
        ("512x1552", {"size-ratio"}),
        ("3840x1280", set()),
        ("3840x1279", {"size-grid", "size-ratio"}),
        ("7680x16", {"size-edge", "size-ratio", "size-pixels"}),
        ("1x1", {"size-grid", "size-pixels"}),
    ],
)
def test_every_broken_rule_is_named(text: str, rules: set[str]) -> None:
    size = parse_size(text)
    assert size is not None
    assert broken_rules(size) == rules


def test_each_rule_says_what_it_demands() -> None:
    demands = [breach.demand for breach in breaches(Size(9001, 15), TABLE)]
    assert demands == [
        "both sides must be multiples of 16",
        "the long edge must be at most 3840",
        "the aspect ratio must be at most 3:1",
        "width x height must be 655,360 to 8,294,400 pixels",
    ]


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_size_is_read_as_it_is_written(width: int, height: int) -> None:
    assert parse_size(f"{width}x{height}") == Size(width, height)
    assert str(Size(width, height)) == f"{width}x{height}"


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "1024", "1024x", "x1024", "1024X1024", "1024×1024", "1024x1024x1024", " 1024x1024",
        "1024x1024\n", "1024 x 1024", "+1024x1024", "1024x-1024", "01024x1024", "1024x01024",
        "0x0", "0x1024", "1024.0x1024", "1e3x1024", "auto", "1_024x640",
        "\N{ARABIC-INDIC DIGIT EIGHT}00x1024", "1024x\N{FULLWIDTH DIGIT EIGHT}00",
    ],
)  # fmt: skip
def test_what_is_not_of_the_grammar_is_no_size(text: str) -> None:
    assert parse_size(text) is None


def test_a_side_of_a_million_digits_is_read_at_once_and_never_legal() -> None:
    size = parse_size("9" * 1_000_000 + "x" + "16" * 500_000)
    assert size is not None
    assert "size-edge" in broken_rules(size)


# --- the nearest legal sizes


def _distance(size: Size, other: Size) -> int:
    return (size.width - other.width) ** 2 + (size.height - other.height) ** 2


sides = st.integers(1, 6000)


@settings(max_examples=60, deadline=None)
@given(st.builds(Size, sides, sides), st.integers(1, 5))
def test_the_nearest_legal_sizes_are_the_nearest_of_all(size: Size, count: int) -> None:
    named = nearest_legal(size, TABLE, count=count)
    assert len(set(named)) == count
    assert all((w % STEP, h % STEP) == (0, 0) for w, h in named)
    assert all((w // STEP, h // STEP) in legal_steps() for w, h in named)
    least = sorted(_distance(size, legal) for legal in legal_sizes())[:count]
    assert [_distance(size, near) for near in named] == least


@pytest.mark.parametrize(
    "text, nearest",
    [
        # Four are equally near; the square ones come first.
        ("1000x1000", ["992x992", "1008x1008", "992x1008"]),
        ("1032x1032", ["1024x1024", "1040x1040", "1024x1040"]),
        ("3840x2176", ["3840x2160", "3824x2160", "3808x2176"]),
        ("1x1", ["816x816", "800x832", "832x800"]),
        ("1552x512", ["1536x512", "1552x528", "1568x528"]),
        ("512x1552", ["512x1536", "528x1552", "528x1568"]),
        ("999999x16", ["3840x1280", "3840x1296", "3840x1312"]),
    ],
)
def test_among_equally_near_sizes_the_likest_comes_first(text: str, nearest: list[str]) -> None:
    size = parse_size(text)
    assert size is not None
    assert list(map(str, nearest_legal(size, TABLE, count=3))) == nearest


@st.composite
def small_tables(draw: st.DrawFn) -> SizeTable:
    """Tables of few sizes, in rows that are short, or far apart, or none at all."""
    step = draw(st.sampled_from([1, 2, 8, 16]))
    longest = step * draw(st.integers(1, 14))
    fewest = draw(st.integers(1, longest**2 + 10))
    return replace(
        TABLE,
        multiple=step,
        long_edge_max=longest,
        ratio_max=Fraction(draw(st.integers(2, 8)), 2),
        pixels_min=fewest,
        pixels_max=draw(st.integers(fewest, longest**2 + 50)),
    )


@settings(max_examples=150, deadline=None)
@given(small_tables(), st.integers(1, 500), st.integers(1, 500), st.integers(1, 5))
def test_the_nearest_are_found_by_any_table(
    table: SizeTable, width: int, height: int, count: int
) -> None:
    size, sides = Size(width, height), range(table.multiple, 14 * 16 + 1, table.multiple)
    legal = [each for each in map(Size._make, product(sides, sides)) if not breaches(each, table)]
    legal.sort(key=lambda each: (_distance(size, each), _unlikeness(size, each), each))
    assert nearest_legal(size, table, count=count) == legal[:count]


def _unlikeness(size: Size, other: Size) -> float:
    """How many times one ratio is the other."""
    one, another = size.width * other.height, other.width * size.height
    return max(one, another) / min(one, another)


def test_a_legal_size_is_nearest_to_itself() -> None:
    for size in legal_sizes()[::97]:
        assert nearest_legal(size, TABLE, count=1) == [size]


# --- the derived size

SHORT = {"1K": 1536, "2K": 2048, "4K": 3840}
ratios = st.builds(Fraction, st.integers(1, 400), st.integers(1, 400)).filter(
    lambda ratio: Fraction(1, 3) <= ratio <= 3
)


@pytest.mark.parametrize(
    "tier, ratio, size",
    [
        ("1K", "1:1", "1024x1024"),
        ("1K", "3:2", "1536x1024"),
        ("1K", "2:3", "1024x1536"),
        ("2K", "1:1", "2048x2048"),
        ("2K", "16:9", "2048x1152"),
        ("2K", "9:16", "1152x2048"),
        ("4K", "16:9", "3840x2160"),
        ("4K", "9:16", "2160x3840"),
        # 1536 * 9/16 = 864; 1536 / 2.35 = 653.6, down to 640; 1536 * 9/21 = 658.3, down to 656.
        ("1K", "16:9", "1536x864"),
        ("1K", "2.35:1", "1536x640"),
        ("1K", "21:9", "1536x656"),
        ("1K", "3:1", "1536x512"),
        # 2048 * 4/5 = 1638.4, down to 1632.
        ("2K", "4:5", "1632x2048"),
        # 2048 / 3 = 682.7, down to 672: more than 3:1. 2032 / 3 = 677.3, the same. 2016 / 3 = 672.
        ("2K", "1:3", "672x2016"),
        # The square root of 8,294,400 is 2880.
        ("4K", "1:1", "2880x2880"),
        # 3328 x 2496 is 8,306,688, too many; 3312 * 3/4 = 2484, down to 2480.
        ("4K", "4:3", "3312x2480"),
        ("4K", "3:1", "3840x1280"),
    ],
)
def test_a_size_is_derived_as_worked_by_hand(tier: str, ratio: str, size: str) -> None:
    width, height = map(Fraction, ratio.split(":"))
    assert str(derive_size(width / height, TIERS[tier], TABLE)) == size


@settings(deadline=None)
@given(ratios, st.sampled_from(sorted(TIERS)))
def test_a_derived_size_keeps_every_promise(ratio: Fraction, name: str) -> None:
    size = derive_size(ratio, TIERS[name], TABLE)
    assert size is not None
    assert broken_rules(size) == set()
    assert tier_of(size, TABLE).name == name
    assert (ratio > 1) <= (size.width >= size.height)
    assert (ratio < 1) <= (size.width <= size.height)
    assert abs(size.short_edge - size.long_edge / max(ratio, 1 / ratio)) < STEP
    turned = derive_size(1 / ratio, TIERS[name], TABLE)
    assert turned == Size(size.height, size.width)


@settings(deadline=None)
@given(ratios, st.sampled_from(sorted(TIERS)))
def test_no_longer_edge_would_do(ratio: Fraction, name: str) -> None:
    size = derive_size(ratio, TIERS[name], TABLE)
    assert size is not None
    if size.ratio == ratio and size in TIERS[name].typical:
        return
    long_to_short = max(ratio, 1 / ratio)
    for long_edge in range(size.long_edge + STEP, SHORT[name] + 1, STEP):
        short_edge = int(long_edge / long_to_short) // STEP * STEP
        steps = (long_edge // STEP, short_edge // STEP)
        assert steps not in legal_steps(), f"{long_edge}x{short_edge} is legal"


def test_a_tier_without_a_legal_size_of_that_ratio_derives_none() -> None:
    tiny = Tier("tiny", long_edge_max=512, typical=())
    table = replace(TABLE, tiers=(tiny, *TABLE.tiers))
    assert derive_size(Fraction(1), tiny, table) is None


# --- other numbers


@pytest.mark.parametrize("multiple", [8, 24, 32, 100])
@pytest.mark.parametrize("ratio_max", [Fraction(1), Fraction(5, 2)])
def test_other_numbers_give_other_sizes(multiple: int, ratio_max: Fraction) -> None:
    table = replace(TABLE, multiple=multiple, ratio_max=ratio_max, pixels_min=9, long_edge_max=1600)
    for width, height in product(range(multiple, 1700, multiple), repeat=2):
        long, short = max(width, height), min(width, height)
        is_legal = long <= 1600 and long <= ratio_max * short
        assert (breaches(Size(width, height), table) == ()) == is_legal
    assert breaches(Size(multiple - 1, multiple), table)[0].demand.endswith(f" of {multiple}")
