"""What the mock has seen of its client, arranged for judging."""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs

import orjson

from mock_server.journal import Exchange
from mock_server.rules.modes import Mode
from mock_server.rules.requests import Operation
from mock_server.rules.tasks import Job
from mock_server.webhooks import Attempt

__all__ = [
    "Evidence",
    "Terms",
    "accepted",
    "attempts_by_task",
    "fetches_by_job",
    "follow_ups",
    "has_waited",
    "polls_by_task",
    "tasks",
    "time_between",
]

_MAKERS = frozenset(operation.value for operation in Operation)
_WAITS = Operation.CREATE_AND_WAIT.value
_POLLS = frozenset({"getTask", "getVideoTask"})
_FETCHES = frozenset({"getResult"})


class Terms(NamedTuple):
    """What is judged by: the contract's times in seconds, as they pass on the mock's clock.

    `longest_s` is how long a picture of each quality may take at most. Of a receiver, real seconds
    are judged. Where the clock `stands_still`, real seconds count as well as its own. Differences
    of up to `slack_s` say nothing: timers and networks are not more exact than that.
    """

    retention_s: float
    longest_s: Mapping[str, float]
    hook_success: range
    hook_patience_s: float
    stands_still: bool
    slack_s: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The latest exchanges, the oldest first, the webhooks tried, and the jobs that came of them.

    Jobs and attempts (`attempts_are_all`) may have been forgotten meanwhile.
    """

    exchanges: Sequence[Exchange]
    attempts: Sequence[Attempt]
    attempts_are_all: bool
    jobs: Mapping[str, Job]
    terms: Terms


# --- time


def time_between(evidence: Evidence, before: Exchange, after: Exchange) -> float:
    """Seconds from the end of one exchange to the beginning of another."""
    ended, ended_really = before.answered_at, before.answered_really
    if before.left_at is not None:
        ended, ended_really = before.left_at, before.left_really
    really = after.received_really - ended_really
    return _passed(evidence.terms, after.received_at - ended, really=really)


def has_waited(evidence: Evidence, exchange: Exchange) -> float:
    """Seconds that a client waited which then went away."""
    seconds = (exchange.left_at or 0.0) - exchange.received_at
    return _passed(evidence.terms, seconds, really=exchange.left_really - exchange.received_really)


def _passed(terms: Terms, seconds: float, *, really: float) -> float:
    return max(seconds, really) if terms.stands_still else seconds


# --- equal requests


def follow_ups(evidence: Evidence) -> Iterator[list[tuple[Exchange, Exchange]]]:
    """For each request that was made again: every time, after it had been answered or left."""
    for group in _repeats(evidence):
        pairs = itertools.pairwise(group)
        yield [(before, after) for before, after in pairs if _was_over(before, after)]


def _was_over(before: Exchange, after: Exchange) -> bool:
    over = before.answered_really if before.left_at is None else before.left_really
    return over <= after.received_really


def _repeats(evidence: Evidence) -> Iterator[list[Exchange]]:
    equal: dict[tuple[object, ...], list[Exchange]] = defaultdict(list)
    for exchange in evidence.exchanges:
        asked = _asked(exchange)
        if asked is not None:
            equal[asked].append(exchange)
    return (group for group in equal.values() if len(group) > 1)


def _asked(exchange: Exchange) -> tuple[object, ...] | None:
    """What makes requests equal; None where it is not known what was asked."""
    if exchange.fields is None and exchange.method != "GET":
        return None
    fields = orjson.dumps(exchange.fields, option=orjson.OPT_SORT_KEYS, default=str)
    key = exchange.headers.get("Authorization")
    return (key, exchange.method, exchange.path, fields)


# --- jobs


def accepted(evidence: Evidence) -> Iterator[Exchange]:
    """The exchanges that made pictures, or tasks."""
    for exchange in evidence.exchanges:
        if exchange.operation in _MAKERS and exchange.decided and _is_accepted(evidence, exchange):
            yield exchange


_REFUSED = 400


def _is_accepted(evidence: Evidence, exchange: Exchange) -> bool:
    """What a client that has left was answered says nothing; whether there is a job does."""
    if exchange.left_at is None:
        return exchange.status < _REFUSED
    return exchange.decided["id"] in evidence.jobs


def tasks(evidence: Evidence) -> Iterator[Exchange]:
    """The exchanges that made tasks which somebody has to ask for."""
    for exchange in accepted(evidence):
        is_task = exchange.decided["mode"] == Mode.ASYNC.value
        if is_task and exchange.operation != _WAITS:
            yield exchange


def polls_by_task(evidence: Evidence) -> dict[str, list[Exchange]]:
    """The polls of each task, the oldest first."""
    polls: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in evidence.exchanges:
        if exchange.operation in _POLLS:
            for task_id in parse_qs(exchange.path.partition("?")[2]).get("task_id", ()):
                polls[task_id].append(exchange)
    return polls


def fetches_by_job(evidence: Evidence) -> dict[str, dict[str, list[Exchange]]]:
    """The requests for each result of each job, by its id and the result's number."""
    fetches: dict[str, dict[str, list[Exchange]]] = defaultdict(lambda: defaultdict(list))
    for exchange in evidence.exchanges:
        if exchange.operation in _FETCHES:
            name = exchange.path.partition("?")[0].rpartition("/")[2]
            job_id, _, number = name.partition(".")[0].partition("-")
            fetches[job_id][number].append(exchange)
    return fetches


def attempts_by_task(evidence: Evidence) -> dict[str, list[Attempt]]:
    """The tries to deliver the webhook of each task, the oldest first."""
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in evidence.attempts:
        attempts[attempt.task_id].append(attempt)
    return attempts
