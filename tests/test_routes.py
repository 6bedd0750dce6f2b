"""Handlers looked up by path: what aiohttp's router would find, and its refusals."""

import pytest

from tests.api import example_request, running
from tests.laws import refused


@pytest.mark.parametrize("prefix", ["/api/v1", "/v1"])
async def test_a_fixed_path_is_found_with_and_without_a_query(prefix: str) -> None:
    async with running() as api:
        for path in ("/models", "/models?", "/models?x=1&y=%2F"):
            answer = await api.ask("GET", api.origin + prefix + path)
            assert answer.json["object"] == "list"


@pytest.mark.parametrize(
    "method, path, operation",
    [
        ("GET", "/models/gpt-image-2-all", "getModel"),
        ("GET", "/images/generations/task_1", "getTaskByPath"),
        ("GET", "/images/generations?task_id=task_1", "getTask"),
        ("GET", "/video/generations?task_id=task_1", "getVideoTask"),
        ("POST", "/images/generations", "createImage"),
        ("POST", "/images/generations-sync", "createImageAndWait"),
        ("GET", "/balance", "getBalance"),
    ],
)
async def test_each_operation_is_known_by_its_handler(
    method: str, path: str, operation: str
) -> None:
    async with running() as api:
        fields = example_request() if method == "POST" else None
        await api.ask(method, path, fields=fields)
        assert api.mock.journal.latest()[0].operation == operation


async def test_another_method_is_refused_with_those_there_are() -> None:
    async with running() as api:
        answer = await api.ask("DELETE", "/images/generations")
        refused(answer, 405, "DELETE")
        assert answer.headers["Allow"] == "GET, POST"
        refused(await api.ask("GET", "/nowhere"), 404, "/nowhere")
