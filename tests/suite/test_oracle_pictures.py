"""Pictures by their bytes: every lie about size, format or alpha is told, every true one passes."""

import zlib
from io import BytesIO
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageChops

from contracts import samples
from contracts.oracle import pictures
from contracts.oracle.masks import kept_problems
from contracts.oracle.problem import Problem
from contracts.size import Size
from tests.suite.variants import changed, own

SIZE = Size(96, 64)
CORRUPT_EXIF = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00"


def drawn(mode: str, image_format: str, size: Size = SIZE, **options: Any) -> bytes:
    """A picture of one colour, in the mode and format; with alpha it is fully transparent."""
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, image_format, **options)
    return buffer.getvalue()


def told(problems: list[Problem]) -> list[str]:
    """The problems as words."""
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "mode, image_format, options, alpha",
    [
        ("RGB", "png", {}, False),
        ("RGBA", "png", {}, True),
        ("LA", "png", {}, True),
        ("L", "png", {}, False),
        ("P", "png", {}, False),
        ("P", "png", {"transparency": 0}, True),
        ("RGB", "png", {"transparency": (0, 0, 0)}, True),
        ("1", "png", {}, False),
        ("RGB", "jpeg", {}, False),
        ("L", "jpeg", {"progressive": True}, False),
        ("RGB", "jpeg", {"exif": CORRUPT_EXIF}, False),
        ("RGB", "webp", {}, False),
        ("RGBA", "webp", {}, True),
        ("RGB", "webp", {"lossless": True}, False),
        ("RGBA", "webp", {"lossless": True}, True),
        ("RGB", "webp", {"exif": CORRUPT_EXIF}, False),
    ],
)
def test_a_header_is_read(mode: str, image_format: str, options: Any, alpha: bool) -> None:  # noqa: FBT001
    data = drawn(mode, image_format, **options)
    assert pictures.read(data) == pictures.Header(image_format, SIZE, alpha)
    assert not pictures.problems(data, size=SIZE, image_format=image_format, alpha="either")


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("keep", [0, 1, 11, 29, 60, -2])
def test_a_picture_cut_short_is_told(image_format: str, keep: int) -> None:
    data = samples.gradient(SIZE, image_format)[:keep]
    (problem,) = pictures.problems(data, size=SIZE, image_format=image_format)
    assert problem.rule == "size-exact"


def test_a_png_with_a_wrong_check_sum_is_told() -> None:
    data = bytearray(drawn("RGB", "png"))
    at = data.index(b"IDAT") + 8
    data[at] ^= 0xFF
    assert told(pictures.problems(bytes(data), size=SIZE))[0].startswith("size-exact: no PNG")


def packed(data: bytes) -> bytes:
    """What the one IDAT chunk of a PNG holds."""
    idat = data.index(b"IDAT")
    return data[idat + 4 : idat + 4 + int.from_bytes(data[idat - 4 : idat], "big")]


def repacked(data: bytes, stream: bytes) -> bytes:
    """A PNG with another stream of pixels, its chunk as it should be."""
    idat = data.index(b"IDAT")
    chunk = b"IDAT" + stream
    framed = len(stream).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return data[: idat - 4] + framed + data[idat + 8 + len(packed(data)) :]


ROWS = zlib.decompress(packed(drawn("RGB", "png")))
STRIDE = 1 + 3 * SIZE.width


