"""Sightings beside the contract: where they differ, and what was not judged.

Rules: size-grid, size-edge, size-ratio, size-pixels, size-exact, mode, sync-shape, status,
code-in-200.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from contracts.lattice.plan import Leg, Probe
from contracts.lattice.sightings import Seen, Sighting
from contracts.oracle import sizes
from contracts.report.model import Outcome
from contracts.report.size_map import Mark
from contracts.size import Size
from contracts.spec import Basis, Spec

__all__ = ["Difference", "Judgement", "judge"]

SILENT = {Seen.NO_CREDIT, Seen.KEY_REFUSED, Seen.BUSY, Seen.SENT}
"""Answers that say nothing of the size."""
SERVER_ERROR = "HTTP 5"
AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1))


@dataclass(frozen=True, slots=True)
class Difference:
    """A size for which something else came than the contract says."""

    probe: Probe
    sighting: Sighting
    rules: tuple[str, ...]
    """The rules that this breaks; several where one request cannot tell them apart."""
    outcome: Outcome
    """FAIL or WARN, by the basis of the rules."""

    @property
    def expected(self) -> str:
        """What the contract says, in words."""
        if self.probe.verdict.legal:
            return f"200 with a picture of {self.probe.size}"
        broken = ", ".join(sorted(self.probe.verdict.broken))
        return f"400, because {self.probe.size} breaks {broken}"

    @property
    def received(self) -> str:
        """What came, in words."""
        seen, detail = self.sighting.seen, self.sighting.detail
        words = {Seen.PICTURE: f"200 with a picture of {detail}", Seen.TASK: "200 with a task"}
        return words.get(seen) or detail or seen.value


@dataclass(frozen=True, slots=True)
class Judgement:
    """The sizes of a leg, by what became of them."""

    name: str
    probes: tuple[Probe, ...]
    marks: Mapping[Size, Mark]
    """A size without a mark was not sent."""
    differences: tuple[Difference, ...]
    charged: Decimal
    """USD that the sizes which were taken cost by the price list."""

    @property
    def missing(self) -> int:
        """How many of its sizes were not sent."""
        return len(self.probes) - len(self.marks)

    def count(self, mark: Mark) -> int:
        """How many sizes of the leg carry the mark."""
        return sum(each is mark for each in self.marks.values())


def judge(
    spec: Spec,
    leg: Leg,
    sightings: Mapping[str, Sighting],
    *,
    also: Collection[str] = (),
) -> Judgement:
    """What the sightings say of a leg; `also` are bases that count like stated ones."""
    charged = Decimal(0)
    marks: dict[Size, Mark] = {}
    differences: list[Difference] = []
    for probe in leg.probes:
        sighting = sightings.get(str(probe.size))
        if sighting is None:
            continue
        charged += probe.price if sighting.seen.taken else 0
        rules = _broken(spec, probe, sighting)
        outcome = _weight(spec, rules, also)
        marks[probe.size] = _mark(sighting, outcome)
        if outcome in {Outcome.FAIL, Outcome.WARN}:
            differences.append(Difference(probe, sighting, rules, outcome))
    return Judgement(leg.name, leg.probes, marks, tuple(differences), charged)


def _mark(sighting: Sighting, outcome: Outcome) -> Mark:
    if sighting.seen is Seen.NO_ANSWER:
        return Mark.NO_ANSWER
    if sighting.seen in SILENT or outcome is Outcome.NOT_JUDGED:
        return Mark.NOT_JUDGED
    return Mark.AGREES if outcome is Outcome.PASS else Mark.DIFFERS


def _broken(spec: Spec, probe: Probe, sighting: Sighting) -> tuple[str, ...]:
    """The rules that an answer breaks; none if it is what the contract says, or says nothing."""
    if sighting.seen in SILENT:
        return ()
    if sighting.seen is Seen.NO_ANSWER or sighting.detail.startswith(SERVER_ERROR):
        return ("status",)
    if probe.verdict.legal:
        return _broken_by_legal(spec, probe, sighting)
    return _broken_by_illegal(probe, sighting)


def _broken_by_legal(spec: Spec, probe: Probe, sighting: Sighting) -> tuple[str, ...]:
    if sighting.seen is Seen.PICTURE:
        return () if sighting.detail == str(probe.size) else ("size-exact",)
    if sighting.seen in {Seen.REFUSED, Seen.CODE_IN_200}:
        return _nearest(spec, probe.size)
    return ("mode",) if sighting.seen is Seen.TASK else ("sync-shape",)


def _broken_by_illegal(probe: Probe, sighting: Sighting) -> tuple[str, ...]:
    if sighting.seen is Seen.REFUSED:
        return ()
    if sighting.seen is Seen.CODE_IN_200:
        return ("code-in-200",)
    if sighting.seen.taken:
        return tuple(sorted(probe.verdict.broken))
    return ("status",)


def _nearest(spec: Spec, size: Size) -> tuple[str, ...]:
    """The rules whose bound the size lies on, else all size rules: one of them was misread."""
    step = spec.facts.size_grid.multiple
    around = (Size(size.width + dx * step, size.height + dy * step) for dx, dy in AROUND)
    near = {rule for each in around for rule in sizes.verdict(spec, str(each)).broken}
    return tuple(sorted(near or {"size-edge", "size-grid", "size-pixels", "size-ratio"}))


def _weight(spec: Spec, rules: tuple[str, ...], also: Collection[str]) -> Outcome:
    """What a breach counts for by the strongest basis among the rules; PASS where there is none."""
    if not rules:
        return Outcome.PASS
    bases = {spec.rules[rule].basis for rule in rules}
    if bases & {Basis.STATED, Basis.OPENAI, *also}:
        return Outcome.FAIL
    return Outcome.WARN if Basis.OBSERVED in bases else Outcome.NOT_JUDGED
