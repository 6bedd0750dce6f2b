"""The developer's own interface to the mock, under /_mock/."""

import math
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml
from aiohttp import web

from mock_server.answers import json_answer
from mock_server.commands import command, command_fields
from mock_server.errors import bad_body, bad_field, not_found, shortened
from mock_server.fault_rules import read_fault_rule
from mock_server.handlers import poll_data
from mock_server.misbehaviour import FaultError
from mock_server.mock import MOCK, Mock
from mock_server.rules.tasks import Failure, Job

__all__ = ["CONTRACT_ROUTES", "CONTROL_ROUTES", "NAME", "task_data"]

NAME = "gpt-image-2-mock"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_DOCUMENT = Path(__file__).with_name("control.yaml")


def _version() -> str:
    try:
        return version(NAME)
    except PackageNotFoundError:
        return "0"


async def about(request: web.Request) -> web.Response:
    """What this is, how it is set, what time it is, how much there is."""
    mock = request.app[MOCK]
    return json_answer(
        {
            "name": NAME,
            "version": _version(),
            "contract": mock.contract.digest,
            "profile": mock.quotes.table.profile.name,
            "open_accounts": not mock.settings.key,
            "error_style": mock.error_style,
            "extensions": {
                "stream": mock.quotes.table.profile.streams,
                "extras": mock.quotes.table.profile.extras,
            },
            "min_polls": mock.settings.min_polls,
            "clock": _clock(mock),
            "settings": _settings(mock),
            "counts": {
                **mock.store.counts(),
                "requests": mock.journal.seen,
                "waiting": mock.clock.sleeping,
                "webhooks_pending": mock.postman.pending,
            },
        }
    )


_SECRET = ("key", "webhook_secret")


def _settings(mock: Mock) -> dict[str, object]:
    settings = mock.settings
    names = [name for name in settings.__slots__ if name not in _SECRET]
    told = {name: getattr(settings, name) for name in names} | {"keys": len(settings.key)}
    told["signed_webhooks"] = settings.webhook_secret is not None
    return {name: str(value) if isinstance(value, Path) else value for name, value in told.items()}


def _clock(mock: Mock) -> dict[str, object]:
    clock = mock.clock
    return {"kind": clock.kind.value, "scale": clock.scale, "now": clock.now()}


async def read_clock(request: web.Request) -> web.Response:
    """What time it is."""
    return json_answer(_clock(request.app[MOCK]))


async def move_clock(request: web.Request) -> web.Response:
    """Move time forward, by seconds or to an instant."""
    mock = request.app[MOCK]
    fields = await command_fields(request, "advance", "to")
    if len(fields) != 1:
        raise bad_body('give either {"advance": seconds} or {"to": seconds since the epoch}')
    ((name, value),) = fields.items()
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _FAR:
        raise bad_field(name, f"must be a number of seconds; got {shortened(value)}")
    seconds = value if name == "advance" else value - mock.clock.now()
    if seconds < 0:
        raise bad_field(name, f"time moves forward only; got {shortened(value)}")
    mock.clock.advance(seconds)
    mock.store.settle_due(mock.clock.now())
    return json_answer(_clock(mock))


# About the year 5000 in seconds since the epoch.
_FAR = 1e11


async def reset(request: web.Request) -> web.Response:
    """Forget everything: accounts, tasks, uploads, journal, webhooks."""
    request.app[MOCK].reset()
    return json_answer({"reset": True})


async def list_accounts(request: web.Request) -> web.Response:
    """Every account and its money."""
    mock = request.app[MOCK]
    mock.store.settle_due(mock.clock.now())
    return json_answer({"accounts": [_account(mock, key) for key in mock.store.accounts]})


def _account(mock: Mock, key: str) -> dict[str, object]:
    account = mock.store.account(key)
    return {
        "key": key,
        "balance": account.total - account.frozen,
        "total": account.total,
        "frozen": account.frozen,
        "currency": mock.contract.prices.currency,
    }


async def set_account(request: web.Request) -> web.Response:
    """Open an account, or set what it has in all."""
    mock = request.app[MOCK]
    fields = await command_fields(request, "key", "balance")
    key, balance = fields.get("key"), fields.get("balance")
    if not isinstance(key, str) or not key or not key.isascii() or not key.isprintable():
        raise bad_field("key", f"must be a key in plain ASCII; got {shortened(key)}")
    mock.store.set_total(key, _amount(balance))
    return json_answer(_account(mock, key))


