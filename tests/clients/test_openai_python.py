"""The `openai` package from PyPI, as it is, pointed at a mock of the provider."""

import base64
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import openai
import pytest

from tests.clients.mocks import POOR, RICH, RunningMock
from tests.clients.pictures import measure_base64, picture

MODEL = "gpt-image-2-all"


def client_of(mock: RunningMock, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=mock.base_url, api_key=key, max_retries=0)


@pytest.fixture
def client(provider: RunningMock, key: str) -> Iterator[openai.OpenAI]:
    """The client of an account that no other test uses."""
    with client_of(provider, key) as client:
        yield client


def test_generate_returns_pictures_of_the_size_asked_for(
    provider: RunningMock, client: openai.OpenAI
) -> None:
    answer = client.images.generate(
        model=MODEL, prompt="a lighthouse", size="2048x1152", quality="low", n=2
    )
    assert answer.created > 0
    assert answer.data is not None
    assert [measure_base64(image.b64_json) for image in answer.data] == [("PNG", 2048, 1152)] * 2
    for image in answer.data:
        assert image.url is not None
        assert image.b64_json is not None
        assert provider.bytes_of(image.url) == base64.b64decode(image.b64_json)
    assert answer.model_extra == {}


def test_generate_is_charged_by_the_price_list(
    provider: RunningMock, client: openai.OpenAI, key: str
) -> None:
    before = provider.balance(key)
    client.images.generate(model=MODEL, prompt="x", size="3840x2160", quality="high", n=2)
    after = provider.balance(key)
    spent = Decimal(str(before["total"])) - Decimal(str(after["total"]))
    assert (spent, after["frozen"]) == (2 * Decimal("0.23"), 0)


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_output_format_decides_the_bytes(client: openai.OpenAI, output_format: str) -> None:
    answer = client.images.generate(
        model=MODEL,
        prompt="x",
        size="1024x1536",
        quality="low",
        extra_body={"output_format": output_format},
    )
    assert answer.data is not None
    assert measure_base64(answer.data[0].b64_json) == (output_format.upper(), 1024, 1536)


def one_open_file(folder: Path) -> io.BufferedReader:
    path = folder / "product photo.png"
    path.write_bytes(picture())
    return path.open("rb")


def test_edit_of_an_open_file(client: openai.OpenAI, tmp_path: Path) -> None:
    with one_open_file(tmp_path) as file:
        answer = client.images.edit(
            model=MODEL, image=file, prompt="on a beach", size="1536x1024", quality="low"
        )
    assert answer.data is not None
    assert measure_base64(answer.data[0].b64_json) == ("PNG", 1536, 1024)


@pytest.mark.parametrize(
    "image",
    [
        picture(),
        io.BytesIO(picture()),
        ("photos/ü \"é'.png", picture(), "application/octet-stream"),
        ("blob", picture(), "image/jpeg"),
    ],
    ids=["bytes", "buffer", "odd-name", "wrong-type"],
)
def test_edit_takes_a_picture_by_its_bytes_whatever_it_is_called(
    client: openai.OpenAI, image: openai._types.FileTypes
) -> None:
    answer = client.images.edit(
        model=MODEL, image=image, prompt="x", size="1024x1024", quality="low"
    )
    assert answer.data is not None
    assert measure_base64(answer.data[0].b64_json) == ("PNG", 1024, 1024)


def test_edit_of_sixteen_images_with_a_mask(client: openai.OpenAI) -> None:
    answer = client.images.edit(
        model=MODEL,
        image=[picture(colour=f"hsl({20 * index}, 80%, 50%)") for index in range(16)],
        mask=picture(mode="RGBA", colour="#00000000"),
        prompt="all of them in one room",
        size="1024x1024",
        quality="low",
        n=2,
    )
    assert answer.data is not None
    assert [measure_base64(image.b64_json) for image in answer.data] == [("PNG", 1024, 1024)] * 2


def test_edit_of_seventeen_images_is_refused(
    provider: RunningMock, client: openai.OpenAI, key: str
) -> None:
    before = provider.balance(key)
    with pytest.raises(openai.BadRequestError, match=r"\b16\b.*\b17\b|\b17\b.*\b16\b") as refusal:
        client.images.edit(model=MODEL, image=[picture()] * 17, prompt="x", size="1024x1024")
    assert refusal.value.param == "image"
    assert provider.balance(key) == before


def test_edit_with_urls_asked_for_leaves_the_base64_out(
    provider: RunningMock, client: openai.OpenAI
) -> None:
    answer = client.images.edit(
        model=MODEL, image=picture(), prompt="x", size="1024x1024", response_format="url"
    )
    assert answer.data is not None
    assert answer.data[0].b64_json is None
    assert answer.data[0].url is not None
    assert provider.bytes_of(answer.data[0].url).startswith(b"\x89PNG")


def test_the_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).id == MODEL


