"""The laws of every answer, whatever was asked: status, JSON, an error's text, headers.

Rules: status, error-shape, code-in-200.
"""

from collections.abc import Callable, Iterator

from contracts.exchange import Answer, Exchange, at
from contracts.oracle.asked import methods_of
from contracts.oracle.problem import Problem
from contracts.spec import Spec

__all__ = ["is_failure_in_200", "problems"]

FAILURES = range(400, 600)
SERVER_FAILURES = range(500, 600)


def problems(
    spec: Spec, exchange: Exchange, *, mock: bool = False, base_url: str | None = None
) -> list[Problem]:
    """Every breach of the laws that hold for all answers.

    What is asked for by a whole URL is a file, which may be another server's; below the `base_url`
    it is the target's own.
    The project's `mock` has more to keep: which type an error has that is no bad request, others
    may tell in their own words.
    """
    if exchange.answer.status == 0:
        return [Problem("status", f"no answer came: {exchange.answer.failure}", "no-5xx")]
    found = [problem for law in _LAWS for problem in law(spec, exchange)]
    path = exchange.request.path
    if "://" not in path or (base_url is not None and path.startswith(base_url + "/")):
        found += _request_id(exchange)
    if mock or exchange.answer.status == spec.facts.status.of("bad_request"):
        found += _error_type(spec, exchange)
    return found


def is_failure_in_200(spec: Spec, answer: Answer) -> bool:
    """Whether a success by status tells a failure in its body. Rule: code-in-200."""
    code = at(answer.json, "code")
    if isinstance(code, bool) or not isinstance(code, int) or answer.status in FAILURES:
        return False
    return code >= spec.facts.code_in_200.failure_min


def _server_failure(spec: Spec, exchange: Exchange) -> Iterator[Problem]:
    if exchange.answer.status in SERVER_FAILURES:
        yield Problem("status", f"status {exchange.answer.status}", "no-5xx")


def _request_id(exchange: Exchange) -> Iterator[Problem]:
    if not (exchange.answer.request_id or "").strip():
        yield Problem("status", "the answer has no x-request-id")


def _error_text(spec: Spec, exchange: Exchange) -> Iterator[Problem]:
    answer = exchange.answer
    if answer.status not in FAILURES or exchange.request.method == "HEAD":
        return
    if not isinstance(answer.json, dict):
        yield Problem("error-shape", f"status {answer.status} with a body that is no JSON object")
        return
    if not answer.message:
        yield Problem("error-shape", "no text in error.message or msg")
    if not _is_json_type(answer.media_type):
        yield Problem("error-shape", f"the Content-Type of the error is '{answer.media_type}'")


def _error_code(spec: Spec, exchange: Exchange) -> Iterator[Problem]:
    answer = exchange.answer
    code = at(answer.json, "code")
    is_number = isinstance(code, int) and not isinstance(code, bool)
    if answer.status in FAILURES and is_number and code != answer.status:
        yield Problem("error-shape", f"code {code} beside HTTP status {answer.status}", "hybrid")


def _error_type(spec: Spec, exchange: Exchange) -> Iterator[Problem]:
    """OpenAI's SDKs choose nothing by it, but people do."""
    told, status = at(exchange.answer.json, "error", "type"), exchange.answer.status
    wanted = {kind.type for kind in spec.facts.status.errors.values() if kind.status == status}
    if isinstance(told, str) and wanted and told not in wanted:
        text = f"error.type is '{told}' beside status {status}; expected {' or '.join(wanted)}"
        yield Problem("error-shape", text, "hybrid")


def _allow(spec: Spec, exchange: Exchange) -> Iterator[Problem]:
    """A 405 lists the methods that the path takes (RFC 9110, 15.5.6)."""
    if exchange.answer.status != spec.facts.status.errors["method_not_allowed"].status:
        return
    header = exchange.answer.header("allow")
    listed = {method.strip().upper() for method in (header or "").split(",")} - {""}
    missing = methods_of(spec, exchange.request.path) - listed
    if header is None or not listed:
        yield Problem("status", "405 without the header Allow")
    elif missing:
        yield Problem("status", f"Allow: {header} leaves out {', '.join(sorted(missing))}")
    elif exchange.request.method in listed:
        yield Problem("status", f"Allow: {header} names the method that was refused")


def _retry_after(spec: Spec, exchange: Exchange) -> Iterator[Problem]:
    is_limited = exchange.answer.status == spec.facts.status.errors["rate_limited"].status
    if is_limited and not exchange.answer.header("retry-after"):
        yield Problem("status", "429 without the header Retry-After")


def _failure_in_200(spec: Spec, exchange: Exchange) -> Iterator[Problem]:
    if is_failure_in_200(spec, exchange.answer):
        code = at(exchange.answer.json, "code")
        text = f"HTTP status {exchange.answer.status} with code {code} in the body"
        yield Problem("code-in-200", text)


def _is_json_type(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


_LAWS: tuple[Callable[[Spec, Exchange], Iterator[Problem]], ...] = (
    _server_failure,
    _error_text,
    _error_code,
    _allow,
    _retry_after,
    _failure_in_200,
)
