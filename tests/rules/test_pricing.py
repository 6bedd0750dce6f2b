"""What a request costs, to the last digit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.rules.pricing import PriceList, price
from tests.laws import own_contract

PRICES = own_contract().prices
tiers = st.sampled_from(sorted(PRICES.per_image))
qualities = st.sampled_from(["low", "medium", "high", "auto"])


@pytest.mark.parametrize(
    "tier, quality, expected",
    [
        ("1K", "low", "0.005"),
        ("1K", "medium", "0.025"),
        ("1K", "auto", "0.025"),
        ("1K", "high", "0.07"),
        ("2K", "low", "0.01"),
        ("2K", "medium", "0.04"),
        ("2K", "auto", "0.04"),
        ("2K", "high", "0.10"),
        ("4K", "low", "0.015"),
        ("4K", "medium", "0.06"),
        ("4K", "auto", "0.06"),
        ("4K", "high", "0.23"),
    ],
)
def test_each_cell_is_the_page_s(tier: str, quality: str, expected: str) -> None:
    assert price(PRICES, tier=tier, quality=quality, n=1) == Decimal(expected)


def test_there_is_no_other_cell() -> None:
    assert {tier: sorted(row) for tier, row in PRICES.per_image.items()} == {
        tier: ["high", "low", "medium"] for tier in ("1K", "2K", "4K")
    }
    assert PRICES.currency == "USD"


@given(tiers, qualities, st.integers(1, 10))
def test_n_images_cost_n_times_one_exactly(tier: str, quality: str, n: int) -> None:
    one = price(PRICES, tier=tier, quality=quality, n=1)
    assert Fraction(price(PRICES, tier=tier, quality=quality, n=n)) == n * Fraction(one)


def test_auto_is_billed_as_medium_and_every_other_quality_as_itself() -> None:
    billed = {name: PRICES.billed_quality(name) for name in ("low", "medium", "high", "auto")}
    assert billed == {"low": "low", "medium": "medium", "high": "high", "auto": "medium"}


def test_another_list_gives_another_price() -> None:
    prices = PriceList("EUR", {"8K": {"ultra": Decimal("1.005")}}, {"auto": "ultra"})
    assert price(prices, tier="8K", quality="auto", n=7) == Decimal("7.035")
