"""The watching proxy: forwards to a real endpoint, judges what passes, records it."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from mock_server.answers import json_answer
from mock_server.bodies import read_body
from mock_server.cassette import (
    Accounts,
    Key,
    Recorder,
    request_digest,
    shown_request,
    without_credentials,
)
from mock_server.certificates import tls
from mock_server.contract import Contract, Route
from mock_server.errors import ApiError, ErrorKind, body_too_large, envelope
from mock_server.purse import Purse
from mock_server.reading import compile_bodies, quoted
from mock_server.rules.quotes import Quotes
from mock_server.rules.requests import Operation
from mock_server.schemas import BodySchema
from mock_server.settings import ProxySettings
from mock_server.watching import Ask, Violation, Watch, decoded, unpacked

__all__ = ["VIOLATIONS_HEADER", "Proxy", "create_proxy"]

_log = logging.getLogger("mock_server.proxy")
# What belongs to one connection, and what the client library writes itself.
_NOT_FORWARDED = frozenset(
    {
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_NOTHING_OWN = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_STREAM = "text/event-stream"
VIOLATIONS_HEADER = "x-contract-violations"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_TIMEOUT_S = 600.0
_VIOLATIONS_KEPT = 10_000
_MAKERS = {operation.value: operation for operation in Operation}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Passed(NamedTuple):
    """An answer on its way: as it is sent, and its whole body; the status is 0 if none came."""

    response: web.StreamResponse
    status: int
    headers: Mapping[str, str]
    body: bytes
    was_sent: bool = True


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
    purse: Purse
    accounts: Accounts = field(default_factory=Accounts)
    fetched: set[str] = field(default_factory=set)
    fetching: set["asyncio.Task[None]"] = field(default_factory=set)
    passed: int = 0
    violations: deque[Violation] = field(default_factory=lambda: deque(maxlen=_VIOLATIONS_KEPT))


PROXY = web.AppKey("proxy", Proxy)


def create_proxy(contract: Contract, settings: ProxySettings) -> web.Application:
    """The proxy as an aiohttp application; raises CassetteError when it is started."""
    app = web.Application(client_max_size=contract.errors.body_max_bytes)
    app.cleanup_ctx.append(lambda app: _life(app, contract, settings))
    for prefix in contract.prefixes:
        for route in contract.routes:
            expect = _expect if route.operation_id in _MAKERS else None
            app.router.add_route(
                route.method, prefix + route.path, _handler(route), expect_handler=expect
            )
    app.router.add_get("/_mock/", _about)
    app.router.add_get("/_mock/violations", _violations)
    app.router.add_route("*", "/{path:.*}", _pass_on)
    return app


async def _expect(request: web.Request) -> None:
    """Say nothing: where the body is read to be judged, it is asked for there."""


@asynccontextmanager
async def _life(
    app: web.Application, contract: Contract, settings: ProxySettings
) -> AsyncIterator[None]:
    profile = settings.profile or contract.default_profile
    root = _root(settings.upstream, contract.prefixes)
    recorder = _recorder(contract, settings, root)
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
        auto_decompress=False,
        skip_auto_headers=_NOTHING_OWN,
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as client:
        app[PROXY] = Proxy(
            contract=contract,
            settings=settings,
            quotes=Quotes(contract.request_table(profile), contract.prices, contract.latencies),
            schemas=compile_bodies(contract),
            watch=Watch(contract),
            client=client,
            recorder=recorder,
            root=root,
            purse=Purse(settings.max_cost, contract.prices, contract.tasks),
        )
        yield
        await asyncio.gather(*app[PROXY].fetching)
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
    if not proxy.purse.reserve(ask.price):
        return _too_dear(proxy, f"this request costs {ask.price} {proxy.contract.prices.currency}")
    passed = await _forward(proxy, request, judge=lambda passed: _judged(proxy, ask, passed))
    _account_for(proxy, ask, passed)
    proxy.passed += 1
    return passed.response


async def _ask(proxy: Proxy, request: web.Request, route: Route) -> Ask:
    """What the contract says of the request; references are not looked at."""
    has_key = hdrs.AUTHORIZATION in request.headers
    operation = _MAKERS.get(route.operation_id)
    if operation is None:
        return Ask(route, has_key=has_key)
    files = proxy.contract.references.file_parts
    try:
        body = await read_body(request, proxy.schemas[operation], file_fields=files)
        quote = quoted(proxy.contract, proxy.quotes, body, operation)
    except ApiError as refused:
        return Ask(route, has_key=has_key, refused=refused)
    return Ask(route, has_key=has_key, request=quote.request, size=quote.size, price=quote.price)


def _too_dear(proxy: Proxy, why: str) -> web.Response:
    """The proxy's own refusal of what would go over `--max-cost`; nothing is sent."""
    message = (
        f"refused by the proxy: {why}, {proxy.purse.spent} of --max-cost {proxy.purse.limit} is "
        "spent; nothing was sent"
    )
    error = ApiError(message, kind="no_credit", code="max_cost_reached")
    return _own_answer(proxy, error)


