"""Time: how long a picture takes, and how long what was made is kept."""

from collections.abc import Iterator
from http import HTTPStatus

from contracts.ageing import Ageing
from contracts.asking import edit, probe, task
from contracts.charges import cheapest
from contracts.claims import Level, Probe, World, bill, last, probes, rule
from contracts.court import Court
from contracts.exchange import Exchange, Key, at
from contracts.judge import NotJudgedError
from contracts.oracle import latency
from contracts.oracle.tasks import result_urls, terminal_states
from contracts.test_money import cells

EARLY_S = 0.05
MILLISECONDS = 1000
NO_CLOCK = "it needs a clock that can be advanced by days"


@rule("latency", "latency/distribution")
@probes(cells)
def test_a_picture_takes_the_time_of_its_quality(probe: Probe, court: Court) -> None:
    """Measured and reported everywhere; judged on the project's mock alone, never as too late."""
    exchange = court.target.exchange(probe)
    if probe.expected is None or not exchange.answer.entries():
        raise NotJudgedError("no picture came")
    bounds = latency.bounds(court.world.spec, probe.expected.quality)
    scale, took = court.target.state.time_scale, exchange.answer.seconds
    court.judge("latency", exchange, expected="a time that can be measured", problems=[])
    if court.target.state.control is None:
        return
    early = took < bounds.min * scale - EARLY_S
    problems = [f"{took:.2f} s"] if early else []
    told = f"{bounds.min * scale:g} s or more for {probe.expected.quality}"
    court.judge("latency/distribution", exchange, expected=told, problems=problems)


@rule("retention", "same-bytes/lifetime")
@bill(Level.FULL, requests=8, largest=cheapest)
def test_what_was_made_lives_as_long_as_promised(court: Court, ageing: Ageing) -> None:
    """Where the target's clock can be advanced: alive a day before the end, unknown a day after."""
    seen = ageing.seen()
    if seen is None:
        raise NotJudgedError(NO_CLOCK)
    lifetime = court.world.spec.facts.retention.seconds
    gone = court.world.spec.facts.status.of("not_found")
    for sight in seen:
        wanted = 200 if int(sight["age"]) <= lifetime else gone
        problems = [] if sight["status"] == wanted else [f"status {sight['status']}"]
        told = f"{wanted} for the {sight['what']} {sight['age']} s after it was made"
        name = "same-bytes/lifetime" if sight["what"] == "result" else "retention"
        repeat = f"(the clock moved on by {sight['age']} s, then GET {sight['path']})"
        court.judge(name, None, expected=told, problems=problems, repeat=repeat)


def made_first(world: World) -> Iterator[Probe]:
    """Tasks that are made among the first of a run."""
    wishes = {"task": task(world), "two": task(world, n=2), "three": task(world, n=3)}
    for name, request in {**wishes, "edit": edit(world)}.items():
        yield probe(world, name, request, rule="retention")


@last()
@rule("retention")
@probes(made_first)
def test_a_task_is_still_known_when_many_more_were_made(probe: Probe, court: Court) -> None:
    """Whoever keeps the latest few alone is found out; for how many days they are kept is not."""
    history = court.target.history(probe)
    task_id, state = history.created.answer.task_id, history.data.get("state")
    if task_id is None:
        raise NotJudgedError("no task was made")
    again = court.target.send(court.target.poll_request(task_id))
    now = at(again.answer.json, "data", "state")
    is_known = now == state if state in terminal_states(court.world.spec) else now is not None
    urls = [court.target.get(url, key=Key.NONE) for url in result_urls(history.last)]
    problems = [] if is_known else [f"{_status(again)}, state {now!r}; before {state!r}"]
    problems += [_status(each) for each in urls if each.answer.status != HTTPStatus.OK]
    if not problems:
        raise NotJudgedError(NO_CLOCK)
    told = "the task and its picture, as they were found before"
    court.judge("retention", again, expected=told, problems=problems)


def _status(exchange: Exchange) -> str:
    return f"status {exchange.answer.status}"
