"""The ways to make the mock wrong: one sin each, everything else stays as it is."""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from mock_server import bodies, handlers, middlewares, submissions
from mock_server.errors import ApiError

__all__ = ["SINS", "Plant", "Sin", "refuse", "sin"]

Json = Any
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Plant:
    """What is wrong with one server: edits of its contract, options, and patched code."""

    edits: dict[str, object] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)

    def change(self, edits: Mapping[str, object]) -> None:
        """Let the server read another contract than the suite; see `variants.document`."""
        self.edits.update(edits)

    def patch(self, owner: object, name: str, wrong: object) -> None:
        """Put something wrong in the place of a function, here and wherever it was imported to."""
        right = getattr(owner, name)
        setattr(owner, name, wrong)
        for module in list(sys.modules.values()):
            if module.__name__.startswith("mock_server") and getattr(module, name, None) is right:
                setattr(module, name, wrong)

    def wrap(self, owner: object, name: str, wrong: Callable[..., Any]) -> None:
        """Like `patch`; the wrong function gets the right one as its first argument."""
        right = getattr(owner, name)
        self.patch(owner, name, lambda *args, **kwargs: wrong(right, *args, **kwargs))

    def wrap_only(self, owner: object, name: str, wrong: Callable[..., Any]) -> None:
        """Like `wrap`, but nowhere else: what checks the contract at the start is left right."""
        right = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: wrong(right, *args, **kwargs))

    def handler(self, operation: str, wrong: Callable[[Handler, web.Request], Any]) -> None:
        """Put a wrong handler in the place of an operation's; it gets the right one."""
        right = handlers.HANDLERS[operation]

        async def wrapped(request: web.Request) -> web.StreamResponse:
            answer: web.StreamResponse = await wrong(right, request)
            return answer

        handlers.HANDLERS[operation] = wrapped  # type: ignore[index]

    def answers(self, *operations: str, change: Callable[[Json], Json]) -> None:
        """Let the JSON of successful answers be another."""

        async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
            return _changed(await right(request), change)

        for operation in operations:
            self.handler(operation, wrong)

    def fields(self, change: Callable[[dict[str, Json]], dict[str, Json]]) -> None:
        """Let the fields of image requests be read as others; the change may refuse them."""
        right = bodies.read_body

        async def wrong(*args: Any, **kwargs: Any) -> bodies.Body:
            body = await right(*args, **kwargs)
            return bodies.Body(change(dict(body.fields)), body.files, body.schema)

        self.patch(submissions, "read_body", wrong)

    def refusals(self, change: Callable[[web.Response], web.Response]) -> None:
        """Let refusals be answered otherwise."""
        self.wrap(middlewares, "error_answer", lambda right, *a, **k: change(right(*a, **k)))


def _changed(answer: web.StreamResponse, change: Callable[[Json], Json]) -> web.StreamResponse:
    if not isinstance(answer, web.Response) or answer.content_type != "application/json":
        return answer
    body = answer.body
    text = body if isinstance(body, bytes) else body.decode().encode()  # type: ignore[union-attr]
    return web.json_response(change(json.loads(text)))


def refuse(param: str, message: str = "not taken") -> ApiError:
    """A refusal that the contract does not know."""
    return ApiError(f"{param}: {message}", kind="bad_request", code="wrong", param=param)


@dataclass(frozen=True)
class Sin:
    """A wrong server and the rule that it breaks."""

    name: str
    rule: str
    commit: Callable[[Plant], None]


SINS: dict[str, Sin] = {}


def sin(rule: str) -> Callable[[Callable[[Plant], None]], Callable[[Plant], None]]:
    """Enter a sin in the list under the name of its function."""

    def enter(commit: Callable[[Plant], None]) -> Callable[[Plant], None]:
        name = commit.__name__.replace("_", "-")
        if name in SINS:
            raise ValueError(f"two sins are called {name}")
        SINS[name] = Sin(name, rule, commit)
        return commit

    return enter
