"""Requests made again: too soon, in vain, or at the price of another picture."""

from collections.abc import Iterator, Sequence
from itertools import chain

from mock_server.journal import Exchange
from mock_server.report.evidence import (
    Evidence,
    accepted,
    follow_ups,
    has_waited,
    time_between,
)
from mock_server.report.finding import Finding
from mock_server.rules.modes import Mode
from mock_server.rules.requests import Operation

__all__ = [
    "backoff_missing",
    "hopeless_retry",
    "paid_twice",
    "retry_after_ignored",
    "timeout_too_short",
]

_MAY_PASS = frozenset({408, 409, 429})
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
# What lies with the account or with the address: an equal request may succeed later.
_CIRCUMSTANCES = frozenset({401, 402, 403, 404})


def retry_after_ignored(evidence: Evidence) -> Iterator[Finding]:
    """Tried again before the time that the refusal had asked for."""
    for before, after in chain.from_iterable(follow_ups(evidence)):
        asked, waited = before.asked_wait, time_between(evidence, before, after)
        if _may_pass(before) and asked and waited + evidence.terms.slack_s < asked:
            yield Finding(
                "retry-after-ignored",
                f"A {before.status} asked to wait {asked:g} s; the equal request came again "
                f"after {waited:.2f} s.",
                "Wait as long as Retry-After (or retry-after-ms) says before the next attempt.",
                (before, after),
            )


_LEAST_BACKOFF_S = 0.25
_LONG_ENOUGH_S = 5.0
_GROWTH = 1.5
_WAITS_TO_COMPARE = 3


def backoff_missing(evidence: Evidence) -> Iterator[Finding]:
    """Tried again at once, or again and again at the same pace."""
    for pairs in follow_ups(evidence):
        failed = [pair for pair in pairs if _may_pass(pair[0]) and pair[0].asked_wait is None]
        waits = [time_between(evidence, *pair) for pair in failed]
        if _is_impatient(evidence, failed, waits):
            told = ", ".join(f"{wait:.2f} s" for wait in waits)
            yield Finding(
                "backoff-missing",
                f"A failed request was made again {len(waits)} x, after {told}.",
                "Wait longer after each failure (0.5 s, 1 s, 2 s ... with some chance in it).",
                _each_once(failed),
            )


def _is_impatient(
    evidence: Evidence, failed: Sequence[tuple[Exchange, Exchange]], waits: Sequence[float]
) -> bool:
    if any(wait + evidence.terms.slack_s < _LEAST_BACKOFF_S for wait in waits):
        return True
    if len(waits) < _WAITS_TO_COMPARE or max(waits) >= _LONG_ENOUGH_S:
        return False
    is_poll = failed[0][0].method == "GET"
    return not is_poll and max(waits) < min(waits) * _GROWTH


def _each_once(pairs: Sequence[tuple[Exchange, Exchange]]) -> tuple[Exchange, ...]:
    return tuple({exchange.id: exchange for pair in pairs for exchange in pair}.values())


def hopeless_retry(evidence: Evidence) -> Iterator[Finding]:
    """Tried again although nothing can come of it."""
    for before, after in chain.from_iterable(follow_ups(evidence)):
        if before.method == "POST" and _is_hopeless(before, after):
            yield Finding(
                "hopeless-retry",
                f"A {before.status} ({before.message}) was answered; the equal request came again.",
                "Do not retry 4xx other than 408, 409 and 429: change the request, or tell.",
                (before, after),
            )


def _is_hopeless(before: Exchange, after: Exchange) -> bool:
    refused = _CLIENT_ERROR <= before.status < _SERVER_ERROR and before.left_at is None
    if not refused or _may_pass(before):
        return False
    return before.status not in _CIRCUMSTANCES or after.status == before.status


def _may_pass(exchange: Exchange) -> bool:
    return exchange.status in _MAY_PASS or exchange.status >= _SERVER_ERROR


def paid_twice(evidence: Evidence) -> Iterator[Finding]:
    """The picture was under way, and paid, when it was asked for again."""
    paid = {e.id for e in accepted(evidence) if e.status and _is_charged(evidence, e)}
    for before, after in chain.from_iterable(follow_ups(evidence)):
        if before.left_at is not None and before.id in paid and after.id in paid:
            price = before.decided["price"]
            yield Finding(
                "paid-twice",
                f"The client went away after {has_waited(evidence, before):.1f} s and asked for "
                f"the same picture again: {price} USD were paid twice.",
                "A request goes on without its client. Wait longer; after a timeout look into "
                "/records before you ask again, or create a task and poll it.",
                (before, after),
            )


def _is_charged(evidence: Evidence, exchange: Exchange) -> bool:
    job = evidence.jobs.get(str(exchange.decided["id"]))
    return job is None or (job.ended_at is not None and job.failure is None)


def timeout_too_short(evidence: Evidence) -> Iterator[Finding]:
    """Went away before a picture of that quality could be expected."""
    for exchange in accepted(evidence):
        if exchange.left_at is None or not _is_waiting(exchange):
            continue
        quality = str(exchange.decided["quality"])
        waited, longest = has_waited(evidence, exchange), evidence.terms.longest_s[quality]
        if waited + evidence.terms.slack_s < longest:
            yield Finding(
                "timeout-too-short",
                f"The client went away after {waited:.1f} s; a picture of quality {quality} "
                f"takes up to {longest:g} s.",
                f"Set the read timeout above {longest:g} s, or create a task and poll it.",
                (exchange,),
            )


def _is_waiting(exchange: Exchange) -> bool:
    is_sync = exchange.decided["mode"] == Mode.SYNC.value
    return is_sync or exchange.operation == Operation.CREATE_AND_WAIT.value
