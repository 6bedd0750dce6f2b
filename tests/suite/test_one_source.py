"""One source: what only one side has changed turns the run red, what both have changed does not."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from mock_server.contract import ContractError, load_contract
from tests.suite.judging import judged, serving
from tests.suite.leaves import CHANGES, ENTANGLED, STOPPING, UNSEEN, Change, leaves
from tests.suite.variants import GONE, document

QUICK = (
    "size-grid/data/multiple",
    "price/data/per_image/1K/low",
    "model/data/refusal/0",
    "files/data/part",
)
RULES = sorted({path.partition("/")[0] for path, change in CHANGES.items() if change.fits})
QUICK_RULES = ("poll-errors", "models")
SPEED = ("--time-scale", "0.01", "--seed", "7", "--also", "observed,assumed")


def sharp_but(quick: Collection[str], every: Iterable[str]) -> list[object]:
    """All of them, and only the quick ones without the mark."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.sharp) for name in every]


def test_every_fact_of_the_contract_is_changed_or_explained() -> None:
    tables = (CHANGES, ENTANGLED, STOPPING, UNSEEN)
    known = [path for table in tables for path in table]
    assert sorted(known) == sorted(leaves())
    assert all(len(reason) > len("because") for reason in UNSEEN.values())


@pytest.mark.parametrize("path", sharp_but(QUICK, CHANGES))
def test_a_fact_that_the_server_alone_has_changed_is_noticed(path: str, tmp_path: Path) -> None:
    change = CHANGES[path]
    home = path.partition("/")[0]
    rule = change.rule or home
    spec = _written(tmp_path, {path: change.value, **change.besides})
    rules = [f"--rule={name}" for name in (rule, home, change.also) if name]
    run = _run(spec, change.profile, *rules, "-x")
    assert run.returncode == 1, run.stdout[-3000:] + run.stderr[-1000:]
    assert any(f"✗ FAIL {name}" in run.stdout for name in (rule, home))


@pytest.mark.parametrize(
    "rule",
    [
        *QUICK_RULES,
        *(pytest.param(r, marks=pytest.mark.sharp) for r in RULES if r not in QUICK_RULES),
    ],
)
def test_facts_that_both_sides_have_changed_are_kept(rule: str, tmp_path: Path) -> None:
    changes = {p: c for p, c in CHANGES.items() if p.startswith(f"{rule}/") and c.fits}
    edits: dict[str, object] = {}
    for path, change in changes.items():
        # Of a list that loses items one after the other only the last is taken: one must stay.
        edits |= {} if _loses_more(path, changes) else {path: change.value, **change.besides}
    spec = _written(tmp_path, edits)
    rules = sorted({change.rule or rule for change in changes.values()})
    (profile,) = {change.profile for change in changes.values()}
    run = _run(spec, profile, "--spec", str(spec), *(f"--rule={name}" for name in rules))
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


@pytest.mark.parametrize("path", ENTANGLED)
def test_a_fact_that_stands_elsewhere_too_cannot_be_changed_alone(
    path: str, tmp_path: Path
) -> None:
    with pytest.raises(ContractError, match=ENTANGLED[path].rule):
        load_contract(_written(tmp_path, {path: ENTANGLED[path].value}))


@pytest.mark.parametrize("path", STOPPING)
def test_without_a_way_in_nothing_is_judged(path: str, tmp_path: Path) -> None:
    change = STOPPING[path]
    with serving("mock_server", "--spec", str(_written(tmp_path, {path: change.value}))) as url:
        run = judged(url.rpartition("/api")[0] + "/api/v1", "--level", "free")
    assert run.returncode == 2
    assert change.rule in run.stderr


def _loses_more(path: str, changes: Mapping[str, Change]) -> bool:
    place, _, index = path.rpartition("/")
    following = f"{place}/{int(index) + 1}" if index.isdigit() else ""
    return changes[path].value is GONE and following in changes


def _written(folder: Path, edits: Mapping[str, object]) -> Path:
    path = folder / "openapi.yaml"
    path.write_text(yaml.dump(document(edits), Dumper=yaml.CSafeDumper, sort_keys=False), "utf-8")
    return path


def _run(spec: Path, profile: str, *options: str) -> CompletedProcess[str]:
    ways = ("--spec", str(spec), "--profile", profile, "--time-scale", "0.01")
    with serving("mock_server", *ways) as url:
        return judged(url, "--profile", profile, *SPEED, *options)
