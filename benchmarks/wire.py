"""Requests over the wire, against the bare handler with an answer of the same length."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from benchmarks.load import Plan
from benchmarks.results import Curve, Row
from benchmarks.rig import Compared, Generator, Side, compared
from benchmarks.servers import Server, bare, mock

__all__ = ["CASES", "POSTS", "Pace", "by_concurrency", "by_size", "fields", "wire_case"]

POSTS = "/api/v1/images/generations"
_PROMPT = "a white sneaker on a beige background, studio light"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a run takes."""

    rounds: int = 5
    seconds: float = 0.7
    requests: int = 200_000
    waiting: int = 10_000
    tasks: int = 200_000
    starts: int = 5


def fields(**wishes: object) -> dict[str, object]:
    """The fields of a request for a picture."""
    return {"model": "gpt-image-2-all", "prompt": _PROMPT, **wishes}


@dataclass(frozen=True, slots=True)
class WireCase:
    """A request in a row of the table, and what its ratio should be."""

    name: str
    wishes: Mapping[str, object]
    bar: float | None
    options: tuple[str, ...] = ()
    status: int = 200
    polls: bool = False
    connections: int = 32


CASES = (
    WireCase("sync 1024x1024", {"size": "1024x1024"}, 0.45),
    WireCase("sync 2048x2048", {"size": "2048x2048"}, None),
    WireCase("sync 3840x2160", {"size": "3840x2160"}, 0.40),
    WireCase(
        "sync 3840x2160 --weight real", {"size": "3840x2160"}, 0.70, options=("--weight", "real")
    ),
    WireCase("create + poll to completed", {"aspect_ratio": "1:1"}, 0.45, polls=True),
    WireCase("refused size", {"size": "1000x1000"}, 0.55, status=400),
)


def wire_case(load: Generator, pace: Pace, case: WireCase) -> tuple[Row, Compared]:
    """One case against the bare handler, in alternation."""
    with _both(case) as (ours, theirs):
        found = compared(load, ours, theirs, rounds=pace.rounds, seconds=pace.seconds)
    details = {
        "bare": found.base_rate,
        "us": found.cpu,
        "bare us": found.base_cpu,
        "by us": found.cpu_ratio,
        "p99 ms": found.p99 * 1e3,
        "bytes": found.answer_bytes,
        "load": found.busy,
    }
    row = Row(
        case.name, found.rate, "requests/s", found.ratio, found.memory, case.bar, details=details
    )
    return row, found


@contextmanager
def _both(case: WireCase) -> Iterator[tuple[Side, Side]]:
    wishes = fields(**case.wishes)
    with mock("--time-scale", "0", *case.options) as ours:
        posted, got = _samples(ours, case, wishes)
        with bare(posted, got, status=case.status) as theirs:
            plan = Plan(
                port=ours.port,
                path=POSTS,
                fields=wishes,
                polls=case.polls,
                connections=case.connections,
            )
            yield (
                Side(ours, plan, case.status),
                Side(theirs, replace(plan, port=theirs.port), case.status),
            )


def _samples(server: Server, case: WireCase, wishes: dict[str, object]) -> tuple[bytes, bytes]:
    """What the mock answers to a POST, and to the poll behind it: the bare handler's bodies."""
    posted = server.ask("POST", POSTS, wishes)
    if posted.status != case.status:
        raise RuntimeError(f"{case.name}: {posted.status} {posted.body[:300]!r}")
    if not case.polls:
        return posted.body, b"{}"
    task_id = json.loads(posted.body)["data"]["taskId"]
    return posted.body, server.ask("GET", f"{POSTS}?task_id={task_id}").body


def by_size(found: Mapping[str, Compared]) -> Curve:
    """The curve of the rate against the size of light pictures, from the cases measured."""
    names = [name for name in found if name.startswith("sync") and "real" not in name]
    return Curve(
        "requests/s by picture size",
        [name.removeprefix("sync ") for name in names],
        [found[name].rate for name in names],
        [found[name].base_rate for name in names],
    )


_CONNECTIONS = (1, 4, 16, 64, 256)


def by_concurrency(load: Generator, pace: Pace, *, say: Callable[[Row], None]) -> Curve:
    """The curve of the rate against the number of connections, at 1024x1024."""
    rates: list[tuple[float, float]] = []
    for connections in _CONNECTIONS:
        name = f"sync 1024x1024, {connections} at once"
        case = replace(CASES[0], name=name, bar=None, connections=connections)
        row, found = wire_case(load, replace(pace, rounds=max(1, pace.rounds // 2)), case)
        say(row)
        rates.append((found.rate, found.base_rate))
    ours, theirs = zip(*rates, strict=True)
    return Curve("requests/s by connections", list(map(str, _CONNECTIONS)), [*ours], [*theirs])
