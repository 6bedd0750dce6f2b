"""Profile `openai`: what OpenAI's own endpoint would answer to the `openai` package from PyPI."""

from collections.abc import Iterator

import openai
import pytest

from tests.clients.mocks import RunningMock
from tests.clients.pictures import measure_base64, picture


@pytest.fixture
def client(openai_profile: RunningMock, key: str) -> Iterator[openai.OpenAI]:
    """A client of the mock in profile `openai`."""
    with openai.OpenAI(base_url=openai_profile.base_url, api_key=key, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("size", [None, "auto", openai.omit])
def test_without_a_size_a_picture_comes_at_once(
    client: openai.OpenAI, size: str | openai.Omit | None
) -> None:
    answer = client.images.generate(model="gpt-image-2", prompt="x", size=size)
    assert answer.data is not None
    assert measure_base64(answer.data[0].b64_json) == ("PNG", 1024, 1024)


def test_the_answer_says_what_was_made(client: openai.OpenAI) -> None:
    answer = client.images.generate(
        prompt="x",
        size="1536x1024",
        quality="low",
        background="transparent",
        output_format="webp",
    )
    assert (answer.size, answer.quality) == ("1536x1024", "low")
    assert (answer.background, answer.output_format) == ("transparent", "webp")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    details = answer.usage.input_tokens_details
    assert details.image_tokens + details.text_tokens == answer.usage.input_tokens


@pytest.mark.parametrize("quality, made", [("standard", "medium"), ("hd", "high")])
def test_the_qualities_of_older_models_are_understood(
    client: openai.OpenAI, quality: str, made: str
) -> None:
    answer = client.images.generate(
        model="dall-e-3", prompt="x", extra_body={"quality": quality, "style": "vivid"}
    )
    assert answer.quality == made


@pytest.mark.parametrize("partial_images", [0, 1, 3])
def test_a_streamed_generation(client: openai.OpenAI, partial_images: int) -> None:
    with client.images.generate(
        prompt="x", size="1536x1024", quality="low", stream=True, partial_images=partial_images
    ) as stream:
        *partials, completed = list(stream)
    indexes = []
    for event in partials:
        assert event.type == "image_generation.partial_image"
        assert measure_base64(event.b64_json) == ("PNG", 1536, 1024)
        indexes.append(event.partial_image_index)
    assert indexes == list(range(partial_images))
    assert completed.type == "image_generation.completed"
    assert measure_base64(completed.b64_json) == ("PNG", 1536, 1024)
    assert (completed.size, completed.quality) == ("1536x1024", "low")
    assert completed.output_format == "png"
    assert completed.usage.total_tokens > 0
    assert completed.created_at > 0


def test_a_streamed_edit(client: openai.OpenAI) -> None:
    with client.images.edit(
        image=[picture(), picture(colour="blue")],
        mask=picture(mode="RGBA", colour="#00000000"),
        prompt="x",
        stream=True,
        partial_images=2,
    ) as stream:
        events = list(stream)
    assert [event.type for event in events] == [
        "image_edit.partial_image",
        "image_edit.partial_image",
        "image_edit.completed",
    ]
    assert [measure_base64(event.b64_json) for event in events] == [("PNG", 1024, 1024)] * 3


def test_a_stream_of_several_pictures_completes_each(client: openai.OpenAI) -> None:
    with client.images.generate(prompt="x", n=3, stream=True, partial_images=1) as stream:
        completed = [event for event in stream if event.type == "image_generation.completed"]
    assert len({event.b64_json for event in completed}) == 3


def test_a_refused_stream_is_an_ordinary_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"4.*3|3.*4") as refusal:
        client.images.generate(prompt="x", stream=True, partial_images=4)
    assert refusal.value.param == "partial_images"


async def test_a_stream_read_by_the_asynchronous_client(
    openai_profile: RunningMock, key: str
) -> None:
    async with openai.AsyncOpenAI(base_url=openai_profile.base_url, api_key=key) as client:
        stream = await client.images.generate(prompt="x", stream=True, partial_images=1)
        types = [event.type async for event in stream]
    assert types == ["image_generation.partial_image", "image_generation.completed"]
