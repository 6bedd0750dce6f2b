"""Misbehaviour on request, one small class each; nothing here happens unless it is asked for.

A fault never charges where the contract says that failures are free (Rule: free-failure). Its
seconds are those of the mock's clock; where nothing takes time (`--time-scale 0`), real ones.
"""

import math
import re
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from mock_server.answers import json_answer
from mock_server.errors import ApiError
from mock_server.misbehaviour import (
    Aftermath,
    Fault,
    Sleep,
    amount,
    flag,
    free_text,
    one_of,
    param,
    read_fault,
    whole,
)
from mock_server.rules.modes import Mode
from mock_server.rules.sizes import Size
from mock_server.rules.tasks import Failure, Job
from mock_server.wire import body_of, cut, drip, silence, with_body

__all__ = ["FAULTS", "parse_fault"]

_A_FAILURE = whole(500, 599)


def _upstream(
    message: str, *, status: int, code: str, headers: dict[str, str] | None = None
) -> ApiError:
    return ApiError(message, kind="internal", code=code, status=status, headers=headers or {})


@dataclass(frozen=True, slots=True)
class RateLimit(Fault):
    """429 with Retry-After in seconds and, if given, retry-after-ms and x-should-retry."""

    name = "rate_limit"
    helps = "429 with Retry-After in seconds, retry-after-ms, x-should-retry"
    retry_after: float = param(1.0, amount(100_000))
    retry_after_ms: int | None = param(None, whole())
    should_retry: str | None = param(None, one_of("true", "false"))

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Refuse at the door."""
        headers = {"Retry-After": f"{self.retry_after:g}"}
        if self.retry_after_ms is not None:
            headers["retry-after-ms"] = str(self.retry_after_ms)
        if self.should_retry is not None:
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
    message: str = param("Your request was rejected by the safety system", free_text)

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
    status: int = param(500, _A_FAILURE)

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
    status: int = param(503, _A_FAILURE)


@dataclass(frozen=True, slots=True)
class UpstreamFailed(Upstream):
    """The model broke down."""

    name = "upstream_failed"
    helps = "sync: 502; async: failed, UPSTREAM_FAILED, retryable"
    fail_code = "UPSTREAM_FAILED"
    message = "The model failed"
    status: int = param(502, _A_FAILURE)


@dataclass(frozen=True, slots=True)
class Timeout(Upstream):
    """The model took too long."""

    name = "timeout"
    helps = "sync: 504; async: failed, TIMEOUT, retryable"
    fail_code = "TIMEOUT"
    message = "The model did not answer in time"
    status: int = param(504, _A_FAILURE)


@dataclass(frozen=True, slots=True)
class InternalError(Upstream):
    """The service itself broke down."""

    name = "internal_error"
    helps = "sync: 500; async: failed, INTERNAL_ERROR, retryable"
    fail_code = "INTERNAL_ERROR"
    message = "Internal error"
    status: int = param(500, _A_FAILURE)


@dataclass(frozen=True, slots=True)
class ServerError(Fault):
    """A 5xx at the door, in the envelope or as a gateway's HTML page."""

    name = "server_error"
    helps = "500, 502, 503 or 524; html=1 for a gateway's page"
    status: int = param(500, one_of(500, 502, 503, 524))
    html: bool = param(default=False, read=flag)

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Answer at the door."""
        if self.html:
            page = f"<html><body><h1>{self.status}</h1></body></html>"
            return web.Response(status=self.status, text=page, content_type="text/html")
        raise _upstream("The service is unavailable", status=self.status, code="server_error")


@dataclass(frozen=True, slots=True)
class CodeIn200(Fault):
    """A failure told in the body of HTTP 200, as the real service does (Rule: code-in-200)."""

    name = "code_in_200"
    helps = "HTTP 200 whose body says code=402 (or another)"
    code: int = param(402, whole(400, 599))
    msg: str = param("insufficient balance", free_text)

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Answer at the door."""
        return json_answer({"code": self.code, "msg": self.msg})


@dataclass(frozen=True, slots=True)
class Slow(Fault):
    """Takes longer: by so many seconds, or just so many in all."""

    name = "slow"
    helps = "seconds=S more than usual, or total=S in all"
    seconds: float = param(30.0, amount())
    total: float | None = param(None, amount())

    async def arrive(self, request: web.Request, sleep: Sleep) -> web.StreamResponse | None:
        """Keep what makes no pictures waiting."""
        if request.method == "GET":
            await sleep(self.seconds if self.total is None else self.total)
        return None

    def alter(self, job: Job) -> Job:
        """Let the pictures take longer."""
        if self.total is None:
            return job._replace(due_at=job.due_at + self.seconds)
        return job._replace(due_at=job.created_at + self.total, starts_at=job.created_at)


