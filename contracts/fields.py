"""The fields of a request as the schemas of the contract file describe them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from contracts.decode import Json, SpecError, mapping_at, text_at

__all__ = ["REF", "Field", "fields_of", "resolved"]

REF = "$ref"


@dataclass(frozen=True, slots=True)
class Field:
    """A property of a request: its schema with references followed, and what is asked of it often.

    `enum` is without null; a bound that the schema does not give is None.
    """

    name: str
    schema: Mapping[str, Json]
    types: frozenset[str]
    enum: tuple[str, ...]
    default: Json
    minimum: int | None
    maximum: int | None
    max_length: int | None
    required: bool


def fields_of(document: Mapping[str, object], schema: str) -> Mapping[str, Field]:
    """The properties of `components.schemas.<schema>` by name; SpecError where it has none."""
    place = f"components.schemas.{schema}"
    whole = resolved(document, {REF: f"#/components/schemas/{schema}"}, place)
    properties = mapping_at(whole.get("properties"), f"{place}.properties")
    required = whole.get("required") or ()
    return {
        name: _field(name, resolved(document, value, f"{place}.properties.{name}"), required)
        for name, value in properties.items()
    }


def resolved(document: Mapping[str, object], schema: object, place: str) -> Mapping[str, object]:
    """The schema with its own reference followed; keys beside a `$ref` win over what it names."""
    own = mapping_at(schema, place)
    if REF not in own:
        return own
    target = text_at(own[REF], f"{place}.{REF}")
    beside = {key: value for key, value in own.items() if key != REF}
    return {**resolved(document, _at(document, target), target), **beside}


def _at(document: Mapping[str, object], reference: str) -> object:
    found: object = document
    for step in reference.removeprefix("#/").split("/"):
        branch = mapping_at(found, reference)
        if step not in branch:
            raise SpecError(f"{reference}: nothing is there")
        found = branch[step]
    return found


def _field(name: str, schema: Mapping[str, object], required: object) -> Field:
    types = schema.get("type", ())
    enum = cast("list[Json]", schema.get("enum", []))
    return Field(
        name=name,
        schema=cast("Mapping[str, Json]", schema),
        types=frozenset([types] if isinstance(types, str) else cast("list[str]", types)),
        enum=tuple(value for value in enum if isinstance(value, str)),
        default=cast("Json", schema.get("default")),
        minimum=_bound(schema, "minimum"),
        maximum=_bound(schema, "maximum"),
        max_length=_bound(schema, "maxLength"),
        required=name in cast("list[str]", required),
    )


def _bound(schema: Mapping[str, object], key: str) -> int | None:
    bound = schema.get(key)
    return bound if isinstance(bound, int) and not isinstance(bound, bool) else None