def _own_answer(proxy: Proxy, error: ApiError) -> web.Response:
    errors = proxy.contract.errors
    kind = errors.kinds[error.kind]
    kind = kind if error.status is None else ErrorKind(error.status, kind.type)
    return json_answer(envelope(error, kind, errors.default_style), status=kind.status)


def _account_for(proxy: Proxy, ask: Ask, passed: Passed) -> None:
    """What failed is free; what no answer came to may have been made all the same."""
    value = decoded(passed.headers, passed.body)
    is_told = proxy.watch.is_failure(passed.status, value)
    if is_told or (passed.status == 0 and not passed.was_sent):
        proxy.purse.release(ask.price)
    elif passed.status:
        proxy.purse.settle(value, ask.price, was_refusable=ask.refused is not None)


def _judged(proxy: Proxy, ask: Ask, passed: Passed) -> list[Violation]:
    headers = {name.lower(): value for name, value in passed.headers.items()}
    found = proxy.watch.judge(ask, status=passed.status, headers=headers, body=passed.body)
    proxy.violations.extend(found)
    for violation in found:
        _log.warning("%s breaks %s: %s", violation.operation, violation.rule, violation.problem)
    return found


async def _forward(
    proxy: Proxy, request: web.Request, *, judge: Callable[[Passed], list[Violation]]
) -> Passed:
    """The upstream's answer as it came, or a 502 that says why there is none."""
    try:
        async with proxy.client.request(
            request.method,
            URL(proxy.root + request.raw_path, encoded=True),
            headers=_forwarded(request.headers),
            data=await request.read() or None,
            allow_redirects=False,
            ssl=tls(proxy.root),
        ) as answer:
            if answer.content_type == _STREAM:
                passed = await _streamed(request, answer)
                judge(passed)
            else:
                passed = await _whole(answer, judge)
    except web.HTTPRequestEntityTooLarge:
        error = body_too_large(request.client_max_size)
        return Passed(_own_answer(proxy, error), 0, {}, b"", was_sent=False)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return _no_answer(proxy, error)
    await _record(proxy, request, passed)
    return passed


