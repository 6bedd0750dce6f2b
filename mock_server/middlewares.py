"""What happens to every request around its handler: its identity, its admission."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from mock_server.answers import Answer, json_answer
from mock_server.errors import (
    ApiError,
    ErrorKind,
    bad_fault,
    body_too_large,
    envelope,
    internal,
    method_not_allowed,
    not_found,
    shortened,
    unauthorized,
)
from mock_server.exchanges import complete_refused
from mock_server.fault_rules import Occasion
from mock_server.journal import Exchange
from mock_server.misbehaviour import FaultError, Instead
from mock_server.mock import EXCHANGE, MOCK, Mock
from mock_server.rules.access import read_key

__all__ = [
    "FAULT_HEADER",
    "REQUEST_ID",
    "admission",
    "error_answer",
    "identity",
    "key_of",
]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger("mock_server.requests")
REQUEST_ID = "x-request-id"
FAULT_HEADER = "X-Mock-Fault"
_LEAST_REFUSAL = HTTPStatus.BAD_REQUEST.value


@web.middleware
async def identity(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, and keep in the journal what became of it.

    Every refusal is an answer in the envelope (Rules: error-shape, status).
    """
    mock = request.app[MOCK]
    received_at, received_really = mock.clock.both()
    exchange = Exchange(
        id=f"req_{mock.new_id()}",
        received_at=received_at,
        method=request.method,
        path=_path_of(request),
        headers=request.headers,
        received_really=received_really,
        epoch=mock.journal.epoch,
    )
    request[EXCHANGE] = exchange
    try:
        response = await handler(request)
    except Exception as error:  # noqa: BLE001 - what nobody foresaw is answered as a bug of ours
        response = _answer_to(request, error)
    if isinstance(response, Answer):
        response.mark(REQUEST_ID, exchange.id)
    elif not response.prepared:
        response.headers[REQUEST_ID] = exchange.id
    if response.status >= _LEAST_REFUSAL:
        await complete_refused(mock, request, response)
    exchange.status = response.status
    exchange.answered_at, exchange.answered_really = mock.clock.both()
    if exchange.operation:
        mock.tally.count(exchange)
        if exchange.left_at is None:
            mock.journal.keep(exchange)
    if _log.isEnabledFor(logging.INFO):
        _log.info("", extra={"exchange": exchange})
    return response


def _path_of(request: web.Request) -> str:
    """The path and the query, as they were sent; out of a whole URL, its path and query."""
    path = request.raw_path
    return path if path.startswith("/") else request.path_qs


def _answer_to(request: web.Request, error: Exception) -> web.Response:
    """What is said where a request was not answered (Rules: error-shape, status)."""
    mock, exchange = request.app[MOCK], request[EXCHANGE]
    if isinstance(error, FaultError):
        error = bad_fault(str(error))
    elif isinstance(error, web.HTTPException):
        error = _api_error(mock, request, error)
    elif not isinstance(error, ApiError):
        _log.error("a bug in the mock: %s %s", request.method, request.path, exc_info=error)
        if request.writer.output_size > 0:
            raise ConnectionAbortedError("the answer has begun, no other can be sent") from None
        error = internal("The mock failed; this is a bug of the mock, see its log")
    return error_answer(mock, error, exchange)


def error_answer(mock: Mock, error: ApiError, exchange: Exchange | None = None) -> web.Response:
    """A refusal as an answer."""
    kind = mock.contract.errors.kinds[error.kind]
    if error.status is not None:
        kind = ErrorKind(error.status, kind.type)
    if exchange is not None:
        exchange.rule, exchange.message = error.rule, error.message
    body = envelope(error, kind, mock.error_style)
    return json_answer(body, status=kind.status, headers=error.headers)


def _api_error(mock: Mock, request: web.Request, error: web.HTTPException) -> ApiError:
    """What the web framework refuses by itself, in the catalogue's words."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        return method_not_allowed(request.method, request.path, error.allowed_methods)
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return body_too_large(mock.contract.errors.body_max_bytes)
    if isinstance(error, web.HTTPNotFound):
        return not_found(f"No such path: {shortened(request.path)}", rule="status")
    raise error


@web.middleware
async def admission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only known keys through to what needs one (Rule: auth); misbehave where it was asked."""
    mock, exchange = request.app[MOCK], request[EXCHANGE]
    operation = mock.operations.get(request.match_info.handler)
    if operation is None:
        return await handler(request)
    exchange.operation = operation.operation_id
    if operation.needs_key:
        exchange.account = key_of(mock, request)
    try:
        answer = None
        if mock.faults.rules or FAULT_HEADER in request.headers:
            answer = await _arrived(mock, request)
        response = answer or await handler(request)
    except Instead as instead:
        response = instead.answer
    except ApiError as error:
        if not exchange.faults:
            raise
        response = error_answer(mock, error, exchange)
    return await _departed(request, response) if exchange.faults else response


async def _arrived(mock: Mock, request: web.Request) -> web.StreamResponse | None:
    """The answer of a fault that is due already, if one gives any; raises ApiError."""
    exchange = request[EXCHANGE]
    is_asked = FAULT_HEADER in request.headers and not mock.settings.no_control
    if is_asked or mock.faults.rules:
        header = ",".join(request.headers.getall(FAULT_HEADER)) if is_asked else ""
        occasion = Occasion(exchange.operation, exchange.account)
        exchange.faults = mock.faults.at_arrival(occasion, header)
    for fault in exchange.faults:
        answer = await fault.arrive(request, mock.clock.spend)
        if answer is not None:
            return answer
    return None


async def _departed(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """What the faults make of an answer."""
    mock, exchange = request.app[MOCK], request[EXCHANGE]
    for fault in exchange.faults:
        if not isinstance(response, web.Response) or response.prepared:
            return response
        response.headers[REQUEST_ID] = exchange.id
        response = await fault.depart(request, response, mock.clock.spend)
    return response


def key_of(mock: Mock, request: web.Request) -> str:
    """The key that the request carries; raises ApiError where it is none, or not known."""
    key, problem = read_key(request.headers.get("Authorization"), scheme=mock.contract.auth_scheme)
    if key is None:
        raise unauthorized(problem)
    if mock.settings.key and key not in mock.store.accounts:
        raise unauthorized("Authorization: the key is not known")
    return key
