"""Which handler a request goes to: looked up by its path, or found as aiohttp finds it."""

# ruff: noqa: SLF001 - aiohttp offers no other way past its router

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, cast

from aiohttp import hdrs, web
from aiohttp.web_urldispatcher import PlainResource, UrlMappingMatchInfo

__all__ = ["Routes"]

_Answering = Coroutine[Any, Any, web.StreamResponse]
_Handler = Callable[[web.Request], _Answering]


class Routes:
    """The routes of a frozen application, its middlewares already around their handlers.

    aiohttp resolves a path, makes a match and wraps the handler for each request; where a path
    has nothing variable in it, all that is the same each time.
    """

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._fixed: dict[tuple[str, str], tuple[UrlMappingMatchInfo, _Handler]] = {}
        for route in app.router.routes():
            if isinstance(route.resource, PlainResource):
                match = UrlMappingMatchInfo({}, route)
                match.add_app(app)
                match.freeze()
                self._fixed[route.method, route.resource.canonical] = match, self._around(route)

    def _around(self, route: web.AbstractRoute) -> _Handler:
        handler = cast(_Handler, route.handler)
        for middleware in reversed(self._app.middlewares):
            handler = cast(_Handler, partial(middleware, handler=handler))
        return handler

    def handle(self, request: web.Request) -> _Answering:
        """Answer a request."""
        found = self._fixed.get((request.method, request._message.path.partition("?")[0]))
        if found is None or hdrs.EXPECT in request.headers:
            return self._app._handle(request)
        request._match_info, handler = found
        return handler(request)
