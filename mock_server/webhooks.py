"""Webhooks: what they say, and the delivery that follows the contract's schedule."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import NamedTuple

import aiohttp
import orjson

from mock_server.answers import json_bytes
from mock_server.certificates import tls
from mock_server.clock import Clock
from mock_server.misbehaviour import PROPER, Aftermath
from mock_server.rules.hooks import HookTable, delays
from mock_server.rules.tasks import Job
from mock_server.signatures import Sign, unsigned

__all__ = ["Attempt", "Param", "Postman", "hook_payload"]

_log = logging.getLogger("mock_server.webhooks")

Param = Mapping[str, object]

# A receiver gets at least this long in real seconds: even where ten seconds of the service last a
# tenth of one, its network and its handler do not get faster.
_LEAST_TIMEOUT_S = 1.0


class Attempt(NamedTuple):
    """One try to deliver a webhook; the status is None where no answer came.

    It took so many seconds of the mock's clock, and really.
    """

    task_id: str
    url: str
    at: float
    status: int | None
    problem: str | None
    took_s: float = 0.0
    took_really_s: float = 0.0


def hook_payload(
    job: Job,
    *,
    state: str,
    param: Param,
    result_urls: list[str],
    code: int,
    msg: str,
    null: Collection[str],
) -> dict[str, object]:
    """The webhook's body (Rule: hook-payload); `param` and `resultJson` are JSON strings."""
    failure = job.failure
    data: dict[str, object] = {
        "taskId": job.id,
        "model": job.request.model,
        "state": state,
        "param": orjson.dumps(param).decode(),
        "resultJson": orjson.dumps({"resultUrls": result_urls}).decode(),
        "failCode": failure.code if failure else None,
        "failMsg": failure.message if failure else None,
        "createTime": int(job.created_at * 1000),
        "completeTime": int((job.ended_at or job.due_at) * 1000),
    }
    return {"code": code, "msg": msg, "data": data | dict.fromkeys(null)}


class Postman:
    """Delivers webhooks, each by a task of its own that ends with the schedule."""

    def __init__(
        self,
        table: HookTable,
        clock: Clock,
        payload: Callable[[Job, Param], dict[str, object]],
        sign: Sign = unsigned,
    ) -> None:
        self._sign = sign
        self._table = table
        self._clock = clock
        self._payload = payload
        self._params: dict[str, Param] = {}
        self._held: list[asyncio.Event] = []
        self._running: set[asyncio.Task[None]] = set()
        self._client: aiohttp.ClientSession | None = None
        self.attempts: deque[Attempt] = deque(maxlen=1000)
        self.statuses: Counter[str] = Counter()

    def deliver(self, job: Job, aftermath: Aftermath = PROPER) -> None:
        """Begin to report the end of a task to its callback URL (Rule: hook-once)."""
        body = json_bytes(self._payload(job, self._params.pop(job.id, {})))
        if aftermath.hook_copies:
            self._start(self._report(job, body, aftermath))

    def watch(self, job: Job, param: Param, settle: Callable[[float], None]) -> None:
        """Let the task end on time although nobody may ask for it; `param` is its request."""
        self._params[job.id] = param
        self._start(self._settle_on_time(job, settle))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _settle_on_time(self, job: Job, settle: Callable[[float], None]) -> None:
        await self._clock.sleep_until(job.due_at)
        settle(max(job.due_at, self._clock.now()))

    async def _report(self, job: Job, body: bytes, aftermath: Aftermath) -> None:
        await self._clock.spend(aftermath.hook_delay_s)
        if aftermath.hook_is_swapped:
            await self._let_one_pass()
        for _ in range(aftermath.hook_copies):
            await self._deliver(job, str(job.request.callback_url), body)

    async def _let_one_pass(self) -> None:
        """Wait until another webhook was tried, at most as long as the schedule goes on."""
        passed = asyncio.Event()
        self._held.append(passed)
        timer = asyncio.ensure_future(self._clock.sleep(self._table.give_up_after_s))
        one_passed = asyncio.ensure_future(passed.wait())
        try:
            await asyncio.wait({timer, one_passed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            one_passed.cancel()

    async def _deliver(self, job: Job, url: str, body: bytes) -> None:
        started, waited = self._clock.now(), 0.0
        for wait in delays(self._table):
            if await self._attempt(job, url, body):
                return
            # Where nothing takes time, what was waited for has passed all the same.
            passed = max(self._clock.now() - started, waited)
            if passed + wait > self._table.give_up_after_s:
                return
            waited += wait
            await self._clock.sleep(wait)

    async def _attempt(self, job: Job, url: str, body: bytes) -> bool:
        at, really = self._clock.now(), self._clock.really()
        status, problem = await self._post(url, body, self._sign(job.id, body))
        took = self._clock.now() - at, self._clock.really() - really
        self.statuses["none" if status is None else str(status)] += 1
        self.attempts.append(Attempt(job.id, url, at, status, problem, *took))
        delivered = status in self._table.success
        while self._held:
            self._held.pop().set()
        _log.info("webhook %s %s %s", job.id, url, status or problem)
        return delivered

    async def _post(
        self, url: str, body: bytes, signature: Mapping[str, str]
    ) -> tuple[int | None, str | None]:
        answer = asyncio.ensure_future(self._answer(url, body, signature))
        patience = asyncio.ensure_future(self._patience())
        try:
            await asyncio.wait({answer, patience}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            return None, f"no answer within {self._table.attempt_timeout_s:g} s"
        finally:
            answer.cancel()
            patience.cancel()

    async def _patience(self) -> None:
        """Return when the receiver has had its time, by the mock's clock and in reality."""
        await asyncio.gather(
            self._clock.sleep(self._table.attempt_timeout_s), asyncio.sleep(_LEAST_TIMEOUT_S)
        )

    async def _answer(
        self, url: str, body: bytes, signature: Mapping[str, str]
    ) -> tuple[int | None, str | None]:
        try:
            async with self._session().request(
                self._table.method,
                url,
                data=body,
                headers={"Content-Type": self._table.content_type, **signature},
                allow_redirects=False,
                ssl=tls(url),
            ) as answer:
                return answer.status, None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return None, str(error) or type(error).__name__

    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            # The mock's clock says how long an attempt may take, not the client's.
            self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        return self._client

    @property
    def pending(self) -> int:
        """How many deliveries and watches are under way."""
        return len(self._running)

    def reset(self) -> None:
        """Give up everything under way and forget the attempts."""
        for task in self._running:
            task.cancel()
        self._params.clear()
        self._held.clear()
        self.attempts.clear()

    async def close(self) -> None:
        """Give up everything and close the connections."""
        running = list(self._running)
        self.reset()
        await asyncio.gather(*running, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
