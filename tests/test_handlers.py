"""The operations one by one: what each answers, and what it refuses."""

import asyncio
import json
from typing import Any

import pytest

from contracts.samples import gradient, text_of
from contracts.size import Size
from mock_server.clock import Clock, manual_clock, scaled_clock
from tests.api import running, until
from tests.forms import Part
from tests.laws import matches, own_contract, refused

LONGER_THAN_ANY_TASK_S = 1000.0
TASKS = own_contract().tasks
CARD = own_contract().model_card
PICTURE = gradient(Size(64, 48))
ALWAYS = {"taskId", "state", "model", "modelType", "createTime"}


async def test_a_task_is_created_pending() -> None:
    async with running(clock=manual_clock()) as api:
        answer = await api.create()
        matches(answer.json, "TaskCreated")
        assert answer.json.keys() == {"code", "msg", "data"}
        assert (answer.json["code"], answer.json["msg"]) == (200, "success")
        assert answer.data == {"taskId": answer.data["taskId"], "state": "pending"}


async def test_a_task_goes_from_pending_over_processing_to_completed_and_stays() -> None:
    clock = manual_clock()
    async with running(clock=clock) as api:
        task_id = await api.task(quality="low")
        seen = []
        for _ in range(60):
            answer = await api.get(f"/images/generations?task_id={task_id}")
            matches(answer.json, "TaskPoll")
            seen.append(answer.data)
            clock.advance(1)
        states = [data["state"] for data in seen]
        assert sorted(set(states), key=states.index) == ["pending", "processing", "completed"]
        assert states == sorted(states, key=["pending", "processing", "completed"].index)
        assert states.count("pending") in range(3, 6)
        last = seen[-1]
        assert all(data == last for data in seen if data["state"] == "completed")
        assert all(data.keys() == ALWAYS for data in seen if data["state"] != "completed")
        further = {"resultUrls", "resultJson", "completeTime", "credits"}
        assert last.keys() == ALWAYS | further
        assert json.loads(last["resultJson"]) == {"resultUrls": last["resultUrls"]}
        assert 35_000 <= last["completeTime"] - last["createTime"] <= 45_000


async def test_a_failed_task_says_why_and_whether_to_try_again() -> None:
    async with running(clock=manual_clock()) as api:
        for code, retryable in TASKS.retryable.items():
            task_id = await api.task()
            await api.control("POST", f"tasks/{task_id}", {"fail": code, "message": "no luck"})
            answer = await api.get(f"/images/generations?task_id={task_id}")
            matches(answer.json, "TaskPoll")
            assert answer.json["code"] == 200
            data = answer.data
            assert data.keys() == ALWAYS | {"failMsg", "failCode", "retryable", "completeTime"}
            assert (data["state"], data["failCode"]) == ("failed", code)
            assert (data["failMsg"], data["retryable"]) == ("no luck", retryable)
            await api.advance(LONGER_THAN_ANY_TASK_S)
            assert await api.poll(task_id) == data


@pytest.mark.parametrize("fields", [{}, {"image": text_of(PICTURE)}])
async def test_a_task_tells_its_model_and_what_it_started_from(fields: dict[str, Any]) -> None:
    async with running() as api:
        data = await api.poll(await api.task(model="gpt-image-2", n=3, **fields))
        assert data["model"] == "gpt-image-2"
        assert data["modelType"] == ("IMAGE_TO_IMAGE" if fields else "TEXT_TO_IMAGE")
        assert len(set(data["resultUrls"])) == 3


async def test_an_edit_is_a_task_by_the_same_rule() -> None:
    async with running() as api:
        answer = await api.edit(images=[{"image_url": text_of(PICTURE)}], size="auto")
        matches(answer.json, "TaskCreated")
        assert (await api.poll(answer.data["taskId"]))["modelType"] == "IMAGE_TO_IMAGE"


@pytest.mark.parametrize("path", ["/images/generations", "/video/generations"])
async def test_a_poll_needs_the_id_of_a_task_of_this_key(path: str) -> None:
    async with running() as api:
        task_id = await api.task()
        assert (await api.get(f"{path}?task_id={task_id}")).data["taskId"] == task_id
        for query in ("", "?", f"?taskId={task_id}", "?task_id=", f"?TASK_ID={task_id}"):
            refused(await api.get(path + query), 400, "task_id is required", param="task_id")
        for query in ("?task_id=x", f"?task_id={task_id}x", f"?task_id={'x' * 3000}"):
            refused(await api.get(path + query), 404, "No such task: '", param="task_id")
        other = await api.get(f"{path}?task_id={task_id}", key="sk_other")
        refused(other, 404, f"No such task: '{task_id}'", param="task_id")


async def test_a_synchronous_call_cannot_be_polled() -> None:
    async with running() as api:
        answer = await api.create(size="1024x640")
        polled = await api.get(f"/images/generations?task_id={answer.request_id}")
        refused(polled, 404, "No such task", param="task_id")


