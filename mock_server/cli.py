"""The command `mock-server`."""

import asyncio
import gc
import signal
import sys
from collections.abc import Coroutine, Sequence

from aiohttp import web

from mock_server.cassette import CassetteError
from mock_server.contract import Contract, ContractError, load_contract
from mock_server.logs import set_up_logs
from mock_server.mock import Mock
from mock_server.proxy import create_proxy
from mock_server.serving import listening, new_event_loop, serving
from mock_server.settings import (
    ProxySettings,
    Settings,
    SettingsError,
    read_proxy_settings,
    read_settings,
)

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the mock until it is told to stop; 2 for what cannot be started."""
    given = sys.argv[1:] if argv is None else list(argv)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_command(given))
    except (SettingsError, ContractError, CassetteError) as error:
        print(f"mock-server: {error}", file=sys.stderr)
        return 2
    return 0


def _command(argv: Sequence[str]) -> Coroutine[object, object, None]:
    """What the command line asks for, ready to run."""
    if argv[:1] == ["proxy"]:
        watching = read_proxy_settings(argv[1:])
        set_up_logs(watching.log, quiet=watching.quiet)
        return _serve_proxy(load_contract(watching.spec), watching)
    settings = read_settings(argv)
    set_up_logs(settings.log, quiet=settings.quiet)
    return _serve(load_contract(settings.spec), settings)


async def _serve_proxy(contract: Contract, settings: ProxySettings) -> None:
    stop = _stop_on_signals()
    app = create_proxy(contract, settings)
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    async with listening(runner, settings.host, settings.port) as address:
        print(f"listening on {address}{contract.prefixes[0]}, watching {settings.upstream}")
        print(f"  export OPENAI_BASE_URL={address}{contract.prefixes[0]}", flush=True)
        await stop.wait()


async def _serve(contract: Contract, settings: Settings) -> None:
    stop = _stop_on_signals()
    async with serving(contract, settings) as mock:
        _calm_garbage_collection()
        _announce(mock)
        await stop.wait()


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


def _calm_garbage_collection() -> None:
    """What is loaded stays, and is not looked at; of the rest, little at a time.

    A look at the 50,000 latest objects takes 10 to 20 ms, by which every request under way is
    late; at 5,000 it takes 2. Among what is older there is next to no garbage to be found.
    """
    gc.freeze()
    gc.set_threshold(5_000, 1_000, 100)
    gc.enable()


def _announce(mock: Mock) -> None:
    base_url = mock.address + mock.contract.prefixes[0]
    print(f"listening on {base_url}")
    print(f"  export OPENAI_BASE_URL={base_url}")
    print(f"  export OPENAI_API_KEY={mock.a_key}", flush=True)
