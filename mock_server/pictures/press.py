"""Words as ready-made pieces of a deflate stream: the part of a picture made for each request.

A word is set once, in the code for the dots of its cells, and kept. A line is then put together
row by row from its words, and its share of the check sum from theirs: no pixel is touched.
"""

from functools import lru_cache
from typing import NamedTuple

from mock_server.pictures.dots import DotCode
from mock_server.pictures.glyphs import (
    CELL_HEIGHT,
    CELL_WIDTH,
    Cell,
    cells,
    clusters,
    visual_order,
)
from mock_server.pictures.label import INK, PAPER
from mock_server.pictures.scene import FINGERPRINT

__all__ = ["Word", "dot_code", "pixel", "words"]

# A word costs some 10 us to set, and about 1 KB + 0.1 KB a letter to keep.
_WORDS_KEPT = 2048

_MARKS = ".,;:!?"


class Word(NamedTuple):
    """A word that is set: its 16 rows of deflate code, and what its ink sums up to.

    `width` is in dots. `dots` counts the dots of ink, `down` adds up their rows, `right` their
    columns. (A tuple, because it is taken apart dozens of times for each picture.)
    """

    width: int
    rows: tuple[bytes, ...]
    dots: int
    down: int
    right: int


def words(line: str, scale: int, channels: int) -> list[Word]:
    """The line in pieces that recur: words with the blank behind them, else single characters.

    Numbers and the like do not recur, but their digits do; of the details, all recurs but the
    size and the fingerprint, and of these each side and each pair of digits.
    """
    start, sign, mark = line.rpartition("#")
    if sign and mark.isalnum() and len(mark) == FINGERPRINT:
        width, times, rest = start.partition("x")
        height, blank, rest = rest.partition(" ")
        recurring = (width + times, height, blank + rest + sign)
        pairs = [_pair(mark[at : at + 2], scale, channels) for at in range(0, FINGERPRINT, 2)]
        return [*(_word(part, scale, channels) for part in recurring), *pairs]
    if not line.isascii():
        return [_word(cluster, scale, channels) for cluster in visual_order(clusters(line))]
    found: list[Word] = []
    for word in line.split(" "):
        if word.rstrip(_MARKS).isalpha():
            found.append(_word(word + " ", scale, channels))
        else:
            found += [_pair(letter, scale, channels) for letter in word + " "]
    return found


@lru_cache(maxsize=32)
def dot_code(scale: int, channels: int) -> DotCode:
    """The code for dots of this scale in RGB (3 channels) or RGBA (4)."""
    return DotCode(pixel(INK, channels), pixel(PAPER, channels), scale)


def pixel(grey: int, channels: int) -> bytes:
    """A pixel of this grey, opaque."""
    return bytes([grey] * 3 + [255] * (channels - 3))


@lru_cache(maxsize=_WORDS_KEPT)
def _word(word: str, scale: int, channels: int) -> Word:
    drawn = [cell for cluster in clusters(word) for cell in cells(cluster)]
    return _joined([_cell(cell, scale, channels) for cell in drawn])


@lru_cache(maxsize=1024)
def _pair(digits: str, scale: int, channels: int) -> Word:
    return _word(digits, scale, channels)


@lru_cache(maxsize=1024)
def _cell(cell: Cell, scale: int, channels: int) -> Word:
    code = dot_code(scale, channels).rows
    ink = [[x for x in range(CELL_WIDTH) if byte << x & 0x80] for byte in cell]
    return Word(
        width=CELL_WIDTH,
        rows=tuple([code[byte] for byte in cell]),
        dots=sum(len(row) for row in ink),
        down=sum(len(row) * number for number, row in enumerate(ink)),
        right=sum(sum(row) for row in ink),
    )


def _joined(parts: list[Word]) -> Word:
    """The parts one behind the other."""
    at = all_dots = all_down = all_right = 0
    pieces = []
    for width, rows, dots, down, right in parts:
        pieces.append(rows)
        all_dots += dots
        all_down += down
        all_right += right + dots * at
        at += width
    joined = tuple(map(b"".join, zip(*pieces, strict=True)))
    return Word(at, joined or _NO_ROWS, all_dots, all_down, all_right)


_NO_ROWS = (b"",) * CELL_HEIGHT
