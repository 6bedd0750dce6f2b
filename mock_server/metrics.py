"""What is counted from the start, and how Prometheus is told.

A request costs a look-up and two additions; everything else is made when asked.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mock_server.journal import Exchange
from mock_server.rules.tasks import Job

__all__ = ["Now", "Tally", "exposition"]

# Seconds; the contract's latencies lie between 35 and 135.
_BOUNDS = (0.01, 0.1, 1.0, 10.0, 35.0, 45.0, 60.0, 75.0, 90.0, 105.0, 120.0, 135.0)


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
            counts = self.requests[kind] = [0.0] * (len(_BOUNDS) + 2)
        counts[bisect_left(_BOUNDS, seconds)] += 1
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


class _Told(Collector):
    """The tally and the moment as Prometheus' metrics."""

    def __init__(self, tally: Tally, now: Now) -> None:
        self._tally = tally
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        yield self._requests()
        yield self._latencies()
        yield self._money()
        yield self._held()
        yield self._tasks()
        yield self._counter("webhook_attempts", "Webhook attempts.", "status", self._now.webhooks)
        yield self._counter("faults", "Faults applied.", "fault", self._tally.faults)

    def _requests(self) -> Metric:
        labels = ["operation", "status"]
        family = CounterMetricFamily("mock_requests", "Requests answered.", labels=labels)
        for (operation, status), counts in sorted(self._tally.requests.items()):
            family.add_metric([operation, str(status)], sum(counts[:-1]))
        return family

    def _latencies(self) -> Metric:
        family = HistogramMetricFamily(
            "mock_request_seconds",
            "From request to answer, in seconds of the mock's clock.",
            labels=["operation"],
        )
        for operation, counts in sorted(self._by_operation().items()):
            bounds = [*map(str, _BOUNDS), "+Inf"]
            buckets = list(zip(bounds, accumulate(counts[:-1]), strict=True))
            family.add_metric([operation], buckets, counts[-1])
        return family

    def _by_operation(self) -> dict[str, list[float]]:
        summed: dict[str, list[float]] = {}
        for (operation, _), counts in self._tally.requests.items():
            before = summed.get(operation, [0.0] * len(counts))
            summed[operation] = [a + b for a, b in zip(before, counts, strict=True)]
        return summed

    def _money(self) -> Metric:
        name = f"mock_charged_{self._now.currency.lower()}"
        text = "Money charged for pictures."
        family = CounterMetricFamily(name, text, labels=["tier", "quality"])
        for labels, amount in sorted(self._tally.charged.items()):
            family.add_metric([*labels], float(amount))
        return family

    def _held(self) -> Metric:
        name = f"mock_held_{self._now.currency.lower()}"
        return GaugeMetricFamily(
            name, "Money on hold for running requests.", value=float(self._now.frozen)
        )

    def _tasks(self) -> Metric:
        family = GaugeMetricFamily("mock_tasks", "Tasks by their state.", labels=["state"])
        for state, count in self._now.tasks.items():
            family.add_metric([state], count)
        return family

    @staticmethod
    def _counter(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
        family = CounterMetricFamily(f"mock_{name}", text, labels=[label])
        for value, count in sorted(counts.items()):
            family.add_metric([value], count)
        return family


def exposition(tally: Tally, now: Now) -> bytes:
    """The metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(tally, now))
    return generate_latest(registry)
