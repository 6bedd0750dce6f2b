"""Sins against tasks, polls, retention and time."""

import itertools
import time
from typing import Any

from aiohttp import web

from mock_server import handlers
from mock_server.errors import ApiError
from mock_server.mock import MOCK
from mock_server.rules import tasks
from mock_server.rules.requests import Operation
from mock_server.submissions import submit
from tests.suite.plant import Handler, Plant, sin


def _of_state(state: str, change: Any) -> Any:
    def changed(data: Any) -> Any:
        if data.get("data", {}).get("state") == state:
            data["data"] = change(data["data"])
        return data

    return changed


@sin("task-created")
def task_ids_can_be_guessed(plant: Plant) -> None:
    count = itertools.count(1)
    right = submit

    async def wrong(mock: Any, *args: Any) -> Any:
        submission = await right(mock, *args)
        job = submission.job
        if not job.is_task:
            return submission
        renamed = job._replace(id=f"task_{next(count):08d}")
        mock.store._tasks[renamed.id] = mock.store._tasks.pop(job.id)._replace(id=renamed.id)
        mock.store._due = [
            (at, renamed.id if job_id == job.id else job_id) for at, job_id in mock.store._due
        ]
        return submission._replace(job=renamed)

    plant.patch(handlers, "submit", wrong)


@sin("task-created")
def the_task_id_is_a_number(plant: Plant) -> None:
    plant.answers(
        "createImage",
        change=lambda d: {**d, "data": {**d["data"], "taskId": 7}} if "taskId" in _data(d) else d,
    )


def _data(answer: Any) -> Any:
    data = answer.get("data")
    return data if isinstance(data, dict) else {}


@sin("task-created")
def the_task_has_another_state(plant: Plant) -> None:
    plant.answers(
        "createImage",
        change=lambda d: (
            {**d, "data": {**d["data"], "state": "queued"}} if "taskId" in _data(d) else d
        ),
    )


@sin("task-poll")
def a_failed_task_has_outer_code_500(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=lambda d: {**d, "code": 500} if _data(d).get("state") == "failed" else d,
    )


@sin("task-poll")
def the_result_json_is_an_object(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=_of_state(
            "completed", lambda t: {**t, "resultJson": {"resultUrls": t["resultUrls"]}}
        ),
    )


@sin("task-poll")
def one_result_url_is_missing(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=_of_state("completed", lambda t: {**t, "resultUrls": t["resultUrls"][:1]}),
    )


