"""openapi.yaml, read once into frozen records; what it does not know stops the start."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import yaml

from mock_server.consistency import refuse_contradictions
from mock_server.facts import Contract, ModelCard, Route, StreamEvents
from mock_server.rulebook import Rulebook
from mock_server.section import ContractError, Section
from mock_server.vocabulary import refuse_stray_rules, refuse_unknown_words

__all__ = [
    "Contract",
    "ContractError",
    "ModelCard",
    "Route",
    "StreamEvents",
    "default_path",
    "load_contract",
    "read_contract",
]


def default_path() -> Path:
    """Where openapi.yaml is: beside the package's modules when installed, else at the root."""
    here = Path(__file__).parent
    installed = here / "openapi.yaml"
    return installed if installed.exists() else here.parent / "openapi.yaml"


def load_contract(path: Path | None = None) -> Contract:
    """Read the contract; raises ContractError that names key and place, or why not readable."""
    path = path or default_path()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ContractError(str(path), error.strerror or str(error)) from None
    try:
        document = yaml.load(source, Loader=_Loader)  # noqa: S506 - a safe loader, and stricter
        return read_contract(document, source)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(str(path), f"is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ContractError(str(path), "is nested too deeply") from None


class _Loader(yaml.CSafeLoader):
    """Of a key that is there twice YAML would silently take the last value."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - PyYAML's own signature
        """The mapping; a key twice is no YAML."""
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return cast("dict[object, object]", super().construct_mapping(node, deep=deep))


_ROOT_KEYS = ("openapi", "info", "servers", "security", "tags", "externalDocs")


def read_contract(document: object, source: bytes = b"") -> Contract:
    """The contract from its decoded document; raises ContractError that names key and place."""
    root = Section(document, "the file")
    for key in _ROOT_KEYS:
        root.anything(key)
    schemas = root.section("components").section("schemas")
    routes = tuple(_routes(root.section("paths")))
    refuse_unknown_words(schemas)
    rules = Rulebook(root.section("x-contract"), schemas)
    contract = rules.contract(document=root.raw, source=source, routes=routes)
    rules.done()
    root.done()
    refuse_stray_rules(root, root.section("x-contract").section("rules"))
    refuse_contradictions(contract)
    return contract


_METHODS = ("get", "post", "put", "patch", "delete")


def _routes(paths: Section) -> Iterator[Route]:
    for path, item in paths.sections():
        for method in _METHODS:
            if method in item.raw:
                yield _route(path, method, item.section(method))
        item.done()


_OPERATION_KEYS = (
    "tags", "summary", "description", "parameters", "responses", "callbacks", "x-rules"
)  # fmt: skip


def _route(path: str, method: str, operation: Section) -> Route:
    for key in _OPERATION_KEYS:
        operation.anything(key)
    bodies = _body_schemas(operation)
    route = Route(
        operation_id=operation.text("operationId"),
        method=method.upper(),
        path=path,
        needs_key=_needs_key(operation.anything("security")),
        media_types=tuple(bodies),
        body_schemas=bodies,
    )
    operation.done()
    return route


def _needs_key(security: object) -> bool:
    """An empty list asks for no key; an empty mapping in the list makes the key optional."""
    return not isinstance(security, list) or (security != [] and {} not in security)


def _body_schemas(operation: Section) -> dict[str, str]:
    if operation.anything("requestBody") is None:
        return {}
    content = operation.section("requestBody").section("content")
    return {
        media_type: _schema_name(part.section("schema")) for media_type, part in content.sections()
    }


def _schema_name(schema: Section) -> str:
    return schema.text("$ref").rpartition("/")[2] if "$ref" in schema.raw else ""
