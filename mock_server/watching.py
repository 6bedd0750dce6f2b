"""What passes a proxy, judged by the contract's schemas and rules; told, never altered."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, cast

import jsonschema_rs
import orjson
import pybase64

from mock_server.contract import Contract, Route
from mock_server.errors import ApiError
from mock_server.pictures import Examined, NotAPicture, examine
from mock_server.purse import at
from mock_server.rules.modes import Mode
from mock_server.rules.requests import ImageRequest
from mock_server.rules.sizes import Size

__all__ = ["Ask", "Violation", "Watch", "decoded", "events_of", "unpacked"]

_FAILURE_FROM = 400
_SERVER_FAILURE_FROM = 500
_OK = 200
# The operations that tell how a task stands.
_TELLING = ("createImage", "editImage", "createImageAndWait", "getTask", "getVideoTask")
_PACKED = ("gzip", "deflate", "x-gzip")
_ANY_ZLIB = zlib.MAX_WBITS | 32
_TASKS_KEPT = 100_000


class Violation(NamedTuple):
    """A rule that an answer breaks: what it says, where it is known from, and how it is broken."""

    rule: str
    basis: str
    statement: str
    problem: str
    operation: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for as the contract reads it: accepted with a price, or refused."""

    route: Route
    has_key: bool = True
    request: ImageRequest | None = None
    size: Size | None = None
    price: Decimal = Decimal(0)
    refused: ApiError | None = None


