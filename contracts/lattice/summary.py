"""A course at its end: the report of the suite, its exit code, and the map."""

from collections import ChainMap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from contracts.lattice.course import Result
from contracts.lattice.findings import rule_verdicts
from contracts.lattice.sweep import End
from contracts.lattice.verdicts import Judgement
from contracts.report import size_map
from contracts.report.files import write_files
from contracts.report.model import Money, Outcome, Report, TargetFacts
from contracts.report.size_map import Mark
from contracts.report.terminal import print_report
from contracts.spec import Spec

__all__ = ["Frame", "print_summary", "report_of", "write_summary"]

MAP_FILE = "size-map.png"
LEVEL = "sizes"
UNREACHABLE = {End.GONE, End.KEY_REFUSED, End.NOT_THERE}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a report says beside its findings."""

    target: TargetFacts
    also: tuple[str, ...]
    started: str
    duration_s: float
    max_cost: Decimal | None


def report_of(spec: Spec, result: Result, frame: Frame) -> Report:
    """The report: 0 conforms, 1 breaches, 2 unreachable, 3 ended before the verdict."""
    rules = rule_verdicts(spec, result, frame.target.base_url)
    broken = [verdict.rule for verdict in rules if verdict.outcome is Outcome.FAIL]
    code, verdict = _conclusion(result, broken)
    return Report(
        target=frame.target,
        level=LEVEL,
        also=frame.also,
        seed=0,
        started=frame.started,
        duration_s=round(frame.duration_s, 3),
        requests=result.requests,
        rules=rules,
        money=_money(spec, result, frame),
        latencies=(),
        exit_code=code,
        verdict=verdict,
    )


def write_summary(spec: Spec, result: Result, report: Report, folder: Path) -> None:
    """Writes the report and the size map into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    marks = ChainMap(*(dict(judgement.marks) for judgement in result.judgements))
    note = f"{report.target.base_url} · {report.started}"
    size_map.write(folder / MAP_FILE, spec, marks, title=report.verdict, note=note)
    write_files(replace(report, size_map=MAP_FILE), folder)


def print_summary(result: Result, report: Report, console: Console) -> None:
    """Prints the legs in a table, then what is broken, as every run does."""
    table = Table("sizes", box=None, pad_edge=False)
    for heading in ("all", "as stated", *(mark.value for mark in LOUD), "not sent", "USD"):
        table.add_column(heading, justify="right")
    for each in result.judgements:
        counts = [each.count(mark) for mark in (Mark.AGREES, *LOUD)]
        numbers = [len(each.probes), *counts, each.missing]
        table.add_row(each.name, *(f"{number:,}" for number in numbers), f"{each.charged:f}")
    console.print(table)
    print_report(report, console)
    if report.requests and report.duration_s:
        console.print(f"{report.requests / report.duration_s:,.0f} sizes a second")


LOUD = (Mark.DIFFERS, Mark.NO_ANSWER, Mark.NOT_JUDGED)


def _conclusion(result: Result, broken: Sequence[str]) -> tuple[int, str]:
    sent = sum(len(each.marks) for each in result.judgements)
    silent = sum(each.count(Mark.NOT_JUDGED) for each in result.judgements)
    loud = sum(each.count(Mark.DIFFERS) + each.count(Mark.NO_ANSWER) for each in result.judgements)
    left = sum(each.missing for each in result.judgements)
    end = f"{result.end}: {result.reason}" if result.reason else str(result.end)
    if broken:
        what = f"{loud:,} of {sent:,} sizes differ" if loud else "the money differs"
        return 1, f"{what} ({', '.join(broken)})" + ("" if result.end is End.DONE else f"; {end}")
    if result.end in UNREACHABLE:
        return 2, f"no verdict: {end}"
    if result.end is not End.DONE or silent or left:
        why = end if result.end is not End.DONE else "the target was too busy, or they were lost"
        return 3, f"no verdict on {silent + left:,} sizes: {why}"
    return 0, f"all {sent:,} sizes as the contract says"


def _money(spec: Spec, result: Result, frame: Frame) -> Money:
    unexplained = [each.charged for each in result.judgements if _is_free(each)]
    return Money(
        currency=spec.facts.price.currency,
        spent=sum((each.charged for each in result.judgements), Decimal(0)),
        max_cost=frame.max_cost,
        unexplained=sum(unexplained, Decimal(0)),
        exhausted=result.end is End.BUDGET,
    )


def _is_free(judgement: Judgement) -> bool:
    return not any(probe.verdict.legal for probe in judgement.probes)
