"""Which request meets which fault: rules by every criterion, in their order, with their counts."""

import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mock_server.fault_rules import (
    FaultBook,
    FaultRule,
    Occasion,
    read_fault_file,
    read_fault_rule,
)
from mock_server.faults import parse_fault
from mock_server.misbehaviour import PROPER, FaultError
from mock_server.settings import SettingsError
from tests.api import example_request, running
from tests.clients.mocks import ROOT
from tests.laws import refused
from tests.misbehaving import ask, create

OPERATIONS = frozenset({"createImage", "getTask"})
AT_ARRIVAL = Occasion("createImage", "sk_a")
AT_READING = Occasion("createImage", "sk_a", "a red cube", "1024x1024", "low")
SYNC = {"size": "1024x640", "quality": "low"}


def book(*items: dict[str, Any], seed: int = 0) -> FaultBook:
    rules = [read_fault_rule({"fault": "stuck", **item}) for item in items]
    return FaultBook(rules, random.Random(seed), operations=OPERATIONS)


def due(rules: FaultBook, occasion: Occasion = AT_READING) -> list[str]:
    """What is due in all for a request."""
    early = rules.at_arrival(occasion._replace(prompt=None, size=None, quality=None))
    return [fault.name for fault in early + rules.at_reading(occasion, heeds_markers=True)]


def counts(rules: FaultBook) -> list[tuple[int, int]]:
    return [(rule.matched, rule.applied) for rule in rules.rules]


@pytest.mark.parametrize(
    "match, fits",
    [
        ({}, True),
        ({"operation": "createImage"}, True),
        ({"operation": "getTask"}, False),
        ({"key": "sk_a"}, True),
        ({"key": "sk_"}, False),
        ({"prompt": "cube"}, True),
        ({"prompt": "^a .* cube$"}, True),
        ({"prompt": "(?i)RED"}, True),
        ({"prompt": "^red"}, False),
        ({"size": "1024x1024"}, True),
        ({"size": "1024"}, False),
        ({"quality": "low"}, True),
        ({"quality": "high"}, False),
        ({"key": "sk_a", "quality": "low", "prompt": "red"}, True),
        ({"key": "sk_b", "quality": "low", "prompt": "red"}, False),
        ({"key": "sk_a", "quality": "low", "prompt": "blue"}, False),
    ],
)
def test_a_rule_goes_by_what_it_names(match: dict[str, str], fits: bool) -> None:  # noqa: FBT001
    rules = book({"match": match})
    assert due(rules) == ["stuck"] * fits
    assert counts(rules) == [(fits, fits)]


def test_only_so_often() -> None:
    rules = book({"times": 2})
    assert [len(due(rules)) for _ in range(4)] == [1, 1, 0, 0]
    assert counts(rules) == [(4, 2)]


def test_only_the_nth() -> None:
    rules = book({"nth": 3})
    assert [len(due(rules)) for _ in range(5)] == [0, 0, 1, 0, 0]
    assert counts(rules) == [(5, 1)]


def test_by_chance_and_the_same_under_the_same_seed() -> None:
    def course(seed: int) -> list[int]:
        rules = book({"probability": 0.3}, seed=seed)
        return [len(due(rules)) for _ in range(200)]

    first = course(1)
    assert first == course(1) != course(2)
    assert 30 < sum(first) < 90
    assert not any(len(due(book({"probability": 0}))) for _ in range(20))
    assert all(due(book({"probability": 1})) for _ in range(20))


def test_the_higher_goes_first_and_then_the_older() -> None:
    rules = book(
        {"fault": "hang", "times": 1},
        {"fault": "drip", "times": 1},
        {"fault": "reset", "priority": 5, "times": 1},
        {"fault": "stuck", "priority": -1},
    )
    assert [due(rules) for _ in range(5)] == [["reset"], ["hang"], ["drip"], ["stuck"], ["stuck"]]


def test_a_rule_counts_what_another_one_takes() -> None:
    rules = book({"fault": "hang", "times": 1}, {"fault": "drip", "nth": 2})
    assert [due(rules) for _ in range(3)] == [["hang"], ["drip"], []]
    assert counts(rules) == [(3, 1), (3, 1)]


def test_rules_for_the_body_are_looked_at_when_it_was_read() -> None:
    rules = book({"fault": "hang"}, {"fault": "drip", "match": {"quality": "low"}})
    assert [fault.name for fault in rules.at_arrival(AT_ARRIVAL)] == ["hang"]
    assert [f.name for f in rules.at_reading(AT_READING, heeds_markers=True)] == ["drip"]


