"""Other mock servers, with a ready-made answer of the same length: `make bench-peers`.

They answer a fixture (aimock) or an example (Prism); this mock draws a picture for each request.
Both are npm packages, installed from the lock file in benchmarks/peers.
"""

import argparse
import json
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.load import Plan
from benchmarks.results import Row, line
from benchmarks.rig import Generator, Side, compared, generator
from benchmarks.servers import Server, mock
from benchmarks.wire import POSTS, fields

_HERE = Path(__file__).with_name("peers")
_WAIT_S = 30
_PICTURE = re.compile(rb'"b64_json":"([^"]*)"')


def main() -> None:
    """Measure each peer in alternation with the mock; `ratio` is the mock's rate to the peer's."""
    parser = argparse.ArgumentParser("benchmarks.peer_servers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S")
    given = parser.parse_args()
    with generator() as load, mock("--time-scale", "0") as ours, _picture(ours) as picture:
        for name, command, path in _peers(picture):
            with _peer(command) as (theirs, started_s):
                row = _row(load, ours, theirs, path, rounds=given.rounds, seconds=given.seconds)
                row = replace(row, case=f"the mock against {name}")
                print(line(replace(row, details={**row.details, "start s": started_s})), flush=True)


def _row(
    load: Generator, ours: Server, theirs: Server, path: str, *, rounds: int, seconds: float
) -> Row:
    plan = Plan(port=ours.port, path=POSTS, fields=fields(size="1024x1024"))
    found = compared(
        load,
        Side(ours, plan),
        Side(theirs, replace(plan, port=theirs.port, path=path)),
        rounds=rounds,
        seconds=seconds,
    )
    details = {
        "theirs": found.base_rate,
        "us": found.cpu,
        "their us": found.base_cpu,
        "their MB": theirs.memory / 2**20,
    }
    return Row("", found.rate, "requests/s", found.ratio, found.memory, details=details)


@contextmanager
def _picture(ours: Server) -> Iterator[Path]:
    """A folder with an answer of the mock as a fixture and as an OpenAPI example."""
    answer = ours.ask("POST", POSTS, fields(size="1024x1024")).body
    found = _PICTURE.search(answer)
    if found is None:
        raise RuntimeError(f"no picture in {answer[:300]!r}")
    picture = found[1].decode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        response = {"image": {"b64Json": picture}}
        fixture = {"fixtures": [{"match": {"endpoint": "image"}, "response": response}]}
        (folder / "fixture.json").write_text(json.dumps(fixture))
        (folder / "openapi.json").write_text(json.dumps(_document(json.loads(answer))))
        yield folder


def _document(answer: object) -> dict[str, object]:
    content = {"application/json": {"schema": {"type": "object"}, "example": answer}}
    operation = {
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {"200": {"description": "pictures", "content": content}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "pictures", "version": "1"},
        "paths": {"/v1/images/generations": {"post": operation}},
    }


def _peers(folder: Path) -> list[tuple[str, list[str], str]]:
    """Name, command without its port, path of the operation."""
    programs = _HERE / "node_modules" / ".bin"
    fixture, document = str(folder / "fixture.json"), str(folder / "openapi.json")
    path = "/v1/images/generations"
    return [
        ("aimock", [str(programs / "llmock"), "--log-level", "silent", "-f", fixture], path),
        ("Prism", [str(programs / "prism"), "mock", "-v", "silent", document], path),
    ]


@contextmanager
def _peer(command: Sequence[str]) -> Iterator[tuple[Server, float]]:
    """A running peer, and how many seconds it took to listen."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    began = time.monotonic()
    process = subprocess.Popen([*command, "-p", str(port)], stdout=subprocess.DEVNULL)
    try:
        _await(port)
        yield Server(process.pid, port), time.monotonic() - began
    finally:
        process.terminate()
        process.wait()


def _await(port: int) -> None:
    give_up = time.monotonic() + _WAIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


if __name__ == "__main__":
    main()
