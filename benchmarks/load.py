"""The load: many connections that send, read the whole answer, and send again.

Runs as a process of its own, so that it does not share an interpreter with what it measures:
`python -m benchmarks.load` reads a plan as JSON from its standard input and prints the outcome.
The bytes of an answer are read into one buffer and counted, not kept.
"""

import asyncio
import gc
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

try:
    import uvloop
except ImportError:
    _new_event_loop = asyncio.new_event_loop
else:
    _new_event_loop = uvloop.new_event_loop

__all__ = ["Outcome", "Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is sent: a POST of `fields`, each with a prompt of its own, to `port` on loopback.

    `polls`: after each POST, the task in its answer is asked for once. The load ends after
    `seconds`, or after `requests` where that is given. `first` numbers the first prompt. The
    connections are opened one after another over `spread` seconds.
    """

    port: int
    path: str
    fields: dict[str, object]
    polls: bool = False
    connections: int = 32
    seconds: float = 1.0
    requests: int | None = None
    first: int = 0
    spread: float = 0.0
    key: str = "sk_bench"


@dataclass(slots=True)
class Outcome:
    """What came of a plan.

    `busy` is the share of the time in which this process computed: near 1, the load itself is
    what was measured. Latencies are in seconds.
    """

    requests: int = 0
    seconds: float = 0.0
    bytes: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    busy: float = 0.0
    median: float = 0.0
    p99: float = 0.0

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"transfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"
_TASK = re.compile(rb'"taskId":"([^"]+)"')
_BUFFER = bytearray(1024 * 1024)
_VIEW = memoryview(_BUFFER)


class _Load:
    """The numbers that all connections share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.head, self.tail = _template(plan)
        self.number = plan.first
        self.left = sys.maxsize if plan.requests is None else plan.requests
        self.statuses: Counter[bytes] = Counter()
        self.bytes = 0
        self.latencies: list[float] = []
        self.running = plan.connections
        self.over = asyncio.get_running_loop().create_future()

    def next_post(self) -> bytes | None:
        """The next request; None when there are to be no more."""
        if self.left <= 0:
            return None
        self.left -= 1
        self.number += 1
        return b"%s%07d%s" % (self.head, self.number, self.tail)

    def one_less(self) -> None:
        """A connection is done."""
        self.running -= 1
        if not self.running and not self.over.done():
            self.over.set_result(None)


def _template(plan: Plan) -> tuple[bytes, bytes]:
    """A POST in two parts, between which seven digits make its prompt one of a kind."""
    mark = "0123456"
    prompt = f"{plan.fields['prompt']} {mark}"
    body = json.dumps({**plan.fields, "prompt": prompt}).encode()
    before, _, after = body.partition(mark.encode())
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n"
        f"Authorization: Bearer {plan.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + before, after


def _poll(plan: Plan, task_id: bytes) -> bytes:
    return (
        b"GET %s?task_id=%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n\r\n"
        % (plan.path.encode(), task_id, plan.port, plan.key.encode())
    )


class _Connection(asyncio.BufferedProtocol):
    """One client: never more than one request under way."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._missing = 0
        self._chunked = False
        self._early = b""
        self._posted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send(self._load.next_post(), posted=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.one_less()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _VIEW

    def buffer_updated(self, nbytes: int) -> None:
        """The client's whole work: find out how long the answer is, and count it off."""
        self._load.bytes += nbytes
        if self._chunked:
            if _BUFFER.endswith(_LAST_CHUNK, 0, nbytes):
                self._answered(b"")
        elif self._missing:
            self._missing -= nbytes
            if not self._missing:
                self._answered(b"")
        else:
            self._begun(nbytes)

    def _begun(self, nbytes: int) -> None:
        seen = self._early + _VIEW[:nbytes] if self._early else _BUFFER
        size = len(self._early) + nbytes
        end = seen.find(_HEAD_END, 0, size)
        if end < 0:
            self._early = bytes(seen[:size])
            return
        self._early = b""
        self._load.statuses[bytes(seen[9:12])] += 1
        length = _LENGTH.search(seen, 0, end)
        if length is None:
            self._chunked = _CHUNKED.search(seen, 0, end) is not None
            self._missing = 0
            if not self._chunked or seen.endswith(_LAST_CHUNK, 0, size):
                self._answered(b"")
            return
        self._missing = int(length[1]) - (size - end - len(_HEAD_END))
        if not self._missing:
            self._answered(bytes(seen[end:size]) if self._load.plan.polls else b"")

    def _answered(self, body: bytes) -> None:
        self._chunked = False
        load = self._load
        load.latencies.append(time.perf_counter() - self._sent_at)
        task = _TASK.search(body) if load.plan.polls and self._posted else None
        if task is not None:
            self._send(_poll(load.plan, task[1]), posted=False)
        else:
            self._send(load.next_post(), posted=True)

    def _send(self, request: bytes | None, *, posted: bool) -> None:
        if request is None:
            self._transport.close()
            return
        self._posted = posted
        self._sent_at = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]  # a stream's transport


async def _run(plan: Plan) -> Outcome:
    load = _Load(plan)
    loop = asyncio.get_running_loop()
    started, computed = time.perf_counter(), time.process_time()
    made = []
    for number in range(plan.connections):
        due = started + plan.spread * number / plan.connections
        await asyncio.sleep(due - time.perf_counter() if plan.spread else 0)
        made.append(await loop.create_connection(lambda: _Connection(load), "127.0.0.1", plan.port))
    if plan.requests is None:
        await asyncio.sleep(plan.seconds)
        load.left = 0
        _, waiting = await asyncio.wait({load.over}, timeout=60)
        if waiting:
            raise TimeoutError("an answer has not come within 60 s")
    else:
        await load.over
    seconds = time.perf_counter() - started
    for transport, _ in made:
        transport.close()
    return _outcome(load, seconds, (time.process_time() - computed) / seconds)


def _outcome(load: _Load, seconds: float, busy: float) -> Outcome:
    ordered = sorted(load.latencies) or [0.0]
    return Outcome(
        requests=len(load.latencies),
        seconds=seconds,
        bytes=load.bytes,
        statuses={status.decode(): count for status, count in load.statuses.items()},
        busy=busy,
        median=ordered[len(ordered) // 2],
        p99=ordered[len(ordered) * 99 // 100],
    )


def _lines() -> Iterator[Plan]:
    """One plan a line, so that one process serves a whole run."""
    for line in sys.stdin:
        yield Plan(**json.loads(line))


def main() -> None:
    """Carry out each plan that comes, one after another."""
    gc.disable()
    for plan in _lines():
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            outcome = runner.run(_run(plan))
        print(json.dumps(asdict(outcome)), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
