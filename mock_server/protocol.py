"""The HTTP protocol underneath: what is no HTTP is refused in the envelope as well."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

__all__ = ["EnvelopeRunner"]

_log = logging.getLogger("mock_server.requests")
Refuse = Callable[[int, str], web.Response]


class _EnvelopeProtocol(RequestHandler):
    """Answers malformed requests - bad lines, absurd headers - like any other refusal."""

    refuse: Refuse

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
        text = (message or str(exc) or type(exc).__name__).strip().splitlines()[0][:200]
        response = self.refuse(status, text)
        response.force_close()
        return response


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
        super().__init__(app, access_log=None, shutdown_timeout=shutdown_timeout)
        self._refuse = refuse

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # aiohttp has no hook for this: its server alone decides which protocol class is made.
        server.__class__ = _EnvelopeServer
        vars(server)["refuse"] = self._refuse
        return server
