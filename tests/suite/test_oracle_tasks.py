"""Tasks: each way of telling a false story is told."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from contracts.exchange import Answer, Exchange, Request
from contracts.oracle import tasks
from contracts.oracle.problem import Problem
from contracts.oracle.requests import Expectation, expectation
from tests.suite.variants import changed, own

URLS = ["http://127.0.0.1:1/results/a.png", "http://127.0.0.1:1/results/b.png"]
FIELDS = {"n": 2, "quality": "low", "resolution": "1K"}
PENDING: dict[str, Any] = {
    "taskId": "t1",
    "state": "pending",
    "model": "gpt-image-2-all",
    "modelType": "TEXT_TO_IMAGE",
    "createTime": 1760000000000,
}
COMPLETED = {
    **PENDING,
    "state": "completed",
    "resultUrls": URLS,
    "resultJson": json.dumps({"resultUrls": URLS}),
    "completeTime": 1760000040000,
    "credits": 0.01,
}
FAILED = {
    **PENDING,
    "state": "failed",
    "modelType": "IMAGE_TO_IMAGE",
    "failMsg": "image_url: private/reserved IP addresses not allowed",
    "failCode": "INVALID_INPUT",
    "retryable": False,
}


def expected(**fields: Any) -> Expectation:
    """What is expected of an asynchronous generation with these fields."""
    body = {**own().example_request, **FIELDS, **fields}
    return expectation(own(), Request("POST", "/images/generations", fields=body))


PRIVATE = expected(image_url="http://10.0.0.1/a.png")


def answered(status: int, body: object) -> Exchange:
    """An exchange with this answer."""
    raw = json.dumps(body).encode()
    request = Request("GET", "/images/generations?task_id=t1")
    return Exchange(request, Answer(status, (), raw, 0.1), 0.0)


def polled(data: Mapping[str, Any], **outer: Any) -> Exchange:
    """A poll with this task in it."""
    return answered(200, {"code": 200, "msg": "success", "data": data, **outer})


CREATED = polled({"taskId": "t1", "state": "pending"})


def told(problems: Sequence[Problem]) -> list[str]:
    """The problems as words."""
    return [str(problem) for problem in problems]


def judged(*polls: Mapping[str, Any], wanted: Expectation | None = None) -> list[str]:
    """What is wrong with a task that was polled so."""
    seen = [polled(poll) for poll in polls]
    return told(tasks.problems(own(), wanted or expected(), CREATED, seen))


def test_a_true_story_is_fine() -> None:
    working = {**PENDING, "state": "processing"}
    assert judged(PENDING, PENDING, working, COMPLETED, COMPLETED) == []
    assert judged(COMPLETED) == []
    assert judged(FAILED, FAILED, wanted=PRIVATE) == []
    assert judged({**FAILED, "completeTime": 1760000000000}, wanted=PRIVATE) == []


@pytest.mark.parametrize(
    "body, status, problem",
    [
        ({"created": 1, "data": []}, 200, "mode: pictures were answered; expected a task"),
        ({"msg": "no"}, 400, "mode: status 400; expected a task with 200"),
        ({"code": 0, "msg": "success", "data": {"taskId": "t", "state": "pending"}}, 200,
         "task-created: code is 0; expected 200"),
        ({"code": 200, "msg": "success", "data": {"state": "pending"}}, 200,
         "task-created: data.taskId is None; expected a text"),
        ({"code": 200, "msg": "success", "data": {"taskId": 7, "state": "pending"}}, 200,
         "task-created: data.taskId is 7; expected a text"),
        ({"code": 200, "msg": "ok", "data": {"taskId": "t", "state": "pending"}}, 200,
         "task-created (msg): msg is 'ok'; expected success"),
        ({"code": 200, "msg": "success", "data": {"taskId": "t", "state": "queued"}}, 200,
         "task-created (state): state is 'queued'; expected pending"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_wrong_creation_is_told(body: object, status: int, problem: str) -> None:
    assert told(tasks.created_problems(own(), answered(status, body))) == [problem]


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"taskId": "t2"}, "task-poll: taskId is 't2'; asked was t1"),
        ({"model": "gpt-image-2"}, "task-poll (fields): model is 'gpt-image-2'; asked was gpt-im"),
        ({"modelType": "IMAGE_TO_IMAGE"}, "task-poll (fields): modelType is 'IMAGE_TO_IMAGE'; ex"),
        ({"modelType": None}, "task-poll (fields): modelType is missing from a task completed"),
        ({"createTime": 1760000000}, "task-poll (fields): createTime is 1760000000; expected epo"),
        ({"createTime": "1760000000000"}, "task-poll (fields): createTime is '1760000000000'; ex"),
        ({"completeTime": 1759999999999}, "task-poll (fields): completeTime 1759999999999 before"),
        ({"completeTime": None}, "task-poll (fields): completeTime is missing from a task comp"),
        ({"resultUrls": URLS[:1]}, "task-poll (fields): resultUrls is "),
        ({"resultUrls": [*URLS, "c"]}, "task-poll (fields): resultUrls is "),
        ({"resultUrls": ["/a", "/b"]}, "task-poll (fields): resultUrls holds no absolute URLs"),
        ({"resultJson": {"resultUrls": URLS}}, "task-poll (fields): resultJson is {"),
        ({"resultJson": "{}"}, "task-poll (fields): resultJson is '{}'"),
        ({"resultJson": json.dumps({"resultUrls": URLS[::-1]})}, "task-poll (fields): resultJson"),
        ({"credits": 0.005}, "settle-once: credits is 0.005; the price is 0.010"),
        ({"credits": "0.01"}, "settle-once: credits is 0.01; the price is 0.010"),
        ({"state": "failed"}, "task-poll: ended failed: a result"),
        ({"state": "done"}, "task-steps: 'done' is no state of a task"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_completed_task_is_told(change: Mapping[str, Any], problem: str) -> None:
    found = judged({**COMPLETED, **change})
    assert len([text for text in found if text.startswith(problem)]) == 1, found


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"failCode": "BROKEN"}, "fail-codes: failCode is 'BROKEN'; expected one of CONTENT_MOD"),
        (
            {"failCode": "OTHER", "retryable": True},
            "private-url: failCode is 'OTHER'; expected INV",
        ),
        ({"retryable": True}, "fail-codes: retryable is True for INVALID_INPUT; expected False"),
        ({"retryable": None}, "fail-codes: retryable is None for INVALID_INPUT; expected False"),
        ({"failMsg": "no"}, "private-url: failMsg is 'no'; expected 'private/reserved IP addr"),
        ({"failMsg": None}, "task-poll (fields): failMsg is missing from a task failed"),
        ({"state": "completed"}, "private-url: ended completed: "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_failed_task_is_told(change: Mapping[str, Any], problem: str) -> None:
    found = judged({**FAILED, **change}, wanted=PRIVATE)
    assert len([text for text in found if text.startswith(problem)]) == 1, found


@pytest.mark.parametrize(
    "status, outer",
    [(200, {"code": 500}), (404, {}), (200, {"code": None})],
)
def test_a_poll_that_does_not_say_200_twice_is_told(status: int, outer: dict[str, Any]) -> None:
    body = {"code": 200, "data": COMPLETED, **outer}
    (problem,) = tasks.poll_problems(own(), expected(), answered(status, body), "t1")
    assert problem.text.endswith("expected 200 twice")


@pytest.mark.parametrize(
    "states, step",
    [
        (["processing", "pending"], "from processing back to pending"),
        (["completed", "processing"], "from completed back to processing"),
        (["completed", "failed"], "from completed back to failed"),
        (["pending", "failed", "completed"], "from failed back to completed"),
    ],
)
def test_a_step_back_is_told(states: list[str], step: str) -> None:
    assert told(tasks.step_problems(own(), states)) == [f"task-steps: {step}"]


def test_a_step_back_to_before_the_creation_answer_is_told() -> None:
    created = polled({"taskId": "t1", "state": "processing"})
    found = told(tasks.problems(own(), expected(), created, [polled(PENDING)]))
    assert "task-steps: from processing back to pending" in found


@pytest.mark.parametrize(
    "second",
    [
        {**COMPLETED, "credits": 0.02},
        {**COMPLETED, "completeTime": 1760000041000},
        {**COMPLETED, "note": "new"},
        {name: value for name, value in COMPLETED.items() if name != "credits"},
    ],
)
def test_a_terminal_answer_that_changes_is_told(second: Mapping[str, Any]) -> None:
    found = judged(COMPLETED, second)
    assert any(text.startswith("task-steps: after completed another answer: ") for text in found)


@pytest.mark.parametrize(
    "data, name",
    [
        ({**PENDING, "completeTime": 1760000041000}, "completeTime"),
        ({**PENDING, "failMsg": "moderated"}, "failMsg"),
        ({**COMPLETED, "failCode": "TIMEOUT"}, "failCode"),
        ({**FAILED, "resultUrls": ["http://127.0.0.1/1.png"]}, "resultUrls"),
    ],
)
def test_what_another_state_tells_is_told(data: Mapping[str, Any], name: str) -> None:
    wanted = PRIVATE if data["state"] == "failed" else expected()
    found = told(tasks.poll_problems(own(), wanted, polled(data), "t1"))
    assert len(found) == 1, found
    assert found[0].startswith(f"task-poll (fields): {name} is ")


def test_fields_of_another_state_may_be_there_and_empty() -> None:
    data = {**PENDING, "failMsg": "", "retryable": False, "resultJson": '{"resultUrls": []}'}
    assert tasks.poll_problems(own(), expected(), polled(data), "t1") == []


def test_a_failed_task_may_tell_when_it_ended_and_that_it_cost_nothing() -> None:
    data = {**FAILED, "completeTime": 1760000041000, "credits": 0, "resultUrls": None}
    assert tasks.poll_problems(own(), PRIVATE, polled(data), "t1") == []


def test_a_birth_that_moves_is_told() -> None:
    found = judged(PENDING, {**PENDING, "createTime": 1760000000500})
    assert found == ["task-steps: after pending another answer: createTime changed"]


def test_tasks_follow_the_file() -> None:
    fewer = changed({"task-steps/data/next/pending": ["processing"]})
    assert tasks.step_problems(fewer, ["pending", "completed"]) == []
    apart = changed({"task-steps/data/next/processing": ["completed"]})
    assert tasks.step_problems(apart, ["processing", "failed"])
    codes = changed({"fail-codes/data/retryable/INVALID_INPUT": True})
    found = tasks.poll_problems(codes, PRIVATE, polled(FAILED), "t1")
    assert told(found) == ["fail-codes: retryable is False for INVALID_INPUT; expected True"]
    assert tasks.terminal_states(own()) == {"completed", "failed"}
