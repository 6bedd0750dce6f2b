"""The application: routes from the contract, and everything wired."""

import random
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from mock_server.cassette import Cassette
from mock_server.clock import Clock, manual_clock, scaled_clock
from mock_server.contract import Contract, ContractError, Route
from mock_server.control import CONTRACT_ROUTES, CONTROL_ROUTES
from mock_server.errors import bad_body, internal
from mock_server.fault_rules import FaultBook, read_fault_file
from mock_server.fetching import Fetcher
from mock_server.handlers import HANDLERS, Handler
from mock_server.inspection import HEALTH_ROUTES, INSPECTION_ROUTES
from mock_server.journal import Journal
from mock_server.middlewares import REQUEST_ID, admission, error_answer, identity
from mock_server.misbehaviour import FaultError
from mock_server.mock import MOCK, Mock
from mock_server.pictures import Studio
from mock_server.reading import compile_bodies
from mock_server.readings import Readings
from mock_server.replay import REPLAY, Replay, replaying
from mock_server.results import result_urls
from mock_server.rules.quotes import Quotes
from mock_server.rules.tasks import Job, state_of
from mock_server.settings import Settings, SettingsError
from mock_server.signatures import signing, unsigned
from mock_server.store.memory import Limits, MemoryStore
from mock_server.webhooks import Param, Postman, hook_payload
from mock_server.wire import RELEASE

__all__ = ["create_app", "refusal"]

_PAINTERS = 2
_ID_DIGITS = 24
_IDS_AT_ONCE = 256


