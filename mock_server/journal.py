"""What the mock has seen and decided: a bounded list of the latest requests."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from mock_server.misbehaviour import Fault

__all__ = ["Exchange", "Journal"]


@dataclass(slots=True)
class Exchange:
    """One request on its way through: who sent it, what was decided, how it was answered.

    `fields` are the request as parsed, `decided` what came of it (mode, size, price, ...). Until
    it is answered its `status` is 0. A client that went away before did so at `left_at`. What ends
    in `_really` is an instant on the wall, for clocks that stand still; `asked_wait` are the
    seconds that a refusal asked to wait. `is_final` says that a task's end was told, properly.
    `epoch` is that of the journal when it was received.
    """

    id: str
    received_at: float
    method: str
    path: str
    operation: str = ""
    account: str | None = None
    fields: dict[str, object] | None = None
    decided: dict[str, object] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    rule: str | None = None
    message: str | None = None
    status: int = 0
    answered_at: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    received_really: float = 0.0
    answered_really: float = 0.0
    left_at: float | None = None
    left_really: float = 0.0
    asked_wait: float | None = None
    is_final: bool = False
    epoch: int | None = None


class Journal:
    """The latest exchanges, the oldest forgotten first."""

    def __init__(self, capacity: int = 1000) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=capacity)
        self.seen = 0
        self.epoch = 0

    def keep(self, exchange: Exchange) -> None:
        """Add an answered exchange, unless it was received before a reset."""
        if exchange.epoch not in (None, self.epoch):
            return
        self.seen += 1
        self._exchanges.append(exchange)

    def latest(self) -> list[Exchange]:
        """The exchanges kept, the newest first."""
        return list(reversed(self._exchanges))

    def reset(self) -> None:
        """Forget everything."""
        self.seen = 0
        self.epoch += 1
        self._exchanges.clear()
