"""The suite's own receiver of webhooks: it answers as it is told, and remembers every attempt.

It is a process of its own: a sender whose seconds last hundredths gives up on an answer that comes
late, and the process that judges pictures is often late.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

import urllib3

from contracts.decode import Json
from contracts.oracle.webhooks import Attempt

__all__ = ["HANG", "Receiver", "Sighting"]

HANG = None
"""In place of a status: nothing is answered until the sender gives up."""
NOT_EXPECTED = 404
POLL_TIMEOUT_S = 10.0
ABSOLUTE = (301, 307)
"""Redirects that point to a whole URL; others to a path."""
REASON = "As told"


@dataclass(frozen=True, slots=True)
class Sighting:
    """An attempt, and the state that a poll of its task showed as soon as it had come."""

    attempt: Attempt
    state: str


class Receiver:
    """Listens while it is open; `answers` of a path are used up in order, the last for ever.

    `poll_url` with a task's id at its end, asked with `authorization`, tells how a task stands.
    """

    def __init__(
        self,
        answers: Mapping[str, Sequence[int | None]],
        *,
        poll_url: str,
        authorization: str,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
    ) -> None:
        self._told = {
            "answers": {name: list(each) for name, each in answers.items()},
            "poll_url": poll_url,
            "authorization": authorization,
            "host": host,
            "port": port,
        }
        self._public_url = public_url
        self._base = ""

    def __enter__(self) -> Self:
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "contracts.receiver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
        )
        self._pipe(self._process.stdin).write(json.dumps(self._told) + "\n")
        self._pipe(self._process.stdin).flush()
        port = self._pipe(self._process.stdout).readline().strip()
        self._base = self._public_url or f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def url(self, name: str) -> str:
        """The URL of a path."""
        return f"{self._base}/{name}"

    def counts(self) -> Mapping[str, int]:
        """How many attempts have come so far, by path."""
        self._pipe(self._process.stdin).write("count\n")
        self._pipe(self._process.stdin).flush()
        return cast("dict[str, int]", json.loads(self._pipe(self._process.stdout).readline()))

    def close(self) -> tuple[Mapping[str, list[Sighting]], float]:
        """Everything that has come, by path, and the moment since which nothing is taken."""
        told, _ = self._process.communicate("stop\n")
        seen, until = cast("tuple[dict[str, list[dict[str, Json]]], float]", json.loads(told))
        found = {name: [_read(each) for each in sightings] for name, sightings in seen.items()}
        return found, until

    def _pipe(self, pipe: IO[str] | None) -> IO[str]:
        if pipe is None:
            raise TypeError("the receiver was started without a pipe")
        return pipe


@dataclass
class Listener:
    """What runs in the receiver's process."""

    answers: dict[str, list[int | None]]
    poll_url: str
    authorization: str
    seen: dict[str, list[dict[str, Json]]] = field(default_factory=dict)
    polls: list["asyncio.Task[None]"] = field(default_factory=list)
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False)
    )

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        began = time.monotonic()
        try:
            method, target, headers = await _head(reader)
            body = await _body(reader, headers)
            await self._answer(began, method, target, headers, body, reader, writer)
        except (ValueError, ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(
        self,
        began: float,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        path = target.partition("?")[0].rpartition("/")[2]
        status = self._next(path)
        sighting: dict[str, Json] = {
            "at_s": began,
            "answered": status,
            "method": method,
            "target": target,
            "headers": cast("Json", headers),
            "body": base64.b64encode(body).decode(),
            "state": "unknown",
        }
        self.seen.setdefault(path, []).append(sighting)
        if status is HANG:
            self._look(sighting, body)
            await reader.read()
        else:
            start = f"http://{headers.get('host')}" if status in ABSOLUTE else ""
            location = f"Location: {start}/{path}-elsewhere\r\n" if status // 100 == 3 else ""
            head = (
                f"HTTP/1.1 {status} {REASON}\r\n{location}"
                "Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode())
            await writer.drain()
            self._look(sighting, body)
        sighting["ended_s"] = time.monotonic()

    def _next(self, path: str) -> int | None:
        left = self.answers.get(path, [NOT_EXPECTED])
        return left.pop(0) if len(left) > 1 else left[0]

    def _look(self, sighting: dict[str, Json], body: bytes) -> None:
        """Asks how the task stands, without letting the sender wait for it."""
        self.polls.append(asyncio.create_task(self._poll(sighting, body)))

    async def _poll(self, sighting: dict[str, Json], body: bytes) -> None:
        sighting["state"] = await asyncio.to_thread(self._state, body)

    def _state(self, body: bytes) -> str:
        try:
            url = self.poll_url + str(json.loads(body)["data"]["taskId"])
            headers = {"Authorization": self.authorization}
            answer = self.pool.request("GET", url, headers=headers, timeout=POLL_TIMEOUT_S)
            return str(json.loads(answer.data)["data"]["state"])
        except (ValueError, TypeError, KeyError, urllib3.exceptions.HTTPError) as error:
            return f"unknown: {error!r}"


async def listen(told: Mapping[str, Json]) -> None:
    """Listens until it is told to stop on the standard input, then tells all it has seen.

    Before that it is asked any number of times how many attempts have come.
    """
    answers = cast("dict[str, list[int | None]]", told["answers"])
    listener = Listener(answers, str(told["poll_url"]), str(told["authorization"]))
    port = cast("int", told["port"])
    server = await asyncio.start_server(listener.take, str(told["host"]), port, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  (the protocol of the pipe)
    while (await asyncio.to_thread(sys.stdin.readline)).strip() == "count":
        counts = {path: len(seen) for path, seen in listener.seen.items()}
        print(json.dumps(counts), flush=True)  # noqa: T201  (the protocol of the pipe)
    server.close()
    until = time.monotonic()
    await asyncio.gather(*listener.polls)
    print(json.dumps([listener.seen, until]))  # noqa: T201  (the protocol of the pipe)
    sys.stdout.flush()
    os._exit(0)


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]]:
    """The method, the path with its query, and the headers by lower-case name."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    pairs = [line.partition(":") for line in lines[1:] if line]
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return method, target, headers


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(int(headers.get("content-length", "0")))
    found = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        found += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return found


def _read(written: Mapping[str, Json]) -> Sighting:
    at_s = cast("float", written["at_s"])
    attempt = Attempt(
        at_s=at_s,
        ended_s=cast("float", written.get("ended_s", at_s)),
        answered=cast("int | None", written["answered"]),
        method=str(written["method"]),
        target=str(written["target"]),
        headers=cast("Mapping[str, str]", written["headers"]),
        body=base64.b64decode(str(written["body"])),
    )
    return Sighting(attempt, str(written["state"]))


if __name__ == "__main__":
    asyncio.run(listen(json.loads(sys.stdin.readline())))
