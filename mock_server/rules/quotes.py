"""What a request comes to: its size, its tier, its price, how long it takes."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from mock_server.errors import ApiError
from mock_server.rules.latency import LatencyTable, Triangle
from mock_server.rules.pricing import PriceList, price
from mock_server.rules.requests import (
    ImageRequest,
    Operation,
    RequestTable,
    illegal_size,
    read_image_request,
    size_in,
)
from mock_server.rules.sizes import Size, parse_size, tier_of

__all__ = ["Quote", "Quotes"]


class Quote(NamedTuple):
    """A request and what it comes to; the price is in USD. `told` is the decision in words."""

    request: ImageRequest
    size: Size
    tier: str
    price: Decimal
    seconds: Triangle
    told: Mapping[str, object]

    def about(self, prompt: str) -> "Quote":
        """The quote for the same request with another prompt; half the time of `_replace`."""
        request = self.request
        return Quote(ImageRequest(request.model, prompt, *request[2:]), *self[1:])

    def sized(self, size: Size) -> "Quote":
        """The quote for the same request with another size of the same tier; as quick."""
        request = ImageRequest._make((*self.request[:_SIZE], size, *self.request[_SIZE + 1 :]))
        told = {**self.told, "size": str(size)}
        return Quote(request, size, self.tier, self.price, self.seconds, told)


_SIZE = ImageRequest._fields.index("size")


class Quotes:
    """Makes quotes by the tables of the contract."""

    def __init__(self, table: RequestTable, prices: PriceList, latencies: LatencyTable) -> None:
        self.table = table
        self._prices = prices
        self._latencies = latencies
        self._cheapest = {
            tier: min(row, key=row.__getitem__) for tier, row in prices.per_image.items()
        }

    def cheapest(self, tier: str) -> str:
        """The quality that costs least in a tier."""
        return self._cheapest[tier]

    def without_references(self, fields: Mapping[str, object], operation: Operation) -> Quote:
        """The quote for fields that keep their schemas; raises ApiError as reading them does."""
        request = read_image_request(fields, operation, self.table, has_references=False)
        return self.of(request, first=None)

    def resized(self, quote: Quote, text: str) -> Quote | ApiError | None:
        """The same request with another WxH size: its quote, or why the size is refused.

        None where the text is no such size.
        """
        size = parse_size(text)
        if size is None:
            return None
        sizes = self.table.sizes
        if refusal := illegal_size(size, text, sizes):
            return refusal
        if tier_of(size, sizes).name == quote.tier:
            return quote.sized(size)
        return self.of(quote.request._replace(size=size), first=None)

    def of(self, request: ImageRequest, *, first: Fraction | None) -> Quote:
        """The quote for a request; `first` is the ratio of its first reference, where known.

        Raises ApiError where no size is legal (Rule: derive).
        """
        size = size_in(request, self.table, first=first)
        tier = tier_of(size, self.table.sizes).name
        costs = price(self._prices, tier=tier, quality=request.quality, n=request.n)
        return Quote(
            request=request,
            size=size,
            tier=tier,
            price=costs,
            seconds=self._latencies.seconds[self._prices.billed_quality(request.quality)],
            told={
                "mode": request.mode.value,
                "edit": request.is_edit,
                "size": str(size),
                "tier": tier,
                "quality": request.quality,
                "n": request.n,
                "price": costs,
            },
        )
