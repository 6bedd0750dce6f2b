"""One function for each operation of the contract: decode, decide, keep, encode."""

from collections.abc import Awaitable, Callable, Mapping

import orjson
from aiohttp import web

from mock_server.answers import json_answer, pieces_answer, success
from mock_server.bodies import read_file_part
from mock_server.contract import ModelCard
from mock_server.errors import ApiError, missing_field, not_found, shortened
from mock_server.journal import Exchange
from mock_server.mock import EXCHANGE, MOCK, Mock
from mock_server.results import picture_named, result_urls
from mock_server.rules.modes import Mode
from mock_server.rules.requests import Operation
from mock_server.rules.tasks import Job, state_of
from mock_server.submissions import Submission, base_url, submit
from mock_server.sync_answers import answer_now
from mock_server.uploads import keep_upload

__all__ = ["HANDLERS", "Handler", "poll_data"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def create_image(request: web.Request) -> web.StreamResponse:
    """Pictures from a prompt, now or as a task (Rules: mode, reference-routing)."""
    return await _make_pictures(request, Operation.CREATE)


async def edit_image(request: web.Request) -> web.StreamResponse:
    """Pictures from pictures, now or as a task (Rules: edit-parts, edit-needs-image)."""
    return await _make_pictures(request, Operation.EDIT)


async def _make_pictures(request: web.Request, operation: Operation) -> web.StreamResponse:
    mock = request.app[MOCK]
    submission = await submit(mock, request, operation)
    if submission.job.request.mode is Mode.SYNC:
        return await answer_now(mock, request, submission)
    return _task_created(mock, submission)


def _task_created(mock: Mock, submission: Submission) -> web.Response:
    """The receipt of a task (Rule: task-created)."""
    _watch(mock, submission)
    table = mock.contract.tasks
    data = {"taskId": submission.job.id, "state": table.pending}
    return success(data, code=table.code, msg=table.msg)


def _watch(mock: Mock, submission: Submission) -> None:
    if submission.job.request.callback_url is not None:
        mock.postman.watch(submission.job, submission.fields, mock.store.settle_due)


async def create_image_and_wait(request: web.Request) -> web.StreamResponse:
    """A task that is waited for (Rule: generations-sync)."""
    mock = request.app[MOCK]
    submission = await submit(mock, request, Operation.CREATE_AND_WAIT)
    _watch(mock, submission)
    job = submission.job
    await mock.until_over(job)
    ended = mock.store.task(job.id, max(job.due_at, mock.clock.now()))
    if ended is None:
        raise _unknown_task(job.id)
    return _standing(mock, request[EXCHANGE], ended)


async def get_task(request: web.Request) -> web.StreamResponse:
    """How a task stands (Rules: task-poll, poll-errors)."""
    mock = request.app[MOCK]
    task_id = request.query.get("task_id")
    if not task_id:
        text = mock.contract.poll_missing
        raise ApiError(
            text, kind="bad_request", code="missing_task_id", param="task_id", rule="poll-errors"
        )
    account = str(request[EXCHANGE].account)
    job = mock.store.poll_task(task_id, mock.clock.now(), account=account)
    if job is None:
        raise _unknown_task(task_id)
    return _standing(mock, request[EXCHANGE], job)


async def get_video_task(request: web.Request) -> web.StreamResponse:
    """The same under another path; a handler of its own, by which its operation is known."""
    return await get_task(request)


def _unknown_task(task_id: str) -> ApiError:
    return not_found(f"No such task: {shortened(task_id)}", param="task_id", rule="poll-errors")


def _standing(mock: Mock, exchange: Exchange, job: Job) -> web.Response:
    table = mock.contract.tasks
    data = poll_data(mock, job, now=mock.clock.now())
    if data["state"] == table.completed and mock.faults.show_empty(job.id):
        data |= _completion(job, [])
    else:
        exchange.is_final = data["state"] in (table.completed, table.failed)
    return success(data, code=table.code, msg=table.msg)


def poll_data(mock: Mock, job: Job, *, now: float) -> dict[str, object]:
    """What a poll says of a task (Rules: task-poll, fail-codes)."""
    table = mock.contract.tasks
    state = state_of(job, now, table)
    data: dict[str, object] = {
        "taskId": job.id,
        "state": state,
        "model": job.request.model,
        "modelType": table.from_image if job.request.is_edit else table.from_text,
        "createTime": int(job.created_at * 1000),
    }
    if state == table.completed:
        data |= _completion(job, result_urls(job))
    elif job.failure is not None and state == table.failed:
        code, message = job.failure
        data |= {"failMsg": message, "failCode": code, "retryable": table.retryable[code]}
        data["completeTime"] = int((job.ended_at or job.due_at) * 1000)
    return data


def _completion(job: Job, urls: list[str]) -> dict[str, object]:
    return {
        "resultUrls": urls,
        "resultJson": orjson.dumps({"resultUrls": urls}).decode(),
        "completeTime": int((job.ended_at or job.due_at) * 1000),
        "credits": job.price,
    }


async def get_task_by_path(request: web.Request) -> web.StreamResponse:
    """Not the way to ask: a hint to the right one (Rule: poll-errors)."""
    task_id = request.match_info["task_id"]
    hint = request.app[MOCK].contract.poll_hint
    path = request.path.rpartition("/")[0]
    message = f"No such path; ask for a task with {path}{hint}{shortened(task_id)[1:-1]}"
    raise not_found(message, param="task_id", rule="poll-errors")


async def get_balance(request: web.Request) -> web.StreamResponse:
    """What the key has (Rule: settle-once)."""
    mock = request.app[MOCK]
    balance, total, frozen = mock.store.balance(str(request[EXCHANGE].account), mock.clock.now())
    data = {
        "balance": balance,
        "total": total,
        "frozen": frozen,
        "currency": mock.contract.prices.currency,
    }
    return success(data, code=mock.contract.tasks.code, msg=mock.contract.tasks.msg)


async def get_record(request: web.Request) -> web.StreamResponse:
    """What a task or a synchronous call cost (Rule: settle-once)."""
    mock = request.app[MOCK]
    record_id, now = request.match_info["id"], mock.clock.now()
    job = mock.store.task(record_id, now) or mock.store.call(record_id, now)
    if job is None or job.account != request[EXCHANGE].account:
        raise not_found(f"No such record: {shortened(record_id)}", param="id", rule="settle-once")
    data = {
        "taskId": job.id,
        "settled": job.ended_at is not None,
        "credits": job.charged,
        "currency": mock.contract.prices.currency,
        "model": job.request.model,
        "state": state_of(job, now, mock.contract.tasks),
        "createTime": int(job.created_at * 1000),
    }
    return success(data, code=mock.contract.tasks.code, msg=mock.contract.tasks.msg)


async def list_models(request: web.Request) -> web.StreamResponse:
    """The supported models, aliases left out (Rule: models)."""
    contract = request.app[MOCK].contract
    data = [_model(name, contract.model_card) for name in contract.models.supported]
    return json_answer({"object": "list", "data": data})


async def get_model(request: web.Request) -> web.StreamResponse:
    """One supported model (Rule: models)."""
    contract = request.app[MOCK].contract
    name = request.match_info["model"]
    if name not in contract.models.supported:
        listed = ", ".join(contract.models.supported)
        message = f"No such model: {shortened(name)}; supported models: {listed}"
        raise not_found(message, param="model", rule="models")
    return json_answer(_model(name, contract.model_card))


def _model(name: str, card: ModelCard) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": card.created,
        "owned_by": card.owned_by,
        "modality": card.modality,
        "endpoint": card.endpoint,
    }


