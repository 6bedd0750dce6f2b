"""Every rule can be followed from the contract to server, suite and planted faults."""

import re
from functools import cache
from pathlib import Path

import pytest

from contracts.claims import Claim
from tests.suite.sins import SINS
from tests.suite.test_sharp import CANNOT_BE_BROKEN
from tests.suite.variants import own

ROOT = Path(__file__).parents[2]
RULES = sorted(own().rules)


@cache
def sources(folder: str, pattern: str) -> str:
    return "\n".join(path.read_text("utf-8") for path in (ROOT / folder).rglob(pattern))


@pytest.mark.parametrize("rule", RULES)
def test_the_server_names_the_rule_where_it_keeps_it(rule: str) -> None:
    named = rf"Rules?: [a-z0-9, \n-]*\b{re.escape(rule)}\b|rule=\"{re.escape(rule)}\""
    read = rf"\[\"{re.escape(rule)}\"\]"
    assert re.search(f"{named}|{read}", sources("mock_server", "*.py"))


@pytest.mark.parametrize("rule", RULES)
def test_a_contract_test_claims_the_rule(rule: str) -> None:
    claimed = rf"\"{re.escape(rule)}(/[a-z0-9-]+)?\""
    assert re.search(claimed, sources("contracts", "test_*.py"))


@pytest.mark.parametrize("rule", sorted(set(RULES) - CANNOT_BE_BROKEN))
def test_the_rule_has_a_planted_fault(rule: str) -> None:
    assert any(sin.rule == rule for sin in SINS.values())


def test_what_a_contract_test_claims_is_in_the_contract() -> None:
    marks = re.findall(
        r"^@rule\((.*?)\)$", sources("contracts", "test_*.py"), re.MULTILINE | re.DOTALL
    )
    claimed = {Claim.parse(name) for mark in marks for name in re.findall(r'"([^"]+)"', mark)}
    assert len(claimed) > len(RULES)
    for claim in claimed:
        assert own().rules[claim.rule].basis_of(claim.part)
