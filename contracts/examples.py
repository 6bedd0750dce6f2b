"""The worked examples of the contract as requests and as cases, ready to be decided or sent.

An example whose `given` has `call` is a request of that operation, one with `path` any request; any
other is a plain value for the rule itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from contracts.decode import Json
from contracts.exchange import File, Part, Request
from contracts.samples import NAMED, data_uri, sample, text_of
from contracts.spec import Example, Spec, SpecError

__all__ = ["Case", "calls", "paths", "request_of", "values"]

URI = "-data-uri"


@dataclass(frozen=True, slots=True)
class Case:
    """A worked example and the rule it belongs to."""

    rule: str
    number: int
    example: Example

    def __str__(self) -> str:
        return f"{self.rule}-{self.number}"


def calls(spec: Spec) -> Iterator[Case]:
    """The examples that call an operation."""
    return (case for case in _cases(spec) if "call" in case.example.given)


def paths(spec: Spec) -> Iterator[Case]:
    """The examples that ask for a path."""
    return (case for case in _cases(spec) if "path" in case.example.given)


def values(spec: Spec) -> Iterator[Case]:
    """The examples of plain values."""
    return (case for case in _cases(spec) if not {"call", "path"} & case.example.given.keys())


def request_of(spec: Spec, given: Mapping[str, Json]) -> Request:
    """The request that the `given` of an example with `call` or `path` writes."""
    if "path" in given:
        return Request(str(given.get("method", "GET")), str(given["path"]))
    operation = str(given["call"])
    method, path, is_form = _route(spec, operation)
    if "raw" in given:
        raw, media_type = str(given["raw"]).encode(), str(given["content_type"])
        return Request(method, path, raw=raw, content_type=media_type)
    body = _body(spec, given, operation)
    if is_form and given.get("as") != "json":
        return Request(method, path, parts=tuple(_parts(body)))
    return Request(method, path, fields={name: _text(value) for name, value in body.items()})


def _cases(spec: Spec) -> Iterator[Case]:
    for rule in spec.rules.values():
        for number, example in enumerate(rule.examples):
            yield Case(rule.id, number, example)


def _route(spec: Spec, operation: str) -> tuple[str, str, bool]:
    paths = cast("dict[str, dict[str, dict[str, Json]]]", spec.document["paths"])
    for path, operations in paths.items():
        for method, described in operations.items():
            if described.get("operationId") == operation:
                body = cast("dict[str, dict[str, Json]]", described["requestBody"])
                return method.upper(), path, "multipart/form-data" in body["content"]
    raise SpecError(f"an example calls '{operation}', which no path has")


def _body(spec: Spec, given: Mapping[str, Json], operation: str) -> Mapping[str, Json]:
    without = cast("list[str]", given.get("without", []))
    own = cast("dict[str, Json]", given.get("body", {}))
    base = {} if operation == "uploadFile" else spec.example_request
    return {name: value for name, value in {**base, **own}.items() if name not in without}


def _parts(body: Mapping[str, Json]) -> Iterator[Part]:
    for name, value in body.items():
        for item in value if isinstance(value, list) else [value]:
            if item is None:
                continue
            text = str(item)
            yield name, File(sample(text)) if text in NAMED else text


def _text(value: Json) -> Json:
    """The value with each named sample in the form a JSON field takes."""
    if isinstance(value, list):
        return [_text(item) for item in value]
    if isinstance(value, dict):
        return {name: _text(item) for name, item in value.items()}
    if isinstance(value, str) and value.removesuffix(URI) in NAMED:
        picture = sample(value.removesuffix(URI))
        return data_uri(picture) if value.endswith(URI) else text_of(picture)
    return value
