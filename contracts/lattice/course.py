"""The way through all legs: sent, noted, billed and judged, with a bar that shows how far.

Rules: size-grid, size-edge, size-ratio, size-pixels, size-exact, price, free-failure.
"""

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from contracts.lattice.money import Bill, balance, bill
from contracts.lattice.plan import Leg
from contracts.lattice.records import Records
from contracts.lattice.sightings import Seen, Sighting
from contracts.lattice.sweep import End, Outlook, Sweep
from contracts.lattice.verdicts import Judgement, judge
from contracts.size import Size
from contracts.spec import Spec
from contracts.transport import Transport

__all__ = ["Course", "Result"]

REFRESH_S = 0.1
TURNED_AWAY = {Seen.BUSY, Seen.NO_CREDIT, Seen.KEY_REFUSED}
"""Nothing was done about these sizes: a run that is taken up asks for them again."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a course has found."""

    judgements: tuple[Judgement, ...]
    bills: tuple[Bill, ...]
    requests: int
    end: End = End.DONE
    reason: str = ""


class Course:
    """Goes through the legs, one after the other, until the end or a reason to stop.

    `purse` tells the balance; None where nobody tells it, or where the account is not ours alone.
    """

    def __init__(
        self,
        spec: Spec,
        outlook: Outlook,
        records: Records,
        *,
        purse: Transport | None,
        also: Collection[str],
        console: Console,
    ) -> None:
        self._spec = spec
        self._outlook = outlook
        self._records = records
        self._purse = purse
        self._also = also
        self._bar = _Bar(console)
        self._sightings = dict(records.known)
        self._requests = 0
        # Whether it was seen already that the target keeps a connection after an answer.
        self._keeps_connections = False
        self._end, self._reason = End.DONE, ""

    def run(self, legs: Sequence[Leg]) -> Result:
        """Sends what is not yet known, and judges everything: a leg while the next one is sent."""
        told: list[tuple[Future[Judgement], Decimal | None, Decimal | None]] = []
        with self._bar.over(sum(len(leg.sizes) for leg in legs)), ThreadPoolExecutor(1) as judges:
            for leg in legs:
                before = self._balance()
                self._send(leg)
                found = judges.submit(judge, self._spec, leg, self._sightings, also=self._also)
                told.append((found, before, self._balance()))
        judgements = tuple(found.result() for found, _, _ in told)
        due = [bill(found.result(), before, after) for found, before, after in told]
        bills = tuple(each for each in due if each is not None)
        return Result(judgements, bills, self._requests, self._end, self._reason)

    def _balance(self) -> Decimal | None:
        return balance(self._purse) if self._purse is not None and self._end is End.DONE else None

    def _send(self, leg: Leg) -> None:
        missing = [size for size in leg.sizes if self._is_missing(size)]
        self._bar.begin(leg.name, known=len(leg.sizes) - len(missing))
        if missing and self._end is End.DONE:
            asyncio.run(self._sweep(leg, missing))

    def _is_missing(self, size: Size) -> bool:
        known = self._sightings.get(str(size))
        return known is None or known.seen in TURNED_AWAY

    async def _sweep(self, leg: Leg, missing: Sequence[Size]) -> None:
        sweep = Sweep(self._outlook, self._keep, keeps_connections=self._keeps_connections)
        showing = asyncio.create_task(self._show())
        try:
            await sweep.run(leg, missing)
        finally:
            showing.cancel()
            self._records.flush()
            self._bar.show()
        self._end, self._reason = sweep.end, sweep.reason
        self._keeps_connections = sweep.keeps_connections

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            self._records.flush()
            self._bar.show()

    def _keep(self, sighting: Sighting) -> None:
        self._records.keep(sighting)
        self._sightings[sighting.size] = sighting
        if sighting.seen is Seen.SENT:
            self._records.flush()
            return
        self._requests += 1
        self._bar.count(unexpected=bool(sighting.answer))


class _Bar:
    """How far the course is, how fast, and how much is odd; drawn where there is a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:>8}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[odd]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            expand=True,
        )
        self._task = self._progress.add_task("", odd="")
        self._done = 0
        self._odd = 0

    def over(self, total: int) -> Progress:
        """The bar to enter, for so many sizes."""
        self._progress.update(self._task, total=total)
        return self._progress

    def begin(self, name: str, *, known: int) -> None:
        """A leg begins, of which some sizes are known already."""
        self._done += known
        self._progress.update(self._task, description=name, completed=self._done)

    def count(self, *, unexpected: bool) -> None:
        """One more answer has come."""
        self._done += 1
        self._odd += unexpected

    def show(self) -> None:
        """Brings what is drawn up to date."""
        odd = f"[bold magenta]{self._odd} odd[/]" if self._odd else "none odd"
        self._progress.update(self._task, completed=self._done, odd=odd)
