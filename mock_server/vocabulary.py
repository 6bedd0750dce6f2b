"""The words of JSON Schema that the contract may use; any other stops the start."""

from collections.abc import Iterator

import jsonschema_rs

from mock_server.section import ContractError, Section

__all__ = ["refuse_stray_rules", "refuse_unknown_words"]

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


def refuse_unknown_words(schemas: Section) -> None:
    """Raise ContractError, naming key and place, for a schema that is none."""
    for _, schema in schemas.sections():
        try:
            jsonschema_rs.meta.validate(dict(schema.raw))
        except jsonschema_rs.ValidationError as error:
            place = ".".join([schema.place, *map(str, error.instance_path)])
            raise ContractError(place, f"is not JSON Schema: {error.message}") from None
        for part in _parts(schema):
            _refuse(part, schemas)


def refuse_stray_rules(root: Section, rules: Section) -> None:
    """Raise ContractError where a rule is named that there is not, or one is named nowhere."""
    unnamed = set(rules.raw)
    for key in root.raw:
        for place, rule in () if key == "x-contract" else _named(root.raw[key], key):
            if rule not in rules.raw:
                raise ContractError(place, f"there is no rule {rule!r}")
            unnamed.discard(rule)
    for rule in sorted(unnamed):
        raise ContractError(f"{rules.place}.{rule}", "no schema and no operation names this rule")


def _named(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Every rule that is named inside the value, and where."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _named(item, f"{place}[{index}]")
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("x-rule", "x-rules"):
                names = inner if isinstance(inner, list) else [inner]
                yield from ((f"{place}.{key}", str(name)) for name in names)
            else:
                yield from _named(inner, f"{place}.{key}")


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


def _refuse(schema: Section, schemas: Section) -> None:
    for word in schema.raw:
        if word not in _WORDS:
            raise ContractError(f"{schema.place}.{word}", "unknown key: no word of JSON Schema")
    if "$ref" in schema.raw:
        _refuse_dangling(schema, schemas)
    if "x-expects" in schema.raw:
        schema.text("x-expects")
    if not isinstance(schema.raw.get("x-rule", ""), str) and not schema.texts("x-rule"):
        raise ContractError(f"{schema.place}.x-rule", "must not be empty")


def _refuse_dangling(schema: Section, schemas: Section) -> None:
    reference = schema.text("$ref")
    start, _, name = reference.rpartition("/")
    if start != "#/components/schemas" or name not in schemas.raw:
        raise ContractError(f"{schema.place}.$ref", f"nothing is at {reference!r}")
