"""The paid probes of a run, sent ahead of their verdicts: many at once, and weighed by the balance.

A picture takes minutes, so all of them are asked for together, on an account that nobody else uses
meanwhile. What the account lost is then what they cost; if the sum is wrong, the wrong ones are
found by weighing halves. What comes is looked at there and then, so that a verdict need not wait
for a picture to be decoded.
"""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from http import HTTPStatus
from typing import cast

from contracts.budget import BudgetEndedError
from contracts.claims import Probe
from contracts.decode import Json
from contracts.exchange import Key
from contracts.judge import NotJudgedError
from contracts.oracle.pictures import look_at
from contracts.oracle.synchronous import picture_bytes
from contracts.oracle.tasks import result_urls
from contracts.target import Balance, Target, is_accepted

__all__ = ["Wave", "Weighing"]

MEMO = "wave"
TWIN = 1_000_000
"""Probes that are sent again to be weighed are other requests: their twins begin here."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a group of requests cost by the list, and what the account lost for them."""

    names: tuple[str, ...]
    expected: Decimal
    charged: Decimal
    frozen_before: Decimal
    frozen_after: Decimal

    @property
    def is_right(self) -> bool:
        """Whether both sums are the same."""
        return self.expected == self.charged


class Wave:
    """Sends the paid probes in the background; the first process that starts does it for all."""

    def __init__(self, target: Target, probes: Sequence[Probe], *, threads: int) -> None:
        self._target = target
        self._probes = _in_order(probes)
        self._threads = threads
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to send."""
        if self._probes:
            self._target.wave_runs = lambda: not self.is_over()
            self._thread = threading.Thread(target=self._run, name="wave", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Sends nothing more, and waits for what is under way."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def is_over(self) -> bool:
        """Whether every answer is there that will come."""
        is_dead = self._thread is not None and not self._thread.is_alive()
        return is_dead or self._target.shared.is_done(MEMO)

    def weighings(self) -> list[Weighing]:
        """What was weighed, the culprits singled out; empty where the target tells no balance."""
        if not self._probes:
            return []
        kept = self._target.shared.once(MEMO, list)
        return [_weighing(each) for each in cast("list[dict[str, str]]", kept)]

    def _run(self) -> None:
        try:
            self._target.shared.once(MEMO, self._sent_and_weighed)
        except Exception as error:
            self._target.shared.note("errors", f"the paid probes could not be sent: {error!r}")
            raise

    def _sent_and_weighed(self) -> Json:
        with self._target.shared.account(Key.MAIN, alone=True):
            if not self._target.state.has_balance:
                self._send(self._probes)
                return []
            first = self._weigh(self._probes)
            found = [first] if first is None or first.is_right else self._culprits(first)
        return [_kept(each) for each in found if each is not None]

    def _weigh(self, probes: Sequence[Probe]) -> Weighing | None:
        before = self._balance()
        sent = self._send(probes)
        after = self._balance()
        if before is None or after is None:
            return None
        return Weighing(
            names=tuple(probe.name for probe in probes),
            expected=sum((probe.price for probe in sent), Decimal(0)),
            charged=before.total - after.total,
            frozen_before=before.frozen,
            frozen_after=after.frozen,
        )

    def _send(self, probes: Sequence[Probe]) -> list[Probe]:
        """Sends them, many at once; those that were accepted."""
        with ThreadPoolExecutor(self._threads) as pool:
            accepted = list(pool.map(self._send_one, probes))
        return [probe for probe, taken in zip(probes, accepted, strict=True) if taken]

    def _send_one(self, probe: Probe) -> bool:
        if self._stopped.is_set():
            return False
        try:
            exchange = self._target.recorded(probe, alone=True)
        except BudgetEndedError:
            return False
        if not probe.is_task:
            urls = [entry.get("url") for entry in exchange.answer.entries()]
            self._look_at(urls, [data for data in picture_bytes(exchange) if data is not None])
            return is_accepted(exchange)
        history = self._target.followed(probe, alone=True)
        self._look_at(result_urls(history.last))
        return history.data.get("state") != "failed" and is_accepted(exchange)

    def _look_at(self, urls: Iterable[Json], found: Iterable[bytes] = ()) -> None:
        """Fetches and decodes what a verdict will be about."""
        fetched = [
            self._target.fetch(url).answer for url in urls if isinstance(url, str) and "://" in url
        ]
        for data in (
            *found,
            *(answer.body for answer in fetched if answer.status == HTTPStatus.OK),
        ):
            look_at(data)

    def _culprits(self, whole: Weighing) -> list[Weighing]:
        """The probes that cost something else than they should, each weighed alone.

        Halves are sent again, so nothing is done if the budget would not bear it; then the whole
        sum stands as it is.
        """
        by_name = {probe.name: probe for probe in self._probes}
        suspects = [by_name[name] for name in whole.names]
        found: list[Weighing] = []
        self._halve(suspects, whole, found)
        return found or [whole]

    def _halve(self, suspects: Sequence[Probe], weighing: Weighing, found: list[Weighing]) -> None:
        if self._stopped.is_set():
            return
        if len(suspects) == 1:
            found.append(weighing)
            return
        middle = len(suspects) // 2
        for half in (suspects[:middle], suspects[middle:]):
            again = self._weigh([_twin(probe) for probe in half])
            if again is not None and not again.is_right:
                self._halve(half, again, found)
                if len(found) >= 3:
                    return

    def _balance(self) -> Balance | None:
        try:
            return self._target.balance()
        except NotJudgedError:
            return None


def _in_order(probes: Iterable[Probe]) -> list[Probe]:
    """Each once; what matters most first, so that a small budget is spent on it."""
    distinct = {probe.request.fingerprint(): probe for probe in probes if _is_paid(probe)}
    return sorted(
        distinct.values(), key=lambda probe: (probe.level.covers(probe.level.FULL), probe.price)
    )


def _is_paid(probe: Probe) -> bool:
    """A task that must fail is free by the contract, but not sent where nothing may be spent."""
    return probe.price > 0 or probe.is_task


_twins = iter(range(TWIN, 2 * TWIN))


def _twin(probe: Probe) -> Probe:
    return replace(probe, request=probe.request.again(next(_twins)))


def _kept(weighing: Weighing) -> Json:
    return {
        "names": list(weighing.names),
        "expected": str(weighing.expected),
        "charged": str(weighing.charged),
        "frozen_before": str(weighing.frozen_before),
        "frozen_after": str(weighing.frozen_after),
    }


def _weighing(kept: dict[str, str]) -> Weighing:
    return Weighing(
        names=tuple(cast("list[str]", kept["names"])),
        expected=Decimal(kept["expected"]),
        charged=Decimal(kept["charged"]),
        frozen_before=Decimal(kept["frozen_before"]),
        frozen_after=Decimal(kept["frozen_after"]),
    )
