"""A run as a whole: what it looks at once, and what it leaves behind."""

from pathlib import Path

import pytest

from tests.suite.judging import judged, serving


def test_a_run_leaves_no_files_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with serving("mock_server", "--time-scale", "0.01") as base_url:
        run = judged(base_url, "--rule", "models")
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_judges_nothing_is_no_success() -> None:
    with serving("mock_server", "--quiet", "--time-scale", "0") as base_url:
        run = judged(base_url, "--rule", "models", "--", "-k", "no_test_has_this_name")
    assert run.returncode == 2, run.stdout[-3000:] + run.stderr
    assert "Nothing was judged" in run.stdout
