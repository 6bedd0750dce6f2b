"""The label of a picture as the end of its deflate stream.

What is around the dots is written once for all pictures of a width. With S for `scale`, the rows
of pixels are:

    lead        the edge of the paper, and the first row up to its first dot
    joint       from the last dot of a row to the first of the next: the paper right of it, S - 1
                rows "as above", the paper left of it
    gap         the same, with the space between prompt and details
    foot        the same, with the space between details and bar code
    tail        the paper right of the bar code, the lower edge, the end of the stream
"""

from functools import lru_cache
from operator import getitem
from typing import NamedTuple

from mock_server.pictures.adler import Sum, sum_of
from mock_server.pictures.deflate import PADDED, joined
from mock_server.pictures.glyphs import CELL_HEIGHT, CELL_WIDTH
from mock_server.pictures.label import BAR, DROP, GAP, INK, PAD, PAPER, Label, Layout
from mock_server.pictures.press import Word, dot_code, parted, pixel, press
from mock_server.pictures.scene import FINGERPRINT

__all__ = ["Frame", "frame"]

_PLAIN = b"\x00"
_AS_ABOVE = b"\x02"

# A frame takes some 20 us to make, and up to 250 KB with the lines it keeps.
_FRAMES_KEPT = 32

# Lines recur: so many are kept as they were set, about 7 KB each. (In plain tables: a cache of
# its own methods would keep a frame from being freed when it is given up.)
_LINES_KEPT = 16

# Prompts that are made in numbers are alike but for their last word: so many labels are kept as
# they are without it, up to 25 KB each.
_FORMES_KEPT = 16

# Lines as long as another are followed by the same: at most 5 KB each.
_ENDS_KEPT = 16


class _Ends(NamedTuple):
    """What may follow the last dot of a row, as the head of this file has it."""

    joint: bytes
    gap: bytes
    foot: bytes


class _Line(NamedTuple):
    """A line that is set: its code from the first dot to the last, and what its ink sums up to.

    `passed` adds up, for each byte of ink, how far it is behind the line's first dot.
    """

    code: bytes
    ends: _Ends
    dots: int
    passed: int


class _Forme(NamedTuple):
    """A label that is set but for the last word of its prompt and its bar code.

    Its `parts` are empty where these belong. `blank` is its sum without ink; the ink that is set
    is `dots`, and `distances` adds up how far each byte of it is from the end. So far are the
    first dots of the word (`reach`) and of the bar code (`bars`).
    """

    parts: list[bytes]
    blank: Sum
    dots: int
    distances: int
    reach: int
    bars: int


# The first lines of a prompt, the start of its last, how wide the word behind that is; the details;
# how many lines the prompt has.
_Key = tuple[tuple[str, ...], str, int, tuple[str, ...], int]

# Where a forme is empty: for the rows of a word, and for the bar code.
_ROWS = slice(1, 2 * CELL_HEIGHT, 2)
_BARS = slice(2 * CELL_HEIGHT + 1, 2 * CELL_HEIGHT + 1 + FINGERPRINT)


def frame(setting: Layout, channels: int) -> "Frame":
    """The frame for labels that are set so, in RGB (3 channels) or RGBA (4)."""
    return _frame(setting.width, setting.scale, setting.left, setting.bars, channels)


