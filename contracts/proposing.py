"""Proposals of Schemathesis, made in a process of their own while the others are judged.

To make them takes as long as to judge a third of the suite. The process is `python -m
contracts.proposals`: it is told operations, line by line, and answers each with its requests.
"""

import pickle
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import IO, cast

from contracts.exchange import Request

__all__ = ["Proposals"]


class Proposals:
    """Requests that are proposed for an operation; `spec_file` None is the suite's own contract."""

    def __init__(self, spec_file: Path | None, seed: int) -> None:
        self._command = [sys.executable, "-m", "contracts.proposals", str(seed)]
        self._command += [] if spec_file is None else [str(spec_file)]
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: dict[str, Future[tuple[Request, ...]]] = {}

    def ask(self, operations: Iterable[str]) -> None:
        """Has the proposals for these operations made, in this order."""
        for operation in operations:
            process = self._process or self._started()
            self._asked[operation] = Future()
            stdin = cast("IO[bytes]", process.stdin)
            stdin.write(operation.encode() + b"\n")
            stdin.flush()

    def of(self, operation: str) -> tuple[Request, ...]:
        """The requests proposed for an operation; waits until they are made."""
        if operation not in self._asked:
            self.ask([operation])
        return self._asked[operation].result()

    def stop(self) -> None:
        """Ends the process, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(  # noqa: S603  (this Python, with our own module)
            self._command, stdin=pipe, stdout=pipe, stderr=nowhere
        )
        Thread(target=self._listen, args=(self._process,), daemon=True).start()
        return self._process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        stdout = cast("IO[bytes]", process.stdout)
        try:
            while True:
                operation, found = pickle.load(stdout)  # noqa: S301  (our own process wrote it)
                if isinstance(found, str):
                    self._asked[operation].set_exception(RuntimeError(found))
                else:
                    self._asked[operation].set_result(found)
        except (EOFError, pickle.UnpicklingError, ValueError):
            for future in self._asked.values():
                if not future.done():
                    future.set_exception(RuntimeError("the process that proposes has ended"))
