"""The report on a client: as data, and as a text to read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from mock_server.journal import Exchange
from mock_server.report.finding import Finding
from mock_server.webhooks import Attempt

__all__ = ["Report"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in the latest requests (`judged` of all that were `seen`)."""

    seen: int
    judged: int
    findings: tuple[Finding, ...]

    @property
    def is_polite(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def names(self) -> list[str]:
        """The names of the findings, each once, what costs money first."""
        return list(dict.fromkeys(finding.name for finding in self.findings))

    def without(self, ignored: Iterable[str]) -> "Report":
        """The report as if nobody had looked for these findings."""
        left = tuple(finding for finding in self.findings if finding.name not in set(ignored))
        return Report(self.seen, self.judged, left)

    def told(self) -> dict[str, object]:
        """The report as `GET /_mock/report` answers it."""
        return {
            "polite": self.is_polite,
            "seen": self.seen,
            "judged": self.judged,
            "findings": [_told(finding) for finding in self.findings],
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _told(finding: Finding) -> dict[str, object]:
    return {
        "finding": finding.name,
        "what": finding.what,
        "advice": finding.advice,
        "requests": [_request(exchange) for exchange in finding.requests],
        "webhooks": [_webhook(attempt) for attempt in finding.webhooks],
    }


def _request(exchange: Exchange) -> dict[str, object]:
    return {
        "id": exchange.id,
        "receivedAt": exchange.received_at,
        "method": exchange.method,
        "path": exchange.path,
        "operation": exchange.operation,
        "status": exchange.status,
        "leftAt": exchange.left_at,
    }


def _webhook(attempt: Attempt) -> dict[str, object]:
    return {
        "taskId": attempt.task_id,
        "url": attempt.url,
        "at": attempt.at,
        "status": attempt.status,
        "problem": attempt.problem,
    }


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.judged} of {report.seen} requests judged: {_summary(report)}"
    for name, group in groupby(report.findings, key=lambda finding: finding.name):
        findings = list(group)
        yield f"\n{name}"
        for finding in findings[:_SHOWN]:
            yield f"  {finding.what}"
            yield from _proof(finding)
        if len(findings) > _SHOWN:
            yield f"  ... and {len(findings) - _SHOWN} more of the kind"
        yield f"  -> {findings[0].advice}"


def _summary(report: Report) -> str:
    if report.is_polite:
        return "nothing to complain of"
    count = len(report.findings)
    return f"{count} finding{'s' if count > 1 else ''}"


def _proof(finding: Finding) -> Iterator[str]:
    for exchange in finding.requests[:_SHOWN]:
        yield f"    {exchange.id} {exchange.status or 'left'} {exchange.method} {exchange.path}"
    for attempt in finding.webhooks[:_SHOWN]:
        yield f"    webhook to {attempt.url}: {attempt.status or attempt.problem}"
    hidden = len(finding.requests[_SHOWN:]) + len(finding.webhooks[_SHOWN:])
    if hidden:
        yield f"    ... and {hidden} more"
