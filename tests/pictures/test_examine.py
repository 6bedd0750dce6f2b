"""What is a picture is told from what is none, precisely, and whatever the bytes."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from mock_server.pictures import Examined, ImageTooLarge, NotAPicture, examine
from tests.pictures.scenes import encoded, gradient

MOST = 50_000_000


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file of these chunks, with right check sums."""
    whole = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        whole += struct.pack(">I", len(body)) + kind + body
        whole += struct.pack(">I", zlib.crc32(kind + body))
    return whole


def header(width: int, height: int, colour: int = 2, depth: int = 8) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


RGB = gradient(40, 30)
RGBA = gradient(40, 30, "RGBA")
REAL = {
    "png": encoded(RGB),
    "png rgba": encoded(RGBA),
    "png palette": saved(RGB.quantize(16), "PNG", transparency=3),
    "png 16": saved(Image.new("I;16", (40, 30), 40_000), "PNG"),
    "jpeg": saved(RGB, "JPEG"),
    "jpeg progressive": saved(RGB, "JPEG", progressive=True, comment=b"a remark"),
    "jpeg cmyk": saved(RGB.convert("CMYK"), "JPEG"),
    "webp": saved(RGB, "WEBP"),
    "webp lossless": saved(RGBA, "WEBP", lossless=True),
    "webp alpha": saved(RGBA, "WEBP"),
    "webp animated": saved(RGB, "WEBP", save_all=True, append_images=[RGB.rotate(180)]),
}


@pytest.mark.parametrize(
    "name, kind, has_alpha",
    [
        ("png", "png", False),
        ("png rgba", "png", True),
        ("png palette", "png", True),
        ("png 16", "png", False),
        ("jpeg", "jpeg", False),
        ("jpeg progressive", "jpeg", False),
        ("jpeg cmyk", "jpeg", False),
        ("webp", "webp", False),
        ("webp lossless", "webp", True),
        ("webp alpha", "webp", True),
        ("webp animated", "webp", False),
    ],
)
def test_a_picture_is_examined(name: str, kind: str, has_alpha: bool) -> None:  # noqa: FBT001
    assert examine(REAL[name], max_pixels=1200) == Examined(kind, 40, 30, has_alpha)


@pytest.mark.parametrize("name", REAL)
def test_a_picture_with_too_many_pixels_is_told_by_its_sides(name: str) -> None:
    with pytest.raises(ImageTooLarge) as caught:
        examine(REAL[name], max_pixels=1199)
    assert caught.value.reason == "the picture has 40x30 pixels; at most 1199 are allowed"


def lossy_webp(width: int, height: int) -> bytes:
    frame = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8 " + struct.pack("<I", 10) + frame


@pytest.mark.parametrize(
    "bomb",
    [
        png(header(100_000, 100_000), (b"IDAT", b""), (b"IEND", b"")),
        b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03"
        + bytes(9)
        + b"\xff\xda\x00\x02\xff\xd9",
        lossy_webp(16383, 16383),
        b"RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + b"\xff" * 6,
        b"RIFF\x16\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f" + b"\xff" * 9,
    ],
)
def test_a_bomb_is_refused_by_its_header(bomb: bytes) -> None:
    with pytest.raises(ImageTooLarge, match="at most 50000000 are allowed"):
        examine(bomb, max_pixels=MOST)


WHOLE = REAL["png"]
SHORT_WEBP = (
    "the WebP picture is truncated: "
    f"{len(REAL['webp'])} bytes announced, {len(REAL['webp']) - 10} there"
)


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "the picture is empty: it has 0 bytes"),
        (b"hello", "the bytes are no PNG, JPEG or WebP picture"),
        (b"GIF89a" + bytes(60), "the bytes are no PNG, JPEG or WebP picture"),
        (b"<svg/>", "the bytes are no PNG, JPEG or WebP picture"),
        (WHOLE[:8], "the PNG picture is truncated: it ends without an IEND chunk"),
        (WHOLE[:-12], "the PNG picture is truncated: it ends without an IEND chunk"),
        (WHOLE[:-20], "the PNG picture is truncated: its last chunk is not complete"),
        (
            WHOLE[:20] + b"\x01" + WHOLE[21:],
            "the PNG picture is damaged: check sum of the chunk at byte 8",
        ),
        (
            png((b"IDAT", b""), (b"IEND", b"")),
            "the PNG picture is damaged: it does not begin with its header",
        ),
        (png(header(0, 5), (b"IEND", b"")), "the PNG picture is damaged: its size is 0x5"),
        (REAL["jpeg"][:100], "the JPEG picture is truncated: it ends within its header"),
        (REAL["jpeg"][:-2], "the JPEG picture is truncated: it ends without an end marker"),
        (b"\xff\xd8\xff\xda\x00\x02", "the JPEG picture is damaged: it has no frame header"),
        (b"\xff\xd8hello", "the JPEG picture is damaged: no marker at byte 2"),
        (b"RIFF" + bytes(40), "the bytes are a RIFF file, but no WebP picture"),
        (
            REAL["webp"][:-10],
            SHORT_WEBP,
        ),
        (
            b"RIFF\x16\x00\x00\x00WEBPJUNK" + bytes(20),
            "the WebP picture is damaged: it does not begin with a frame or a header",
        ),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(NotAPicture) as caught:
        examine(data, max_pixels=MOST)
    assert caught.value.reason == str(caught.value) == reason


