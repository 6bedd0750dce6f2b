"""Misbehaviour on request, one small class each; nothing here happens unless it is asked for.

A fault acts at one or more of these points of a request's life, and does nothing at the others:

    arrive   before anything is read: an answer or a refusal instead of the handler's
    refuse   when it is known what is asked: a refusal of a synchronous request
    alter    the accepted job: its time, its end, its pictures
    depart   the answer on its way out
    later    what is done with the job afterwards: polls, result URLs, webhooks (`Aftermath`)

A fault never charges where the contract says that failures are free (Rule: free-failure).
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar, NamedTuple, cast

from aiohttp import web

from mock_server.answers import json_answer
from mock_server.errors import ApiError
from mock_server.rules.modes import Mode
from mock_server.rules.sizes import Size
from mock_server.rules.tasks import Failure, Job
from mock_server.wire import body_of, cut, drip, silence, with_body

__all__ = ["FAULTS", "PROPER", "Aftermath", "Fault", "FaultError", "parse_fault"]

Sleep = Callable[[float], Awaitable[None]]


class FaultError(ValueError):
    """A fault that was asked for does not exist, or not with that parameter."""


class Aftermath(NamedTuple):
    """What becomes of a job's results and webhooks; the defaults are proper behaviour."""

    expired_status: int | None = None
    empty_polls: int = 0
    hook_copies: int = 1
    hook_delay_s: float = 0.0
    hook_is_swapped: bool = False


PROPER = Aftermath()


@dataclass(frozen=True, slots=True)
class Fault:
    """Proper behaviour at every point; each fault overrides where it acts."""

    name: ClassVar[str]
    helps: ClassVar[str]

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """The answer instead of the handler's, or None; may raise ApiError."""

    def refuse(self, mode: Mode) -> None:
        """Raise ApiError for a request of that mode."""

    def alter(self, job: Job) -> Job:
        """The accepted job as it shall be."""
        return job

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """The answer as it shall be sent; it may have been sent already."""
        return response

    def later(self) -> Aftermath:
        """What becomes of the job's results and webhooks."""
        return PROPER


def _upstream(
    message: str, *, status: int, code: str, headers: dict[str, str] | None = None
) -> ApiError:
    return ApiError(message, kind="internal", code=code, status=status, headers=headers or {})


@dataclass(frozen=True, slots=True)
class RateLimit(Fault):
    """429 with Retry-After in seconds and, if given, retry-after-ms."""

    name = "rate_limit"
    helps = "429 with Retry-After (s) or retry-after-ms"
    retry_after: float = 1.0
    retry_after_ms: int = -1
    should_retry: str = ""

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Refuse at the door."""
        headers = {"Retry-After": f"{self.retry_after:g}"}
        if self.retry_after_ms >= 0:
            headers["retry-after-ms"] = str(self.retry_after_ms)
        if self.should_retry:
            headers["x-should-retry"] = self.should_retry
        message = f"Rate limit reached; try again in {self.retry_after:g} s"
        raise ApiError(message, kind="rate_limited", code="rate_limit_exceeded", headers=headers)


@dataclass(frozen=True, slots=True)
class NoCredit(Fault):
    """402, whatever the balance."""

    name = "no_credit"
    helps = "402 as if the balance were spent"

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Refuse at the door."""
        raise ApiError("Insufficient balance", kind="no_credit", code="insufficient_balance")


@dataclass(frozen=True, slots=True)
class Moderation(Fault):
    """The prompt is refused by moderation: 400, or a task that fails."""

    name = "moderation"
    helps = "sync: 400 moderation_blocked; async: failed, CONTENT_MODERATION"
    message: str = "Your request was rejected by the safety system"

    def refuse(self, mode: Mode) -> None:
        """Refuse a synchronous request with 400."""
        if mode is Mode.SYNC:
            raise ApiError(self.message, kind="bad_request", code="moderation_blocked")

    def alter(self, job: Job) -> Job:
        """Let the task fail."""
        return job._replace(failure=Failure("CONTENT_MODERATION", self.message))


@dataclass(frozen=True, slots=True)
class Upstream(Fault):
    """The model behind the API fails: a 5xx, or a task that fails."""

    fail_code: ClassVar[str]
    message: ClassVar[str]
    status: int = 500

    def refuse(self, mode: Mode) -> None:
        """Refuse a synchronous request with the status."""
        if mode is Mode.SYNC:
            raise _upstream(self.message, status=self.status, code=self.fail_code.lower())

    def alter(self, job: Job) -> Job:
        """Let the task fail."""
        return job._replace(failure=Failure(self.fail_code, self.message))


@dataclass(frozen=True, slots=True)
class UpstreamBusy(Upstream):
    """The model has no capacity."""

    name = "upstream_busy"
    helps = "sync: 503; async: failed, UPSTREAM_BUSY, retryable"
    fail_code = "UPSTREAM_BUSY"
    message = "The model is overloaded"
    status: int = 503


