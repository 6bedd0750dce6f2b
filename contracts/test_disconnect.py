"""A client that goes away pays all the same, and what runs is held."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

from contracts.asking import (
    default_size,
    expected_of,
    generation,
)
from contracts.charges import (
    cheapest,
    judge_balance,
)
from contracts.claims import Level, bill, rule
from contracts.court import Court
from contracts.exchange import Answer, Exchange, Key, Request
from contracts.judge import NotJudgedError
from contracts.target import Balance, Target

NO_ANSWER = Answer(0, (), b"", 0.0, "the client went away")
PATIENCE = (0.5, 0.75, 0.9)
"""After which share of its time a request is left alone, one after the other."""
MOMENT_S = 1.0
SIGHTS = 5
"""How often a balance must have been seen during a request for its hold to be missed."""
WATCHED_S = 0.02
"""What takes less may have been over for most of the time that its answer needed to be read."""


@rule("disconnect")
@bill(
    Level.FULL,
    requests=len(PATIENCE) + 1,
    largest=lambda world: cheapest(world) * (len(PATIENCE) + 1),
)
def test_who_goes_away_pays_all_the_same(court: Court) -> None:
    """Who goes away too soon may not have been heard at all, and is given another chance.

    Where the answer was there before the client left, nothing is learnt.
    """
    target, world = court.target, court.world
    request = generation(world, size=default_size(world), prompt="nobody waits for this")
    price = expected_of(world, request).price
    with target.shared.account(Key.MAIN, alone=True):
        whole = target.send(request, price=price, alone=True).answer.seconds
        left: tuple[Request, Balance, Balance] | None = None
        for twin, share in enumerate(PATIENCE, start=1):
            asked, after_s = request.again(twin), max(0.02, whole * share)
            seen = _left_alone(target, asked, price=price, after_s=after_s)
            if seen is None:
                break
            left = (asked, *seen)
            if seen[0] != seen[1]:
                break
    if left is None:
        raise NotJudgedError("the answer comes before anybody can go away")
    _judge_paid(court, *left, price)


@rule("disconnect")
@bill(Level.FULL, requests=2, largest=lambda world: cheapest(world) * 2)
def test_a_synchronous_request_holds_its_price(court: Court) -> None:
    """Asked again and again while it runs, the balance shows the hold at least once.

    A busy machine may miss the moment, so a second request is watched before one is accused.
    """
    world = court.world
    request = generation(world, size=default_size(world), prompt="held while it runs")
    price = expected_of(world, request).price
    exchange, seen, held = _watched(court, request, price)
    if seen != held:
        exchange, seen, held = _watched(court, request.again(1), price)
    judge_balance(court, exchange, seen, held, "while it runs", "disconnect")


def _watched(court: Court, request: Request, price: Decimal) -> tuple[Exchange, Balance, Balance]:
    """A synchronous request, a balance while it ran, and what that should be: if possible, that."""
    target = court.target
    seen: list[Balance] = []
    with target.shared.account(Key.MAIN, alone=True), ThreadPoolExecutor(1) as pool:
        before = target.balance()
        answer = pool.submit(target.send_unjudged, request, price=price, alone=True)
        while not answer.done():
            seen.append(target.balance())
        exchange = answer.result()
    if len(seen) < SIGHTS or exchange.answer.seconds < WATCHED_S:
        raise NotJudgedError("the target answers too fast to be watched at work")
    held = Balance(before.balance - price, before.total, before.frozen + price)
    return exchange, held if held in seen else seen[len(seen) // 2], held


def _left_alone(
    target: Target, request: Request, *, price: Decimal, after_s: float
) -> tuple[Balance, Balance] | None:
    """The balance before a request whose client goes away, and some time afterwards.

    None where the answer came first.
    """
    before = target.balance()
    if not target.abandon(request, price=price, after_s=after_s):
        return None
    is_charged = partial(_is_another_total, target, before)
    target.wait_until(is_charged, limit_s=max(MOMENT_S, after_s * 4))
    return before, target.balance()


def _is_another_total(target: Target, before: Balance) -> bool:
    return target.balance().total != before.total


def _judge_paid(
    court: Court, request: Request, before: Balance, after: Balance, price: Decimal
) -> None:
    paid = Balance(before.balance - price, before.total - price, before.frozen)
    exchange = Exchange(request, NO_ANSWER, 0)
    judge_balance(court, exchange, after, paid, "after the call", "disconnect")
