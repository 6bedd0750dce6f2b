"""The schemas of the contract file as validators, compiled once."""

from collections.abc import Mapping
from functools import lru_cache

import jsonschema_rs

from contracts.decode import Json
from contracts.spec import Spec

__all__ = ["broken_keywords", "complaints"]


def broken_keywords(spec: Spec, schema: str, field: str, value: Json) -> list[str]:
    """The keywords of the field's schema that the value breaks: type, maximum, enum ..."""
    validator = _field_validator(spec, schema, field)
    return [error.kind.name for error in validator.iter_errors(value)]


def complaints(spec: Spec, schema: str, value: Json) -> list[tuple[str, str]]:
    """Place and words of each breach of `components.schemas.<schema>`."""
    errors = _validator(spec, schema).iter_errors(value)
    return [("/".join(map(str, error.instance_path)), error.message) for error in errors]


@lru_cache(maxsize=256)
def _field_validator(spec: Spec, schema: str, field: str) -> jsonschema_rs.Validator:
    return _compiled(spec, dict(spec.fields[schema][field].schema))


@lru_cache(maxsize=64)
def _validator(spec: Spec, schema: str) -> jsonschema_rs.Validator:
    return _compiled(spec, {"$ref": f"#/components/schemas/{schema}"})


def _compiled(spec: Spec, schema: Mapping[str, Json]) -> jsonschema_rs.Validator:
    """References are written from the root of the file, so its components come along."""
    whole = {**schema, "components": spec.document["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=False)