def test_a_picture_without_its_last_rows_is_refused() -> None:
    row = b"\x00" + bytes(3 * 40)
    for rows, accepted in ((30, True), (29, False)):
        data = png(header(40, 30), (b"IDAT", zlib.compress(row * rows)), (b"IEND", b""))
        if accepted:
            assert examine(data, max_pixels=MOST) == Examined("png", 40, 30, has_alpha=False)
        else:
            with pytest.raises(
                NotAPicture, match="truncated: 3509 of 3630 bytes of pixels are there"
            ):
                examine(data, max_pixels=MOST)


def interlaced(width: int, height: int) -> bytes:
    """A grey picture of 8 bits, interlaced by hand: seven small pictures, one behind the other."""
    steps = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)]
    steps += [(0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for left, top, across, down in steps:
        row = bytes(len(range(left, width, across)))
        raw += (b"\x00" + row) * len(range(top, height, down)) if row else b""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)
    return png((b"IHDR", head), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))


@pytest.mark.parametrize("width, height", [(1, 1), (4, 3), (5, 5), (33, 17)])
def test_an_interlaced_picture_is_examined(width: int, height: int) -> None:
    found = examine(interlaced(width, height), max_pixels=MOST)
    assert found == Examined("png", width, height, has_alpha=False)


@pytest.mark.parametrize(
    "hostile",
    [
        (b"iCCP", b"x\x00\x00" + zlib.compress(bytes(10_000_000))),
        (b"zTXt", b"x\x00\x00" + zlib.compress(bytes(10_000_000))),
        (b"iTXt", b"\xff" * 50),
        (b"acTL", bytes(8)),
        (b"acTL", b"\xff" * 8),
        (b"fcTL", b"\xff" * 26),
        (b"eXIf", b"\xff" * 30),
        (b"pHYs", b""),
        (b"gAMA", b""),
        (b"cHRM", b"\x00"),
        (b"sRGB", b""),
    ],
)
def test_a_chunk_that_no_decoder_needs_does_no_harm(hostile: tuple[bytes, bytes]) -> None:
    row = b"\x00" + bytes(3 * 40)
    pixels = (b"IDAT", zlib.compress(row * 30))
    data = png(header(40, 30), hostile, pixels, (b"IEND", b""))
    assert examine(data, max_pixels=MOST) == Examined("png", 40, 30, has_alpha=False)


def harmless(data: bytes) -> None:
    """Either a picture, or a reason in plain words; never anything else."""
    try:
        found = examine(data, max_pixels=1_000_000)
    except NotAPicture as refusal:
        assert refusal.reason  # noqa: PT017 - both outcomes are right
    else:
        assert found.format in {"png", "jpeg", "webp"}
        assert 0 < found.width * found.height <= 1_000_000


@given(st.sampled_from(sorted(REAL)), st.data())
@settings(max_examples=400, deadline=None)
def test_a_damaged_picture_is_a_picture_or_refused(name: str, data: st.DataObject) -> None:
    whole = bytearray(REAL[name])
    changes = st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(changes, max_size=8)):
        whole[place] = value
    harmless(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@given(st.sampled_from(sorted(REAL)), st.data())
@settings(max_examples=400, deadline=None)
def test_a_damaged_picture_of_right_length_is_a_picture_or_refused(
    name: str, data: st.DataObject
) -> None:
    whole = bytearray(REAL[name])
    place = st.integers(0, len(whole) - 1)
    for at, junk in data.draw(st.lists(st.tuples(place, st.binary(max_size=6)), max_size=4)):
        whole[at : at + len(junk)] = junk
    harmless(bytes(whole))


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF....WEBP"]), st.binary())
@example(b"RIFF\xff\xff\xff\xffWEBPVP8X", bytes(40))
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_refused(magic: bytes, junk: bytes) -> None:
    harmless(magic + junk)


KINDS = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"zTXt", b"iCCP", b"junk"]


@given(
    st.tuples(
        st.integers(0, 70),
        st.integers(0, 70),
        st.sampled_from([0, 2, 3, 4, 6, 1, 7]),
        st.sampled_from([1, 2, 4, 8, 16, 3]),
    ),
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.one_of(st.binary(max_size=80), st.binary(max_size=400).map(zlib.compress)),
        ),
        max_size=6,
    ),
)
@settings(max_examples=400, deadline=None)
def test_hostile_chunks_are_a_picture_or_refused(
    sides: tuple[int, int, int, int], chunks: list[tuple[bytes, bytes]]
) -> None:
    width, height, colour, depth = sides
    harmless(png(header(width, height, colour, depth), *chunks, (b"IEND", b"")))


def flipped(data: bytes, bit: int) -> bytes:
    at, place = divmod(bit, 8)
    return data[:at] + bytes([data[at] ^ 1 << place]) + data[at + 1 :]


@pytest.mark.parametrize("name", ["jpeg", "webp", "webp alpha", "png palette"])
@pytest.mark.parametrize("change", [flipped])
def test_any_flipped_bit_of_the_beginning_is_harmless(
    name: str, change: Callable[[bytes, int], bytes]
) -> None:
    for bit in range(8 * 60):
        harmless(change(REAL[name], bit))
