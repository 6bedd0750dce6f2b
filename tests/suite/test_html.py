"""The page a stranger gets: whole, quiet, and safe whatever the target has answered."""

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from contracts.report import html
from contracts.report.markup import Html, readable, tag
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

VOID = {"meta", "img", "br", "link"}
CURL = (
    """curl -sS http://127.0.0.1:8080/v1/images/generations -H "Authorization: Bearer $API_KEY" """
    """--data-binary '{"prompt": "a <b> & c", "size": "1552x512"}'"""
)
HOSTILE = (
    "</pre></code><script>alert(1)</script><img src=x onerror=alert(2)>"
    "<a href='javascript:alert(3)'>x</a>\" onload=\"alert(4) <!-- ]]> &lt;ok&gt; &amp;"
)


def failure(**fields: object) -> Failure:
    base = Failure(
        rule="size-ratio",
        part=None,
        basis="stated",
        outcome=Outcome.FAIL,
        test="contracts/test_sizes.py::test_ratio",
        expected="400, because 1552x512 breaks size-ratio",
        received="200 with a picture",
        curl=CURL,
        answer='200 | Content-Type: application/json | {"created": 1}',
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def verdict(rule: str, outcome: Outcome, *failures: Failure, basis: str = "stated") -> RuleVerdict:
    return RuleVerdict(
        rule=rule,
        statement=f"What `{rule}` says.",
        basis=basis,
        cites=f"source of {rule}",
        outcome=outcome,
        checks=0 if outcome is Outcome.NOT_JUDGED else 7,
        failures=failures,
        reasons=("no second key was given",) if outcome is Outcome.NOT_JUDGED else (),
    )


def report(*rules: RuleVerdict, **fields: object) -> Report:
    base = Report(
        target=TargetFacts("http://127.0.0.1:8080/v1", "provider", None, 1.0, ("balance",), ()),
        level="full",
        also=(),
        seed=42,
        started="2026-01-01T00:00:00+00:00",
        duration_s=12.34,
        requests=1234,
        rules=rules,
        money=Money("USD", Decimal("1.285"), Decimal("2.00"), Decimal("0.005"), exhausted=False),
        latencies=(),
        exit_code=1,
        verdict="1 of 59 rules is broken",
    )
    return replace(base, **fields)  # type: ignore[arg-type]


ODD = failure(rule="hook-retry", outcome=Outcome.WARN)
BROKEN = report(
    verdict("auth", Outcome.PASS),
    verdict("size-ratio", Outcome.FAIL, failure(times=50)),
    verdict("hook-retry", Outcome.WARN, ODD, basis="observed"),
    verdict("no-credit", Outcome.NOT_JUDGED),
)


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.blocks: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "pre":
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in {"script", "style"}:
            self.texts.append(data)
        if "pre" in self._open:
            self.blocks[-1] += data

    @property
    def text(self) -> str:
        """Everything that is read."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> Sequence[dict[str, str | None]]:
        """The attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]


def read(of: Report, size_map: bytes | None = None) -> Page:
    return Page(html.page(of, size_map=size_map))


