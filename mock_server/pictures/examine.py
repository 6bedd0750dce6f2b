"""Whether some bytes are a picture, and which: strict, and safe with bytes of any origin.

Pillow is given only what a decoder needs: a file's text, profiles and private chunks never
reach it, and no file whose header promises too many pixels.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

__all__ = ["Examined", "ImageTooLarge", "NotAPicture", "examine", "opened"]


class NotAPicture(ValueError):  # noqa: N818 - the name says it
    """The bytes are no PNG, JPEG or WebP picture that can be decoded; the text says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ImageTooLarge(NotAPicture):
    """The header promises more pixels than are allowed; nothing was decoded."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a picture is: `format` png, jpeg or webp; sides in pixels.

    A palette picture with transparency counts as having alpha.
    """

    format: str
    width: int
    height: int
    has_alpha: bool


@dataclass(frozen=True, slots=True)
class _Plain:
    """A picture reduced to what its decoder needs, and what its header promises."""

    format: str
    width: int
    height: int
    data: bytes


def examine(data: bytes, *, max_pixels: int) -> Examined:
    """What the picture in these bytes is, once it has been decoded to its last row.

    Raises `NotAPicture`, and no other exception, for anything that is not a whole PNG, JPEG or
    WebP picture; `ImageTooLarge`, before decoding, for one of more than `max_pixels` pixels.
    """
    plain = _plain(data)
    if plain.width * plain.height > max_pixels:
        raise ImageTooLarge(
            f"the picture has {plain.width}x{plain.height} pixels; at most {max_pixels} are allowed"
        )
    if plain.format == "png":
        _refuse_missing_rows(plain)
    picture = _decoded(plain)
    return Examined(plain.format, picture.width, picture.height, picture.has_transparency_data)