def _forwarded(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((k, v) for k, v in headers.items() if k.lower() not in _NOT_FORWARDED)


async def _whole(
    answer: aiohttp.ClientResponse, judge: Callable[[Passed], list[Violation]]
) -> Passed:
    body = await answer.read()
    response = web.Response(status=answer.status, headers=_forwarded(answer.headers), body=body)
    passed = Passed(response, answer.status, answer.headers, body)
    if found := judge(passed):
        response.headers[VIOLATIONS_HEADER] = ", ".join(sorted({v.rule for v in found}))
    return passed


async def _streamed(request: web.Request, answer: aiohttp.ClientResponse) -> Passed:
    """Pass events on as they come; what they break cannot be told in a header any more."""
    response = web.StreamResponse(status=answer.status, headers=_forwarded(answer.headers))
    whole = bytearray()
    await response.prepare(request)
    is_there = True
    try:
        async for piece in answer.content.iter_any():
            whole += piece
            is_there = is_there and await _write(response, piece)
    except (aiohttp.ClientError, TimeoutError) as error:
        _log.warning("the stream from upstream broke off: %s", _reason(error))
        if request.transport is not None:
            request.transport.abort()
    return Passed(response, answer.status, answer.headers, bytes(whole))


async def _write(response: web.StreamResponse, piece: bytes) -> bool:
    """Whether the client is still there to take it; the stream is read to its end anyway."""
    try:
        await response.write(piece)
    except ConnectionError:
        return False
    return True


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _no_answer(proxy: Proxy, error: Exception) -> Passed:
    message = f"the proxy got no answer from upstream: {_reason(error)}"
    refusal = ApiError(message, kind="internal", code="no_upstream", status=HTTPStatus.BAD_GATEWAY)
    was_sent = not isinstance(error, aiohttp.ClientConnectorError)
    return Passed(_own_answer(proxy, refusal), 0, {}, b"", was_sent=was_sent)


async def _record(proxy: Proxy, request: web.Request, passed: Passed) -> None:
    if proxy.recorder is None:
        return
    body = await request.read()
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
    origin = f"{request.scheme}://{request.host}"
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    key = Key(
        request.method,
        without_credentials(request.raw_path),
        proxy.accounts.name(authorization),
        request_digest(content_type, body, origins=(origin, proxy.root)),
    )
    proxy.recorder.keep(
        key=key,
        fields=shown_request(content_type, body),
        secret=authorization,
        status=passed.status,
        headers=passed.headers,
        body=unpacked(passed.headers, passed.body),
    )
    for path in _own_paths(proxy, passed.body):
        task = asyncio.get_running_loop().create_task(_fetch(proxy, proxy.recorder, path))
        proxy.fetching.add(task)
        task.add_done_callback(proxy.fetching.discard)


def _own_paths(proxy: Proxy, body: bytes) -> list[str]:
    """Paths of the upstream that the answer points to for the first time.

    Clients fetch them past the proxy: they are fetched here once, for the cassette.
    """
    pattern = re.compile(re.escape(proxy.root.encode()) + rb"(/[A-Za-z0-9_./-]+)")
    paths = {found.decode() for found in pattern.findall(body)} - proxy.fetched
    proxy.fetched |= paths
    return sorted(paths)


async def _fetch(proxy: Proxy, recorder: Recorder, path: str) -> None:
    try:
        async with proxy.client.get(
            URL(proxy.root + path, encoded=True), ssl=tls(proxy.root)
        ) as answer:
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        _log.warning("%s cannot be fetched for the cassette: %s", path, error)
        return
    key = Key("GET", path, proxy.accounts.name(None), request_digest("", b"", origins=()))
    recorder.keep(
        key=key, fields=None, secret=None, status=answer.status, headers=answer.headers, body=body
    )


async def _pass_on(request: web.Request) -> web.StreamResponse:
    """Forward what the contract does not know; with `--max-cost` only what cannot cost."""
    proxy = request.app[PROXY]
    if proxy.purse.limit is not None and request.method not in _SAFE:
        return _too_dear(proxy, f"the contract has no price for {request.method} {request.path}")
    return (await _forward(proxy, request, judge=lambda _: [])).response


async def _about(request: web.Request) -> web.Response:
    proxy = request.app[PROXY]
    return json_answer(
        {
            "name": "gpt-image-2-proxy",
            "upstream": proxy.settings.upstream,
            "passed": proxy.passed,
            "violations": len(proxy.violations),
            "spent": proxy.purse.spent,
            "max_cost": proxy.purse.limit,
        }
    )


async def _violations(request: web.Request) -> web.Response:
    """What was seen to break the contract, with the rule's statement and its basis."""
    proxy = request.app[PROXY]
    return json_answer({"violations": [violation._asdict() for violation in proxy.violations]})
