"""The command `mock-server`."""

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence

from mock_server.contract import Contract, ContractError, load_contract
from mock_server.logs import set_up_logs
from mock_server.mock import Mock
from mock_server.serving import new_event_loop, serving
from mock_server.settings import Settings, SettingsError, read_settings

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the mock until it is told to stop; 2 for what cannot be started."""
    try:
        settings = read_settings(sys.argv[1:] if argv is None else argv)
        contract = load_contract(settings.spec)
        set_up_logs(settings.log, quiet=settings.quiet)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(contract, settings))
    except (SettingsError, ContractError) as error:
        print(f"mock-server: {error}", file=sys.stderr)
        return 2
    return 0


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
    """What is loaded stays; frequent passes over waiting requests only make them late."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def _announce(mock: Mock) -> None:
    base_url = mock.address + mock.contract.prefixes[0]
    print(f"listening on {base_url}")
    print(f"  export OPENAI_BASE_URL={base_url}")
    print(f"  export OPENAI_API_KEY={mock.a_key}", flush=True)
