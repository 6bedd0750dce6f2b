"""A mock inside other people's tests and scripts: `with running() as image_api: ...`."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeVar, Unpack

from mock_server.clock import Clock
from mock_server.contract import Contract, load_contract
from mock_server.control import task_data
from mock_server.expectations import Wanted
from mock_server.fault_rules import read_fault_rule
from mock_server.inspection import client_report, exchange_data, expected
from mock_server.mock import Mock
from mock_server.report import FINDINGS, Report
from mock_server.serving import new_event_loop, serving
from mock_server.settings import Settings, settings_of
from mock_server.store.memory import Balance

__all__ = [
    "Accounts",
    "Faults",
    "ImageApi",
    "ImpoliteClient",
    "TestClock",
    "UnmetExpectation",
    "running",
]

T = TypeVar("T")
_READY_WITHIN_S = 30.0
_GOODBYE_S = 1.0
_LOOK_AGAIN_S = 0.001


class TestClock:
    """The mock's time, moved from the test."""

    __test__ = False

    def __init__(self, api: "ImageApi") -> None:
        self._api = api

    @property
    def now(self) -> float:
        """The mock's present instant, in seconds since the epoch."""
        return self._clock.now()

    @property
    def sleeping(self) -> int:
        """How many requests, webhooks and the like are waiting for the time to pass."""
        return self._clock.sleeping

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once; what is due by then happens."""
        self._api.call(lambda: self._advance(seconds))

    def until_sleeping(self, count: int = 1, *, within_s: float = 10.0) -> None:
        """Return when so many are waiting; TimeoutError if they are not within real seconds."""
        self._api.run(self._until_sleeping(count, within_s))

    async def _until_sleeping(self, count: int, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while self.sleeping < count:  # noqa: ASYNC110 - the clock sets no event for this
                await asyncio.sleep(_LOOK_AGAIN_S)

    @property
    def _clock(self) -> Clock:
        return self._api.mock.clock

    def _advance(self, seconds: float) -> None:
        self._clock.advance(seconds)
        self._api.mock.store.settle_due(self._clock.now())


class Faults:
    """The misbehaviour that was asked for."""

    def __init__(self, api: "ImageApi") -> None:
        self._api = api

    def add(
        self,
        fault: str,
        *,
        match: Mapping[str, str] | None = None,
        nth: int | None = None,
        times: int | None = None,
        probability: float = 1.0,
        priority: int = 0,
    ) -> None:
        """Ask for a fault such as "rate_limit;retry_after=2" for the requests that match.

        `match` may name operation, key, prompt (a regular expression), size and quality.
        """
        rule = read_fault_rule(
            {
                "fault": fault,
                "match": dict(match or {}),
                "nth": nth,
                "times": times,
                "probability": probability,
                "priority": priority,
            }
        )
        self._api.call(lambda: self._api.mock.faults.add(rule))

    def clear(self) -> None:
        """Ask for none any more."""
        self._api.call(self._api.mock.faults.clear)

    @property
    def rules(self) -> list[dict[str, object]]:
        """The rules in force, with how often each matched and was applied."""
        return self._api.call(lambda: [rule.told() for rule in self._api.mock.faults.rules])


class Accounts:
    """The money of each key, in USD."""

    def __init__(self, api: "ImageApi") -> None:
        self._api = api

    def __getitem__(self, key: str) -> Balance:
        """What the key has; it is opened by being asked for."""
        mock = self._api.mock
        return self._api.call(lambda: mock.store.balance(key, mock.clock.now()))

    def __setitem__(self, key: str, total: Decimal | str) -> None:
        """Give the key so much in all."""
        self._api.call(lambda: self._api.mock.store.set_total(key, Decimal(total)))


class UnmetExpectation(AssertionError):  # noqa: N818 - what failed is the test
    """Other requests were made than expected; says which came near."""


class ImpoliteClient(AssertionError):  # noqa: N818 - the same
    """The client did what a real service would make it regret; the report says what."""


class ImageApi:
    """A running mock as a test sees it; every method may be called from any thread."""

    def __init__(self, mock: Mock, loop: asyncio.AbstractEventLoop) -> None:
        self.mock = mock
        self._loop = loop
        self.origin = mock.address
        self.base_url = mock.address + mock.contract.prefixes[0]
        self.api_key = mock.a_key
        self.clock = TestClock(self)
        self.faults = Faults(self)
        self.accounts = Accounts(self)

    def call(self, work: Callable[[], T]) -> T:
        """Do something in the mock's own thread, and wait for what it gives."""

        async def do() -> T:
            return work()

        return self.run(do())

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine in the mock's own thread, and wait for what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @property
    def requests(self) -> list[dict[str, object]]:
        """What was asked and decided, the oldest first; see `GET /_mock/requests`."""
        latest = self.call(self.mock.journal.latest)
        return [exchange_data(exchange) for exchange in reversed(latest)]

    def expect(self, operation: str | None = None, **wanted: Unpack[Wanted]) -> None:
        """Raise UnmetExpectation unless so many requests of that kind were made, by default one.

        What cannot be understood raises ExpectationError.
        """
        verdict = self.call(lambda: expected(self.mock, {"operation": operation, **wanted}))
        if not verdict.is_met:
            raise UnmetExpectation(str(verdict))

    def report(self) -> Report:
        """What the client did that a real, paid, slow service would make it regret; as text, too.

        Its findings are named in `mock_server.report.FINDINGS`.
        """
        return self.call(lambda: client_report(self.mock))

    def assert_polite(self, *, ignoring: Iterable[str] = ()) -> None:
        """Raise ImpoliteClient with the report if anything was found but what is `ignoring`."""
        ignored = tuple(ignoring)
        for name in ignored:
            if name not in FINDINGS:
                raise ValueError(f"ignoring: must be of {', '.join(FINDINGS)}; got {name!r}")
        report = self.report().without(ignored)
        if not report.is_polite:
            raise ImpoliteClient(str(report))

    @property
    def tasks(self) -> list[dict[str, object]]:
        """Every task as a poll would show it now, the newest first."""
        return self.call(self._tasks)

    def _tasks(self) -> list[dict[str, object]]:
        now = self.mock.clock.now()
        self.mock.store.settle_due(now)
        return [task_data(self.mock, job, now) for job in self.mock.store.tasks()]

    def reset(self) -> None:
        """Be as new: money, tasks, uploads, requests, webhooks, faults and the time.

        Requests under way are answered at once, and nothing is kept of them.
        """
        self.run(self.mock.renew())


