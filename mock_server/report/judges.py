"""Everything that is looked for."""

from collections.abc import Callable, Iterator

from mock_server.report.evidence import Evidence
from mock_server.report.finding import Finding
from mock_server.report.hooks import webhook_not_idempotent, webhook_refused, webhook_slow
from mock_server.report.polling import (
    endless_polling,
    fast_polling,
    size_left_out,
    task_not_collected,
)
from mock_server.report.results import result_not_fetched, result_too_late
from mock_server.report.retries import (
    backoff_missing,
    hopeless_retry,
    paid_twice,
    retry_after_ignored,
    timeout_too_short,
)

__all__ = ["FINDINGS", "JUDGES", "judge"]

Judge = Callable[[Evidence], Iterator[Finding]]

JUDGES: tuple[Judge, ...] = (
    paid_twice,
    timeout_too_short,
    hopeless_retry,
    retry_after_ignored,
    backoff_missing,
    size_left_out,
    task_not_collected,
    fast_polling,
    endless_polling,
    result_not_fetched,
    result_too_late,
    webhook_refused,
    webhook_slow,
    webhook_not_idempotent,
)
# The findings are named like the functions that find them.
FINDINGS = tuple(found.__name__.replace("_", "-") for found in JUDGES)


def judge(evidence: Evidence) -> tuple[Finding, ...]:
    """Everything that was found, what costs money first."""
    return tuple(finding for found in JUDGES for finding in found(evidence))
