"""The report for a person at a terminal: a table by rule, then what is broken."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts import curl
from contracts.report.model import Failure, Latency, Outcome, Report, RuleVerdict

__all__ = ["print_report"]

STYLES = {
    Outcome.PASS: ("✓ pass", "green"),
    Outcome.FAIL: ("✗ FAIL", "bold red"),
    Outcome.WARN: ("! warn", "yellow"),
    Outcome.NOT_JUDGED: ("· not judged", "dim"),
}


def print_report(report: Report, console: Console) -> None:
    """Prints the verdict by rule, the failures with their curl lines, money and latencies."""
    console.print()
    console.print(_table(report))
    for verdict in report.rules:
        for failure in verdict.failures:
            _print_failure(failure, verdict, console)
    for error in report.errors:
        console.print(Text(f"\nA test broke down: {error}", style="red"))
    _print_tail(report, console)


def _table(report: Report) -> Table:
    table = Table("rule", "basis", "verdict", "checks", "remarks", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    for verdict in report.rules:
        label, style = STYLES[verdict.outcome]
        checks = str(verdict.checks) if verdict.checks else ""
        remark = Text("; ".join(verdict.reasons), style="dim")
        table.add_row(verdict.rule, verdict.basis, Text(label, style=style), checks, remark)
    return table


def _print_failure(failure: Failure, verdict: RuleVerdict, console: Console) -> None:
    label, style = STYLES[failure.outcome]
    name = f"{failure.rule}/{failure.part}" if failure.part else failure.rule
    times = f" (seen {failure.times} times)" if failure.times > 1 else ""
    lines = [
        ("", Text(f"{label} {name} ({failure.basis}){times}", style=style)),
        ("rule", Text(verdict.statement)),
        ("expected", Text(failure.expected)),
        ("received", Text(failure.received)),
        ("answer", Text(failure.answer)),
        ("repeat", Text(curl.shown(failure.curl))),
        ("test", Text(failure.test, style="dim")),
    ]
    console.print()
    for title, text in lines:
        if text.plain:
            head = Text(f"  {title:<9} " if title else "", style="dim")
            console.print(head + text, soft_wrap=True)


def _print_tail(report: Report, console: Console) -> None:
    money = report.money
    limit = "no limit" if money.max_cost is None else f"limit ${money.max_cost:f}"
    console.print(
        f"\n{report.requests} requests in {report.duration_s:.1f} s, "
        f"${money.spent:f} by list price "
        f"({limit}), seed {report.seed}"
    )
    if money.unexplained:
        console.print(f"${money.unexplained:f} of it for requests that should have been refused")
    for latency in report.latencies:
        console.print(_latency(latency), style="dim")
    style = {0: "bold green", 3: "bold yellow"}.get(report.exit_code, "bold red")
    console.print(Text(report.verdict, style=style))


def _latency(latency: Latency) -> str:
    return (
        f"{latency.quality}: {latency.count} pictures in {latency.fastest_s:.2f} to "
        f"{latency.slowest_s:.2f} s, median {latency.median_s:.2f} s; stated "
        f"{latency.stated_min_s:g} to {latency.stated_max_s:g} s"
    )
