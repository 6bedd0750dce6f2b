"""A mock in this process, a client to speak to it, and what every single answer of it keeps.

    async with running(profile="openai") as api:
        answer = await api.create(size="1024x1024")

Whatever a test asks, its answer first passes the laws that hold for all of them (`laws.py`), and a
mock that wrote an error into its log fails the test that made it do so.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from io import BytesIO
from typing import Any, NamedTuple

from aiohttp import ClientSession, web
from yarl import URL

from mock_server.app import create_app, refusal
from mock_server.clock import Clock
from mock_server.contract import Contract
from mock_server.mock import MOCK, Mock
from mock_server.pictures import Studio
from mock_server.protocol import EnvelopeRunner
from mock_server.settings import Settings
from tests.forms import BOUNDARY, Part, form
from tests.laws import Answer, keeps_the_laws, own_contract

__all__ = ["KEY", "Api", "Money", "example_request", "running", "until"]

KEY = "sk_test"
_LARGE = 1 << 20
# One for all tests: what was drawn once need not be drawn again.
_STUDIO = Studio()


def example_request() -> dict[str, Any]:
    """The fields that every worked example of the contract starts from."""
    document: Any = own_contract().document
    return dict(document["x-contract"]["example_request"])


class Money(NamedTuple):
    """An account in USD."""

    balance: Decimal | int
    total: Decimal | int
    frozen: Decimal | int


class Api:
    """A running mock as its client sees it; `mock` is the way to look behind."""

    def __init__(self, mock: Mock, server: web.Server, client: ClientSession) -> None:
        self.mock = mock
        self.server = server
        self.origin = mock.address
        self.base = mock.address + mock.contract.prefixes[0]
        self.client = client

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.origin.rpartition(":")[2])

    async def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = KEY,
        fields: object = None,
        body: bytes | BytesIO | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; `path` is below the base URL, or a whole URL, and is sent as it stands."""
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        if fields is not None:
            body = json.dumps(fields).encode()
            sent.setdefault("Content-Type", "application/json")
        if isinstance(body, bytes) and len(body) > _LARGE:
            body = BytesIO(body)
        url = URL(path if "://" in path else self.base + path, encoded=True)
        async with self.client.request(
            method, url, data=body, headers=sent, allow_redirects=False
        ) as got:
            answer = Answer(got.status, got.headers, await got.read())
        keeps_the_laws(answer, method=method, style=self.mock.error_style)
        return answer

    async def get(self, path: str, *, key: str | None = KEY) -> Answer:
        """A plain GET."""
        return await self.ask("GET", path, key=key)

    async def create(self, *, key: str | None = KEY, **fields: Any) -> Answer:
        """A generation: the contract's example request with these fields laid over it."""
        whole = {**example_request(), **fields}
        return await self.ask("POST", "/images/generations", key=key, fields=whole)

    async def wait(self, **fields: Any) -> Answer:
        """A task that is waited for."""
        whole = {**example_request(), **fields}
        return await self.ask("POST", "/images/generations-sync", fields=whole)

    async def edit(self, *, key: str | None = KEY, **fields: Any) -> Answer:
        """An edit as JSON."""
        whole = {**example_request(), **fields}
        return await self.ask("POST", "/images/edits", key=key, fields=whole)

    async def send_form(
        self, path: str, parts: Sequence[Part], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A form of just these parts."""
        media_type = f"multipart/form-data; boundary={BOUNDARY}"
        sent = {"Content-Type": media_type, **(headers or {})}
        return await self.ask("POST", path, body=form(parts), headers=sent)

    async def edit_form(self, *parts: Part, **fields: str) -> Answer:
        """An edit as a form: the example request as text, these fields, then these parts."""
        texts = {**example_request(), **fields}
        whole = [*(Part(name, str(text)) for name, text in texts.items()), *parts]
        return await self.send_form("/images/edits", whole)

    async def upload(self, content: bytes, *, media_type: str = "image/png") -> str:
        """Upload a file; its public URL."""
        part = Part("file", content, filename="picture.png", media_type=media_type)
        answer = await self.send_form("/files", [part])
        assert answer.status == 200, answer.body
        return str(answer.data["publicUrl"])

    async def task(self, **fields: Any) -> str:
        """Create a task; its id."""
        answer = await self.create(**fields)
        assert answer.status == 200, answer.body
        return str(answer.data["taskId"])

    async def poll(self, task_id: str, *, key: str = KEY) -> Any:
        """How a task stands."""
        answer = await self.get(f"/images/generations?task_id={task_id}", key=key)
        assert (answer.status, answer.json["code"]) == (200, 200), answer.body
        return answer.data

    async def money(self, *, key: str = KEY) -> Money:
        """What the key has."""
        data = (await self.get("/balance", key=key)).data
        amounts = [Decimal(data[name]) for name in Money._fields]
        assert amounts[0] == amounts[1] - amounts[2], data
        return Money(*amounts)

    async def control(self, method: str, path: str, fields: object = None) -> Answer:
        """The developer's own interface; `path` is below `/_mock/`."""
        return await self.ask(method, f"{self.origin}/_mock/{path}", key=None, fields=fields)

    async def advance(self, seconds: float) -> None:
        """Let time pass on a manual clock."""
        answer = await self.control("POST", "clock", {"advance": seconds})
        assert answer.status == 200, answer.body


_TOO_LONG_S = 20.0


async def until(holds: Callable[[], object]) -> None:
    """Return when it holds; a test that waits for ever fails."""
    async with asyncio.timeout(_TOO_LONG_S):
        while not holds():  # noqa: ASYNC110 - the mock sets no event for this
            await asyncio.sleep(0.001)


class _Alarm(logging.Handler):
    """Collects what no log of a sound mock holds."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(self.format(record))


_LOGGERS = ("mock_server", "aiohttp", "asyncio")


@asynccontextmanager
async def running(
    *,
    contract: Contract | None = None,
    clock: Clock | None = None,
    may_log: str = "",
    **settings: Any,
) -> AsyncIterator[Api]:
    """A mock on a free port, at once unless told otherwise, gone when the block is left.

    A warning or an error in its log fails the test, unless it contains `may_log`.
    """
    chosen = Settings(**{"time_scale": 0.0, **settings})
    app = create_app(contract or own_contract(), chosen, clock=clock)
    mock = app[MOCK]
    own, mock.studio = mock.studio, _STUDIO
    alarm = _Alarm()
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(alarm)
    runner = EnvelopeRunner(app, lambda *told: refusal(mock, *told), shutdown_timeout=5.0)
    try:
        async with ClientSession() as client:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            mock.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            assert runner.server is not None
            yield Api(mock, runner.server, client)
    finally:
        mock.studio = own
        await runner.cleanup()
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(alarm)
    unwanted = [text for text in alarm.messages if not may_log or may_log not in text]
    assert not unwanted, "\n".join(unwanted)
