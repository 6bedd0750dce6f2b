"""From a request's body to an accepted job: decode, decide, hold the price."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from aiohttp import web

from mock_server.bodies import Body, read_body
from mock_server.errors import bad_fault, bad_field, no_credit, shortened
from mock_server.fault_rules import Occasion
from mock_server.journal import Exchange
from mock_server.misbehaviour import FaultError, Instead
from mock_server.mock import EXCHANGE, Mock
from mock_server.references import (
    NOTHING,
    Brought,
    bring_references,
    given_references,
    needs_reference,
)
from mock_server.rules.latency import timing
from mock_server.rules.modes import Mode
from mock_server.rules.quotes import Quote
from mock_server.rules.requests import Operation, read_image_request
from mock_server.rules.tasks import Failure, Job
from mock_server.store.memory import Sources

__all__ = ["Submission", "as_shown", "base_url", "origin_of", "submit"]


class Submission(NamedTuple):
    """An accepted job, what it starts from, and the fields that asked for it."""

    job: Job
    sources: Sources
    fields: Mapping[str, object]


async def submit(
    mock: Mock,
    request: web.Request,
    operation: Operation,
    *,
    alter: Callable[[Job], Job] | None = None,
) -> Submission:
    """Accept the request and hold its price; raises ApiError, and then nothing was created.

    `alter` may give the job another name, or another end.
    """
    exchange = request[EXCHANGE]
    file_parts = mock.contract.references.file_parts
    body = await read_body(request, mock.schemas[operation], file_fields=file_parts)
    exchange.fields = as_shown(body)
    quote, brought = None if body.files else mock.readings.remembered(body, operation), NOTHING
    if quote is None:
        quote, brought = await _decide(mock, body, operation)
    job = _job(mock, request, quote, brought, waits=operation is Operation.CREATE_AND_WAIT)
    if alter is not None:
        job = alter(job)
    exchange.decided = {"id": job.id, **quote.told}
    if mock.faults.rules or "[[" in job.request.prompt:
        await _look_for_faults(mock, request, job)
    if exchange.faults:
        job = _misbehaving(mock, exchange, job)
    if not mock.store.submit(job, brought.sources, job.created_at):
        balance = mock.store.balance(job.account, job.created_at).balance
        raise no_credit(price=job.price, balance=balance, currency=mock.contract.prices.currency)
    if exchange.faults:
        mock.faults.remember(job.id, exchange.faults)
    return Submission(job, brought.sources, exchange.fields)


async def _look_for_faults(mock: Mock, request: web.Request, job: Job) -> None:
    """Find the faults that are due for what is asked; raises Instead where one answers."""
    exchange = request[EXCHANGE]
    occasion = Occasion(
        operation=exchange.operation,
        key=job.account,
        prompt=job.request.prompt,
        size=str(job.size),
        quality=job.request.quality,
    )
    try:
        found = mock.faults.at_reading(occasion, heeds_markers=not mock.settings.no_control)
    except FaultError as error:
        raise bad_fault(str(error), param="prompt") from None
    exchange.faults += found
    for fault in found:
        answer = await fault.arrive(request, mock.clock.spend)
        if answer is not None:
            raise Instead(answer)


def _misbehaving(mock: Mock, exchange: Exchange, job: Job) -> Job:
    """The job as the faults will have it; raises ApiError where one of them refuses it."""
    for fault in exchange.faults:
        fault.refuse(job.request.mode)
        job = fault.alter(job)
    codes = mock.contract.tasks.retryable
    if job.failure is not None and job.failure.code not in codes:
        raise FaultError(f"the contract has no failCode {job.failure.code}")
    return job


async def _decide(mock: Mock, sent: Body, operation: Operation) -> tuple[Quote, Brought]:
    body = mock.readings.checked(sent)
    fields, table = body.fields, mock.contract.references
    if not body.files and fields.keys().isdisjoint(table.fields):
        if operation is Operation.EDIT:
            raise needs_reference()
        return mock.readings.quote(sent, body, operation), NOTHING
    given = given_references(body, table)
    if operation is Operation.EDIT and not given:
        raise needs_reference()
    asked = read_image_request(fields, operation, mock.quotes.table, has_references=bool(given))
    brought = await bring_references(mock, body, given)
    if brought.refused is not None and asked.mode is Mode.SYNC:
        raise bad_field(brought.refused.field, brought.refused.text, rule="private-url")
    return mock.quotes.of(asked, first=brought.first_ratio), brought


def _job(mock: Mock, request: web.Request, quote: Quote, brought: Brought, *, waits: bool) -> Job:
    exchange, clock = request[EXCHANGE], mock.clock
    u = mock.random.random()
    now = starts_at = due_at = clock.now()
    if clock.takes_time:
        times = timing(quote.seconds, pending_share=mock.contract.latencies.pending_share, u=u)
        starts_at = now + times.pending
        due_at = starts_at if brought.refused else now + times.total
    is_task = quote.request.mode is Mode.ASYNC
    return Job(
        id=f"task_{mock.new_id()}" if is_task else exchange.id,
        account=str(exchange.account),
        request=quote.request,
        size=quote.size,
        tier=quote.tier,
        price=quote.price,
        base_url=base_url(mock, request),
        created_at=now,
        starts_at=starts_at,
        due_at=due_at,
        failure=_failure(mock, brought),
        polls_left=mock.settings.min_polls if is_task and not waits else 0,
    )


def _failure(mock: Mock, brought: Brought) -> Failure | None:
    if brought.refused is None:
        return None
    return Failure(mock.contract.references.private_fail_code, brought.refused.text)


_LONG = 2000


def as_shown(body: Body) -> dict[str, object]:
    """The fields with pictures cut short: the journal and the webhook do not carry megabytes."""
    shown = body.fields.copy()
    for name, value in shown.items():
        if not isinstance(value, str) or len(value) > _LONG:
            shown[name] = _short(name, value)
    for part in body.files:
        shown[part.field] = f"<{len(part.data):,} bytes>"
    return shown


# Deeper than any field of the contract goes; what writes the journal takes no more than some 250.
_DEEPEST = 16


def _short(name: str, value: object, depth: int = 0) -> object:
    if isinstance(value, str):
        return value if len(value) <= _LONG or name == "prompt" else shortened(value)
    if isinstance(value, list | dict) and depth == _DEEPEST:
        return shortened(value)
    if isinstance(value, list):
        return [_short(name, item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _short(key, item, depth + 1) for key, item in value.items()}
    return value


_LONGEST_HOST = 300
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


def base_url(mock: Mock, request: web.Request) -> str:
    """The URL under which this client reached the API."""
    return _base_url(origin_of(mock, request), request.path, mock.contract.prefixes)


def origin_of(mock: Mock, request: web.Request) -> str:
    """The URL under which this client reached the mock: `--public-url`, or as its Host says."""
    if mock.settings.public_url is not None:
        return mock.settings.public_url
    return _origin(request.headers.get("Host", "")[:_LONGEST_HOST], mock.address)


@lru_cache(maxsize=256)
def _origin(host: str, address: str) -> str:
    return f"http://{host}" if _HOST.fullmatch(host) else address


@lru_cache(maxsize=256)
def _base_url(origin: str, path: str, prefixes: tuple[str, ...]) -> str:
    """One and the same text for every job of a client: many are kept."""
    prefix = next((prefix for prefix in prefixes if path.startswith(prefix + "/")), prefixes[0])
    return origin if origin.endswith(prefix) else origin + prefix