@dataclass(slots=True)
class Watch:
    """Judges answers one by one; remembers what tasks were seen to be."""

    contract: Contract
    _validators: dict[str, jsonschema_rs.Draft202012Validator] = field(default_factory=dict)
    _tasks: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Compile the schema of each operation's proper answer, and that of errors."""
        paths = cast(Mapping[str, Mapping[str, object]], self.contract.document["paths"])
        for route in self.contract.routes:
            schema = _answer_schema(paths[route.path][route.method.lower()])
            if schema is not None:
                self._validators[route.operation_id] = self._compiled(schema)
        self._validators["error"] = self._compiled({"$ref": "#/components/schemas/Error"})
        self._validators["event"] = self._compiled({"$ref": "#/components/schemas/StreamEvent"})

    def _compiled(self, schema: Mapping[str, object]) -> jsonschema_rs.Draft202012Validator:
        whole = {**schema, "components": self.contract.document["components"]}
        return jsonschema_rs.Draft202012Validator(whole)

    def judge(
        self, ask: Ask, *, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[Violation]:
        """Every rule that this answer is seen to break."""
        request_id = headers.get("x-request-id", "")
        problems = list(self._problems(ask, status=status, headers=headers, body=body))
        return [
            self._violation(rule, problem, ask.route.operation_id, request_id)
            for rule, problem in problems
        ]

    def _violation(self, rule: str, problem: str, operation: str, request_id: str) -> Violation:
        entry = at(self.contract.document, "x-contract", "rules", rule)
        basis, statement = str(at(entry, "basis")), str(at(entry, "statement"))
        return Violation(rule, basis, statement, problem, operation, request_id)

    def is_failure(self, status: int, value: object) -> bool:
        """Whether an answer tells a failure, by its status or by its code."""
        return status >= _FAILURE_FROM or self._failure_code(value) is not None

    def _failure_code(self, value: object) -> int | None:
        """The code in the body of an answer, where that tells a failure (Rule: code-in-200)."""
        code = at(value, "code")
        least = self.contract.failure_code_min
        return code if isinstance(code, int) and code >= least else None

    def _problems(
        self, ask: Ask, *, status: int, headers: Mapping[str, str], body: bytes
    ) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if "x-request-id" not in headers:
            found.append(("status", "the answer has no x-request-id"))
        if status >= _SERVER_FAILURE_FROM:
            found.append(("status", f"status {status}: no input of a client gives a 5xx"))
        if status < _FAILURE_FROM and ask.route.needs_key and not ask.has_key:
            found.append(("auth", f"status {status} without a key"))
        if ask.route.operation_id not in self._validators and status < _FAILURE_FROM:
            return found
        if headers.get("content-type", "").startswith("text/event-stream"):
            return found + self._of_stream(ask, body)
        value = decoded(headers, body)
        if value is None:
            rule = "error-shape" if status >= _FAILURE_FROM else "sync-shape"
            return [*found, (rule, "the answer is not JSON")]
        if status >= _FAILURE_FROM:
            return found + self._of_refusal(ask, status, value)
        return found + self._of_success(ask, value)

    def _of_refusal(self, ask: Ask, status: int, value: object) -> list[tuple[str, str]]:
        found = []
        if not self._validators["error"].is_valid(value):
            found.append(("error-shape", "the error has no text in error.message or msg"))
        param = at(value, "error", "param")
        bad_request = self.contract.errors.kinds["bad_request"].status
        is_legal = ask.request is not None and ask.refused is None
        if is_legal and status == bad_request and param in _CHOICES:
            found.append((_CHOICES[str(param)], f"{param} is refused, which the contract allows"))
        return found

    def _of_success(self, ask: Ask, value: object) -> list[tuple[str, str]]:
        if (code := self._failure_code(value)) is not None:
            return [("code-in-200", f"HTTP 200 with code {code}: {at(value, 'msg')}")]
        found = []
        if ask.refused is not None:
            rule = ask.refused.rule or "status"
            found.append((rule, f"accepted what is to be refused: {ask.refused.message}"))
        validator = self._validators[ask.route.operation_id]
        if not validator.is_valid(value):
            error = next(validator.iter_errors(value))
            found.append((_shape_rule(ask), f"{_place(error)}: {error.message[:200]}"))
        if ask.request is not None and ask.size is not None:
            found += self._of_pictures(ask.request, ask.size, value)
        if ask.route.operation_id in _TELLING:
            found += self._of_task(value)
        return found

    def _of_stream(self, ask: Ask, body: bytes) -> list[tuple[str, str]]:
        """Each event by its schema, and a completed one for each picture (Rule: stream)."""
        if ask.request is None or ask.size is None or not ask.request.streams:
            return [("stream", "a stream was not asked for")]
        found, completed = [], 0
        for event in events_of(body):
            if not self._validators["event"].is_valid(event):
                found.append(("stream", "an event is not as the contract has it"))
                continue
            found += self._of_picture(ask.request, ask.size, at(event, "b64_json"))
            completed += str(at(event, "type")).endswith(".completed")
        if completed != ask.request.n:
            found.append(("stream", f"asked for {ask.request.n} pictures, {completed} completed"))
        return found

    def _of_pictures(
        self, request: ImageRequest, size: Size, value: object
    ) -> list[tuple[str, str]]:
        is_task = isinstance(at(value, "data", "taskId"), str)
        if is_task is (request.mode is Mode.SYNC):
            return [("mode", f"a {request.mode.value} request was answered the other way")]
        if is_task:
            return []
        pictures = at(value, "data")
        if not isinstance(pictures, list) or len(pictures) != request.n:
            return [("n", f"asked for {request.n} pictures")]
        return [
            problem
            for picture in pictures
            for problem in self._of_picture(request, size, at(picture, "b64_json"))
        ]

    def _of_picture(self, request: ImageRequest, size: Size, b64: object) -> list[tuple[str, str]]:
        if not isinstance(b64, str):
            return []
        try:
            data = pybase64.b64decode(b64, validate=True)
            seen = examine(data, max_pixels=self.contract.references.max_pixels)
        except NotAPicture as error:
            return [("size-exact", f"b64_json is no picture: {error}")]
        except ValueError:
            return [("sync-shape", "b64_json does not decode as base64")]
        return _of_examined(request, size, seen)

    def _of_task(self, value: object) -> list[tuple[str, str]]:
        """A task never goes back, and what ended stays as it ended (Rule: task-steps)."""
        task_id, state = at(value, "data", "taskId"), at(value, "data", "state")
        if not isinstance(task_id, str) or not isinstance(state, str):
            return []
        table = self.contract.tasks
        order = {table.pending: 0, table.processing: 1, table.completed: 2, table.failed: 2}
        told = orjson.dumps(at(value, "data"), option=orjson.OPT_SORT_KEYS)
        before, before_told = self._tasks.get(task_id, (state, told))
        self._tasks[task_id] = (state, told)
        if len(self._tasks) > _TASKS_KEPT:
            del self._tasks[next(iter(self._tasks))]
        if order.get(state, 0) < order.get(before, 0):
            return [("task-steps", f"the task went from {before} back to {state}")]
        if before in (table.completed, table.failed) and told != before_told:
            return [("task-steps", "the answer of an ended task has changed")]
        return []


# A refusal that names one of these is a breach where the contract allows the request.
_CHOICES = {
    "size": "size-grid",
    "aspect_ratio": "aspect-ratio",
    "resolution": "resolution",
    "quality": "price",
    "n": "n",
    "background": "background",
    "output_format": "output-format",
    "output_compression": "output-format",
    "response_format": "response-format",
}


def _of_examined(request: ImageRequest, size: Size, seen: Examined) -> list[tuple[str, str]]:
    found = []
    if (seen.width, seen.height) != size:
        found.append(("size-exact", f"asked for {size}, got {seen.width}x{seen.height}"))
    if seen.format != request.output_format:
        found.append(("output-format", f"asked for {request.output_format}, got {seen.format}"))
    if request.background == "transparent" and not seen.has_alpha:
        found.append(("background", "asked for transparent, got a picture without alpha"))
    if request.background == "opaque" and seen.has_alpha:
        found.append(("background", "asked for opaque, got a picture with alpha"))
    return found


def _shape_rule(ask: Ask) -> str:
    """The rule that says how the answer of this operation looks."""
    if ask.request is not None:
        return "sync-shape" if ask.request.mode is Mode.SYNC else "task-created"
    rules = {
        "getTask": "task-poll",
        "getVideoTask": "task-poll",
        "getBalance": "settle-once",
        "getRecord": "settle-once",
        "uploadFile": "files",
    }
    return rules.get(ask.route.operation_id, "models")


def _answer_schema(operation: object) -> Mapping[str, object] | None:
    """The JSON schema of the operation's 200, None where it answers bytes or never so."""
    content = at(operation, "responses", str(_OK), "content", "application/json", "schema")
    if content is not None:
        return cast(Mapping[str, object], content)
    reference = at(operation, "responses", str(_OK), "$ref")
    if not isinstance(reference, str) or reference.endswith("/PictureBytes"):
        return None
    return {"$ref": f"{reference}/content/application~1json/schema"}


def decoded(headers: Mapping[str, str], body: bytes) -> object:
    """The JSON of an answer, unpacked where it was packed; None where there is none."""
    try:
        return cast(object, orjson.loads(unpacked(headers, body)))
    except orjson.JSONDecodeError:
        return None


def unpacked(headers: Mapping[str, str], body: bytes) -> bytes:
    """The body without its content coding, where that is a common one."""
    coding = {name.lower(): value for name, value in headers.items()}.get("content-encoding", "")
    try:
        return zlib.decompress(body, wbits=_ANY_ZLIB) if coding in _PACKED else body
    except zlib.error:
        return body


def events_of(body: bytes) -> Iterator[object]:
    """The JSON of each event of a stream, None where it is none."""
    for event in body.split(b"\n\n"):
        data = [line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")]
        if data and data != [b"[DONE]"]:
            yield decoded({}, b"\n".join(data))


def _place(error: jsonschema_rs.ValidationError) -> str:
    return ".".join(map(str, error.instance_path)) or "the answer"
