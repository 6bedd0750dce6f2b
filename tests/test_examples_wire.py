"""Every worked example of the contract that is a request, sent to a running mock."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.examples import Case, calls, paths, request_of
from contracts.exchange import Request
from contracts.samples import sample
from contracts.spec import load
from tests.api import Api, running
from tests.forms import Part, file_part
from tests.laws import Answer, matches, opened, pictures

SPEC = load()
Expect = Mapping[str, Any]


@pytest.mark.parametrize("case", list(calls(SPEC)), ids=str)
async def test_a_call_is_answered_as_worked_by_hand(case: Case) -> None:
    given, expect = case.example.given, case.example.expect
    async with running(profile=given.get("profile")) as api:
        answer = await send(api, request_of(SPEC, given))
        keeps(expect, await seen(api, answer, given), answer)


@pytest.mark.parametrize("case", list(paths(SPEC)), ids=str)
async def test_a_path_is_answered_as_worked_by_hand(case: Case) -> None:
    given, expect = case.example.given, case.example.expect
    async with running() as api:
        request = request_of(SPEC, given)
        is_whole = case.rule == "base"
        path = api.origin + request.path if is_whole else request.path
        answer = await api.ask(request.method, path)
        keeps(expect, refusal_of(answer) | {"status": answer.status}, answer)


def keeps(expect: Expect, found: Expect, answer: Answer) -> None:
    """Fail unless everything expected was found."""
    for word, value in expect.items():
        if word == "message":
            assert value in found["message"]
        elif word == "price":
            assert found["price"] == Decimal(value)
        else:
            assert found[word] == value, (word, answer.body[:300])


async def send(api: Api, request: Request) -> Answer:
    """The request over the wire."""
    headers = {"Content-Type": request.media_type() or ""}
    return await api.ask(request.method, request.path, body=request.body(), headers=headers)


async def seen(api: Api, answer: Answer, given: Expect) -> dict[str, Any]:
    """What an answer shows, in the words of the examples."""
    spent = api.mock.settings.balance - (await api.money()).total
    found: dict[str, Any] = {"status": answer.status, "price": spent}
    if answer.status != 200:
        return found | refusal_of(answer)
    if answer.media_type == "text/event-stream":
        return found | {"events": events_of(answer)}
    if "created" in answer.json:
        return found | now(answer, given)
    if "publicUrl" in answer.data:
        return found
    return found | await later(api, answer, given)


def refusal_of(answer: Answer) -> dict[str, Any]:
    """What a refusal says; nothing of an answer that is none."""
    if answer.status < 400:
        ids = [model["id"] for model in answer.json.get("data", [])]
        return {"ids": ids}
    error = answer.json["error"]
    allow = answer.headers.get("Allow", "").split(", ")
    return {"param": error["param"], "message": error["message"], "allow": allow}


def now(answer: Answer, given: Expect) -> dict[str, Any]:
    """What a synchronous answer shows."""
    data = answer.json["data"]
    found: dict[str, Any] = {
        "mode": "sync",
        "images": len(data),
        "fields": sorted(data[0]),
    }
    if "b64_json" in data[0]:
        picture = pictures(answer, n=len(data), extras=given.get("profile") == "openai")[0]
        found["size"] = picture.size
        found["format"] = (picture.image.format or "").lower()
        found["alpha"] = "required" if picture.image.has_transparency_data else "forbidden"
    return found


async def later(api: Api, answer: Answer, given: Expect) -> dict[str, Any]:
    """What a task shows, and its pictures."""
    matches(answer.json, "TaskPoll" if given["call"] == "createImageAndWait" else "TaskCreated")
    task = await api.poll(answer.data["taskId"])
    found = {
        "mode": "async",
        "state": task["state"] if given.get("then") == "poll" else answer.data["state"],
        "model_type": task["modelType"],
        "fail_code": task.get("failCode"),
    }
    urls = task.get("resultUrls", [])
    if urls:
        first = opened((await api.get(urls[0], key=None)).body)
        found |= {"images": len(urls), "size": f"{first.width}x{first.height}"}
    return found


def events_of(answer: Answer) -> list[str]:
    """The names of a stream's events."""
    lines = answer.body.decode().splitlines()
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


async def test_the_four_calls_of_the_providers_page(tmp_path: Path) -> None:
    """With only the host changed; the saved pictures open and measure what was asked for."""
    page: Any = SPEC.document["components"]
    sneaker, edit, lighthouse = (
        page["examples"][name]["value"] for name in ("WhiteSneaker", "SneakerOnModel", "Lighthouse")
    )
    async with running() as api:
        generated = await api.ask("POST", "/images/generations", fields=sneaker)
        texts = [Part(name, str(value)) for name, value in edit.items() if name != "image"]
        files = [file_part("image", sample("sample-png"), filename="product.png")]
        edited = await api.send_form("/images/edits", texts + files)
        for number, answer in enumerate((generated, edited)):
            (picture,) = pictures(answer)
            saved = tmp_path / f"{number}.png"
            saved.write_bytes(picture.data)
            assert opened(saved.read_bytes()).size == (2048, 2048)
            assert (await api.get(picture.url, key=None)).body == picture.data
        created = await api.ask("POST", "/images/generations", fields=lighthouse)
        task = await api.poll(created.data["taskId"])
        assert task["state"] == "completed"
        (url,) = task["resultUrls"]
        assert opened((await api.get(url, key=None)).body).size == (1152, 2048)
