"""The suite's own reading of `openapi.yaml`: frozen records; a key it does not know is refused.

`load()` reads the file that lies beside the package or at the root of the repository, `read()`
takes its text. Numbers and lists of the contract come from here and from nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast, get_type_hints

import yaml

from contracts.consistency import refuse_contradictions, refuse_other_names
from contracts.decode import Json, SpecError, mapping_at, record, text_at
from contracts.facts import Facts
from contracts.fields import Field, fields_of

__all__ = [
    "Basis",
    "Example",
    "Json",
    "Rule",
    "Spec",
    "SpecError",
    "default_path",
    "from_document",
    "load",
    "read",
]

ROOT = "x-contract"
VERSION = 1
GENERATION = "GenerationRequest"
REQUESTS = (GENERATION, "AsyncRequest", "EditJsonRequest", "EditFormRequest")


class Basis(StrEnum):
    """On whose word a rule stands; it decides whether a breach counts."""

    STATED = "stated"
    OPENAI = "openai"
    OBSERVED = "observed"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Example:
    """A case of a rule, worked by hand: plain values in the words of the contract."""

    given: Mapping[str, Json]
    expect: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the contract; `parts` names its sub-claims that stand on another word."""

    id: str
    statement: str
    basis: Basis
    parts: Mapping[str, Basis]
    cites: str
    data: Mapping[str, Json]
    examples: tuple[Example, ...]

    def basis_of(self, part: str | None = None) -> Basis:
        """The basis of a part, or of the rule itself; SpecError for a part it does not have."""
        if part is not None and part not in self.parts:
            known = ", ".join(sorted(self.parts)) or "none"
            raise SpecError(f"{ROOT}.rules.{self.id}.parts: no part '{part}'; there are: {known}")
        return self.basis if part is None else self.parts[part]


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """The contract: its rules, their data as tables, and the whole file as it was read."""

    path: Path | None
    version: int
    example_request: Mapping[str, Json]
    rules: Mapping[str, Rule]
    facts: Facts
    fields: Mapping[str, Mapping[str, Field]]
    """The fields of each request, by the name of its schema."""
    document: Mapping[str, Json]

    def field(self, name: str) -> Field:
        """A field of `createImage`; SpecError for another name."""
        known = self.fields[GENERATION]
        if name not in known:
            raise SpecError(f"components.schemas.{GENERATION}.properties: no field '{name}'")
        return known[name]

    def default(self, name: str) -> str:
        """The text that counts when the field is absent; SpecError where the schema has none."""
        return text_at(self.field(name).default, f"the default of the field '{name}'")


@dataclass(frozen=True, slots=True)
class _Root:
    version: int
    example_request: Mapping[str, object]
    rules: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Case:
    given: Mapping[str, object]
    expect: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Entry:
    statement: str
    basis: str
    cites: str
    data: Mapping[str, object]
    examples: tuple[_Case, ...]
    parts: Mapping[str, str] | None = None


def load(path: Path | None = None) -> Spec:
    """The contract in the file, by default the project's own; SpecError if it cannot be taken."""
    found = path or default_path()
    try:
        text = found.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{found}: {error.strerror}") from error
    return read(text, path=found)


def default_path() -> Path:
    """Where the contract lies: beside this file in a wheel, one folder up in the repository."""
    here = Path(__file__).resolve().parent
    inside = here / "openapi.yaml"
    return inside if inside.is_file() else here.parent / "openapi.yaml"


def read(text: str, *, path: Path | None = None) -> Spec:
    """The contract that the YAML text writes; SpecError names the place of what it cannot take."""
    return from_document(_yaml(text), path=path)


def from_document(whole: object, *, path: Path | None = None) -> Spec:
    """The contract in a file that is parsed already; SpecError as `read`."""
    document = mapping_at(whole, "the contract file")
    if ROOT not in document:
        raise SpecError(f"the contract file: the key '{ROOT}' is missing")
    root = record(_Root, document[ROOT], ROOT)
    if root.version != VERSION:
        raise SpecError(f"{ROOT}.version: {VERSION} is needed; got {root.version}")
    rules = {name: _rule(name, entry) for name, entry in root.rules.items()}
    facts = _facts(rules)
    refuse_other_names(facts, document)
    return Spec(
        path=path,
        version=root.version,
        example_request=_json(root.example_request),
        rules=rules,
        facts=facts,
        fields={schema: fields_of(document, schema) for schema in REQUESTS},
        document=_json(document),
    )


class _Loader(yaml.CSafeLoader):
    """YAML without doubled keys: of two the later would win in silence."""


def _mapping_without_doubles(loader: _Loader, node: yaml.MappingNode) -> dict[object, object]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            line = key.start_mark.line + 1
            raise SpecError(f"line {line}: the key '{key.value}' is there twice")
        seen.add(key.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_doubles)


def _yaml(text: str) -> object:
    try:
        return cast("object", yaml.load(text, Loader=_Loader))  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        raise SpecError(f"the contract file is no YAML: {error}") from error


def _json(value: Mapping[str, object]) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", value)


def _rule(name: str, entry: object) -> Rule:
    place = f"{ROOT}.rules.{name}"
    read_entry = record(_Entry, entry, place)
    parts = read_entry.parts or {}
    return Rule(
        id=name,
        statement=read_entry.statement.strip(),
        basis=_basis(read_entry.basis, f"{place}.basis"),
        parts={part: _basis(basis, f"{place}.parts.{part}") for part, basis in parts.items()},
        cites=read_entry.cites,
        data=_json(read_entry.data),
        examples=tuple(Example(_json(c.given), _json(c.expect)) for c in read_entry.examples),
    )


def _basis(text: str, place: str) -> Basis:
    try:
        return Basis(text_at(text, place))
    except ValueError:
        raise SpecError(f"{place}: one of {', '.join(Basis)} is needed; got '{text}'") from None


def _facts(rules: Mapping[str, Rule]) -> Facts:
    """The tables, each read by its class; a rule without a class has no data."""
    kinds = {name.replace("_", "-"): kind for name, kind in get_type_hints(Facts).items()}
    for name, rule in rules.items():
        if rule.data and name not in kinds:
            key = next(iter(rule.data))
            raise SpecError(
                f"{ROOT}.rules.{name}.data: unknown key '{key}'; allowed: no key at all"
            )
    missing = sorted(kinds.keys() - rules.keys())
    if missing:
        raise SpecError(f"{ROOT}.rules: the key '{missing[0]}' is missing")
    tables = {
        name.replace("-", "_"): record(kind, dict(rules[name].data), f"{ROOT}.rules.{name}.data")
        for name, kind in kinds.items()
    }
    facts = Facts(**tables)
    refuse_contradictions(facts, f"{ROOT}.rules")
    return facts
