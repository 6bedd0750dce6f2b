"""References and masks over the wire: every form, every limit, and what a mask keeps."""

from typing import Any, cast

import pytest

from contracts.samples import data_uri, gradient, half_mask, opaque_mask, sample, text_of
from contracts.size import Size
from tests.api import running
from tests.forms import file_part
from tests.laws import opened, own_contract, pictures, refused

SIZE = "1024x640"
WHOLE = Size(1024, 640)
SMALL = Size(64, 48)
PICTURE = gradient(SMALL)
TABLE = own_contract().references
SINGLE = ["image", "image_base64", "image_url"]
MANY = ["image_urls", "images"]


@pytest.mark.parametrize(
    "field, kind",
    [*((field, "png") for field in (*SINGLE, *MANY)), ("image", "jpeg"), ("image", "webp")],
)
async def test_a_picture_comes_in_every_field_and_form(field: str, kind: str) -> None:
    picture = sample(f"sample-{kind}")
    async with running() as api:
        url = await api.upload(picture, media_type=f"image/{kind}")
        for text in (text_of(picture), data_uri(picture, f"image/{kind}"), url):
            value: Any = [text] if field in MANY else text
            for answer in (
                await api.create(size=SIZE, **{field: value}),
                await api.edit(size=SIZE, **{field: value}),
            ):
                assert pictures(answer)[0].size == SIZE
                sources = api.mock.store.sources(answer.request_id)
                assert sources is not None
                assert [reference.data for reference in sources.references] == [picture]


@pytest.mark.parametrize(
    "images",
    [
        [{"image_url": data_uri(PICTURE)}],
        [{"image_url": text_of(PICTURE), "file_id": None}],
        [{"image_url": "https://mock.example/a.png"}, text_of(PICTURE)],
    ],
)
async def test_an_edit_in_json_takes_objects_as_the_openai_clients_write_them(images: Any) -> None:
    async with running() as api:
        assert pictures(await api.edit(size=SIZE, images=images))[0].size == SIZE


@pytest.mark.parametrize(
    "images", [[{"image_url": 7}], [{"url": "x"}], [{}], [7], [None], [[]], {}, "text", 7, [""]]
)
async def test_what_is_no_list_of_pictures_is_refused(images: Any) -> None:
    async with running() as api:
        answer = await api.edit(size=SIZE, images=images)
        refused(answer, 400, "images: must be a list of pictures", param="images")


async def test_all_references_together_are_at_most_sixteen() -> None:
    most = TABLE.max_references
    text = text_of(PICTURE)
    spread: dict[str, Any] = {
        "image": text,
        "image_base64": text,
        "image_url": text,
        "image_urls": [text] * 4,
    }
    async with running() as api:
        answer = await api.create(size=SIZE, **spread, images=[text] * (most - 7))
        assert answer.status == 200
        one_more = await api.create(size=SIZE, **spread, images=[text] * (most - 6))
        problem = f"at most {most} references over all fields together; got {most + 1}"
        refused(one_more, 400, problem, param="images")
        parts = [file_part("image[]", PICTURE)] * (most + 1)
        refused(await api.edit_form(*parts, size=SIZE), 400, problem, param="image")
        assert (await api.edit_form(*parts[1:], size=SIZE)).status == 200
        mixed = await api.edit_form(*parts[1:], size=SIZE, image_url=text)
        refused(mixed, 400, problem, param="image_url")


@pytest.mark.parametrize("field", ["image_urls", "images"])
async def test_one_list_holds_at_most_sixteen(field: str) -> None:
    async with running() as api:
        fields: dict[str, Any] = {field: [text_of(PICTURE)] * 17}
        answer = await api.create(size=SIZE, **fields)
        assert refused(answer, 400, "at most 16", param=field)


async def test_an_edit_needs_a_picture() -> None:
    async with running() as api:
        for answer in (await api.edit(size=SIZE), await api.edit_form(size=SIZE)):
            refused(answer, 400, "image: is required and was not given", param="image")
        masked = await api.edit(size=SIZE, mask_base64=text_of(half_mask(SMALL)))
        refused(masked, 400, "image: is required", param="image")
        for empty in cast(list[object], [[], None]):
            refused(await api.edit(size=SIZE, images=empty), 400, param="image")


@pytest.mark.parametrize(
    "text, problem",
    [
        ("!!!", "does not decode as base64"),
        ("aGVsbG8", "does not decode as base64"),
        ("aGVs bG8=", "does not decode as base64"),
        ("aGVsbG8=", "5 bytes: the bytes are no PNG, JPEG or WebP picture"),
        ("data:image/png;base64,", "0 bytes"),
        ("data:image/png,hello", "does not decode as base64"),
        ("data:image/png;base64", "does not decode as base64"),
        ("data:", "does not decode as base64"),
        ("ftp://mock.example/a.png", "does not decode as base64"),
        ("file:///etc/passwd", "does not decode as base64"),
        ("/etc/passwd", "does not decode as base64"),
        ("http://", "no absolute URL"),
        ("http://[::1", "no absolute URL"),
        ("https://mock.example:port/a.png", "no absolute URL"),
        ("https://mock.example/a b.png", "no absolute URL"),
        ("https://mock.example/\u0000", "no absolute URL"),
        ("\u0000", "does not decode as base64"),
        ("\uff49mage", "does not decode as base64"),
        (text_of(PICTURE)[:-40], "truncated"),
        (text_of(PICTURE[:200]), "truncated"),
        (text_of(PICTURE[:100] + b"\xff" * 20 + PICTURE[120:]), "damaged"),
        (text_of(b"GIF89a" + bytes(100)), "no PNG, JPEG or WebP"),
        (text_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "no PNG, JPEG or WebP"),
    ],
)
async def test_what_is_no_picture_is_refused(text: str, problem: str) -> None:
    async with running() as api:
        for field in ("image", "image_url"):
            answer = await api.create(size=SIZE, **{field: text})
            refused(
                answer,
                400,
                f"{field}: must be a picture (png or jpeg or webp)",
                problem,
                param=field,
            )
            waiting = await api.create(**{field: text})
            refused(waiting, 400, problem, param=field)
        assert (await api.money()).total == api.mock.settings.balance


