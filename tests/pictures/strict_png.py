"""A strict reader of PNG files: every length, check sum and row has to be right."""

import struct
import zlib
from dataclasses import dataclass
from itertools import accumulate

CHANNELS = {2: 3, 6: 4}


@dataclass(frozen=True, slots=True)
class StrictPng:
    """What a file holds: sides, channels, and the pixels of all its rows."""

    width: int
    height: int
    channels: int
    rows: list[bytes]


def read(data: bytes) -> StrictPng:
    """The picture in a PNG file of 8 bits RGB or RGBA, not interlaced; fails on any slip."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks = _chunks(data)
    kinds = [kind for kind, _ in chunks]
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"
    assert kinds.count(b"IHDR") == kinds.count(b"IEND") == 1
    assert set(kinds[1:-1]) == {b"IDAT"}, "an IDAT stream without interruption"
    header = struct.unpack(">IIBBBBB", chunks[0][1])
    width, height, depth, colour, *rest = header
    assert (depth, rest) == (8, [0, 0, 0])
    channels = CHANNELS[colour]
    raw = _inflated(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    assert len(raw) == height * (1 + width * channels), "exactly as many rows as announced"
    return StrictPng(width, height, channels, _rows(raw, width, height, channels))


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert len(body) == length
        check = data[at + 8 + length : at + 12 + length]
        assert zlib.crc32(kind + body).to_bytes(4, "big") == check, f"check sum of {kind!r}"
        found.append((kind, body))
        at += 12 + length
    return found


def _inflated(stream: bytes) -> bytes:
    inflater = zlib.decompressobj()
    raw = inflater.decompress(stream)
    assert inflater.eof, "the stream is ended, and its Adler-32 is right"
    assert inflater.unused_data == b""
    assert zlib.adler32(raw).to_bytes(4, "big") == stream[-4:]
    return raw


def _rows(raw: bytes, width: int, height: int, channels: int) -> list[bytes]:
    stride = 1 + width * channels
    rows = []
    above = bytes(width * channels)
    for number in range(height):
        line = raw[number * stride : (number + 1) * stride]
        assert line[0] in (0, 1, 2), "only the filters None, Sub and Up are in use"
        above = _unfiltered(line[0], line[1:], above, channels)
        rows.append(above)
    return rows


def _unfiltered(kind: int, line: bytes, above: bytes, channels: int) -> bytes:
    if kind == 2:
        return _added(above, line)
    return _summed(line, channels) if kind == 1 else line


def _summed(steps: bytes, channels: int) -> bytes:
    """Each byte added to that of the pixel on its left, modulo 256."""
    row = bytearray(steps)
    for channel in range(channels):
        row[channel::channels] = bytes(
            value % 256 for value in accumulate(steps[channel::channels])
        )
    return bytes(row)


def _added(above: bytes, delta: bytes) -> bytes:
    """Byte by byte, modulo 256: all at once, the top bit of each byte apart from the others."""
    if not any(delta):
        return above
    top = int.from_bytes(b"\x80" * len(above), "big")
    one, two = int.from_bytes(above, "big"), int.from_bytes(delta, "big")
    added = ((one & ~top) + (two & ~top)) ^ ((one ^ two) & top)
    return added.to_bytes(len(above), "big")
