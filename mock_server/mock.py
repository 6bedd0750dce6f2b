"""Everything a handler works with, wired once."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from aiohttp import web

from mock_server.clock import Clock
from mock_server.contract import Contract, Route
from mock_server.fault_rules import FaultBook
from mock_server.fetching import Fetcher
from mock_server.journal import Exchange, Journal
from mock_server.metrics import Tally
from mock_server.pictures import Picture, Scene, Studio
from mock_server.readings import Readings
from mock_server.rules.quotes import Quotes
from mock_server.rules.requests import Operation
from mock_server.rules.tasks import Job
from mock_server.schemas import BodySchema
from mock_server.settings import Settings
from mock_server.store.memory import MemoryStore
from mock_server.tidying import Tidying
from mock_server.webhooks import Postman
from mock_server.wire import Release

__all__ = ["EXCHANGE", "MOCK", "Mock"]

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Of the event loop, within which those who were woken or cancelled have come to their ends.
_TURNS = 100


@dataclass(slots=True)
class Mock:
    """The parts of a running mock; the store, the journal and the postman are what changes."""

    contract: Contract
    settings: Settings
    operations: dict[Handler, Route]
    quotes: Quotes
    readings: Readings
    schemas: dict[Operation, dict[str, BodySchema]]
    error_style: str
    clock: Clock
    store: MemoryStore
    journal: Journal
    studio: Studio
    postman: Postman
    faults: FaultBook
    new_id: Callable[[], str]
    random: random.Random
    painters: ThreadPoolExecutor
    fetcher: Fetcher
    address: str = ""
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)
    making: dict[Hashable, asyncio.Future[None]] = field(default_factory=dict)
    release: Release = field(default_factory=Release)
    tally: Tally = field(default_factory=Tally)
    tidying: Tidying = field(default_factory=Tidying)

    @property
    def a_key(self) -> str:
        """A key that this mock takes."""
        keys = self.settings.key
        return keys[0].key if keys else f"{self.contract.key_prefix}test"

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do what takes long, and much memory for a while, without holding up the others."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.painters, work)
        finally:
            self.tidying.soon()

    async def draw(self, scene: Scene) -> Picture:
        """Draw a picture, in a thread unless that is quicker done at once."""
        picture = self.studio.draw_now(scene)
        if picture is None and (missing := self.studio.missing(scene)) is not None:
            await self._made(missing, scene)
            picture = self.studio.draw_now(scene)
        if picture is None:
            picture = await self.in_thread(partial(self.studio.draw, scene))
        return picture

    async def _made(self, missing: Hashable, scene: Scene) -> None:
        """Wait until that is made which many pictures may wait for; one thread makes it."""
        making = self.making.get(missing)
        if making is None:
            making = asyncio.ensure_future(self.in_thread(partial(self.studio.prepare, scene)))
            self.making[missing] = making
            making.add_done_callback(lambda _: self.making.pop(missing))
        await asyncio.shield(making)

    def ended(self, job: Job) -> None:
        """Tell everyone who waits for the end of a job."""
        self.tally.ended(job)
        if event := self.waiting.get(job.id):
            event.set()
        if job.request.callback_url is not None:
            self.postman.deliver(job, self.faults.later(job.id))

    async def until_over(self, job: Job) -> None:
        """Wait for the end of a task: its time comes, or somebody ends it before."""
        event = self.waiting[job.id] = asyncio.Event()
        timer = asyncio.ensure_future(self.clock.sleep_until(job.due_at))
        end = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({timer, end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            end.cancel()
            del self.waiting[job.id]

    def reset(self) -> None:
        """Start anew: accounts, tasks, journal, webhooks, faults and random numbers."""
        self.postman.reset()
        self.store.reset()
        self.journal.reset()
        self.faults.reset()
        self.random.seed(self.settings.seed)

    async def renew(self) -> None:
        """Be as at the start, for another test: nothing of what came before is felt any more."""
        self.store.forget_grants()
        self.reset()
        self.release.let_go()
        self.clock.renew()
        for _ in range(_TURNS):
            if self.clock.sleeping or self.postman.pending:
                await asyncio.sleep(0)

    def give_up(self) -> None:
        """Keep nobody waiting for what will not come any more, now that the end has come."""
        self.release.let_go()
        self.clock.give_up()


MOCK = web.AppKey("mock", Mock)
EXCHANGE = web.RequestKey("exchange", Exchange)
