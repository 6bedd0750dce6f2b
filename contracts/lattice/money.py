"""The sum of a leg by the price list, beside what the balance of the account fell by.

Rules: price, tier, free-failure.
"""

from dataclasses import dataclass
from decimal import Decimal

from contracts.exchange import Request
from contracts.lattice.plan import REFUSED
from contracts.lattice.sightings import Seen
from contracts.lattice.verdicts import Judgement
from contracts.report.size_map import Mark
from contracts.transport import Transport

__all__ = ["Bill", "balance", "bill"]

OK = 200
UNSURE = (Mark.NO_ANSWER, Mark.NOT_JUDGED)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a leg should have cost, and what it did, in USD."""

    leg: str
    expected: Decimal
    paid: Decimal

    @property
    def rule(self) -> str:
        """The rule that a wrong bill breaks."""
        return "free-failure" if self.leg == REFUSED else "price"

    @property
    def right(self) -> bool:
        """Whether both are the same, to the last digit."""
        return self.expected == self.paid


def balance(transport: Transport) -> Decimal | None:
    """What the account holds; None where the target does not tell."""
    answer = transport.send(Request("GET", "/balance")).answer
    told = answer.exact
    data = told.get("data") if answer.status == OK and isinstance(told, dict) else None
    value = data.get("balance") if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)


def bill(judgement: Judgement, before: Decimal | None, after: Decimal | None) -> Bill | None:
    """The bill of a leg that was sent whole; None where what is due is not known to the cent.

    What an illegal size costs that was taken all the same, the price list does not say.
    """
    answers = {each.sighting.seen for each in judgement.differences}
    unsure = Seen.STRANGE in answers or any(judgement.count(mark) for mark in UNSURE)
    if before is None or after is None or unsure or judgement.missing:
        return None
    if judgement.name == REFUSED and judgement.charged:
        return None
    return Bill(judgement.name, judgement.charged, before - after)
