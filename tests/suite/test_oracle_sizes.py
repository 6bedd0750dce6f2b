"""Sizes, tiers, ratios and prices of the oracle, beside plain arithmetic and changed files."""

from decimal import Decimal
from fractions import Fraction

import pytest

from contracts.oracle import prices, sizes
from contracts.oracle.ratios import ratio_of
from contracts.size import Size
from tests.suite.variants import changed, own

EIGHT_K = {
    "tier/data/tiers/2/long_edge_max": 3840,
    "tier/data/tiers/+": {"name": "8K", "long_edge_max": None, "typical": ["5120x2880"]},
    "size-edge/data/long_edge_max": 7680,
    "size-pixels/data/pixels_max": 33177600,
    "price/data/per_image/8K": {"low": "0.03", "medium": "0.12", "high": "0.5"},
    "components/schemas/Resolution/enum": ["1K", "1k", "2K", "2k", "4K", "4k", "8K", "8k", None],
}


def by_plain_arithmetic(size: Size) -> bool:
    """The five sentences of the page as one condition, its numbers typed."""
    width, height = size
    return (
        width % 16 == 0 == height % 16
        and max(size) <= 3840
        and max(size) <= 3 * min(size)
        and 655360 <= width * height <= 8294400
    )


def test_the_enumerated_set_is_what_plain_arithmetic_allows() -> None:
    spec = own()
    expected = {size for size in sizes.candidates(spec) if by_plain_arithmetic(size)}
    legal = sizes.legal_sizes(spec)
    assert frozenset().union(*legal.values()) == expected
    assert sum(map(len, legal.values())) == len(expected)


def test_a_verdict_and_the_set_agree_on_every_candidate() -> None:
    spec = own()
    legal = frozenset().union(*sizes.legal_sizes(spec).values())
    assert all(
        sizes.verdict(spec, str(size)).legal == (size in legal) for size in sizes.candidates(spec)
    )


@pytest.mark.parametrize(
    "text, broken",
    [
        ("1025x1024", {"size-grid"}),
        ("1024x1032", {"size-grid"}),
        ("3856x1296", {"size-edge"}),
        ("1296x3856", {"size-edge"}),
        ("1552x512", {"size-ratio"}),
        ("512x1552", {"size-ratio"}),
        ("1008x640", {"size-pixels"}),
        ("3840x2176", {"size-pixels"}),
        ("16x16", {"size-pixels"}),
        ("3856x1280", {"size-edge", "size-ratio"}),
        ("9999x9999", {"size-grid", "size-edge", "size-pixels"}),
        ("0x1024", {"size-grid", "size-edge", "size-ratio", "size-pixels"}),
        ("1024X1024", {"size-grammar"}),
        ("1024x1024\n", {"size-grammar"}),
        ("\uff11024x1024", {"size-grammar"}),
        ("9" * 5000 + "x16", {"size-grammar"}),
        ("", {"size-grammar"}),
    ],
)
def test_an_illegal_size_breaks_exactly_its_rules(text: str, broken: set[str]) -> None:
    found = sizes.verdict(own(), text)
    assert found.broken == broken
    assert (found.legal, found.tier) == (False, None)


@pytest.mark.parametrize(
    "text, tier",
    [("1536x1536", "1K"), ("1552x1552", "2K"), ("688x2048", "2K"), ("688x2064", "4K")],
)
def test_the_long_edge_decides_the_tier(text: str, tier: str) -> None:
    assert sizes.verdict(own(), text).tier == tier


@pytest.mark.parametrize(
    "ratio, resolution, expected",
    [
        (None, None, "1024x1024"),
        ("1:1", "1k", "1024x1024"),
        ("3:2", "1K", "1536x1024"),
        ("2:3", "1K", "1024x1536"),
        ("3:1", "1K", "1536x512"),
        ("1:1", "2K", "2048x2048"),
        ("16:9", "2K", "2048x1152"),
        ("4:3", "2K", "2048x1536"),
        ("9:16", "4K", "2160x3840"),
        ("4:3", "4K", "3312x2480"),
        ("1:3", "4K", "1280x3840"),
        ("2.35:1", "4K", "3840x1632"),
    ],
)
def test_a_size_is_derived_as_worked_by_hand(
    ratio: str | None, resolution: str | None, expected: str
) -> None:
    spec = own()
    size = sizes.derived(spec, ratio, resolution)
    assert str(size) == expected
    assert size
    assert not sizes.derived_problems(spec, ratio, resolution, *size)
    assert not sizes.exact_problems(spec, ratio, resolution, *size)