@pytest.mark.parametrize("task_id", ["x", "task_1", "%C3%A9", "a%20b"])
async def test_an_id_in_the_path_is_answered_with_a_hint(task_id: str) -> None:
    async with running() as api:
        answer = await api.get(f"/images/generations/{task_id}")
        refused(answer, 404, "/api/v1/images/generations?task_id=", param="task_id")


@pytest.mark.parametrize("clock", [None, scaled_clock(0.001), manual_clock()])
async def test_a_task_that_owes_polls_is_unfinished_for_that_many(clock: Clock | None) -> None:
    async with running(clock=clock, min_polls=3) as api:
        task_id = await api.task()
        if clock is not None and clock.scale == 1:
            clock.advance(LONGER_THAN_ANY_TASK_S)
        states = [(await api.poll(task_id))["state"] for _ in range(3)]
        assert "completed" not in states
        assert states == sorted(states, key=["pending", "processing"].index)
        await until(lambda: api.mock.store.task(task_id, api.mock.clock.now()).ended_at)  # type: ignore[union-attr]
        assert (await api.poll(task_id))["state"] == "completed"
        assert (await api.money()).frozen == 0


async def test_a_look_into_the_store_and_another_key_are_no_polls() -> None:
    async with running(min_polls=1) as api:
        task_id = await api.task()
        await api.control("GET", "tasks")
        await api.get(f"/records/{task_id}")
        await api.get(f"/images/generations?task_id={task_id}", key="sk_other")
        assert (await api.poll(task_id))["state"] != "completed"
        assert (await api.poll(task_id))["state"] == "completed"


async def test_waiting_answers_what_a_poll_then_would() -> None:
    async with running(min_polls=5) as api:
        answer = await api.wait(resolution="2K", n=2)
        matches(answer.json, "TaskPoll")
        assert answer.data["state"] == "completed"
        assert answer.data == await api.poll(answer.data["taskId"])


async def test_waiting_ends_when_the_task_does() -> None:
    async with running(clock=manual_clock()) as api:
        for fields, state in (({"finish": True}, "completed"), ({"fail": "TIMEOUT"}, "failed")):
            request = asyncio.ensure_future(api.wait())
            await until(lambda: api.mock.clock.sleeping)
            task, *_ = (await api.control("GET", "tasks")).json["tasks"]
            await api.control("POST", f"tasks/{task['taskId']}", fields)
            assert (await request).data["state"] == state


async def test_waiting_for_a_size_gives_that_size_and_a_task() -> None:
    async with running() as api:
        answer = await api.wait(size="1024x640", stream=True, response_format="gif")
        assert answer.data["state"] == "completed"
        assert (await api.get(answer.data["resultUrls"][0], key=None)).status == 200


async def test_waiting_for_what_fails_is_told_at_the_end() -> None:
    async with running() as api:
        answer = await api.wait(image_url="http://10.0.0.1/a.png")
        matches(answer.json, "TaskPoll")
        assert (answer.data["state"], answer.data["failCode"]) == ("failed", "INVALID_INPUT")


async def test_a_record_is_of_this_key_and_of_a_call_that_was_accepted() -> None:
    async with running() as api:
        task_id = await api.task()
        answer = await api.get(f"/records/{task_id}")
        matches(answer.json, "Record")
        assert answer.data["taskId"] == task_id
        refused(await api.get(f"/records/{task_id}", key="sk_other"), 404, task_id, param="id")
        refused(await api.get("/records/nothing"), 404, "No such record: 'nothing'", param="id")
        models = await api.get("/models")
        refused(await api.get(f"/records/{models.request_id}"), 404, param="id")


async def test_models_are_listed_without_their_aliases() -> None:
    async with running(model_alias=("my-model",)) as api:
        answer = await api.get("/models")
        matches(answer.json, "ModelList")
        card = {
            "id": "gpt-image-2-all",
            "object": "model",
            "created": CARD.created,
            "owned_by": CARD.owned_by,
            "modality": CARD.modality,
            "endpoint": CARD.endpoint,
        }
        assert answer.json == {"object": "list", "data": [card]}
        one = await api.get("/models/gpt-image-2-all")
        matches(one.json, "ModelObject")
        assert one.json == card
        for name in ("my-model", "gpt-image-2", "x", "%00"):
            problem = "supported models: gpt-image-2-all"
            refused(await api.get(f"/models/{name}"), 404, problem, param="model")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [Part("picture", PICTURE, filename="picture.png")],
        [Part("file", "text")],
    ],
)
async def test_an_upload_needs_a_part_called_file(parts: list[Part]) -> None:
    async with running() as api:
        answer = await api.send_form("/files", parts)
        refused(answer, 400, "file: is required and was not given", param="file")
        assert api.mock.store.counts()["uploads"] == 0


async def test_an_upload_is_answered_with_its_url() -> None:
    async with running() as api:
        part = Part("file", PICTURE, filename="../é; b.heic", media_type="image/heic")
        answer = await api.send_form("/files", [Part("note", "first"), part])
        matches(answer.json, "UploadAnswer")
        assert answer.json.keys() == {"code", "msg", "data"}
        assert answer.data["publicUrl"].startswith(api.base + "/files/")
