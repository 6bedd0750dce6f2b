"""What the README shows works, and what it lists is so."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_server.settings import OPTIONS, PROXY_OPTIONS
from tests.clients.mocks import RunningMock, running_mock
from tests.laws import own_contract
from tests.readme import Block, blocks, table

ADDRESS = "http://127.0.0.1:8080"


@pytest.fixture(scope="module")
def mock() -> Iterator[RunningMock]:
    """A mock as `make serve` starts it, on another port."""
    with running_mock() as mock:
        yield mock


def calls() -> list[Block]:
    """The commands that ask a running mock."""
    return [block for block in blocks("sh") if "curl" in block.code]


def test_the_other_commands_are_targets_of_make() -> None:
    others = [block.code for block in blocks("sh") if "curl" not in block.code]
    assert others
    for code in others:
        for line in code.splitlines():
            assert re.fullmatch(r"make [a-z]+", line), line
            asked = subprocess.run(["make", "-n", "help"], check=True, capture_output=True)
            assert asked.returncode == 0
            assert re.search(rf"^{line.split()[1]}:", Path("Makefile").read_text(), re.MULTILINE)


@pytest.mark.curl
@pytest.mark.parametrize("block", calls(), ids=lambda block: block.heading)
def test_a_call_works_as_it_stands(mock: RunningMock, tmp_path: Path, block: Block) -> None:
    code = block.code.replace(ADDRESS, mock.origin)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    if "picture.png" in code:
        assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
    if "X-Mock-Fault" in code:
        assert "Rate limit reached; try again in 2 s" in ended.stdout
    if "_mock/faults" in code:
        assert '"fault":"upstream_busy"' in ended.stdout


def test_the_python_of_the_readme_runs(mock: RunningMock, tmp_path: Path) -> None:
    scripts = [block.code for block in blocks("python") if "def test_" not in block.code]
    assert scripts
    for code in scripts:
        ended = subprocess.run(
            [sys.executable, "-c", code.replace(ADDRESS, mock.origin)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith(mock.origin)


YOUR_CODE = """
import json, time, urllib.error, urllib.request

def your_code(api):
    fields = {"model": "gpt-image-2-all", "prompt": "a lighthouse", "size": "1024x1024"}
    headers = {"Authorization": f"Bearer {api.api_key}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        api.base_url + "/images/generations", json.dumps(fields).encode(), headers
    )
    for _ in range(4):
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["data"][0]["b64_json"]
        except urllib.error.HTTPError as error:
            time.sleep(int(error.headers["retry-after-ms"]) / 1000)
            error.close()
"""


def test_the_tests_of_the_readme_pass(tmp_path: Path) -> None:
    """Where they say `your code`, a client stands that waits as long as it is asked to."""
    shown = [block.code for block in blocks("python") if "def test_" in block.code]
    assert shown
    code = YOUR_CODE + "\n".join(shown)
    code = re.sub(r"\.\.\.  # your code creates", "pass  # your code creates", code)
    code = re.sub(r"\.\.\.  # your code", "your_code(image_api)  #", code)
    (tmp_path / "test_shown.py").write_text(code)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "mock_server.pytest_plugin", "-W", "error"],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


def test_the_rules_stand_under_their_bases() -> None:
    document: Any = own_contract().document
    rules = document["x-contract"]["rules"]
    told = {row[0].strip("`"): re.findall(r"`([^`]+)`", row[3]) for row in table("basis")}
    for basis, names in told.items():
        assert sorted(names) == sorted(name for name in rules if rules[name]["basis"] == basis)


def test_every_option_that_is_named_exists() -> None:
    flags = {option.flag for option in (*OPTIONS, *PROXY_OPTIONS)}
    named = {flag for row in table("option") for flag in re.findall(r"--[a-z-]+", row[0])}
    assert named
    assert named <= flags
