"""curl: the four calls of the provider's page with only the host changed, and odd uploads."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.mocks import RunningMock
from tests.clients.pictures import measure, measure_base64, picture

pytestmark = pytest.mark.curl

GENERATE = """\
curl -X POST $BASE/images/generations -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"model":"gpt-image-2-all","prompt":"a white sneaker on a beige background, studio light","size":"2048x2048","quality":"medium","n":1}'
"""
EDIT = """\
curl -X POST $BASE/images/edits -H "Authorization: Bearer $KEY" -F "model=gpt-image-2-all" -F "image=@product.png" \\
  -F "prompt=put this sneaker on a model" -F "size=2048x2048" -F "quality=medium"
"""
CREATE_TASK = """\
curl -X POST $BASE/images/generations -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"model":"gpt-image-2-all","prompt":"a lighthouse on a cliff at dusk","aspect_ratio":"9:16","resolution":"2K","quality":"medium","callback_url":"http://127.0.0.1:9000/webhook"}'
"""
POLL = """\
curl "$BASE/images/generations?task_id=$TASK_ID" -H "Authorization: Bearer $KEY"
"""


class Shell:
    """A shell in a folder of its own, where BASE, KEY and a picture `product.png` are at hand."""

    def __init__(self, folder: Path, mock: RunningMock, key: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "BASE": mock.base_url, "KEY": key}
        (folder / "product.png").write_bytes(picture(120, 90, colour="#3366cc"))

    def run(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

    def answer(self, command: str, **variables: str) -> Any:
        return json.loads(self.run(command, **variables).stdout)


@pytest.fixture
def shell(tmp_path: Path, provider: RunningMock, key: str) -> Shell:
    """A shell whose calls reach a mock of the provider."""
    return Shell(tmp_path, provider, key)


@pytest.mark.parametrize("command", [GENERATE, EDIT], ids=["generate", "edit"])
def test_a_synchronous_call_answers_with_the_picture_asked_for(
    shell: Shell, provider: RunningMock, command: str
) -> None:
    answer = shell.answer(command)
    assert answer.keys() == {"created", "data"}
    (image,) = answer["data"]
    assert image.keys() == {"b64_json", "url"}
    assert measure_base64(image["b64_json"]) == ("PNG", 2048, 2048)
    assert provider.bytes_of(image["url"]) == base64.b64decode(image["b64_json"])


def test_a_task_is_created_and_polled(shell: Shell, provider: RunningMock) -> None:
    created = shell.answer(CREATE_TASK)
    assert (created["code"], created["msg"]) == (200, "success")
    assert created["data"]["state"] == "pending"
    task_id = created["data"]["taskId"]
    polled = shell.answer(POLL, TASK_ID=task_id)
    assert polled["code"] == 200
    data = polled["data"]
    assert (data["taskId"], data["state"]) == (task_id, "completed")
    assert json.loads(data["resultJson"]) == {"resultUrls": data["resultUrls"]}
    assert [measure(provider.bytes_of(url)) for url in data["resultUrls"]] == [("PNG", 1152, 2048)]


def test_a_result_is_saved_from_its_url(shell: Shell) -> None:
    url = shell.answer(GENERATE)["data"][0]["url"]
    told = shell.run("curl -sS -o out.png -w '%{http_code} %{content_type}' $URL", URL=url).stdout
    assert told == "200 image/png"
    assert measure((shell.folder / "out.png").read_bytes()) == ("PNG", 2048, 2048)


EDIT_PARTS = (
    "-F model=gpt-image-2-all -F prompt=x -F size=1024x1024 -F quality=low -F image=@product.png"
)


@pytest.mark.parametrize(
    "options",
    [
        "-H 'Transfer-Encoding: chunked'",
        "-H 'Expect: 100-continue'",
        "-H 'Transfer-Encoding: chunked' -H 'Expect: 100-continue'",
        "-H 'Expect:'",
        "--http1.0",
        "--http2",
    ],
)
def test_an_edit_however_it_is_transferred(shell: Shell, options: str) -> None:
    answer = shell.answer(
        f'curl -sS {options} $BASE/images/edits -H "Authorization: Bearer $KEY" {EDIT_PARTS}'
    )
    assert [measure_base64(image["b64_json"]) for image in answer["data"]] == [("PNG", 1024, 1024)]


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(shell: Shell) -> None:
    done = shell.run(
        "curl -sS -v --expect100-timeout 30 -H 'Expect: 100-continue' $BASE/images/edits "
        f'-H "Authorization: Bearer $KEY" {EDIT_PARTS}'
    )
    assert "< HTTP/1.1 100 Continue" in done.stderr


def test_several_files_under_several_names(shell: Shell) -> None:
    shutil.copy(shell.folder / "product.png", shell.folder / "zweites Bild – ü.png")
    (shell.folder / "mask.png").write_bytes(picture(120, 90, mode="RGBA", colour="#00000000"))
    answer = shell.answer(
        'curl -sS $BASE/images/edits -H "Authorization: Bearer $KEY" '
        "-F image=@product.png -F 'image[]=@zweites Bild – ü.png' -F image[]=@product.png "
        "-F mask=@mask.png -F model=gpt-image-2-all -F prompt=x -F size=1024x1024 -F n=2"
    )
    assert len(answer["data"]) == 2


def test_a_refused_upload_is_answered_in_full(shell: Shell) -> None:
    """A body much larger than a socket's buffer, and no key: 401, and no broken pipe."""
    (shell.folder / "large.bin").write_bytes(bytes(8_000_000))
    done = shell.run(
        "curl -sS -w '\\n%{http_code}' $BASE/images/edits -F image=@large.bin -F prompt=x"
    )
    body, status = done.stdout.rsplit("\n", 1)
    assert status == "401"
    assert json.loads(body)["code"] == 401
