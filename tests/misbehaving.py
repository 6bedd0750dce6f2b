"""A mock that was asked to misbehave: its answers, to which the laws of answers do not apply."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.api import KEY, Api, Money, example_request
from tests.laws import Answer

__all__ = ["ask", "create", "raw", "request_bytes", "spent"]

_TOO_LONG_S = 20.0


async def ask(
    api: Api,
    method: str,
    path: str,
    *,
    fault: str = "",
    fields: Mapping[str, object] | None = None,
    key: str = KEY,
) -> Answer:
    """One request with that fault in its header; the answer, whatever it is."""
    headers = {"Authorization": f"Bearer {key}"} | ({"X-Mock-Fault": fault} if fault else {})
    url = path if "://" in path else api.base + path
    async with api.client.request(method, url, json=fields, headers=headers) as got:
        return Answer(got.status, got.headers, await got.read())


async def create(api: Api, fault: str = "", *, key: str = KEY, **fields: Any) -> Answer:
    """The contract's example request with that fault; synchronous where it has a size."""
    whole = {**example_request(), **fields}
    return await ask(api, "POST", "/images/generations", fault=fault, fields=whole, key=key)


async def spent(api: Api, before: Money) -> Decimal:
    """What was paid since, with nothing on hold."""
    after = await api.money()
    assert after.frozen == 0, after
    return Decimal(before.total) - Decimal(after.total)


def request_bytes(body: bytes, fault: str) -> bytes:
    """A creation as it goes over the wire."""
    lines = [
        "POST /api/v1/images/generations HTTP/1.1",
        "Host: mock",
        f"Authorization: Bearer {KEY}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"X-Mock-Fault: {fault}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def raw(api: Api, sent: bytes) -> tuple[bytes, str]:
    """What came over a bare connection until it ended, and how: `closed` or `reset`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    received = b""
    try:
        async with asyncio.timeout(_TOO_LONG_S):
            writer.write(sent)
            while piece := await reader.read(1 << 16):
                received += piece
    except ConnectionResetError:
        return received, "reset"
    finally:
        writer.transport.abort()
    return received, "closed"
