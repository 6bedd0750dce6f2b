"""The command `mock-server`."""

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence

from aiohttp import web

from mock_server.app import create_app, refusal
from mock_server.contract import Contract, ContractError, load_contract
from mock_server.logs import set_up_logs
from mock_server.mock import MOCK
from mock_server.protocol import EnvelopeRunner
from mock_server.settings import Settings, SettingsError, read_settings

try:
    import uvloop
except ImportError:
    _new_event_loop = asyncio.new_event_loop
else:
    _new_event_loop = uvloop.new_event_loop

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the mock until it is told to stop; 2 for what cannot be started."""
    try:
        settings = read_settings(sys.argv[1:] if argv is None else argv)
        _run(load_contract(settings.spec), settings)
    except (SettingsError, ContractError) as error:
        print(f"mock-server: {error}", file=sys.stderr)
        return 2
    return 0


def _run(contract: Contract, settings: Settings) -> None:
    set_up_logs(settings.log, quiet=settings.quiet)
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        runner.run(_serve(contract, settings))


async def _serve(contract: Contract, settings: Settings) -> None:
    app = create_app(contract, settings)
    mock = app[MOCK]
    runner = EnvelopeRunner(
        app,
        lambda status, text: refusal(mock, status, text),
        shutdown_timeout=_longest_answer(contract, settings),
    )
    stop = _stop_on_signals()
    await runner.setup()
    try:
        await _listen(runner, settings)
        mock.address = _address(runner, settings)
        _calm_garbage_collection()
        _announce(mock.address + contract.prefixes[0], contract, settings)
        await stop.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port, backlog=1024).start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise SettingsError(f"cannot listen on {where}: {error.strerror or error}") from None


_GRACE_S = 5.0


def _longest_answer(contract: Contract, settings: Settings) -> float:
    """Real seconds after which a running request is surely answered."""
    longest = max(triangle.max for triangle in contract.latencies.seconds.values())
    return longest * settings.time_scale + _GRACE_S if settings.clock == "scaled" else _GRACE_S


def _stop_on_signals() -> asyncio.Event:
    """Set at the first Ctrl-C or SIGTERM; a second one ends the process as usual."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_and_forget() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_and_forget)
    return stop


def _address(runner: web.AppRunner, settings: Settings) -> str:
    host, port = runner.addresses[0][:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _calm_garbage_collection() -> None:
    """What is loaded stays; frequent passes over waiting requests only make them late."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def _announce(base_url: str, contract: Contract, settings: Settings) -> None:
    key = settings.key[0].key if settings.key else f"{contract.key_prefix}test"
    print(f"listening on {base_url}")
    print(f"  export OPENAI_BASE_URL={base_url}")
    print(f"  export OPENAI_API_KEY={key}", flush=True)
