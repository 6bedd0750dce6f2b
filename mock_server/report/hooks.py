"""A webhook's receiver: slow, unwilling, or taken by surprise when a webhook comes twice."""

from collections.abc import Iterator, Sequence

from mock_server.report.evidence import (
    Evidence,
    Terms,
    attempts_by_task,
    fetches_by_job,
)
from mock_server.report.finding import Finding
from mock_server.webhooks import Attempt

__all__ = ["webhook_not_idempotent", "webhook_refused", "webhook_slow"]


def webhook_slow(evidence: Evidence) -> Iterator[Finding]:
    """Took more than half of the time that a receiver has."""
    for task_id, attempts in attempts_by_task(evidence).items():
        slow = tuple(attempt for attempt in attempts if _is_slow(evidence.terms, attempt))
        if slow:
            longest = max(_took(evidence.terms, attempt) for attempt in slow)
            yield Finding(
                "webhook-slow",
                f"The webhook of {task_id} was answered after {longest:.1f} s; after "
                f"{evidence.terms.hook_patience_s:g} s it is given up and sent again.",
                "Answer 200 at once, and do the work afterwards.",
                webhooks=slow,
            )


def _is_slow(terms: Terms, attempt: Attempt) -> bool:
    return _took(terms, attempt) > terms.hook_patience_s / 2


def _took(terms: Terms, attempt: Attempt) -> float:
    if terms.stands_still:
        return max(attempt.took_s, attempt.took_really_s)
    return attempt.took_really_s


def webhook_refused(evidence: Evidence) -> Iterator[Finding]:
    """Was not answered 2xx, or could not be reached."""
    for task_id, attempts in attempts_by_task(evidence).items():
        first = _until_received(evidence.terms, attempts)
        refused = tuple(a for a in first if not _is_slow(evidence.terms, a))
        if refused:
            told = ", ".join(str(a.status or a.problem) for a in refused)
            yield Finding(
                "webhook-refused",
                f"The webhook of {task_id} was answered {told}.",
                "Answer 2xx, without a redirect, as soon as the webhook is stored; anything else "
                "has it sent again, and given up in the end.",
                webhooks=refused,
            )


def _until_received(terms: Terms, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
    received = (i for i, attempt in enumerate(attempts) if attempt.status in terms.hook_success)
    return attempts[: next(received, len(attempts))]


def webhook_not_idempotent(evidence: Evidence) -> Iterator[Finding]:
    """Stumbled over the second copy of a webhook, or did its work twice."""
    for task_id, attempts in attempts_by_task(evidence).items():
        copies = attempts[len(_until_received(evidence.terms, attempts)) :]
        stumbled = tuple(a for a in copies if a.status not in evidence.terms.hook_success)
        if len(copies) > 1 and (stumbled or _is_fetched_each_time(evidence, task_id, copies)):
            how = (
                f"was answered {stumbled[0].status or stumbled[0].problem}"
                if stumbled
                else ("had the pictures downloaded once more")
            )
            yield Finding(
                "webhook-not-idempotent",
                f"A further copy of the webhook of {task_id} {how}.",
                "A webhook may come more than once: remember its taskId, answer 200, do nothing.",
                webhooks=tuple(copies),
            )


def _is_fetched_each_time(evidence: Evidence, task_id: str, copies: Sequence[Attempt]) -> bool:
    fetched = fetches_by_job(evidence).get(task_id, {})
    return any(len(times) >= len(copies) for times in fetched.values())
