"""What the tests of one run share: answers that several rules judge, money, locks, verdicts.

A run of one process keeps it in memory (`contracts.memory`); `pytest -n 4` shares a folder
(`contracts.folder`).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from contracts.decode import Json
from contracts.exchange import Answer

__all__ = ["Shared"]


class Shared(Protocol):
    """What is agreed on in a run; every method may be called from any thread of any process."""

    def lock(self, name: str, *, shared: bool = False) -> AbstractContextManager[None]:
        """Holds the named lock, alone or with other sharers."""

    def account(self, name: str, *, alone: bool = False) -> AbstractContextManager[None]:
        """Uses an account: others may spend on it meanwhile, unless it is held `alone`.

        Who wants it alone closes the gate behind himself, so that sharers cannot keep him waiting.
        """

    def once(self, name: str, compute: Callable[[], Json]) -> Json:
        """The JSON value that `compute` gives, computed by the first who asks."""

    def is_done(self, name: str) -> bool:
        """Whether the value of that name has been computed."""

    def answer(self, name: str, send: Callable[[], tuple[float, Answer]]) -> tuple[float, Answer]:
        """When the named request was sent, and its answer; it is sent by the first who asks."""

    def has_answer(self, name: str) -> bool:
        """Whether the named request has been answered."""

    def read(self, name: str) -> Json:
        """What was last written under this name; None before that."""

    def write(self, name: str, value: Json) -> None:
        """Puts a value in the place of the one before; whoever reads it first holds a lock."""

    def note(self, journal: str, entry: Json) -> None:
        """Writes a line into the journal of that name, to be read when the run is over."""

    def notes(self, journal: str) -> Iterator[Json]:
        """The lines that everyone wrote into the journal."""
