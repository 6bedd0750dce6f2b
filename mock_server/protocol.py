"""The HTTP protocol underneath: what is no HTTP is refused in the envelope as well."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.web_protocol import RequestHandler, _ErrInfo

__all__ = ["EnvelopeRunner"]

_log = logging.getLogger("mock_server.requests")
Refuse = Callable[[int, str], web.Response]


class _EnvelopeProtocol(RequestHandler):
    """Answers malformed requests - bad lines, absurd headers - like any other refusal.

    A body that breaks in the middle ends there for its reader, who would wait for ever otherwise.
    """

    refuse: Refuse

    def data_received(self, data: bytes) -> None:
        """Take what came; where it is no HTTP any more, the body under way is broken."""
        super().data_received(data)
        if self._messages and isinstance(self._messages[-1][0], _ErrInfo):
            self._break_off("its chunks are not framed as they should be")

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks
        """Say whether to stay open: who has said everything may still listen."""
        self._break_off("it ends too early")
        return self._current_request is not None or bool(self._messages)

    def _break_off(self, problem: str) -> None:
        """Let the reader of an unfinished body know that no more will come."""
        bodies = [payload for _, payload in self._messages]
        if self._current_request is not None:
            bodies.append(self._current_request.content)
        for body in bodies:
            if not body.is_eof():
                body.set_exception(web.RequestPayloadError(problem))
                body.feed_eof()
                self.close()

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
