"""The provider's own client, `apimodels-mcp` from npm, as it is, pointed at a mock."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.mcp import McpSession, apimodels_mcp
from tests.clients.mocks import POOR, RunningMock
from tests.clients.pictures import measure, picture

pytestmark = pytest.mark.node


@pytest.fixture
def session(provider: RunningMock, key: str) -> Iterator[McpSession]:
    """A session with the client, pointed at a mock that answers at once."""
    with apimodels_mcp(provider.base_url, key) as session:
        yield session


def text(result: Any) -> str:
    said = result["content"][0]["text"]
    assert isinstance(said, str)
    return said


def test_the_client_offers_its_tools(session: McpSession) -> None:
    assert {"generate_image", "get_task", "list_models"} <= set(session.tools())


def test_list_models(session: McpSession) -> None:
    assert text(session.call("list_models")) == "gpt-image-2-all"


def test_generate_image_returns_a_url_and_a_preview(
    provider: RunningMock, session: McpSession
) -> None:
    result = session.call(
        "generate_image", prompt="a lighthouse", aspect_ratio="16:9", resolution="2K"
    )
    assert "isError" not in result
    assert measure(provider.bytes_of(text(result))) == ("PNG", 2048, 1152)
    preview = result["content"][1]
    assert preview["mimeType"] == "image/jpeg"
    assert measure(base64.b64decode(preview["data"])) == ("JPEG", 1024, 576)


@pytest.mark.parametrize("base", ["/api/v1", "/v1", "/v1/"])
def test_generate_image_with_a_local_file(
    provider: RunningMock, key: str, tmp_path: Path, base: str
) -> None:
    """The file is uploaded first; its URL then is on this machine, and allowed all the same."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture(96, 64))
    with apimodels_mcp(provider.origin + base, key) as session:
        result = session.call("generate_image", prompt="x", image_url=str(photo))
    assert "isError" not in result, text(result)
    assert measure(provider.bytes_of(text(result))) == ("PNG", 1024, 1024)
    task = provider.get("/_mock/tasks")
    assert "IMAGE_TO_IMAGE" in str(task)


def test_generate_image_with_a_picture_in_the_request(session: McpSession) -> None:
    data = base64.b64encode(picture()).decode()
    result = session.call(
        "generate_image", prompt="x", image_url=f"data:image/png;base64,{data}", return_image=False
    )
    assert "isError" not in result, text(result)
    assert len(result["content"]) == 1


def test_generate_image_with_a_picture_that_is_served_on_this_machine(
    provider: RunningMock, session: McpSession
) -> None:
    """The client fetches a result of the mock itself, uploads it and has it edited."""
    first = text(session.call("generate_image", prompt="x", return_image=False))
    second = session.call("generate_image", prompt="y", image_url=first, return_image=False)
    assert "isError" not in second, text(second)
    assert provider.bytes_of(text(second)) != provider.bytes_of(first)


def test_a_task_that_is_still_running_is_collected_by_get_task(
    patient: RunningMock, key: str
) -> None:
    with apimodels_mcp(patient.base_url, key) as session:
        running = text(session.call("generate_image", prompt="x", wait_seconds=0))
        found = re.match(r"STILL RUNNING — image task (\S+), \d+s elapsed", running)
        assert found, running
        result = session.call("get_task", task_id=found[1], wait_seconds=0)
    assert measure(patient.bytes_of(text(result))) == ("PNG", 1024, 1024)
    assert result["content"][1]["type"] == "image"


def test_a_failed_task_tells_why(session: McpSession, provider: RunningMock, key: str) -> None:
    body = {
        "model": "gpt-image-2-all",
        "prompt": "x",
        "image_url": "http://169.254.169.254/latest/meta-data",
    }
    created = provider.post("/api/v1/images/generations", body, key=key)
    result = session.call("get_task", task_id=created["data"]["taskId"])
    assert result["isError"] is True
    assert "FAILED — image task" in text(result)
    assert "private/reserved IP addresses not allowed" in text(result)


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        ({"aspect_ratio": "9:1"}, 400, "aspect_ratio"),
        ({"resolution": "9K"}, 400, "resolution"),
        ({"model": "midjourney"}, 400, "Supported models: gpt-image-2-all"),
    ],
)
def test_a_refusal_reaches_the_agent_in_words(
    session: McpSession, arguments: dict[str, str], status: int, said: str
) -> None:
    result = session.call("generate_image", prompt="x", **arguments)
    assert result["isError"] is True
    assert text(result).startswith(f"Error: apimodels API error (HTTP {status}): ")
    assert said in text(result)


def test_an_empty_account_is_told(closed: RunningMock) -> None:
    with apimodels_mcp(closed.base_url, POOR) as session:
        result = session.call("generate_image", prompt="x")
    assert text(result).startswith("Error: apimodels API error (HTTP 402): ")


def test_a_task_that_does_not_exist_is_told(session: McpSession) -> None:
    result = session.call("get_task", task_id="no-such-task")
    assert text(result).startswith("Error: apimodels API error (HTTP 404): ")


def test_what_the_mock_does_not_offer_is_told(session: McpSession) -> None:
    result = session.call("generate_video", prompt="x")
    assert text(result).startswith("Error: apimodels API error (HTTP 40")