async def upload_file(request: web.Request) -> web.StreamResponse:
    """Keep a file and tell where it is served (Rule: files)."""
    mock = request.app[MOCK]
    part = await read_file_part(request, mock.contract.upload_part)
    if part is None:
        raise missing_field(mock.contract.upload_part, rule="files")
    name = f"file_{mock.new_id()}"
    keep_upload(mock, name, part.data, part.content_type)
    data = {"publicUrl": f"{base_url(mock, request)}/files/{name}"}
    return success(data, code=mock.contract.tasks.code, msg=mock.contract.tasks.msg)


async def get_upload(request: web.Request) -> web.StreamResponse:
    """The bytes of an upload, without a key (Rule: files)."""
    mock = request.app[MOCK]
    name = request.match_info["name"]
    upload = mock.store.upload(name, mock.clock.now())
    if upload is None:
        raise not_found(f"No such file: {shortened(name)}", rule="files")
    return pieces_answer([upload.data], content_type=upload.content_type)


async def get_result(request: web.Request) -> web.StreamResponse:
    """The bytes of a picture, without a key (Rules: same-bytes, retention)."""
    mock = request.app[MOCK]
    name = request.match_info["name"]
    picture = await picture_named(mock, name)
    if picture is None:
        raise not_found(f"No such result: {shortened(name)}", rule="same-bytes")
    content_type = mock.contract.media_types[name.rpartition(".")[2]]
    return pieces_answer(list(picture.parts), content_type=content_type)


HANDLERS: Mapping[str, Handler] = {
    "createImage": create_image,
    "getTask": get_task,
    "getTaskByPath": get_task_by_path,
    "editImage": edit_image,
    "createImageAndWait": create_image_and_wait,
    "getVideoTask": get_video_task,
    "listModels": list_models,
    "getModel": get_model,
    "getBalance": get_balance,
    "getRecord": get_record,
    "uploadFile": upload_file,
    "getUpload": get_upload,
    "getResult": get_result,
}