def test_a_header_may_name_several() -> None:
    found = book().at_arrival(AT_ARRIVAL, "hang, drip;rate=5 ,,reset")
    assert found == [parse_fault(text) for text in ("hang", "drip;rate=5", "reset")]


@pytest.mark.parametrize(
    "prompt, names",
    [
        ("[[fault:timeout]] a cube", ["timeout"]),
        ("a [[fault:drip;rate=7]] cube [[fault:reset]]", ["drip", "reset"]),
        ("a cube [[fault:timeout", []),
        ("[fault:timeout]", []),
        ("[[timeout]]", []),
    ],
)
def test_a_prompt_may_name_some(prompt: str, names: list[str]) -> None:
    occasion = AT_READING._replace(prompt=prompt)
    found = book().at_reading(occasion, heeds_markers=True)
    assert [fault.name for fault in found] == names
    assert book().at_reading(occasion, heeds_markers=False) == []


def test_a_reset_starts_the_same_again() -> None:
    rules = book({"probability": 0.5, "times": 20})
    first = [len(due(rules)) for _ in range(50)]
    rules.add(read_fault_rule({"fault": "hang"}))
    rules.remember("task_1", [parse_fault("lost_webhook")])
    rules.reset()
    assert counts(rules) == [(0, 0)]
    assert rules.later("task_1") == PROPER
    assert [len(due(rules)) for _ in range(50)] == first
    rules.clear()
    assert due(rules) == []


def test_what_is_to_be_done_later_is_added_up_and_not_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mock_server.fault_rules._LATER_KEPT", 2)
    rules = book()
    rules.remember("a", [parse_fault("expired_url"), parse_fault("duplicate_webhook;times=3")])
    assert rules.later("a") == PROPER._replace(expired_status=404, hook_copies=3)
    rules.remember("b", [parse_fault("empty_results")])
    assert [rules.show_empty("b"), rules.show_empty("b"), rules.show_empty("a")] == [
        True,
        False,
        False,
    ]
    rules.remember("c", [parse_fault("hang")])
    rules.remember("d", [parse_fault("lost_webhook")])
    assert rules.later("a") == PROPER
    assert rules.later("d").hook_copies == 0


@pytest.mark.parametrize(
    "item, says",
    [
        ("stuck", "a rule must be an object with fault, match, nth"),
        ({}, "fault: must be text such as 'rate_limit;retry_after=2'"),
        ({"fault": 7}, "fault: must be text"),
        ({"fault": "stcuk"}, "unknown fault 'stcuk'; known: "),
        ({"fault": "stuck", "if": {}}, "a rule has no 'if'; known: fault, match"),
        ({"fault": "stuck", "match": []}, "match: must be an object with some of operation, key"),
        ({"fault": "stuck", "match": {"promt": "x"}}, "match: no 'promt'; known: operation"),
        ({"fault": "stuck", "match": {"size": 1024}}, "match.size: must be text; got 1024"),
        ({"fault": "stuck", "match": {"prompt": "("}}, "match.prompt: not a regular expression"),
        ({"fault": "stuck", "nth": 0}, "nth: must be at least 1; got 0"),
        ({"fault": "stuck", "times": "2"}, "times: must be a whole number; got '2'"),
        ({"fault": "stuck", "times": True}, "times: must be a whole number; got True"),
        ({"fault": "stuck", "priority": 0.5}, "priority: must be a whole number; got 0.5"),
        ({"fault": "stuck", "probability": 2}, "probability: must be 0 to 1; got 2"),
        ({"fault": "stuck", "probability": "half"}, "probability: must be 0 to 1; got 'half'"),
    ],
)
def test_a_rule_that_is_none_is_refused_in_words(item: object, says: str) -> None:
    with pytest.raises(FaultError, match="^" + re.escape(says)):
        read_fault_rule(item)


def test_an_operation_that_does_not_exist_is_refused() -> None:
    rules = book()
    with pytest.raises(
        FaultError, match="operation: no 'createimage'; known: createImage, getTask"
    ):
        rules.add(
            read_fault_rule({"fault": "stuck"}),
            read_fault_rule({"fault": "stuck", "match": {"operation": "createimage"}}),
        )
    assert rules.rules == []


def test_a_rule_tells_itself() -> None:
    rule = read_fault_rule({"fault": "drip;rate=5", "match": {"key": "sk_a"}, "nth": 2})
    assert rule == FaultRule("drip;rate=5", parse_fault("drip;rate=5"), {"key": "sk_a"}, nth=2)
    assert rule.told() == {
        "fault": "drip;rate=5",
        "match": {"key": "sk_a"},
        "nth": 2,
        "probability": 1.0,
        "times": None,
        "priority": 0,
        "matched": 0,
        "applied": 0,
    }


