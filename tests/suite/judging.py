"""Servers that are judged by a run of the suite, each a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ROOT", "judged", "serving"]

ROOT = Path(__file__).parents[2]
KEY = "sk_the_key_of_the_judged_server"


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """The base URL of a server that `python -m module` starts."""
    command = [sys.executable, "-m", module, *arguments, "--port", "0", "--quiet"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ)
    try:
        line = server.stdout.readline() if server.stdout else ""
        yield line.removeprefix("listening on ").strip().partition(",")[0]
    finally:
        server.terminate()
        server.wait(10)
        if server.stdout:
            server.stdout.close()


def judged(base_url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A run of the suite."""
    command = [sys.executable, "-m", "contracts", "--base-url", base_url, "--api-key", KEY]
    return subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
