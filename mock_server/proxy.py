"""The watching proxy: forwards to a real endpoint, judges what passes, records it."""

import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import cast

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict

from mock_server.answers import json_answer
from mock_server.bodies import read_body
from mock_server.cassette import Accounts, Key, Recorder, request_digest
from mock_server.contract import Contract, Route
from mock_server.errors import ApiError, envelope
from mock_server.reading import compile_bodies, quoted
from mock_server.rules.quotes import Quotes
from mock_server.rules.requests import Operation
from mock_server.schemas import BodySchema
from mock_server.settings import ProxySettings
from mock_server.watching import Ask, Violation, Watch

__all__ = ["Proxy", "create_proxy"]

_log = logging.getLogger("mock_server.proxy")
_NOT_FORWARDED = frozenset(
    {
        "connection", "content-length", "host", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
        "accept-encoding", "content-encoding", "expect",
    }
)  # fmt: skip
VIOLATIONS_HEADER = "x-contract-violations"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_TIMEOUT_S = 600.0
_VIOLATIONS_KEPT = 10_000


@dataclass(slots=True)
class Proxy:
    """What the proxy knows: where it forwards to, what it saw, what it spent."""

    contract: Contract
    settings: ProxySettings
    quotes: Quotes
    schemas: Mapping[Operation, Mapping[str, BodySchema]]
    watch: Watch
    client: aiohttp.ClientSession
    recorder: Recorder | None
    root: str
    accounts: Accounts = field(default_factory=Accounts)
    spent: Decimal = Decimal(0)
    fetched: set[str] = field(default_factory=set)
    passed: int = 0
    violations: deque[Violation] = field(default_factory=lambda: deque(maxlen=_VIOLATIONS_KEPT))


PROXY = web.AppKey("proxy", Proxy)


def create_proxy(contract: Contract, settings: ProxySettings) -> web.Application:
    """The proxy as an aiohttp application."""
    app = web.Application(client_max_size=contract.errors.body_max_bytes)
    app.cleanup_ctx.append(lambda app: _life(app, contract, settings))
    for prefix in contract.prefixes:
        for route in contract.routes:
            app.router.add_route(route.method, prefix + route.path, _handler(route))
    app.router.add_get("/_mock/", _about)
    app.router.add_get("/_mock/violations", _violations)
    app.router.add_route("*", "/{path:.*}", _pass_on)
    return app


@asynccontextmanager
async def _life(
    app: web.Application, contract: Contract, settings: ProxySettings
) -> AsyncIterator[None]:
    profile = settings.profile or contract.default_profile
    root = _root(settings.upstream, contract.prefixes)
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S), auto_decompress=False
    ) as client:
        app[PROXY] = Proxy(
            contract=contract,
            settings=settings,
            quotes=Quotes(contract.request_table(profile), contract.prices, contract.latencies),
            schemas=compile_bodies(contract),
            watch=Watch(contract),
            client=client,
            recorder=_recorder(contract, settings, root),
            root=root,
        )
        yield
        recorder = app[PROXY].recorder
        if recorder is not None:
            recorder.close()


def _root(upstream: str, prefixes: tuple[str, ...]) -> str:
    """The upstream without the API's prefix: paths are forwarded as they come."""
    return next((upstream.removesuffix(p) for p in prefixes if upstream.endswith(p)), upstream)


def _recorder(contract: Contract, settings: ProxySettings, root: str) -> Recorder | None:
    if settings.record is None:
        return None
    return Recorder(
        settings.record,
        origin=root,
        max_pixels=contract.references.max_pixels,
        whole_pictures=settings.record_pictures,
    )


