"""What the lattice says of the rules, in the shape that every report of the suite renders.

Rules: size-grid, size-edge, size-ratio, size-pixels, size-exact, price, free-failure.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from contracts import curl
from contracts.exchange import Request
from contracts.lattice.course import Result
from contracts.lattice.money import Bill
from contracts.lattice.plan import REFUSED, quality
from contracts.lattice.sweep import request_fields
from contracts.lattice.verdicts import Difference, Judgement
from contracts.report.model import Failure, Outcome, RuleVerdict
from contracts.report.size_map import Mark
from contracts.spec import Rule, Spec

__all__ = ["PATH", "rule_verdicts"]

PATH = "/images/generations"
COMMAND = "contracts sizes"
KEPT_BY_LEGAL = ("size-grid", "size-edge", "size-ratio", "size-pixels", "size-exact")
SHAPE = re.compile(r"[0-9]+")


def rule_verdicts(spec: Spec, result: Result, base_url: str) -> tuple[RuleVerdict, ...]:
    """The verdict on every rule that the lattice touches, in the order of the contract."""
    checks, failures = _checks(result), defaultdict[str, list[Failure]](list)
    for alike in _groups(result.judgements):
        for rule in alike[0].rules:
            failures[rule].append(_failure(spec, rule, alike, base_url))
    for bill in result.bills:
        if not bill.right:
            failures[bill.rule].append(_wrong_bill(spec, bill))
    reasons = _reasons(result)
    return tuple(
        _verdict(rule, checks[name], failures[name], reasons)
        for name, rule in spec.rules.items()
        if name in checks or name in failures
    )


def _verdict(
    rule: Rule, checks: int, failures: Sequence[Failure], reasons: tuple[str, ...]
) -> RuleVerdict:
    outcomes = {failure.outcome for failure in failures}
    kept = Outcome.PASS if checks else Outcome.NOT_JUDGED
    outcome = next((each for each in (Outcome.FAIL, Outcome.WARN) if each in outcomes), kept)
    return RuleVerdict(
        rule=rule.id,
        statement=rule.statement,
        basis=rule.basis.value,
        cites=rule.cites,
        outcome=outcome,
        checks=max(checks, sum(failure.times for failure in failures)),
        failures=tuple(failures),
        reasons=reasons,
    )


def _checks(result: Result) -> Counter[str]:
    """How many sizes speak for or against each rule; a legal size keeps them all."""
    checks: Counter[str] = Counter()
    for judgement in result.judgements:
        for probe in judgement.probes:
            if judgement.marks.get(probe.size, Mark.NOT_JUDGED) is Mark.NOT_JUDGED:
                continue
            checks.update(probe.verdict.broken or KEPT_BY_LEGAL)
    checks.update(bill.rule for bill in result.bills)
    return checks


def _reasons(result: Result) -> tuple[str, ...]:
    total = sum(len(each.probes) for each in result.judgements)
    silent = sum(each.missing + each.count(Mark.NOT_JUDGED) for each in result.judgements)
    legal_side = any(each.name != REFUSED for each in result.judgements)
    reasons = [f"{silent:,} of {total:,} sizes were not judged"] if silent else []
    return (*reasons, *([] if legal_side else ["sizes that cost money were not sent"]))


def _groups(judgements: Iterable[Judgement]) -> list[list[Difference]]:
    """Differences of one kind together, the smallest size first."""
    groups: Mapping[object, list[Difference]] = defaultdict(list)
    for difference in (each for judgement in judgements for each in judgement.differences):
        groups[_kind(difference)].append(difference)
    return [sorted(each, key=lambda one: one.probe.size.pixels) for each in groups.values()]


def _kind(difference: Difference) -> object:
    """The same failure at other sizes has other numbers in its words, and no other difference."""
    words = SHAPE.sub("#", difference.received)[:80]
    return difference.rules, difference.probe.verdict.legal, difference.sighting.seen, words


def _failure(spec: Spec, rule: str, alike: Sequence[Difference], base_url: str) -> Failure:
    first = alike[0]
    fields = request_fields(spec.example_request, quality(spec)) | {"size": str(first.probe.size)}
    return Failure(
        rule=rule,
        part=None,
        basis=spec.rules[rule].basis.value,
        outcome=first.outcome,
        test=COMMAND,
        expected=first.expected,
        received=first.received + _extent(alike),
        curl=curl.line(Request("POST", PATH, fields), base_url),
        answer=first.sighting.answer,
        times=len(alike),
    )


def _extent(alike: Sequence[Difference]) -> str:
    """Which other sizes do the same, so that the misread bound can be guessed."""
    if len(alike) == 1:
        return ""
    sizes = [each.probe.size for each in alike]
    named = ", ".join(str(size) for size in sizes[1:4])
    ends = [(min(side), max(side)) for side in zip(*sizes, strict=True)]
    (left, right), (low, high) = ends
    steepness = [Fraction(size.long_edge, size.short_edge or 1) for size in sizes]
    pixels = [size.pixels for size in sizes]
    return (
        f"; the same at {len(alike) - 1:,} more sizes ({named} ...): "
        f"widths {left} to {right}, heights {low} to {high}, "
        f"long to short {float(min(steepness)):.3g} to {float(max(steepness)):.3g}, "
        f"{min(pixels):,} to {max(pixels):,} pixels"
    )


def _wrong_bill(spec: Spec, bill: Bill) -> Failure:
    currency = spec.facts.price.currency
    return Failure(
        rule=bill.rule,
        part=None,
        basis=spec.rules[bill.rule].basis.value,
        outcome=Outcome.FAIL,
        test=COMMAND,
        expected=f"all sizes of '{bill.leg}' together cost {bill.expected:f} {currency}",
        received=f"the balance fell by {bill.paid:f} {currency}",
        curl="",
        answer="",
    )