# Read with the module: it takes ten times as long as to start a mock, and no test waits for it.
_OWN_CONTRACT = load_contract()


@contextmanager
def running(**settings: object) -> Iterator[ImageApi]:
    """A mock on a free port of 127.0.0.1, in a thread of its own, gone at the end.

    The settings are those of the command (`profile="openai"`, `clock="manual"`, `min_polls=2`);
    unlike there, nothing takes time (`time_scale=0`). Raises SettingsError and ContractError.
    """
    chosen = settings_of({"port": 0, "time_scale": 0.0, "quiet": True} | settings)
    contract = _OWN_CONTRACT if chosen.spec is None else load_contract(chosen.spec)
    thread = _MockThread(contract, chosen)
    thread.start()
    try:
        yield thread.api()
    finally:
        thread.stop()


class _MockThread(threading.Thread):
    """Runs the event loop of one mock."""

    def __init__(self, contract: Contract, settings: Settings) -> None:
        super().__init__(name="mock-server", daemon=True)
        self._contract = contract
        self._settings = settings
        self._ready = threading.Event()
        self._loop = new_event_loop()
        self._stop_asked = asyncio.Event()
        self._api: ImageApi | None = None
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Serve until told to stop; what prevents it is kept for `api`."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - raised again in the test's own thread
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        async with serving(self._contract, self._settings, shutdown_timeout=_GOODBYE_S) as mock:
            self._api = ImageApi(mock, self._loop)
            self._ready.set()
            await self._stop_asked.wait()

    def api(self) -> ImageApi:
        """The mock once it listens; raises what kept it from doing so."""
        self._ready.wait(_READY_WITHIN_S)
        if self._api is None:
            raise self._failure or TimeoutError("the mock did not start in time")
        return self._api

    def stop(self) -> None:
        """Stop, and wait until everything is closed."""
        if self.is_alive():
            self._loop.call_soon_threadsafe(self._stop_asked.set)
        self.join()
