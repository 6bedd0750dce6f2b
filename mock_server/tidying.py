"""Memory that drawing pictures took is given back to the system, when nobody draws any more.

The C library keeps what was freed: 25 MB after the first pictures of 3840x2160, for good. To give
it back takes 3 ms, so it is done a second after the drawing and not after each picture.
"""

import asyncio
import ctypes
from contextlib import suppress

__all__ = ["Tidying"]

_AFTER_S = 1.0


class Tidying:
    """Gives memory back, a while after something large was done."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """Something large was done: tidy up in a while, at most once in that time."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_AFTER_S, self._tidy)

    def _tidy(self) -> None:
        self._timer = None
        _give_back()

    def stop(self) -> None:
        """Nothing is to be tidied up any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _give_back() -> None:
    """Have the C library return what it keeps; only GNU's can, others are left alone."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
