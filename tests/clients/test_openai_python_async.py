"""The asynchronous client of the `openai` package from PyPI."""

import asyncio
from decimal import Decimal

import openai
import pytest

from tests.clients.mocks import RunningMock
from tests.clients.pictures import measure_base64, picture

MODEL = "gpt-image-2-all"
PRICES_AT_LOW = ["0.005", "0.005", "0.01", "0.015"]


async def test_pictures_and_edits_at_the_same_time(provider: RunningMock, key: str) -> None:
    sizes = ["1024x1024", "1536x1024", "2048x1152", "3840x2160"]
    before = Decimal(str(provider.balance(key)["total"]))
    async with openai.AsyncOpenAI(base_url=provider.base_url, api_key=key, max_retries=0) as client:
        answers = await asyncio.gather(
            *(
                client.images.generate(model=MODEL, prompt="x", size=size, quality="low")
                for size in sizes
            ),
            *(
                client.images.edit(
                    model=MODEL, image=picture(), prompt="x", size=size, quality="low"
                )
                for size in sizes
            ),
        )
    measured = [measure_base64(image.b64_json) for a in answers for image in a.data or []]
    assert [f"{width}x{height}" for _, width, height in measured] == sizes * 2
    after = provider.balance(key)
    assert before - Decimal(str(after["total"])) == 2 * sum(map(Decimal, PRICES_AT_LOW))


async def test_a_refusal_is_mapped_as_in_the_synchronous_client(
    provider: RunningMock, key: str
) -> None:
    async with openai.AsyncOpenAI(base_url=provider.base_url, api_key=key) as client:
        with pytest.raises(openai.BadRequestError) as refusal:
            await client.images.edit(model=MODEL, image=picture(), prompt="x", size="0x0")
    assert refusal.value.param == "size"
    assert "0x0" in refusal.value.message


async def test_a_webhook_address_makes_an_edit_a_task(provider: RunningMock, key: str) -> None:
    async with openai.AsyncOpenAI(base_url=provider.base_url, api_key=key) as client:
        created = await client.images.with_raw_response.edit(
            model=MODEL,
            image=picture(),
            prompt="x",
            size="1024x1024",
            extra_body={"callback_url": "http://127.0.0.1:9000/webhook"},
        )
    data = created.http_response.json()["data"]
    assert data["state"] == "pending"
    polled = provider.get(f"/api/v1/images/generations?task_id={data['taskId']}", key=key)["data"]
    assert polled["modelType"] == "IMAGE_TO_IMAGE"
