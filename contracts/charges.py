"""What a probe cost, by the balance and by the record that the target keeps of it.

Rules: price, price-auto, price-n, tier, settle-once, free-failure.
"""

from collections.abc import Iterator
from decimal import Decimal
from http import HTTPStatus
from typing import cast

from contracts.asking import cheapest_quality, default_size, expected_of
from contracts.claims import Probe, World
from contracts.court import Court
from contracts.exchange import Exchange, at
from contracts.judge import NotJudgedError
from contracts.oracle import prices
from contracts.oracle.ledger import Ledger, balance_problems
from contracts.oracle.requests import Expectation
from contracts.oracle.schemas import complaints
from contracts.target import Balance
from contracts.wave import Wave, Weighing

__all__ = [
    "NO_BALANCE",
    "PARALLEL",
    "changes",
    "cheapest",
    "credits_of",
    "judge_balance",
    "judge_charge",
    "judge_record",
    "record_of",
    "shape_problems",
]

NO_BALANCE = "the target offers no balance (GET /balance)"
PARALLEL = 24
"""Fewer requests at once have been seen to miss a race for the same money."""


def cheapest(world: World) -> Decimal:
    """USD of the cheapest picture."""
    return prices.price(world.spec, default_size(world), cheapest_quality(world.spec))


def changes(before: Balance, after: Balance) -> list[str]:
    """What two looks at an account differ in, in words."""
    names = ("total", "frozen", "balance")
    pairs = [(name, getattr(before, name), getattr(after, name)) for name in names]
    return [f"{name} went from {old} to {new}" for name, old, new in pairs if old != new]


def judge_balance(
    court: Court,
    exchange: Exchange | None,
    seen: Balance,
    wanted: Balance,
    moment: str,
    name: str = "settle-once",
) -> None:
    """Judges what an account holds at some moment, to the last digit."""
    problems = balance_problems(_ledger(seen), expected=_ledger(wanted))
    told = f"{moment}: total {wanted.total}, frozen {wanted.frozen}, balance {wanted.balance}"
    court.judge(name, exchange, expected=told, problems=[each.text for each in problems])


def _ledger(balance: Balance) -> Ledger:
    return Ledger(total=balance.total, frozen=balance.frozen, balance=balance.balance)


def judge_charge(court: Court, probe: Probe, wave: Wave) -> None:
    """Judges what the account lost for a probe of the wave; NotJudgedError without a balance."""
    weighings = wave.weighings()
    if not weighings:
        raise NotJudgedError(NO_BALANCE)
    expected = probe.expected or expected_of(court.world, probe.request)
    own = next((each for each in weighings if each.names == (probe.name,)), None)
    blamed = _blamed(court.world, probe, expected, own)
    wrong = own is not None and not own.is_right
    unknown = own is None and not all(each.is_right for each in weighings)
    if unknown and any(len(each.names) > 1 for each in weighings):
        return
    told = f"the account lost ${own.charged}" if own else ""
    exchange = court.target.recorded(probe)
    for name in dict.fromkeys((blamed, *_rules(expected))):
        problems = [told] if wrong and name == blamed else []
        court.judge(name, exchange, expected=f"a charge of ${probe.price}", problems=problems)


def judge_record(
    court: Court,
    exchange: Exchange,
    price: Decimal,
    *,
    beside: Exchange | None = None,
) -> None:
    """Judges the record of a call that has ended; NotJudgedError where the target has none.

    It has them where it has that of `beside`, another call of the kind.
    """
    task_id = exchange.answer.task_id
    found = record_of(court, exchange)
    if found.answer.status != HTTPStatus.OK:
        _judge_missing(court, found, beside, is_task=task_id is not None)
        raise NotJudgedError("the target offers no records (GET /records/{id})")
    told = credits_of(found)
    settled = at(found.answer.json, "data", "settled")
    problems = []
    if told != price:
        problems.append(f"credits is {told}")
    if settled is not True:
        problems.append(f"settled is {settled!r}")
    if task_id is not None and at(found.answer.json, "data", "taskId") != task_id:
        problems.append(f"taskId is {at(found.answer.json, 'data', 'taskId')!r}")
    problems += shape_problems(court.world, "Record", found)
    name = "settle-once" if task_id and price else "settle-once/records"
    court.judge(
        name if task_id else "settle-once/sync-record",
        found,
        expected=f"a record: settled true, credits {price}",
        problems=problems,
    )


def _judge_missing(
    court: Court, found: Exchange, beside: Exchange | None, *, is_task: bool
) -> None:
    if beside is None or record_of(court, beside).answer.status != HTTPStatus.OK:
        return
    name = "settle-once/records" if is_task else "settle-once/sync-record"
    wrong = [f"status {found.answer.status}"]
    court.judge(name, found, expected="a record, as other calls have one", problems=wrong)


def shape_problems(world: World, schema: str, exchange: Exchange) -> list[str]:
    """Why an answer about money is not by its schema, or in another currency than the prices."""
    found = complaints(world.spec, schema, exchange.answer.json)
    currency = at(exchange.answer.json, "data", "currency")
    wanted = world.spec.facts.price.currency
    wrong = [] if currency == wanted else [f"currency is {currency!r}; expected {wanted!r}"]
    return [*(f"{place}: {words}" for place, words in found), *wrong]


def record_of(court: Court, exchange: Exchange) -> Exchange:
    """The record of a call: of its task, or by the request id of a sync one."""
    name = exchange.answer.task_id or exchange.answer.request_id or "none"
    return court.target.record(name, key=exchange.request.key)


def credits_of(record: Exchange) -> Decimal | None:
    """What a record or a poll says was charged, exactly."""
    exact = record.answer.exact
    data = exact.get("data") if isinstance(exact, dict) else None
    value = data.get("credits") if isinstance(data, dict) else None
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(cast("int", value)) if is_number else None


def _rules(expected: Expectation) -> Iterator[str]:
    """The rules of money that a right charge shows kept."""
    yield "price"
    yield "tier"
    if expected.images > 1:
        yield "price-n"


def _blamed(world: World, probe: Probe, expected: Expectation, own: Weighing | None) -> str:
    """Which rule a wrong charge breaks: the one that would explain it."""
    asked = probe.request.asked().get("quality")
    if asked in world.spec.facts.profile.openai.quality_synonyms:
        return "profile"
    if own is None or own.is_right:
        return "price-auto" if asked in {None, *world.spec.facts.price_auto.billed_as} else "price"
    if expected.images > 1 and own.charged != probe.price:
        return "price-n"
    other_tiers = [
        prices.price(world.spec, tier.name, expected.quality, expected.images)
        for tier in world.spec.facts.tier.tiers
    ]
    if own.charged in other_tiers:
        return "tier"
    return "price-auto" if asked in {None, *world.spec.facts.price_auto.billed_as} else "price"