def _amount(value: object) -> Decimal:
    problem = f'must be an amount in USD as text, such as "0.01"; got {shortened(value)}'
    try:
        amount = Decimal(value) if isinstance(value, str) else Decimal("NaN")
    except InvalidOperation:
        raise bad_field("balance", problem) from None
    if not amount.is_finite() or not 0 <= amount < _RICH:
        raise bad_field("balance", problem)
    return amount


_RICH = Decimal(10) ** 12


async def list_tasks(request: web.Request) -> web.Response:
    """Every task as a poll would show it now, the newest first."""
    mock = request.app[MOCK]
    now = mock.clock.now()
    mock.store.settle_due(now)
    return json_answer({"tasks": [task_data(mock, job, now) for job in mock.store.tasks()]})


def task_data(mock: Mock, job: Job, now: float) -> dict[str, object]:
    """A task as the control interface tells it: a poll's fields and what is behind them."""
    attempts = [a for a in mock.postman.attempts if a.task_id == job.id]
    return {
        **poll_data(mock, job, now=now),
        "account": job.account,
        "size": str(job.size),
        "tier": job.tier,
        "price": job.price,
        "dueTime": int(job.due_at * 1000) if job.due_at < math.inf else None,
        "pollsLeft": job.polls_left,
        "callbackUrl": job.request.callback_url,
        "webhookAttempts": [
            {"at": a.at, "status": a.status, "problem": a.problem} for a in attempts
        ],
    }


async def end_task(request: web.Request) -> web.Response:
    """Let a task complete now, or fail with a failCode."""
    mock = request.app[MOCK]
    task_id, now = request.match_info["id"], mock.clock.now()
    fields = await command_fields(request, "finish", "fail", "message")
    job = mock.store.task(task_id, now)
    if job is None:
        raise not_found(f"No such task: {shortened(task_id)}")
    failure = _failure(mock, fields)
    if mock.store.end(task_id, at=now, failure=failure) is None:
        raise bad_field("id", "the task has ended already, and an end does not change")
    return json_answer(task_data(mock, mock.store.task(task_id, now) or job, now))


def _failure(mock: Mock, fields: Mapping[str, object]) -> Failure | None:
    codes = mock.contract.tasks.retryable
    fail = fields.get("fail")
    if fail is None and fields.get("finish") is True:
        return None
    if not isinstance(fail, str) or fail not in codes:
        allowed = ", ".join(codes)
        problem = f'must be one of {allowed}, or give {{"finish": true}}; got {shortened(fail)}'
        raise bad_field("fail", problem)
    message = fields.get("message", f"failed on request: {fail}")
    if not isinstance(message, str) or not message:
        raise bad_field("message", f"must be text; got {shortened(message)}")
    return Failure(fail, message)


async def list_faults(request: web.Request) -> web.Response:
    """The rules of faults, with how often each matched and was applied."""
    return json_answer({"faults": [rule.told() for rule in request.app[MOCK].faults.rules]})


async def add_faults(request: web.Request) -> web.Response:
    """Put a rule, or a list of rules, in force."""
    given = await command(request)
    try:
        rules = [read_fault_rule(item) for item in (given if isinstance(given, list) else [given])]
        request.app[MOCK].faults.add(*rules)
    except FaultError as error:
        raise bad_body(str(error)) from None
    return json_answer({"faults": [rule.told() for rule in rules]})


async def clear_faults(request: web.Request) -> web.Response:
    """Put all rules out of force."""
    request.app[MOCK].faults.clear()
    return json_answer({"faults": []})


async def own_document(request: web.Request) -> web.Response:
    """This interface in OpenAPI."""
    return json_answer(yaml.load(_DOCUMENT.read_bytes(), Loader=yaml.CSafeLoader))


async def contract_yaml(request: web.Request) -> web.Response:
    """The contract as it was read."""
    return web.Response(body=request.app[MOCK].contract.source, content_type="application/yaml")


async def contract_json(request: web.Request) -> web.Response:
    """The contract as JSON."""
    return json_answer(request.app[MOCK].contract.document)


CONTROL_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/_mock/", about),
    ("POST", "/_mock/reset", reset),
    ("GET", "/_mock/clock", read_clock),
    ("POST", "/_mock/clock", move_clock),
    ("GET", "/_mock/accounts", list_accounts),
    ("POST", "/_mock/accounts", set_account),
    ("GET", "/_mock/tasks", list_tasks),
    ("POST", "/_mock/tasks/{id}", end_task),
    ("GET", "/_mock/faults", list_faults),
    ("POST", "/_mock/faults", add_faults),
    ("DELETE", "/_mock/faults", clear_faults),
    ("GET", "/_mock/openapi.json", own_document),
)

CONTRACT_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/openapi.yaml", contract_yaml),
    ("GET", "/openapi.json", contract_json),
)
