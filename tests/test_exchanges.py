"""What the journal knows of a request beside its answer."""

import asyncio
import contextlib

import pytest

from mock_server.clock import manual_clock
from mock_server.journal import Exchange
from mock_server.settings import KeyGrant
from tests.api import KEY, Api, example_request, running, until
from tests.forms import Part
from tests.wire import arrived, connection, head, only

GENERATIONS = "/images/generations"


def the_last(api: Api) -> Exchange:
    return api.mock.journal.latest()[0]


@pytest.mark.parametrize(
    "fault, seconds",
    [
        ("rate_limit;retry_after=3", 3.0),
        ("rate_limit;retry_after=3;retry_after_ms=250", 0.25),
        ("rate_limit;retry_after=0.5", 0.5),
        ("no_credit", None),
    ],
)
async def test_how_long_a_refusal_asks_to_wait(fault: str, seconds: float | None) -> None:
    async with running() as api:
        await api.ask("GET", "/models", headers={"X-Mock-Fault": fault})
        assert the_last(api).asked_wait == seconds


async def test_a_request_refused_at_the_door_is_known_by_its_fields() -> None:
    async with running(key=(KeyGrant(KEY, None),)) as api:
        fields = example_request() | {"size": "1024x1024"}
        await api.ask("POST", GENERATIONS, key="sk_wrong", fields=fields)
        assert (the_last(api).status, the_last(api).fields) == (401, fields)
        headers = {"X-Mock-Fault": "rate_limit"}
        await api.ask("POST", GENERATIONS, fields=fields, headers=headers)
        assert (the_last(api).status, the_last(api).fields) == (429, fields)


async def test_the_same_holds_for_a_form() -> None:
    async with running() as api:
        await api.control("POST", "faults", {"fault": "rate_limit"})
        picture = Part("image", b"1234567", filename="x.png", media_type="image/png")
        await api.edit_form(picture, n="2")
        fields = the_last(api).fields
        assert fields == {**example_request(), "n": 2, "image": "<7 bytes>"}


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
async def test_a_body_that_cannot_be_read_is_not_known(body: bytes) -> None:
    async with running(key=(KeyGrant(KEY, None),)) as api:
        headers = {"Content-Type": "application/json"}
        await api.ask("POST", GENERATIONS, key="sk_wrong", body=body, headers=headers)
        assert (the_last(api).status, the_last(api).fields) == (401, None)


@pytest.mark.parametrize("announced", ["Content-Length: 100", "Content-Length: 99999999"])
async def test_a_refusal_does_not_wait_for_a_body_that_does_not_come(announced: str) -> None:
    async with running() as api:
        sent = head(
            f"POST /api/v1{GENERATIONS} HTTP/1.1", "Content-Type: application/json", announced,
            key=None,
        )  # fmt: skip
        assert (await only(api, sent, b'{"prompt":')).status == 401
        assert the_last(api).fields is None


async def test_when_the_client_goes_away_the_journal_says_so_at_once() -> None:
    async with running(clock=manual_clock(start=1000)) as api:
        asked = asyncio.ensure_future(api.create(size="1024x1024"))
        await until(lambda: api.mock.clock.sleeping)
        await api.advance(7)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        await until(lambda: api.mock.journal.seen)
        (told,) = (await api.control("GET", "requests?status=0")).json["requests"]
        assert (told["leftAt"], told["status"], told["answeredAt"]) == (1007, 0, None)
        await api.advance(200)
        await until(lambda: the_last(api).status)
        (told,) = (await api.control("GET", "requests")).json["requests"]
        assert (told["leftAt"], told["status"], told["answeredAt"]) == (1007, 200, 1207)


async def test_who_has_the_answer_has_not_gone_away() -> None:
    async with running() as api:
        sent = head("GET /api/v1/models HTTP/1.1")
        await only(api, sent)
        await until(lambda: not api.server.connections)
        assert the_last(api).left_at is None


async def test_who_leaves_before_the_request_is_whole_made_none() -> None:
    async with running() as api:
        async with connection(api) as (_, writer):
            line = f"POST /api/v1{GENERATIONS} HTTP/1.1"
            writer.write(head(line, "Content-Type: application/json", "Content-Length: 9"))
            await arrived(api)
        await until(lambda: api.mock.journal.seen)
        assert the_last(api).decided == {}
