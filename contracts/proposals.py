"""Requests that Schemathesis proposes from the contract's schemas; it judges and sends nothing.

Its engine talks to a small WSGI application in this process, which writes down what it is asked and
refuses everything. What is sent, what it may cost and what must come back is decided elsewhere.

As a process, `python -m contracts.proposals SEED [SPEC]`, it reads operations line by line and
answers each with a pickle: the operation and its requests, or the words of the error.
"""

import os
import pickle
import sys
from collections.abc import Iterable, Sequence
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import schemathesis
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.engine import from_schema

from contracts.decode import Json
from contracts.exchange import File, Part, Request
from contracts.spec import Spec, load

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["main", "operations", "proposed"]

FUZZED = 8
"""Cases drawn by chance for an operation, beside those that cover its schema."""
LONGEST_TEXT = 300
PATIENCE = 10
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
SILENT = ("description", "summary", "x-rule", "x-rules", "callbacks", "links")


def operations(spec: Spec) -> list[str]:
    """The operations of the contract, by `operationId`."""
    paths = cast("dict[str, dict[str, dict[str, Json]]]", spec.document["paths"])
    return [
        str(described["operationId"])
        for path in paths.values()
        for described in path.values()
        if "operationId" in described
    ]


def main(arguments: Sequence[str]) -> None:
    """Answers the operations on the standard input until that ends; in nobody's way."""
    os.nice(PATIENCE)
    seed, *file = arguments
    spec = load(Path(file[0]) if file else None)
    for line in sys.stdin:
        operation = line.strip()
        try:
            found: tuple[Request, ...] | str = proposed(spec, operation, seed=int(seed))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is told where it is needed)
            found = f"no proposals for {operation}: {type(error).__name__}: {error}"
        sys.stdout.buffer.write(pickle.dumps((operation, found)))
        sys.stdout.buffer.flush()


def proposed(spec: Spec, operation: str, *, seed: int) -> tuple[Request, ...]:
    """Requests of one operation that cover its schema, legal and not, and some drawn by chance."""
    seen: list[Request] = []

    def listen(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = _request(environ)
        if request is not None:
            seen.append(request)
        start_response("400 Bad Request", [("Content-Type", "application/json")])
        return [b"{}"]

    generation = GenerationConfig(
        max_examples=FUZZED, database="none", with_security_parameters=False, no_shrink=True
    )
    config = SchemathesisConfig(
        seed=seed, projects=ProjectsConfig(default=ProjectConfig(generation=generation))
    )
    schema = schemathesis.openapi.from_dict(_slim(spec), config=config)
    schema.app = listen
    for name in dir(schema.config.checks):
        check = getattr(schema.config.checks, name)
        if hasattr(check, "enabled"):
            check.enabled = False
    schema.config.phases.stateful.enabled = False
    schema.config.phases.coverage.unexpected_methods = METHODS
    for _ in from_schema(schema.include(operation_id=operation)).execute():
        pass
    return tuple({request.fingerprint(): request for request in seen}.values())


def _slim(spec: Spec) -> dict[str, Json]:
    """The file without its prose, and with short texts: long ones cost time and say nothing new.

    The model is a known one and the quality the cheapest, so that a legal case is one, and cheap.
    """
    document = cast(
        "dict[str, Json]", _trimmed({k: v for k, v in spec.document.items() if k != "x-contract"})
    )
    document["servers"] = [{"url": "http://contract.invalid"}]
    schemas = cast(
        "dict[str, dict[str, dict[str, Json]]]",
        cast("dict[str, Json]", document["components"])["schemas"],
    )
    for schema in schemas.values():
        properties = schema.get("properties", {})
        if "prompt" in properties and "model" in properties:
            properties["model"] = {"enum": list(spec.facts.model.supported)}
    return document


def _trimmed(value: Json) -> Json:
    if isinstance(value, list):
        return [_trimmed(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _trimmed(item) for name, item in value.items() if name not in SILENT}
    longest = kept.get("maxLength")
    if isinstance(longest, int):
        kept["maxLength"] = min(longest, LONGEST_TEXT)
    return kept


def _request(environ: "WSGIEnvironment") -> Request | None:
    """What was asked, as the suite sends it; None for a form that cannot be written again."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    query = environ.get("QUERY_STRING", "")
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    media_type = environ.get("CONTENT_TYPE") or None
    plain = Request(environ["REQUEST_METHOD"], quote(path) + (f"?{query}" if query else ""))
    if not body and media_type is None:
        return plain
    if media_type is not None and media_type.startswith("multipart/"):
        parts = _parts(media_type, body)
        return None if parts is None else Request(plain.method, plain.path, parts=parts)
    return Request(plain.method, plain.path, raw=body, content_type=media_type)


def _parts(media_type: str, body: bytes) -> tuple[Part, ...] | None:
    """The parts of a form; None if a text is no UTF-8, or a name cannot stand in a header."""
    head = f"Content-Type: {media_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser().parsebytes(head + body)
    found = message.get_payload()
    if not isinstance(found, list):
        return None
    try:
        parts = tuple(_part(cast("Message", part)) for part in found)
    except UnicodeError:
        return None
    return parts if all(name.isprintable() for name, _ in parts) else None


def _part(part: Message) -> Part:
    name = str(part.get_param("name", "", "content-disposition"))
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    filename = part.get_filename()
    return (name, data.decode()) if filename is None else (name, File(data, filename=filename))


if __name__ == "__main__":
    main(sys.argv[1:])
