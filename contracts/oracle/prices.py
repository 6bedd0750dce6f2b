"""Prices by a table with every cell written out, and by adding.

Rules: price, price-auto, price-n.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from contracts.oracle.sizes import tier_of
from contracts.size import Size
from contracts.spec import Spec

__all__ = ["cells", "largest", "price"]


def price(spec: Spec, size: Size | str, quality: str | None = None, n: int = 1) -> Decimal:
    """USD that n images cost, of a size or of a tier by name; no quality is the default one.

    ValueError for a tier or a quality without a price.
    """
    tier = tier_of(spec, size) if isinstance(size, Size) else size
    cell = cells(spec).get((tier, quality))
    if cell is None:
        raise ValueError(f"no price for tier '{tier}' and quality '{quality}'")
    return sum((cell for _ in range(n)), Decimal(0))


def largest(spec: Spec) -> Decimal:
    """USD of the dearest image there is: the most that a request of unknown fate may cost, by n."""
    return max(cells(spec).values())


def cells(spec: Spec) -> Mapping[tuple[str, str | None], Decimal]:
    """Every price by tier and quality as asked: names, synonyms and no quality at all included."""
    return _cells(spec)


@lru_cache(maxsize=8)
def _cells(spec: Spec) -> Mapping[tuple[str, str | None], Decimal]:
    table: dict[tuple[str, str | None], Decimal] = {}
    default = spec.default("quality")
    for tier, row in spec.facts.price.per_image.items():
        table |= {(tier, quality): each for quality, each in row.items()}
        for names in (spec.facts.price_auto.billed_as, spec.facts.profile.openai.quality_synonyms):
            table |= {(tier, quality): row[billed] for quality, billed in names.items()}
        table[tier, None] = table[tier, default]
    return table