@dataclass(frozen=True, slots=True)
class Hang(Fault):
    """Never answers; with paid=1 the pictures are made and paid for before."""

    name = "hang"
    helps = "no answer until the client gives up; paid=1: made and paid for all the same"
    spoils = True
    paid: bool = param(default=False, read=flag)

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
    spoils = True
    bytes: int | None = param(None, whole())

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
    spoils = True
    bytes: int | None = param(None, whole())

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
    spoils = True
    rate: int = param(10_000, whole(1))

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Send it bit by bit."""
        return await drip(request, response, rate=self.rate, sleep=sleep)


@dataclass(frozen=True, slots=True)
class BadJson(Fault):
    """The body is no JSON: its last brace is missing, in a stream that of the last event."""

    name = "bad_json"
    helps = "the JSON lacks its last brace"
    spoils = True

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Spoil the body."""
        before, brace, after = body_of(response).rpartition(b"}")
        return with_body(response, before + after) if brace else response


_BASE64 = re.compile(rb'("b64_json":")([A-Za-z0-9+/=]*)[A-Za-z0-9+/=]{3}(?=")')


@dataclass(frozen=True, slots=True)
class BadBase64(Fault):
    """The base64 of the pictures has a character that is none, and lacks its end.

    Lenient decoders pass over the first; at a length that cannot be they fail all the same.
    """

    name = "bad_base64"
    helps = "b64_json does not decode"
    spoils = True

    async def depart(
        self, request: web.Request, response: web.Response, sleep: Sleep
    ) -> web.StreamResponse:
        """Spoil the body."""
        return with_body(response, _BASE64.sub(rb"\1!\2", body_of(response)))


@dataclass(frozen=True, slots=True)
class WrongSizePicture(Fault):
    """The pictures are larger than asked."""

    name = "wrong_size_picture"
    helps = "pictures are by=P pixels wider and higher than asked"
    by: int = param(16, whole(-512, 512))

    def alter(self, job: Job) -> Job:
        """Let other pictures be drawn; the price stays."""
        width, height = (max(side + self.by, 1) for side in job.size)
        return job._replace(size=Size(width, height))


@dataclass(frozen=True, slots=True)
class MissingB64(Fault):
    """A synchronous answer has URLs only."""

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
    status: int = param(404, one_of(403, 404))

    def later(self, proper: Aftermath) -> Aftermath:
        """Let the URLs be dead."""
        return proper._replace(expired_status=self.status)


@dataclass(frozen=True, slots=True)
class Stuck(Fault):
    """The task is processing for ever."""

    name = "stuck"
    helps = "the task is processing for ever, its price held"

    def alter(self, job: Job) -> Job:
        """Let it never end; a synchronous call has no state to be stuck in."""
        return job._replace(due_at=math.inf) if job.is_task else job


@dataclass(frozen=True, slots=True)
class EmptyResults(Fault):
    """The first polls of the completed task show no URLs."""

    name = "empty_results"
    helps = "the first times=N completed polls show no URLs"
    times: int = param(1, whole(1, 1000))

    def later(self, proper: Aftermath) -> Aftermath:
        """Let polls be empty."""
        return proper._replace(empty_polls=self.times)


@dataclass(frozen=True, slots=True)
class DuplicateWebhook(Fault):
    """The webhook comes more than once."""

    name = "duplicate_webhook"
    helps = "the webhook comes times=N times, also when it was received"
    times: int = param(2, whole(2, 100))

    def later(self, proper: Aftermath) -> Aftermath:
        """Send copies."""
        return proper._replace(hook_copies=self.times)


@dataclass(frozen=True, slots=True)
class LostWebhook(Fault):
    """The webhook never comes."""

    name = "lost_webhook"
    helps = "the webhook never comes"

    def later(self, proper: Aftermath) -> Aftermath:
        """Send none."""
        return proper._replace(hook_copies=0)


@dataclass(frozen=True, slots=True)
class LateWebhook(Fault):
    """The webhook comes late."""

    name = "late_webhook"
    helps = "the webhook comes seconds=S late"
    seconds: float = param(300.0, amount())

    def later(self, proper: Aftermath) -> Aftermath:
        """Send it late."""
        return proper._replace(hook_delay_s=self.seconds)


@dataclass(frozen=True, slots=True)
class ReorderedWebhooks(Fault):
    """The webhook comes after that of the task that ends next."""

    name = "reordered_webhooks"
    helps = "the webhook waits until the next task's has been sent"

    def later(self, proper: Aftermath) -> Aftermath:
        """Let the next one pass."""
        return proper._replace(hook_is_swapped=True)


_KINDS: tuple[type[Fault], ...] = (
    RateLimit, NoCredit, Moderation, UpstreamBusy, UpstreamFailed, Timeout, InternalError,
    ServerError, CodeIn200, Slow, Hang, Reset, Truncate, Drip, BadJson, BadBase64,
    WrongSizePicture, MissingB64, ExpiredUrl, Stuck, EmptyResults, DuplicateWebhook, LostWebhook,
    LateWebhook, ReorderedWebhooks,
)  # fmt: skip

FAULTS = {kind.name: kind for kind in _KINDS}


def parse_fault(text: str) -> Fault:
    """Read `name;param=value;...`; raises FaultError that says what is known."""
    return read_fault(text, FAULTS)
