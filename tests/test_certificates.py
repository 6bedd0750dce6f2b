"""https URLs are called, and who has no certificate that the machine trusts is not believed."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from mock_server.certificates import left_unread, tls
from tests.receivers import Receiver

NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@asynccontextmanager
async def receiving(receiver: Receiver, authority: trustme.CA) -> AsyncIterator[str]:
    """The https URL of a receiver with a certificate by this authority."""

    async def hook(request: web.Request) -> web.Response:
        return await receiver.answer(request, at=0)

    app = web.Application()
    app.router.add_post("/hook", hook)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def commanded(**environ: str) -> AsyncIterator[tuple[str, asyncio.StreamReader]]:
    """The URL of a mock started by its command, and what it logs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mock_server", "--port", "0", "--time-scale", "0"),
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = (await process.stdout.readline()).decode()
        yield next(word for word in line.split() if word.startswith("http")), process.stderr
    finally:
        process.kill()
        await process.wait()


async def create_task(base_url: str, callback_url: str) -> None:
    fields = {"model": "gpt-image-2-all", "prompt": "x", "callback_url": callback_url}
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer sk_test"}) as client,
        client.post(f"{base_url}/images/generations", json=fields) as answer,
    ):
        assert answer.status == 200


async def line_with(words: str, log: asyncio.StreamReader) -> str:
    async for line in log:
        if words in line.decode():
            return line.decode()
    raise AssertionError(f"no line says {words!r}")


async def test_a_webhook_is_sent_over_https_to_whom_the_machine_trusts(tmp_path: Path) -> None:
    authority, receiver = trustme.CA(), Receiver(200)
    trusted = tmp_path / "trusted.pem"
    authority.cert_pem.write_to_path(trusted)
    async with (
        receiving(receiver, authority) as url,
        commanded(SSL_CERT_FILE=str(trusted)) as (base_url, log),
    ):
        await create_task(base_url, url)
        assert "200" in await asyncio.wait_for(line_with("webhook", log), 20)
    assert len(receiver.hooks) == 1


async def test_a_webhook_is_not_sent_to_whom_nobody_trusts() -> None:
    receiver = Receiver(200)
    async with receiving(receiver, trustme.CA()) as url, commanded() as (base_url, log):
        await create_task(base_url, url)
        told = await asyncio.wait_for(line_with("webhook", log), 20)
    assert "certificate verify failed" in told
    assert not receiver.hooks


def test_plain_http_needs_no_certificates() -> None:
    assert tls("http://example.com/https:") is True
    assert isinstance(tls("HTTPS://example.com"), ssl.SSLContext)


@pytest.mark.parametrize("before", [None, "/somewhere/trusted.pem"])
def test_what_was_said_of_certificates_is_said_again(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        if before is not None:
            monkeypatch.setenv(name, before)
    with left_unread():
        assert not ssl.create_default_context().get_ca_certs()
    assert [os.environ.get(name) for name in NAMES] == [before] * 2
