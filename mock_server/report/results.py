"""Pictures behind URLs: fetched too late, or never."""

from collections.abc import Iterator

from mock_server.journal import Exchange
from mock_server.report.evidence import (
    Evidence,
    accepted,
    attempts_by_task,
    fetches_by_job,
    polls_by_task,
)
from mock_server.report.finding import Finding
from mock_server.rules.tasks import Job

__all__ = ["result_not_fetched", "result_too_late"]

_GONE = 404
_DAY_S = 86_400


def result_too_late(evidence: Evidence) -> Iterator[Finding]:
    """Asked for a picture that is kept no more."""
    fetches, retention = fetches_by_job(evidence), evidence.terms.retention_s
    for exchange in accepted(evidence):
        for late in fetches.get(str(exchange.decided["id"]), {}).values():
            gone = [e for e in late if e.status == _GONE and _age(exchange, e) > retention]
            if gone:
                yield Finding(
                    "result-too-late",
                    f"A picture was asked for {_age(exchange, gone[0]) / _DAY_S:.1f} days after "
                    f"its request; its URL lives {retention / _DAY_S:g} days.",
                    "Download pictures when they are done, and keep the bytes, not the URL.",
                    (exchange, *gone),
                )


def _age(made: Exchange, asked: Exchange) -> float:
    return asked.received_at - made.received_at


def result_not_fetched(evidence: Evidence) -> Iterator[Finding]:
    """Paid for a picture, was given its URL, and never asked for it."""
    fetches = fetches_by_job(evidence)
    # A picture may have been used by its URL, as a later request's reference.
    all_fields = "\n".join(str(exchange.fields) for exchange in evidence.exchanges)
    for exchange in _told_by_url(evidence):
        job = evidence.jobs[str(exchange.decided["id"])]
        fetched = fetches.get(job.id, {})
        missing = [number for number in range(job.request.n) if str(number) not in fetched]
        if missing and job.id not in all_fields:
            yield Finding(
                "result-not-fetched",
                f"{len(missing)} of {job.request.n} pictures of {job.id} were never downloaded; "
                f"{job.price} USD were paid.",
                "Download every picture that was paid for; its URL lives "
                f"{evidence.terms.retention_s / _DAY_S:g} days.",
                (exchange,),
            )


def _told_by_url(evidence: Evidence) -> Iterator[Exchange]:
    """The exchanges whose pictures the client knows, and has by their URLs only."""
    polls, attempts = polls_by_task(evidence), attempts_by_task(evidence)
    success = evidence.terms.hook_success
    for exchange in accepted(evidence):
        job = evidence.jobs.get(str(exchange.decided["id"]))
        if job is None or job.failure is not None or job.ended_at is None:
            continue
        told = (
            exchange.is_final
            or any(poll.is_final for poll in polls.get(job.id, ()))
            or any(attempt.status in success for attempt in attempts.get(job.id, ()))
        )
        if told or _is_answered_by_url(exchange, job):
            yield exchange


def _is_answered_by_url(exchange: Exchange, job: Job) -> bool:
    return not job.is_task and job.request.leaves_out_b64 and exchange.left_at is None
