"""What the mock has seen, under /_mock/: requests, expectations, the report, and the counts."""

from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal

from aiohttp import web

from mock_server.answers import json_answer
from mock_server.clock import Clock, ClockKind
from mock_server.commands import command_fields
from mock_server.errors import bad_body
from mock_server.expectations import (
    COUNTS,
    PATTERN_KEYS,
    ExpectationError,
    Verdict,
    read_expectation,
    read_pattern,
)
from mock_server.exposition import CONTENT_TYPE, exposition
from mock_server.journal import Exchange
from mock_server.metrics import Now
from mock_server.mock import MOCK, Mock
from mock_server.report import Evidence, Report, Terms, judge
from mock_server.rules.tasks import state_of

__all__ = ["HEALTH_ROUTES", "INSPECTION_ROUTES", "client_report", "exchange_data", "expected"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def health(request: web.Request) -> web.Response:
    """Say that the mock answers."""
    return json_answer({"status": "ok"})


# --- requests


async def list_requests(request: web.Request) -> web.Response:
    """The journal: what came, what was decided and by which rule, the newest first."""
    journal = request.app[MOCK].journal
    wanted: dict[str, object] = dict(request.query)
    try:
        if "status" in wanted:
            wanted["status"] = [int(text) for text in request.query["status"].split(",")]
        pattern = read_pattern(wanted)
    except ExpectationError as error:
        raise bad_body(str(error)) from None
    except ValueError:
        given = request.query["status"]
        raise bad_body(f"status: must be a number or several with commas; got {given!r}") from None
    seen = pattern.considered(journal.latest()[::-1])
    kept = [exchange for exchange in reversed(seen) if pattern.matches(exchange)]
    return json_answer({"seen": journal.seen, "requests": [exchange_data(e) for e in kept]})


def exchange_data(exchange: Exchange) -> dict[str, object]:
    """An exchange of the journal as the control interface tells it."""
    return {
        "id": exchange.id,
        "receivedAt": exchange.received_at,
        "answeredAt": exchange.answered_at or None,
        "leftAt": exchange.left_at,
        "method": exchange.method,
        "path": exchange.path,
        "operation": exchange.operation,
        "key": exchange.account,
        "client": exchange.headers.get("User-Agent"),
        "fields": exchange.fields,
        "decided": exchange.decided,
        "status": exchange.status,
        "rule": exchange.rule,
        "message": exchange.message,
        "faults": [fault.name for fault in exchange.faults],
    }


def _operations(mock: Mock) -> list[str]:
    return [route.operation_id for route in mock.contract.routes]


# --- expectations


async def expect(request: web.Request) -> web.Response:
    """Whether so many requests of a pattern were made; if not, how near the others came."""
    fields = await command_fields(request, *PATTERN_KEYS, *COUNTS)
    try:
        verdict = expected(request.app[MOCK], fields)
    except ExpectationError as error:
        raise bad_body(str(error)) from None
    return json_answer(
        {
            "met": verdict.is_met,
            "expected": verdict.expected,
            "count": len(verdict.matching),
            "matching": [exchange_data(exchange) for exchange in verdict.matching],
            "nearest": [
                {"request": exchange_data(exchange), "differences": list(differences)}
                for exchange, differences in verdict.nearest
            ],
            "text": str(verdict),
        }
    )


def expected(mock: Mock, fields: dict[str, object]) -> Verdict:
    """The verdict on an expectation; raises ExpectationError."""
    expectation = read_expectation(fields, operations=_operations(mock))
    return expectation.judge(mock.journal.latest()[::-1])


# --- the report


async def report(request: web.Request) -> web.Response:
    """What the client under test did that a real, paid, slow service would make it regret."""
    found = client_report(request.app[MOCK])
    form = request.query.get("format")
    if form not in (None, "json", "text"):
        raise bad_body(f"format: must be json or text; got {form!r}")
    wants_text = "text/plain" in request.headers.get("Accept", "")
    if form == "text" or (form is None and wants_text):
        return web.Response(text=f"{found}\n")
    return json_answer(found.told())


def client_report(mock: Mock) -> Report:
    """The latest requests judged, as things stand now."""
    mock.store.settle_due(mock.clock.now())
    evidence = _evidence(mock)
    return Report(mock.journal.seen, len(evidence.exchanges), judge(evidence))


def _evidence(mock: Mock) -> Evidence:
    exchanges = sorted(mock.journal.latest(), key=lambda exchange: exchange.received_really)
    now, jobs = mock.clock.now(), {}
    for exchange in exchanges:
        job_id = str(exchange.decided.get("id"))
        job = mock.store.task(job_id, now) or mock.store.call(job_id, now)
        if job is not None:
            jobs[job_id] = job
    attempts = mock.postman.attempts
    return Evidence(
        exchanges=tuple(exchanges),
        attempts=tuple(attempts),
        attempts_are_all=len(attempts) != attempts.maxlen,
        jobs=jobs,
        terms=_terms(mock),
    )


# No client reacts on the point: its timers and the network take about this, in real seconds.
_JITTER_S = 0.002
# What a webhook's receiver has at least, in real seconds.
_LEAST_PATIENCE_S = 1.0


def _terms(mock: Mock) -> Terms:
    clock, contract = mock.clock, mock.contract
    seconds = contract.latencies.seconds
    longest = {quality: clock.lasting(triangle.max) for quality, triangle in seconds.items()}
    longest |= {name: longest[billed] for name, billed in contract.prices.billed_as.items()}
    patience = clock.real_seconds(contract.hooks.attempt_timeout_s)
    return Terms(
        retention_s=contract.retention_s,
        longest_s=longest,
        hook_success=contract.hooks.success,
        hook_patience_s=max(patience, _LEAST_PATIENCE_S),
        stands_still=clock.kind is ClockKind.MANUAL,
        slack_s=_slack(clock),
    )


def _slack(clock: Clock) -> float:
    return _JITTER_S / (clock.scale or 1)


# --- counts


async def metrics(request: web.Request) -> web.Response:
    """What was counted, for Prometheus."""
    mock = request.app[MOCK]
    body = exposition(mock.tally, _now(mock))
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


def _now(mock: Mock) -> Now:
    now, table = mock.clock.now(), mock.contract.tasks
    mock.store.settle_due(now)
    states = Counter(dict.fromkeys((table.pending, table.processing), 0))
    states.update({table.completed: 0, table.failed: 0})
    states.update(state_of(job, now, table) for job in mock.store.tasks())
    return Now(
        tasks=states,
        webhooks=mock.postman.statuses,
        frozen=sum((a.frozen for a in mock.store.accounts.values()), Decimal(0)),
        currency=mock.contract.prices.currency,
    )


INSPECTION_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_mock/requests", list_requests),
    ("POST", "/_mock/expect", expect),
    ("GET", "/_mock/report", report),
    ("GET", "/metrics", metrics),
)

# Whoever watches the process asks here, also where nobody is to look inside.
HEALTH_ROUTES: tuple[tuple[str, str, Handler], ...] = (("GET", "/_mock/health", health),)
