"""Words as ready-made pieces of a deflate stream: the part of a picture made for each request.

A word is set once, in the code for the dots of its cells, and kept. A line is then put together
row by row from its words, and its share of the check sum from theirs: no pixel is touched.
"""

from collections.abc import Callable
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

__all__ = [
    "Extent",
    "Press",
    "Word",
    "dot_code",
    "extent",
    "parted",
    "pixel",
    "press",
]

# A word costs some 10 us to set, and about 1 KB + 0.1 KB a letter to keep.
_WORDS_KEPT = 512
_PARTS_KEPT = 1024
# A line, or the start of one, some 5 us and 5 KB.
_STARTS_KEPT = 32
_PRESSES_KEPT = 8

_MARKS = ".,;:!?"
# So many characters of what is no word are set as one: of digits, all there can be are kept.
_AT_ONCE = 2


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


class _Kept(dict[str, Word]):
    """What was set, by its text; what is missing is set, and all forgotten when it is too much.

    (No `lru_cache`: a dictionary answers in a third of the time, a dozen times for each picture.)
    """

    def __init__(self, made: Callable[[str], Word], most: int) -> None:
        super().__init__()
        self._made = made
        self._most = most

    def __missing__(self, text: str) -> Word:
        if len(self) >= self._most:
            self.clear()
        found = self[text] = self._made(text)
        return found


class Press:
    """Sets text in dots of one scale, in RGB (3 channels) or RGBA (4)."""

    def __init__(self, scale: int, channels: int) -> None:
        self._code = dot_code(scale, channels).rows
        self._cells: dict[Cell, Word] = {}
        self._words = _Kept(lambda word: self._set(word + " "), _WORDS_KEPT)
        self._lasts = _Kept(self._set, _WORDS_KEPT)
        self._parts = _Kept(self._set, _PARTS_KEPT)
        self._starts = _Kept(lambda start: _joined(self._ascii(start)), _STARTS_KEPT)

    def line(self, line: str) -> list[Word]:
        """What recurs of a line, from left to right: one word at least.

        Details begin with a size, and recur but for it.
        """
        if not line:
            return [_NOTHING]
        if not line.isascii():
            return [self._parts[cluster] for cluster in visual_order(clusters(line))]
        first, _, rest = line.partition(" ")
        if first.isalpha() or not rest:
            return [self._starts[line]]
        return [*self._number(first), self._starts[rest]]

    def last(self, word: str) -> list[Word]:
        """The same of the end of a line: a word without a blank behind it, or nothing."""
        if not word:
            return [_NOTHING]
        return [self._lasts[word]] if word.rstrip(_MARKS).isalpha() else self._pairs(word)

    def _ascii(self, text: str) -> list[Word]:
        """Words with the blank behind each; of what is no word, a few characters at once.

        Numbers and the like do not recur, but their digits do.
        """
        kept = self._words
        found: list[Word] = []
        for word in text.split(" "):
            if word in kept or word.rstrip(_MARKS).isalpha():
                found.append(kept[word])
            else:
                found += self._pairs(word + " ")
        return found

    def _number(self, word: str) -> list[Word]:
        """What is no word, with a blank behind it; of sizes, each side recurs."""
        width, times, height = word.partition("x")
        if width.isdigit() and height.isdigit():
            return [self._parts[width + times], self._parts[height + " "]]
        return self._pairs(word + " ")

    def _pairs(self, text: str) -> list[Word]:
        """What is no word, a few characters at once."""
        parts = self._parts
        return [parts[text[at : at + _AT_ONCE]] for at in range(0, len(text), _AT_ONCE)]

    def _set(self, text: str) -> Word:
        drawn = [cell for cluster in clusters(text) for cell in cells(cluster)]
        return _joined([self._cells.get(cell) or self._cell(cell) for cell in drawn])

    def _cell(self, cell: Cell) -> Word:
        if len(self._cells) >= _PARTS_KEPT:
            self._cells.clear()
        ink = [[x for x in range(CELL_WIDTH) if byte << x & 0x80] for byte in cell]
        found = self._cells[cell] = Word(
            width=CELL_WIDTH,
            rows=tuple([self._code[byte] for byte in cell]),
            dots=sum(len(row) for row in ink),
            down=sum(len(row) * number for number, row in enumerate(ink)),
            right=sum(sum(row) for row in ink),
        )
        return found


@lru_cache(maxsize=_PRESSES_KEPT)
def press(scale: int, channels: int) -> Press:
    """The press for dots of this scale in RGB (3 channels) or RGBA (4)."""
    return Press(scale, channels)


@lru_cache(maxsize=32)
def dot_code(scale: int, channels: int) -> DotCode:
    """The code for dots of this scale in RGB (3 channels) or RGBA (4)."""
    return DotCode(pixel(INK, channels), pixel(PAPER, channels), scale)


def pixel(grey: int, channels: int) -> bytes:
    """A pixel of this grey, opaque."""
    return bytes([grey] * 3 + [255] * (channels - 3))


class Extent(NamedTuple):
    """What words in a row come to, as a Word has it."""

    width: int
    dots: int
    down: int
    right: int


def extent(words: list[Word]) -> Extent:
    """How far words reach that stand one behind the other."""
    at = all_dots = all_down = all_right = 0
    for width, _, dots, down, right in words:
        all_dots += dots
        all_down += down
        all_right += right + dots * at
        at += width
    return Extent(at, all_dots, all_down, all_right)


def _joined(words: list[Word]) -> Word:
    """The words as one."""
    width, dots, down, right = extent(words)
    rows = zip(*[word.rows for word in words], strict=True)
    return Word(width, tuple(map(b"".join, rows)), dots, down, right)


_NOTHING = Word(0, (b"",) * CELL_HEIGHT, 0, 0, 0)


def parted(line: str) -> tuple[str, str]:
    """The line as what recurs, and its last word.

    Prompts that are made in numbers differ in their numbers, and these stand last. Where letters
    may join, or run from right to left, nothing is parted.
    """
    if not line.isascii():
        return line, ""
    start, _, word = line.rpartition(" ")
    return start, word
