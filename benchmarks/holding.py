"""What is kept and what waits: memory and lateness."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import yaml

from benchmarks.load import Plan
from benchmarks.results import Row
from benchmarks.rig import Generator, Side, compared
from benchmarks.servers import ROOT, Server, mock
from benchmarks.wire import POSTS, Pace, fields

__all__ = ["growth", "long_run", "waiting"]

_SOON_S = 12.0
_SPREAD_S = 6.0
_KIB, _MIB = 2**10, 2**20


def waiting(load: Generator, pace: Pace) -> list[Row]:
    """Many sync requests that wait at once: what each costs, and how late it is answered.

    Arrivals are spread over six seconds, and each picture takes exactly twelve. Lateness is the
    client's: from sending to the last byte, less the twelve seconds. A few are sent before, so
    that the posters of the size are there: each takes some 45 ms to draw, in which others wait.
    """
    plan_fields = fields(size="1024x1024")
    with _exact_latency(_SOON_S) as spec, mock("--time-scale", "1", "--spec", str(spec)) as server:
        few = Plan(port=server.port, path=POSTS, fields=plan_fields, connections=40, requests=40)
        load.run(few)
        before = server.memory
        plan = Plan(
            port=server.port,
            path=POSTS,
            fields=plan_fields,
            connections=pace.waiting,
            requests=pace.waiting,
            spread=_SPREAD_S,
        )
        load.begin(plan)
        time.sleep(_SPREAD_S + (_SOON_S - _SPREAD_S) / 2)
        each = (server.memory - before) / pace.waiting
        outcome = load.end()
        if outcome.statuses != {"200": pace.waiting}:
            raise RuntimeError(f"the answers were {outcome.statuses}")
        late = {"median ms": (outcome.median - _SOON_S) * 1e3, "waiting": pace.waiting}
        return [
            Row(
                "waiting, memory of each",
                each / _KIB,
                "KB",
                memory=server.memory,
                bar=25,
                at_most=True,
            ),
            Row(
                "waiting, lateness p99",
                (outcome.p99 - _SOON_S) * 1e3,
                "ms",
                bar=20,
                at_most=True,
                details=late,
            ),
        ]


@contextmanager
def _exact_latency(seconds: float) -> Iterator[Path]:
    """A contract by which every picture takes just so long."""
    document = yaml.safe_load((ROOT / "openapi.yaml").read_bytes())
    table = document["x-contract"]["rules"]["latency"]["data"]["seconds"]
    for quality in table:
        table[quality] = {"min": seconds, "mode": seconds, "max": seconds}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "openapi.yaml")
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        yield path


def growth(load: Generator, pace: Pace) -> list[Row]:
    """Many tasks in flight: what each costs, and how fast create and poll are with them there."""
    wishes = fields(aspect_ratio="1:1")
    with mock("--time-scale", "1000") as full, mock("--time-scale", "1000") as empty:
        plan = Plan(port=full.port, path=POSTS, fields=wishes, requests=pace.tasks)
        load.run(Plan(port=full.port, path=POSTS, fields=wishes, requests=1000))
        before = full.memory
        load.run(plan)
        each = (full.memory - before) / pace.tasks
        held = full.memory
        found = compared(
            load,
            Side(full, _polling(full)),
            Side(empty, _polling(empty)),
            rounds=pace.rounds,
            seconds=pace.seconds,
            refresh=lambda: empty.ask("POST", "/_mock/reset"),
        )
    stored = {"tasks": pace.tasks}
    return [
        Row(
            "tasks in flight, memory of each",
            each / _KIB,
            "KB",
            memory=held,
            bar=1.5,
            at_most=True,
            details=stored,
        ),
        Row(
            "growth: create + poll, stored/empty",
            found.rate,
            "requests/s",
            found.ratio,
            bar=0.9,
            details=stored | {"empty": found.base_rate, "by us": found.cpu_ratio},
        ),
    ]


def _polling(server: Server) -> Plan:
    return Plan(port=server.port, path=POSTS, fields=fields(aspect_ratio="1:1"), polls=True)


_LOAD_S = 30.0
_STEPS = 10


def long_run(load: Generator, pace: Pace) -> list[Row]:
    """Many sync requests: whether memory stays flat, and how much it is after 30 s."""
    with mock("--time-scale", "0") as server:
        step = pace.requests // _STEPS
        plan = Plan(port=server.port, path=POSTS, fields=fields(size="1024x1024"), requests=step)
        began, after_load, memories = time.monotonic(), None, []
        for number in range(_STEPS):
            load.run(replace(plan, first=number * step))
            memories.append(server.memory)
            if after_load is None and time.monotonic() - began >= _LOAD_S:
                after_load = server.memory
        return _flatness(memories, step, after_load or server.memory)


def _flatness(memories: list[int], step: int, after_load: int) -> list[Row]:
    filled = next((m for i, m in enumerate(memories, 1) if i * step >= _FILLED), memories[0])
    details = {"requests": step * len(memories), "peak MB": max(memories) / _MIB}
    return [
        Row(
            "memory at the end / after 100,000",
            memories[-1] / filled,
            "",
            memory=memories[-1],
            bar=1.1,
            at_most=True,
            details=details,
        ),
        Row("memory after 30 s of load", after_load / _MIB, "MB", bar=100, at_most=True),
    ]


_FILLED = 100_000
