"""The rate of the suite, and how long the whole lattice of sizes takes."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.client import KEY
from benchmarks.results import Row
from benchmarks.servers import ROOT, Server, mock

__all__ = ["judging"]

_LATTICE_S = 15
_PATIENCE_S = 120


def judging() -> list[Row]:
    """`contracts sizes` and `contracts` against the mock, by the requests that it counts.

    What takes longer than two minutes is ended, and its exit code told as -1.
    """
    return [
        _run("contracts sizes", "--time-scale", "0", bar=_LATTICE_S),
        _run("contracts", "--level", "full"),
    ]


def _run(command: str, *options: str, bar: float | None = None) -> Row:
    with mock("--time-scale", "0") as server:
        url = f"http://127.0.0.1:{server.port}/api/v1"
        call = [sys.executable, "-m", *command.split(), "--base-url", url, "--api-key", KEY]
        began = time.perf_counter()
        code = _exit_code([*call, *options])
        seconds = time.perf_counter() - began
        details = {"requests/s": _requests(server) / seconds, "exit code": code}
        return Row(command, seconds, "s", memory=server.memory, bar=bar, at_most=True,
                   details=details)  # fmt: skip


def _exit_code(command: Sequence[str]) -> int:
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, check=False, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return -1
    return done.returncode


def _requests(server: Server) -> float:
    counts = json.loads(server.ask("GET", "/_mock/").body)["counts"]
    return float(counts["requests"])
