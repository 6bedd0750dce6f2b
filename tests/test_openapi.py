"""The contract file itself: valid OpenAPI, examples that keep their schemas, named rules."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from mock_server.contract import default_path
from tests.laws import own_contract

DOCUMENT: Any = own_contract().document
RULES: dict[str, Any] = DOCUMENT["x-contract"]["rules"]
BASES = {"stated", "openai", "observed", "assumed"}
ROOT = Path(__file__).parents[1]


def test_the_file_is_openapi_3_1() -> None:
    whole = yaml.safe_load(default_path().read_text(encoding="utf-8"))
    assert whole["openapi"].startswith("3.1.")
    errors = [str(error) for error in OpenAPIV31SpecValidator(whole).iter_errors()]
    assert errors == []


def walk(value: Any, place: str = "#") -> Iterator[tuple[str, Any]]:
    """Every value of the file with its JSON pointer; the rules' own part left out."""
    yield place, value
    listed = enumerate(value) if isinstance(value, list) else ()
    for key, inner in value.items() if isinstance(value, dict) else listed:
        if place == "#" and key == "x-contract":
            continue
        yield from walk(inner, f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}")


def resolved(value: Any) -> Any:
    """What a reference points to."""
    if isinstance(value, dict) and "$ref" in value:
        found = DOCUMENT
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return resolved(found)
    return value


def test_every_reference_leads_somewhere() -> None:
    references = [value["$ref"] for _, value in walk(DOCUMENT) if _is_reference(value)]
    assert len(references) > 100
    for reference in references:
        assert resolved({"$ref": reference}) is not None, reference


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$ref"), str)


def test_every_component_is_used() -> None:
    used = {value["$ref"] for _, value in walk(DOCUMENT) if _is_reference(value)}
    for kind, components in DOCUMENT["components"].items():
        if kind != "securitySchemes":
            assert {f"#/components/{kind}/{name}" for name in components} - used == set()


# --- examples keep their schemas


class Example(NamedTuple):
    """One example: where it stands, the schema it is to keep, and its value."""

    place: str
    schema: Any
    value: Any

    def __str__(self) -> str:
        return self.place


def examples() -> Iterator[Example]:
    """Every example of a body, a parameter, a header or a schema."""
    for place, holder in walk(DOCUMENT):
        if not isinstance(holder, dict) or place.endswith(("/properties", "/examples")):
            continue
        schema = holder.get("schema")
        if schema is not None:
            if "example" in holder:
                yield Example(f"{place}/example", schema, holder["example"])
            for name, example in holder.get("examples", {}).items():
                yield Example(f"{place}/examples/{name}", schema, resolved(example)["value"])
        elif isinstance(holder.get("examples"), list):
            for number, value in enumerate(holder["examples"]):
                yield Example(f"{place}/examples/{number}", holder, value)


EXAMPLES = list(examples())


