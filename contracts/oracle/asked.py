"""What a request asks for, read as the wire carries it: JSON or form, null or absent."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from contracts.decode import Json
from contracts.exchange import File, Request
from contracts.fields import Field
from contracts.spec import Spec

__all__ = ["Asked", "Carried", "Unreadable", "methods_of", "operation_of", "read_request"]

INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
JSON_TYPE, FORM_TYPE = "application/json", "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Carried:
    """A reference or a mask: the field that carries it, and its text or its bytes."""

    field: str
    value: str | bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A readable request: its operation, the schema of its body, and its fields without nulls."""

    operation: str
    schema: str
    form: bool
    values: Mapping[str, Json]
    """Everything but file parts; in a form, texts of integers and truths are these."""
    references: tuple[Carried, ...]
    masks: tuple[Carried, ...]

    def text(self, field: str) -> str | None:
        """The field's text, None if it is absent or something else."""
        value = self.values.get(field)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A request whose body cannot be read at all: the status it deserves, and why."""

    status: int
    reason: str


def operation_of(spec: Spec, request: Request) -> str | None:
    """The `operationId` of the request's method and path, None where there is none."""
    return _operations(spec).get((request.method, request.path.partition("?")[0]))


def methods_of(spec: Spec, path: str) -> frozenset[str]:
    """The methods that the contract has for exactly this path; none for a path it does not have."""
    wanted = path.partition("?")[0]
    return frozenset(method for method, known in _operations(spec) if known == wanted)


def read_request(spec: Spec, request: Request) -> Asked | Unreadable:
    """What the request asks for; ValueError for an operation that takes no picture's fields."""
    operation = operation_of(spec, request)
    schemas = _schemas(spec).get(operation or "", {})
    media_type = (request.media_type() or "").partition(";")[0].strip().lower()
    errors = spec.facts.status.errors
    if not schemas:
        raise ValueError(f"{request.method} {request.path} makes no pictures")
    if media_type not in schemas:
        return Unreadable(errors["unsupported_media_type"].status, f"a body of '{media_type}'")
    if request.parts is not None:
        return _form(spec, operation or "", schemas[media_type], request)
    body = _object(request)
    if body is None:
        return Unreadable(errors["bad_request"].status, "the body is no JSON object")
    return _asked(spec, operation or "", schemas[media_type], body)


@lru_cache(maxsize=8)
def _operations(spec: Spec) -> Mapping[tuple[str, str], str]:
    paths = cast("dict[str, dict[str, dict[str, str]]]", spec.document["paths"])
    methods = ("get", "post", "put", "patch", "delete")
    return {
        (method.upper(), path): operations[method]["operationId"]
        for path, operations in paths.items()
        for method in methods
        if method in operations
    }


@lru_cache(maxsize=8)
def _schemas(spec: Spec) -> Mapping[str, Mapping[str, str]]:
    """For each operation that takes fields, the schema's name by media type."""
    paths = cast("dict[str, dict[str, dict[str, Json]]]", spec.document["paths"])
    found: dict[str, dict[str, str]] = {}
    for operations in paths.values():
        content = operations.get("post", {}).get("requestBody")
        if not isinstance(content, dict):
            continue
        bodies = cast("dict[str, dict[str, dict[str, str]]]", content["content"])
        names = {
            m: b["schema"]["$ref"].rpartition("/")[2]
            for m, b in bodies.items()
            if "$ref" in b["schema"]
        }
        found[cast("str", operations["post"]["operationId"])] = names
    return found


def _object(request: Request) -> Mapping[str, Json] | None:
    if request.fields is not None:
        return request.fields
    try:
        body = json.loads(request.raw or b"")
    except ValueError:
        return None
    return cast("dict[str, Json]", body) if isinstance(body, dict) else None


def _form(spec: Spec, operation: str, schema: str, request: Request) -> Asked:
    fields, parts = spec.fields[schema], request.parts or ()
    texts: dict[str, Json] = {}
    for name, value in parts:
        if isinstance(value, str):
            texts[name] = _typed(fields.get(name), value)
    files = [Carried(name, value.content) for name, value in parts if isinstance(value, File)]
    asked = _asked(spec, operation, schema, texts)
    images = tuple(f for f in files if f.field in spec.facts.edit_parts.image_parts)
    masks = tuple(f for f in files if f.field == spec.facts.edit_parts.mask_part)
    return replace(
        asked, form=True, references=images + asked.references, masks=masks + asked.masks
    )


def _typed(field: Field | None, text: str) -> Json:
    """The text of a form as the value it writes, where the field is no text. Rule: n."""
    if field is None:
        return text
    if "integer" in field.types and INTEGER.fullmatch(text):
        return int(text)
    if "boolean" in field.types and text in {"true", "false"}:
        return text == "true"
    return text


def _asked(spec: Spec, operation: str, schema: str, body: Mapping[str, Json]) -> Asked:
    values = {name: value for name, value in body.items() if value is not None}
    return Asked(
        operation=operation,
        schema=schema,
        form=False,
        values=values,
        references=tuple(_references(spec, schema, values)),
        masks=tuple(_masks(spec, schema, values)),
    )


def _references(spec: Spec, schema: str, values: Mapping[str, Json]) -> Iterator[Carried]:
    forms = spec.facts.reference_forms
    for name in (*forms.single, *forms.many):
        value = values.get(name) if name in spec.fields[schema] else None
        for item in value if isinstance(value, list) else [value]:
            text = item.get("image_url") if isinstance(item, dict) else item
            if isinstance(text, str):
                yield Carried(name, text)


def _masks(spec: Spec, schema: str, values: Mapping[str, Json]) -> Iterator[Carried]:
    for name in (spec.facts.edit_parts.mask_part, *spec.facts.mask.fields):
        value = values.get(name) if name in spec.fields[schema] else None
        text = value.get("image_url") if isinstance(value, dict) else value
        if isinstance(text, str):
            yield Carried(name, text)
