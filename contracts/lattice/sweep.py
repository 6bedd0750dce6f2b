"""Sends the sizes of a leg over a few kept connections, each once, and notes what came back.

Rules: size-grid, size-edge, size-ratio, size-pixels, size-exact.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import orjson

from contracts.budget import Budget, BudgetEndedError, Reservation
from contracts.decode import Json
from contracts.exchange import Answer
from contracts.lattice.plan import Leg, Probe
from contracts.lattice.sightings import Seen, Sighting, sight
from contracts.lattice.wire import Connection, Endpoint, NoAnswerError, UnreachableError
from contracts.size import Size

__all__ = ["End", "Outlook", "Sweep", "request_fields"]

CONNECT_TIMEOUT_S = 10.0
PAUSE_WHEN_BUSY_S = 1.0
SECOND_LOOK_S = 0.1
PATIENCE = 16
"""So many requests in a row without an answer, and the target counts as gone."""


class End(StrEnum):
    """Why a sweep ended."""

    DONE = "done"
    BUDGET = "the budget has ended"
    NO_CREDIT = "the account has no credit left"
    KEY_REFUSED = "the key was refused"
    GONE = "the target does not answer"
    NOT_THERE = "the target does not make images there"


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a sweep sends."""

    endpoint: Endpoint
    fields: dict[str, Json]
    """The body's fields beside `size`."""
    connections: int
    """How many requests are under way at once while sizes are refused, which takes no time."""
    crowd: int
    """The same while pictures are made."""
    depth: int
    """How many requests share a connection, where no answer takes time; 1: each waits for its."""
    waits: bool
    """Whether a picture takes its time."""
    timeout_s: float
    budget: Budget | None
    """None where money is no object."""


NO_SUCH_OPERATION = ("HTTP 404", "HTTP 405")
ENDS = {Seen.NO_CREDIT: End.NO_CREDIT, Seen.KEY_REFUSED: End.KEY_REFUSED}


