"""The HTTP protocol underneath: what is no HTTP is refused in the envelope as well."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import StreamReader, web
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from mock_server.exchanges import client_left

__all__ = ["EnvelopeRunner"]

_log = logging.getLogger("mock_server.requests")
Refuse = Callable[[int, str], web.Response]


class _EnvelopeProtocol(RequestHandler):
    """Answers malformed requests - bad lines, absurd headers - like any other refusal.

    A body that breaks in the middle ends there for its reader, who would wait for ever otherwise.
    """

    refuse: Refuse
    # Of the bodies on this connection only the latest can be unfinished.
    _body: StreamReader = EMPTY_PAYLOAD
    _answered: StreamReader = EMPTY_PAYLOAD

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
        if self._current_request is not None:
            client_left(self._current_request)
        super().connection_lost(exc)

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
        vars(server)["refuse"] = self._refuse
        return server
