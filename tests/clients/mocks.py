"""A mock server in a process of its own, as a user starts it, and a look at what it keeps."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

__all__ = ["POOR", "RICH", "ROOT", "RunningMock", "running_mock"]

ROOT = Path(__file__).resolve().parents[2]
READY = "listening on "
PATIENCE_S = 20.0
# The keys that a mock knows which knows any: one with money, one with less than a picture costs.
RICH, POOR = "sk_rich", "sk_poor"


@dataclass(frozen=True, slots=True)
class RunningMock:
    """A mock that answers at `base_url`, which ends in `/api/v1`."""

    base_url: str

    @property
    def origin(self) -> str:
        """The address without the prefix of the API."""
        return self.base_url.removesuffix("/api/v1")

    def get(self, path: str, *, key: str = "") -> Any:
        """What `path` (from the root) answers, decoded."""
        return self._ask("GET", path, key=key)

    def post(self, path: str, body: Mapping[str, object], *, key: str = "") -> Any:
        """What `path` (from the root) answers to `body`, decoded."""
        return self._ask("POST", path, key=key, body=json.dumps(body))

    def bytes_of(self, url: str) -> bytes:
        """What a result URL serves, asked for without a key."""
        answer = urllib3.request("GET", url)
        assert answer.status == 200, answer.data[:300]
        return answer.data

    def balance(self, key: str) -> Any:
        """The account of `key`: balance, total, frozen."""
        return self.get("/api/v1/balance", key=key)["data"]

    def wait_for(self, seen: Callable[[], bool]) -> None:
        """Returns once `seen` is true of the mock; another process has no event to wait on."""
        deadline = time.monotonic() + PATIENCE_S
        while not seen():
            assert time.monotonic() < deadline, "the mock did not come to it"
            time.sleep(0.02)

    def _ask(self, method: str, path: str, *, key: str, body: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        answer = urllib3.request(method, self.origin + path, headers=headers, body=body)
        assert answer.status == 200, answer.data[:300]
        return answer.json()


@contextlib.contextmanager
def running_mock(*options: str, folder: Path = ROOT) -> Iterator[RunningMock]:
    """A mock started with `options` in `folder` on a free port; it must end well when told to."""
    command = [sys.executable, "-m", "mock_server", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield RunningMock(base_url=_address_once_ready(process))
        finally:
            process.terminate()
            ended = process.wait(timeout=30)
    assert ended == 0


def _address_once_ready(process: subprocess.Popen[str]) -> str:
    said: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        said.append(line)
        if line.startswith(READY):
            # What it says from here on is of no interest, but must not fill the pipe.
            threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()
            return line.removeprefix(READY).strip()
    raise AssertionError("the mock did not start:\n" + "".join(said))