def _new_ids() -> Iterator[str]:
    """Unguessable, and without a dash, which parts a job's id from its picture's number.

    The system is asked for chance for many at once: it takes longer than all else about an id.
    """
    while True:
        digits = secrets.token_hex(_ID_DIGITS * _IDS_AT_ONCE // 2)
        for start in range(0, len(digits), _ID_DIGITS):
            yield digits[start : start + _ID_DIGITS]


def create_app(
    contract: Contract,
    settings: Settings,
    *,
    clock: Clock | None = None,
    store: MemoryStore | None = None,
    new_id: Callable[[], str] | None = None,
) -> web.Application:
    """The mock as an aiohttp application.

    Raises ContractError when the contract names an operation that nobody handles, or lacks one
    that somebody does; SettingsError when a setting names what the contract does not know.
    """
    app = web.Application(
        middlewares=_middlewares(settings),
        client_max_size=contract.errors.body_max_bytes,
    )
    app[MOCK] = _mock(contract, settings, clock or _clock(settings), store, new_id)
    app[RELEASE] = app[MOCK].release
    if settings.replay is not None:
        app[REPLAY] = Replay(Cassette(settings.replay))
    _add_contract_routes(app, contract)
    for method, path, handler in _own_routes(settings):
        app.router.add_route(method, path, handler)
    app.on_shutdown.append(_give_up)
    app.cleanup_ctx.append(_life)
    return app


def _own_routes(settings: Settings) -> tuple[tuple[str, str, Handler], ...]:
    """The paths beside the contract's."""
    always = (*CONTRACT_ROUTES, *HEALTH_ROUTES)
    return always if settings.no_control else (*CONTROL_ROUTES, *INSPECTION_ROUTES, *always)


def _middlewares(settings: Settings) -> list[Middleware]:
    """From the outside in."""
    if settings.replay is not None:
        return [identity, replaying, admission]
    return [identity, admission]


def _clock(settings: Settings) -> Clock:
    return manual_clock() if settings.clock == "manual" else scaled_clock(settings.time_scale)


def _mock(
    contract: Contract,
    settings: Settings,
    clock: Clock,
    store: MemoryStore | None,
    new_id: Callable[[], str] | None,
) -> Mock:
    profile = _known("profile", settings.profile, contract.default_profile, (*contract.profiles,))
    errors = contract.errors
    table = contract.request_table(profile, aliases=settings.model_alias)
    style = _known("error_style", settings.error_style, errors.default_style, errors.styles)
    quotes = Quotes(table, contract.prices, contract.latencies)
    mock = Mock(
        contract=contract,
        settings=settings,
        operations={HANDLERS[route.operation_id]: route for route in _handled(contract)},
        quotes=quotes,
        readings=Readings(contract, quotes, strict=settings.strict_fields),
        schemas=compile_bodies(contract),
        error_style=style,
        clock=clock,
        store=store or _store(contract, settings),
        journal=Journal(),
        studio=Studio(),
        postman=Postman(
            contract.hooks,
            clock,
            lambda job, param: _payload(mock, job, param),
            sign=signing(settings.webhook_secret) if settings.webhook_secret else unsigned,
        ),
        faults=_faults(contract, settings),
        new_id=new_id or _new_ids().__next__,
        random=random.Random(settings.seed),  # noqa: S311 - latencies, not secrets
        painters=ThreadPoolExecutor(_PAINTERS, thread_name_prefix="painter"),
        fetcher=Fetcher(contract.references, allow_private=settings.allow_private_urls),
    )
    mock.store.on_end = mock.ended
    return mock


def _faults(contract: Contract, settings: Settings) -> FaultBook:
    rules = [] if settings.faults is None else read_fault_file(settings.faults)
    operations = frozenset(route.operation_id for route in contract.routes)
    chance = random.Random(settings.seed)  # noqa: S311 - no secret
    try:
        return FaultBook(rules, chance, operations=operations)
    except FaultError as error:
        raise SettingsError(f"--faults: {settings.faults}: {error}") from None


def _known(name: str, value: str | None, default: str, known: tuple[str, ...]) -> str:
    if value is not None and value not in known:
        flag = "--" + name.replace("_", "-")
        raise SettingsError(f"{flag}: must be one of {', '.join(known)}; got {value!r}")
    return default if value is None else value


def _store(contract: Contract, settings: Settings) -> MemoryStore:
    balances: dict[str, Decimal] = {
        grant.key: settings.balance if grant.balance is None else grant.balance
        for grant in settings.key
    }
    return MemoryStore(
        balances=balances,
        default_balance=settings.balance,
        retention_s=contract.retention_s,
        limits=Limits(calls=settings.keep_calls),
    )


def _handled(contract: Contract) -> tuple[Route, ...]:
    """The routes of the contract, every one with a handler and no handler without one."""
    named = {route.operation_id for route in contract.routes}
    for missing in named - HANDLERS.keys():
        raise ContractError("paths", f"nothing here handles the operation {missing!r}")
    for surplus in HANDLERS.keys() - named:
        raise ContractError("paths", f"the operation {surplus!r} is missing")
    return contract.routes


# Where a HEAD request is as good as a GET: bytes that anyone may fetch.
_PUBLIC = frozenset({"getResult", "getUpload"})


def _add_contract_routes(app: web.Application, contract: Contract) -> None:
    """Every operation under every prefix (Rule: base)."""
    for prefix in contract.prefixes:
        for route in contract.routes:
            handler = HANDLERS[route.operation_id]
            if route.operation_id in _PUBLIC:
                app.router.add_get(prefix + route.path, handler, allow_head=True)
            else:
                app.router.add_route(
                    route.method, prefix + route.path, handler, expect_handler=_expect
                )


async def _expect(request: web.Request) -> None:
    """Say nothing yet: who expects an answer gets it when the body is wanted, or refused."""


def _payload(mock: Mock, job: Job, param: Param) -> dict[str, object]:
    table = mock.contract.tasks
    state = state_of(job, job.due_at, table)
    return hook_payload(
        job,
        state=state,
        param=param,
        result_urls=result_urls(job),
        code=table.code,
        msg=table.msg,
        null=mock.contract.hooks.null_when.get(state, ()),
    )


async def _give_up(app: web.Application) -> None:
    app[MOCK].give_up()


async def _life(app: web.Application) -> AsyncIterator[None]:
    yield
    mock = app[MOCK]
    await mock.postman.close()
    await mock.fetcher.close()
    mock.painters.shutdown(cancel_futures=True)
    mock.studio.close()
    mock.tidying.stop()


def refusal(mock: Mock, status: int, text: str) -> web.Response:
    """The answer to what is no proper HTTP request."""
    error = bad_body(f"The request is not proper HTTP: {text}")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        error = internal("The mock failed; this is a bug of the mock, see its log")
    answer = error_answer(mock, error)
    answer.headers[REQUEST_ID] = f"req_{mock.new_id()}"
    return answer
