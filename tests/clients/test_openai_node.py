"""The `openai` package from npm, as it is, pointed at a mock."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.mocks import RunningMock
from tests.clients.pictures import measure_base64, picture

pytestmark = pytest.mark.node

SCRIPT = Path(__file__).with_name("openai_images.mjs")


def run(mock: RunningMock, key: str, scenario: str, *paths: Path) -> Any:
    environment = {**os.environ, "OPENAI_BASE_URL": mock.base_url, "OPENAI_API_KEY": key}
    done = subprocess.run(
        ["node", SCRIPT, scenario, *paths],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def measures(answer: Any) -> list[tuple[str, int, int]]:
    return [measure_base64(image["b64_json"]) for image in answer["data"]]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture on disk."""
    path = tmp_path / "photo.png"
    path.write_bytes(picture())
    return path


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    """A mask of the picture that repaints all of it."""
    path = tmp_path / "mask.png"
    path.write_bytes(picture(mode="RGBA", colour="#00000000"))
    return path


def test_generate(provider: RunningMock, key: str) -> None:
    answer = run(provider, key, "generate")["answer"]
    assert answer.keys() == {"created", "data"}
    assert measures(answer) == [("PNG", 2048, 1152)] * 2
    assert provider.bytes_of(answer["data"][0]["url"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("scenario", ["editFile", "editStream"])
def test_edit_of_one_picture(provider: RunningMock, key: str, photo: Path, scenario: str) -> None:
    answer = run(provider, key, scenario, photo)["answer"]
    assert measures(answer) == [("PNG", 1536, 1024)]


def test_edit_of_sixteen_pictures_with_a_mask(
    provider: RunningMock, key: str, photo: Path, mask: Path
) -> None:
    answer = run(provider, key, "editMany", photo, mask)["answer"]
    assert measures(answer) == [("PNG", 1024, 1024)]


def test_the_models_are_listed(provider: RunningMock, key: str) -> None:
    answer = run(provider, key, "models")["answer"]
    assert [model["id"] for model in answer["data"]] == ["gpt-image-2-all"]


@pytest.mark.parametrize(
    "scenario, name, status, param",
    [
        ("badSize", "BadRequestError", 400, "size"),
        ("noPicture", "BadRequestError", 400, "image"),
        ("unknownModel", "NotFoundError", 404, "model"),
    ],
)
def test_refusals_are_mapped_to_the_classes_of_the_package(
    provider: RunningMock, key: str, scenario: str, name: str, status: int, param: str
) -> None:
    error = run(provider, key, scenario)["error"]
    assert (error["name"], error["status"], error["param"]) == (name, status, param)
    assert error["message"].startswith(f"{status} ")
    assert param in error["message"].lower()
    assert error["requestID"]


def test_a_stream(openai_profile: RunningMock, key: str) -> None:
    events = run(openai_profile, key, "streamed")["answer"]["events"]
    assert [event["type"] for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert [measure_base64(event["b64_json"]) for event in events] == [("PNG", 1024, 1024)] * 3


def test_a_streamed_edit(openai_profile: RunningMock, key: str, photo: Path) -> None:
    events = run(openai_profile, key, "streamedEdit", photo)["answer"]["events"]
    assert [event["type"] for event in events] == ["image_edit.completed"]
