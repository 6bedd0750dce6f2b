"""What is counted from the start.

A request costs a look-up and two additions; everything else is made when asked.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from mock_server.journal import Exchange
from mock_server.rules.tasks import Job

__all__ = ["BOUNDS", "Now", "Tally"]

# Seconds; the contract's latencies lie between 35 and 135.
BOUNDS = (0.01, 0.1, 1.0, 10.0, 35.0, 45.0, 60.0, 75.0, 90.0, 105.0, 120.0, 135.0)


class Tally:
    """What has been counted since the start; a reset of the mock leaves it alone."""

    def __init__(self) -> None:
        # By operation and status: how many in each bucket, then the seconds of all together.
        self.requests: dict[tuple[str, int], list[float]] = {}
        self.faults: Counter[str] = Counter()
        self.charged: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def count(self, exchange: Exchange) -> None:
        """Count an answered request."""
        kind = (exchange.operation, exchange.status)
        seconds = exchange.answered_at - exchange.received_at
        counts = self.requests.get(kind)
        if counts is None:
            counts = self.requests[kind] = [0.0] * (len(BOUNDS) + 2)
        counts[bisect_left(BOUNDS, seconds)] += 1
        counts[-1] += seconds
        for fault in exchange.faults:
            self.faults[fault.name] += 1

    def ended(self, job: Job) -> None:
        """Count what a job cost."""
        if job.failure is None:
            self.charged[job.tier, job.request.quality] += job.price


class Now(NamedTuple):
    """What is kept elsewhere: tasks by state, webhook attempts by status, money on hold."""

    tasks: Mapping[str, int]
    webhooks: Mapping[str, int]
    frozen: Decimal
    currency: str
