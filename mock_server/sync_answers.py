"""Synchronous answers: wait, draw, settle, and send the pictures - at once or as a stream."""

from collections.abc import AsyncIterator, Coroutine, Sequence

from aiohttp import hdrs, web

from mock_server.answers import json_bytes, pieces_answer
from mock_server.contract import StreamEvents
from mock_server.mock import EXCHANGE, Mock
from mock_server.pictures import Picture
from mock_server.results import result_urls, scene_of
from mock_server.rules.requests import ImageRequest
from mock_server.rules.tasks import Failure, Job
from mock_server.store.memory import Sources
from mock_server.submissions import Submission

__all__ = ["answer_now"]


async def answer_now(
    mock: Mock, request: web.Request, submission: Submission
) -> web.StreamResponse:
    """Answer a synchronous request when its time has come (Rules: sync-shape, disconnect).

    A client that goes away does not stop it: the handler runs on, and the price is paid.
    """
    job = submission.job
    try:
        if job.request.streams:
            return await _stream(mock, request, submission)
        pictures = await _draw_in_time(mock, job, submission.sources)
    except BaseException:
        _give_up(mock, job)
        raise
    mock.store.end(job.id, at=max(job.due_at, mock.clock.now()))
    return pieces_answer(_body(mock, job, pictures))


def _give_up(mock: Mock, job: Job) -> None:
    """Nobody pays for a picture that the mock itself could not make."""
    failure = Failure("INTERNAL_ERROR", "the mock could not draw the picture")
    mock.store.end(job.id, at=mock.clock.now(), failure=failure)


async def _draw_in_time(mock: Mock, job: Job, sources: Sources) -> list[Picture]:
    """The pictures, and the wait until they are due: slow ones are drawn during it."""
    scenes = [scene_of(mock, job, index, sources=sources) for index in range(job.request.n)]
    is_due = job.due_at <= job.created_at or job.due_at <= mock.clock.now()
    is_quick = is_due or all(map(mock.studio.is_quick, scenes))
    if is_quick and not is_due:
        await mock.clock.sleep_until(job.due_at)
    draw_now = mock.studio.draw_now
    pictures = [draw_now(scene) or await mock.draw(scene) for scene in scenes]
    if not is_quick:
        await mock.clock.sleep_until(job.due_at)
    return pictures


def _body(mock: Mock, job: Job, pictures: Sequence[Picture]) -> list[bytes]:
    """The JSON of the answer in pieces; base64 and URLs need no escaping."""
    pieces: list[bytes] = []
    text = b'{"created":%d,"data":[{' % int(max(job.due_at, job.created_at))
    for picture, url in zip(pictures, result_urls(job), strict=True):
        if not job.request.leaves_out_b64:
            pieces += text + b'"b64_json":"', *picture.base64_parts()
            text = b'",'
        text += b'"url":%s},{' % json_bytes(url)
    text = text[:-2] + b"]"
    if mock.quotes.table.profile.extras and mock.contract.extras:
        text += b"," + json_bytes(_extras(mock, job))[1:-1]
    pieces.append(text + b"}")
    return pieces


def _extras(mock: Mock, job: Job) -> dict[str, object]:
    """What OpenAI's own answer says beside the pictures (Rule: sync-shape)."""
    extras = {**_facts(mock, job), "usage": _usage(job)}
    return {name: extras[name] for name in mock.contract.extras}


def _facts(mock: Mock, job: Job) -> dict[str, object]:
    request = job.request
    return {
        "background": "transparent" if request.background == "transparent" else "opaque",
        "output_format": request.output_format,
        "quality": mock.contract.prices.billed_quality(request.quality),
        "size": str(job.size),
    }


# Of the order that OpenAI reports; nothing is billed by tokens here.
_CHARACTERS_PER_TOKEN = 4
_PIXELS_PER_TOKEN = 1024


def _usage(job: Job) -> dict[str, object]:
    text = -(-len(job.request.prompt) // _CHARACTERS_PER_TOKEN)
    image = job.size.width * job.size.height // _PIXELS_PER_TOKEN if job.request.is_edit else 0
    output = job.size.width * job.size.height // _PIXELS_PER_TOKEN * job.request.n
    return {
        "input_tokens": text + image,
        "input_tokens_details": {"image_tokens": image, "text_tokens": text},
        "output_tokens": output,
        "total_tokens": text + image + output,
    }


async def _stream(mock: Mock, request: web.Request, submission: Submission) -> web.StreamResponse:
    """The pictures as server-sent events, previews first (Rule: stream)."""
    exchange = request[EXCHANGE]
    headers = {
        hdrs.CONTENT_TYPE: "text/event-stream",
        hdrs.CACHE_CONTROL: "no-cache",
        "x-request-id": exchange.id,
    }
    events = _events(mock, submission)
    if any(fault.spoils for fault in exchange.faults):
        whole = [piece async for event in events for piece in event]
        return web.Response(headers=headers, body=b"".join(whole))
    response = web.StreamResponse(headers=headers)
    listener = _Listener(response)
    await listener.begin(request)
    async for event in events:
        await listener.send(event)
    return response


async def _events(mock: Mock, submission: Submission) -> AsyncIterator[list[bytes]]:
    """Each event in pieces, when its time has come; the job ends with the last preview seen."""
    job = submission.job
    for partial in range(job.request.partial_images):
        await mock.clock.sleep_until(_preview_at(job, partial))
        for index in range(job.request.n):
            yield await _event(mock, submission, index, partial=partial)
    completed = [await _event(mock, submission, index) for index in range(job.request.n)]
    await mock.clock.sleep_until(job.due_at)
    mock.store.end(job.id, at=max(job.due_at, mock.clock.now()))
    for event in completed:
        yield event


def _preview_at(job: Job, partial: int) -> float:
    share = (partial + 1) / (job.request.partial_images + 1)
    return job.created_at + (job.due_at - job.created_at) * share


class _Listener:
    """The client of a stream, who may have gone away."""

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response
        self._is_there = True

    async def begin(self, request: web.Request) -> None:
        await self._unless_gone(self._response.prepare(request))

    async def send(self, event: list[bytes]) -> None:
        for piece in event:
            await self._unless_gone(self._response.write(piece))

    async def _unless_gone(self, sending: Coroutine[object, object, object]) -> None:
        if not self._is_there:
            sending.close()
            return
        try:
            await sending
        except ConnectionError:
            self._is_there = False


async def _event(
    mock: Mock, submission: Submission, index: int, *, partial: int | None = None
) -> list[bytes]:
    job = submission.job
    names = _events_of(mock, job.request)
    scene = scene_of(mock, job, index, sources=submission.sources, partial=partial)
    picture = await mock.draw(scene)
    name = names.completed if partial is None else names.partial
    facts = _facts(mock, job) | {"created_at": int(mock.clock.now())}
    facts |= {"usage": _usage(job)} if partial is None else {"partial_image_index": partial}
    head = b'event: %s\ndata: {"type":"%s","b64_json":"' % (name.encode(), name.encode())
    tail = b'",' + json_bytes(facts)[1:] + b"\n\n"
    return [head, *picture.base64_parts(), tail]


def _events_of(mock: Mock, request: ImageRequest) -> StreamEvents:
    return mock.contract.edit_events if request.is_edit else mock.contract.generation_events
