"""What happens to every request around its handler: identity, errors, access, faults."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from mock_server.answers import json_answer
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
    "access",
    "error_answer",
    "errors",
    "faults",
    "identity",
    "key_of",
]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = logging.getLogger("mock_server.requests")
REQUEST_ID = "x-request-id"
FAULT_HEADER = "X-Mock-Fault"


@web.middleware
async def identity(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, and keep in the journal what became of it."""
    mock = request.app[MOCK]
    exchange = Exchange(
        id=f"req_{mock.new_id()}",
        received_at=mock.clock.now(),
        method=request.method,
        path=request.path_qs,
        headers=request.headers,
        received_really=mock.clock.really(),
        epoch=mock.journal.epoch,
    )
    request[EXCHANGE] = exchange
    response = await handler(request)
    if not response.prepared:
        response.headers[REQUEST_ID] = exchange.id
    if response.status >= HTTPStatus.BAD_REQUEST:
        await complete_refused(mock, request, response)
    exchange.status = response.status
    exchange.answered_at, exchange.answered_really = mock.clock.now(), mock.clock.really()
    if exchange.operation:
        mock.tally.count(exchange)
        if exchange.left_at is None:
            mock.journal.keep(exchange)
    if _log.isEnabledFor(logging.INFO):
        _log.info("", extra={"exchange": exchange})
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Render every refusal in the envelope (Rules: error-shape, status)."""
    try:
        return await handler(request)
    except ApiError as error:
        return _refused(request, error)
    except FaultError as error:
        return _refused(request, bad_fault(str(error)))
    except web.HTTPException as error:
        return _refused(request, _api_error(request.app[MOCK], request, error))
    except Exception:  # noqa: BLE001 - logged with its traceback, and answered as a bug of ours
        _log.exception("a bug in the mock: %s %s", request.method, request.path)
        if request.writer.output_size > 0:
            raise ConnectionAbortedError("the answer has begun, no other can be sent") from None
        bug = internal("The mock failed; this is a bug of the mock, see its log")
        return _refused(request, bug)


def _refused(request: web.Request, error: ApiError) -> web.Response:
    return error_answer(request.app[MOCK], error, request[EXCHANGE])


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
async def access(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only known keys through to what needs one (Rule: auth)."""
    mock = request.app[MOCK]
    operation = mock.operations.get(request.match_info.handler)
    if operation is not None:
        exchange = request[EXCHANGE]
        exchange.operation = operation.operation_id
        if operation.needs_key:
            exchange.account = key_of(mock, request)
    return await handler(request)


@web.middleware
async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Misbehave where that was asked for."""
    mock, exchange = request.app[MOCK], request[EXCHANGE]
    if not exchange.operation:
        return await handler(request)
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
    for fault in exchange.faults:
        if not isinstance(response, web.Response) or response.prepared:
            return response
        response.headers[REQUEST_ID] = exchange.id
        response = await fault.depart(request, response, mock.clock.spend)
    return response


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


def key_of(mock: Mock, request: web.Request) -> str:
    """The key that the request carries; raises ApiError where it is none, or not known."""
    key, problem = read_key(request.headers.get("Authorization"), scheme=mock.contract.auth_scheme)
    if key is None:
        raise unauthorized(problem)
    if mock.settings.key and key not in mock.store.accounts:
        raise unauthorized("Authorization: the key is not known")
    return key
