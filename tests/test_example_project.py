"""The example project's tests pass, quickly, and each fails when what it rehearses is broken."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.mocks import ROOT

SINS = [
    ("client.py", "_asked_pause(answer) or pause", "pause", "waited_for_as_long_as_it_says"),
    ("client.py", "min(pause * 2, _LONGEST_PAUSE_S)", "pause", "growing_pauses"),
    ("client.py", "_TRIES = 4", "_TRIES = 5", "not_for_ever"),
    ("client.py", "408, 409,", "400, 402,", "what_cannot_succeed"),
    ("client.py", 'body.get("code", 200) >= 400', "False", "what_cannot_succeed"),
    ("client.py", ' and task["resultUrls"]', "", "completed_task_without_urls"),
    ("client.py", "if price > self.left", "if False", "the_budget_ends"),
    ("webhooks.py", "self._seen.add(task_id)", "pass", "comes_twice"),
    ("webhooks.py", "return 400", "return 200", "what_is_no_webhook"),
]


def run(folder: Path, *only: str) -> subprocess.CompletedProcess[str]:
    """The project's tests, in a pytest of their own with no plugin but ours."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "mock_server.pytest_plugin"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "examples", *only],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": f"{folder}:{ROOT}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_its_tests_pass() -> None:
    ended = run(ROOT)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("file, sound, broken, test", SINS)
def test_broken_code_is_found_out(
    tmp_path: Path, file: str, sound: str, broken: str, test: str
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = tmp_path / "examples" / "thumbnails" / file
    text = path.read_text()
    assert text.count(sound) == 1
    path.write_text(text.replace(sound, broken))
    ended = run(tmp_path, "-k", test)
    assert ended.returncode == 1, ended.stdout
    failed = [line for line in ended.stdout.splitlines() if line.startswith("FAILED")]
    assert any(test in line for line in failed), ended.stdout
