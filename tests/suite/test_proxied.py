"""The suite is content with the mock through the proxy, and with what the proxy recorded."""

import json
import re
from pathlib import Path

import pytest

from tests.suite.judging import KEY, judged, serving

SEED = ("--seed", "11", "--time-scale", "0.01", "--also", "observed")
A_FEW_RULES = [f"--rule={name}" for name in ("task-created", "same-bytes")]
KEYS = ("--key", KEY, "--key", "sk_the_second_key", "--key", "sk_the_poor_key:0.001")
BESIDES = ("--second-key", "sk_the_second_key", "--poor-key", "sk_the_poor_key")


def test_a_few_rules_are_kept_through_the_proxy_and_by_the_replay(tmp_path: Path) -> None:
    _record_and_replay(tmp_path / "cassette", *A_FEW_RULES)


@pytest.mark.sharp
def test_every_rule_is_kept_through_the_proxy_and_by_the_replay(tmp_path: Path) -> None:
    _record_and_replay(tmp_path / "cassette", "--level", "full")


def _record_and_replay(folder: Path, *options: str) -> None:
    scale = ("--time-scale", "0.01")
    recorded = ("--record", str(folder))
    with (
        serving("mock_server", *KEYS, *scale) as upstream,
        serving("mock_server", "proxy", "--upstream", upstream, *recorded) as proxy,
    ):
        through = judged(proxy, *SEED, *BESIDES, *options)
    assert through.returncode == 0, through.stdout[-5000:]
    text = (folder / "cassette.jsonl").read_text()
    assert "sk_the_" not in text
    assert not re.search(r"(iVBORw0KGgo|/9j/|UklGR)[A-Za-z0-9+/]{100}", text)
    assert any(json.loads(line)["response"]["status"] == 200 for line in text.splitlines())
    with serving("mock_server", "--replay", str(folder), *KEYS, *scale) as replay:
        again = judged(replay, *SEED, *BESIDES, *options)
    assert again.returncode == 0, again.stdout[-5000:]