@sin("task-poll")
def times_are_in_seconds(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=lambda d: {
            **d,
            "data": {**d["data"], "createTime": d["data"]["createTime"] // 1000},
        },
    )


@sin("task-poll")
def completed_before_created(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=_of_state("completed", lambda t: {**t, "completeTime": t["createTime"] - 1}),
    )


@sin("task-poll")
def the_charge_is_missing(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=_of_state("completed", lambda t: {k: v for k, v in t.items() if k != "credits"}),
    )


@sin("task-poll")
def a_failed_task_does_not_say_why(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=_of_state("failed", lambda t: {k: v for k, v in t.items() if k != "failMsg"}),
    )


@sin("task-steps")
def a_completed_task_goes_back(plant: Plant) -> None:
    seen: dict[str, int] = {}

    def wrong(data: Any) -> Any:
        task = data["data"]
        if task["state"] == "completed":
            seen[task["taskId"]] = seen.get(task["taskId"], 0) + 1
            if seen[task["taskId"]] == 2:
                kept = ("taskId", "model", "modelType", "createTime")
                data["data"] = {k: task[k] for k in kept} | {"state": "processing"}
        return data

    plant.answers("getTask", change=wrong)


@sin("task-steps")
def an_ended_answer_changes(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=_of_state("completed", lambda t: {**t, "completeTime": time.time_ns() // 1000}),
    )


@sin("task-steps")
def an_unknown_state(plant: Plant) -> None:
    plant.answers("getTask", change=_of_state("completed", lambda t: {**t, "state": "success"}))


@sin("fail-codes")
def an_unknown_fail_code(plant: Plant) -> None:
    plant.answers("getTask", change=_of_state("failed", lambda t: {**t, "failCode": "BAD_LUCK"}))


@sin("fail-codes")
def retryable_is_the_other_way_round(plant: Plant) -> None:
    plant.answers(
        "getTask",
        change=_of_state("failed", lambda t: {**t, "retryable": not t["retryable"]}),
    )


@sin("poll-errors")
def task_id_may_be_spelt_otherwise(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        if "taskId" in request.query and "task_id" not in request.query:
            raise handlers._unknown_task(request.query["taskId"])
        return await right(request)

    plant.handler("getTask", wrong)


@sin("poll-errors")
def an_unknown_task_is_a_bad_request(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        try:
            return await right(request)
        except ApiError as error:
            error.status = 400
            raise

    plant.handler("getTask", wrong)


@sin("poll-errors")
def the_path_gives_no_hint(plant: Plant) -> None:
    plant.change({"poll-errors/data/hint": " or not "})


@sin("poll-errors")
def a_missing_task_id_has_other_words(plant: Plant) -> None:
    plant.change({"poll-errors/data/missing_text": "which one"})


@sin("poll-errors")
def the_video_path_finds_nothing(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        raise handlers._unknown_task("none")

    plant.handler("getVideoTask", wrong)


@sin("poll-errors")
def the_video_path_finds_no_edits(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        job = request.app[MOCK].store.task(request.query.get("task_id", ""), 0.0)
        if job is not None and job.request.is_edit:
            raise handlers._unknown_task(job.id)
        return await right(request)

    plant.handler("getVideoTask", wrong)


@sin("poll-errors")
def the_video_path_knows_no_task_where_none_is_named(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        if not request.query.get("task_id"):
            raise handlers._unknown_task("")
        return await right(request)

    plant.handler("getVideoTask", wrong)


@sin("task-poll")
def a_running_task_tells_when_it_ended(plant: Plant) -> None:
    ended = _of_state("pending", lambda data: data | {"completeTime": int(time.time() * 1000)})
    plant.answers("getTask", change=ended)


@sin("same-bytes")
def a_result_is_served_once(plant: Plant) -> None:
    _serve_once(plant, "getResult")


@sin("files")
def an_upload_is_served_once(plant: Plant) -> None:
    _serve_once(plant, "getUpload")


def _serve_once(plant: Plant, operation: str) -> None:
    served: set[str] = set()

    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        if request.path in served:
            raise handlers._unknown_task(request.path)
        served.add(request.path)
        return await right(request)

    plant.handler(operation, wrong)


@sin("same-bytes")
def a_result_nobody_made_is_empty(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        try:
            return await right(request)
        except ApiError:
            return web.Response()

    plant.handler("getResult", wrong)


@sin("retention")
def results_live_six_days(plant: Plant) -> None:
    plant.change({"retention/data/seconds": 6 * 86_400})


@sin("retention")
def results_live_for_ever(plant: Plant) -> None:
    plant.patch(tasks, "is_kept", lambda since, now, *, retention_s: True)


@sin("generations-sync")
def the_wait_is_not_waited(plant: Plant) -> None:
    async def wrong(right: Handler, request: web.Request) -> web.StreamResponse:
        mock = request.app[MOCK]
        submission = await submit(mock, request, Operation.CREATE_AND_WAIT)
        return handlers._task_created(mock, submission)

    plant.handler("createImageAndWait", wrong)


@sin("generations-sync")
def the_wait_is_answered_like_a_generation(plant: Plant) -> None:
    plant.answers(
        "createImageAndWait",
        change=lambda d: {
            "created": 1_760_000_000,
            "data": [{"url": url} for url in _data(d).get("resultUrls", [])],
        },
    )