@pytest.mark.parametrize("resolution", ["1K", "2K", "4K"])
def test_every_ratio_up_to_the_steepest_has_a_size_in_every_tier(resolution: str) -> None:
    spec = own()
    ratios = {f"{w}:{h}" for w in range(1, 13) for h in range(1, 13) if 3 * min(w, h) >= max(w, h)}
    for ratio in ratios:
        size = sizes.derived(spec, ratio, resolution)
        assert size, ratio
        assert not sizes.derived_problems(spec, ratio, resolution, *size), (ratio, size)


@pytest.mark.parametrize(
    "ratio, resolution, width, height, told",
    [
        ("16:9", "2K", 2048, 1150, "the derived size 2048x1150 breaks size-grid"),
        ("16:9", "1K", 2048, 1152, "the derived size 2048x1152 lies in 2K, not in 1K"),
        ("16:9", "2K", 1536, 864, "the derived size 1536x864 lies in 1K, not in 2K"),
        ("16:9", "2K", 1152, 2048, "the derived size 1152x2048 is tall, asked was wide (16/9)"),
        ("1:1", "1K", 1024, 1008, "the derived size 1024x1008 is wide, asked was square (1)"),
        ("16:9", "2K", 2048, 1184, "the derived size 2048x1184 is more than one step of 16 off"),
        ("16:9", "2K", 2048, 1120, "the derived size 2048x1120 is more than one step of 16 off"),
        ("4:1", "2K", 2048, 688, "4:1 at 2K asks for no size, yet 2048x688 came"),
        ("1:1", "3K", 1024, 1024, "1:1 at 3K asks for no size, yet 1024x1024 came"),
        ("1:1", "4K", 3840, 3840, "the derived size 3840x3840 breaks size-pixels"),
    ],
)
def test_a_wrongly_derived_size_is_told(
    ratio: str, resolution: str, width: int, height: int, told: str
) -> None:
    problems = sizes.derived_problems(own(), ratio, resolution, width, height)
    assert any(problem.text.startswith(told) for problem in problems), problems
    assert {problem.rule for problem in problems} == {"derive"}


@pytest.mark.parametrize(
    "ratio, resolution, width, height, part",
    [
        ("1:1", "1K", 1536, 1536, "typical"),
        ("16:9", "4K", 3824, 2144, "typical"),
        ("16:9", "1K", 1520, 848, "exact"),
        ("4:3", "4K", 3296, 2464, "exact"),
    ],
)
def test_another_size_than_our_reading_is_told_as_that_part(
    ratio: str, resolution: str, width: int, height: int, part: str
) -> None:
    assert not sizes.derived_problems(own(), ratio, resolution, width, height)
    (problem,) = sizes.exact_problems(own(), ratio, resolution, width, height)
    assert (problem.rule, problem.part) == ("derive", part)
    assert f"{width}x{height}; expected exactly" in problem.text


@pytest.mark.parametrize(
    "text, ratio",
    [
        ("16:9", Fraction(16, 9)),
        ("1:3", Fraction(1, 3)),
        ("2.35:1", Fraction(47, 20)),
        ("0.5:1", Fraction(1, 2)),
        (None, Fraction(1)),
        ("auto", Fraction(1)),
    ],
)
def test_a_ratio_is_read(text: str | None, ratio: Fraction) -> None:
    assert ratio_of(own(), text) == ratio


@pytest.mark.parametrize(
    "text", ["3.01:1", "1:3.01", "0:1", "1:0", "16x9", "16", "-1:1", "1:1:1", "a:b", "", "\uff11:1"]
)
def test_a_text_that_is_no_ratio_or_too_steep_is_none(text: str) -> None:
    assert ratio_of(own(), text) is None


@pytest.mark.parametrize(
    "reference, ratio",
    [(Size(64, 48), Fraction(4, 3)), (Size(900, 100), Fraction(3)), (Size(1, 9), Fraction(1, 3))],
)
def test_auto_takes_the_ratio_of_the_reference_but_not_beyond_the_steepest(
    reference: Size, ratio: Fraction
) -> None:
    assert ratio_of(own(), "auto", reference=reference) == ratio


