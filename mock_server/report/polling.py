"""Tasks asked for too often, for ever, or not at all."""

import itertools
from collections.abc import Iterator, Sequence

from mock_server.journal import Exchange
from mock_server.report.evidence import (
    Evidence,
    Terms,
    attempts_by_task,
    polls_by_task,
    tasks,
)
from mock_server.report.finding import Finding

__all__ = ["endless_polling", "fast_polling", "size_left_out", "task_not_collected"]

_LEAST_INTERVAL_S = 1.0
_OK, _GONE = 200, 404


def fast_polling(evidence: Evidence) -> Iterator[Finding]:
    """Asked again within a second."""
    for task_id, polls in polls_by_task(evidence).items():
        quick = [
            (before, after)
            for before, after in itertools.pairwise(polls)
            if before.status == _OK and not before.is_final and not before.faults
            if _interval(evidence.terms, before, after) < _LEAST_INTERVAL_S
        ]
        if quick:
            shortest = min(_interval(evidence.terms, *pair) for pair in quick)
            yield Finding(
                "fast-polling",
                f"The task {task_id} was asked for again after {shortest:.2f} s, and faster than "
                f"every second {len(quick)} x.",
                "Poll every few seconds: a picture takes 40 s and more.",
                tuple({e.id: e for pair in quick for e in pair}.values()),
            )


def _interval(terms: Terms, before: Exchange, after: Exchange) -> float:
    """Seconds from one beginning to the next, in doubt longer."""
    seconds = after.received_at - before.received_at
    if terms.stands_still:
        seconds = max(seconds, after.received_really - before.received_really)
    return seconds + terms.slack_s


# Somebody may look again at a task that has ended.
_LOOKS_AFTER_END = 2


def endless_polling(evidence: Evidence) -> Iterator[Finding]:
    """Asked on and on after the last answer there is, or until the task was forgotten."""
    for task_id, polls in polls_by_task(evidence).items():
        last = next((i for i, poll in enumerate(polls) if _is_last(poll)), len(polls))
        after = polls[last + 1 :]
        is_forgotten = last < len(polls) and _was_forgotten(evidence.terms, polls[: last + 1])
        if len(after) > _LOOKS_AFTER_END or is_forgotten:
            what = f"{len(after)} x more after its last answer"
            yield Finding(
                "endless-polling",
                f"The task {task_id} was asked for "
                + ("until it was forgotten." if is_forgotten else f"{what}, {polls[last].status}."),
                "Stop at completed, failed or 404, and give up on a task after some minutes.",
                tuple(polls[last:]),
            )


def _is_last(poll: Exchange) -> bool:
    return not poll.faults and (poll.is_final or poll.status == _GONE)


def _was_forgotten(terms: Terms, polls: Sequence[Exchange]) -> bool:
    """Whether the task was still running when its time was over, and asked for until then."""
    first, last = polls[0], polls[-1]
    is_old = last.received_at - first.received_at > terms.retention_s
    return last.status == _GONE and first.status == _OK and is_old


def task_not_collected(evidence: Evidence) -> Iterator[Finding]:
    """Made a task and never learned its end, neither by polls nor by a webhook."""
    for exchange, was_polled in _uncollected(evidence):
        if was_polled or not _expects_a_picture(exchange):
            yield Finding(
                "task-not-collected",
                f"The task {exchange.decided['id']} has ended, and nobody asked for its result; "
                f"{exchange.decided['price']} USD were at stake.",
                "Poll every task until it has ended, also where a webhook should come: it may "
                "get lost.",
                (exchange,),
            )


def size_left_out(evidence: Evidence) -> Iterator[Finding]:
    """Made a task by leaving out the size, and took its receipt for a picture."""
    for exchange, was_polled in _uncollected(evidence):
        if _expects_a_picture(exchange) and not was_polled:
            yield Finding(
                "size-left-out",
                f"A request without a WxH size made the task {exchange.decided['id']}; it was "
                "never polled.",
                "Send a size such as 1024x1024 to get the picture in the answer; without one the "
                "answer is a task to poll.",
                (exchange,),
            )


def _uncollected(evidence: Evidence) -> Iterator[tuple[Exchange, bool]]:
    """The tasks whose end nobody learned, and whether they were polled at all."""
    polls, attempts = polls_by_task(evidence), attempts_by_task(evidence)
    for exchange in tasks(evidence):
        task_id = str(exchange.decided["id"])
        job = evidence.jobs.get(task_id)
        is_over = job is None or job.ended_at is not None
        asked = polls.get(task_id, ())
        was_told = task_id in attempts or any(p.is_final or p.status == _GONE for p in asked)
        if is_over and not was_told and not _may_have_had_a_webhook(evidence, exchange):
            yield exchange, bool(asked)


def _may_have_had_a_webhook(evidence: Evidence, exchange: Exchange) -> bool:
    return not evidence.attempts_are_all and bool(_given(exchange, "callback_url"))


def _expects_a_picture(exchange: Exchange) -> bool:
    """Whether nothing in the request shows that its client knows of tasks."""
    wishes = ("callback_url", "aspect_ratio", "resolution")
    return not any(_given(exchange, name) for name in wishes)


def _given(exchange: Exchange, name: str) -> object:
    return (exchange.fields or {}).get(name)
