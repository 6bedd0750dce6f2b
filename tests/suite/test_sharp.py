"""Every planted fault is caught by the tests that claim its rule."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.suite.sins import SINS
from tests.suite.variants import own

ROOT = Path(__file__).parents[2]
KEY = "sk_the_key_of_the_wrong_server"
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


@contextmanager
def wrong_server(name: str) -> Iterator[str]:
    """The base URL of a mock with that sin."""
    command = [sys.executable, "-m", "tests.suite.wrong_server", name]
    options = ["--port", "0", "--quiet", "--time-scale", "0.01"]
    server = subprocess.Popen(
        [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        line = server.stdout.readline() if server.stdout else ""
        yield line.split()[-1]
    finally:
        server.terminate()
        server.wait(10)
        if server.stdout:
            server.stdout.close()


def judged(base_url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A run of the suite."""
    command = [sys.executable, "-m", "contracts", "--base-url", base_url, "--api-key", KEY]
    return subprocess.run(
        [*command, "--also", "observed,assumed", "--seed", "7", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def assert_caught(name: str) -> None:
    rule = SINS[name].rule
    with wrong_server(name) as base_url:
        run = judged(base_url, "-x", "--rule", rule)
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
