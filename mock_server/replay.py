"""Recorded requests answered from a cassette, others by the rules."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson
import pybase64
from aiohttp import hdrs, web

from mock_server.cassette import (
    SECRET,
    UPSTREAM,
    Accounts,
    Cassette,
    Key,
    PictureFacts,
    Played,
    request_digest,
)
from mock_server.mock import EXCHANGE, MOCK, Mock
from mock_server.multipart import FormError, boundary_of, read_form
from mock_server.pictures import Scene
from mock_server.purse import at
from mock_server.submissions import origin_of

__all__ = ["REPLAY", "Replay", "replaying"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Replay:
    """A cassette in use, and the files that were uploaded again since."""

    cassette: Cassette
    accounts: Accounts = field(default_factory=Accounts)
    files: dict[str, bytes] = field(default_factory=dict)


REPLAY = web.AppKey("replay", Replay)


@web.middleware
async def replaying(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer from the cassette what is on it."""
    mock, replay = request.app[MOCK], request.app[REPLAY]
    if request.path.startswith("/_mock/"):
        return await handler(request)
    body = await request.read()
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
    origin = origin_of(mock, request)
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    key = Key(
        request.method,
        request.raw_path,
        replay.accounts.name(authorization),
        request_digest(content_type, body, origins=(origin,)),
    )
    played = replay.cassette.answer(key)
    if played is None:
        return await handler(request)
    _keep_files(replay, content_type, body)
    answer = await _answer(mock, replay, played, origin)
    if isinstance(answer.body, bytes) and authorization is not None:
        answer.body = answer.body.replace(
            SECRET, authorization.rpartition(" ")[2].encode("utf-8", "replace")
        )
    request[EXCHANGE].id = played.headers.get("x-request-id", request[EXCHANGE].id)
    return answer


def _keep_files(replay: Replay, content_type: str, body: bytes) -> None:
    """An upload is served again as it came: the cassette knows only its digest."""
    try:
        parts = read_form(body, boundary_of(content_type))
    except FormError:
        return
    for part in parts:
        replay.files[hashlib.sha256(part.data).hexdigest()] = part.data


async def _answer(mock: Mock, replay: Replay, played: Played, origin: str) -> web.Response:
    body = await _body(mock, replay, played.body)
    sent = body.replace(UPSTREAM, origin.encode())
    return web.Response(status=played.status, headers=dict(played.headers), body=sent)


async def _body(mock: Mock, replay: Replay, recorded: object) -> bytes:
    if isinstance(recorded, dict):
        if "$picture" in recorded:
            return await _picture(mock, replay, PictureFacts(**recorded["$picture"]))
        if "$text" in recorded:
            return str(recorded["$text"]).encode()
        if "$bytes" in recorded:
            return replay.files.get(recorded["$bytes"]["sha256"], b"")
        if "$events" in recorded:
            events = [await _with_pictures(mock, replay, e) for e in recorded["$events"]]
            return b"".join(map(_event, events))
    return orjson.dumps(await _with_pictures(mock, replay, recorded))


def _event(event: object) -> bytes:
    name = str(at(event, "type")).encode()
    return b"event: %s\ndata: %s\n\n" % (name, orjson.dumps(event))


async def _with_pictures(mock: Mock, replay: Replay, value: object) -> object:
    if isinstance(value, list):
        return [await _with_pictures(mock, replay, item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$picture" in value:
        picture = await _picture(mock, replay, PictureFacts(**value["$picture"]))
        return pybase64.b64encode(picture).decode()
    return {name: await _with_pictures(mock, replay, item) for name, item in value.items()}


async def _picture(mock: Mock, replay: Replay, facts: PictureFacts) -> bytes:
    """The picture itself where it is known, else one of the same size, format and alpha."""
    known = replay.files.get(facts.sha256) or replay.cassette.whole(facts)
    if known is not None:
        return known
    scene = Scene(
        width=facts.width,
        height=facts.height,
        prompt=f"replayed {facts.sha256}",
        tier="",
        quality="",
        price="",
        index=0,
        count=1,
        seed=mock.settings.seed,
        background="transparent" if facts.alpha else "opaque",
        output_format=facts.format,
    )
    return (await mock.draw(scene)).data
