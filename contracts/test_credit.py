"""What an account without enough money gets: nothing, and nothing is taken from it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import partial

from contracts.asking import (
    default_size,
    edit,
    expected_of,
    generation,
    task,
)
from contracts.charges import (
    PARALLEL,
    changes,
    cheapest,
)
from contracts.claims import Level, bill, rule
from contracts.court import Court
from contracts.discovery import set_balance
from contracts.exchange import Key, Request
from contracts.judge import NotJudgedError
from contracts.run import Run
from contracts.target import Balance, Target


@rule("no-credit", "code-in-200")
@bill(Level.FREE, requests=5)
def test_without_credit_nothing_is_made_or_taken(court: Court, run: Run) -> None:
    if Key.POOR not in run.keys:
        raise NotJudgedError("it needs a key without credit (--poor-key)")
    target, status = court.target, court.world.spec.facts.status.errors["no_credit"].status
    with target.shared.account(Key.POOR, alone=True):
        before = _balance(target)
        requests = _too_dear(court, Key.POOR)
        prices = [expected_of(court.world, each) for each in requests]
        sent = [
            target.send(request, largest=expected.largest, alone=True)
            for request, expected in zip(requests, prices, strict=True)
        ]
        after = _balance(target)
    for exchange, expected in zip(sent, prices, strict=True):
        wrong = [] if exchange.answer.status == status else [f"status {exchange.answer.status}"]
        told = f"{status}: it costs ${expected.price}, more than the account has"
        court.judge("no-credit", exchange, expected=told, problems=wrong)
    if before is not None and after is not None:
        told = f"the same balance after refusals with {status}"
        court.judge("no-credit", sent[0], expected=told, problems=changes(before, after))


def _balance(target: Target) -> Balance | None:
    """What the account without credit has, where the target says so."""
    try:
        return target.balance(Key.POOR)
    except NotJudgedError:
        return None


@rule("no-credit")
@bill(Level.FULL, requests=PARALLEL, largest=lambda world: cheapest(world) * PARALLEL)
def test_the_same_money_is_not_spent_twice(court: Court, run: Run) -> None:
    """Money for a few pictures; many ask at once, just so many are served."""
    target, world = court.target, court.world
    price, request = cheapest(world), generation(world, size=default_size(world))
    with target.shared.account(Key.POOR, alone=True), ThreadPoolExecutor(PARALLEL) as pool:
        requests, balance = _for_the_last_money(court, run, request)
        send = partial(target.send_unjudged, price=price, alone=True)
        answers = list(pool.map(send, requests))
    served = int(balance / price)
    statuses = sorted(each.answer.status for each in answers)
    too_many = court.world.spec.facts.status.of("rate_limited")
    if too_many in statuses:
        raise NotJudgedError(f"the target answers {too_many} to {PARALLEL} requests at once")
    refused = world.spec.facts.status.errors["no_credit"].status
    wanted = sorted([*[200] * served, *[refused] * (PARALLEL - served)])
    wrong = [] if statuses == wanted else [f"{statuses.count(200)} served: {sorted(set(statuses))}"]
    told = f"{served} of {PARALLEL} at once served, the others {refused}"
    court.judge("no-credit", answers[0], expected=told, problems=wrong)


def _for_the_last_money(court: Court, run: Run, request: Request) -> tuple[list[Request], Decimal]:
    """Many of the request for an account with money for a few of them, and that money."""
    control, target, price = run.state.control, court.target, cheapest(court.world)
    twins = [request.again(i + 1) for i in range(PARALLEL)]
    if control is not None and control.open_accounts:
        key = f"{run.keys[Key.MAIN]}-{run.seed}-few"
        set_balance(target.transport, control, key, price * 5 / 2)
        header = (("Authorization", f"{court.world.spec.facts.auth.scheme} {key}"),)
        return [replace(each, headers=header, key=Key.NONE) for each in twins], price * 5 / 2
    balance = target.balance(Key.POOR).balance if Key.POOR in run.keys else Decimal(0)
    if not price <= balance < price * PARALLEL / 2:
        raise NotJudgedError("it needs an account with money for just a few pictures")
    return [replace(each, key=Key.POOR) for each in twins], balance


def _too_dear(court: Court, key: Key) -> list[Request]:
    """A sync request and a task that cost a little more than the account has."""
    world = court.world
    try:
        balance = court.target.balance(key).balance
    except NotJudgedError:
        balance = Decimal(0)
    each = cheapest(world)
    n = min(int(balance / each) + 1, world.spec.field("n").maximum or 1)
    size = default_size(world)
    wishes = (generation(world, size=size, n=n), task(world, n=n), edit(world, size=size, n=n))
    found = [replace(wish, key=key) for wish in wishes]
    if expected_of(world, found[0]).price <= balance:
        raise NotJudgedError(f"the account of --poor-key holds ${balance}, enough for {n} pictures")
    return found
