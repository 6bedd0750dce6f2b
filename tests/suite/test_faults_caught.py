"""Misbehaviour that breaks a rule is caught when all requests meet it; what breaks none is not."""

import re
from pathlib import Path

import pytest

from mock_server.faults import FAULTS
from tests.suite.judging import judged, serving

# What each fault breaks, on all pictures or on all tasks. Quick ones are judged in every test run.
QUICK = {
    "missing_b64": "sync-shape",
    "wrong_size_picture": "size-exact",
    "expired_url": "same-bytes",
    "lost_webhook": "hook-once",
}
SLOW = {
    "bad_base64": "sync-shape",
    "bad_json": "sync-shape",
    "code_in_200": "code-in-200",
    "duplicate_webhook": "hook-once",
    "empty_results": "task-poll",
    "hang": "mode",
    "internal_error": "mode",
    "moderation": "mode",
    "reset": "mode",
    "server_error": "status",
    "server_error;html=1": "status",
    "stuck": "task-poll",
    "timeout": "mode",
    "truncate": "mode",
    "upstream_busy": "mode",
    "upstream_failed": "mode",
}
# A slow service, one without credit for this account or one that has enough keeps the contract.
NO_BREACH = (
    "drip;rate=1000000",
    "late_webhook",
    "no_credit",
    "rate_limit",
    "reordered_webhooks",
    "slow;seconds=5",
)


def faults_file(folder: Path, fault: str) -> str:
    """A file with the fault for every request that may make a picture, and nothing else."""
    made = ("createImage", "editImage", "createImageAndWait")
    rules = [f"- {{fault: '{fault}', match: {{operation: {name}}}}}" for name in made]
    path = folder / "faults.yaml"
    path.write_text("\n".join(rules))
    return str(path)


def run_with(folder: Path, fault: str, *options: str) -> tuple[int, str]:
    ways = ("--time-scale", "0.01", "--faults", faults_file(folder, fault))
    with serving("mock_server", *ways) as base_url:
        run = judged(base_url, "--seed", "7", "--also", "observed", *options)
    return run.returncode, run.stdout + run.stderr


def assert_caught(folder: Path, fault: str, rule: str) -> None:
    code, told = run_with(folder, fault, "--timeout", "3", "-x", "--rule", rule)
    assert code == 1, told[-3000:]
    assert re.search(rf"FAIL {rule}[ /]", told), told[-3000:]


@pytest.mark.parametrize("fault, rule", QUICK.items())
def test_a_fault_is_caught(tmp_path: Path, fault: str, rule: str) -> None:
    assert_caught(tmp_path, fault, rule)


@pytest.mark.sharp
@pytest.mark.parametrize("fault, rule", SLOW.items())
def test_every_fault_that_breaks_a_rule_is_caught(tmp_path: Path, fault: str, rule: str) -> None:
    assert_caught(tmp_path, fault, rule)


@pytest.mark.sharp
@pytest.mark.parametrize("fault", NO_BREACH)
def test_what_breaks_no_rule_is_no_breach(tmp_path: Path, fault: str) -> None:
    code, told = run_with(tmp_path, fault, "--rule", "mode", "size-exact", "hook-once")
    assert code == 0, told[-3000:]


@pytest.mark.sharp
@pytest.mark.parametrize("fault", ["no_credit", "rate_limit"])
def test_what_was_not_judged_is_not_passed(tmp_path: Path, fault: str) -> None:
    _, told = run_with(tmp_path, fault, "--timeout", "3", "--rule", "size-exact")
    assert re.search(r"size-exact +stated +· not judged", told), told[-3000:]


def test_every_fault_is_judged() -> None:
    named = {name.partition(";")[0] for name in (*QUICK, *SLOW, *NO_BREACH)}
    assert named == set(FAULTS)