async def test_a_file_that_is_no_picture_is_refused() -> None:
    async with running() as api:
        for field, content in (("image", b""), ("image", b"hello"), ("image[]", PICTURE[:-20])):
            answer = await api.edit_form(file_part(field, content), size=SIZE)
            refused(answer, 400, "must be a picture (png or jpeg or webp)", param="image")


async def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    """A bomb: a hundred megapixels in a few kilobytes."""
    bomb = opaque_mask(Size(10_000, 10_000), mode="1")
    assert len(bomb) < 100_000
    async with running() as api:
        answer = await api.create(size=SIZE, image=text_of(bomb))
        refused(answer, 400, "10000x10000 pixels", str(TABLE.max_pixels), param="image")


async def test_a_picture_of_too_many_bytes_is_refused() -> None:
    async with running() as api:
        large = PICTURE + bytes(TABLE.max_bytes - len(PICTURE) + 1)
        answer = await api.edit_form(file_part("image", large), size=SIZE)
        refused(
            answer, 400, f"at most {TABLE.max_bytes:,} bytes; got {len(large):,}", param="image"
        )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/a.png",
        "http://localhost/a.png",
        "http://LOCALHOST./a.png",
        "https://printer.local/a.png",
        "http://metadata.google.internal/",
        "http://10.1.2.3/a.png",
        "http://172.16.0.1/",
        "http://192.168.1.1/a.png",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.png",
        "http://[fe80::1]/a.png",
        "http://[::ffff:127.0.0.1]/a.png",
        "http://0x7f000001/a.png",
        "http://2130706433/a.png",
        "http://127.1/a.png",
        "http://0/a.png",
        "http://user:secret@127.0.0.1/a.png",
    ],
)
async def test_a_private_url_fails_the_task_and_refuses_the_call(url: str) -> None:
    async with running() as api:
        for field in ("image_url", "image"):
            answer = await api.create(size=SIZE, **{field: url})
            refused(answer, 400, TABLE.private_text, param=field)
            task = await api.poll(await api.task(**{field: url}))
            assert (task["state"], task["failCode"]) == ("failed", "INVALID_INPUT")
            assert TABLE.private_text in task["failMsg"]
            assert task["retryable"] is False
            assert task["modelType"] == "IMAGE_TO_IMAGE"
        assert (await api.money()).total == api.mock.settings.balance


async def test_a_mask_on_a_private_host_is_refused_as_well() -> None:
    async with running() as api:
        answer = await api.create(
            size=SIZE, image=text_of(PICTURE), mask_url="http://10.0.0.1/m.png"
        )
        refused(answer, 400, TABLE.private_text, param="mask_url")


async def test_private_urls_are_taken_where_that_is_allowed() -> None:
    async with running(allow_private_urls=True) as api:
        answer = await api.create(size=SIZE, image_url="http://127.0.0.1:9/a.png")
        assert pictures(answer)[0].size == SIZE


async def test_what_this_server_minted_is_no_private_url() -> None:
    async with running() as api:
        upload = await api.upload(PICTURE)
        (first,) = pictures(await api.create(size=SIZE, image_url=upload))
        (again,) = pictures(await api.edit(size=SIZE, image_url=first.url))
        assert again.size == SIZE
        gone = upload + "x"
        refused(
            await api.create(size=SIZE, image_url=gone), 400, TABLE.private_text, param="image_url"
        )


async def test_a_public_url_is_not_fetched_but_drawn_as_a_placeholder() -> None:
    async with running() as api:
        one = pictures(await api.create(size=SIZE, image_url="https://mock.example/cat.png"))[0]
        other = pictures(await api.create(size=SIZE, image_url="https://mock.example/dog.png"))[0]
        assert one.data != other.data


@pytest.mark.parametrize(
    "size, expected",
    [
        (Size(64, 64), "1024x1024"),
        (Size(96, 64), "1536x1024"),
        (Size(64, 96), "1024x1536"),
        (Size(160, 90), "1536x864"),
        (Size(300, 10), "1536x512"),
        (Size(10, 300), "512x1536"),
    ],
)
async def test_the_ratio_auto_is_that_of_the_first_picture(size: Size, expected: str) -> None:
    async with running() as api:
        images = [text_of(gradient(size)), text_of(PICTURE)]
        task = await api.poll(await api.task(images=images, aspect_ratio="auto"))
        picture = opened((await api.get(task["resultUrls"][0], key=None)).body)
        assert f"{picture.width}x{picture.height}" == expected


@pytest.mark.parametrize("fields", [{}, {"image_url": "https://mock.example/wide.png"}])
async def test_the_ratio_auto_is_square_where_no_picture_is_at_hand(fields: Any) -> None:
    async with running() as api:
        task = await api.poll(await api.task(aspect_ratio="auto", **fields))
        picture = opened((await api.get(task["resultUrls"][0], key=None)).body)
        assert (picture.width, picture.height) == (1024, 1024)
