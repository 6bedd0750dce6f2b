"""What a webhook says and when it is tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["HookTable", "delays"]


@dataclass(frozen=True, slots=True)
class HookTable:
    """How a webhook is sent, what ends it, the schedule in seconds, and what is null by state."""

    method: str
    content_type: str
    success: range
    retry_after_s: tuple[float, ...]
    attempt_timeout_s: float
    background_every_s: float
    give_up_after_s: float
    null_when: Mapping[str, frozenset[str]]


def delays(table: HookTable) -> Iterator[float]:
    """Seconds to wait before each further attempt, counted from the end of the one before.

    The first ones come from the list, then the background retry goes on without end: the caller
    stops when `give_up_after_s` have passed since the first attempt (Rule: hook-retry).
    """
    yield from table.retry_after_s
    while True:
        yield table.background_every_s