class Frame:
    """What surrounds the words of a label in pictures of one width, scale and mode."""

    def __init__(self, width: int, scale: int, left: int, bars: int, channels: int) -> None:
        self._scale = scale
        self._room = width - left
        self._channels = channels
        self._stride = 1 + width * channels
        self._first = 1 + left * channels
        self._bars = bars
        # How many bytes of ink a dot has, and how far all of one row are behind the first.
        self._dot = 3 * scale**2
        self._within = sum(at for at in range(channels * scale) if at % channels < 3)
        self._blanks: dict[tuple[int, int], tuple[Sum, list[int]]] = {}
        self._lines: dict[str, _Line] = {}
        self._formes: dict[_Key, _Forme] = {}
        self._ends: dict[int, _Ends] = {}
        self._code = dot_code(scale, channels)
        self._press = press(scale, channels)
        self._paper = pixel(PAPER, channels)
        self._row = sum_of(_PLAIN).then(sum_of(self._paper).times(width))
        self._above = sum_of(_AS_ABOVE).then(sum_of(b"\x00").times(self._stride - 1))
        self._write(width, left)

    def _write(self, width: int, left: int) -> None:
        """Writes what surrounds the words, whatever they are."""
        code, scale, paper = self._code, self._scale, self._paper
        plain = code.literals(_PLAIN)
        row = joined([plain, code.pixels(paper, width)])
        above = joined([code.literals(_AS_ABOVE), code.zeros(self._stride - 1)])
        edge = joined([row, above.repeated(PAD * scale - 1)])
        gap = joined([row, above.repeated(GAP * scale - 1)])
        again = above.repeated(scale - 1)
        ahead = PADDED // self._channels
        before = joined([plain, code.pixels(paper, left - ahead)])
        self._lead = code.opening + code.padded(joined([edge, before]))
        self._joint = joined([again, before])
        self._gap = joined([again, gap, before])
        indent = code.pixels(paper, left + self._bars * scale - ahead)
        self._foot = joined([again, row, above.repeated(DROP * scale - 1), plain, indent])
        right = self._room - (self._bars + FINGERPRINT * CELL_WIDTH) * scale
        beside = joined([code.pixels(paper, right), above.repeated(BAR * scale - 1)])
        below = joined([row, above.repeated((PAD - DROP - BAR) * scale - 1)])
        self._tail = bytes(joined([beside, below, code.closing]))

    def printed(self, label: Label, above: Sum, ahead: bytes = b"") -> bytes:
        """The label as the end of a zlib stream, below pixels with this check sum.

        `ahead` are the last bytes of these.
        """
        lines, prompt = label.prompt + label.details, len(label.prompt)
        start, word = parted(lines[prompt - 1 if prompt else 0])
        last = self._press.last(word)
        key = label.prompt[:-1], start, last.width, label.details, prompt
        forme = self._formes.get(key)
        if forme is None:
            if len(self._formes) >= _FORMES_KEPT:
                self._formes.clear()
            forme = self._formes[key] = self._locked(lines, prompt, start, last.width)
        parts = forme.parts.copy()
        parts[_ROWS] = last.rows
        parts[_BARS] = map(self._code.rows.__getitem__, label.mark)
        return b"".join((ahead, *parts, self._sum(forme, last, label.mark, above)))

    def _locked(self, lines: tuple[str, ...], prompt: int, start: str, room: int) -> _Forme:
        """The forme for lines, so many of them the prompt, of whose last one this is the start."""
        place = max(prompt - 1, 0)
        ahead, behind = [*map(self._line, lines[:place])], [*map(self._line, lines[place + 1 :])]
        opening = self._press.line(start)
        ends = self._ends_of(opening.width + room)
        first, *others = opening.rows
        lead = [self._lead, *[line.code + line.ends.joint for line in ahead], first]
        rest = [ends.gap if prompt else ends.joint]
        for line in behind:
            rest += line.code, line.ends.joint
        rest[-1] = behind[-1].ends.foot if behind else ends.foot
        parts = [b"".join(lead), b""]
        for row in others:
            parts += ends.joint + row, b""
        parts += b"".join(rest), *[b""] * FINGERPRINT, self._tail
        blank, (*reaches, bars) = self._blank(prompt, len(lines) - prompt)
        inked = [*ahead, _Line(b"", ends, opening.dots, self._passed(opening)), *behind]
        return _Forme(
            parts,
            blank,
            dots=sum(line.dots for line in inked),
            distances=sum(
                line.dots * reach - line.passed for line, reach in zip(inked, reaches, strict=True)
            ),
            reach=reaches[place] - self._within - self._dot * self._channels * opening.width,
            bars=bars - self._within - self._dot * self._channels * self._bars,
        )

    def _line(self, line: str) -> _Line:
        """What is set of a line: its first row, joint, its second row, ..."""
        found = self._lines.get(line)
        if found is None:
            words = self._press.line(line)
            ends = self._ends_of(words.width)
            if len(self._lines) >= _LINES_KEPT:
                self._lines.clear()
            code, passed = ends.joint.join(words.rows), self._passed(words)
            found = self._lines[line] = _Line(code, ends, words.dots, passed)
        return found

    def _passed(self, words: Word) -> int:
        """How far each byte of their ink is behind their first dot, added up."""
        far = words.down * self._stride + words.right * self._channels
        return self._dot * far + self._within * words.dots

    def _ends_of(self, dots: int) -> _Ends:
        """What may follow so many dots."""
        if dots in self._ends:
            return self._ends[dots]
        right = self._code.pixels(self._paper, self._room - dots * self._scale)
        if len(self._ends) >= _ENDS_KEPT:
            self._ends.clear()
        found = self._ends[dots] = _Ends(
            joint=self._code.padded(joined([right, self._joint])),
            gap=self._code.padded(joined([right, self._gap])),
            foot=self._code.padded(joined([right, self._foot])),
        )
        return found

    def _sum(self, forme: _Forme, last: Word, mark: bytes, above: Sum) -> bytes:
        """The sum of a blank label, changed by each byte of ink and its distance from the end.

        A dot is `scale` pixels of 3 bytes that differ from paper; Adler-32 is linear in them.
        """
        bars = sum(map(getitem, _BAR_DOTS, mark))
        right = sum(map(getitem, _BAR_COLUMNS, mark)) + last.right
        dots = forme.dots + last.dots + bars
        distances = forme.distances + last.dots * forme.reach + bars * forme.bars
        distances -= self._dot * (last.down * self._stride + right * self._channels)
        total = above.then(forme.blank)
        return total.written(3 * self._scale * _DARKER * dots, _DARKER * distances)

    def _blank(self, prompt: int, details: int) -> tuple[Sum, list[int]]:
        """The check sum of a label with so many lines, all blank.

        And for each line, and the bar code, how far its first dot, with all bytes of it that
        differ, is from the end.
        """
        found = self._blanks.get((prompt, details))
        if found is None:
            row = self._blank_rows(1)
            edge = self._blank_rows(PAD)
            foot = [self._blank_rows(dots) for dots in (DROP, BAR, PAD - DROP - BAR)]
            upper, lower = row.times(CELL_HEIGHT * prompt), row.times(CELL_HEIGHT * details)
            if prompt:
                upper = upper.then(self._blank_rows(GAP))
            total = edge.then(upper).then(lower).then(foot[0]).then(foot[1]).then(foot[2])
            tops = Label(("",) * prompt, ("",) * details, b"").tops()
            found = total, [self._reach(total.length, top) for top in tops]
            self._blanks[prompt, details] = found
        return found

    def _blank_rows(self, dots: int) -> Sum:
        """The check sum of paper so many dots high: a row of it, and the others "as above"."""
        return self._row.then(self._above.times(dots * self._scale - 1))

    def _reach(self, length: int, top: int) -> int:
        passed = top * self._scale * self._stride + self._first
        return 3 * self._scale * (length - passed)


@lru_cache(maxsize=_FRAMES_KEPT)
def _frame(width: int, scale: int, left: int, bars: int, channels: int) -> Frame:
    return Frame(width, scale, left, bars, channels)


_DARKER = INK - PAPER

# For each cell of a bar code, and each byte in it: how many dots are ink, and the sum of their
# columns.
_BAR_DOTS = [[byte.bit_count() for byte in range(256)]] * FINGERPRINT
_BAR_COLUMNS = [
    [sum(cell + x for x in range(CELL_WIDTH) if byte << x & 0x80) for byte in range(256)]
    for cell in range(0, FINGERPRINT * CELL_WIDTH, CELL_WIDTH)
]
