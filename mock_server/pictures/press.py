"""Words as ready-made pieces of a deflate stream: the part of a picture made for each request.

A word is set once, in the dots of its cells, and kept. A line is then put together row by row
from its words, and its share of the check sum from theirs: no pixel is touched.
"""

from dataclasses import dataclass
from functools import lru_cache

from mock_server.pictures.deflate import DotBlock, dot_block
from mock_server.pictures.glyphs import (
    BLANK,
    CELL_HEIGHT,
    CELL_WIDTH,
    Cell,
    cells,
    clusters,
    visual_order,
)
from mock_server.pictures.label import INK, PAPER

__all__ = ["Line", "block", "set_line", "pixel"]

# A new word costs about 20 us and 0.3 KB a letter; those used last are kept.
_WORDS_KEPT = 2048


@dataclass(frozen=True, slots=True)
class Line:
    """A line or a word that is set: its 16 rows of deflate code, and what its ink sums up to.

    `dots` counts the dots of ink, `down` adds up their rows, `right` their columns.
    """

    cells: int
    rows: tuple[bytes, ...]
    dots: int
    down: int
    right: int


def set_line(line: str, columns: int, scale: int, channels: int) -> Line:
    """The line, filled up with blanks to so many columns."""
    words = [_word(word, scale, channels) for word in _words(line)]
    at = dots = down = right = 0
    for word in words:
        dots += word.dots
        down += word.down
        right += word.right + word.dots * at * CELL_WIDTH
        at += word.cells
    words.append(_blanks(columns - at, scale, channels))
    rows = zip(*[word.rows for word in words], strict=True)
    return Line(columns, tuple(map(b"".join, rows)), dots, down, right)


@lru_cache(maxsize=32)
def block(scale: int, channels: int) -> DotBlock:
    """The code for dots of this scale in RGB (3 channels) or RGBA (4)."""
    return dot_block(pixel(INK, channels), pixel(PAPER, channels), scale)


def pixel(grey: int, channels: int) -> bytes:
    """A pixel of this grey, opaque."""
    return bytes([grey] * 3 + [255] * (channels - 3))


def _words(line: str) -> list[str]:
    """The line in pieces that recur: words with the blank behind them, else single characters.

    A fingerprint never recurs, but pairs of its digits do.
    """
    if not line.isascii():
        return visual_order(clusters(line))
    words = [word + " " for word in line.split(" ")]
    if not words[-1].startswith("#"):
        return words
    last = words.pop()
    return words + [last[at : at + 2] for at in range(0, len(last), 2)]


@lru_cache(maxsize=_WORDS_KEPT)
def _word(word: str, scale: int, channels: int) -> Line:
    found = [cell for cluster in clusters(word) for cell in cells(cluster)]
    return _set(found, scale, channels)


@lru_cache(maxsize=256)
def _blanks(count: int, scale: int, channels: int) -> Line:
    return _set([BLANK] * count, scale, channels)


def _set(found: list[Cell], scale: int, channels: int) -> Line:
    code = block(scale, channels).rows
    rows = [bytes(row) for row in zip(*found, strict=True)] if found else [b""] * CELL_HEIGHT
    ink = [[x for x in range(8 * len(row)) if row[x >> 3] << (x & 7) & 0x80] for row in rows]
    return Line(
        cells=len(found),
        rows=tuple(b"".join([code[byte] for byte in row]) for row in rows),
        dots=sum(len(row) for row in ink),
        down=sum(len(row) * number for number, row in enumerate(ink)),
        right=sum(sum(row) for row in ink),
    )
