"""Masks over the wire: what they keep, what they repaint, and which do not fit."""

from io import BytesIO

import pytest
from PIL import Image

from contracts.oracle.masks import kept_problems
from contracts.samples import data_uri, gradient, half_mask, opaque_mask, text_of
from contracts.size import Size
from mock_server.clock import manual_clock
from tests.api import Api, running
from tests.forms import file_part
from tests.laws import Answer, opened, pictures, refused

SIZE = "1024x640"
WHOLE = Size(1024, 640)
SMALL = Size(64, 48)
PICTURE = gradient(SMALL)


@pytest.mark.parametrize("inner", [True, False])
async def test_a_mask_keeps_what_is_opaque_and_repaints_what_is_transparent(*, inner: bool) -> None:
    reference, mask = gradient(WHOLE), half_mask(WHOLE, inner=inner)
    async with running() as api:
        fields = {"size": SIZE}
        at = await api.upload(mask)
        answers = [
            await api.create(image=text_of(reference), mask_base64=text_of(mask), **fields),
            await api.edit(
                images=[{"image_url": data_uri(reference)}],
                mask={"image_url": data_uri(mask)},
                **fields,
            ),
            await api.edit_form(file_part("mask", mask), file_part("image", reference), **fields),
            await api.edit_form(file_part("image", reference), mask_base64=text_of(mask), **fields),
            await api.create(image_url=await api.upload(reference), mask_url=at, **fields),
        ]
        results = {pictures(answer)[0].data for answer in answers}
        (one,) = results
        assert not kept_problems(one, reference, mask)


async def test_a_mask_is_scaled_with_its_reference() -> None:
    reference, mask = gradient(Size(512, 320)), half_mask(Size(512, 320))
    async with running() as api:
        answer = await api.create(size=SIZE, image=text_of(reference), mask_base64=text_of(mask))
        (picture,) = pictures(answer)
        stretched = opened(reference).convert("RGB").resize((1024, 640), Image.Resampling.BILINEAR)
        kept = picture.image.convert("RGB").crop((0, 0, 1024, 150))
        worst = max(
            abs(a - b)
            for a, b in zip(
                kept.tobytes(), stretched.crop((0, 0, 1024, 150)).tobytes(), strict=True
            )
        )
        assert worst <= 2
        middle = (512, 320)
        assert picture.image.convert("RGB").getpixel(middle) != stretched.getpixel(middle)


async def masked(api: Api, mask: bytes, *, reference: bytes = PICTURE) -> Answer:
    """An edit with a mask, as a form."""
    return await api.edit_form(file_part("image", reference), file_part("mask", mask), size=SIZE)


@pytest.mark.parametrize(
    "mask, problem",
    [
        (half_mask(Size(64, 64)), "first reference's dimensions, 64x48; got 64x64"),
        (half_mask(Size(48, 64)), "got 48x64"),
        (opaque_mask(SMALL, mode="RGB"), "must have an alpha channel"),
        (opaque_mask(SMALL, mode="L"), "must have an alpha channel"),
        (opaque_mask(SMALL, mode="RGB", image_format="jpeg"), "must be png; got jpeg"),
        (opaque_mask(SMALL, image_format="webp"), "must be png; got webp"),
        (b"", "must be a picture"),
        (b"hello", "must be a picture"),
        (half_mask(SMALL)[:-20], "truncated"),
    ],
)
async def test_a_mask_that_does_not_fit_is_refused(mask: bytes, problem: str) -> None:
    async with running() as api:
        refused(await masked(api, mask), 400, "mask: ", problem, param="mask")
        answer = await api.create(
            size=SIZE, image=text_of(PICTURE), mask_base64=text_of(mask) or "="
        )
        assert answer.json["error"]["param"] == "mask_base64"


async def test_a_mask_that_is_opaque_throughout_repaints_nothing() -> None:
    async with running() as api:
        reference = gradient(WHOLE)
        (picture,) = pictures(await masked(api, opaque_mask_of(WHOLE), reference=reference))
        assert not kept_problems(picture.data, reference, opaque_mask_of(WHOLE))


def opaque_mask_of(size: Size) -> bytes:
    """A mask that keeps everything."""
    buffer = BytesIO()
    Image.new("RGBA", size, (0, 0, 0, 255)).save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_mask_without_a_picture_is_refused() -> None:
    async with running() as api:
        for field, text in (
            ("mask_base64", text_of(half_mask(SMALL))),
            ("mask_url", "https://x.example/m.png"),
        ):
            answer = await api.create(size=SIZE, **{field: text})
            refused(answer, 400, "a mask needs a reference image", param=field)


async def test_a_task_keeps_what_it_starts_from_until_it_is_drawn() -> None:
    async with running(clock=manual_clock()) as api:
        reference, mask = gradient(WHOLE), half_mask(WHOLE)
        fields = {"image": text_of(reference), "mask_base64": text_of(mask), "size": SIZE}
        task_id = await api.task(callback_url="http://127.0.0.1:9/", **fields)
        await api.advance(1000)
        task = await api.poll(task_id)
        result = (await api.get(task["resultUrls"][0], key=None)).body
        assert not kept_problems(result, reference, mask)


async def test_no_pixel_depends_on_the_order_of_the_parts() -> None:
    async with running() as api:
        image, mask = file_part("image", gradient(WHOLE)), file_part("mask", half_mask(WHOLE))
        (one,) = pictures(await api.edit_form(image, mask, size=SIZE))
        (other,) = pictures(await api.edit_form(mask, image, size=SIZE))
        assert one.data == other.data


async def test_a_mask_that_is_not_fetched_repaints_nothing() -> None:
    async with running() as api:
        reference = gradient(WHOLE)
        fields = {"image": text_of(reference), "mask_url": "https://mock.example/mask.png"}
        (picture,) = pictures(await api.create(size=SIZE, **fields))
        assert not kept_problems(picture.data, reference, opaque_mask_of(WHOLE))
