"""A lattice small enough to be sent whole in a test, and a server of it with one sin of choice."""

import base64
import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from contracts.size import Size
from contracts.spec import Spec
from tests.suite.variants import changed

__all__ = ["EDITS", "Reply", "SmallServer", "honest", "picture", "refusal", "serving", "small"]

EDITS: Mapping[str, object] = {
    "size-edge/data/long_edge_max": 192,
    "size-pixels/data/pixels_min": 4096,
    "size-pixels/data/pixels_max": 24576,
    "tier/data/tiers": [
        {"name": "1K", "long_edge_max": 96, "typical": ["64x64", "96x64"]},
        {"name": "2K", "long_edge_max": 128, "typical": ["128x128"]},
        {"name": "4K", "long_edge_max": None, "typical": ["192x128"]},
    ],
}
LOW = {96: Decimal("0.005"), 128: Decimal("0.01"), 192: Decimal("0.015")}


@cache
def small() -> Spec:
    """The contract with sides up to 192: 144 candidates, all rules at work."""
    return changed(EDITS)


@dataclass(frozen=True)
class Reply:
    """What a server answers; `body` None closes the connection without a word."""

    status: int
    body: Any


Answering = Callable[[Size], Reply | None]
"""The sin: another reply for some sizes, None for the honest one."""


def honest(size: Size) -> Reply:
    """The rules of the small lattice, worked by hand."""
    width, height = size
    legal = (
        width % 16 == height % 16 == 0
        and 0 < max(size) <= 192
        and max(size) <= 3 * min(size)
        and 4096 <= width * height <= 24576
    )
    return picture(size) if legal else refusal()


def refusal(message: str = "size: not allowed") -> Reply:
    """A 400."""
    return Reply(400, {"error": {"message": message, "param": "size"}})


def picture(size: Size, image_format: str = "PNG") -> Reply:
    """A synchronous answer with a picture of that size."""
    entry = {"b64_json": _encoded(size, image_format), "url": "http://127.0.0.1/p.png"}
    return Reply(200, {"created": 1_790_000_000, "data": [entry]})


@dataclass
class SmallServer:
    """A server's habits, and what it has seen."""

    sin: Answering
    surcharge: Answering
    closing: bool
    announcing: bool
    base_url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    """How often each size was asked for."""
    balance: Decimal = Decimal(1000)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, size: Size) -> Reply:
        """The answer to a size, charged and counted."""
        reply = self.sin(size) or honest(size)
        with self.lock:
            self.asked[str(size)] += 1
            self.balance -= _charge(size, reply)
            self.balance -= Decimal("0.01") if self.surcharge(size) else 0
        return reply

    def told(self, path: str) -> Reply:
        """The answer to a GET."""
        if path == "/v1/balance":
            data = {"balance": float(self.balance), "total": float(self.balance), "frozen": 0}
            return Reply(200, {"code": 200, "data": data})
        return Reply(200, {"data": []}) if path == "/v1/models" else Reply(404, {"msg": "nothing"})


@contextmanager
def serving(
    sin: Answering = lambda _: None,
    *,
    surcharge: Answering = lambda _: None,
    closing: bool = False,
    announcing: bool = False,
) -> Iterator[SmallServer]:
    """A server on a free port.

    `surcharge` names the sizes that are charged a cent too much; `closing` ends the connection
    after each answer, `announcing` says so in a header.
    """
    habits = SmallServer(sin, surcharge, closing, announcing)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.habits = habits
        habits.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield habits
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    habits: SmallServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._send(self.server.habits.told(self.path))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        size = Size.parse(body["size"])
        assert size is not None
        self._send(self.server.habits.reply(size))

    def _send(self, reply: Reply) -> None:
        self.close_connection = self.server.habits.closing or reply.body is None
        if reply.body is None:
            return
        is_text = isinstance(reply.body, str)
        data = (reply.body if is_text else json.dumps(reply.body)).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "text/html" if is_text else "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.server.habits.announcing:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def _charge(size: Size, reply: Reply) -> Decimal:
    if reply.status != 200 or not isinstance(reply.body, dict) or "data" not in reply.body:
        return Decimal(0)
    return next((price for edge, price in LOW.items() if max(size) <= edge), LOW[192])


@cache
def _encoded(size: Size, image_format: str) -> str:
    file = io.BytesIO()
    Image.new("P", size).convert("RGB").save(file, image_format)
    return base64.b64encode(file.getvalue()).decode()
