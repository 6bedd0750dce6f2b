"""What a picture costs, when it is paid, and what costs nothing.

The paid probes of the whole run are weighed together by the balance (`contracts.wave`); here their
sums are judged. What a target wrote down about each is judged besides, where it keeps records.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http import HTTPStatus

from contracts.asking import (
    ABSENT,
    NOWHERE,
    Value,
    default_size,
    edit,
    edit_json,
    expected_of,
    generation,
    probe,
    task,
    wait,
)
from contracts.charges import (
    NO_BALANCE,
    PARALLEL,
    changes,
    cheapest,
    judge_balance,
    judge_charge,
    judge_record,
    record_of,
    shape_problems,
)
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court, must_be_offered
from contracts.decode import Json
from contracts.exchange import Exchange, Key, Request, at
from contracts.judge import Judge, NotJudgedError
from contracts.oracle import prices
from contracts.oracle.tasks import result_urls
from contracts.samples import SAMPLE, data_uri, gradient, half_mask, text_of
from contracts.target import Balance, Target, is_accepted
from contracts.test_access import makes_pictures, operations
from contracts.wave import Wave

PRIVATE = "http://10.0.0.1/private.png"
"""A reference that makes its task fail."""


def cells(world: World) -> Iterator[Probe]:
    """Every cell of the price table, and the names that are billed as another one."""
    for tier in world.spec.facts.tier.tiers:
        for name, quality in prices.cells(world.spec):
            if name != tier.name or not _is_known(world, quality):
                continue
            # A name that is billed as another is tried on the last size: a portrait.
            size = tier.typical[-1 if quality in world.spec.facts.price_auto.billed_as else 0]
            fields = {} if quality is None else {"quality": quality}
            request = generation(world, size=size, **fields)
            if quality is None:
                request = _without_quality(world, size=str(size))
            rule_id = "price" if quality in world.spec.facts.price.per_image[name] else "price-auto"
            level = Level.SMOKE if tier is world.spec.facts.tier.tiers[0] else Level.FULL
            yield probe(world, f"{name}-{quality}", request, rule=rule_id, level=level)
            if quality in world.spec.facts.price.per_image[name] and len(tier.typical) > 1:
                turned = generation(world, size=tier.typical[-1], quality=quality)
                yield probe(world, f"{name}-{quality} turned", turned, rule="price")


def counts(world: World) -> Iterator[Probe]:
    """Several pictures at once, in both modes and in a form."""
    field = world.spec.field("n")
    size = default_size(world)
    for n in range(field.minimum or 1, (field.maximum or 1) + 1):
        request = generation(world, size=size, n=n)
        level = Level.SMOKE if n == 2 else Level.FULL
        yield probe(world, f"{n}", request, rule="price-n", level=level)
    yield probe(world, "task", task(world, n=3), rule="price-n")
    yield probe(world, "form", edit(world, size=size, n=3), rule="price-n")
    dear = world.spec.facts.tier.tiers[-1].typical[0]
    yield probe(world, "dear", generation(world, size=dear, n=2), rule="price-n")
    yield probe(world, "medium", _without_quality(world, size=str(size), n=2), rule="price-n")


def trimmings(world: World) -> Iterator[Probe]:
    """What never changes the price: prompt, references, mask, background, format."""
    size, picture = default_size(world), gradient(SAMPLE)
    wishes = {
        "long prompt": generation(world, size=size, prompt="a red cube " * 200),
        "transparent": generation(world, size=size, background="transparent"),
        "opaque": generation(world, size=size, background="opaque"),
        **{
            form: generation(world, size=size, output_format=form)
            for form in world.spec.facts.output_format.media_types
        },
        "one reference": edit(world, size=size),
        "many references": edit(world, [picture] * _most(world), size=size),
        "mask": edit(world, None, half_mask(SAMPLE), size=size),
        "task": task(world, background="transparent", output_format="webp"),
        "task by ratio": generation(world, aspect_ratio="16:9"),
        "callback": generation(world, size=size, callback_url=NOWHERE),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="price")


def qualities_everywhere(world: World) -> Iterator[Probe]:
    """The names that are billed as another one, and null, where `cells` does not send them.

    Every cell of the table is asked for by a task and by an edit as well.
    """
    size = default_size(world)
    for quality in (*world.spec.facts.price_auto.billed_as, None):
        wishes = {
            "task": task(world, quality=quality),
            "edit": edit(world, size=size, quality=quality),
            "json edit": edit_json(world, size=size, quality=quality),
            "edit task": edit(world, quality=quality),
            "wait": wait(world, quality=quality),
        }
        for name, request in wishes.items():
            yield probe(world, f"{name} {quality}", request, rule="price-auto")
    for tier, row in world.spec.facts.price.per_image.items():
        for quality in row:
            request = task(world, resolution=tier, quality=quality)
            yield probe(world, f"task of {tier} {quality}", request, rule="price")
    for each in world.spec.facts.tier.tiers:
        for quality in world.spec.facts.price.per_image[each.name]:
            request = edit(world, size=each.typical[0], quality=quality)
            yield probe(world, f"edit of {each.name} {quality}", request, rule="price")


def counts_everywhere(world: World) -> Iterator[Probe]:
    """Several pictures where `counts` does not ask for them, at another quality too."""
    size, tiers = default_size(world), world.spec.facts.tier.tiers
    dearest = max(world.spec.facts.price.per_image[tiers[0].name].items(), key=lambda c: c[1])[0]
    wishes = {
        "json edit": edit_json(world, size=size, n=2),
        "wait": wait(world, n=2),
        "dearest": generation(world, size=size, quality=dearest, n=2),
        "dear task": generation(world, resolution=tiers[-1].name, n=2),
        "with a reference": generation(world, size=size, n=2, image=text_of(gradient(SAMPLE))),
        **{
            f"{name}": generation(world, size=size, n=2, quality=name)
            for name in world.spec.facts.price_auto.billed_as
        },
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="price-n")


def refusals(world: World) -> Iterator[Probe]:
    """One refusal of each kind; none may cost anything."""
    size = default_size(world)
    wishes = {
        "size": generation(world, size="1000x1000"),
        "quality": generation(world, size=size, quality="ultra"),
        "count": generation(world, size=size, n=(world.spec.field("n").maximum or 1) + 1),
        "prompt": generation(world, size=size, prompt=None),
        "model": generation(world, size=size, model="no-such-model"),
        "reference": generation(world, size=size, image_base64="!!!"),
        "edit": edit(world, [], size=size),
        "ratio": generation(world, aspect_ratio="99:1"),
        "callback": generation(world, callback_url="nowhere"),
        "format": generation(world, size=size, background="transparent", output_format="jpeg"),
    }
    if world.profile == "openai":
        del wishes["model"]
    for name, request in wishes.items():
        yield probe(world, name, request, rule="free-failure")


def tasks_and_calls(world: World) -> Iterator[Probe]:
    """A task and a synchronous call, to be looked up in the records."""
    size = default_size(world)
    wishes = {
        "task": task(world),
        "call": generation(world, size=size),
        "task for two": task(world, n=2),
        "call for two": generation(world, size=size, n=2),
        "edit for two": edit(world, size=size, n=2),
        "json edit": edit_json(world, size=size),
        "edit task": edit(world),
        "waited for": wait(world),
    }
    for name, request in wishes.items():
        level = Level.SMOKE if name in {"task", "call"} else Level.FULL
        yield probe(world, name, request, rule="settle-once", level=level)


@rule("price", "price-auto", "tier")
@probes(cells)
def test_a_cell_of_the_price_table_is_charged(probe: Probe, court: Court, wave: Wave) -> None:
    court.hear(probe)
    judge_charge(court, probe, wave)


@rule("price-n", "price", "n")
@probes(counts)
def test_several_pictures_cost_several_times_one(probe: Probe, court: Court, wave: Wave) -> None:
    court.hear(probe)
    judge_charge(court, probe, wave)


@rule("price-auto", "price")
@probes(qualities_everywhere)
def test_a_quality_is_billed_alike_everywhere(probe: Probe, court: Court, wave: Wave) -> None:
    judge_charge(court, probe, wave)


@rule("price-n")
@probes(counts_everywhere)
def test_several_pictures_are_counted_everywhere(probe: Probe, court: Court, wave: Wave) -> None:
    judge_charge(court, probe, wave)


@rule("price")
@probes(trimmings)
def test_trimmings_do_not_change_the_price(probe: Probe, court: Court, wave: Wave) -> None:
    court.hear(probe)
    judge_charge(court, probe, wave)


@rule("price", "settle-once")
@bill(Level.SMOKE, requests=0)
def test_the_account_lost_what_the_run_should_cost(judge: Judge, wave: Wave) -> None:
    """Whatever was sent ahead, in whatever combination of fields, is in this sum."""
    weighings = wave.weighings()
    if not weighings:
        raise NotJudgedError(NO_BALANCE)
    for weighing in weighings:
        wrong = [] if weighing.is_right else [f"the account lost ${weighing.charged}"]
        expected = f"${weighing.expected} for {_named(weighing.names)}"
        judge("price", None, expected=expected, problems=wrong)
        held = weighing.frozen_after - weighing.frozen_before
        left = [f"${held} more is frozen than before"] if held else []
        judge("settle-once", None, expected="nothing held when all has ended", problems=left)


@rule("settle-once")
@probes(tasks_and_calls)
def test_a_record_tells_the_charge(probe: Probe, court: Court) -> None:
    court.hear(probe)
    exchange = court.target.recorded(probe)
    is_task = exchange.answer.task_id is not None
    first = next(each for each in tasks_and_calls(court.world) if each.is_task == is_task)
    judge_record(court, exchange, probe.price, beside=court.target.recorded(first))


@rule("settle-once/sync-record")
@bill(Level.SMOKE, requests=4, largest=lambda world: cheapest(world) + prices.largest(world.spec))
def test_a_refused_call_has_no_record(court: Court) -> None:
    """Where a call that was made has one: else nothing is known of records."""
    made = probe(
        court.world,
        "made",
        generation(court.world, size=default_size(court.world)),
        rule="settle-once",
    )
    seen = court.target.exchange(made).answer.request_id
    if seen is None or court.target.record(seen).answer.status != HTTPStatus.OK:
        raise NotJudgedError("the target offers no records of synchronous calls")
    request = generation(court.world, size="1000x1000")
    refused = court.target.send(request, largest=prices.largest(court.world.spec))
    name, unknown = refused.answer.request_id, court.world.spec.facts.status.of("not_found")
    if name is None or refused.answer.status != HTTPStatus.BAD_REQUEST:
        raise NotJudgedError("nothing was refused")
    found = court.target.record(name)
    wrong = [] if found.answer.status == unknown else [f"status {found.answer.status}"]
    told = f"{unknown}: what was refused has no record"
    court.judge("settle-once/sync-record", found, expected=told, problems=wrong)


@rule("settle-once")
@bill(Level.FREE, requests=1)
def test_the_balance_is_told_in_full(court: Court) -> None:
    exchange = court.target.get("/balance")
    must_be_offered(exchange)
    problems = shape_problems(court.world, "Balance", exchange)
    told = "the schema Balance, in the currency of the prices"
    court.judge("settle-once", exchange, expected=told, problems=problems)


@rule("settle-once")
@bill(Level.FREE, requests=8)
def test_what_makes_no_pictures_costs_nothing(court: Court) -> None:
    target = court.target
    asked = [each for each in operations(court.world).values() if not makes_pictures(each)]
    with target.shared.account(Key.MAIN, alone=True):
        before = target.balance()
        sent = [target.send(each, alone=True) for each in asked]
        after = target.balance()
    told = "the same balance after polls, lists and an upload"
    court.judge("settle-once", sent[0], expected=told, problems=changes(before, after))


@rule("free-failure")
@bill(Level.FREE, requests=10)
def test_refused_requests_cost_nothing(court: Court) -> None:
    """The account is watched while one request of each kind is refused."""
    target = court.target
    with target.shared.account(Key.MAIN, alone=True):
        before = target.balance()
        sent = [_refused(court, each) for each in refusals(court.world)]
        after = target.balance()
    court.judge(
        "free-failure",
        sent[0],
        expected="the same balance after requests that were refused",
        problems=changes(before, after),
    )


@rule("free-failure", "settle-once", "settle-once/records")
@bill(Level.SMOKE, requests=16, largest=lambda world: 8 * cheapest(world))
def test_a_failed_task_costs_nothing(court: Court) -> None:
    """It holds its price while it runs, and gives all of it back; an edit does so too."""
    target, price = court.target, cheapest(court.world) * 2
    with target.shared.account(Key.MAIN, alone=True):
        before = target.balance()
        made = [target.send(each, price=price, alone=True) for each in _doomed(court.world)]
        histories = [target.follow(each) for each in made]
        after = target.balance()
    created = made[0]
    if any(history.data.get("state") != "failed" for history in histories):
        raise NotJudgedError("no task could be made to fail (a private reference URL did not)")
    court.judge(
        "free-failure",
        created,
        expected="the same balance after a task that failed",
        problems=changes(before, after),
    )
    judge_record(court, created, Decimal(0))


@rule("free-failure", "generations-sync")
@bill(Level.SMOKE, requests=1, largest=cheapest)
def test_a_failure_that_was_waited_for_costs_nothing(court: Court) -> None:
    target = court.target
    request = wait(court.world, image_url=PRIVATE, prompt="doomed")
    with target.shared.account(Key.MAIN, alone=True):
        before = target.balance()
        exchange = target.send(request, price=cheapest(court.world), alone=True)
        after = target.balance()
    must_be_offered(exchange)
    if at(exchange.answer.json, "data", "state") != "failed":
        raise NotJudgedError("no task could be made to fail (a private reference URL did not)")
    court.judge(
        "free-failure",
        exchange,
        expected="the same balance after a failure that was waited for",
        problems=changes(before, after),
    )


def watched(world: World) -> list[Request]:
    """Tasks that run together: one picture, two of them, and one that is billed as another."""
    named = next(iter(world.spec.facts.price_auto.billed_as), ABSENT)
    wishes: list[dict[str, Value]] = [{}, {"n": 2}, {"quality": named}]
    return [task(world, prompt="a watched task", **each) for each in wishes]


def cost_of_watched(world: World) -> Decimal:
    """USD that the watched tasks cost."""
    return sum((expected_of(world, each).price for each in watched(world)), Decimal(0))


@rule("settle-once", "settle-once/records")
@bill(Level.SMOKE, requests=20, largest=cost_of_watched)
def test_tasks_are_held_then_charged_once(court: Court) -> None:
    """From submit to its end a price is frozen; looking at a task on and on costs nothing more."""
    target, world = court.target, court.world
    requests, price = watched(world), cost_of_watched(world)
    moments: dict[str, tuple[Balance, Balance]] = {}
    with target.shared.account(Key.MAIN, alone=True):
        before = target.balance()
        held = Balance(before.balance - price, before.total, before.frozen + price)
        paid = Balance(before.balance - price, before.total - price, before.frozen)
        created = [
            target.send(each, price=expected_of(world, each).price, alone=True) for each in requests
        ]
        during = target.balance()
        record = record_of(court, created[0])
        if all(state in _open_states(world) for state in _states(target, created)):
            moments["while they run"] = (during, held)
        target.wait_until(lambda: not _are_new(world, _states(target, created)))
        later = target.balance()
        states = _states(target, created)
        if all(state in _open_states(world) for state in states) and not _are_new(world, states):
            moments["while they are worked on"] = (later, held)
        histories = [target.follow(each) for each in created]
        moments["when they have ended"] = (target.balance(), paid)
        for _ in range(5):
            target.get(_poll_path(created[0]))
        for url in result_urls(histories[0].last):
            target.get(url, key=Key.NONE)
        moments["after five more polls and a look at a picture"] = (target.balance(), paid)
    for moment, (seen, wanted) in moments.items():
        judge_balance(court, created[0], seen, wanted, moment)
    if "while they run" in moments:
        _judge_running(court, record, created[0])


@rule("settle-once", "price-n")
@bill(Level.FULL, requests=PARALLEL, largest=lambda world: cheapest(world) * PARALLEL)
def test_many_at_once_are_charged_to_the_cent(court: Court) -> None:
    """Two requests that read the same balance before either writes it lose a charge."""
    target, world = court.target, court.world
    request = generation(world, size=default_size(world), prompt="one of many")
    other = task(world, prompt="one task of many")
    requests = [(other if i % 2 else request).again(i + 1) for i in range(PARALLEL)]
    price = expected_of(world, request).price
    with target.shared.account(Key.MAIN, alone=True):
        before = target.balance()
        with ThreadPoolExecutor(PARALLEL) as pool:
            done = list(pool.map(lambda each: _ended(target, each, price), requests))
        after = target.balance()
    taken = sum(done)
    paid = Balance(before.balance - taken * price, before.total - taken * price, before.frozen)
    judge_balance(court, None, after, paid, f"after {taken} requests at once for ${price} each")


def _named(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} requests together"


def _refused(court: Court, probe: Probe) -> Exchange:
    return court.target.send(probe.request.again(1), largest=probe.largest, alone=True)


def _ended(target: Target, request: Request, price: Decimal) -> int:
    """1 when the request was taken, and has come to its end."""
    exchange = target.send_unjudged(request, price=price, alone=True)
    if exchange.answer.task_id is not None:
        target.follow(exchange)
    return int(is_accepted(exchange))


def _states(target: Target, created: Iterable[Exchange]) -> list[Json]:
    """How tasks stand."""
    return [at(target.get(_poll_path(each)).answer.json, "data", "state") for each in created]


def _are_new(world: World, states: Iterable[Json]) -> bool:
    """Whether any of the tasks is not worked on yet."""
    return world.spec.facts.task_created.state in states


def _judge_running(court: Court, record: Exchange, created: Exchange) -> None:
    """Judges the record of a task that ran, where a task that has ended has one."""
    if record.answer.status != HTTPStatus.OK:
        if record_of(court, created).answer.status != HTTPStatus.OK:
            return
        wanted = "a record of a task that runs, as there is one when it has ended"
        status = [f"status {record.answer.status}"]
        court.judge("settle-once/records", record, expected=wanted, problems=status)
        return
    data = at(record.answer.json, "data")
    told = {"settled": at(data, "settled"), "credits": at(data, "credits")}
    wrong = [] if told == {"settled": False, "credits": 0} else [str(told)]
    wanted = "settled false, credits 0 while it runs"
    court.judge("settle-once/records", record, expected=wanted, problems=wrong)


def _poll_path(created: Exchange) -> str:
    return f"/images/generations?task_id={created.answer.task_id}"


def _open_states(world: World) -> list[str]:
    return [state for state, following in world.spec.facts.task_steps.next.items() if following]


def _doomed(world: World) -> list[Request]:
    """Tasks that must fail: a reference of theirs lies on a private host."""
    pictures: Json = [{"image_url": data_uri(gradient(SAMPLE))}, {"image_url": PRIVATE}]
    tier = world.spec.facts.tier.tiers[0].name
    edited = edit_json(world, images=pictures, prompt="doomed", resolution=tier)
    plain = task(world, image_url=PRIVATE, prompt="doomed")
    two = task(world, image_url=PRIVATE, prompt="doomed", n=2)
    told = task(world, image_url=PRIVATE, prompt="doomed", callback_url=NOWHERE)
    return [plain, two, told, edited]


def _without_quality(world: World, **fields: Json) -> Request:
    return generation(world, quality=ABSENT, **fields)


def _is_known(world: World, quality: str | None) -> bool:
    """Synonyms are names of the profile openai alone."""
    return (
        world.profile == "openai" or quality not in world.spec.facts.profile.openai.quality_synonyms
    )


def _most(world: World) -> int:
    return world.spec.facts.max_references.max
