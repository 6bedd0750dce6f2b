"""The parts of the HTML report, each a function from the report to its markup."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import takewhile

from contracts.report.markup import Html, tag
from contracts.report.model import Failure, Latency, Outcome, Report, RuleVerdict, count

__all__ = ["breaches", "errors", "footer", "header", "latencies", "money", "rules", "tiles"]

WORDS = {
    Outcome.PASS: ("kept", "✓"),
    Outcome.FAIL: ("broken", "✗"),
    Outcome.WARN: ("odd", "!"),
    Outcome.NOT_JUDGED: ("not judged", "–"),
}
ENDS = {
    0: ("conforms", "Conforms"),
    1: ("breaches", "Does not conform"),
    2: ("unreachable", "Not judged: misuse, or target unreachable"),
    3: ("unfinished", "Unfinished: the budget ended first"),
}
BASES = {
    "stated": "the provider's page says so; a breach is a failure",
    "openai": "OpenAI's published API says so, and its SDKs need it; a breach is a failure",
    "observed": "the provider's public clients show it; a breach is a warning unless asked for",
    "assumed": "nobody says; judged only on this project's mock, or when asked for",
}
HEADER_LINE = re.compile(r"[0-9]{3}$|[A-Za-z-]+: ")
CHART_WIDTH, CHART_HEIGHT = 480, 28


def header(report: Report) -> Html:
    """What was judged, when, and the result in one sentence."""
    kind, words = ENDS.get(report.exit_code, ENDS[2])
    target = report.target
    facts = [
        ("Target", target.base_url),
        ("Profile", target.profile),
        ("Says it is", target.mock or ""),
        ("Level", report.level),
        ("Judged beyond stated and openai", ", ".join(report.also)),
        ("Offers", ", ".join(target.offers)),
        ("Lacks", ", ".join(target.lacks)),
        ("Started", report.started),
        ("Took", f"{report.duration_s:,.1f} s, {report.requests:,} requests"),
        ("Seed", str(report.seed or "")),
        ("Exit code", str(report.exit_code)),
    ]
    return tag(
        "header",
        tag("p", "Conformance to the GPT Image 2 contract", class_="kicker"),
        tag("h1", tag("span", words, class_=f"badge {kind}"), " ", report.verdict),
        tag("dl", *(_fact(name, value) for name, value in facts if value), class_="facts"),
    )


def tiles(report: Report) -> Html:
    """The counts by outcome, and the money."""
    order = (Outcome.FAIL, Outcome.WARN, Outcome.PASS, Outcome.NOT_JUDGED)
    boxes = [
        _tile(_kind(each), str(count(report, each)), f"rules {WORDS[each][0]}") for each in order
    ]
    boxes.append(_tile("spent", _usd(report.money.spent), f"{report.money.currency} spent"))
    return tag("section", tag("h2", "Summary", class_="unseen"), tag("ul", *boxes, class_="tiles"))


def errors(texts: Sequence[str]) -> Html:
    """Faults of the suite itself, told apart from those of the target."""
    items = [tag("li", tag("pre", text)) for text in texts]
    words = "Tests broke down for a reason of their own; the target is not to blame for these."
    return tag(
        "section", tag("h2", "Faults of the suite"), tag("p", words), tag("ul", *items), id="errors"
    )


def breaches(title: str, anchor: str, verdicts: Sequence[RuleVerdict], outcome: Outcome) -> Html:
    """Every rule that was seen broken, with what repeats it."""
    links = [tag("a", verdict.rule, href=f"#{anchor}-{verdict.rule}") for verdict in verdicts]
    contents = tag("p", *_spaced(links), class_="contents") if len(links) > 1 else Html("")
    cards = [_card(verdict, anchor, outcome) for verdict in verdicts]
    return tag("section", tag("h2", f"{title} ({len(verdicts)})"), contents, *cards, id=anchor)


def rules(report: Report) -> Html:
    """The verdict on every rule, in the order of the contract."""
    head = tag(
        "tr",
        *(
            tag("th", text, scope="col")
            for text in ("Rule", "Verdict", "Basis", "Checks", "What it says")
        ),
    )
    table = tag(
        "table",
        tag("caption", "Every rule of the contract, in its order", class_="unseen"),
        tag("thead", head),
        tag("tbody", *(_row(verdict) for verdict in report.rules)),
    )
    return tag("section", tag("h2", "Verdict by rule"), table, id="rules")


def money(report: Report) -> Html:
    """What the run cost by the price list."""
    told = report.money
    limit = "none" if told.max_cost is None else _usd(told.max_cost)
    facts = [
        ("Spent by list price", f"{_usd(told.spent)} {told.currency}"),
        ("Limit", limit),
        ("For requests that should have been refused", _usd(told.unexplained)),
        ("Limit reached", "yes: some requests were not sent" if told.exhausted else "no"),
    ]
    listed = tag("dl", *(_fact(name, value) for name, value in facts), class_="facts")
    return tag("section", tag("h2", "Money"), listed, id="money")


def latencies(report: Report) -> Html:
    """How long pictures took, beside what the contract states."""
    scale = report.target.time_scale
    note = "Measured and reported, never failed."
    if scale != 1:
        note += f" One second of the target lasts {scale:g} s here; the stated times are scaled so."
    longest = max(max(each.slowest_s, each.stated_max_s * scale) for each in report.latencies)
    columns = ("Quality", "Pictures", "Fastest, median, slowest", "Stated", "Both, on one scale")
    head = tag("tr", *(tag("th", text, scope="col") for text in columns))
    rows = [_latency(each, scale, longest) for each in report.latencies]
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="latencies")
    return tag("section", tag("h2", "Latency"), tag("p", note), table, id="latency")


def footer(report: Report) -> Html:
    """How to read the page."""
    bases = [tag("dt", _basis(name)) + tag("dd", words) for name, words in BASES.items()]
    words = (
        "The curl lines send one request each and need the key in the variable API_KEY: "
        "export API_KEY=... A line may cost money on a paid target."
    )
    return tag(
        "footer",
        tag("h2", "How to read this"),
        tag("p", words),
        tag("p", "Each rule stands on somebody's word, its basis:"),
        tag("dl", *(Html(each) for each in bases), class_="bases"),
    )


def _card(verdict: RuleVerdict, anchor: str, outcome: Outcome) -> Html:
    failures = [each for each in verdict.failures if each.outcome is outcome]
    return tag(
        "article",
        tag("h3", tag("code", verdict.rule), " ", _basis(verdict.basis)),
        tag("p", *_with_code(verdict.statement), class_="statement"),
        tag("p", "Source: ", *_with_code(verdict.cites), class_="cites"),
        *(_failure(failure) for failure in failures),
        id=f"{anchor}-{verdict.rule}",
        class_=_kind(outcome),
    )


def _failure(failure: Failure) -> Html:
    compared = tag(
        "dl",
        tag("div", tag("dt", "Expected"), tag("dd", failure.expected), class_="expected"),
        tag("div", tag("dt", "Received"), tag("dd", failure.received), class_="received"),
        class_="compared",
    )
    seen = f"seen {failure.times:,} times, shown once; " if failure.times > 1 else ""
    return tag(
        "div",
        *_part(failure),
        compared,
        *_quoted("Repeat it", failure.curl, "command"),
        *_quoted("What came back", _unfolded(failure.answer), "answer"),
        tag("p", f"{seen}found by {failure.test}", class_="found"),
        class_="failure",
    )


def _part(failure: Failure) -> list[Html]:
    if failure.part is None:
        return []
    return [tag("p", "The part ", tag("code", failure.part), " ", _basis(failure.basis))]


def _quoted(title: str, text: str, kind: str) -> list[Html]:
    if not text:
        return []
    block = tag(
        "pre", tag("code", text), class_=kind, tabindex="0", role="region", aria_label=title
    )
    return [tag("h4", title), block]


def _row(verdict: RuleVerdict) -> Html:
    words, sign = WORDS[verdict.outcome]
    anchors = {Outcome.FAIL: "broken", Outcome.WARN: "odd"}
    anchor = anchors.get(verdict.outcome)
    name: Html = tag("code", verdict.rule)
    if anchor and verdict.failures:
        name = tag("a", name, href=f"#{anchor}-{verdict.rule}")
    remarks = [tag("li", reason) for reason in verdict.reasons]
    remarks += [
        tag("li", f"{part.name} ({part.basis}): {WORDS[part.outcome][0]}", *_reasons(part.reasons))
        for part in verdict.parts
    ]
    said = [
        tag("p", *_with_code(verdict.statement)),
        tag("p", *_with_code(verdict.cites), class_="cites"),
    ]
    said += [tag("ul", *remarks, class_="remarks")] if remarks else []
    return tag(
        "tr",
        tag("th", name, scope="row"),
        tag("td", tag("span", f"{sign} {words}", class_=f"verdict {_kind(verdict.outcome)}")),
        tag("td", _basis(verdict.basis)),
        tag("td", f"{verdict.checks:,}" if verdict.checks else "", class_="number"),
        tag("td", *said),
        data_outcome=_kind(verdict.outcome),
    )


def _with_code(text: str) -> list[str]:
    """The contract writes code between backticks."""
    pieces = text.split("`")
    return [tag("code", each) if at % 2 else each for at, each in enumerate(pieces)]


def _unfolded(answer: str) -> str:
    """Status and headers, which reports write in one line, on lines of their own."""
    pieces = answer.split(" | ")
    heads = list(takewhile(HEADER_LINE.match, pieces))
    return "\n".join([*heads, " | ".join(pieces[len(heads) :])])


def _reasons(reasons: Iterable[str]) -> list[str]:
    return [f"; {reason}" for reason in reasons]


def _latency(latency: Latency, scale: float, longest: float) -> Html:
    measured = (latency.fastest_s, latency.median_s, latency.slowest_s)
    stated = (latency.stated_min_s * scale, latency.stated_max_s * scale)
    return tag(
        "tr",
        tag("th", latency.quality, scope="row"),
        tag("td", f"{latency.count:,}", class_="number"),
        tag("td", ", ".join(f"{each:,.2f}" for each in measured) + " s"),
        tag("td", f"{stated[0]:,.2f} to {stated[1]:,.2f} s"),
        tag("td", _chart(measured, stated, longest or 1.0)),
    )


def _chart(
    measured: tuple[float, float, float], stated: tuple[float, float], longest: float
) -> Html:
    """A band for what is stated, a line from fastest to slowest, a dot for the median."""

    def x(seconds: float) -> float:
        return round(6 + seconds / longest * (CHART_WIDTH - 12), 1)

    fastest, median, slowest = (x(each) for each in measured)
    low, high = (x(each) for each in stated)
    width = str(max(2.0, round(high - low, 1)))
    middle = str(CHART_HEIGHT / 2)
    return tag(
        "svg",
        tag("rect", x=str(low), y="4", width=width, height=str(CHART_HEIGHT - 8), class_="stated"),
        tag("line", x1=str(fastest), x2=str(slowest), y1=middle, y2=middle, class_="measured"),
        tag("circle", cx=str(median), cy=middle, r="5", class_="measured"),
        viewBox=f"0 0 {CHART_WIDTH} {CHART_HEIGHT}",
        role="img",
        aria_label="stated range as a band, measured range as a line, median as a dot",
    )


def _fact(name: str, value: str) -> Html:
    return tag("div", tag("dt", name), tag("dd", value))


def _tile(kind: str, number: str, words: str) -> Html:
    return tag("li", tag("strong", number), tag("span", words), class_=f"tile {kind}")


def _basis(name: str) -> Html:
    return tag("span", name, class_=f"basis {name if name in BASES else ''}".strip())


def _kind(outcome: Outcome) -> str:
    return outcome.value.replace(" ", "-")


def _spaced(links: Iterable[Html]) -> list[str]:
    return [each for link in links for each in (link, " ")]


def _usd(amount: Decimal) -> str:
    return f"${amount:f}"