class Sweep:
    """One pass over some sizes of a leg; `keep` gets every sighting as it comes.

    The first size is sent alone: a target that is down, or refuses the key, or closes its
    connections without a word, is told by one request. What `keeps_connections` needs no such
    look at them.
    """

    def __init__(
        self, outlook: Outlook, keep: Callable[[Sighting], None], *, keeps_connections: bool = False
    ) -> None:
        self._outlook = outlook
        self._is_known_to_keep = keeps_connections
        self._keep = keep
        self._probes: Iterator[Probe] = iter(())
        self._under_way = 0
        self._settled = asyncio.Event()
        self._unanswered = 0
        self._last = Sighting("", Seen.SENT)
        self._busy_until = 0.0
        self.keeps_connections = True
        self.end = End.DONE
        self.reason = ""
        """What the end rests on, in the words of the target or of the network."""

    async def run(self, leg: Leg, sizes: Sequence[Size]) -> None:
        """Sends these of the leg, unless there is a reason to stop: then `end` tells it."""
        first, *others = sizes
        await self._try(leg.judged(first))
        self._probes = map(leg.judged, others)
        outlook = self._outlook
        width = min(outlook.crowd if leg.legal else outlook.connections, len(others))
        depth = 1 if leg.legal and outlook.waits else outlook.depth
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(self._work_side_by_side(depth))

    async def _try(self, first: Probe) -> None:
        lane = _Lane()
        await self._ask(lane, first)
        connection = lane.connection
        if self._unanswered:
            self._stop(End.GONE, self._last.detail)
        elif self._last.detail.startswith(NO_SUCH_OPERATION):
            self._stop(End.NOT_THERE, self._last.detail)
        if connection is not None and not self._is_known_to_keep:
            await asyncio.sleep(SECOND_LOOK_S)
            self.keeps_connections = connection.usable
        await lane.closed()

    async def _work_side_by_side(self, count: int) -> None:
        """So many requests at once on one connection."""
        lane = _Lane()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(count):
                    group.create_task(self._work(lane))
        finally:
            await lane.closed()

    async def _work(self, lane: "_Lane") -> None:
        while self.end is End.DONE:
            await self._wait_while_busy()
            probe = next(self._probes, None)
            if probe is None:
                break
            await self._ask(lane, probe)

    async def _ask(self, lane: "_Lane", probe: Probe) -> None:
        """Pays for the probe, sends it and notes what came."""
        reservation = await self._reserve(probe)
        if self.end is not End.DONE:
            return
        self._under_way += 1
        taken = True  # unless an answer, or its absence, says otherwise
        try:
            connection = lane.connection
            if connection is None or not connection.usable or not self.keeps_connections:
                anew = not self.keeps_connections
                connection = await lane.open(self._outlook.endpoint, anew=anew)
            if reservation is not None:
                self._keep(Sighting(str(probe.size), Seen.SENT))
            answer = await self._exchange(connection, probe)
            sighting = sight(probe.size, answer, legal=probe.verdict.legal)
            taken = sighting.seen.taken or sighting.seen is Seen.NO_ANSWER
            self._keep(sighting)
            self._heed(sighting)
        except UnreachableError as error:
            taken = False
            self._stop(End.GONE, str(error))
        finally:
            self._settle(reservation, taken=taken)

    async def _exchange(self, connection: Connection, probe: Probe) -> Answer:
        fields = {**self._outlook.fields, "size": str(probe.size)}
        request = self._outlook.endpoint.post(orjson.dumps(fields))
        try:
            return await connection.exchange(request, timeout_s=self._outlook.timeout_s)
        except NoAnswerError as error:
            return Answer(0, (), b"", 0.0, str(error))

    async def _reserve(self, probe: Probe) -> Reservation | None:
        """Sets the price aside; waits for what is under way where that may free enough."""
        budget = self._outlook.budget
        if budget is None:
            return None
        expected = probe.price if probe.verdict.legal else Decimal(0)
        while self.end is End.DONE:
            self._settled.clear()
            alone = not self._under_way
            try:
                found = budget.reserve_now(
                    expected=expected, largest=probe.price, is_last_try=alone
                )
            except BudgetEndedError as error:
                self._stop(End.BUDGET, str(error))
                return None
            if found is not None:
                return found
            await self._settled.wait()
        return None

    def _settle(self, reservation: Reservation | None, *, taken: bool) -> None:
        if self._outlook.budget is not None and reservation is not None:
            self._outlook.budget.settle(reservation, accepted=taken)
        self._under_way -= 1
        self._settled.set()

    def _heed(self, sighting: Sighting) -> None:
        self._last = sighting
        self._unanswered = self._unanswered + 1 if sighting.seen is Seen.NO_ANSWER else 0
        self.keeps_connections &= not self._unanswered
        if sighting.seen in ENDS:
            self._stop(ENDS[sighting.seen], sighting.detail)
        if self._unanswered >= PATIENCE:
            self._stop(End.GONE, sighting.detail)
        if sighting.seen is Seen.BUSY:
            self._busy_until = asyncio.get_running_loop().time() + PAUSE_WHEN_BUSY_S

    async def _wait_while_busy(self) -> None:
        left = self._busy_until - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    def _stop(self, end: End, reason: str) -> None:
        if self.end is End.DONE:
            self.end, self.reason = end, reason


class _Lane:
    """The connection that some requests share, and those before it that some may still wait on."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self._opening = asyncio.Lock()
        self._left: list[Connection] = []

    async def open(self, endpoint: Endpoint, *, anew: bool) -> Connection:
        """A connection to send on: the one there is, unless it is of no use, or a new one is asked.

        Raises UnreachableError.
        """
        async with self._opening:
            connection = self.connection
            if connection is not None and connection.usable and not anew:
                return connection
            await self._leave()
            self.connection = await Connection.open(endpoint, timeout_s=CONNECT_TIMEOUT_S)
            return self.connection

    async def _leave(self) -> None:
        if self.connection is not None:
            if self.connection.is_used:
                self._left.append(self.connection)
            else:
                await self.connection.closed()
            self.connection = None

    async def closed(self) -> None:
        """Leave all of them, and wait until they are gone."""
        for connection in (*self._left, self.connection):
            if connection is not None:
                await connection.closed()


def request_fields(example: Mapping[str, Json], quality: str) -> dict[str, Json]:
    """What each request says beside its size: the contract's example, at the cheapest quality."""
    return {**example, "quality": quality}
