"""Signed webhooks, checked with the library that a receiver uses; unsigned unless asked."""

import base64
import json
from datetime import UTC, datetime

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from mock_server.clock import manual_clock
from mock_server.settings import SettingsError, read_settings
from mock_server.signatures import check_secret, signing, unsigned
from tests.api import Api, running, until
from tests.receivers import listening_to

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes, ok").decode()
OTHER = "whsec_" + base64.b64encode(b"another one of thirty-two bytes.").decode()
SIGNED = {"webhook-id", "webhook-timestamp", "webhook-signature"}
Taken = list[tuple[bytes, dict[str, str]]]


def test_what_is_signed_is_verified_by_the_library() -> None:
    headers = dict(signing(SECRET)("task_1", b'{"code":200}'))
    assert headers.keys() == SIGNED
    assert headers["webhook-id"] == "msg_task_1"
    assert Webhook(SECRET).verify(b'{"code":200}', headers) == {"code": 200}


@pytest.mark.parametrize(
    "secret, body, message, seconds_ago",
    [
        (OTHER, b'{"code":200}', "msg_task_1", 0),
        (SECRET, b'{"code":201}', "msg_task_1", 0),
        (SECRET, b'{"code":200}', "msg_task_2", 0),
        (SECRET, b'{"code":200}', "msg_task_1", 10),
    ],
)
def test_what_was_changed_is_not(secret: str, body: bytes, message: str, seconds_ago: int) -> None:
    headers = dict(signing(SECRET)("task_1", b'{"code":200}'))
    headers["webhook-id"] = message
    # Reckoned here: the library refuses what is older than five minutes for that alone.
    headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) - seconds_ago)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(secret).verify(body, headers)


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the Standard Webhooks specification, signed by its reference library."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    headers = signing(SECRET, now=lambda: at.timestamp() + 0.9)("task_1", b"{}")
    assert headers["webhook-timestamp"] == str(int(at.timestamp()))
    assert headers["webhook-signature"] == Webhook(SECRET).sign("msg_task_1", at, "{}")


def test_unsigned_is_without_headers() -> None:
    assert unsigned("task_1", b"{}") == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "secret",
        SECRET.removeprefix("whsec_"),
        "whsec_" + base64.b64encode(b"too short").decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_not base64 at all, but long enough",
        "whsec_" + "é" * 40,
    ],
)
def test_what_is_no_secret_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ and 24 to 64 bytes in base64"):
        check_secret(text)
    with pytest.raises(SettingsError, match="--webhook-secret: must be whsec_"):
        read_settings(["--webhook-secret", text], {})


async def take_all(taken: Taken, *statuses: int) -> web.Application:
    """A receiver that keeps bytes and headers, and answers with these statuses in turn."""
    left = list(statuses)

    async def take(request: web.Request) -> web.Response:
        taken.append((await request.read(), dict(request.headers)))
        return web.Response(status=left.pop(0) if len(left) > 1 else left[0])

    app = web.Application()
    app.router.add_post("/", take)
    return app


async def report_a_task(api: Api, url: str, *, attempts: int) -> None:
    await api.task(callback_url=url)
    await api.advance(1000)
    for count in range(1, attempts + 1):
        await until(lambda count=count: len(api.mock.postman.attempts) == count)  # type: ignore[misc]
        await api.advance(10)


async def test_every_copy_of_a_webhook_is_signed_under_one_id() -> None:
    taken: Taken = []
    async with (
        listening_to(await take_all(taken, 500, 200)) as url,
        running(clock=manual_clock(start=1000), webhook_secret=SECRET) as api,
    ):
        await report_a_task(api, url, attempts=2)
        assert SECRET not in (await api.control("GET", "")).body.decode()
        settings = (await api.control("GET", "")).json["settings"]
        assert settings["signed_webhooks"] is True
    assert len(taken) == 2
    for body, headers in taken:
        assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    assert len({headers["webhook-id"] for _, headers in taken}) == 1


async def test_without_a_secret_nothing_is_signed() -> None:
    taken: Taken = []
    async with (
        listening_to(await take_all(taken, 200)) as url,
        running(clock=manual_clock()) as api,
    ):
        await report_a_task(api, url, attempts=1)
    ((_, headers),) = taken
    assert SIGNED.isdisjoint(name.lower() for name in headers)
