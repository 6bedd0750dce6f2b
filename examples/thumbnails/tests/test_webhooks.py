"""Webhooks that come twice, or broken."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from examples.thumbnails.client import Client
from examples.thumbnails.webhooks import Inbox
from mock_server.testing import ImageApi


class Receiver(HTTPServer):
    """Gives what is posted to an inbox."""

    def __init__(self, inbox: Inbox, expected: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.inbox = inbox
        self.missing = threading.Semaphore(0)
        self.expected = expected

    def wait(self) -> None:
        """Return when all that is expected has come."""
        for _ in range(self.expected):
            assert self.missing.acquire(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        status = self.server.inbox.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.missing.release()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def done() -> list[str]:
    """The tasks that were handed on."""
    return []


@pytest.fixture
def receiver(done: list[str]) -> Iterator[Receiver]:
    """A server that takes two webhooks."""
    server = Receiver(Inbox(lambda task_id, _: done.append(task_id)), expected=2)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_webhook_that_comes_twice_is_taken_once(
    image_api: ImageApi, receiver: Receiver, done: list[str]
) -> None:
    image_api.faults.add("duplicate_webhook")
    client = Client(image_api.base_url, image_api.api_key, sleep=lambda _: None)
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    task_id = client.task("a cat", callback_url=url)
    receiver.wait()
    client.close()
    assert done == [task_id]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": null}', b'{"data": {}}'])
def test_what_is_no_webhook_is_refused(body: bytes, done: list[str]) -> None:
    assert Inbox(lambda task_id, _: done.append(task_id)).take(body) == 400
    assert done == []
