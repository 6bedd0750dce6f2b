"""What a request may cost is set aside before it is sent; what it did cost is written down after.

The ledger is shared by all processes of a run: together they never spend more than the limit.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from contracts.decode import Json
from contracts.shared import Shared

__all__ = ["Budget", "BudgetEndedError", "Ledger", "Reservation"]

JOURNAL, LEDGER = "spent", "money"
LONGEST_WAIT_S = 600.0
"""How long a request waits for money that others have set aside and may not need."""
PAUSE_S = 0.05


class BudgetEndedError(Exception):
    """A request was not sent, because its largest price is more than what is left."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The state of a run's money, in USD."""

    reserved: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    unexplained: Decimal = Decimal(0)
    """The part of `spent` that went for requests which should have been refused."""
    denied: int = 0
    """How many requests were not sent for want of budget."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside for one request: what it should cost, and what it could."""

    expected: Decimal
    largest: Decimal


class Budget:
    """The money of a run; `limit` None means without limit."""

    def __init__(self, shared: Shared, limit: Decimal | None) -> None:
        self._shared = shared
        self.limit = limit

    def reserve(self, *, expected: Decimal, largest: Decimal) -> Reservation:
        """Sets the largest price aside, else BudgetEndedError; waits for what others may not need.

        A limit of zero means that only what is free by the contract is sent: a request that should
        be refused is then trusted to be, until the first that is not.
        """
        end = time.monotonic() + LONGEST_WAIT_S
        while True:
            last = time.monotonic() >= end
            found = self.reserve_now(expected=expected, largest=largest, is_last_try=last)
            if found is not None:
                return found
            time.sleep(PAUSE_S)

    def reserve_now(
        self, *, expected: Decimal, largest: Decimal, is_last_try: bool = False
    ) -> Reservation | None:
        """The same without waiting: None where others have set aside what they may not need.

        On the last try that is a BudgetEndedError as well.
        """
        if self.limit is None:
            return Reservation(expected, largest)
        with self._shared.lock(LEDGER):
            ledger = self._read()
            if self._covered(ledger, expected, largest):
                reserved = self._set_aside(expected, largest)
                self._write(replace(ledger, reserved=ledger.reserved + reserved))
                return Reservation(expected, largest)
            if not is_last_try and largest <= self.limit - ledger.spent:
                return None
            # A refusal that is not tried for what a wrong server might charge has not ended it.
            if expected:
                self._write(replace(ledger, denied=ledger.denied + 1))
            raise BudgetEndedError(_too_dear(largest, self.limit, self._left(ledger)))

    def settle(self, reservation: Reservation, *, accepted: bool) -> None:
        """Ends a reservation: an accepted request has cost its largest price, any other nothing."""
        cost = reservation.largest if accepted else Decimal(0)
        surprise = cost if accepted and not reservation.expected else Decimal(0)
        if self.limit is None:
            if cost:
                self._shared.note(JOURNAL, [str(cost), str(surprise)])
            return
        with self._shared.lock(LEDGER):
            ledger = self._read()
            self._write(
                replace(
                    ledger,
                    reserved=ledger.reserved
                    - self._set_aside(reservation.expected, reservation.largest),
                    spent=ledger.spent + cost,
                    unexplained=ledger.unexplained + surprise,
                )
            )

    def ledger(self) -> Ledger:
        """The money as it stands."""
        if self.limit is None:
            return self._without_limit()
        with self._shared.lock(LEDGER):
            return self._read()

    def left(self) -> Decimal | None:
        """What may still be reserved, None without limit."""
        return None if self.limit is None else self._left(self.ledger())

    def _without_limit(self) -> Ledger:
        """Nothing needs to be agreed on then: each process writes down what it has spent."""
        notes = cast("list[list[str]]", list(self._shared.notes(JOURNAL)))
        spent = sum((Decimal(cost) for cost, _ in notes), Decimal(0))
        return Ledger(spent=spent, unexplained=sum((Decimal(s) for _, s in notes), Decimal(0)))

    def _covered(self, ledger: Ledger, expected: Decimal, largest: Decimal) -> bool:
        if not self.limit and not expected:
            return not ledger.unexplained
        return largest <= self._left(ledger)

    def _set_aside(self, expected: Decimal, largest: Decimal) -> Decimal:
        return Decimal(0) if self.limit == 0 and not expected else largest

    def _left(self, ledger: Ledger) -> Decimal:
        return (self.limit or Decimal(0)) - ledger.spent - ledger.reserved

    def _read(self) -> Ledger:
        values = cast("Mapping[str, str] | None", self._shared.read(LEDGER))
        if values is None:
            return Ledger()
        return Ledger(
            reserved=Decimal(values["reserved"]),
            spent=Decimal(values["spent"]),
            unexplained=Decimal(values["unexplained"]),
            denied=int(values["denied"]),
        )

    def _write(self, ledger: Ledger) -> None:
        values: dict[str, Json] = {
            "reserved": str(ledger.reserved),
            "spent": str(ledger.spent),
            "unexplained": str(ledger.unexplained),
            "denied": str(ledger.denied),
        }
        self._shared.write(LEDGER, values)


def _too_dear(largest: Decimal, limit: Decimal, left: Decimal) -> str:
    if largest > limit:
        return f"a wrong server might charge more for it than the whole limit of ${limit:f}"
    return f"it may cost ${largest:f}, and ${left:f} of ${limit:f} is left"
