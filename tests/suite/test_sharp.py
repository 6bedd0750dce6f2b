"""Every planted fault is caught by the tests that claim its rule."""

import re

import pytest

from tests.suite.judging import judged, serving
from tests.suite.sins import SINS
from tests.suite.variants import own

# Real endpoints are measured and reported by it, never failed.
CANNOT_BE_BROKEN = {"latency"}
REPRESENTATIVE = (
    "a-grid-of-eight",
    "another-price-of-2K-high",
    "the-same-money-is-spent-twice",
    "the-webhook-comes-twice",
    "every-url-serves-the-first-picture",
    "a-completed-task-goes-back",
)


def assert_caught(name: str) -> None:
    rule = SINS[name].rule
    with serving("tests.suite.wrong_server", name, "--time-scale", "0.01") as base_url:
        run = judged(base_url, "--also", "observed,assumed", "--seed", "7", "-x", "--rule", rule)
    assert run.returncode == 1, run.stdout[-3000:] + run.stderr[-2000:]
    assert re.search(rf"FAIL {rule}[ /]", run.stdout), run.stdout[-3000:]


@pytest.mark.parametrize("name", REPRESENTATIVE)
def test_a_planted_fault_is_caught(name: str) -> None:
    assert_caught(name)


@pytest.mark.sharp
@pytest.mark.parametrize("name", sorted(SINS.keys() - set(REPRESENTATIVE)))
def test_every_planted_fault_is_caught(name: str) -> None:
    assert_caught(name)


def test_every_rule_has_a_planted_fault() -> None:
    planted = {sin.rule for sin in SINS.values()}
    assert set(own().rules) - planted == CANNOT_BE_BROKEN
    assert planted <= set(own().rules)


def test_there_are_many() -> None:
    assert len(SINS) >= 80
