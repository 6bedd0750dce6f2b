"""A mock on a port: started, listening, and cleaned up behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from mock_server.app import create_app, refusal
from mock_server.clock import Clock
from mock_server.contract import Contract
from mock_server.mock import MOCK, Mock
from mock_server.protocol import EnvelopeRunner
from mock_server.settings import Settings, SettingsError

try:
    import uvloop
except ImportError:
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

__all__ = ["listening", "new_event_loop", "serving"]

_GRACE_S = 5.0
_BACKLOG = 1024


@asynccontextmanager
async def serving(
    contract: Contract,
    settings: Settings,
    *,
    clock: Clock | None = None,
    shutdown_timeout: float | None = None,
) -> AsyncIterator[Mock]:
    """The mock, listening; at the end running requests are finished.

    Raises SettingsError when it cannot listen there. Running requests get `shutdown_timeout` real
    seconds, by default as long as the slowest picture takes.
    """
    app = create_app(contract, settings, clock=clock)
    mock = app[MOCK]
    timeout = _longest_answer(contract, settings) if shutdown_timeout is None else shutdown_timeout
    runner = EnvelopeRunner(
        app, lambda status, text: refusal(mock, status, text), shutdown_timeout=timeout
    )
    async with listening(runner, settings.host, settings.port) as address:
        mock.address = address
        yield mock


@asynccontextmanager
async def listening(runner: web.AppRunner, host: str, port: int) -> AsyncIterator[str]:
    """The address under which the runner's application listens; raises SettingsError."""
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield _address(runner)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
    except OSError as error:
        problem = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise SettingsError(problem) from None


def _address(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _longest_answer(contract: Contract, settings: Settings) -> float:
    """Real seconds after which a running request is surely answered."""
    longest = max(triangle.max for triangle in contract.latencies.seconds.values())
    return longest * settings.time_scale + _GRACE_S if settings.clock == "scaled" else _GRACE_S
