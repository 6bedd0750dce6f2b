"""Recorded requests answered from a cassette, others by the rules."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from zlib import crc32

import orjson
import pybase64
from aiohttp import hdrs, web

from mock_server.bodies import read_whole
from mock_server.cassette import (
    SECRET,
    UPSTREAM,
    Accounts,
    Cassette,
    Key,
    PictureFacts,
    Played,
    request_digest,
    secret_of,
    without_credentials,
)
from mock_server.mock import EXCHANGE, MOCK, Mock
from mock_server.multipart import FormError, FormPart, boundary_of, read_form
from mock_server.pictures import Scene
from mock_server.purse import at
from mock_server.reenactment import lived_through
from mock_server.rules.requests import Operation
from mock_server.rules.tasks import Job, is_over
from mock_server.submissions import origin_of
from mock_server.uploads import keep_upload

__all__ = ["REPLAY", "Replay", "replaying"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Replay:
    """A cassette in use, and the files that were uploaded again since."""

    cassette: Cassette
    accounts: Accounts = field(default_factory=Accounts)
    files: dict[str, bytes] = field(default_factory=dict)
    uploads: set[str] = field(default_factory=set)


_MAKERS = {operation.value: operation for operation in Operation}
_STANDING = ("getTask", "getVideoTask")

REPLAY = web.AppKey("replay", Replay)


@web.middleware
async def replaying(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer from the cassette what is on it."""
    mock, replay = request.app[MOCK], request.app[REPLAY]
    if request.path.startswith("/_mock/"):
        return await handler(request)
    body = await read_whole(request)
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
    origin = origin_of(mock, request)
    authorization = request.headers.get(hdrs.AUTHORIZATION)
    key = Key(
        request.method,
        without_credentials(request.raw_path),
        replay.accounts.name(authorization),
        request_digest(content_type, body, origins=(origin,)),
    )
    played = _played(mock, replay, request, key)
    if played is None:
        return await handler(request)
    files = _files(content_type, body)
    replay.files.update({hashlib.sha256(part.data).hexdigest(): part.data for part in files})
    request[EXCHANGE].id = played.headers.get("x-request-id", request[EXCHANGE].id)
    operation_id = _operation_id(mock, request)
    if played.status == HTTPStatus.OK and operation_id in _MAKERS:
        operation = _MAKERS[operation_id]
        await lived_through(mock, request, operation, played, replay.cassette)
    if played.status == HTTPStatus.OK and operation_id == "uploadFile":
        _keep_upload(mock, replay, files, played)
    answer = await _answer(mock, replay, played, origin)
    if isinstance(answer.body, bytes) and (secret := secret_of(authorization)):
        answer.body = answer.body.replace(SECRET, secret)
    return answer


def _played(mock: Mock, replay: Replay, request: web.Request, key: Key) -> Played | None:
    """The recorded answer, unless the rules know better: of money, tasks under way, and uploads."""
    operation_id = _operation_id(mock, request)
    if operation_id == "getBalance":
        return None
    if operation_id == "getUpload" and request.match_info["name"] in replay.uploads:
        return None
    if operation_id == "getRecord" and _is_known(mock, request.match_info["id"]):
        return None
    now = mock.clock.now()
    job = mock.store.task(request.query.get("task_id", ""), now)
    if operation_id not in _STANDING or job is None:
        return replay.cassette.answer(key)
    return _end(mock, job, replay.cassette.last_answer(key)) if is_over(job, now) else None


def _end(mock: Mock, job: Job, played: Played | None) -> Played | None:
    """What was recorded of a task's end, at its times of today.

    None where the record breaks off before the end.
    """
    table = mock.contract.tasks
    data = None if played is None else at(played.body, "data")
    if played is None or not isinstance(played.body, dict) or not isinstance(data, dict):
        return None
    if data.get("state") not in (table.completed, table.failed):
        return None
    times = {"createTime": job.created_at, "completeTime": job.ended_at or job.due_at}
    today = {name: int(seconds * 1000) for name, seconds in times.items() if name in data}
    return played._replace(body={**played.body, "data": {**data, **today}})


def _is_known(mock: Mock, record_id: str) -> bool:
    now = mock.clock.now()
    return (mock.store.task(record_id, now) or mock.store.call(record_id, now)) is not None


def _operation_id(mock: Mock, request: web.Request) -> str:
    operation = mock.operations.get(request.match_info.handler)
    return "" if operation is None else operation.operation_id


def _files(content_type: str, body: bytes) -> list[FormPart]:
    """What came in a form: it is served again as it came, the cassette knows only its digest."""
    try:
        return read_form(body, boundary_of(content_type))
    except FormError:
        return []


def _keep_upload(mock: Mock, replay: Replay, files: list[FormPart], played: Played) -> None:
    """An upload is kept as long as the rules say, under its recorded name."""
    url = at(played.body, "data", "publicUrl")
    part = next((part for part in files if part.name == mock.contract.upload_part), None)
    if part is None or not isinstance(url, str):
        return
    name = url.rpartition("/")[2]
    keep_upload(mock, name, part.data, part.content_type)
    replay.uploads.add(name)


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
    """The picture itself where it is known, else one of the same size, format and alpha.

    Where the format can be compressed harder, it weighs at most as much, if it can: a sketch on
    which the same is drawn for all, so that of two the one stays lighter that was.
    """
    known = replay.files.get(facts.sha256) or replay.cassette.whole(facts)
    if known is not None:
        return known
    prompt, is_lossy = f"replayed {facts.sha256}", facts.format != "png"
    scene = Scene(
        width=facts.width,
        height=facts.height,
        prompt=prompt,
        tier="",
        quality="",
        price="",
        index=0,
        count=1,
        seed=-crc32(prompt.encode()) if is_lossy else mock.settings.seed,
        background="transparent" if facts.alpha else "opaque",
        output_format=facts.format,
        rough=is_lossy,
    )
    picture = await mock.draw(scene)
    for compression in _HARDER if is_lossy else ():
        if picture.length > facts.bytes:
            picture = await mock.draw(scene._replace(compression=compression))
    return picture.data


# The number of the API, where 100 keeps most.
_HARDER = (75, 50, 25, 10, 0)
