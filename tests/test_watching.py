"""Answers judged by the rules: what each breach is called, and that what is right passes."""

import base64
import gzip
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
import pytest

from mock_server.errors import bad_field
from mock_server.pictures import Scene, Studio
from mock_server.rules.requests import Operation, read_image_request
from mock_server.rules.sizes import Size
from mock_server.watching import Ask, Watch, decoded, events_of
from tests.api import example_request
from tests.laws import own_contract

SIZE = Size(1024, 640)
HEADERS = {"content-type": "application/json", "x-request-id": "req_1"}
NO_ID = {"content-type": "application/json"}
EVENTS = {**HEADERS, "content-type": "text/event-stream"}
ERROR = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}


def ask(operation_id: str = "createImage", **wishes: Any) -> Ask:
    """A synchronous request for a picture, with these further fields; or another operation."""
    contract = own_contract()
    (route,) = [each for each in contract.routes if each.operation_id == operation_id]
    if operation_id != "createImage":
        return Ask(route)
    fields = {**example_request(), "size": str(SIZE), **wishes}
    table = contract.request_table("openai" if "stream" in wishes else "provider")
    request = read_image_request(fields, Operation.CREATE, table, has_references=False)
    return Ask(route, request=request, size=SIZE, price=Decimal("0.005"))


@cache
def picture(width: int = SIZE.width, image_format: str = "png", background: str = "opaque") -> str:
    scene = Scene(
        width=width, height=SIZE.height, prompt="x", tier="1K", quality="low", price="0.005",
        index=0, count=1, seed=0, background=background, output_format=image_format,
    )  # fmt: skip
    return base64.b64encode(Studio().draw(scene).data).decode()


def pictures(*b64: str) -> bytes:
    data = [{"b64_json": each, "url": "http://x/api/v1/results/a.png"} for each in b64]
    return orjson.dumps({"created": 1, "data": data})


def broken(
    asked: Ask, body: bytes, status: int = 200, headers: Mapping[str, str] = HEADERS
) -> list[str]:
    """The rules that this answer breaks."""
    found = Watch(own_contract()).judge(asked, status=status, headers=headers, body=body)
    assert all(each.operation == asked.route.operation_id for each in found)
    return [each.rule for each in found]


def test_a_violation_says_where_the_rule_is_known_from() -> None:
    watch = Watch(own_contract())
    (found,) = watch.judge(ask(), status=200, headers=HEADERS, body=pictures(picture(512)))
    assert (found.rule, found.basis, found.request_id) == ("size-exact", "stated", "req_1")
    assert found.problem == "asked for 1024x640, got 512x640"
    assert found.statement


@pytest.mark.parametrize(
    "wishes, b64, rules",
    [
        ({}, [picture], []),
        ({"n": 2}, [picture, picture], []),
        ({"n": 2}, [picture], ["n"]),
        ({}, [lambda: picture(512)], ["size-exact"]),
        ({}, [lambda: picture(image_format="jpeg")], ["output-format"]),
        ({"output_format": "webp"}, [lambda: picture(image_format="webp")], []),
        ({"background": "transparent"}, [picture], ["background"]),
        ({"background": "transparent"}, [lambda: picture(background="transparent")], []),
        ({"background": "opaque"}, [lambda: picture(background="transparent")], ["background"]),
        ({}, [lambda: "!!!"], ["sync-shape"]),
        ({}, [lambda: base64.b64encode(b"no picture").decode()], ["size-exact"]),
    ],
)
def test_pictures_are_as_they_were_asked_for(
    wishes: dict[str, Any], b64: list[Callable[[], str]], rules: list[str]
) -> None:
    assert broken(ask(**wishes), pictures(*(made() for made in b64))) == rules


@pytest.mark.parametrize(
    "status, body, rules",
    [
        (400, ERROR, []),
        (400, {"msg": "no"}, []),
        (400, {}, ["error-shape"]),
        (503, ERROR, ["status"]),
        (400, {"error": {**ERROR["error"], "param": "size"}}, ["size-grid"]),
        (400, {"error": {**ERROR["error"], "param": "prompt"}}, []),
        (200, {"code": 402, "msg": "no credit"}, ["code-in-200"]),
        (200, {"code": 200, "msg": "success", "data": {"taskId": "t", "state": "pending"}}, None),
    ],
)
def test_refusals_and_the_wrong_kind_of_answer(
    status: int, body: dict[str, Any], rules: list[str] | None
) -> None:
    found = broken(ask(), orjson.dumps(body), status)
    assert "mode" in found if rules is None else found == rules


def test_what_is_to_be_refused_is_not_accepted() -> None:
    refused = ask()
    asked = Ask(refused.route, refused=bad_field("size", "too odd", rule="size-grid"))
    assert broken(asked, pictures(picture()))[0] == "size-grid"
    assert broken(asked, orjson.dumps(ERROR), 400) == []


def test_an_answer_needs_an_id_and_a_key_and_json() -> None:
    assert broken(ask(), pictures(picture()), headers=NO_ID) == ["status"]
    without = Ask(ask("listModels").route, has_key=False)
    assert "auth" in broken(without, b'{"object":"list","data":[]}')
    assert broken(ask(), b"<html>") == ["sync-shape"]
    assert broken(ask(), b"<html>", 400) == ["error-shape"]


@pytest.mark.parametrize(
    "operation, body, rule",
    [
        ("getTask", {"code": 200, "msg": "success", "data": {"state": "pending"}}, "task-poll"),
        ("getBalance", {"code": 200, "msg": "success", "data": {}}, "settle-once"),
        ("uploadFile", {"code": 200, "msg": "success", "data": {}}, "files"),
        ("listModels", {"object": "list"}, "models"),
    ],
)
def test_another_shape_breaks_the_rule_of_the_operation(
    operation: str, body: dict[str, Any], rule: str
) -> None:
    assert broken(ask(operation), orjson.dumps(body)) == [rule]


def test_a_task_never_goes_back_nor_changes_when_it_has_ended() -> None:
    watch, whole = Watch(own_contract()), {"taskId": "t", "model": "m", "modelType": "x"}

    def seen(state: str, **more: object) -> set[str]:
        data = {**whole, "state": state, "createTime": 1, **more}
        body = orjson.dumps({"code": 200, "msg": "success", "data": data})
        found = watch.judge(ask("getTask"), status=200, headers=HEADERS, body=body)
        return {each.problem for each in found if each.rule == "task-steps"}

    assert seen("processing") == set()
    assert seen("pending") == {"the task went from processing back to pending"}
    assert seen("failed", failCode="OTHER", failMsg="x", retryable=True) == set()
    assert seen("failed", failCode="OTHER", failMsg="y", retryable=True) == {
        "the answer of an ended task has changed"
    }


def test_a_stream_has_a_completed_event_for_each_picture() -> None:
    asked = ask(stream=True)
    assert broken(ask(), b"", headers=EVENTS) == ["stream"]
    assert broken(asked, b"data: {}\n\n", headers=EVENTS) == ["stream", "stream"]


def test_packed_answers_are_read_and_broken_ones_are_none() -> None:
    packed = gzip.compress(b'{"a":1}')
    assert decoded({"Content-Encoding": "gzip"}, packed) == {"a": 1}
    assert decoded({"Content-Encoding": "gzip"}, b"not packed") is None
    assert decoded({}, b"{") is None
    assert list(events_of(b'event: x\ndata: {"a":1}\n\ndata: [DONE]\n\ndata: {\n\n')) == [
        {"a": 1},
        None,
    ]
