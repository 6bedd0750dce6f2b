"""The words of JSON Schema that the contract may use; any other stops the start."""

from collections.abc import Iterator

import jsonschema_rs

from mock_server.section import ContractError, Section

__all__ = ["refuse_unknown_words"]

# What JSON Schema 2020-12 and OpenAPI 3.1 name, and the contract's own x-expects and x-rule.
_WORDS = frozenset(
    {
        "$ref", "additionalProperties", "allOf", "anyOf", "const", "contentEncoding",
        "contentMediaType", "contentSchema", "default", "dependentRequired", "deprecated",
        "description", "else", "enum", "examples", "exclusiveMaximum", "exclusiveMinimum",
        "format", "if", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems",
        "minLength", "minProperties", "minimum", "multipleOf", "not", "oneOf", "pattern",
        "prefixItems", "properties", "propertyNames", "readOnly", "required", "then", "title",
        "type", "uniqueItems", "writeOnly", "x-expects", "x-rule",
    }
)  # fmt: skip
_ONE_SCHEMA = ("additionalProperties", "contentSchema", "else", "if", "items", "not", "then")
_MANY_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")


def refuse_unknown_words(schemas: Section, rules: Section) -> None:
    """Raise ContractError, naming key and place, for a schema that is none or names no rule."""
    for _, schema in schemas.sections():
        try:
            jsonschema_rs.meta.validate(dict(schema.raw))
        except jsonschema_rs.ValidationError as error:
            place = ".".join([schema.place, *map(str, error.instance_path)])
            raise ContractError(place, f"is not JSON Schema: {error.message}") from None
        for part in _parts(schema):
            _refuse(part, schemas, rules)


def _parts(schema: Section) -> Iterator[Section]:
    """The schema and every one inside it."""
    yield schema
    if "properties" in schema.raw:
        for _, inner in schema.section("properties").sections():
            yield from _parts(inner)
    for word in _ONE_SCHEMA:
        if isinstance(schema.raw.get(word), dict):
            yield from _parts(schema.section(word))
    for word in _MANY_SCHEMAS:
        for inner in schema.entries(word) if word in schema.raw else ():
            yield from _parts(inner)


def _refuse(schema: Section, schemas: Section, rules: Section) -> None:
    for word in schema.raw:
        if word not in _WORDS:
            raise ContractError(f"{schema.place}.{word}", "unknown key: no word of JSON Schema")
    if "$ref" in schema.raw:
        _refuse_dangling(schema, schemas)
    if "x-expects" in schema.raw:
        schema.text("x-expects")
    for rule in _rules_of(schema):
        if rule not in rules.raw:
            raise ContractError(f"{schema.place}.x-rule", f"there is no rule {rule!r}")


def _refuse_dangling(schema: Section, schemas: Section) -> None:
    reference = schema.text("$ref")
    start, _, name = reference.rpartition("/")
    if start != "#/components/schemas" or name not in schemas.raw:
        raise ContractError(f"{schema.place}.$ref", f"nothing is at {reference!r}")


def _rules_of(schema: Section) -> tuple[str, ...]:
    if "x-rule" not in schema.raw:
        return ()
    if not isinstance(schema.raw["x-rule"], list):
        return (schema.text("x-rule"),)
    rules = schema.texts("x-rule")
    if not rules:
        raise ContractError(f"{schema.place}.x-rule", "must not be empty")
    return rules
