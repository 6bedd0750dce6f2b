"""What an exchange tells beside its answer: when its client left, what a refused one had asked."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from aiohttp import hdrs, web

from mock_server.answers import Answer
from mock_server.bodies import read_body, read_whole
from mock_server.errors import ApiError
from mock_server.journal import Exchange
from mock_server.mock import EXCHANGE, MOCK, Mock
from mock_server.rules.requests import Operation
from mock_server.submissions import as_shown

__all__ = ["client_left", "complete_refused"]

_MAKERS = frozenset(operation.value for operation in Operation)
# A refusal at the door does not wait longer for a body that was announced, nor for a larger one.
_BODY_WITHIN_S = 0.2
_LARGEST = 1 << 20


def client_left(request: web.BaseRequest) -> None:
    """Note that the client went away; one that had its answer by then did not."""
    exchange = request.get(EXCHANGE)
    if not isinstance(request, web.Request) or exchange is None:
        return
    if exchange.status or exchange.left_at is not None:
        return
    mock = request.app[MOCK]
    exchange.left_at, exchange.left_really = mock.clock.both()
    if exchange.operation:
        mock.journal.keep(exchange)


async def complete_refused(mock: Mock, request: web.Request, answer: web.StreamResponse) -> None:
    """Note how long the refusal asks to wait, and the fields that nobody had read by then."""
    exchange = request[EXCHANGE]
    if not (isinstance(answer, Answer) and answer.says_nothing_more):
        exchange.asked_wait = _asked_wait(answer.headers)
    if exchange.fields is None and _was_refused_at_the_door(exchange):
        exchange.fields = await _fields(mock, request, Operation(exchange.operation))


def _was_refused_at_the_door(exchange: Exchange) -> bool:
    is_refused = exchange.account is None or bool(exchange.faults)
    return exchange.operation in _MAKERS and is_refused and exchange.left_at is None


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, the shorter where a client may go by either header (Rule: status)."""
    asked = []
    for name, per_second in (("Retry-After", 1), ("retry-after-ms", 1000)):
        if name in headers:
            with suppress(ValueError):
                asked.append(float(headers[name]) / per_second)
    return min(asked, default=None)


async def _fields(
    mock: Mock, request: web.Request, operation: Operation
) -> dict[str, object] | None:
    length = request.content_length
    if length is None or length > _LARGEST or hdrs.EXPECT in request.headers:
        return None
    file_parts = mock.contract.references.file_parts
    try:
        await _arrival_of(request)
        body = await read_body(request, mock.schemas[operation], file_fields=file_parts)
    except (ApiError, TimeoutError):
        return None
    return as_shown(body)


async def _arrival_of(request: web.Request) -> None:
    """Wait for the body, for a little while; raises TimeoutError."""
    if not request.content.is_eof():
        async with asyncio.timeout(_BODY_WITHIN_S):
            await read_whole(request)
