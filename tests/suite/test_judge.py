"""The basis of a rule decides what a breach counts for."""

from pathlib import Path
from typing import cast

import pytest

from contracts.exchange import Answer, Exchange, Request
from contracts.folder import SharedFolder
from contracts.judge import BreachError, Judge
from contracts.oracle.problem import Problem
from contracts.report.model import Outcome
from contracts.spec import load

SPEC = load()
REFUSED = Exchange(Request("GET", "/models"), Answer(404, (), b'{"msg": "no"}', 0.1), 0.0)


def judge(path: Path, *, also: tuple[str, ...] = (), mock: bool = False) -> Judge:
    made = Judge(SPEC, SharedFolder(path), base_url="http://x", also=also, mock=mock)
    made.begin("a test")
    return made


def notes(path: Path, journal: str) -> list[dict[str, object]]:
    return [cast("dict[str, object]", note) for note in SharedFolder(path).notes(journal)]


@pytest.mark.parametrize(
    "rule, also, mock, weight",
    [
        ("price", (), False, Outcome.FAIL),
        ("models", (), False, Outcome.FAIL),
        ("resolution", (), False, Outcome.WARN),
        ("resolution", ("observed",), False, Outcome.FAIL),
        ("mode-auto", (), False, Outcome.NOT_JUDGED),
        ("mode-auto", ("assumed",), False, Outcome.FAIL),
        ("mode-auto", (), True, Outcome.FAIL),
    ],
)
def test_the_basis_decides(
    tmp_path: Path, rule: str, also: tuple[str, ...], *, mock: bool, weight: Outcome
) -> None:
    assert judge(tmp_path, also=also, mock=mock).weight(rule) is weight


def test_where_rules_are_named_no_others_are_judged(tmp_path: Path) -> None:
    named = Judge(SPEC, SharedFolder(tmp_path), base_url="", also=(), mock=True, rules=("price",))
    assert named.weight("price") is Outcome.FAIL
    assert named.weight("auth") is Outcome.NOT_JUDGED
    assert not named("auth", REFUSED, expected="401", problems=["status 404"])


def test_a_part_has_its_own_basis(tmp_path: Path) -> None:
    assert judge(tmp_path).weight("auth", "open-accounts") is Outcome.NOT_JUDGED
    assert judge(tmp_path).weight("auth") is Outcome.FAIL


def test_a_stated_breach_is_raised_in_words(tmp_path: Path) -> None:
    with pytest.raises(BreachError) as caught:
        judge(tmp_path)("auth", REFUSED, expected="401", problems=["status 404"])
    text = str(caught.value)
    assert "auth (stated) is broken" in text
    assert "expected: 401" in text
    assert "received: status 404" in text
    assert "curl -sS -i http://x/models" in text


def test_an_observed_breach_is_noted_and_does_not_end_the_test(tmp_path: Path) -> None:
    assert not judge(tmp_path)("resolution", REFUSED, expected="400", problems=["status 404"])
    (note,) = notes(tmp_path, "breaches")
    assert note["outcome"] == Outcome.WARN.value


def test_an_assumed_breach_leaves_no_trace(tmp_path: Path) -> None:
    made = judge(tmp_path)
    made("mode-auto", REFUSED, expected="400", problems=["status 404"])
    made("mode-auto", REFUSED, expected="400", problems=[])
    made.end()
    assert notes(tmp_path, "breaches") == notes(tmp_path, "kept") == []


def test_what_only_warns_is_noted_before_what_counts_is_raised(tmp_path: Path) -> None:
    problems = [Problem("price", "too much"), Problem("resolution", "none")]
    with pytest.raises(BreachError, match="too much"):
        judge(tmp_path).problems(problems, REFUSED, expected="better")
    assert [note["rule"] for note in notes(tmp_path, "breaches")] == ["resolution"]


def test_what_was_kept_is_counted(tmp_path: Path) -> None:
    made = judge(tmp_path)
    made.problems([], REFUSED, expected="fine", kept=("price", "tier"))
    made("price", REFUSED, expected="fine", problems=[])
    made.end()
    assert notes(tmp_path, "kept") == [{"test": "a test", "kept": {"price": 2, "tier": 1}}]
