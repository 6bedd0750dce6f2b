"""The scenery of a picture as the beginning of its file, compressed once for all its labels.

A poster is cut where the labels of different heights begin. The pieces are IDAT chunks whose
lengths are multiples of 3, so that file and base64 are both plain concatenations of pieces.

A poster of real weight has a mount above and below its scenery: a strip of grainy paper, stored
as it is, which is the same bytes for all pictures of its size and is used again and again.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image

from mock_server.pictures.adler import EMPTY, Sum, sum_of
from mock_server.pictures.filtering import STRIP, filtered
from mock_server.pictures.label import Layout
from mock_server.pictures.picture import Piece
from mock_server.pictures.png import ZLIB_HEADER, beginning, padded_chunk

__all__ = ["Mount", "Poster", "mount", "poster"]

_LEVEL = 6

# A picture of real weight has so many bytes for each of its pixels, in strips of about so many.
_REAL_BYTES = 1.35
_STRIP_BYTES = 393_216
_STORED_MOST = 0xFFFF


@dataclass(frozen=True, slots=True)
class Mount:
    """A strip of grainy paper: `rows` rows of pixels, to be put `above` and `below` a scenery."""

    strip: Piece
    sum: Sum
    rows: int
    above: int
    below: int

    @property
    def weight(self) -> int:
        """About how many bytes of memory it holds."""
        return len(self.strip.data) + len(self.strip.base64)

    @property
    def height(self) -> int:
        """How many rows of pixels all strips together take."""
        return self.rows * (self.above + self.below)


@dataclass(frozen=True, slots=True)
class Poster:
    """All of a picture above its label: for each number of lines, the pieces and their sum."""

    above: dict[int, tuple[tuple[Piece, ...], Sum]]
    weight: int


def poster(image: Image.Image, setting: Layout, frame: Mount | None) -> Poster:
    """The poster of a scenery that reaches down to the shortest label.

    Without labels (`setting.most` is 0) there is none; the caller encodes such pictures whole.
    """
    heights = {
        lines: image.height - (setting.band(lines) - setting.band(setting.fewest))
        for lines in range(setting.most, setting.fewest - 1, -1)
    }
    head = Piece.of(_head(setting, len(image.mode)))
    upper = (head, *[frame.strip] * frame.above) if frame else ()
    lower = (frame.strip,) * frame.below if frame else ()
    before, after = _repeated(frame, above=True), _repeated(frame, above=False)
    (most, total), *further = _cut(image, list(heights.values()))
    most = most if frame else Piece.joined([head, most])
    above = {setting.most: ((*upper, most, *lower), before.then(total).then(after))}
    weight = len(most.data) + len(most.base64) + 4096
    added: list[Piece] = []
    for lines, (piece, total) in zip(list(heights)[1:], further, strict=True):
        added.append(piece)
        rest = Piece.joined(added)
        above[lines] = (*upper, most, rest, *lower), before.then(total).then(after)
        weight += len(rest.data) + len(rest.base64)
    return Poster(above, weight)


def mount(setting: Layout, channels: int) -> Mount:
    """The mount that gives pictures of this size the weight of real ones; grain by fixed chance."""
    stride = 1 + setting.width * channels
    rows = max(1, _STRIP_BYTES // stride)
    strips = round(setting.width * setting.height * _REAL_BYTES / (stride * rows))
    most = (setting.height - setting.band(setting.most)) * 3 // 4 // rows
    strips = min(strips, most)
    raw = b"".join([b"\x00" + _grain(Random(row), setting.width, channels) for row in range(rows)])  # noqa: S311
    strip = Piece.of(padded_chunk(_stored(raw)))
    return Mount(strip, sum_of(raw), rows, above=strips // 2, below=strips - strips // 2)


def _head(setting: Layout, channels: int) -> bytes:
    start = beginning(setting.width, setting.height, channels)
    return start + padded_chunk(ZLIB_HEADER, before=len(start))


def _cut(image: Image.Image, heights: Sequence[int]) -> list[tuple[Piece, Sum]]:
    """The rows of the image up to each height: the piece that is added, and the sum so far."""
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    found: list[tuple[Piece, Sum]] = []
    total, top = EMPTY, 0
    for height in heights:
        blocks = []
        for start in range(top, height, STRIP):
            raw = filtered(image, start, min(start + STRIP, height))
            total = total.then(sum_of(raw))
            blocks.append(compressor.compress(raw))
        blocks.append(compressor.flush(zlib.Z_SYNC_FLUSH))
        found.append((Piece.of(padded_chunk(b"".join(blocks))), total))
        top = height
    return found


def _repeated(frame: Mount | None, *, above: bool) -> Sum:
    total = EMPTY
    if frame is not None:
        for _ in range(frame.above if above else frame.below):
            total = total.then(frame.sum)
    return total


def _grain(chance: Random, width: int, channels: int) -> bytes:
    row = bytearray(chance.randbytes(width * channels).translate(_TINTS))
    if channels > 3:
        row[3::channels] = b"\xff" * width
    return bytes(row)


_TINTS = bytes(214 + value % 28 for value in range(256))


def _stored(raw: bytes) -> bytes:
    """The bytes as deflate blocks that are not compressed."""
    blocks = []
    for start in range(0, len(raw), _STORED_MOST):
        part = raw[start : start + _STORED_MOST]
        length = len(part).to_bytes(2, "little")
        blocks.append(b"\x00" + length + bytes(255 - byte for byte in length) + part)
    return b"".join(blocks)
