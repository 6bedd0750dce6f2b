"""From the journals of all processes to one verdict by rule."""

import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, cast

from contracts.budget import Ledger
from contracts.exchange import Key
from contracts.report.model import (
    Failure,
    Latency,
    Money,
    Outcome,
    Part,
    Report,
    RuleVerdict,
    TargetFacts,
)
from contracts.run import Run
from contracts.shared import Shared
from contracts.spec import Rule

__all__ = ["summed_up"]

NOT_SELECTED = "no test of it was selected"


class _Skip(NamedTuple):
    claim: str
    reason: str


class _Journals(NamedTuple):
    kept: Counter[str]
    failures: Mapping[str, list[Failure]]
    skips: Mapping[str, list[_Skip]]
    errors: tuple[str, ...]
    requests: int


def summed_up(run: Run, shared: Shared, ledger: Ledger, *, started: float) -> Report:
    """The report of a run that has ended."""
    duration_s = time.time() - started
    journals = _read(shared)
    rules = tuple(_verdict(rule, journals) for rule in run.spec.rules.values())
    code, sentence = _conclusion(rules, journals.errors, ledger)
    return Report(
        target=_facts(run),
        level=run.settings.level.value,
        also=tuple(sorted(run.settings.also)),
        seed=run.seed,
        started=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        duration_s=round(duration_s, 3),
        requests=journals.requests,
        rules=rules,
        money=Money(
            currency=run.spec.facts.price.currency,
            spent=ledger.spent,
            max_cost=run.settings.max_cost,
            unexplained=ledger.unexplained,
            exhausted=ledger.denied > 0,
        ),
        latencies=tuple(_latencies(run, shared)),
        exit_code=code,
        verdict=sentence,
        errors=journals.errors,
    )


def _read(shared: Shared) -> _Journals:
    kept: Counter[str] = Counter()
    for note in shared.notes("kept"):
        kept.update(cast("dict[str, dict[str, int]]", note)["kept"])
    return _Journals(
        kept=kept,
        failures=_failures(cast("list[dict[str, str]]", list(shared.notes("breaches")))),
        skips=_skips(shared),
        errors=tuple(dict.fromkeys(str(note) for note in shared.notes("errors"))),
        requests=sum(1 for _ in shared.notes("sent")),
    )


def _failures(notes: Iterable[Mapping[str, str]]) -> Mapping[str, list[Failure]]:
    """By rule; what one test saw many times is one failure, with the shortest line for it."""
    alike: dict[tuple[str, str | None, str], list[Mapping[str, str]]] = defaultdict(list)
    for note in notes:
        alike[note["rule"], note["part"], re.sub(r"\[.*", "", note["test"])].append(note)
    found: dict[str, list[Failure]] = defaultdict(list)
    for group in alike.values():
        note = min(group, key=lambda each: (not each["curl"], len(each["curl"])))
        failure = _failure(note, times=len(group))
        found[failure.rule].append(failure)
    for failures in found.values():
        failures.sort(key=lambda failure: (failure.outcome is Outcome.WARN, len(failure.curl)))
    return found


def _failure(note: Mapping[str, str], *, times: int) -> Failure:
    return Failure(
        rule=note["rule"],
        part=note["part"] or None,
        basis=note["basis"],
        outcome=Outcome(note["outcome"]),
        test=note["test"],
        expected=note["expected"],
        received=note["received"],
        curl=note["curl"],
        answer=note["answer"],
        times=times,
    )


def _skips(shared: Shared) -> Mapping[str, list[_Skip]]:
    found: dict[str, list[_Skip]] = defaultdict(list)
    for note in cast("Iterable[dict[str, object]]", shared.notes("skipped")):
        for claim in cast("list[str]", note["claims"]):
            skip = _Skip(claim, str(note["reason"]))
            if skip not in found[claim.partition("/")[0]]:
                found[claim.partition("/")[0]].append(skip)
    return found