def complaints(schema: Any, value: Any) -> list[str]:
    """Where the value does not keep the schema, formats checked as well."""
    whole = {"allOf": [schema], "components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_keeps_its_schema(example: Example) -> None:
    assert complaints(example.schema, example.value) == []


def test_every_body_has_an_example_but_bytes_and_streams() -> None:
    shown = {example.place.rpartition("/example")[0] for example in EXAMPLES}
    for place, holder in walk(DOCUMENT):
        kind = re.search(r"/content/([^/]+)$", place)
        if kind and kind[1] in ("application~1json", "multipart~1form-data"):
            assert place in shown, place
            assert "schema" in holder, place


def test_an_error_s_example_has_the_status_of_its_answer() -> None:
    kinds = {kind["status"]: kind["type"] for kind in RULES["status"]["data"]["errors"].values()}
    for name, response in DOCUMENT["components"]["responses"].items():
        content = response["content"].get("application/json", {})
        if content.get("schema", {}).get("$ref") == "#/components/schemas/Error":
            for shown in _values(content):
                status, error = shown.get("code"), shown.get("error", {})
                assert status in {*kinds, 503, None}, name
                assert error.get("type") in {kinds.get(status), "server_error", None} or not status
                if "msg" in shown and error:
                    assert shown["msg"] == error["message"], name


def _values(content: Any) -> list[Any]:
    named = [resolved(example)["value"] for example in content.get("examples", {}).values()]
    return [*named, *([content["example"]] if "example" in content else [])]


def test_a_string_that_is_json_is_json() -> None:
    for example in EXAMPLES:
        data = example.value.get("data") if isinstance(example.value, dict) else None
        if isinstance(data, dict) and data.get("resultJson") is not None:
            told = yaml.safe_load(data["resultJson"])
            assert told.keys() == {"resultUrls"}
            assert data.get("resultUrls", told["resultUrls"]) == told["resultUrls"]


# --- rules


def named_rules() -> Iterator[tuple[str, str]]:
    """Every place that names a rule, and the rule."""
    for place, value in walk(DOCUMENT):
        for key in ("x-rule", "x-rules"):
            if isinstance(value, dict) and key in value:
                rules = value[key]
                yield from (
                    (place, rule) for rule in (rules if isinstance(rules, list) else [rules])
                )


def test_every_rule_that_is_named_exists() -> None:
    assert [(place, rule) for place, rule in named_rules() if rule not in RULES] == []


def test_every_rule_is_named_by_a_schema_or_an_operation() -> None:
    assert set(RULES) - {rule for _, rule in named_rules()} == set()


def test_every_rule_is_named_in_the_server_s_code() -> None:
    """One grep for `Rule: pricing` finds what keeps the rule, and its tests."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in _code())
    mentioned = {
        rule.strip()
        for listed in re.findall(r"\(Rules?: ([a-z0-9,\s-]+?)\)", text)
        for rule in listed.split(",")
    }
    assert mentioned == set(RULES)


def _code() -> list[Path]:
    return sorted((ROOT / "mock_server").rglob("*.py"))


def test_the_rules_are_those_of_the_design() -> None:
    assert len(RULES) == 59
    assert list(RULES)[:3] == ["auth", "base", "mode"]


@pytest.mark.parametrize("rule", list(RULES))
def test_a_rule_is_stated_founded_and_shown(rule: str) -> None:
    entry = RULES[rule]
    assert set(entry) - {"parts"} == {"statement", "basis", "cites", "data", "examples"}
    words = re.sub(r"`[^`]*`", "it", entry["statement"])
    assert words.endswith("."), "a sentence"
    assert ". " not in words, "one sentence"
    assert entry["basis"] in BASES
    assert set(entry.get("parts", {}).values()) <= BASES
    assert len(entry["cites"]) > 5
    assert 3 <= len(entry["examples"]) <= 6


@pytest.mark.parametrize("rule", list(RULES))
def test_a_rule_s_examples_are_a_call_a_path_or_a_value(rule: str) -> None:
    operations = {route.operation_id for route in own_contract().routes}
    for example in RULES[rule]["examples"]:
        assert example.keys() == {"given", "expect"}
        given, expect = example["given"], example["expect"]
        assert given
        assert expect
        if "call" in given:
            assert given["call"] in operations
            assert given.keys() <= {
                "call", "body", "without", "profile", "as", "raw", "content_type", "then",
            }  # fmt: skip
        elif "path" in given:
            assert given["path"].startswith("/")
            assert given.keys() <= {"path", "method"}
        if "price" in expect:
            assert isinstance(expect["price"], str), "money is a quoted string"
            assert Decimal(expect["price"]) >= 0


def test_no_two_examples_are_the_same() -> None:
    for rule, entry in RULES.items():
        given = [str(example["given"]) for example in entry["examples"]]
        assert len(set(given)) == len(given), rule


def test_money_in_the_rules_is_never_a_float() -> None:
    for row in RULES["price"]["data"]["per_image"].values():
        assert {type(cell) for cell in row.values()} == {str}


def test_every_operation_names_its_answers_and_has_its_links() -> None:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            assert {"operationId", "summary", "tags", "x-rules", "responses"} <= set(operation)
            answers = operation["responses"]
            assert "405" in answers, (path, method)
            assert ("401" in answers) == ("auth" in operation["x-rules"]), (path, method)
            assert ("415" in answers) == ("requestBody" in operation), (path, method)
            for status, answer in answers.items():
                assert "x-request-id" in resolved(answer)["headers"], (path, method, status)


def test_what_makes_pictures_links_to_their_task_and_their_record() -> None:
    for path in ("/images/generations", "/images/edits"):
        links = DOCUMENT["paths"][path]["post"]["responses"]["200"]["links"]
        targets = {name: resolved(link)["operationId"] for name, link in links.items()}
        assert targets == {"task": "getTask", "record": "getRecord"}
        assert "taskFinished" in DOCUMENT["paths"][path]["post"]["callbacks"]
