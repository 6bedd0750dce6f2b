"""What a request comes to: its size, its tier, its price, how long it takes.

Requests for the same thing differ in their prompts alone, and are decided once, refusals as well:
reading and pricing one anew takes ten times as long as remembering it.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from mock_server.errors import ApiError
from mock_server.rules.latency import LatencyTable, Triangle
from mock_server.rules.pricing import PriceList, price
from mock_server.rules.requests import (
    FIELDS,
    ImageRequest,
    Operation,
    RequestTable,
    read_image_request,
    size_in,
)
from mock_server.rules.sizes import Size, tier_of

__all__ = ["Quote", "Quotes"]

_QUOTES_KEPT = 1024
_DECISIVE = tuple(name for name in FIELDS if name != "prompt")


class Quote(NamedTuple):
    """A request and what it comes to; the price is in USD."""

    request: ImageRequest
    size: Size
    tier: str
    price: Decimal
    seconds: Triangle


class Quotes:
    """Makes quotes by the tables of the contract."""

    def __init__(self, table: RequestTable, prices: PriceList, latencies: LatencyTable) -> None:
        self.table = table
        self._prices = prices
        self._latencies = latencies
        self._cheapest = {
            tier: min(row, key=row.__getitem__) for tier, row in prices.per_image.items()
        }
        self._remembered = lru_cache(_QUOTES_KEPT)(self._blank)

    def cheapest(self, tier: str) -> str:
        """The quality that costs least in a tier."""
        return self._cheapest[tier]

    def without_references(self, fields: Mapping[str, object], operation: Operation) -> Quote:
        """The quote for fields that keep their schemas; raises ApiError as reading them does."""
        blank = self._remembered(operation, *map(fields.get, _DECISIVE))
        if isinstance(blank, ApiError):
            raise blank.anew()
        return Quote(_about(blank.request, str(fields["prompt"])), *blank[1:])

    def _blank(self, operation: Operation, *values: object) -> Quote | ApiError:
        """The verdict on these values of the decisive fields, the prompt left blank."""
        given = zip(_DECISIVE, values, strict=True)
        fields = {name: value for name, value in given if value is not None} | {"prompt": ""}
        try:
            request = read_image_request(fields, operation, self.table, has_references=False)
            return self.of(request, first=None)
        except ApiError as error:
            return error.anew()

    def of(self, request: ImageRequest, *, first: Fraction | None) -> Quote:
        """The quote for a request; `first` is the ratio of its first reference, where known.

        Raises ApiError where no size is legal (Rule: derive).
        """
        size = size_in(request, self.table, first=first)
        tier = tier_of(size, self.table.sizes).name
        return Quote(
            request=request,
            size=size,
            tier=tier,
            price=price(self._prices, tier=tier, quality=request.quality, n=request.n),
            seconds=self._latencies.seconds[self._prices.billed_quality(request.quality)],
        )


def _about(blank: ImageRequest, prompt: str) -> ImageRequest:
    """The request with this prompt; half the time of `_replace`."""
    return ImageRequest(blank.model, prompt, *blank[2:])
