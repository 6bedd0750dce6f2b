"""The example for a CI: proper YAML, commands and options that exist, and steps that run."""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.arguments import url as endpoint
from contracts.cli import parser
from mock_server.settings import read_settings
from tests.clients.mocks import ROOT

EXAMPLE = ROOT / "examples" / "github-actions.yml"
WORKFLOW: Any = yaml.safe_load(EXAMPLE.read_text())
OURS = ("mock-server", "contracts")
# What every runner of that kind has.
THEIRS = ("cat", "curl", "grep", "python")


def steps() -> Iterator[dict[str, Any]]:
    for job in WORKFLOW["jobs"].values():
        yield from job["steps"]


def commands() -> list[list[str]]:
    """Every command of every `run`, in words, without redirections; what CI fills in is a URL."""
    filled = (re.sub(r"\$\{\{.*?\}\}", "http://gateway.test/v1", s.get("run", "")) for s in steps())
    lines = (line for script in filled for line in script.splitlines())
    piped = (part for line in lines for part in re.split(r"[|&]\s", line + " "))
    return [_without_redirections(shlex.split(part)) for part in piped if part.strip()]


def _without_redirections(words: list[str]) -> list[str]:
    cut = next((i for i, word in enumerate(words) if re.match(r"\d?>", word)), len(words))
    return words[:cut]


def test_it_has_what_a_workflow_needs() -> None:
    assert WORKFLOW["name"]
    assert {"push", "pull_request", "schedule"} == set(WORKFLOW[True])  # YAML's `on` is true
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for name, job in WORKFLOW["jobs"].items():
        assert job["runs-on"].startswith("ubuntu-"), name
        assert job["timeout-minutes"] <= 30, name
        assert all(("uses" in step) != ("run" in step) for step in job["steps"]), name


def test_foreign_actions_are_named_with_their_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", name)] == []


def test_no_key_is_written_down() -> None:
    text = EXAMPLE.read_text()
    assert WORKFLOW["jobs"]["gateway"]["env"]["API_KEY"] == "${{ secrets.GATEWAY_KEY }}"
    assert set(re.findall(r"sk_\w+", text)) == {"sk_ci"}


def test_every_command_is_known() -> None:
    names = {words[0] for words in commands()}
    assert set(OURS) <= names <= {*OURS, *THEIRS, "tee"}


def test_the_options_of_ours_exist() -> None:
    found = [words for words in commands() if words[0] in OURS]
    assert len(found) >= 3
    for name, *arguments in found:
        if name == "mock-server":
            assert read_settings(arguments, {}).port == 8080
        else:
            assert parser().parse_args(arguments).base_url == endpoint("http://gateway.test/v1")


def test_what_is_installed_is_this_project() -> None:
    installed = [words for words in commands() if words[:4] == ["python", "-m", "pip", "install"]]
    assert {tuple(words[4:]) for words in installed} == {("./.mock[fast]",)}
    checkouts = [step["with"] for step in steps() if "with" in step and "path" in step["with"]]
    assert {w["path"] for w in checkouts if "repository" in w} == {".mock"}


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


@pytest.mark.curl
@pytest.mark.parametrize(
    "program, is_polite",
    [("curl --silent --output models.json $URL/models", True), ("$ASK; $ASK", False)],
)
def test_its_service_starts_and_says_whether_the_program_was_polite(
    program: str,
    is_polite: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    named = {step.get("name"): step.get("run") for step in WORKFLOW["jobs"]["service"]["steps"]}
    ask = """curl --silent --output refused.json $URL/images/generations \
        -H "Authorization: Bearer sk_ci" -H "Content-Type: application/json" \
        -d '{"prompt":"x","size":"1x1"}'"""
    script = "\n".join(
        [
            "set -e",
            named["Start the mock, with five dollars in the account"],
            "trap 'kill %1' EXIT",
            program.replace("$ASK", ask).replace("$URL", "http://127.0.0.1:8080/api/v1"),
            named["Was it polite?"],
        ]
    ).replace("8080", free_port())
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: PLW1510
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    report = (tmp_path / "report.txt").read_text()
    assert (done.returncode == 0) is is_polite, done.stderr + done.stdout
    assert ("nothing to complain of" in report) is is_polite
    assert ("hopeless-retry" in report) is not is_polite