@pytest.mark.parametrize(
    "size, quality, n, price",
    [
        ("1024x1024", "low", 1, "0.005"),
        ("1536x1536", "medium", 1, "0.025"),
        ("1024x640", "high", 1, "0.07"),
        ("1552x1024", "low", 1, "0.01"),
        ("2048x1152", "medium", 1, "0.04"),
        ("1152x2048", "high", 1, "0.10"),
        ("2064x1024", "low", 1, "0.015"),
        ("2880x2880", "medium", 1, "0.06"),
        ("2160x3840", "high", 1, "0.23"),
        ("1024x1024", "auto", 1, "0.025"),
        ("3840x2160", None, 1, "0.06"),
        ("1024x1024", "hd", 1, "0.07"),
        ("1024x1024", "standard", 1, "0.025"),
        ("3840x2160", "high", 10, "2.30"),
        ("1024x1024", "low", 7, "0.035"),
    ],
)
def test_prices_are_exact(size: str, quality: str | None, n: int, price: str) -> None:
    parsed = Size.parse(size)
    assert parsed
    assert prices.price(own(), parsed, quality, n) == Decimal(price)


def test_a_quality_or_a_tier_without_a_price_is_refused() -> None:
    with pytest.raises(ValueError, match="no price for tier '1K' and quality 'ultra'"):
        prices.price(own(), "1K", "ultra")
    with pytest.raises(ValueError, match="no price for tier '3K' and quality 'low'"):
        prices.price(own(), "3K", "low")


def test_another_multiple_makes_other_sizes_legal() -> None:
    spec = changed({"size-grid/data/multiple": 32})
    assert sizes.verdict(spec, "1024x1040").broken == {"size-grid"}
    assert sizes.verdict(spec, "1024x1056").legal
    assert str(sizes.derived(spec, "4:3", "4K")) == "3296x2464"
    assert sizes.derived_problems(spec, "16:9", "2K", 2048, 1168)
    fine = changed({"size-grid/data/multiple": 8})
    assert sizes.verdict(fine, "1024x1032").legal


def test_other_bounds_make_other_sizes_legal() -> None:
    assert sizes.verdict(changed({"size-edge/data/long_edge_max": 2048}), "2064x1024").broken == {
        "size-edge"
    }
    assert sizes.verdict(changed({"size-ratio/data/long_to_short_max": "4:1"}), "2048x512").legal
    assert sizes.verdict(changed({"size-pixels/data/pixels_min": 655361}), "1024x640").broken == {
        "size-pixels"
    }
    assert sizes.verdict(changed({"size-pixels/data/pixels_max": 9000000}), "3840x2176").legal


def test_a_fourth_tier_is_known_by_its_name_its_sizes_and_its_price() -> None:
    spec = changed(EIGHT_K)
    assert sizes.verdict(spec, "3840x2160").tier == "4K"
    assert sizes.verdict(spec, "7680x4320").tier == "8K"
    assert sizes.tier_named(spec, "8k") == "8K"
    assert str(sizes.derived(spec, "16:9", "8K")) == "5120x2880"
    assert str(sizes.derived(spec, "3:2", "8K")) == "7040x4688"
    assert prices.price(spec, Size(7680, 4320), "high", 2) == Decimal("1.0")
    assert prices.price(spec, "8K") == Decimal("0.12")


def test_another_tier_edge_price_quality_or_default_is_followed() -> None:
    spec = changed({"tier/data/tiers/0/long_edge_max": 1600})
    assert sizes.verdict(spec, "1600x1024").tier == "1K"
    dearer = changed({"price/data/per_image/2K/low": "0.011"})
    assert prices.price(dearer, Size(2048, 2048), "low", 3) == Decimal("0.033")
    other = changed({"components/schemas/Quality/default": "low"})
    assert prices.price(other, "1K") == Decimal("0.005")
    billed = changed({"price-auto/data/billed_as/auto": "high"})
    assert prices.price(billed, "1K", "auto") == Decimal("0.07")


def test_a_new_quality_has_its_price() -> None:
    spec = changed(
        {
            **{f"price/data/per_image/{tier}/best": "0.5" for tier in ("1K", "2K", "4K")},
            "latency/data/seconds/best": {"min": 200, "mode": 240, "max": 300},
            "components/schemas/Quality/enum": ["low", "medium", "high", "best", "auto", None],
        }
    )
    assert prices.price(spec, "2K", "best", 2) == Decimal("1.0")