def _handler(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await _watched(request, route)

    return handle


async def _watched(request: web.Request, route: Route) -> web.StreamResponse:
    """Forward a request that the contract knows, and judge what comes back."""
    proxy = request.app[PROXY]
    ask = await _ask(proxy, request, route)
    refusal = _too_dear(proxy, ask)
    if refusal is not None:
        return refusal
    proxy.spent += ask.price
    answer = await _forward(proxy, request)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        proxy.spent -= ask.price
    headers = {name.lower(): value for name, value in answer.headers.items()}
    found = proxy.watch.judge(ask, status=answer.status, headers=headers, body=_bytes(answer))
    _tell(proxy, answer, found)
    await _record(proxy, request, answer)
    return answer


async def _ask(proxy: Proxy, request: web.Request, route: Route) -> Ask:
    """What the contract says of the request; references are not looked at."""
    names = {operation.value: operation for operation in Operation}
    operation = names.get(route.operation_id)
    if operation is None:
        return Ask(route)
    table = proxy.contract.references
    files = frozenset((*table.image_parts, table.mask_part))
    try:
        body = await read_body(request, proxy.schemas[operation], file_fields=files)
        quote = quoted(proxy.contract, proxy.quotes, body, operation)
    except ApiError as refused:
        return Ask(route, refused=refused)
    return Ask(route, request=quote.request, size=quote.size, price=quote.price)


def _too_dear(proxy: Proxy, ask: Ask) -> web.Response | None:
    """The proxy's own refusal of what would go over `--max-cost`; nothing is sent."""
    limit = proxy.settings.max_cost
    if limit is None or proxy.spent + ask.price <= limit:
        return None
    currency = proxy.contract.prices.currency
    message = (
        f"refused by the proxy: this request costs {ask.price} {currency}, {proxy.spent} of "
        f"--max-cost {limit} is spent; nothing was sent"
    )
    error = ApiError(message, kind="no_credit", code="max_cost_reached")
    kind = proxy.contract.errors.kinds[error.kind]
    body = envelope(error, kind, proxy.contract.errors.default_style)
    return json_answer(body, status=kind.status)


async def _forward(proxy: Proxy, request: web.Request) -> web.Response:
    """The upstream's answer as it came, or a 502 that says why there is none."""
    headers = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_FORWARDED}
    try:
        async with proxy.client.request(
            request.method,
            proxy.root + request.path_qs,
            headers=headers,
            data=await request.read(),
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            sent = [(k, v) for k, v in answer.headers.items() if k.lower() not in _NOT_FORWARDED]
            return web.Response(status=answer.status, headers=CIMultiDict(sent), body=body)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        problem = str(error) or type(error).__name__
        message = {"message": f"the proxy got no answer from upstream: {problem}"}
        return json_answer({"error": message}, status=HTTPStatus.BAD_GATEWAY)


def _bytes(answer: web.Response) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b""


def _tell(proxy: Proxy, answer: web.Response, found: list[Violation]) -> None:
    proxy.passed += 1
    proxy.violations.extend(found)
    if found:
        answer.headers[VIOLATIONS_HEADER] = ", ".join(sorted({v.rule for v in found}))
    for violation in found:
        _log.warning("%s breaks %s: %s", violation.operation, violation.rule, violation.problem)


async def _record(proxy: Proxy, request: web.Request, answer: web.Response) -> None:
    if proxy.recorder is None:
        return
    body = await request.read()
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
    key = Key(
        request.method,
        request.path_qs,
        proxy.accounts.name(request.headers.get(hdrs.AUTHORIZATION)),
        request_digest(content_type, body, origin=f"{request.scheme}://{request.host}"),
    )
    proxy.recorder.keep(key=key, status=answer.status, headers=answer.headers, body=_bytes(answer))
    await _record_what_it_points_to(proxy, _bytes(answer))


async def _record_what_it_points_to(proxy: Proxy, body: bytes) -> None:
    """Clients fetch result URLs past the proxy: they are fetched here once, for the cassette."""
    pattern = re.compile(re.escape(proxy.root.encode()) + rb"(/[A-Za-z0-9_./-]+)")
    for found in pattern.findall(body):
        path = found.decode()
        if path in proxy.fetched:
            continue
        proxy.fetched.add(path)
        async with proxy.client.get(proxy.root + path) as answer:
            headers = dict(answer.headers)
            empty = request_digest("", b"", origin=proxy.root)
            key = Key("GET", path, proxy.accounts.name(None), empty)
            cast("Recorder", proxy.recorder).keep(
                key=key, status=answer.status, headers=headers, body=await answer.read()
            )


async def _pass_on(request: web.Request) -> web.StreamResponse:
    """Forward what the contract does not know."""
    proxy = request.app[PROXY]
    answer = await _forward(proxy, request)
    await _record(proxy, request, answer)
    return answer


async def _about(request: web.Request) -> web.Response:
    proxy = request.app[PROXY]
    return json_answer(
        {
            "name": "gpt-image-2-proxy",
            "upstream": proxy.settings.upstream,
            "passed": proxy.passed,
            "violations": len(proxy.violations),
            "spent": proxy.spent,
            "max_cost": proxy.settings.max_cost,
        }
    )


async def _violations(request: web.Request) -> web.Response:
    """What was seen to break the contract, with the rule and where it is known from."""
    proxy = request.app[PROXY]
    return json_answer({"violations": [violation._asdict() for violation in proxy.violations]})
