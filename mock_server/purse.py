"""What goes through a proxy in money: set aside before it is sent, given back when it failed."""

from dataclasses import dataclass, field
from decimal import Decimal

from mock_server.rules.pricing import PriceList
from mock_server.rules.tasks import TaskTable

__all__ = ["Purse", "at"]

_TASKS_KEPT = 100_000


def at(value: object, *path: str) -> object:
    """What lies at that path of decoded JSON, None where nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@dataclass(slots=True)
class Purse:
    """What was spent, at most `limit` where there is one; all in USD."""

    limit: Decimal | None
    prices: PriceList
    tasks: TaskTable
    spent: Decimal = Decimal(0)
    _held: dict[str, Decimal] = field(default_factory=dict)

    def reserve(self, price: Decimal) -> bool:
        """Set the price aside, False where that is too much; nothing is set aside then."""
        if self.limit is not None and price and self.spent + price > self.limit:
            return False
        self.spent += price
        return True

    def release(self, price: Decimal) -> None:
        """Give back what was set aside for a request that failed (Rule: free-failure)."""
        self.spent -= price

    def settle(self, value: object, price: Decimal, *, was_refusable: bool) -> None:
        """Take note of a successful answer: what it cost if unforeseen, whose end is awaited."""
        if was_refusable:
            price = self._dearest() * _count(value)
            self.spent += price
        task_id, state = at(value, "data", "taskId"), at(value, "data", "state")
        if not isinstance(task_id, str):
            return
        if state == self.tasks.failed:
            self.release(self._held.pop(task_id, price))
        elif price and len(self._held) < _TASKS_KEPT:
            self._held[task_id] = price

    def _dearest(self) -> Decimal:
        """A picture that the contract has no price for may cost as much as any."""
        return max(max(cells.values()) for cells in self.prices.per_image.values())


def _count(value: object) -> int:
    pictures = at(value, "data")
    return len(pictures) if isinstance(pictures, list) else 1