@dataclass(frozen=True, slots=True)
class UpstreamFailed(Upstream):
    """The model broke down."""

    name = "upstream_failed"
    helps = "sync: 502; async: failed, UPSTREAM_FAILED, retryable"
    fail_code = "UPSTREAM_FAILED"
    message = "The model failed"
    status: int = 502


@dataclass(frozen=True, slots=True)
class Timeout(Upstream):
    """The model took too long."""

    name = "timeout"
    helps = "sync: 504; async: failed, TIMEOUT, retryable"
    fail_code = "TIMEOUT"
    message = "The model did not answer in time"
    status: int = 504


@dataclass(frozen=True, slots=True)
class InternalError(Upstream):
    """The service itself broke down."""

    name = "internal_error"
    helps = "sync: 500; async: failed, INTERNAL_ERROR, retryable"
    fail_code = "INTERNAL_ERROR"
    message = "Internal error"
    status: int = 500


_SERVER_ERRORS = (500, 502, 503, 524)


@dataclass(frozen=True, slots=True)
class ServerError(Fault):
    """A 5xx at the door, in the envelope or as a gateway's HTML page."""

    name = "server_error"
    helps = "500, 502, 503 or 524; html=1 for a gateway's page"
    status: int = 500
    html: bool = False

    def __post_init__(self) -> None:
        """Refuse a status that is no such failure."""
        if self.status not in _SERVER_ERRORS:
            allowed = ", ".join(map(str, _SERVER_ERRORS))
            raise FaultError(f"server_error: status must be one of {allowed}; got {self.status}")

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Answer at the door."""
        if self.html:
            page = f"<html><body><h1>{self.status}</h1>Bad gateway</body></html>"
            return web.Response(status=self.status, text=page, content_type="text/html")
        raise _upstream("The service is unavailable", status=self.status, code="server_error")


@dataclass(frozen=True, slots=True)
class CodeIn200(Fault):
    """A failure told in the body of HTTP 200, as the real service is known to do."""

    name = "code_in_200"
    helps = "HTTP 200 whose body says code=402 (or another)"
    code: int = 402
    msg: str = "insufficient balance"

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Answer at the door."""
        return json_answer({"code": self.code, "msg": self.msg})


@dataclass(frozen=True, slots=True)
class Slow(Fault):
    """Takes longer: by so many seconds, or so many in all."""

    name = "slow"
    helps = "seconds=S more than usual, or total=S in all"
    seconds: float = 30.0
    total: float = -1.0

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Keep what makes no pictures waiting."""
        if request.method == "GET":
            await sleep(self.total if self.total >= 0 else self.seconds)
        return None

    def alter(self, job: Job) -> Job:
        """Let the pictures take longer."""
        if self.total >= 0:
            return job._replace(due_at=job.created_at + self.total, starts_at=job.created_at)
        return job._replace(due_at=job.due_at + self.seconds)


@dataclass(frozen=True, slots=True)
class Hang(Fault):
    """Never answers; with paid=1 the pictures are made and paid for before."""

    name = "hang"
    helps = "no answer until the client gives up; paid=1: made and paid for all the same"
    paid: bool = False

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Fall silent at the door."""
        return None if self.paid else await silence(request)

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Fall silent with the answer in hand."""
        return await silence(request)


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """The connection is reset in the middle of the body."""

    name = "reset"
    helps = "RST after bytes=K of the body (default: half of it)"
    bytes: int = -1

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Send a part, then reset."""
        return await cut(request, response, after=self.bytes, reset=True)


@dataclass(frozen=True, slots=True)
class Truncate(Fault):
    """The body ends too early, and the connection is closed."""

    name = "truncate"
    helps = "the body ends after bytes=K (default: half of it)"
    bytes: int = -1

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Send a part, then close."""
        return await cut(request, response, after=self.bytes, reset=False)


@dataclass(frozen=True, slots=True)
class Drip(Fault):
    """The body comes slowly."""

    name = "drip"
    helps = "the body comes at rate=B bytes a second (of the mock's clock)"
    rate: int = 1000

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Send it bit by bit."""
        return await drip(request, response, rate=max(self.rate, 1), sleep=sleep)


@dataclass(frozen=True, slots=True)
class BadJson(Fault):
    """The body is no JSON: its last byte is missing."""

    name = "bad_json"
    helps = "the body is cut so that it is no JSON"

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Spoil the body."""
        return with_body(response, body_of(response)[:-1])


@dataclass(frozen=True, slots=True)
class BadBase64(Fault):
    """The base64 of the pictures has a character that is none."""

    name = "bad_base64"
    helps = "b64_json does not decode"

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Spoil the body."""
        return with_body(response, body_of(response).replace(b'"b64_json":"', b'"b64_json":"!'))


