"""What a request costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["PriceList", "price"]


@dataclass(frozen=True, slots=True)
class PriceList:
    """USD per image by tier name and quality, and which quality another one is billed as."""

    currency: str
    per_image: Mapping[str, Mapping[str, Decimal]]
    billed_as: Mapping[str, str]

    def billed_quality(self, quality: str) -> str:
        """The quality whose price is paid (Rule: price-auto)."""
        return self.billed_as.get(quality, quality)


def price(prices: PriceList, *, tier: str, quality: str, n: int) -> Decimal:
    """The price in USD of n images, exactly (Rules: price, price-auto, price-n)."""
    return prices.per_image[tier][prices.billed_quality(quality)] * n
