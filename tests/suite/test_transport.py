"""A body that waits for `100 Continue` is sent, whether that comes at once, late or never.

And a target that is silent once is waited for with less patience.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contracts import transport
from contracts.exchange import Key, Request, Transfer
from contracts.transport import Transport

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}"
REQUEST = Request("POST", "/x", fields={"prompt": "a cube"}, transfer=Transfer.EXPECT)


@contextmanager
def target(first: bytes, then: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Says `first` when it has read a head, `then` when it has read a body; and what it read."""
    read: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        wire, _ = listener.accept()
        with wire:
            wire.settimeout(10)
            read.append(wire.recv(65536))
            wire.sendall(first)
            if then:
                read.append(wire.recv(65536))
                wire.sendall(then)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", read
        thread.join()


@pytest.mark.parametrize(
    "first, then",
    [(CONTINUE, ANSWER), (b"", ANSWER), (b"", CONTINUE + ANSWER)],
    ids=["at once", "never", "late"],
)
def test_the_body_is_sent(first: bytes, then: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONTINUE_TIMEOUT_S", 0.05 if not first else 10)
    with (
        target(first, then) as (url, read),
        Transport(url, {Key.MAIN: "sk_a"}, scheme="Bearer", timeout_s=10) as sender,
    ):
        answer = sender.send(REQUEST).answer
    assert (answer.status, answer.body) == (200, b"{}"), answer.failure
    assert b"Expect: 100-continue" in read[0]
    assert read[1] == REQUEST.body()


def test_who_is_refused_by_the_head_sends_no_body() -> None:
    with (
        target(REFUSAL, b"") as (url, read),
        Transport(url, {Key.MAIN: "sk_a"}, scheme="Bearer", timeout_s=10) as sender,
    ):
        assert sender.send(REQUEST).answer.status == 401
    assert len(read) == 1


def test_grace_is_granted_until_an_answer_stays_away() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        Transport(
            f"http://127.0.0.1:{silent.getsockname()[1]}",
            {Key.MAIN: "sk_a"},
            scheme="Bearer",
            timeout_s=0.1,
            grace_s=0.2,
        ) as sender,
    ):
        failures = [sender.send(Request("GET", "/x")).answer.failure for _ in range(2)]
    assert failures == ["no answer within 0.3 s", "no answer within 0.1 s"]
