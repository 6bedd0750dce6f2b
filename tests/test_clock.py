"""Time that is real, scaled, at once, or moved by hand."""

import asyncio
import math

import pytest

from mock_server.clock import Clock, ClockKind, manual_clock, scaled_clock


class Elapsed:
    """Real seconds as a test has them pass."""

    def __init__(self) -> None:
        self.seconds = 500.0

    def __call__(self) -> float:
        return self.seconds


def clock_with(scale: float) -> tuple[Clock, Elapsed]:
    elapsed = Elapsed()
    return Clock(ClockKind.SCALED, scale=scale, start=1000.0, elapsed=elapsed), elapsed


@pytest.mark.parametrize(
    "scale, now", [(1, 1002.0), (0.01, 1200.0), (0.5, 1004.0), (10, 1000.2), (0, 1002.0)]
)
def test_a_real_second_is_that_many_of_the_mock(scale: float, now: float) -> None:
    clock, elapsed = clock_with(scale)
    assert clock.now() == 1000
    elapsed.seconds += 2
    assert clock.now() == pytest.approx(now)


def test_at_scale_0_nothing_takes_time() -> None:
    at_once, _ = clock_with(0)
    assert (at_once.lasting(75), at_once.real_seconds(75)) == (0, 0)
    hasty, _ = clock_with(0.01)
    assert (hasty.lasting(75), hasty.real_seconds(75)) == (75, 0.75)
    manual = manual_clock(start=0)
    assert (manual.lasting(75), manual.real_seconds(75)) == (75, 75)


def test_the_kind_is_told() -> None:
    assert scaled_clock(1).kind is ClockKind.REAL
    assert scaled_clock(0.01).kind is ClockKind.SCALED
    assert scaled_clock(0).kind is ClockKind.SCALED
    assert manual_clock().kind is ClockKind.MANUAL


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = manual_clock(start=1000)
    assert (clock.now(), clock.now()) == (1000, 1000)
    clock.advance(0.5)
    clock.advance(0)
    assert clock.now() == 1000.5


def test_a_scaled_clock_can_be_moved_too() -> None:
    clock, elapsed = clock_with(0.5)
    clock.advance(100)
    elapsed.seconds += 1
    assert clock.now() == 1102


@pytest.mark.parametrize("seconds", [-1, -0.001, math.inf, math.nan])
def test_time_moves_forward_only(seconds: float) -> None:
    clock = manual_clock(start=1000)
    with pytest.raises(ValueError, match="time moves forward only, by a finite number of seconds"):
        clock.advance(seconds)
    assert clock.now() == 1000


async def test_sleepers_wake_when_their_time_has_come() -> None:
    clock = manual_clock(start=0)
    woken: list[float] = []

    async def sleeper(instant: float) -> None:
        await clock.sleep_until(instant)
        woken.append(instant)

    async with asyncio.TaskGroup() as group:
        for instant in (5, 1, 9, -3):
            group.create_task(sleeper(instant))
        await asyncio.sleep(0)
        assert clock.sleeping == 3
        clock.advance(4.999)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (woken, clock.sleeping) == ([-3, 1], 2)
        clock.advance(4.001)
    assert (sorted(woken), clock.sleeping) == ([-3, 1, 5, 9], 0)


async def test_a_sleeper_that_is_cancelled_is_forgotten() -> None:
    for clock in (manual_clock(), scaled_clock(1000)):
        sleeper = asyncio.ensure_future(clock.sleep(50))
        await asyncio.sleep(0)
        assert clock.sleeping == 1
        sleeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeper
        assert clock.sleeping == 0
        clock.advance(100)


async def test_a_scaled_sleeper_wakes_by_itself_or_when_time_is_moved() -> None:
    hasty = scaled_clock(0.0001)
    before = hasty.now()
    await hasty.sleep(60)
    assert hasty.now() - before >= 59
    slow = scaled_clock(1000)
    sleeper = asyncio.ensure_future(slow.sleep(3600))
    await asyncio.sleep(0)
    slow.advance(3600)
    await sleeper


async def test_at_scale_0_no_sleep_takes_time() -> None:
    clock, elapsed = clock_with(0)
    await clock.sleep(10**9)
    assert elapsed.seconds == 500


async def test_at_scale_0_an_instant_and_what_takes_time_all_the_same_are_real() -> None:
    clock = scaled_clock(0)
    before = clock.now()
    await clock.spend(0.01)
    await clock.sleep_until(before + 0.02)
    # A timer may fire a millisecond early.
    assert clock.now() - before >= 0.018


async def test_a_renewed_clock_is_as_before_it_was_advanced_and_nobody_waits() -> None:
    clock = manual_clock(start=1000)
    sleeper = asyncio.ensure_future(clock.sleep(50))
    await asyncio.sleep(0)
    clock.advance(20)
    clock.renew()
    await sleeper
    assert (clock.now(), clock.sleeping) == (1000, 0)


@pytest.mark.parametrize("kind", [ClockKind.MANUAL, ClockKind.REAL])
async def test_at_the_end_nobody_waits_for_what_will_not_come(kind: ClockKind) -> None:
    clock = manual_clock() if kind is ClockKind.MANUAL else scaled_clock(1)
    endless = asyncio.ensure_future(clock.sleep_until(math.inf))
    passing = asyncio.ensure_future(clock.sleep(50))
    await asyncio.sleep(0)
    clock.give_up()
    await endless
    assert passing.done() is (kind is ClockKind.MANUAL)
    passing.cancel()


async def test_for_ever_is_no_timer_s_business() -> None:
    sleeper = asyncio.ensure_future(scaled_clock(1).sleep_until(math.inf))
    await asyncio.sleep(0)
    assert not sleeper.done()
    sleeper.cancel()
