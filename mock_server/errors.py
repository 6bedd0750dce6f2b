"""The catalogue of API errors: what is refused, with which words, in which envelope.

    ApiError                    any refusal; `kind` names its row in the table of statuses
      bad_field                 400  a field is missing, of a wrong type or not allowed
      bad_body                  400  the body as a whole cannot be read
      unauthorized              401
      no_credit                 402
      not_found                 404
      method_not_allowed        405  with Allow
      body_too_large            413
      unsupported_media_type    415
      unsupported_coding        415
      rate_limited              429  with Retry-After (only as a fault)
      internal                  500  (only as a fault, or for a bug of ours)

Raised anywhere, rendered in one place (Rules: error-shape, error-precise, status).
"""

import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

__all__ = [
    "ApiError",
    "ErrorKind",
    "ErrorTable",
    "bad_body",
    "bad_fault",
    "bad_field",
    "body_too_large",
    "envelope",
    "internal",
    "method_not_allowed",
    "missing_field",
    "no_credit",
    "not_found",
    "shortened",
    "unauthorized",
    "unsupported_coding",
    "unsupported_media_type",
]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class ApiError(Exception):
    """A refusal as the client is told of it; a fault may ask for a status of its own."""

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        code: str,
        param: str | None = None,
        rule: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.rule = rule
        self.headers = headers
        self.status = status

    def anew(self) -> "ApiError":
        """The same refusal, to be raised once.

        One that is kept must not be raised: by its traceback it would keep whoever it refused.
        """
        again = ApiError.__new__(ApiError, self.message)
        again.__dict__.update(self.__dict__)
        return again


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """The HTTP status and the OpenAI error type of one kind of refusal."""

    status: int
    type: str


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """Status and type by kind, and the envelopes there are."""

    kinds: Mapping[str, ErrorKind]
    styles: tuple[str, ...]
    default_style: str
    body_max_bytes: int


def envelope(error: ApiError, kind: ErrorKind, style: str) -> dict[str, object]:
    """The JSON body of a refusal in one of the three styles (Rule: error-shape)."""
    native: dict[str, object] = {"code": kind.status, "msg": error.message}
    if style == "native":
        return native
    openai: dict[str, object] = {
        "error": {
            "message": error.message,
            "type": kind.type,
            "param": error.param,
            "code": error.code,
        }
    }
    return openai if style == "openai" else native | openai


def bad_field(
    param: str, problem: str, *, rule: str | None = None, code: str | None = None
) -> ApiError:
    """A field whose value is not allowed; the problem says what is and what came."""
    return ApiError(
        f"{param}: {problem}",
        kind="bad_request",
        code=code or f"invalid_{param}",
        param=param,
        rule=rule,
    )


def missing_field(param: str, *, rule: str | None = None) -> ApiError:
    """A required field that did not come."""
    problem = "is required and was not given"
    return bad_field(param, problem, rule=rule, code="missing_required_parameter")


def bad_body(problem: str) -> ApiError:
    """A body that cannot be read at all."""
    return ApiError(problem, kind="bad_request", code="invalid_body", rule="status")


def bad_fault(problem: str, *, param: str = "X-Mock-Fault") -> ApiError:
    """A fault that was asked for and is not known."""
    return ApiError(problem, kind="bad_request", code="invalid_fault", param=param)


def unauthorized(problem: str) -> ApiError:
    """No key, or none that is known (Rule: auth)."""
    headers = {"WWW-Authenticate": "Bearer"}
    return ApiError(
        problem,
        kind="unauthorized",
        code="invalid_api_key",
        param="Authorization",
        rule="auth",
        headers=headers,
    )


def no_credit(*, price: Decimal, balance: Decimal, currency: str) -> ApiError:
    """A request that costs more than there is (Rule: no-credit)."""
    message = (
        f"Insufficient balance: this request costs {price:f} {currency}, "
        f"the available balance is {balance:f} {currency}"
    )
    return ApiError(message, kind="no_credit", code="insufficient_balance", rule="no-credit")


def not_found(message: str, *, param: str | None = None, rule: str | None = None) -> ApiError:
    """Something that does not exist, or not for this key."""
    return ApiError(message, kind="not_found", code="not_found", param=param, rule=rule)


def method_not_allowed(method: str, path: str, allowed: Iterable[str]) -> ApiError:
    """A path that exists, asked with a method it does not take."""
    allow = ", ".join(sorted(allowed))
    message = f"{shortened(method)} is not allowed on {shortened(path)}; allowed: {allow}"
    return ApiError(
        message,
        kind="method_not_allowed",
        code="method_not_allowed",
        rule="status",
        headers={"Allow": allow},
    )


def body_too_large(limit: int) -> ApiError:
    """A body over the limit in bytes."""
    message = f"The request body is over the limit of {limit:,} bytes"
    return ApiError(message, kind="body_too_large", code="body_too_large", rule="status")


def unsupported_media_type(got: str, allowed: Iterable[str]) -> ApiError:
    """A body of another media type than the operation takes."""
    message = f"Content-Type: must be {' or '.join(allowed)}; got {shortened(got)}"
    return ApiError(
        message,
        kind="unsupported_media_type",
        code="unsupported_media_type",
        param="Content-Type",
        rule="status",
    )


def unsupported_coding(got: str) -> ApiError:
    """A compressed body: no client of images needs it, and small bombs grow large."""
    return ApiError(
        f"Content-Encoding: must be left out, bodies are taken as they are; got {shortened(got)}",
        kind="unsupported_media_type",
        code="unsupported_content_encoding",
        param="Content-Encoding",
        rule="status",
    )


def internal(message: str) -> ApiError:
    """The server's own fault: never the answer to what a client sent."""
    return ApiError(message, kind="internal", code="internal_error", rule="status")


_SHOWN = 64
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 2 * _SHOWN


def shortened(value: object) -> str:
    """The value as it is quoted in a message: in quotes where it is text, cut where it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value[: 2 * _SHOWN]) if isinstance(value, str) else _BRIEF.repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
