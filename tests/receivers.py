"""Servers of a client's own, for the mock to call: a webhook's receiver, a place with pictures."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web

__all__ = ["HANGS", "Hook", "Receiver", "listening_to"]

HANGS = 0
"""In place of a status: no answer at all."""


class Hook(NamedTuple):
    """One webhook as it arrived, and when by the mock's clock."""

    body: Any
    headers: Mapping[str, str]
    method: str
    at: float


class Receiver:
    """Answers each webhook with the next status of a list, and the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        self.hooks: list[Hook] = []
        self.url = ""
        self._statuses = list(statuses)
        self._release = asyncio.Event()

    async def answer(self, request: web.Request, *, at: float) -> web.Response:
        """Take a webhook."""
        self.hooks.append(Hook(await request.json(), request.headers, request.method, at))
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if status == HANGS:
            await self._release.wait()
        moved = {"Location": self.url + "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status or 200, headers=moved)

    def release(self) -> None:
        """Let the ones go that hang."""
        self._release.set()


@asynccontextmanager
async def listening_to(app: web.Application) -> AsyncIterator[str]:
    """The URL of the application, served until the block is left."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