def opened(data: bytes) -> Image.Image:
    """The decoded picture, in 8 bits a channel. Raises `NotAPicture`."""
    picture = _decoded(_plain(data))
    if picture.mode.startswith("I;16"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture


def _plain(data: bytes) -> _Plain:
    for magic, reader in _READERS:
        if data.startswith(magic):
            return reader(data)
    if not data:
        raise NotAPicture("the picture is empty: it has 0 bytes")
    raise NotAPicture("the bytes are no PNG, JPEG or WebP picture")


def _decoded(plain: _Plain) -> Image.Image:
    """The picture decoded by Pillow, whatever it raises being a `NotAPicture`."""
    name = _NAMES[plain.format]
    try:
        picture = _DECODERS[plain.format](BytesIO(plain.data))
        if picture.size == (plain.width, plain.height):
            picture.load()
            return picture
    except Exception as error:
        reason = "it is truncated or damaged" if isinstance(error, OSError) else "it is damaged"
        raise NotAPicture(f"the {name} picture cannot be decoded: {reason} ({error})") from error
    raise NotAPicture(f"the {name} picture names two different sizes")


def _read_png(data: bytes) -> _Plain:
    kept = [data[:8]]
    width = height = 0
    for kind, body, whole in _png_chunks(data):
        if len(kept) == 1:
            width, height = _png_size(kind, body)
        if kind in {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}:
            kept.append(whole)
        if kind == b"IEND":
            return _Plain("png", width, height, b"".join(kept))
    raise NotAPicture("the PNG picture is truncated: it ends without an IEND chunk")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The kind, the body and the whole of each chunk; the check sums are verified."""
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 12 + length
        if end > len(data):
            raise NotAPicture("the PNG picture is truncated: its last chunk is not complete")
        (crc,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != crc:
            raise NotAPicture(f"the PNG picture is damaged: check sum of the chunk at byte {at}")
        yield data[at + 4 : at + 8], data[at + 8 : end - 4], data[at:end]
        at = end


def _png_size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind != b"IHDR" or len(body) != 13:
        raise NotAPicture("the PNG picture is damaged: it does not begin with its header")
    width, height = struct.unpack_from(">II", body)
    return _sides("PNG", width, height)


def _refuse_missing_rows(plain: _Plain) -> None:
    """Pillow leaves rows that a whole zlib stream does not have black; here they are missed."""
    expected = _inflated_length(plain)
    inflater = zlib.decompressobj()
    there = 0
    try:
        for kind, body, _ in _png_chunks(plain.data):
            rest = body if kind == b"IDAT" else b""
            while rest and there < expected:
                there += len(inflater.decompress(rest, _INFLATED_AT_ONCE))
                rest = inflater.unconsumed_tail
    except zlib.error as error:
        raise NotAPicture(f"the PNG picture is damaged: {error}") from error
    if there < expected:
        raise NotAPicture(
            f"the PNG picture is truncated: {there} of {expected} bytes of pixels are there"
        )


def _inflated_length(plain: _Plain) -> int:
    """How many bytes the rows are, with one more each for its filter; interlaced ones as well."""
    depth, colour, _, _, interlaced = plain.data[24:29]
    bits = depth * _PNG_CHANNELS.get(colour, 1)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sides = (
        ((plain.width - left + across - 1) // across, (plain.height - top + down - 1) // down)
        for left, top, across, down in passes
    )
    return sum(height * (1 + (width * bits + 7) // 8) for width, height in sides if width)


def _read_jpeg(data: bytes) -> _Plain:
    kept = [data[:2]]
    size: tuple[int, int] | None = None
    for marker, start, end in _jpeg_segments(data):
        if marker == 0xDA:
            return _jpeg_at_scan(data, start, size, kept)
        if marker in _FRAMES:
            if size is not None or end - start < 10:
                raise NotAPicture("the JPEG picture is damaged: its frame header is wrong")
            height, width = struct.unpack_from(">HH", data, start + 5)
            size = _sides("JPEG", width, height)
        if marker not in _ANNOTATIONS:
            kept.append(data[start:end])
    raise NotAPicture("the JPEG picture is truncated: it ends within its header")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker, the start and the end of each segment, up to the header of the first scan."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise NotAPicture(f"the JPEG picture is damaged: no marker at byte {at}")
        if data[at + 1] == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2 or at + 2 + length > len(data):
            break
        yield data[at + 1], at, at + 2 + length
        at += 2 + length


def _jpeg_at_scan(
    data: bytes, start: int, size: tuple[int, int] | None, kept: list[bytes]
) -> _Plain:
    if size is None:
        raise NotAPicture("the JPEG picture is damaged: it has no frame header")
    if data.find(b"\xff\xd9", start) < 0:
        raise NotAPicture("the JPEG picture is truncated: it ends without an end marker")
    return _Plain("jpeg", *size, b"".join([*kept, data[start:]]))


def _read_webp(data: bytes) -> _Plain:
    if len(data) < 30 or data[8:12] != b"WEBP":
        raise NotAPicture("the bytes are a RIFF file, but no WebP picture")
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise NotAPicture(
            f"the WebP picture is truncated: {length + 8} bytes announced, {len(data)} there"
        )
    measure = _WEBP_SIZES.get(data[12:16])
    if measure is None:
        raise NotAPicture("the WebP picture is damaged: it does not begin with a frame or a header")
    return _Plain("webp", *_sides("WebP", *measure(data)), data)


def _lossy_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _lossless_size(data: bytes) -> tuple[int, int]:
    bits = int.from_bytes(data[21:25], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _extended_size(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


def _sides(name: str, width: int, height: int) -> tuple[int, int]:
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise NotAPicture(f"the {name} picture is damaged: its size is {width}x{height}")
    return width, height


# Where each pass of an interlaced picture begins, and its steps: left, top, across, down.
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_INFLATED_AT_ONCE = 1 << 20

_READERS: tuple[tuple[bytes, Callable[[bytes], _Plain]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _read_png),
    (b"\xff\xd8", _read_jpeg),
    (b"RIFF", _read_webp),
)
_DECODERS: dict[str, Callable[[BytesIO], ImageFile]] = {
    "png": PngImageFile,
    "jpeg": JpegImageFile,
    "webp": WebPImageFile,
}
_NAMES = {"png": "PNG", "jpeg": "JPEG", "webp": "WebP"}
_WEBP_SIZES = {b"VP8 ": _lossy_size, b"VP8L": _lossless_size, b"VP8X": _extended_size}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# APP1 to APP13 and APP15 (Exif, profiles ...), and comments; APP0 and APP14 tell how to decode.
_ANNOTATIONS = frozenset(range(0xE1, 0xEE)) | {0xEF, 0xFE}