@pytest.mark.parametrize(
    "stream, words",
    [
        (zlib.compress(ROWS[: len(ROWS) // 2]), "its rows hold"),
        (zlib.compress(ROWS[:-1]), "its rows hold"),
        (zlib.compress(ROWS + ROWS[:STRIDE]), "its rows hold"),
        (zlib.compress(ROWS)[:-6], "cannot be unpacked: the stream is cut short"),
        (zlib.compress(ROWS)[:-1] + b"?", "cannot be unpacked"),
        (b"never packed", "cannot be unpacked"),
        (zlib.compress(b"\5" + ROWS[1:]), "filtered by 5"),
        (zlib.compress(ROWS[:-STRIDE] + b"\xff" + ROWS[1 - STRIDE :]), "filtered by 255"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])  # whose rows would be longer
def test_a_png_whose_rows_are_not_whole_is_told(mode: str, stream: bytes, words: str) -> None:
    broken = repacked(drawn(mode, "png"), stream)
    assert pictures.read(broken)
    (found,) = told(pictures.problems(broken, size=SIZE))
    assert "does not decode" in found
    assert mode == "RGBA" or words in found


def test_a_picture_of_many_pieces_is_whole() -> None:
    size = Size(1040, 1000)
    noise = Image.frombytes("RGB", (size.width, size.height), Random(1).randbytes(3 * size.pixels))
    buffer = BytesIO()
    noise.save(buffer, "png")
    assert not pictures.problems(buffer.getvalue(), size=size, image_format="png")
    assert pictures.decode(buffer.getvalue()) == pictures.Decoded("png", size, 255)


def test_transparency_by_a_colour_is_seen() -> None:
    """Plain RGB is opaque, unless one of its colours is not."""
    data = drawn("RGB", "png", transparency=(0, 0, 0))
    decoded = pictures.decode(data)
    assert isinstance(decoded, pictures.Decoded)
    assert decoded.least_alpha == 0


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + b"\0" * 40, b"<html></html>" * 9])
def test_bytes_that_are_no_picture_are_told(data: bytes) -> None:
    assert told(pictures.problems(data))[0].startswith("size-exact: no PNG, JPEG or WebP; it beg")


@pytest.mark.parametrize("size", [Size(96, 63), Size(97, 64), SIZE.turned, Size(48, 32)])
@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp"])
def test_another_size_is_told(size: Size, image_format: str) -> None:
    found = told(pictures.problems(samples.gradient(size, image_format), size=SIZE))
    assert found == [f"size-exact: the picture measures {size}; expected {SIZE}"]


@pytest.mark.parametrize(
    "image_format, other", [("png", "jpeg"), ("jpeg", "webp"), ("webp", "png")]
)
def test_another_format_is_told(image_format: str, other: str) -> None:
    found = told(pictures.problems(drawn("RGB", image_format), image_format=other))
    assert found == [f"output-format: the picture is a {image_format}; expected {other}"]


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_a_lie_about_alpha_is_told(image_format: str) -> None:
    opaque, clear = drawn("RGB", image_format), drawn("RGBA", image_format)
    assert not pictures.problems(opaque, alpha="forbidden")
    assert not pictures.problems(clear, alpha="required")
    assert "no alpha channel" in told(pictures.problems(opaque, alpha="required"))[0]
    assert "it must have none" in told(pictures.problems(clear, alpha="forbidden"))[0]


@pytest.mark.parametrize("level", [1, 128, 255])
def test_alpha_without_a_fully_transparent_pixel_is_told(level: int) -> None:
    buffer = BytesIO()
    Image.new("RGBA", SIZE, (9, 9, 9, level)).save(buffer, "png")
    found = told(pictures.problems(buffer.getvalue(), alpha="required"))
    assert found == [
        f"background: no pixel is fully transparent; the least alpha is {level}",
    ]


def test_a_palette_with_transparency_counts_as_alpha() -> None:
    assert not pictures.problems(drawn("P", "png", transparency=0), alpha="required")
    assert pictures.problems(drawn("P", "png", transparency=0), alpha="forbidden")


def test_a_content_type_of_another_format_is_told() -> None:
    webp = drawn("RGB", "webp")
    assert not pictures.media_type_problems(own(), webp, "image/webp")
    found = told(pictures.media_type_problems(own(), webp, "image/png"))
    assert found == ["same-bytes: Content-Type is 'image/png'; the bytes are image/webp"]
    other = changed({"output-format/data/media_types/webp": "image/x-webp"})
    assert pictures.media_type_problems(other, webp, "image/webp")


# --- Masks


def edited(mask: bytes, *, shift: tuple[int, int] = (0, 0), fill: int = 128) -> bytes:
    """The gradient, repainted in one colour where the mask is transparent, moved by `shift`."""
    picture = Image.open(BytesIO(samples.gradient(SIZE)))
    alpha = Image.open(BytesIO(mask)).getchannel("A")
    moved = ImageChops.offset(alpha, *shift)
    painted = Image.composite(picture, Image.new("RGB", SIZE, (fill, fill, fill)), moved)
    buffer = BytesIO()
    painted.save(buffer, "png")
    return buffer.getvalue()


def judged(result: bytes, *, inner: bool = True) -> list[str]:
    """What is wrong with an edit of the gradient by a box mask."""
    return told(kept_problems(result, samples.gradient(SIZE), samples.half_mask(SIZE, inner=inner)))


@pytest.mark.parametrize("inner", [True, False])
def test_an_edit_that_kept_its_mask_is_fine(inner: bool) -> None:  # noqa: FBT001
    assert judged(edited(samples.half_mask(SIZE, inner=inner)), inner=inner) == []


@pytest.mark.parametrize("shift", [(1, 0), (-1, 0), (0, 1), (0, -1), (3, 2), (40, 0)])
@pytest.mark.parametrize("inner", [True, False])
def test_a_shifted_mask_is_told(shift: tuple[int, int], inner: bool) -> None:  # noqa: FBT001
    mask = samples.half_mask(SIZE, inner=inner)
    found = judged(edited(mask, shift=shift), inner=inner)
    assert any("protected pixels were repainted" in text for text in found), found
    assert all(text.startswith("mask (kept-pixels): ") for text in found)


def test_a_mask_read_the_wrong_way_round_is_told() -> None:
    assert len(judged(edited(samples.half_mask(SIZE, inner=False)))) == 2


def test_a_mask_that_was_ignored_is_told_either_way() -> None:
    assert "still shows the reference" in judged(samples.gradient(SIZE))[0]
    assert "protected pixels were repainted" in judged(drawn("RGB", "png"))[0]


def test_a_turned_or_mirrored_reference_is_told() -> None:
    picture = Image.open(BytesIO(edited(samples.half_mask(SIZE))))
    for move in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM):
        buffer = BytesIO()
        picture.transpose(move).save(buffer, "png")
        assert judged(buffer.getvalue())


SCALED = [
    Image.Resampling.NEAREST,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
]


def scaled_edit(mask: bytes, method: Image.Resampling) -> bytes:
    """The gradient in twice its size, painted over where the mask, scaled too, is transparent."""
    twice = (SIZE.width * 2, SIZE.height * 2)
    picture = Image.open(BytesIO(samples.gradient(SIZE))).convert("RGB").resize(twice, method)
    alpha = Image.open(BytesIO(mask)).getchannel("A").resize(twice, method)
    buffer = BytesIO()
    Image.composite(picture, Image.new("RGB", twice, (128, 128, 128)), alpha).save(buffer, "png")
    return buffer.getvalue()


@pytest.mark.parametrize("method", SCALED)
def test_an_edit_may_be_scaled_in_any_way(method: Image.Resampling) -> None:
    assert judged(scaled_edit(samples.half_mask(SIZE), method)) == []


@pytest.mark.parametrize("method", SCALED)
def test_a_scaled_edit_that_moved_its_mask_is_told(method: Image.Resampling) -> None:
    alpha = Image.open(BytesIO(samples.half_mask(SIZE)))
    buffer = BytesIO()
    ImageChops.offset(alpha, 8, 0).save(buffer, "png")
    assert judged(scaled_edit(buffer.getvalue(), method))


def test_reference_and_mask_of_other_sizes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="not of one size"):
        kept_problems(drawn("RGB", "png"), samples.gradient(SIZE), samples.half_mask(SIZE.turned))
