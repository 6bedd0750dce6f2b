"""What a request comes to, whether it is remembered or not."""

import gc
import weakref
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from mock_server.errors import ApiError
from mock_server.rules.latency import Triangle
from mock_server.rules.quotes import Quotes
from mock_server.rules.requests import Operation, read_image_request
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


def test_what_is_remembered_is_what_would_be_read_anew() -> None:
    remembering = quotes()
    kinds: list[dict[str, Any]] = [
        {},
        {"size": "1024x640"},
        {"n": 2},
        {"n": 2.0},
        {"quality": "auto"},
    ]
    for further in kinds:
        for prompt in ("one", "two"):
            for operation in (Operation.CREATE, Operation.CREATE_AND_WAIT):
                asked = fields(**further) | {"prompt": prompt}
                quote = remembering.without_references(asked, operation)
                again = read_image_request(asked, operation, TABLE, has_references=False)
                assert quote.request == again
                assert type(quote.request.n) is int
                assert quote == quotes().of(again, first=None)


def test_a_refusal_is_told_each_time() -> None:
    refusing = quotes()
    for _ in range(2):
        with pytest.raises(ApiError, match="nearest legal sizes: 992x992"):
            refusing.without_references(fields(size="1000x1000"), Operation.CREATE)


def test_the_cheapest_quality_is_that_of_the_price_list() -> None:
    contract = own_contract()
    for tier, row in contract.prices.per_image.items():
        assert row[quotes().cheapest(tier)] == min(row.values())


class Asked(dict[str, object]):
    """Fields of which can be seen whether they are still there."""


def test_a_remembered_refusal_keeps_nobody_whom_it_refused() -> None:
    refusing = quotes()
    gc.disable()
    try:
        for _ in range(2):
            asked = Asked(fields(size="1000x1000"))
            seen = weakref.ref(asked)
            with suppress(ApiError):
                refusing.without_references(asked, Operation.CREATE)
            del asked
            assert seen() is None
    finally:
        gc.enable()
