"""How long it takes until there is a first answer."""

import subprocess
import sys
import time
from statistics import median

from benchmarks.results import Row
from benchmarks.servers import ROOT, environment, mock
from benchmarks.wire import Pace

__all__ = ["starting"]

_IMPORT = "import time; t = time.perf_counter(); import mock_server.{}; "
_TOLD = "print(time.perf_counter() - t)"
_FIXTURE = (
    "import time; from mock_server.testing import running; t = time.perf_counter()\n"
    "with running(): print(time.perf_counter() - t)"
)


def starting(pace: Pace) -> list[Row]:
    """From the command to the first answer, of that the imports, and the start in a test."""
    _first_answer()  # compiles what was edited since
    answers = [_first_answer() for _ in range(pace.starts)]
    first, cpu = median(wall for wall, _ in answers), median(cpu for _, cpu in answers)
    imports = median(_told(_IMPORT.format("cli") + _TOLD) for _ in range(pace.starts))
    fixture = median(_told(_FIXTURE) for _ in range(pace.starts))
    return [
        Row(
            "first answer after the command",
            first * 1e3,
            "ms",
            bar=500,
            at_most=True,
            details={"processor ms": cpu * 1e3},
        ),
        Row("imports of the server", imports * 1e3, "ms"),
        Row("start inside a test", fixture * 1e3, "ms", bar=100, at_most=True),
    ]


def _first_answer() -> tuple[float, float]:
    """Seconds until it came, and how many of them the server computed."""
    began = time.perf_counter()
    with mock() as server:
        server.ask("GET", "/api/v1/models")
        return time.perf_counter() - began, server.cpu


def _told(code: str) -> float:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)
