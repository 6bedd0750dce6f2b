"""A request to the endpoint under test and its answer, as data."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import cast

import orjson

from contracts.decode import Json

__all__ = ["Answer", "Exchange", "File", "Key", "Part", "Request", "Transfer", "at"]

BOUNDARY = "contracts-7MA4YWxkTrZu0gW"


class Key(StrEnum):
    """Whose key a request carries."""

    MAIN = "main"
    SECOND = "second"
    POOR = "poor"
    NONE = "none"


class Transfer(StrEnum):
    """How the body of a request travels."""

    LENGTH = "length"
    CHUNKED = "chunked"
    EXPECT = "expect"
    """The body is held back until the server says `100 Continue`."""


@dataclass(frozen=True, slots=True)
class File:
    """A file part of a multipart body."""

    content: bytes = field(repr=False)
    filename: str = "image.png"
    content_type: str = "application/octet-stream"


Part = tuple[str, str | File]


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` is below the base URL, or a whole URL where it has a scheme.

    At most one of `fields` (sent as JSON), `parts` (multipart) and `raw` (with `content_type`) is
    given. `twin` tells apart requests that are alike but must each be sent.
    """

    method: str
    path: str
    fields: Mapping[str, Json] | None = None
    parts: tuple[Part, ...] | None = None
    raw: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    key: Key = Key.MAIN
    transfer: Transfer = Transfer.LENGTH
    twin: int = 0

    def body(self) -> bytes | None:
        """The bytes that are sent, None for no body at all."""
        if self.fields is not None:
            return json.dumps(self.fields, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return self.raw if self.parts is None else multipart(self.parts)

    def media_type(self) -> str | None:
        """The `Content-Type` that is sent."""
        if self.content_type is not None:
            return self.content_type
        if self.parts is not None:
            return f"multipart/form-data; boundary={BOUNDARY}"
        return None if self.fields is None else "application/json"

    def fingerprint(self) -> str:
        """A name that equal requests share."""
        head = repr((self.method, self.path, self.media_type(), self.headers, self.key))
        tail = repr((self.transfer, self.twin))
        return sha256(head.encode() + (self.body() or b"") + tail.encode()).hexdigest()[:24]

    def asked(self) -> Mapping[str, Json]:
        """The named values of the body, whatever form it has; files are left out."""
        if self.fields is not None:
            return self.fields
        texts = (part for part in self.parts or () if isinstance(part[1], str))
        return cast("Mapping[str, Json]", dict(texts))

    def again(self, twin: int) -> "Request":
        """The same request as another one."""
        return replace(self, twin=twin)


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0 means that no answer came, and `failure` says why."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    seconds: float
    failure: str = ""

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """The media type without parameters, lower case, empty if there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def json(self) -> Json:
        """The body as JSON; None also where it is none (`is_json` tells)."""
        try:
            return cast("Json", orjson.loads(self.body))
        except orjson.JSONDecodeError:
            return None

    @property
    def is_json(self) -> bool:
        """Whether the body is a JSON text."""
        return self.json is not None or self.body.strip() == b"null"

    @cached_property
    def exact(self) -> object:
        """The body as JSON with every number that has a point as `Decimal`; None if it is none."""
        try:
            return cast("object", json.loads(self.body, parse_float=Decimal))
        except ValueError:
            return None

    @property
    def message(self) -> str:
        """The text of an error, from `error.message` or `msg`; empty where there is none."""
        found = (at(self.json, "error", "message"), at(self.json, "msg"))
        return next((text for text in found if isinstance(text, str) and text.strip()), "")

    @property
    def param(self) -> str | None:
        """The field that an error names."""
        found = at(self.json, "error", "param")
        return found if isinstance(found, str) else None

    @property
    def task_id(self) -> str | None:
        """The id of the created or polled task."""
        found = at(self.json, "data", "taskId")
        return found if isinstance(found, str) and found else None

    @property
    def request_id(self) -> str | None:
        """The `x-request-id` of the answer."""
        return self.header("x-request-id")

    def entries(self) -> list[dict[str, Json]]:
        """The entries of a synchronous answer's `data`; empty for any other shape."""
        found = at(self.json, "data")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, its answer, and when it was sent (epoch seconds)."""

    request: Request
    answer: Answer
    sent_at: float


def at(value: object, *path: str | int) -> Json:
    """What lies at the path of a JSON value, None if there is nothing."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return cast("Json", value)


def multipart(parts: Iterable[Part]) -> bytes:
    """The parts as a multipart body; filenames go out as raw UTF-8, as browsers send them."""
    pieces = [_part(name, value) for name, value in parts]
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def _part(name: str, value: str | File) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{_escaped(name)}"'
    if isinstance(value, str):
        return f"{head}\r\n\r\n{value}\r\n".encode("utf-8", "surrogatepass")
    head += f'; filename="{_escaped(value.filename)}"\r\nContent-Type: {value.content_type}\r\n\r\n'
    return head.encode() + value.content + b"\r\n"


def _escaped(name: str) -> str:
    """The name as browsers write it between quotes."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
