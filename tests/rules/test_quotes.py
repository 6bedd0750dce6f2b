"""What a request comes to."""

from decimal import Decimal
from typing import Any

from mock_server.rules.latency import Triangle
from mock_server.rules.quotes import Quotes
from mock_server.rules.requests import Operation
from mock_server.rules.sizes import Size
from tests.laws import own_contract

TABLE = own_contract().request_table("provider")


def quotes() -> Quotes:
    return Quotes(TABLE, own_contract().prices, own_contract().latencies)


def fields(**further: Any) -> dict[str, object]:
    return {"model": "gpt-image-2-all", "prompt": "a red cube", **further}


def test_a_quote_is_size_tier_price_and_time() -> None:
    quote = quotes().without_references(
        fields(resolution="2K", aspect_ratio="9:16", quality="high", n=3), Operation.CREATE
    )
    assert (quote.size, quote.tier, quote.price) == (Size(1152, 2048), "2K", Decimal("0.30"))
    assert quote.seconds == Triangle(105, 120, 135)


def test_the_cheapest_quality_is_that_of_the_price_list() -> None:
    contract = own_contract()
    for tier, row in contract.prices.per_image.items():
        assert row[quotes().cheapest(tier)] == min(row.values())