@dataclass(frozen=True, slots=True)
class WrongSizePicture(Fault):
    """The pictures are larger than asked."""

    name = "wrong_size_picture"
    helps = "pictures are by=P pixels wider and higher than asked"
    by: int = 16

    def alter(self, job: Job) -> Job:
        """Let other pictures be drawn; the price stays."""
        return job._replace(size=Size(job.size.width + self.by, job.size.height + self.by))


@dataclass(frozen=True, slots=True)
class MissingB64(Fault):
    """The answer has URLs only."""

    name = "missing_b64"
    helps = "no b64_json in the answer, only url"

    def alter(self, job: Job) -> Job:
        """Leave the base64 out."""
        return job._replace(request=job.request._replace(leaves_out_b64=True))


@dataclass(frozen=True, slots=True)
class ExpiredUrl(Fault):
    """The result URLs are dead from the beginning."""

    name = "expired_url"
    helps = "result URLs answer status=404 or 403"
    status: int = 404

    def later(self) -> Aftermath:
        """Let the URLs be dead."""
        return PROPER._replace(expired_status=self.status)


@dataclass(frozen=True, slots=True)
class Stuck(Fault):
    """The task is processing for ever."""

    name = "stuck"
    helps = "the task is processing for ever, its price held"

    def alter(self, job: Job) -> Job:
        """Let it never end."""
        return job._replace(due_at=math.inf)


@dataclass(frozen=True, slots=True)
class EmptyResults(Fault):
    """The first polls of the completed task show no URLs."""

    name = "empty_results"
    helps = "the first times=N completed polls show no URLs"
    times: int = 1

    def later(self) -> Aftermath:
        """Let polls be empty."""
        return PROPER._replace(empty_polls=self.times)


@dataclass(frozen=True, slots=True)
class DuplicateWebhook(Fault):
    """The webhook comes more than once."""

    name = "duplicate_webhook"
    helps = "the webhook comes times=N times, also when it was received"
    times: int = 2

    def later(self) -> Aftermath:
        """Send copies."""
        return PROPER._replace(hook_copies=self.times)


@dataclass(frozen=True, slots=True)
class LostWebhook(Fault):
    """The webhook never comes."""

    name = "lost_webhook"
    helps = "the webhook never comes"

    def later(self) -> Aftermath:
        """Send none."""
        return PROPER._replace(hook_copies=0)


@dataclass(frozen=True, slots=True)
class LateWebhook(Fault):
    """The webhook comes late."""

    name = "late_webhook"
    helps = "the webhook comes seconds=S late"
    seconds: float = 300.0

    def later(self) -> Aftermath:
        """Send it late."""
        return PROPER._replace(hook_delay_s=self.seconds)


@dataclass(frozen=True, slots=True)
class ReorderedWebhooks(Fault):
    """The webhook comes after that of the task that ends next."""

    name = "reordered_webhooks"
    helps = "the webhook waits until the next task's has been sent"

    def later(self) -> Aftermath:
        """Let the next one pass."""
        return PROPER._replace(hook_is_swapped=True)


_KINDS: tuple[type[Fault], ...] = (
    RateLimit, NoCredit, Moderation, UpstreamBusy, UpstreamFailed, Timeout, InternalError,
    ServerError, CodeIn200, Slow, Hang, Reset, Truncate, Drip, BadJson, BadBase64,
    WrongSizePicture, MissingB64, ExpiredUrl, Stuck, EmptyResults, DuplicateWebhook, LostWebhook,
    LateWebhook, ReorderedWebhooks,
)  # fmt: skip

FAULTS = {kind.name: kind for kind in _KINDS}


def parse_fault(text: str) -> Fault:
    """Read `name;param=value;...`; raises FaultError that says what is known."""
    name, *params = (part.strip() for part in text.split(";"))
    kind = FAULTS.get(name)
    if kind is None:
        raise FaultError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
    given: dict[str, object] = {}
    for param in filter(None, params):
        key, equals, value = param.partition("=")
        given[key] = _value(kind, key, value if equals else "1")
    return kind(**given)


def _value(kind: type[Fault], key: str, text: str) -> object:
    defaults = {f.name: f.default for f in fields(kind) if f.default is not MISSING}
    if key not in defaults:
        known = ", ".join(defaults) or "none"
        raise FaultError(f"{kind.name}: unknown parameter {key!r}; known: {known}")
    return _read(kind.name, key, text, type(cast(object, defaults[key])))


def _read(name: str, key: str, text: str, kind: type[object]) -> object:
    try:
        if kind is bool:
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        value = kind(text)  # type: ignore[call-arg]  # int, float and str all read a text
    except (KeyError, ValueError):
        raise FaultError(f"{name}: {key} must be a {kind.__name__}; got {text!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise FaultError(f"{name}: {key} must be finite; got {text!r}")
    return value