def test_a_request_without_a_size_makes_a_task_that_can_be_polled(client: openai.OpenAI) -> None:
    created = client.images.with_raw_response.generate(
        model=MODEL, prompt="x", extra_body={"aspect_ratio": "9:16", "resolution": "2K"}
    )
    task_id = created.http_response.json()["data"]["taskId"]
    polled = client.get(
        "/images/generations", cast_to=dict[str, object], options={"params": {"task_id": task_id}}
    )
    data = polled["data"]
    assert isinstance(data, dict)
    assert (data["taskId"], data["state"], len(data["resultUrls"])) == (task_id, "completed", 1)


Call: TypeAlias = Callable[[openai.OpenAI], object]

REFUSED: list[tuple[Call, str, str]] = [
    (lambda c: c.images.generate(model=MODEL, prompt="x", size="1000x1000"), "size", "16"),
    (lambda c: c.images.generate(model=MODEL, prompt="x", size="4000x1024"), "size", "3840"),
    (lambda c: c.images.generate(model=MODEL, prompt=" ", size="1024x1024"), "prompt", "prompt"),
    (lambda c: c.images.generate(model=MODEL, prompt="x", size="1024x1024", n=11), "n", "10"),
    (lambda c: c.images.generate(model="dall-e-3", prompt="x"), "model", "Supported models"),
    (lambda c: c.images.edit(model=MODEL, prompt="x", image=b"no picture"), "image", "image"),
    (
        lambda c: c.images.generate(
            model=MODEL,
            prompt="x",
            size="1024x1024",
            background="transparent",
            output_format="jpeg",
        ),
        "background",
        "jpeg",
    ),
    (
        lambda c: c.images.generate(model=MODEL, prompt="x", size="1024x1024", stream=True),
        "stream",
        "stream",
    ),
]


@pytest.mark.parametrize("call, param, said", REFUSED, ids=[param for _, param, _ in REFUSED])
def test_a_refused_request_is_a_bad_request_error(
    client: openai.OpenAI, call: Call, param: str, said: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        call(client)
    error = refusal.value
    assert (error.status_code, error.param, error.type) == (400, param, "invalid_request_error")
    assert said in error.message
    assert error.request_id


def test_an_unknown_key_is_an_authentication_error(closed: RunningMock) -> None:
    with (
        client_of(closed, "sk_unknown") as client,
        pytest.raises(openai.AuthenticationError, match="key") as refusal,
    ):
        client.images.generate(model=MODEL, prompt="x", size="1024x1024")
    assert refusal.value.status_code == 401
    assert "sk_unknown" not in refusal.value.message


def test_a_known_key_is_served(closed: RunningMock) -> None:
    with client_of(closed, RICH) as client:
        answer = client.images.generate(model=MODEL, prompt="x", size="1024x1024", quality="low")
    assert answer.data is not None
    assert len(answer.data) == 1


def test_an_empty_account_is_refused_with_402(closed: RunningMock) -> None:
    with (
        client_of(closed, POOR) as client,
        pytest.raises(openai.APIStatusError, match="balance") as refusal,
    ):
        client.images.generate(model=MODEL, prompt="x", size="1024x1024")
    assert refusal.value.status_code == 402
    assert Decimal(str(closed.balance(POOR)["total"])) == Decimal("0.001")


MISSING: list[Call] = [
    lambda c: c.models.retrieve("no-such-model"),
    lambda c: c.post("/images/variations", cast_to=object, body={}),
    lambda c: c.chat.completions.create(model=MODEL, messages=[]),
    lambda c: c.get(
        "/images/generations", cast_to=object, options={"params": {"task_id": "no-such-task"}}
    ),
]


@pytest.mark.parametrize("call", MISSING, ids=["model", "variations", "chat", "task"])
def test_what_is_not_there_is_a_not_found_error(client: openai.OpenAI, call: Call) -> None:
    with pytest.raises(openai.NotFoundError) as refusal:
        call(client)
    assert refusal.value.status_code == 404
    assert refusal.value.message != "Error code: 404"
    assert refusal.value.request_id


def test_a_client_that_gives_up_and_retries_pays_for_each_try(
    stopped_clock: RunningMock, key: str
) -> None:
    """Retrying is the SDK's default; the endpoint cannot tell a second try from a second wish."""

    def account() -> dict[str, Decimal]:
        amounts = stopped_clock.balance(key)
        return {name: Decimal(str(amounts[name])) for name in ("total", "frozen")}

    before = account()["total"]
    with (
        openai.OpenAI(
            base_url=stopped_clock.base_url, api_key=key, max_retries=1, timeout=0.5
        ) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        client.images.generate(model=MODEL, prompt="x", size="1024x1024", quality="high")
    stopped_clock.wait_for(lambda: account()["frozen"] == 2 * Decimal("0.07"))
    stopped_clock.post("/_mock/clock", {"advance": 600})
    stopped_clock.wait_for(lambda: account()["frozen"] == 0)
    assert before - account()["total"] == 2 * Decimal("0.07")
