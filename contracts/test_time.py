"""Time: how long a picture takes, and how long what was made is kept."""

from contracts.ageing import Ageing
from contracts.charges import cheapest
from contracts.claims import Level, Probe, bill, probes, rule
from contracts.court import Court
from contracts.judge import NotJudgedError
from contracts.oracle import latency
from contracts.test_money import cells

EARLY_S = 0.05
MILLISECONDS = 1000


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
        raise NotJudgedError("it needs a clock that can be advanced by days")
    lifetime = court.world.spec.facts.retention.seconds
    gone = court.world.spec.facts.status.of("not_found")
    for sight in seen:
        wanted = 200 if int(sight["age"]) <= lifetime else gone
        problems = [] if sight["status"] == wanted else [f"status {sight['status']}"]
        told = f"{wanted} for the {sight['what']} {sight['age']} s after it was made"
        name = "same-bytes/lifetime" if sight["what"] == "result" else "retention"
        repeat = f"(the clock moved on by {sight['age']} s, then GET {sight['path']})"
        court.judge(name, None, expected=told, problems=problems, repeat=repeat)
