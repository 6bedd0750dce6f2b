"""The money that goes through a proxy: set aside, given back, and never beyond its limit."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from mock_server.purse import Purse, at
from tests.laws import own_contract

CENT = Decimal("0.01")


def purse(limit: str | None = "0.03") -> Purse:
    contract = own_contract()
    most = None if limit is None else Decimal(limit)
    return Purse(most, contract.prices, contract.tasks)


def task(state: str) -> Mapping[str, object]:
    return {"code": 200, "data": {"taskId": "task_1", "state": state}}


def test_what_goes_beyond_the_limit_is_not_set_aside() -> None:
    kept = purse()
    assert [kept.reserve(CENT) for _ in range(4)] == [True, True, True, False]
    assert kept.spent == 3 * CENT
    assert kept.reserve(Decimal(0))
    kept.release(CENT)
    assert kept.reserve(CENT)
    assert not kept.reserve(CENT)


def test_without_a_limit_it_only_counts() -> None:
    kept = purse(None)
    assert all(kept.reserve(CENT) for _ in range(1000))
    assert kept.spent == 1000 * CENT


def test_a_task_that_fails_gives_back_what_was_set_aside_for_it_and_that_once() -> None:
    kept = purse()
    kept.reserve(CENT)
    kept.settle(task("pending"), CENT, was_refusable=False)
    for state in ("processing", "failed", "failed"):
        kept.settle(task(state), Decimal(0), was_refusable=False)
    assert kept.spent == 0


def test_a_task_that_is_completed_has_cost_its_price() -> None:
    kept = purse()
    kept.reserve(CENT)
    for state, price in (("pending", CENT), ("completed", Decimal(0))):
        kept.settle(task(state), price, was_refusable=False)
    assert kept.spent == CENT


@pytest.mark.parametrize("count", [1, 3])
def test_what_should_have_been_refused_may_have_cost_as_much_as_any_picture(count: int) -> None:
    kept = purse()
    kept.settle({"created": 1, "data": [{}] * count}, Decimal(0), was_refusable=True)
    dearest = max(max(cells.values()) for cells in own_contract().prices.per_image.values())
    assert kept.spent == count * dearest
    assert not kept.reserve(CENT)


@pytest.mark.parametrize(
    "value, found", [({"a": {"b": 1}}, 1), ({"a": [1]}, None), ([], None), (None, None)]
)
def test_what_lies_at_a_path_is_nothing_where_the_way_breaks_off(
    value: object, found: object
) -> None:
    assert at(value, "a", "b") == found