# --- over the wire


async def test_rules_are_put_in_force_and_out_of_it_and_tell_what_they_matched() -> None:
    async with running() as api:
        given = [
            {"fault": "rate_limit", "match": {"operation": "listModels"}, "times": 1},
            {"fault": "timeout", "match": {"prompt": "cube", "quality": "low"}},
        ]
        assert (await api.control("POST", "faults", given)).status == 200
        assert (await ask(api, "GET", "/models")).status == 429
        assert (await ask(api, "GET", "/models")).status == 200
        assert (await create(api, prompt="a cube", **SYNC)).status == 504
        assert (await create(api, prompt="a ball", **SYNC)).status == 200
        told = (await api.control("GET", "faults")).json["faults"]
        assert [(rule["matched"], rule["applied"]) for rule in told] == [(2, 1), (1, 1)]
        assert (await api.control("DELETE", "faults")).json == {"faults": []}
        assert (await create(api, prompt="a cube", **SYNC)).status == 200


@pytest.mark.parametrize(
    "given, says",
    [
        ({"fault": "hang?"}, "unknown fault 'hang?'"),
        ([{"fault": "hang"}, {"fault": "drip", "nth": -1}], "nth: must be at least 1; got -1"),
        ({"fault": "hang", "match": {"operation": "x"}}, "match.operation: no 'x'; known: create"),
        (7, "a rule must be an object"),
    ],
)
async def test_rules_that_are_none_are_refused_all_together(given: object, says: str) -> None:
    async with running() as api:
        refused(await api.control("POST", "faults", given), 400, says)
        assert (await api.control("GET", "faults")).json == {"faults": []}


async def test_what_is_no_fault_in_a_header_or_a_prompt_is_refused_there() -> None:
    async with running() as api:
        header = await create(api, "hang;on=1", **SYNC)
        refused(header, 400, "hang: unknown parameter 'on'; known: paid", param="X-Mock-Fault")
        marker = await create(api, prompt="a [[fault:hnag]]", **SYNC)
        refused(marker, 400, "unknown fault 'hnag'", param="prompt")
        assert api.mock.store.counts()["calls"] == 0


async def test_two_headers_are_as_good_as_one() -> None:
    async with running() as api:
        headers = [("Authorization", "Bearer sk_a"), ("X-Mock-Fault", "missing_b64")]
        headers.append(("X-Mock-Fault", "wrong_size_picture"))
        url, fields = api.base + "/images/generations", example_request() | SYNC
        async with api.client.post(url, json=fields, headers=headers) as answer:
            (picture,) = (await answer.json())["data"]
        assert picture.keys() == {"url"}
        assert api.mock.journal.latest()[0].faults == [
            parse_fault("missing_b64"),
            parse_fault("wrong_size_picture"),
        ]


async def test_without_a_control_interface_nobody_but_the_file_asks(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("[{fault: timeout, match: {prompt: cube}}]")
    async with running(no_control=True, faults=file) as api:
        assert (await create(api, "rate_limit", prompt="a ball", **SYNC)).status == 200
        assert (await create(api, prompt="[[fault:rate_limit]]", **SYNC)).status == 200
        assert (await create(api, prompt="a cube", **SYNC)).status == 504
        refused(await api.control("GET", "faults"), 404, "No such path")


async def test_rules_of_a_file_are_in_force_again_after_a_reset(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("- fault: server_error;status=503\n  times: 1\n")
    async with running(faults=file) as api:
        for _ in range(2):
            assert (await create(api, **SYNC)).status == 503
            assert (await create(api, **SYNC)).status == 200
            await api.control("POST", "reset")


FILES = [
    ("- {fault: timeuot}", "rule 1: unknown fault 'timeuot'"),
    ("- fault: hang\n- {fault: drip, times: 0}", "rule 2: times: must be at least 1; got 0"),
    ("fault: hang", "must be a list of rules"),
    ("", "must be a list of rules"),
    ("- {fault: hang", "is not YAML: "),
    ("- {fault: hang, match: {operation: nope}}", "match.operation: no 'nope'; known: create"),
]


@pytest.mark.parametrize("text, says", FILES[:-1])
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(f"--faults: {file}: {says}")) as refusal:
        read_fault_file(file)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text, says", [FILES[0], FILES[-1], (None, "No such file or directory")])
def test_the_command_ends_with_2_and_one_line(tmp_path: Path, text: str | None, says: str) -> None:
    file = tmp_path / "faults.yaml"
    if text is not None:
        file.write_text(text)
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--faults", str(file)]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"mock-server: --faults: {file}: {says}")
    assert ended.stderr.count("\n") == 1
