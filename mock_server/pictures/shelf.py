"""What is kept for the next picture, within a number of bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, Protocol, TypeVar

__all__ = ["Shelf"]


class _Weighty(Protocol):
    @property
    def weight(self) -> int:
        """About how many bytes of memory it holds."""


Thing = TypeVar("Thing", bound=_Weighty)


class Shelf(Generic[Thing]):
    """Keeps the things used last; what was unused longest is given up. Safe between threads.

    What is kept never weighs more than `most` bytes, save for a single thing that does alone.
    """

    def __init__(self, most: int) -> None:
        self.weight = 0
        self._most = most
        self._things: OrderedDict[Hashable, Thing] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._things

    def get(self, key: Hashable) -> Thing | None:
        """The thing kept under this key, if there is one."""
        with self._lock:
            thing = self._things.get(key)
            if thing is not None:
                self._things.move_to_end(key)
            return thing

    def put(self, key: Hashable, thing: Thing) -> None:
        """Keeps a thing, in the place of another of its key."""
        with self._lock:
            former = self._things.pop(key, None)
            self._things[key] = thing
            self.weight += thing.weight - (former.weight if former else 0)
            while self.weight > self._most and len(self._things) > 1:
                _, oldest = self._things.popitem(last=False)
                self.weight -= oldest.weight
