"""The counts in the words of Prometheus."""

from collections.abc import Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from mock_server.metrics import BOUNDS, Now, Tally

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


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
            bounds = [*map(str, BOUNDS), "+Inf"]
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