def _verdict(rule: Rule, journals: _Journals) -> RuleVerdict:
    names = [rule.id, *(f"{rule.id}/{part}" for part in rule.parts)]
    failures = tuple(journals.failures.get(rule.id, ()))
    skips = journals.skips.get(rule.id, [])
    checks = sum(journals.kept[name] for name in names) + sum(f.times for f in failures)
    reasons = tuple(_reasons(skips))
    return RuleVerdict(
        rule=rule.id,
        statement=rule.statement,
        basis=rule.basis.value,
        cites=rule.cites,
        outcome=_outcome(checks, failures),
        checks=checks,
        failures=failures,
        reasons=reasons or (() if checks else (NOT_SELECTED,)),
        parts=tuple(_part(rule, part, journals) for part in rule.parts),
    )


def _reasons(skips: Iterable[_Skip]) -> Iterator[str]:
    """Each reason once, with the parts that it is about where it is not about the whole rule."""
    parts: dict[str, list[str]] = defaultdict(list)
    for claim, reason in skips:
        parts[reason].append(claim.partition("/")[2])
    for reason, names in parts.items():
        yield reason if "" in names else f"{', '.join(sorted(set(names)))}: {reason}"


def _part(rule: Rule, part: str, journals: _Journals) -> Part:
    name = f"{rule.id}/{part}"
    failures = [f for f in journals.failures.get(rule.id, ()) if f.part == part]
    checks = journals.kept[name] + sum(failure.times for failure in failures)
    skips = journals.skips.get(rule.id, [])
    reasons = tuple(dict.fromkeys(skip.reason for skip in skips if skip.claim == name))
    basis = rule.basis_of(part).value
    return Part(part, basis, _outcome(checks, failures), checks, reasons)


def _outcome(checks: int, failures: Sequence[Failure]) -> Outcome:
    if any(failure.outcome is Outcome.FAIL for failure in failures):
        return Outcome.FAIL
    if failures:
        return Outcome.WARN
    return Outcome.PASS if checks else Outcome.NOT_JUDGED


def _conclusion(
    rules: Sequence[RuleVerdict], errors: Sequence[str], ledger: Ledger
) -> tuple[int, str]:
    count = Counter(verdict.outcome for verdict in rules)
    tail = f"{count[Outcome.PASS]} rules kept"
    tail += f", {count[Outcome.WARN]} with warnings" if count[Outcome.WARN] else ""
    tail += f", {count[Outcome.NOT_JUDGED]} not judged" if count[Outcome.NOT_JUDGED] else ""
    if count[Outcome.FAIL]:
        return 1, f"The target breaks {count[Outcome.FAIL]} rules; {tail}."
    if errors:
        return 1, f"{len(errors)} tests broke down, so this is no verdict; {tail}."
    if ledger.denied:
        return 3, f"The budget ended before the verdict; {tail}."
    if not count[Outcome.PASS]:
        return 2, "Nothing was judged, so this is no verdict."
    return 0, f"The target conforms as far as it was judged: {tail}."


def _facts(run: Run) -> TargetFacts:
    control = run.state.control
    had = {
        "balance": run.state.has_balance,
        "second key": Key.SECOND in run.keys,
        "poor key": Key.POOR in run.keys,
        "control interface": control is not None,
    }
    return TargetFacts(
        base_url=run.state.base_url,
        profile=run.state.profile,
        mock=f"{control.name} {control.version}" if control else None,
        time_scale=run.state.time_scale,
        offers=tuple(name for name, there in had.items() if there),
        lacks=tuple(name for name, there in had.items() if not there),
    )


def _latencies(run: Run, shared: Shared) -> Iterable[Latency]:
    measured: dict[str, list[float]] = defaultdict(list)
    for note in cast("Iterable[tuple[str, float]]", shared.notes("latency")):
        measured[note[0]].append(note[1])
    scale = run.state.time_scale
    for quality, stated in run.spec.facts.latency.seconds.items():
        if times := measured[quality]:
            yield Latency(
                quality=quality,
                count=len(times),
                fastest_s=round(min(times), 3),
                median_s=round(statistics.median(times), 3),
                slowest_s=round(max(times), 3),
                stated_min_s=stated.min * scale,
                stated_mode_s=stated.mode * scale,
                stated_max_s=stated.max * scale,
            )
