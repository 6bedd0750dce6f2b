"""The HTTP protocol underneath: what is no HTTP is refused in the envelope as well."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from aiohttp import StreamReader, web
from aiohttp.http import StreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from mock_server.answers import Answer
from mock_server.eager import EagerParser, begin
from mock_server.exchanges import client_left
from mock_server.routes import Routes

__all__ = ["EnvelopeRunner"]

_log = logging.getLogger("mock_server.requests")
Refuse = Callable[[int, str], web.Response]
_Handler = Callable[[web.BaseRequest], Coroutine[Any, Any, web.StreamResponse]]

# Bodies up to here come in one piece, or nearly so.
_SMALL = 256 * 1024
# So much may wait on a connection to be sent: more than any picture of light weight.
_MOST_UNSENT = 256 * 1024


class _Begun(NamedTuple):
    """A request that was begun, and what is left to do for it."""

    message: RawRequestMessage
    request: web.BaseRequest
    rest: Awaitable[web.StreamResponse]


class _EnvelopeProtocol(RequestHandler):
    """Answers malformed requests - bad lines, absurd headers - like any other refusal.

    A body that breaks in the middle ends there for its reader, who would wait for ever otherwise.
    A request that came whole is begun at once (see `eager`).
    """

    refuse: Refuse
    # Of the bodies on this connection only the latest can be unfinished.
    _body: StreamReader = EMPTY_PAYLOAD
    _answered: StreamReader = EMPTY_PAYLOAD
    _begun: _Begun | None = None

    def __init__(self, manager: web.Server, **told: Any) -> None:  # noqa: ANN401 - as aiohttp's
        super().__init__(manager, **told)
        self._make: Callable[..., web.BaseRequest] = manager.request_factory
        self._handle = cast(_Handler, manager.request_handler)
        self._parser = EagerParser(self._parser, self._is_answered)  # type: ignore[assignment, arg-type]
        self._request_factory = self._request_of
        self._request_handler = self._rest_of

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let answers wait until all who are ready are answered: then they go out one by one.

        What is above the limit would leave at once, and the kernel's work would come between.
        """
        super().connection_made(transport)
        cast(asyncio.WriteTransport, transport).set_write_buffer_limits(high=_MOST_UNSENT)

    def _is_answered(self, message: RawRequestMessage, body: StreamReader) -> bool:
        """Begin a request that is there as a whole; whether its answer has left."""
        manager, task = self._manager, self._task_handler
        if manager is None or task is None or not self._is_idle() or not _is_here(body):
            return False
        request = self._make(message, body, self, StreamWriter(self, self._loop), task)
        # What aiohttp would keep when it is read, which takes it two more turns of the parser.
        request._read_bytes = b"".join(body._buffer) if body.total_bytes else b""  # noqa: SLF001
        begun = begin(self._handle(request))
        response = begun.result
        if isinstance(response, Answer) and response.leave(request):
            manager.requests_count += 1
            self._request_count += 1
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
            return True
        self._begun = _Begun(message, request, begun.rest())
        return False

    def _is_idle(self) -> bool:
        """Whether no other request is under way, and the client takes what it is sent."""
        waiter = self._waiter
        return not (waiter is None or waiter.done() or self._messages or self._paused)

    def _request_of(
        self,
        message: RawRequestMessage,
        *made_of: Any,  # noqa: ANN401 - as aiohttp's
    ) -> web.BaseRequest:
        begun = self._begun
        if begun is not None and begun.message is message:
            return begun.request
        return self._make(message, *made_of)

    def _rest_of(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        begun = self._begun
        if begun is not None and begun.request is request:
            self._begun = None
            return begun.rest
        return self._handle(request)

    def data_received(self, data: bytes) -> None:
        """Take what came; where it is no HTTP any more, the body under way is broken."""
        super().data_received(data)
        if self._messages:
            message, body = self._messages[-1]
            if isinstance(message, _ErrInfo):
                self._break_off("its chunks are not framed as they should be")
            else:
                self._body = body

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks
        """Say whether to stay open: only to refuse a body that was cut off."""
        return self._break_off("it ends too early")

    def _break_off(self, problem: str) -> bool:
        """Let the reader of an unfinished body know that no more will come, if there is one."""
        if self._body.is_eof():
            return False
        if self._body is not self._answered:
            self._body.set_exception(web.RequestPayloadError(problem))
        self._body.feed_eof()
        self.close()
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note whose client did not wait for its answer."""
        begun = self._begun
        request = begun.request if begun is not None else self._current_request
        if request is not None:
            client_left(request)
        super().connection_lost(exc)
        if begun is not None:
            # The task of the connection is about to take it, and to go on with it to its end.
            self._request_factory = self._request_of
            self._request_handler = self._rest_of

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer; from here on nobody minds how the body ends."""
        self._answered = request.content
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what the parser refused, or to what nobody caught."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a bug in the mock: %s", request.path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, no other can be sent")
        response = self.refuse(status, _first_line(message or str(exc) or type(exc).__name__))
        response.force_close()
        return response


def _is_here(body: StreamReader) -> bool:
    return body.is_eof() and body.exception() is None and body.total_bytes <= _SMALL


def _first_line(text: str) -> str:
    """Without the picture of the place that the parser draws below."""
    return text.strip().splitlines()[0][:200].rstrip(": ")


class _EnvelopeServer(web.Server):
    """Makes one protocol for each connection."""

    refuse: Refuse

    def __call__(self) -> RequestHandler:
        """A protocol that refuses in the envelope."""
        protocol = _EnvelopeProtocol(self, loop=self._loop, **self._kwargs)
        protocol.refuse = self.refuse
        return protocol


class EnvelopeRunner(web.AppRunner):
    """Runs an application whose every answer is in the envelope."""

    def __init__(self, app: web.Application, refuse: Refuse, *, shutdown_timeout: float) -> None:
        # Bodies are taken as they are (`unsupported_coding`): nothing small unpacks into gigabytes.
        super().__init__(
            app, access_log=None, shutdown_timeout=shutdown_timeout, auto_decompress=False
        )
        self._refuse = refuse

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # aiohttp has no hook for this: its server alone decides which protocol class is made.
        server.__class__ = _EnvelopeServer
        server.request_handler = Routes(self._app).handle  # type: ignore[assignment]
        vars(server)["refuse"] = self._refuse
        return server
