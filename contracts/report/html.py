"""The report as one HTML page that needs nothing else: no network, no script, no other file.

Summary first, then everything that is broken with the line that repeats it, then the whole table.
"""

import base64
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from contracts.report import html_parts
from contracts.report.markup import Html, tag
from contracts.report.model import Outcome, Report, RuleVerdict

__all__ = ["page", "write"]

BASES = ("stated", "openai", "observed", "assumed")


def write(report: Report, path: Path) -> None:
    """Writes the page; the size map is read from where the report says, beside the page."""
    picture = (path.parent / report.size_map).read_bytes() if report.size_map else None
    path.write_text(page(report, size_map=picture), encoding="utf-8")


def page(report: Report, *, size_map: bytes | None = None) -> str:
    """The whole page; `size_map` is the PNG to show."""
    style, script = _resource("page.css"), _resource("page.js")
    body = tag(
        "body",
        tag("a", "Skip to the verdict by rule", href="#rules", class_="skip"),
        html_parts.header(report),
        tag("main", *_sections(report, size_map)),
        html_parts.footer(report),
        tag("script", Html(script)),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("title", f"{report.verdict} · {report.target.base_url}"),
        tag("style", Html(style)),
    )
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def _sections(report: Report, size_map: bytes | None) -> Iterable[Html]:
    broken, odd = _ended(report, Outcome.FAIL), _ended(report, Outcome.WARN)
    yield html_parts.tiles(report)
    if report.errors:
        yield html_parts.errors(report.errors)
    if broken:
        yield html_parts.breaches("Broken", "broken", broken, Outcome.FAIL)
    if odd:
        yield html_parts.breaches("Unlike what was observed", "odd", odd, Outcome.WARN)
    if size_map is not None:
        yield _figure(size_map, report)
    yield html_parts.rules(report)
    yield html_parts.money(report)
    if report.latencies:
        yield html_parts.latencies(report)


def _ended(report: Report, outcome: Outcome) -> Sequence[RuleVerdict]:
    """Rules with failures of that weight, those on the strongest word first."""
    with_some = (
        verdict
        for verdict in report.rules
        if any(failure.outcome is outcome for failure in verdict.failures)
    )
    return sorted(with_some, key=lambda verdict: [*BASES, verdict.basis].index(verdict.basis))


def _figure(picture: bytes, report: Report) -> Html:
    source = "data:image/png;base64," + base64.b64encode(picture).decode()
    words = (
        "Every width and height, coloured by the tier it costs or by the rule that refuses it. "
        "Ringed in magenta: sizes for which something else came than the contract says."
    )
    alt = f"Size map: {report.verdict}"
    figure = tag(
        "figure",
        tag("img", src=source, alt=alt),
        tag("figcaption", words),
        tabindex="0",
        role="group",
    )
    return tag("section", tag("h2", "Size map"), figure, id="size-map")


def _policy(style: str, script: str) -> str:
    """Even if an answer got past the escaping, nothing of it would run or be fetched."""
    return (
        f"default-src 'none'; img-src data:; style-src {_fingerprint(style)}; "
        f"script-src {_fingerprint(script)}; base-uri 'none'; form-action 'none'"
    )


def _fingerprint(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


def _resource(name: str) -> str:
    return files("contracts.report").joinpath(name).read_text(encoding="utf-8")
