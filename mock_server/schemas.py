"""Request fields against the JSON Schemas of the contract, compiled once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import jsonschema_rs

from mock_server.errors import ApiError, bad_field, missing_field, shortened
from mock_server.rules.requests import FIELDS
from mock_server.section import ContractError, Section

__all__ = ["BodySchema", "compile_body"]

Schema = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field: what is allowed in words, its rule, its JSON types, and its longest value."""

    name: str
    expects: str
    rule: str | None
    types: frozenset[str]
    longest: int | None = None

    def got(self, value: object) -> str:
        """What came, in words for a message: what is too long is not shown but counted."""
        if self.longest is not None and isinstance(value, str | list) and len(value) > self.longest:
            return f"{len(value):,}" + (" characters" if isinstance(value, str) else "")
        return shortened(value)


class BodySchema:
    """The fields of one request body; decides which value is refused, and in which words."""

    def __init__(
        self, fields: Mapping[str, FieldSchema], required: tuple[str, ...], schema: Schema
    ) -> None:
        self.fields = fields
        self.required = required
        self._validator = jsonschema_rs.Draft202012Validator(dict(schema))
        properties = cast("Mapping[str, Schema]", schema.get("properties", {}))
        components = schema.get("components", {})
        self._alone = {
            name: jsonschema_rs.Draft202012Validator(
                {**properties.get(name, {}), "components": components}
            )
            for name in ("prompt", "size")
        }

    def takes(self, name: str, value: str) -> bool:
        """Whether this may be the prompt, or the size, as far as schemas go (Rule: prompt)."""
        return self._alone[name].is_valid(value)

    def known(self, fields: Mapping[str, object]) -> dict[str, object]:
        """The fields that the contract names (Rule: unknown-fields)."""
        return {name: value for name, value in fields.items() if name in self.fields}

    def refuse_unknown(self, fields: Mapping[str, object]) -> None:
        """Raise ApiError for a field that the contract does not name (`--strict-fields`)."""
        for name in fields:
            if name not in self.fields:
                known = ", ".join(sorted(self.fields))
                problem = f"is not a field of this request; known fields: {known}"
                raise bad_field(
                    shortened(name)[1:-1], problem, rule="unknown-fields", code="unknown_parameter"
                )

    def check(self, fields: dict[str, object]) -> None:
        """Raise ApiError for the first field that is missing or does not keep its schema.

        What a schema says of its rule alone is kept here (Rules: model, n, prompt, stream).
        """
        for name, value in fields.items():
            if isinstance(value, list | dict) and _is_deep(value):
                raise self._refusal(name, fields)
        if self._validator.is_valid(fields):
            return
        for name in self.required:
            if name not in fields:
                raise missing_field(name, rule=self.fields[name].rule)
        error = next(self._validator.iter_errors(fields))
        raise self._refusal(str(error.instance_path[0]), fields)

    def _refusal(self, name: str, fields: Mapping[str, object]) -> ApiError:
        field = self.fields[name]
        problem = f"must be {field.expects}; got {field.got(fields[name])}"
        return bad_field(name, problem, rule=field.rule)

    def typed(self, name: str, text: str) -> object:
        """A form's text as the JSON value that its field takes; the text itself where it is none.

        "2" is the integer 2 in a form, "true" is true, and "" is nothing given.
        """
        field = self.fields.get(name)
        if field is None:
            return text
        if "integer" in field.types:
            return int(text) if _is_integer(text) else text
        if "boolean" in field.types:
            return {"true": True, "false": False}.get(text, text)
        return [text] if "array" in field.types else text


# Deeper than any field of the contract goes; the validator takes no more than some 250.
_DEEPEST = 16


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


_INTEGER_DIGITS = 18


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= _INTEGER_DIGITS


def compile_body(document: Mapping[str, object], name: str) -> BodySchema:
    """The body schema of that name in `components.schemas`; raises ContractError."""
    schemas = Section(document, "the file").section("components").section("schemas")
    body = schemas.section(name)
    properties, required = body.section("properties"), body.texts("required")
    fields = {field: _field(schema, field, schemas) for field, schema in properties.sections()}
    for field in (*required, *_ALWAYS):
        if field not in fields or field not in required:
            raise ContractError(f"{body.place}.required", f"{field!r} must be there and required")
    schema = {
        "type": "object",
        "required": list(required),
        "properties": {key: properties.raw[key] for key in fields if not _is_upload(fields[key])},
        "components": {"schemas": schemas.raw},
    }
    try:
        return BodySchema(fields, required, schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        raise ContractError(body.place, f"is not a JSON Schema: {error}") from None


# The fields without which no request can be read.
_ALWAYS = ("model", "prompt")


def _field(schema: Section, name: str, schemas: Section) -> FieldSchema:
    resolved = _resolved(schema, schemas)
    rules = resolved.get("x-rule")
    first = rules[0] if isinstance(rules, list) else rules
    field = FieldSchema(
        name=name,
        expects=_expects(resolved),
        rule=None if first is None else str(first),
        types=_types(resolved),
        longest=cast("int | None", resolved.get("maxLength", resolved.get("maxItems"))),
    )
    if name in FIELDS and field.types != {FIELDS[name]}:
        kinds = " or ".join(sorted(field.types)) or "anything"
        raise ContractError(schema.place, f"must be of the type {FIELDS[name]}; is {kinds}")
    return field


def _resolved(schema: Section, schemas: Section) -> Schema:
    """The schema with what it refers to; what stands beside the reference wins."""
    if "$ref" not in schema.raw:
        return schema.raw
    return {**schemas.section(schema.text("$ref").rpartition("/")[2]).raw, **schema.raw}


def _types(schema: Schema) -> frozenset[str]:
    types = schema.get("type", ())
    names = [types] if isinstance(types, str) else cast("list[str]", types)
    return frozenset(names) - {"null"}


def _is_upload(field: FieldSchema) -> bool:
    return field.expects == _UPLOAD


_UPLOAD = "a file"


def _expects(schema: Schema) -> str:
    """What the schema allows, in words for a message."""
    if schema.get("format") == "binary" or _holds_files(schema):
        return _UPLOAD
    if "enum" in schema:
        values = cast("list[object]", schema["enum"])
        return "one of " + ", ".join(str(value) for value in values if value is not None)
    words = str(schema.get("x-expects") or _type_words(_types(schema)))
    return words + _bounds(schema)


def _holds_files(schema: Schema) -> bool:
    items = schema.get("items")
    return isinstance(items, Mapping) and str(items.get("$ref", "")).endswith("/Bytes")


def _type_words(types: frozenset[str]) -> str:
    words = {"integer": "an integer", "boolean": "true or false", "array": "a list"}
    return " or ".join(words.get(name, f"a {name}") for name in sorted(types))


def _bounds(schema: Schema) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}"
    if "maxLength" in schema:
        return f" of at most {schema['maxLength']:,} characters"
    return f"; at most {schema['maxItems']} of them" if "maxItems" in schema else ""
