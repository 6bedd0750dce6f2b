"""Servers as processes of their own, on a free port of the loopback, and what they use."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import Answer, ask

__all__ = ["ROOT", "Server", "bare", "environment", "mock", "started"]

ROOT = Path(__file__).parent.parent
_LISTENING = re.compile(r"listening on http://[^ ]*?:(\d+)")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    port: int

    @property
    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    @property
    def cpu(self) -> float:
        """Seconds computed so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def ask(self, method: str, path: str, fields: object = None) -> Answer:
        """One request outside of any measurement."""
        return ask(self.port, method, path, fields)


@contextmanager
def started(command: Sequence[str]) -> Iterator[Server]:
    """A server that prints `listening on URL` when it is ready; it is stopped at the end."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            port = _port(process)
            if port is None:
                log.seek(0)
                raise RuntimeError(f"{command!r} has not started: {log.read().decode()[-2000:]}")
            yield Server(process.pid, port)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment() -> dict[str, str]:
    """The environment of a user, whose Python keeps what it compiled."""
    return {name: value for name, value in os.environ.items() if name != _NOT_KEPT}


_NOT_KEPT = "PYTHONDONTWRITEBYTECODE"


def _port(process: "subprocess.Popen[str]") -> int | None:
    for line in process.stdout or ():
        if found := _LISTENING.search(line):
            return int(found[1])
    return None


# So rich that no load of a benchmark is refused.
_RICH = "900000000000"


def mock(*options: str) -> AbstractContextManager[Server]:
    """The mock as a user starts it, at once and quiet."""
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--quiet"]
    return started([*command, "--balance", _RICH, *options])


@contextmanager
def bare(posted: bytes, got: bytes = b"{}", *, status: int = 200) -> Iterator[Server]:
    """The bare handler with the very bytes that the mock answered."""
    with tempfile.TemporaryDirectory() as folder:
        post, get = Path(folder, "post"), Path(folder, "get")
        post.write_bytes(posted)
        get.write_bytes(got)
        command = [sys.executable, "-m", "benchmarks.bare", "--status", str(status)]
        with started([*command, "--post", str(post), "--get", str(get)]) as server:
            yield server
