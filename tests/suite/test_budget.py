"""Money is set aside before it is spent, and never more than there is."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from contracts.budget import Budget, BudgetEndedError
from contracts.folder import SharedFolder

CENT = Decimal("0.01")


def budget(path: Path, limit: str | None) -> Budget:
    return Budget(SharedFolder(path), None if limit is None else Decimal(limit))


def test_what_was_accepted_is_spent(tmp_path: Path) -> None:
    money = budget(tmp_path, "0.05")
    money.settle(money.reserve(expected=CENT, largest=CENT), accepted=True)
    assert money.ledger().spent == CENT
    assert money.left() == Decimal("0.04")


def test_what_was_refused_costs_nothing(tmp_path: Path) -> None:
    money = budget(tmp_path, "0.05")
    money.settle(money.reserve(expected=CENT, largest=CENT), accepted=False)
    assert money.ledger().spent == 0
    assert money.left() == Decimal("0.05")


def test_a_request_that_may_cost_too_much_is_not_sent(tmp_path: Path) -> None:
    money = budget(tmp_path, "0.05")
    with pytest.raises(BudgetEndedError, match=r"whole limit of \$0\.05"):
        money.reserve(expected=Decimal("0.06"), largest=Decimal("0.06"))
    assert money.ledger().denied == 1


def test_a_refusal_that_the_budget_cannot_bear_does_not_end_it(tmp_path: Path) -> None:
    money = budget(tmp_path, "0.05")
    with pytest.raises(BudgetEndedError):
        money.reserve(expected=Decimal(0), largest=Decimal("0.06"))
    assert money.ledger().denied == 0


def test_what_others_have_set_aside_and_may_not_need_is_waited_for(tmp_path: Path) -> None:
    money = budget(tmp_path, "0.05")
    others = money.reserve(expected=Decimal("0.05"), largest=Decimal("0.05"))
    assert money.reserve_now(expected=CENT, largest=CENT) is None
    with pytest.raises(BudgetEndedError, match=r"\$0\.00 of \$0\.05 is left"):
        money.reserve_now(expected=CENT, largest=CENT, is_last_try=True)
    money.settle(others, accepted=False)
    assert money.reserve_now(expected=CENT, largest=CENT) is not None


def test_what_others_have_spent_is_not_waited_for(tmp_path: Path) -> None:
    money = budget(tmp_path, "0.05")
    money.settle(money.reserve(expected=Decimal("0.05"), largest=Decimal("0.05")), accepted=True)
    with pytest.raises(BudgetEndedError):
        money.reserve_now(expected=CENT, largest=CENT)


def test_a_refusal_that_was_accepted_is_unexplained(tmp_path: Path) -> None:
    money = budget(tmp_path, "0.05")
    money.settle(money.reserve(expected=Decimal(0), largest=CENT), accepted=True)
    assert money.ledger().unexplained == CENT
    assert money.ledger().spent == CENT


def test_without_money_refusals_are_trusted_until_one_is_not_refused(tmp_path: Path) -> None:
    money = budget(tmp_path, "0")
    money.settle(money.reserve(expected=Decimal(0), largest=CENT), accepted=False)
    money.settle(money.reserve(expected=Decimal(0), largest=CENT), accepted=True)
    with pytest.raises(BudgetEndedError):
        money.reserve(expected=Decimal(0), largest=CENT)


def test_many_at_once_never_spend_more_than_the_limit(tmp_path: Path) -> None:
    """Each through a budget of its own, as in several processes."""

    def spend(_: int) -> bool:
        money = budget(tmp_path, "0.10")
        try:
            reservation = money.reserve(expected=CENT, largest=CENT)
        except BudgetEndedError:
            return False
        money.settle(reservation, accepted=True)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(40))) == 10
    assert budget(tmp_path, "0.10").ledger().spent == Decimal("0.10")


def test_without_a_limit_what_was_spent_is_still_known(tmp_path: Path) -> None:
    money = budget(tmp_path, None)
    money.settle(money.reserve(expected=CENT, largest=CENT), accepted=True)
    money.settle(money.reserve(expected=Decimal(0), largest=CENT), accepted=True)
    assert money.left() is None
    assert money.ledger().spent == 2 * CENT
    assert money.ledger().unexplained == CENT
