"""Two servers under the same load in turn, so that what the machine does besides hits both."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.load import Outcome, Plan
from benchmarks.servers import ROOT, Server

__all__ = ["Compared", "Generator", "Side", "compared", "generator"]


class Generator:
    """The process that makes the load."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, plan: Plan) -> Outcome:
        """Carry out a plan."""
        self.begin(plan)
        return self.end()

    def begin(self, plan: Plan) -> None:
        """Begin to carry out a plan."""
        print(json.dumps(asdict(plan)), file=self._process.stdin, flush=True)

    def end(self) -> Outcome:
        """Wait until the plan is carried out."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the load has failed; see its traceback above")
        return Outcome(**json.loads(line))


@contextmanager
def generator() -> Iterator[Generator]:
    """A generator of load for a whole run."""
    command = [sys.executable, "-m", "benchmarks.load"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Generator(process)
        if process.stdin is not None:
            process.stdin.close()


@dataclass(frozen=True, slots=True)
class Side:
    """A server and what it is asked; every answer must have this status."""

    server: Server
    plan: Plan
    status: int = 200


@dataclass(frozen=True, slots=True)
class Compared:
    """One server against another, each the median over the rounds.

    Rates are requests per second; `ratio` is the median of the rounds' ratios. `cpu` and
    `base_cpu` are microseconds of processor time per request, which the rest of the machine
    disturbs least. `busy` is the largest share of a processor that the load took.
    """

    rate: float
    base_rate: float
    ratio: float
    cpu: float
    base_cpu: float
    answer_bytes: int
    memory: int
    busy: float
    p99: float

    @property
    def cpu_ratio(self) -> float:
        """As `ratio`, by processor time."""
        return self.base_cpu / self.cpu


@dataclass(frozen=True, slots=True)
class _Round:
    outcome: Outcome
    cpu: float


def compared(
    load: Generator,
    side: Side,
    base: Side,
    *,
    rounds: int,
    seconds: float,
    refresh: Callable[[], object] = lambda: None,
) -> Compared:
    """The side against the base, A B A B; the first, unmeasured round warms both up.

    `refresh` is called before each round.
    """
    pairs = []
    for _ in range(rounds + 1):
        refresh()
        pairs.append((_round(load, side, seconds=seconds), _round(load, base, seconds=seconds)))
    del pairs[0]
    ours, theirs = zip(*pairs, strict=True)
    return Compared(
        rate=median(r.outcome.rate for r in ours),
        base_rate=median(r.outcome.rate for r in theirs),
        ratio=median(a.outcome.rate / b.outcome.rate for a, b in pairs),
        cpu=median(r.cpu for r in ours) * 1e6,
        base_cpu=median(r.cpu for r in theirs) * 1e6,
        answer_bytes=ours[0].outcome.bytes // ours[0].outcome.requests,
        memory=side.server.memory,
        busy=max(r.outcome.busy for r in (*ours, *theirs)),
        p99=median(r.outcome.p99 for r in ours),
    )


_numbers = iter(range(0, 10**7, 50_000))


def _round(load: Generator, side: Side, *, seconds: float) -> _Round:
    """One slot of load, with prompts that were never sent before."""
    plan = Plan(**{**asdict(side.plan), "seconds": seconds, "first": next(_numbers)})
    before = side.server.cpu
    outcome = load.run(plan)
    if set(outcome.statuses) != {str(side.status)}:
        raise RuntimeError(f"{side.status} was expected, but the answers were {outcome.statuses}")
    return _Round(outcome, (side.server.cpu - before) / outcome.requests)
