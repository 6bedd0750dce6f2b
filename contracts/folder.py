"""What the processes of one run share: a folder of records, guarded by file locks.

`pytest -n 4` runs four processes against one account and one budget. All they must agree on is a
file in this folder.
"""

import fcntl
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import orjson

from contracts.decode import Json
from contracts.exchange import Answer

__all__ = ["SharedFolder", "load_answer", "save_answer"]


class SharedFolder:
    """Shares among the processes of one run; see `contracts.shared` for what is promised."""

    def __init__(self, path: Path, worker: str = "main") -> None:
        self.path = path
        self.worker = worker
        self._writing = threading.Lock()
        for name in ("answers", "locks", "memos", "values", "journals"):
            (path / name).mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lock(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Holds the named lock, alone or with other sharers."""
        with (self.path / "locks" / name).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield

    @contextmanager
    def account(self, name: str, *, alone: bool = False) -> Iterator[None]:
        """Uses an account, with others or alone."""
        if alone:
            with self.lock(f"{name}.gate"), self.lock(f"{name}.account"):
                yield
            return
        with self.lock(f"{name}.gate"):
            entered = self.lock(f"{name}.account", shared=True)
            entered.__enter__()
        try:
            yield
        finally:
            entered.__exit__(None, None, None)

    def once(self, name: str, compute: Callable[[], Json]) -> Json:
        """The JSON value that `compute` gives, computed by the first who asks."""
        path = self.path / "memos" / f"{name}.json"
        with self.lock(f"{name}.memo"):
            if not path.exists():
                path.write_bytes(orjson.dumps(compute()))
            return cast("Json", orjson.loads(path.read_bytes()))

    def is_done(self, name: str) -> bool:
        """Whether the value of that name has been computed."""
        return (self.path / "memos" / f"{name}.json").exists()

    def answer(self, name: str, send: Callable[[], tuple[float, Answer]]) -> tuple[float, Answer]:
        """When the named request was sent, and its answer; it is sent by the first who asks."""
        path = self.path / "answers" / name
        with self.lock(f"{name}.answer"):
            if path.exists():
                return load_answer(path)
            sent_at, answer = send()
            save_answer(path, sent_at, answer)
            return sent_at, answer

    def has_answer(self, name: str) -> bool:
        """Whether the named request has been answered."""
        return (self.path / "answers" / name).exists()

    def read(self, name: str) -> Json:
        """What was last written under this name; None before that."""
        path = self.path / "values" / f"{name}.json"
        return cast("Json", orjson.loads(path.read_bytes())) if path.exists() else None

    def write(self, name: str, value: Json) -> None:
        """Puts a value in the place of the one before."""
        (self.path / "values" / f"{name}.json").write_bytes(orjson.dumps(value))

    def note(self, journal: str, entry: Json) -> None:
        """Writes a line into the journal of that name, to be read when the run is over."""
        path = self.path / "journals" / f"{journal}.{self.worker}.jsonl"
        with self._writing, path.open("ab") as file:
            file.write(orjson.dumps(entry) + b"\n")

    def notes(self, journal: str) -> Iterator[Json]:
        """The lines that all workers wrote into the journal."""
        for path in sorted((self.path / "journals").glob(f"{journal}.*.jsonl")):
            for line in path.read_bytes().splitlines():
                yield cast("Json", orjson.loads(line))


def save_answer(path: Path, sent_at: float, answer: Answer) -> None:
    """Writes an answer down, and when it was asked for."""
    head = json.dumps(_head(sent_at, answer)).encode()
    path.write_bytes(head + b"\n" + answer.body)


def load_answer(path: Path) -> tuple[float, Answer]:
    """What `save_answer` wrote."""
    head, _, body = path.read_bytes().partition(b"\n")
    return _answer(json.loads(head), body)


def _head(sent_at: float, answer: Answer) -> dict[str, object]:
    return {
        "sent_at": sent_at,
        "status": answer.status,
        "headers": answer.headers,
        "seconds": answer.seconds,
        "failure": answer.failure,
    }


def _answer(head: dict[str, object], body: bytes) -> tuple[float, Answer]:
    headers = tuple(
        (str(name), str(value)) for name, value in cast("list[list[str]]", head["headers"])
    )
    answer = Answer(
        status=cast("int", head["status"]),
        headers=headers,
        body=body,
        seconds=cast("float", head["seconds"]),
        failure=str(head["failure"]),
    )
    return cast("float", head["sent_at"]), answer
