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
from operator import mul
from typing import NamedTuple

from mock_server.pictures.adler import Sum, sum_of
from mock_server.pictures.deflate import PADDED, joined
from mock_server.pictures.glyphs import CELL_HEIGHT, CELL_WIDTH
from mock_server.pictures.label import BAR, DROP, GAP, INK, PAD, PAPER, Label, Layout
from mock_server.pictures.press import Word, dot_code, pixel, press
from mock_server.pictures.scene import FINGERPRINT

__all__ = ["Frame", "frame"]

_PLAIN = b"\x00"
_AS_ABOVE = b"\x02"

# A frame takes some 20 us to make, and up to 250 KB with the lines it keeps.
_FRAMES_KEPT = 32

# Prompts recur: so many of their lines are kept as they were set, about 7 KB each. (In plain
# tables: a cache of its own methods would keep a frame from being freed when it is given up.)
_LINES_KEPT = 32

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
        self._within = sum(at for at in range(channels * scale) if at % channels < 3)
        self._blanks: dict[tuple[int, int], tuple[Sum, list[int]]] = {}
        self._lines: dict[str, _Line] = {}
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

    def printed(self, label: Label) -> tuple[list[bytes], Sum]:
        """The label as the parts of a deflate stream's end, and the check sum of its pixels."""
        prompt = [self._recurring(line) for line in label.prompt]
        details = [self._recurring(line) for line in label.details]
        return self._stream(prompt, details, label.mark), self._sum(label, prompt + details)

    def _recurring(self, line: str) -> _Line:
        found = self._lines.get(line)
        if found is None:
            if len(self._lines) >= _LINES_KEPT:
                self._lines.clear()
            found = self._lines[line] = self._line(self._press.words(line))
        return found

    def _line(self, words: list[Word]) -> _Line:
        """The words as one line: the first row of each, joint, the second row of each, ..."""
        step = len(words) + 1
        pieces = [b""] * (step * CELL_HEIGHT)
        at = dots = down = right = 0
        for place, (width, rows, inked, lower, further) in enumerate(words):
            pieces[place::step] = rows
            dots += inked
            down += lower
            right += further + inked * at
            at += width
        ends = self._ends.get(at) or self._ends_of(at)
        pieces[step - 1 : -1 : step] = [ends.joint] * (CELL_HEIGHT - 1)
        passed = 3 * self._scale**2 * (down * self._stride + right * self._channels)
        return _Line(b"".join(pieces), ends, dots, passed + dots * self._within)

    def _ends_of(self, dots: int) -> _Ends:
        """What may follow so many dots."""
        right = self._code.pixels(self._paper, self._room - dots * self._scale)
        if len(self._ends) >= _ENDS_KEPT:
            self._ends.clear()
        found = self._ends[dots] = _Ends(
            joint=self._code.padded(joined([right, self._joint])),
            gap=self._code.padded(joined([right, self._gap])),
            foot=self._code.padded(joined([right, self._foot])),
        )
        return found

    def _stream(self, prompt: list[_Line], details: list[_Line], mark: bytes) -> list[bytes]:
        parts = [self._lead]
        for line in (*prompt, *details):
            parts += line.code, line.ends.joint
        if prompt:
            parts[2 * len(prompt)] = prompt[-1].ends.gap
        parts[-1] = details[-1].ends.foot
        bars = self._code.rows
        parts += [bars[byte] for byte in mark]
        parts.append(self._tail)
        return parts

    def _sum(self, label: Label, lines: list[_Line]) -> Sum:
        """The sum of a blank label, changed by each byte of ink and its distance from the end.

        A dot is `scale` pixels of 3 bytes that differ from paper; Adler-32 is linear in them.
        """
        blank, (*reaches, bars) = self._blank(len(label.prompt), len(label.details))
        inked = label.mark.translate(_INKED)
        dots = sum(inked)
        right = sum(label.mark.translate(_FURTHER)) + sum(map(mul, inked, _CELLS))
        right += dots * self._bars
        distances = dots * (bars - self._within)
        distances -= 3 * self._scale**2 * right * self._channels
        for line, reach in zip(lines, reaches, strict=True):
            dots += line.dots
            distances += line.dots * reach - line.passed
        darker = INK - PAPER
        return blank.changed(3 * self._scale * darker * dots, darker * distances)

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


# Where the cells of a bar code begin, in dots; and of each byte how many dots are ink, and the sum
# of their columns.
_CELLS = range(0, FINGERPRINT * CELL_WIDTH, CELL_WIDTH)
_INKED = bytes(byte.bit_count() for byte in range(256))
_FURTHER = bytes(sum(x for x in range(CELL_WIDTH) if byte << x & 0x80) for byte in range(256))
