"""What the tests of a run of one process share: all of it in memory, but for large answers."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.decode import Json
from contracts.exchange import Answer
from contracts.folder import load_answer, save_answer

__all__ = ["SharedMemory"]

LARGE = 500_000
"""Answers of more bytes are files: pictures of a real endpoint would fill the memory."""


class SharedMemory:
    """Shares among the threads of one process; see `contracts.shared` for what is promised.

    `folder` takes the large answers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, _Lock] = {}
        self._memos: dict[str, Json] = {}
        self._answers: dict[str, tuple[float, Answer] | Path] = {}
        self._values: dict[str, Json] = {}
        self._journals: dict[str, list[Json]] = defaultdict(list)

    @contextmanager
    def lock(self, name: str, *, shared: bool = False) -> Iterator[None]:
        """Holds the named lock, alone or with other sharers."""
        lock = self._lock(name)
        lock.enter(shared=shared)
        try:
            yield
        finally:
            lock.leave()

    @contextmanager
    def account(self, name: str, *, alone: bool = False) -> Iterator[None]:
        """Uses an account, with others or alone."""
        gate, used = f"{name}.gate", f"{name}.account"
        if alone:
            with self.lock(gate), self.lock(used):
                yield
            return
        with self.lock(gate):
            self._lock(used).enter(shared=True)
        try:
            yield
        finally:
            self._lock(used).leave()

    def once(self, name: str, compute: Callable[[], Json]) -> Json:
        """The JSON value that `compute` gives, computed by the first who asks."""
        if name not in self._memos:
            with self.lock(f"{name}.memo"):
                if name not in self._memos:
                    self._memos[name] = compute()
        return self._memos[name]

    def is_done(self, name: str) -> bool:
        """Whether the value of that name has been computed."""
        return name in self._memos

    def answer(self, name: str, send: Callable[[], tuple[float, Answer]]) -> tuple[float, Answer]:
        """When the named request was sent, and its answer; it is sent by the first who asks."""
        if name not in self._answers:
            with self.lock(f"{name}.answer"):
                if name not in self._answers:
                    self._answers[name] = self._kept(name, *send())
        kept = self._answers[name]
        return load_answer(kept) if isinstance(kept, Path) else kept

    def has_answer(self, name: str) -> bool:
        """Whether the named request has been answered."""
        return name in self._answers

    def read(self, name: str) -> Json:
        """What was last written under this name; None before that."""
        return self._values.get(name)

    def write(self, name: str, value: Json) -> None:
        """Puts a value in the place of the one before."""
        self._values[name] = value

    def note(self, journal: str, entry: Json) -> None:
        """Writes a line into the journal of that name."""
        self._journals[journal].append(entry)

    def notes(self, journal: str) -> Iterator[Json]:
        """The lines of the journal."""
        return iter(tuple(self._journals[journal]))

    def _lock(self, name: str) -> "_Lock":
        return self._locks.get(name) or self._locks.setdefault(name, _Lock())

    def _kept(self, name: str, sent_at: float, answer: Answer) -> tuple[float, Answer] | Path:
        if len(answer.body) <= LARGE:
            return sent_at, answer
        path = self._folder / name
        save_answer(path, sent_at, answer)
        return path


class _Lock:
    """Held by one, or by any number of sharers; who waits longest is not served first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharers = 0
        self._is_held = False

    def enter(self, *, shared: bool) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_held and (shared or not self._sharers))
            if shared:
                self._sharers += 1
            else:
                self._is_held = True

    def leave(self) -> None:
        with self._changed:
            if self._is_held:
                self._is_held = False
            else:
                self._sharers -= 1
            self._changed.notify_all()
