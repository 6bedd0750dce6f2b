"""`python -m benchmarks`: every case of the mock's speed, as a ratio to a bare handler.

Prints a line a case and writes benchmark.json and benchmark.png into the folder of `--report`.
`us` is the server's processor time per request; `by us` the ratio by that, which a busy machine
disturbs least; `load` the share of a processor that the load took (near 1, it is what is measured).
"""

import argparse
import resource
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.holding import growth, long_run, waiting
from benchmarks.plot import write_plot
from benchmarks.results import Curve, Row, line, write_json
from benchmarks.rig import Compared, Generator, generator
from benchmarks.starting import starting
from benchmarks.suite import judging
from benchmarks.wire import CASES, Pace, by_concurrency, by_size, wire_case

_QUICK = Pace(rounds=3, seconds=0.4, requests=20_000, waiting=1000, tasks=20_000, starts=3)
_FILES = 24_000
_GROUPS = ("wire", "curves", "starting", "growth", "waiting", "memory", "suite")


def main() -> None:
    """Run what was asked for."""
    given = _parser().parse_args()
    _allow_open_files()
    pace = _QUICK if given.quick else Pace(requests=given.requests)
    rows: list[Row] = []
    curves: list[Curve] = []

    def say(row: Row) -> None:
        rows.append(row)
        print(line(row), flush=True)

    print(f"{'case':<34}{'figure':>20} {'ratio':>6} {'bar':>9} {'':<7}{'memory':>8}")
    groups = given.only or _GROUPS
    with generator() as load:
        if "wire" in groups:
            curves.append(by_size(dict(_wire(load, pace, say))))
        if "curves" in groups:
            curves.append(by_concurrency(load, pace, say=say))
        for row in _others(load, pace, groups):
            say(row)
    given.report.mkdir(parents=True, exist_ok=True)
    write_json(given.report / "benchmark.json", rows, curves)
    if curves:
        write_plot(given.report / "benchmark.png", curves)


def _wire(
    load: Generator, pace: Pace, say: Callable[[Row], None]
) -> Iterator[tuple[str, Compared]]:
    for case in CASES:
        row, found = wire_case(load, pace, case)
        say(row)
        yield case.name, found


def _others(load: Generator, pace: Pace, groups: Sequence[str]) -> Iterator[Row]:
    if "starting" in groups:
        yield from starting(pace)
    if "growth" in groups:
        yield from growth(load, pace)
    if "waiting" in groups:
        yield from waiting(load, pace)
    if "memory" in groups:
        yield from long_run(load, pace)
    if "suite" in groups:
        yield from judging()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument(
        "--requests",
        type=int,
        default=Pace().requests,
        metavar="N",
        help="how many the case of the memory sends (default: %(default)s)",
    )
    parser.add_argument("--only", nargs="+", choices=_GROUPS, help="only these groups")
    parser.add_argument("--report", type=Path, default=Path("reports"), metavar="DIR")
    return parser


def _allow_open_files() -> None:
    """Ten thousand connections are as many open files, here and in the servers."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


if __name__ == "__main__":
    main()