def test_the_summary_comes_before_the_details() -> None:
    text = read(BROKEN).text
    order = ["Does not conform 1 of 59 rules is broken", "1 rules broken", "Broken (1)"]
    order += ["Unlike what was observed (1)", "Verdict by rule", "Money", "How to read this"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_a_stranger_finds_everything_that_mends_the_fault() -> None:
    page = read(BROKEN)
    for words in (
        "400, because 1552x512 breaks size-ratio",
        "200 with a picture",
        "What size-ratio says.",
        "source of size-ratio",
        "seen 50 times, shown once; found by contracts/test_sizes.py::test_ratio",
    ):
        assert words in page.text
    assert CURL in page.blocks
    assert '200\nContent-Type: application/json\n{"created": 1}' in page.blocks


def test_every_rule_is_in_the_table_with_its_outcome() -> None:
    page = read(BROKEN)
    rows = [row["data-outcome"] for row in page.all("tr") if "data-outcome" in row]
    assert rows == ["pass", "fail", "warn", "not-judged"]
    for words in ("✓ kept", "✗ broken", "! odd", "– not judged", "no second key was given"):
        assert words in page.text


def test_a_link_leads_to_what_is_broken() -> None:
    page = read(BROKEN)
    ids = [str(attributes["id"]) for _, attributes in page.elements if "id" in attributes]
    links = [str(link["href"]) for link in page.all("a")]
    assert len(ids) == len(set(ids))
    assert "#broken-size-ratio" in links
    assert {link[1:] for link in links} <= set(ids)


@pytest.mark.parametrize("field", ["expected", "received", "curl", "answer", "test", "part"])
def test_what_the_target_says_stays_text(field: str) -> None:
    kind = failure(**{field: HOSTILE})
    page = read(report(verdict("size-ratio", Outcome.FAIL, kind)))
    assert HOSTILE in "".join(page.texts)
    assert_harmless(page)


def test_hostile_text_anywhere_else_stays_text() -> None:
    kind = replace(verdict("x", Outcome.PASS), statement=HOSTILE, cites=HOSTILE, reasons=(HOSTILE,))
    kind = replace(kind, parts=(Part(HOSTILE, HOSTILE, Outcome.PASS, 1, (HOSTILE,)),))
    facts = TargetFacts(HOSTILE, HOSTILE, HOSTILE, 1.0, (HOSTILE,), (HOSTILE,))
    page = read(
        report(kind, target=facts, verdict=HOSTILE, errors=(HOSTILE,), started=HOSTILE), b"PNG"
    )
    assert page.text.count("alert(1)") >= 10
    assert_harmless(page)


def assert_harmless(page: Page) -> None:
    """One script and one style of our own, nothing that runs, is fetched or leads away."""
    assert len(page.all("script")) == len(page.all("style")) == 1
    for name, attributes in page.elements:
        assert name not in {"iframe", "object", "embed", "form", "base", "link"}
        assert not [key for key in attributes if key.startswith("on") or key == "style"]
        assert (attributes.get("src") or "data:").startswith("data:")
        assert (attributes.get("href") or "#").startswith("#")


def test_characters_that_deceive_are_named() -> None:
    tricks = "safe\u202egnp.exe\u200b\x00\x1b[31m\ud800\ufeff\u2028end"
    named = "safe⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+0000⟩⟨U+001B⟩[31m⟨U+D800⟩⟨U+FEFF⟩⟨U+2028⟩end"
    text = html.page(report(verdict("x", Outcome.FAIL, failure(answer=tricks))))
    assert named in Page(text).text
    assert not set("\u202e\u200b\x00\x1b\ud800\ufeff\u2028") & set(text)
    assert text.encode()


def test_nothing_is_fetched_and_only_our_script_may_run() -> None:
    text = html.page(BROKEN, size_map=b"\x89PNG")
    page = Page(text)
    policy = next(
        str(meta["content"])
        for meta in page.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    for name in ("script", "style"):
        own = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert own is not None
        digest = base64.b64encode(sha256(own[1].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "url(" not in text
    assert "@import" not in text
    assert_harmless(page)


def test_the_size_map_is_inside_the_page(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n and so on"
    (tmp_path / "size-map.png").write_bytes(picture)
    html.write(replace(BROKEN, size_map="size-map.png"), tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    image = page.all("img")[0]
    head, _, encoded = str(image["src"]).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(encoded) == picture
    assert image["alt"] == "Size map: 1 of 59 rules is broken"


def test_without_a_size_map_there_is_no_place_for_one() -> None:
    page = read(BROKEN)
    assert not page.all("img")
    assert "Size map" not in page.text


@pytest.mark.parametrize(
    "code,words",
    [
        (0, "Conforms"),
        (1, "Does not conform"),
        (2, "Not judged: misuse, or target unreachable"),
        (3, "Unfinished: the budget ended first"),
    ],
)
def test_the_page_says_how_it_ended(code: int, words: str) -> None:
    assert f"{words} 1 of 59 rules is broken" in read(replace(BROKEN, exit_code=code)).text


def test_money_is_shown_to_the_last_digit() -> None:
    text = read(BROKEN).text
    assert "Spent by list price $1.285 USD" in text
    assert "Limit $2.00" in text
    assert "For requests that should have been refused $0.005" in text
    assert "Limit reached no" in text
    unlimited = Money("USD", Decimal(0), None, Decimal(0), exhausted=True)
    other = read(replace(BROKEN, money=unlimited)).text
    assert "Limit none" in other
    assert "yes: some requests were not sent" in other


def test_latency_stands_beside_the_stated_one_on_the_target_s_clock() -> None:
    measured = (Latency("low", 412, 0.35, 0.41, 0.52, 35, 40, 45),)
    fast = replace(BROKEN.target, time_scale=0.01)
    text = read(replace(BROKEN, latencies=measured, target=fast)).text
    assert "low 412 0.35, 0.41, 0.52 s 0.35 to 0.45 s" in text
    assert "One second of the target lasts 0.01 s here" in text
    assert "35.00 to 45.00 s" in read(replace(BROKEN, latencies=measured)).text


def test_faults_of_the_suite_are_told_apart() -> None:
    text = read(replace(BROKEN, errors=("test_x: ZeroDivisionError",))).text
    assert "Faults of the suite" in text
    assert "the target is not to blame" in text


def test_the_page_can_be_read_aloud_and_by_keyboard() -> None:
    page = read(BROKEN, b"PNG")
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("header")) == 1
    assert all(cell.get("scope") in {"col", "row"} for cell in page.all("th"))
    assert all(block.get("tabindex") == "0" for block in page.all("pre"))
    assert page.all("a")[0]["href"] == "#rules"
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_markup_escapes_whatever_is_no_markup() -> None:
    assert tag("p", "a<b", Html("<i>x</i>")) == "<p>a&lt;b<i>x</i></p>"
    assert tag("a", "x", href='"><', class_="y", hidden=True, title=None) == (
        '<a href="&quot;&gt;&lt;" class="y" hidden>x</a>'
    )
    assert tag("br") == "<br>"
    assert tag("meta", name="x", http_equiv="y") == '<meta name="x" http-equiv="y">'
    assert readable("a\tb\nc é 漢 😀") == "a\tb\nc é 漢 😀"
