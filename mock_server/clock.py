"""The time by which the mock lives: real, scaled, or moved by hand."""

import asyncio
import math
import time
from collections.abc import Callable
from enum import Enum

__all__ = ["Clock", "ClockKind", "manual_clock", "scaled_clock"]


class ClockKind(Enum):
    """How time passes."""

    REAL = "real"
    SCALED = "scaled"
    MANUAL = "manual"


class Clock:
    """Tells the mock's time and waits by it; all times are seconds, instants since the epoch.

    One second of the mock lasts `scale` real ones. With scale 0 nothing takes time, and the
    instants are real ones; on a manual clock time moves only when `advance` is called.
    """

    def __init__(
        self,
        kind: ClockKind,
        *,
        scale: float,
        start: float,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind = kind
        self.scale = scale
        self._begin = self._start = start
        self._elapsed = elapsed
        self._zero = elapsed()
        self._speed = 0.0 if kind is ClockKind.MANUAL else 1 / (scale or 1)
        # Whether what takes time in reality takes time by this clock.
        self.takes_time = kind is ClockKind.MANUAL or scale > 0
        self._sleepers: dict[asyncio.Future[None], float] = {}

    def now(self) -> float:
        """The mock's present instant."""
        return self._start + (self._elapsed() - self._zero) * self._speed

    def really(self) -> float:
        """Seconds that have passed in reality, since whenever."""
        return self._elapsed()

    def both(self) -> tuple[float, float]:
        """`now` and `really`, of one and the same moment."""
        elapsed = self._elapsed()
        return self._start + (elapsed - self._zero) * self._speed, elapsed

    def lasting(self, seconds: float) -> float:
        """How long something that takes so many seconds takes by this clock."""
        return seconds if self.takes_time else 0.0

    def real_seconds(self, seconds: float) -> float:
        """How many real seconds that lasts; on a manual clock, as many."""
        return seconds if self.kind is ClockKind.MANUAL else seconds * self.scale

    async def sleep_until(self, instant: float) -> None:
        """Return when the instant has come."""
        missing = instant - self.now()
        if missing <= 0:
            return
        loop = asyncio.get_running_loop()
        sleeper: asyncio.Future[None] = loop.create_future()
        self._sleepers[sleeper] = instant
        timer = None
        if self.kind is not ClockKind.MANUAL and instant < math.inf:
            # At scale 0 the instants are real ones, for the little that takes time all the same.
            delay = self.real_seconds(missing) if self.scale else missing
            timer = loop.call_later(delay, _wake, sleeper)
        try:
            await sleeper
        finally:
            del self._sleepers[sleeper]
            if timer is not None:
                timer.cancel()

    async def sleep(self, seconds: float) -> None:
        """Return when so many seconds have passed."""
        await self.sleep_until(self.now() + self.lasting(seconds))

    async def spend(self, seconds: float) -> None:
        """Return when so many seconds have passed, also where nothing takes time."""
        await self.sleep_until(self.now() + seconds)

    def advance(self, seconds: float) -> None:
        """Let so many seconds have passed at once, and wake who waited for that."""
        if not 0 <= seconds < math.inf:
            raise ValueError("time moves forward only, by a finite number of seconds")
        self._start += seconds
        now = self.now()
        for sleeper, instant in list(self._sleepers.items()):
            if instant <= now:
                _wake(sleeper)

    def renew(self) -> None:
        """Go back to before it was advanced; those who wait are woken."""
        self._start = self._begin
        self.wake(-math.inf)

    def give_up(self) -> None:
        """Wake those whose time would never come now that nobody advances the clock any more."""
        self.wake(-math.inf if self.kind is ClockKind.MANUAL else math.inf)

    def wake(self, since: float) -> None:
        """Wake those who wait for that instant or a later one."""
        for sleeper, instant in list(self._sleepers.items()):
            if instant >= since:
                _wake(sleeper)

    @property
    def sleeping(self) -> int:
        """How many are waiting."""
        return len(self._sleepers)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def scaled_clock(scale: float, *, start: float | None = None) -> Clock:
    """A clock that starts at the present and runs 1/scale times as fast as real time."""
    kind = ClockKind.REAL if scale == 1 else ClockKind.SCALED
    return Clock(kind, scale=scale, start=time.time() if start is None else start)


def manual_clock(*, start: float | None = None) -> Clock:
    """A clock that stands still until it is advanced."""
    return Clock(ClockKind.MANUAL, scale=1, start=time.time() if start is None else start)
