"""Verdicts: what the basis of a rule makes of a breach, and the journal of everything decided."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import cast

from contracts import curl
from contracts.claims import Claim
from contracts.decode import Json
from contracts.excerpt import excerpt
from contracts.exchange import Exchange
from contracts.oracle.problem import Problem
from contracts.report.model import Outcome
from contracts.shared import Shared
from contracts.spec import Basis, Spec

__all__ = ["Breach", "BreachError", "Judge", "NotJudgedError"]


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule seen broken by one exchange."""

    rule: str
    part: str | None
    basis: str
    expected: str
    received: str
    curl: str
    answer: str

    def text(self) -> str:
        """The breach as a stranger reads it."""
        name = f"{self.rule}/{self.part}" if self.part else self.rule
        lines = [
            f"{name} ({self.basis}) is broken",
            f"  expected: {self.expected}",
            f"  received: {self.received}",
        ]
        lines += [f"  answer:   {self.answer}"] if self.answer else []
        lines += [f"  repeat:   {curl.shown(self.curl)}"] if self.curl else []
        return "\n".join(lines)


class BreachError(AssertionError):
    """A rule whose breach counts was seen broken."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(breach.text())
        self.breach = breach


class NotJudgedError(Exception):
    """A rule cannot be judged here; the message says what the target would have to offer."""


class Judge:
    """Decides what a breach counts for, and keeps the journal of one process.

    `also` are the bases judged like stated ones; assumed rules only if they are among them
    or the target is the project's own mock. Where `rules` are named, no others are judged.
    """

    def __init__(
        self,
        spec: Spec,
        shared: Shared,
        *,
        base_url: str,
        also: Collection[str],
        mock: bool,
        rules: Collection[str] = (),
    ) -> None:
        self._rules = frozenset(rules)
        self._spec = spec
        self._shared = shared
        self.base_url = base_url
        """Below it, what a URL names is the target's own."""
        self._also = frozenset(also)
        self.is_mock = mock
        """Whether the target says that it is the project's own mock."""
        self._test = ""
        self._kept: Counter[str] = Counter()

    def weight(self, rule: str, part: str | None = None) -> Outcome:
        """What a breach of the rule, or of its part, counts for: FAIL, WARN or NOT_JUDGED."""
        if self._rules and rule not in self._rules:
            return Outcome.NOT_JUDGED
        basis = self._spec.rules[rule].basis_of(part)
        if basis in {Basis.STATED, Basis.OPENAI} or basis in self._also:
            return Outcome.FAIL
        if basis is Basis.OBSERVED:
            return Outcome.WARN
        return Outcome.FAIL if self.is_mock else Outcome.NOT_JUDGED

    def __call__(
        self,
        name: str,
        exchange: Exchange | None,
        *,
        expected: str,
        problems: Iterable[str],
        repeat: str | None = None,
    ) -> bool:
        """Judges `rule` or `rule/part`: kept when there are no problems, which is returned.

        A breach that counts raises BreachError; one that only warns is noted. `repeat` replaces the
        curl line where one request does not show the breach.
        """
        claim = Claim.parse(name)
        found = list(problems)
        weight = self.weight(claim.rule, claim.part)
        if weight is Outcome.NOT_JUDGED:
            return not found
        if not found:
            self._kept[name] += 1
            return True
        breach = self._breach(claim, exchange, expected, found, repeat)
        if weight is Outcome.FAIL:
            raise BreachError(breach)
        self._note(breach, weight)
        return False

    def problems(
        self,
        problems: Iterable[Problem],
        exchange: Exchange | None,
        *,
        expected: str,
        kept: Iterable[str] = (),
        repeat: str | None = None,
    ) -> bool:
        """Judges what an oracle found, each under its own rule; `kept` names what it looked at.

        What only warns is noted before what counts is raised; of several that count the first is
        raised and the others are noted too, so that none hides another.
        """
        by_name: dict[str, list[str]] = {}
        for problem in problems:
            name = f"{problem.rule}/{problem.part}" if problem.part else problem.rule
            by_name.setdefault(name, []).append(problem.text)
        for name in kept:
            by_name.setdefault(name, [])
        names = sorted(by_name, key=lambda name: self._counts(name) and bool(by_name[name]))
        for name in [name for name in names if self._counts(name) and by_name[name]][1:]:
            claim = Claim.parse(name)
            breach = self._breach(claim, exchange, expected, by_name[name], repeat)
            self._note(breach, Outcome.FAIL)
        results = [
            self(name, exchange, expected=expected, problems=by_name[name], repeat=repeat)
            for name in names
        ]
        return all(results)

    def begin(self, test: str) -> None:
        """From now on verdicts are those of this test."""
        self._test = test
        self._kept.clear()

    def end(self) -> None:
        """Writes down what the test saw kept."""
        if self._kept:
            self._shared.note("kept", {"test": self._test, "kept": dict(self._kept)})
        self._kept.clear()

    def broken(self, breach: Breach) -> None:
        """Writes down the breach that ended the test."""
        self._note(breach, Outcome.FAIL)

    def skipped(self, claims: Iterable[Claim], reason: str) -> None:
        """Writes down that these could not be judged."""
        names = [str(claim) for claim in claims]
        self._shared.note("skipped", {"claims": cast("Json", names), "reason": reason})

    def _counts(self, name: str) -> bool:
        claim = Claim.parse(name)
        return self.weight(claim.rule, claim.part) is Outcome.FAIL

    def _note(self, breach: Breach, outcome: Outcome) -> None:
        entry = {"test": self._test, "outcome": outcome.value} | asdict(breach)
        self._shared.note("breaches", entry)

    def _breach(
        self,
        claim: Claim,
        exchange: Exchange | None,
        expected: str,
        problems: list[str],
        repeat: str | None,
    ) -> Breach:
        line = curl.line(exchange.request, self.base_url) if exchange else ""
        return Breach(
            rule=claim.rule,
            part=claim.part,
            basis=self._spec.rules[claim.rule].basis_of(claim.part).value,
            expected=expected,
            received="; ".join(problems),
            curl=line if repeat is None else repeat,
            answer=excerpt(exchange.answer) if exchange else "",
        )
