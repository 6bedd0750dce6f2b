"""Clients with one bad habit each, and polite ones; all of them wait by the mock's own clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from mock_server.clock import manual_clock
from tests.api import KEY, Api, running, until
from tests.receivers import Receiver, listening_to

__all__ = ["LONGER_THAN_ANY_PICTURE_S", "Client", "client_of", "received_by"]

LONGER_THAN_ANY_PICTURE_S = 200.0
SIZE = "1024x1024"
GENERATIONS = "/images/generations"


class Client:
    """A client of a mock whose clock it moves itself: its every wait is one of the mock's."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def wait(self, seconds: float) -> None:
        """Sleep."""
        await self.api.advance(seconds)

    async def ask(self, *, headers: Mapping[str, str] | None = None, **fields: Any) -> int:
        """A picture, waited for as long as it takes; the status of the answer."""
        sleeping = self.api.mock.clock.sleeping
        asked = self._begun({"size": SIZE, **fields}, headers)
        await until(lambda: asked.done() or self.api.mock.clock.sleeping > sleeping)
        if not asked.done():
            await self.wait(LONGER_THAN_ANY_PICTURE_S)
        return await asked

    async def ask_and_leave(
        self, *, after: float, path: str = GENERATIONS, fault: str = "", **fields: Any
    ) -> None:
        """A picture that is not waited for; it is made all the same."""
        headers = {"X-Mock-Fault": fault} if fault else None
        asked = self._begun({"size": SIZE, **fields}, headers, path=path)
        await until(lambda: self.api.mock.clock.sleeping)
        await self.wait(after)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        await until(lambda: [e for e in self.api.mock.journal.latest() if e.left_at is not None])

    def _begun(
        self,
        fields: Mapping[str, Any],
        headers: Mapping[str, str] | None,
        *,
        path: str = GENERATIONS,
    ) -> asyncio.Task[int]:
        whole = {"model": "gpt-image-2-all", "prompt": "a red cube", **fields}
        return asyncio.ensure_future(self._status(path, whole, headers or {}))

    async def _status(
        self, path: str, fields: Mapping[str, Any], headers: Mapping[str, str]
    ) -> int:
        sent = {"Authorization": f"Bearer {KEY}", **headers}
        url = self.api.base + path
        async with self.api.client.post(url, json=fields, headers=sent) as answer:
            await answer.read()
            return answer.status

    async def fail(self, fault: str, *, times: int = 1) -> None:
        """Let the next requests meet a fault."""
        answer = await self.api.control("POST", "faults", {"fault": fault, "times": times})
        assert answer.status == 200, answer.body

    async def task(self, **fields: Any) -> str:
        """A task; its id."""
        return await self.api.task(**({"resolution": "1K"} | fields))

    async def finish(self) -> None:
        """Wait until every task has ended."""
        await self.wait(LONGER_THAN_ANY_PICTURE_S)

    async def poll(self, task_id: str, *, every: float = 3.0, times: int = 1) -> None:
        """Ask for a task so many times."""
        for number in range(times):
            if number:
                await self.wait(every)
            await self.api.get(f"/images/generations?task_id={task_id}")

    async def fetch(self, job_id: str, *, number: int = 0) -> None:
        """Download a picture."""
        await self.api.get(f"/results/{job_id}-{number}.png", key=None)

    async def reported(self, attempts: int) -> None:
        """Return when so many webhooks were tried."""
        await until(lambda: len(self.api.mock.postman.attempts) >= attempts)


@asynccontextmanager
async def client_of(**settings: Any) -> AsyncIterator[Client]:
    """A client of a mock of its own."""
    async with running(clock=manual_clock(), **settings) as api:
        yield Client(api)


@asynccontextmanager
async def received_by(client: Client, *statuses: int) -> AsyncIterator[Receiver]:
    """A receiver of the client's webhooks, which answers with these statuses in turn."""
    receiver = Receiver(*statuses)

    async def take(request: web.Request) -> web.Response:
        return await receiver.answer(request, at=client.api.mock.clock.now())

    app = web.Application()
    app.router.add_post("/", take)
    async with listening_to(app) as receiver.url:
        yield receiver
        receiver.release()
