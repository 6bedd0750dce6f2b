"""The endpoint under test: every request of the suite goes through here.

Money is set aside before a request and written down after it; equal probes are sent once in a run;
the laws that hold for every answer are judged on every answer.
"""

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from contracts.budget import Budget
from contracts.claims import Level, Probe
from contracts.decode import Json
from contracts.discovery import TargetState
from contracts.exchange import Answer, Exchange, Key, Request, at
from contracts.judge import NotJudgedError
from contracts.shared import Shared
from contracts.spec import Spec
from contracts.transport import Transport

__all__ = ["Balance", "History", "Target", "is_accepted"]

TERMINAL_POLLS = 3
"""How often a finished task is asked for again: its answer must never change."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What `GET /balance` says, in USD."""

    balance: Decimal
    total: Decimal
    frozen: Decimal


@dataclass(frozen=True, slots=True)
class History:
    """The creation of a task and every poll of it, in order."""

    created: Exchange
    polls: tuple[Exchange, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """The states that were seen."""
        return tuple(str(at(poll.answer.json, "data", "state")) for poll in self.polls)

    @property
    def last(self) -> Exchange:
        """The last poll, the creation if there was none."""
        return self.polls[-1] if self.polls else self.created

    @property
    def data(self) -> Mapping[str, Json]:
        """The task as the last poll shows it."""
        found = at(self.last.answer.json, "data")
        return found if isinstance(found, dict) else {}


class Target:
    """Sends, remembers and follows; `laws` judges every answer that a test sees."""

    def __init__(
        self,
        spec: Spec,
        transport: Transport,
        shared: Shared,
        budget: Budget,
        *,
        state: TargetState,
        laws: Callable[[Exchange], None],
    ) -> None:
        self.spec = spec
        self.transport = transport
        self.shared = shared
        self.budget = budget
        self.state = state
        self._laws = laws
        self.wave_runs: Callable[[], bool] = lambda: False

    def send(
        self,
        request: Request,
        *,
        price: Decimal = Decimal(0),
        largest: Decimal | None = None,
        alone: bool = False,
    ) -> Exchange:
        """Sends a request now; BudgetEndedError if it may cost more than is left.

        `alone` says that the caller holds the account.
        """
        exchange = self.send_unjudged(request, price=price, largest=largest, alone=alone)
        self._laws(exchange)
        return exchange

    def send_unjudged(
        self,
        request: Request,
        *,
        price: Decimal = Decimal(0),
        largest: Decimal | None = None,
        alone: bool = False,
    ) -> Exchange:
        """The same without the laws, for what no test has asked for yet."""
        account = nullcontext() if alone or not price else self.shared.account(request.key)
        with account, self._paid(price, largest if largest is not None else price) as settle:
            exchange = self.transport.send(request)
            settle(is_accepted(exchange))
        self.shared.note("sent", [request.method, exchange.answer.status])
        return exchange

    def exchange(self, probe: Probe, *, alone: bool = False) -> Exchange:
        """The probe and its answer, sent by whoever needs it first."""
        exchange = self.recorded(probe, alone=alone)
        self._laws(exchange)
        return exchange

    def recorded(self, probe: Probe, *, alone: bool = False) -> Exchange:
        """The same without the laws."""
        name = probe.request.fingerprint()
        paid = probe.price or (Decimal(0) if probe.level is Level.FREE else probe.largest)
        while paid and not alone and self.wave_runs() and not self.shared.has_answer(name):
            time.sleep(0.01)

        def send() -> tuple[float, Answer]:
            exchange = self.send_unjudged(
                probe.request, price=paid, largest=probe.largest, alone=alone
            )
            return exchange.sent_at, exchange.answer

        sent_at, answer = self.shared.answer(name, send)
        return Exchange(probe.request, answer, sent_at)

    def history(self, probe: Probe, *, alone: bool = False) -> History:
        """The task that the probe creates, followed to its end and a little beyond."""
        history = self.followed(probe, alone=alone)
        self._laws(history.created)
        for poll in history.polls:
            self._laws(poll)
        return history

    def followed(self, probe: Probe, *, alone: bool = False) -> History:
        """The same without the laws."""
        created = self.recorded(probe, alone=alone)
        task_id = created.answer.task_id
        if task_id is None:
            return History(created, ())
        request = self.poll_request(task_id, key=probe.request.key)
        name = f"polls-{probe.request.fingerprint()}"
        kept = self.shared.once(name, lambda: [_kept(poll) for poll in self._polls(request)])
        return History(created, tuple(_polled(request, each) for each in cast("list[Json]", kept)))

    def follow(self, created: Exchange) -> History:
        """Polls a task that was just created to its end."""
        task_id = created.answer.task_id
        if task_id is None:
            return History(created, ())
        request = self.poll_request(task_id, key=created.request.key)
        return History(created, tuple(self._polls(request)))

    def poll_request(self, task_id: str, *, key: Key = Key.MAIN) -> Request:
        """The request that asks for a task."""
        return Request("GET", f"/images/generations?task_id={task_id}", key=key)

    def abandon(self, request: Request, *, price: Decimal, after_s: float) -> bool:
        """Sends a request and goes away; its price counts as spent. False if the answer came."""
        with self._paid(price, price):
            is_alone = self.transport.abandon(request, after_s=after_s)
        self.shared.note("sent", [request.method, 0])
        return is_alone

    def get(self, path: str, *, key: Key = Key.MAIN) -> Exchange:
        """Gets a path below the base, or a URL."""
        return self.send(Request("GET", path, key=key))

    def fetch(self, url: str) -> Exchange:
        """Gets a result or an upload as anybody may: without a key, once in a run."""
        return self.recorded(Probe(url, Request("GET", url, key=Key.NONE)))

    def balance(self, key: Key = Key.MAIN) -> Balance:
        """What is left; NotJudgedError where the target does not say."""
        answer = self.transport.send(Request("GET", "/balance", key=key)).answer
        data = at(answer.json, "data")
        exact = answer.exact if isinstance(data, dict) else None
        values = [_money(exact, name) for name in ("balance", "total", "frozen")]
        if answer.status != 200 or None in values:
            raise NotJudgedError("the target offers no balance (GET /balance)")
        return Balance(*cast("list[Decimal]", values))

    def record(self, name: str, *, key: Key = Key.MAIN) -> Exchange:
        """What the target wrote down about a task or a sync call."""
        return self.transport.send(Request("GET", f"/records/{name}", key=key))

    def wait_until(self, done: Callable[[], bool], *, limit_s: float | None = None) -> bool:
        """Waits with growing pauses until `done`, False if that does not come in time."""
        end = time.monotonic() + (limit_s or self.transport.timeout_s)
        for pause in self._pauses():
            if done():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(pause)
        return False

    def _polls(self, request: Request) -> Iterator[Exchange]:
        """Polls until the end and a little beyond; a task that never ends is given up in time."""
        steps = self.spec.facts.task_steps.next
        end = time.monotonic() + self.transport.timeout_s
        for pause in self._pauses():
            poll = self.transport.send(request)
            yield poll
            state = at(poll.answer.json, "data", "state")
            if not steps.get(str(state)):
                break
            if time.monotonic() > end:
                self.transport.lose_patience()
                return
            time.sleep(pause)
        for _ in range(TERMINAL_POLLS):
            yield self.transport.send(request)

    def _pauses(self) -> Iterator[float]:
        scale = self.state.time_scale
        pause, longest = max(0.01, scale), max(0.25, 5 * scale)
        while True:
            yield pause
            pause = min(pause * 1.4, longest)

    @contextmanager
    def _paid(self, price: Decimal, largest: Decimal) -> Iterator[Callable[[bool], None]]:
        """Sets money aside; what is not settled when an error strikes counts as spent."""
        if not largest:
            yield _nothing_to_settle
            return
        trusting = not price and self.budget.limit == 0
        with self.shared.lock("trust") if trusting else nullcontext():
            reservation = self.budget.reserve(expected=price, largest=largest)
            outcome = [True]
            try:
                yield lambda accepted: outcome.__setitem__(0, accepted)
            finally:
                self.budget.settle(reservation, accepted=outcome[0])


def is_accepted(exchange: Exchange) -> bool:
    """Whether the request may have been charged: it succeeded, or nobody knows what became."""
    code = at(exchange.answer.json, "code")
    told = isinstance(code, int) and code >= 400
    return exchange.answer.status == 0 or (exchange.answer.status < 400 and not told)


def _money(exact: object, name: str) -> Decimal | None:
    data = exact.get("data") if isinstance(exact, dict) else None
    value = data.get(name) if isinstance(data, dict) else None
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(cast("int", value)) if is_number else None


def _kept(poll: Exchange) -> dict[str, Json]:
    headers: list[Json] = [[name, value] for name, value in poll.answer.headers]
    return {
        "sent_at": poll.sent_at,
        "status": poll.answer.status,
        "headers": headers,
        "body": base64.b64encode(poll.answer.body).decode(),
        "seconds": poll.answer.seconds,
        "failure": poll.answer.failure,
    }


def _polled(request: Request, kept: Json) -> Exchange:
    values = cast("dict[str, str]", kept)
    headers = tuple((name, value) for name, value in cast("list[list[str]]", values["headers"]))
    body = base64.b64decode(values["body"])
    seconds = float(values["seconds"])
    answer = Answer(int(values["status"]), headers, body, seconds, values["failure"])
    return Exchange(request, answer, float(values["sent_at"]))


def _nothing_to_settle(accepted: bool) -> None:  # noqa: FBT001 - called by its place
    """What costs nothing has nothing to settle."""
