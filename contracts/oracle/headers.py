"""The headers of PNG, JPEG and WebP, read byte by byte after their specifications."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from zlib_ng import zlib_ng

from contracts.size import Size

__all__ = ["Header", "Rows", "read", "rows"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_FILTERS = {0, 1, 2, 3, 4}
PNG_PLAIN = (8, 2)  # bits, and the colour type RGB
PNG_WITH_ALPHA = {4, 6}  # colour types grey + alpha, RGB + alpha (PNG 3rd edition, table 11.1)
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
# Start of frame, C0 to CF, less DHT, JPG and DAC (ITU T.81, table B.1).
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_ALONE = frozenset(range(0xD0, 0xD8)) | {0x01}
JPEG_SCAN = 0xDA
WEBP_ALPHA_FLAG = 0x10
VP8L_SIGNATURE = 0x2F
PIECE = 1 << 18
UNPACKING_ERROR = cast("type[Exception]", zlib_ng.error)  # its stubs take it for an instance


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: format (as the contract names it), pixels, alpha or not.

    A palette picture with transparency counts as having alpha.
    """

    format: str
    size: Size
    alpha: bool


def read(data: bytes) -> Header | None:
    """The header of a PNG, JPEG or WebP; None for other bytes, and for a file cut short."""
    return _png(data) or _jpeg(data) or _webp(data)


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rows of a PNG are like once they are unpacked: `wrong` says why they are not whole.

    Rows that `suffice` are pixels to any decoder, and all of them opaque: plain RGB of 8 bits.
    """

    wrong: str | None
    suffice: bool


def rows(data: bytes) -> Rows | None:
    """The rows of a PNG that is not interlaced; None for other pictures.

    Decoders fill in silence what is missing, and leave what is too much.
    """
    if not data.startswith(PNG_SIGNATURE):
        return None
    chunks = list(_png_chunks(data))
    first = chunks[0][1] if chunks else b""
    if len(first) != 13 or first[12] or first[9] not in PNG_CHANNELS:
        return None
    size = Size(int.from_bytes(first[:4], "big"), int.from_bytes(first[4:8], "big"))
    depth, colour = first[8], first[9]
    stride = 1 + (size.width * PNG_CHANNELS[colour] * depth + 7) // 8
    try:
        found, filters = _unpacked(
            b"".join(body for name, body in chunks if name == b"IDAT"), stride
        )
    except UNPACKING_ERROR as error:
        return Rows(f"its rows cannot be unpacked: {error}", suffice=False)
    if found != stride * size.height:
        wrong = f"its rows hold {found} bytes; {size} needs {stride * size.height}"
        return Rows(wrong, suffice=False)
    if not filters <= PNG_FILTERS:
        names = ", ".join(map(str, sorted(filters - PNG_FILTERS)))
        return Rows(f"its rows are filtered by {names}, which no PNG knows", suffice=False)
    is_plain = (depth, colour) == PNG_PLAIN and all(name != b"tRNS" for name, _ in chunks)
    return Rows(None, suffice=is_plain)


def _unpacked(packed: bytes, stride: int) -> tuple[int, set[int]]:
    """How many bytes it unpacks to, and which filters begin its rows.

    A piece at a time is quicker than all at once, and by zlib-ng ten times as quick as by zlib.
    """
    stream = zlib_ng.decompressobj()
    found, filters = 0, set[int]()
    piece = stream.decompress(packed, PIECE)
    while True:
        filters.update(piece[-found % stride :: stride])
        found += len(piece)
        if stream.eof:
            return found, filters
        piece = stream.decompress(stream.unconsumed_tail, PIECE)
        if not piece and not stream.eof:
            raise UNPACKING_ERROR("the stream is cut short")


def _png(data: bytes) -> Header | None:
    if not data.startswith(PNG_SIGNATURE):
        return None
    chunks = dict(reversed(list(_png_chunks(data))))
    first = chunks.get(b"IHDR", b"")
    if len(first) != 13 or not {b"IDAT", b"IEND"} <= chunks.keys():
        return None
    size = Size(int.from_bytes(first[:4], "big"), int.from_bytes(first[4:8], "big"))
    return Header("png", size, first[9] in PNG_WITH_ALPHA or b"tRNS" in chunks)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of each chunk up to the first that is cut short or has a wrong CRC."""
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        named = data[at + 4 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        if len(check) != 4 or zlib.crc32(named) != int.from_bytes(check, "big"):
            return
        yield named[:4], named[4:]
        at += 12 + length


def _jpeg(data: bytes) -> Header | None:
    if not data.startswith(JPEG_START) or JPEG_END not in data[-1024:]:
        return None
    for marker, content in _jpeg_segments(data):
        if marker in JPEG_FRAMES and len(content) > 5:
            height, width = int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big")
            return Header("jpeg", Size(width, height), alpha=False)
    return None


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment before the first scan."""
    at = len(JPEG_START)
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == JPEG_SCAN:
            return
        if marker in JPEG_ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def _webp(data: bytes) -> Header | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    if len(data) < int.from_bytes(data[4:8], "little") + 8:
        return None
    readers = {b"VP8 ": _webp_lossy, b"VP8L": _webp_lossless, b"VP8X": _webp_extended}
    reader = readers.get(data[12:16])
    return reader(data[20:]) if reader else None


def _webp_lossy(content: bytes) -> Header | None:
    """A key frame: start code, then 14 bits of width and of height (RFC 6386, 9.1)."""
    if content[3:6] != b"\x9d\x01\x2a":
        return None
    width, height = (int.from_bytes(content[i : i + 2], "little") & 0x3FFF for i in (6, 8))
    return Header("webp", Size(width, height), alpha=False)


def _webp_lossless(content: bytes) -> Header | None:
    """14 bits of width - 1, 14 of height - 1, one of alpha (WebP lossless, 3)."""
    if content[0] != VP8L_SIGNATURE:
        return None
    bits = int.from_bytes(content[1:5], "little")
    size = Size((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
    return Header("webp", size, bool(bits >> 28 & 1))


def _webp_extended(content: bytes) -> Header | None:
    """Flags, then 24 bits of width - 1 and of height - 1 (WebP container, VP8X)."""
    width, height = (int.from_bytes(content[i : i + 3], "little") + 1 for i in (4, 7))
    return Header("webp", Size(width, height), bool(content[0] & WEBP_ALPHA_FLAG))
