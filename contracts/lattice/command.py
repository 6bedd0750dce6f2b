"""`contracts sizes`: every size there is, asked for over the wire, judged and drawn.

Rules: size-grid, size-edge, size-ratio, size-pixels, size-exact.
"""

import argparse
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from contracts import arguments, spec
from contracts.budget import Budget
from contracts.decode import SpecError
from contracts.discovery import Control, TargetError, find_control, reach, set_balance
from contracts.exchange import Key
from contracts.folder import SharedFolder
from contracts.lattice.course import Course, Result
from contracts.lattice.findings import PATH
from contracts.lattice.plan import Leg, Shard, digest, legs, quality
from contracts.lattice.records import Heading, Records, RecordsError, read_all
from contracts.lattice.summary import Frame, print_summary, report_of, write_summary
from contracts.lattice.sweep import Outlook, request_fields
from contracts.lattice.verdicts import judge
from contracts.lattice.wire import Endpoint
from contracts.report.model import TargetFacts
from contracts.spec import Spec
from contracts.transport import Transport

__all__ = ["main"]

PROG = "contracts sizes"
LOCAL_CONNECTIONS, FAR_CONNECTIONS = 32, 4
LANES, DEPTH = 8, 8
"""Our mock gets so many requests at once on each of so many connections: that suits it best."""
CROWD, SIZES_A_SECOND = 800, 5000
SLACK_S = 30.0
MISUSE = 2
CAUSES = (TargetError, RecordsError, SpecError, ValueError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `contracts sizes` with the arguments behind these words, by default the process's own.

    Exit code: 0 all sizes as the contract says, 1 some differ, 2 misuse or target unreachable,
    3 the budget, the credit or the patience of the target ended before the verdict.
    """
    given = _parser().parse_args(sys.argv[2:] if arguments is None else arguments)
    console = Console(stderr=True)
    try:
        return _merge(given, console) if given.merge else _run(given, console)
    except CAUSES as error:
        console.print(f"{PROG}: {error}", style="red", markup=False)
        return MISUSE
    except KeyboardInterrupt:
        console.print(f"{PROG}: stopped; --resume FILE takes it up again", markup=False)
        return MISUSE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        PROG,
        description="Ask for every size of the lattice and every neighbour of a bound, judge each "
        "answer and draw the size map. To a target that is not this machine only those sizes are "
        "sent that must be refused: they cost nothing where the contract is kept.",
    )
    add = parser.add_argument
    add("--base-url", type=arguments.url, metavar="URL", help="e.g. http://127.0.0.1:8080/api/v1")
    add("--api-key", metavar="KEY", help="default: the environment's API_KEY")
    add("--spec", type=Path, metavar="FILE", help="another contract file")
    add("--shard", type=_shard, default=Shard(), metavar="i/n", help="only the i-th of n parts")
    add("--resume", type=Path, metavar="FILE", help="keep records there, and go on where they end")
    add("--merge", type=Path, nargs="+", metavar="FILE", help="judge records of shards together")
    add("--report", type=Path, metavar="DIR", help="write report.html, report.json, size-map.png")
    add("--refused-only", action="store_true", help="send no size that must be made")
    add("--max-cost", type=arguments.money, metavar="USD", help="never spend more than this")
    add("--connections", type=arguments.count, metavar="N", help="requests at once (default: 32)")
    add("--timeout", type=arguments.seconds, metavar="S", help="how long to wait for one answer")
    add(
        "--time-scale", type=arguments.factor, metavar="F", help="real seconds in a target's second"
    )
    add("--also", type=arguments.bases, default=frozenset(), metavar="BASES", help="observed")
    add("--plan", action="store_true", help="print what would be sent, and send nothing")
    return parser


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _merge(given: argparse.Namespace, console: Console) -> int:
    """Judges the records of several shards as one run."""
    contract = spec.load(given.spec)
    heading, sightings = read_all(given.merge)
    if heading.plan != digest(contract):
        raise RecordsError("these records were made by another contract file; give it by --spec")
    way = legs(contract, legal_side=heading.legal_side, shard=Shard())
    judgements = tuple(judge(contract, leg, sightings, also=given.also) for leg in way)
    result = Result(judgements, (), len(sightings))
    frame = _frame(given, _facts(heading.base_url, None), None, started=time.time())
    return _conclude(given, contract, result, frame, console)


def _run(given: argparse.Namespace, console: Console) -> int:
    contract = spec.load(given.spec)
    journey = _Journey.prepare(given, contract)
    if given.plan:
        _print_plan(journey, console)
        return 0
    started, began = time.time(), time.perf_counter()
    result, target = journey.go(console)
    frame = _frame(given, target, journey.limit, started=started)
    frame = replace(frame, duration_s=time.perf_counter() - began)
    return _conclude(given, contract, result, frame, console)


@dataclass(frozen=True, slots=True)
class _Journey:
    """Where the sizes go, which, and with whose money."""

    given: argparse.Namespace
    contract: Spec
    key: str
    limit: Decimal | None
    legs: tuple[Leg, ...]

    @classmethod
    def prepare(cls, given: argparse.Namespace, contract: Spec) -> "_Journey":
        """Reads the options; ValueError for those that do not go together."""
        key = given.api_key or os.environ.get("API_KEY", "")
        if given.base_url is None or not (key or given.plan):
            raise ValueError("--base-url URL and --api-key KEY are needed")
        Endpoint.at(given.base_url + PATH, key)
        local = arguments.is_local(given.base_url)
        limit = given.max_cost if given.max_cost is not None or local else Decimal(0)
        paid_side = local and limit != 0 and not given.refused_only
        way = legs(contract, legal_side=paid_side, shard=given.shard)
        return cls(given, contract, key, limit, way)

    @property
    def cost(self) -> Decimal:
        """USD that all legs cost where the contract is kept."""
        return sum((leg.cost for leg in self.legs), Decimal(0))

    @property
    def heading(self) -> Heading:
        """What the records say they are about."""
        given = self.given
        paid_side = any(leg.cost for leg in self.legs)
        return Heading(given.base_url, digest(self.contract), paid_side, str(given.shard))

    def go(self, console: Console) -> tuple[Result, TargetFacts]:
        """Makes sure that the target is there, then sends everything."""
        with self._transport(self.key) as transport:
            has_balance = reach(transport)
            control = find_control(transport)
            key = self._own_account(transport, control) or self.key
        with (
            tempfile.TemporaryDirectory(prefix="contracts-sizes-") as shared,
            self._transport(key) as purse,
            Records.open(self._file(), self.heading) as records,
        ):
            alone = self.given.shard.whole and not records.known and has_balance
            course = Course(
                self.contract,
                self._outlook(key, control, Path(shared)),
                records,
                purse=purse if alone else None,
                also=self.given.also,
                console=console,
            )
            return course.run(self.legs), _facts(self.given.base_url, control)

    def _own_account(self, transport: Transport, control: Control | None) -> str | None:
        """On the project's mock, where it opens accounts for the asking: one with enough money."""
        if control is None or not control.open_accounts:
            return None
        key = f"{self.contract.facts.auth.key_prefix}sizes_{secrets.token_hex(6)}"
        set_balance(transport, control, key, 2 * self.cost + 1)
        return key

    def _outlook(self, key: str, control: Control | None, shared: Path) -> Outlook:
        given, cheapest = self.given, quality(self.contract)
        told = 1.0 if control is None else control.scale
        scale = told if given.time_scale is None else given.time_scale
        latency = self.contract.facts.latency.seconds[cheapest].max
        lanes = LANES if control is not None and not given.connections else None
        local = arguments.is_local(given.base_url)
        usual = lanes or (LOCAL_CONNECTIONS if local else FAR_CONNECTIONS)
        connections = int(given.connections or usual)
        crowd = connections if control is None else _crowd(connections, float(latency) * scale)
        return Outlook(
            endpoint=Endpoint.at(given.base_url + PATH, key),
            fields=request_fields(self.contract.example_request, cheapest),
            # A target that is only trusted to cost nothing is trusted with one request at a time.
            connections=1 if self.limit == 0 else connections,
            crowd=int(given.connections or crowd),
            # Only our mock is known to answer in order what is sent ahead.
            depth=DEPTH if lanes else 1,
            waits=float(latency) * scale > 0,
            timeout_s=given.timeout or SLACK_S + 2 * float(latency) * scale,
            budget=None if self.limit is None else Budget(SharedFolder(shared), self.limit),
        )

    def _file(self) -> Path:
        given = self.given
        if given.resume is not None:
            return Path(given.resume)
        folder = given.report or Path(tempfile.mkdtemp(prefix="contracts-sizes-"))
        file = Path(folder) / f"sizes-{given.shard.number}-of-{given.shard.count}.jsonl"
        file.unlink(missing_ok=True)
        return file

    def _transport(self, key: str) -> Transport:
        scheme = self.contract.facts.auth.scheme
        return Transport(self.given.base_url, {Key.MAIN: key}, scheme=scheme, timeout_s=SLACK_S)


def _crowd(connections: int, latency_s: float) -> int:
    """So many requests at once that waiting for pictures does not set the pace of our mock."""
    return max(connections, min(CROWD, round(latency_s * SIZES_A_SECOND)))


def _print_plan(journey: _Journey, console: Console) -> None:
    for leg in journey.legs:
        console.print(f"{leg.name:>8}: {len(leg.sizes):,} sizes, {leg.cost:f} USD by list price")
    total = sum(len(leg.sizes) for leg in journey.legs)
    limit = "no limit" if journey.limit is None else f"at most {journey.limit:f} USD"
    console.print(f"{total:,} sizes, {journey.cost:f} USD by list price, {limit}; nothing was sent")


def _facts(base_url: str, control: Control | None) -> TargetFacts:
    return TargetFacts(
        base_url=base_url,
        profile="" if control is None else control.profile,
        mock=None if control is None else f"{control.name} {control.version}",
        time_scale=1.0 if control is None else control.scale,
        offers=(),
        lacks=(),
    )


def _frame(
    given: argparse.Namespace, target: TargetFacts, limit: Decimal | None, *, started: float
) -> Frame:
    when = datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds")
    return Frame(target, tuple(sorted(given.also)), when, 0.0, limit)


def _conclude(
    given: argparse.Namespace, contract: Spec, result: Result, frame: Frame, console: Console
) -> int:
    report = report_of(contract, result, frame)
    print_summary(result, report, console)
    if given.report is not None:
        write_summary(contract, result, report, given.report)
        console.print(f"The size map and the report are in {given.report}", highlight=False)
    return report.exit_code
