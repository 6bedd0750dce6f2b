"""Webhooks: told when a task has ended and not before, until somebody listens."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

import pytest

from contracts.asking import default_size, expected_of, generation, probe
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.exchange import at
from contracts.hooks import SECOND, TRUSTED_S, Hooks, Told, behaviours, is_played_out
from contracts.judge import NotJudgedError
from contracts.oracle import tasks, webhooks
from contracts.oracle.webhooks import Attempt
from contracts.spec import Spec

ONCE = ("success", "another success", "last success", "sized", "edit", "two pictures", SECOND)
RETRIED = ("404", "302", "301", "307", "failed", "hang")
LATE_S = 5.0
"""How late an attempt may come on a busy machine; the rhythm is judged over several tasks."""
SILENT_S = 4.0
"""A busy machine may be silent for so long: whether a sender has given up is not known then."""
LOST = 4.5
"""How many attempts in a row a sender in a hurry may lose before they leave it, and a half."""
LITTLE_S = 0.15
NEGLIGIBLE_S = 0.003
FLOOR_S = 1.5
"""A sender of scaled time may well give an answer a real second."""


def bad_callback_urls(world: World) -> Iterator[Probe]:
    """What is no absolute http(s) URL, or too long."""
    longest = world.spec.field("callback_url").max_length or 0
    start = "http://127.0.0.1:9/"
    fits = start + "x" * (longest - len(start))
    bad = [
        "/webhook",
        "webhook",
        "ftp://127.0.0.1/x",
        "http://",
        "https://",
        "http://[::1",
        "//127.0.0.1/x",
        "",
        f"{fits}x",
    ]
    for url in bad:
        request = generation(world, callback_url=url)
        yield probe(world, f"{url[:40]!r}-{len(url)}", request, rule="callback-url")
    wrong: list[Json] = [7, True, ["http://127.0.0.1:9/"]]
    for value in wrong:
        request = generation(world, size=default_size(world), callback_url=value)
        yield probe(world, repr(value), request, rule="callback-url")
    for url in (fits, "https://127.0.0.1:9/a?b=c#d", "http://user:word@127.0.0.1:9/"):
        request = generation(world, callback_url=url)
        yield probe(world, f"{url[:40]!r}-{len(url)}", request, rule="callback-url")


def cost(world: World) -> Decimal:
    """USD that the scenario costs at most."""
    played = behaviours(world, 0)
    return sum(
        (expected_of(world, each.request).largest * each.replays for each in played), Decimal(0)
    )


@rule("callback-url")
@probes(bad_callback_urls)
def test_a_callback_url_is_absolute_and_not_too_long(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("hook-once")
@bill(Level.SMOKE, requests=50, largest=cost)
@pytest.mark.parametrize("name", [*ONCE, *RETRIED])
def test_a_webhook_comes_until_it_is_taken_and_no_more(
    name: str, court: Court, hooks: Hooks
) -> None:
    scale = court.target.state.time_scale
    wish = next(each for each in behaviours(court.world, scale) if each.name == name)

    def look(told: Told) -> list[str]:
        attempts = told.without_impatience(court.world.spec, scale)
        found = webhooks.problems(court.world.spec, attempts, scale=scale, slack_s=LATE_S)
        problems = [each.text for each in found if each.rule == "hook-once"]
        if len(attempts) != len(wish.answers):
            problems.append(f"{len(attempts)} attempts came: {_answered(attempts)}")
        astray = [each.target for each in attempts if not each.target.endswith(wish.query)]
        return problems + [f"it came to {target}" for target in astray]

    expected = f"{len(wish.answers)} attempts for a receiver that answers {_words(wish.answers)}"
    _judge(court, "hook-once", hooks.told(name), look, expected)


@rule("hook-once")
@bill(Level.SMOKE, requests=0)
@pytest.mark.parametrize("name", [name for name in (*ONCE, "failed") if name != SECOND])
def test_a_webhook_never_comes_before_a_poll_shows_the_end(
    name: str, court: Court, hooks: Hooks
) -> None:
    ended = tasks.terminal_states(court.world.spec)

    def look(told: Told) -> list[str]:
        early = [f"the poll said {state}" for state in told.states if state not in ended]
        return early if told.states else ["no webhook came"]

    expected = "a poll that shows the end as soon as the webhook has come"
    _judge(court, "hook-once", hooks.told(name), look, expected)


@rule("hook-payload")
@bill(Level.SMOKE, requests=0)
@pytest.mark.parametrize("name", [*ONCE, *RETRIED])
def test_a_payload_tells_what_the_poll_tells(name: str, court: Court, hooks: Hooks) -> None:
    def look(told: Told) -> list[str]:
        data = at(told.poll, "data")
        poll = data if isinstance(data, dict) else {}
        request = {k: v for k, v in told.request.items() if k not in {"callback_url", "image_url"}}
        problems = [
            each.text
            for attempt in told.attempts
            for each in webhooks.payload_problems(
                court.world.spec, attempt, poll=poll, request=request
            )
        ]
        known = [webhooks.known_part(court.world.spec, attempt) for attempt in told.attempts]
        if not problems and any(each != known[0] for each in known):
            problems = ["two attempts told different things"]
        return list(dict.fromkeys(problems)) if told.attempts else ["no webhook came"]

    expected = "the payload of the contract, like the poll of the task"
    _judge(court, "hook-payload", hooks.told(name), look, expected)


@rule("hook-retry")
@bill(Level.SMOKE, requests=0)
def test_retries_keep_the_rhythm(court: Court, hooks: Hooks) -> None:
    """Judged by the middle of several tasks: one gap alone may be late by chance."""
    spec, scale = court.world.spec, court.target.state.time_scale
    told, wanted = hooks.told("thrice 500"), [*spec.facts.hook_retry.retry_after_s]
    gaps = [_gaps(each.attempts) for each in told]
    whole = [each for each in gaps if len(each) == len(wanted)]
    problems = [] if whole else [f"{len(gaps[0]) + 1} attempts came"]
    if whole and len(whole) <= len(told) // 2:
        raise NotJudgedError("the target is too busy to keep any rhythm")
    problems += _off_rhythm(spec, whole, scale) if whole and scale else []
    expected = f"attempts after {', '.join(f'{gap * scale:g}' for gap in wanted)} s"
    court.judge("hook-retry", None, expected=expected, problems=problems, repeat=_repeat(told[0]))


@rule("hook-retry/background")
@bill(Level.SMOKE, requests=0)
def test_a_background_retry_follows(court: Court, hooks: Hooks) -> None:
    facts, scale = court.world.spec.facts.hook_retry, court.target.state.time_scale
    last = facts.background_every_s * scale

    def look(told: Told) -> list[str]:
        gaps = _gaps(told.without_impatience(court.world.spec, scale))
        if len(gaps) != len(facts.retry_after_s) + 1:
            return [f"{len(gaps) + 1} attempts came"]
        on_time = last * 0.9 - NEGLIGIBLE_S <= gaps[-1] <= last * 1.2 + LATE_S / 10
        return [] if on_time else [f"the last came after {gaps[-1]:.2f} s"]

    expected = f"one more attempt {last:g} s after the last retry"
    _judge(court, "hook-retry/background", hooks.told("background"), look, expected)


@rule("hook-retry/redirects")
@bill(Level.SMOKE, requests=0)
@pytest.mark.parametrize("name", ["301", "302", "307"])
def test_a_redirect_is_not_followed(name: str, court: Court, hooks: Hooks) -> None:
    def look(told: Told) -> list[str]:
        problems = [f"{told.elsewhere} requests went where it pointed"] if told.elsewhere else []
        return problems + ([] if len(told.attempts) > 1 else ["no second attempt came"])

    expected = "another attempt at the same URL"
    _judge(court, "hook-retry/redirects", hooks.told(name), look, expected)


@rule("hook-retry")
@bill(Level.SMOKE, requests=0)
def test_a_silent_receiver_is_given_up_in_time(court: Court, hooks: Hooks) -> None:
    limit = court.world.spec.facts.hook_retry.attempt_timeout_s * court.target.state.time_scale

    def look(told: Told) -> list[str]:
        if not told.attempts:
            return ["no webhook came"]
        waited = told.attempts[0].ended_s - told.attempts[0].at_s
        on_time = limit * 0.75 - LITTLE_S <= waited <= limit * 1.25 + FLOOR_S
        return [] if on_time or not limit else [f"it was waited for {waited:.2f} s"]

    expected = f"an attempt that waits {limit:g} s for its answer"
    _judge(court, "hook-retry", hooks.told("hang"), look, expected)


@rule("hook-retry", "hook-retry/background")
@bill(Level.SMOKE, requests=0)
def test_retries_end_at_last(court: Court, hooks: Hooks) -> None:
    spec, scale = court.world.spec, court.target.state.time_scale
    if not is_played_out(spec, scale):
        raise NotJudgedError("half an hour of the target's time is too long to wait for")
    told = hooks.told("for ever")
    if not told[0].attempts:
        raise NotJudgedError("no webhook came")
    moments = [attempt.at_s - told[0].attempts[0].at_s for attempt in told[0].attempts]
    facts = spec.facts.hook_retry
    end, pause = facts.give_up_after_s * scale, facts.background_every_s * scale
    # A sender may look at the clock before the last pause, and be late with all before.
    latest = end + pause + LATE_S / 10
    late = [f"an attempt came after {each:.1f} s" for each in moments if each > latest]
    expected = f"no attempt more than {end:g} s after the first"
    _judge(court, "hook-retry", told, lambda _: late[:1], expected)
    watched = told[0].until - told[0].attempts[0].at_s
    silence = min(end, watched) - moments[-1]
    if LOST * pause < silence <= SILENT_S:
        raise NotJudgedError("the target is too busy to keep any rhythm")
    early = silence > LOST * pause
    problems = [f"the last of {len(moments)} came after {moments[-1]:.1f} s"] if early else []
    expected = f"attempts every {pause:g} s until {end:g} s after the first"
    _judge(court, "hook-retry/background", told, lambda _: problems, expected)


def _judge(
    court: Court, name: str, told: list[Told], look: Callable[[Told], list[str]], expected: str
) -> None:
    """Judges the replay that has least wrong: a fault shows in each."""
    problems, first = min(((look(each), each) for each in told), key=lambda pair: len(pair[0]))
    court.judge(name, None, expected=expected, problems=problems, repeat=_repeat(first))


def _off_rhythm(spec: Spec, gaps: list[list[float]], scale: float) -> list[str]:
    """The gaps that are too short by and large, or too long each time."""
    problems, facts = [], spec.facts.hook_retry
    is_hasty = facts.attempt_timeout_s * scale <= TRUSTED_S
    following = [*facts.retry_after_s[1:], facts.background_every_s]
    for number, (gap, then) in enumerate(zip(facts.retry_after_s, following, strict=True)):
        seen, due = [each[number] for each in gaps], gap * scale
        # A sender in a hurry may lose one attempt before it has left the machine.
        latest = due + then * scale if is_hasty else due
        if statistics.median(seen) < due * 0.9 - NEGLIGIBLE_S:
            problems.append(f"attempt {number + 2} came after {statistics.median(seen):.3f} s")
        elif min(seen) > latest * 1.2 + LITTLE_S:
            problems.append(f"attempt {number + 2} came after {min(seen):.3f} s at the soonest")
    return problems


def _gaps(attempts: Sequence[Attempt]) -> list[float]:
    return [second.at_s - first.ended_s for first, second in pairwise(attempts)]


def _answered(attempts: Iterable[Attempt]) -> str:
    return ", ".join("silence" if a.answered is None else str(a.answered) for a in attempts)


def _words(answers: tuple[int | None, ...]) -> str:
    return ", then ".join("nothing" if answer is None else str(answer) for answer in answers)


def _repeat(told: Told) -> str:
    """What a webhook needs besides one request cannot be pasted: a receiver."""
    task_id = at(told.created, "data", "taskId")
    return f"(a task with callback_url and a receiver; here task {task_id})"
