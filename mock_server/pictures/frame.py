"""The label of a picture as the end of its deflate stream.

Everything around the dots is written once for all pictures of a width. With S for `scale`, the
rows of pixels are:

    lead        the edge of the paper, and the first row up to its first dot
    joint       from the last dot of a row to the first of the next: the paper right of it, S - 1
                rows "as above", the paper left of it
    gap         the same, with the space between prompt and details
    tail        the rest of the last row, the lower edge, the end of the stream
"""

from functools import lru_cache
from typing import NamedTuple

from mock_server.pictures.adler import Sum, sum_of
from mock_server.pictures.deflate import PADDED, joined
from mock_server.pictures.glyphs import CELL_HEIGHT, CELL_WIDTH
from mock_server.pictures.label import GAP, INK, PAD, PAPER, Label, Layout
from mock_server.pictures.press import blanks, dot_code, pixel, words

__all__ = ["Frame", "frame"]

_PLAIN = b"\x00"
_AS_ABOVE = b"\x02"

# A frame takes some 20 us to make, and up to 250 KB with the lines it keeps.
_FRAMES_KEPT = 32

# Prompts recur: so many of their lines are kept as they were set, about 7 KB each.
_LINES_KEPT = 32


class _Line(NamedTuple):
    """A line that is set: its code from the first dot to the last, and what its ink sums up to.

    `passed` adds up, for each byte of ink, how far it is behind the line's first dot.
    """

    code: bytes
    dots: int
    passed: int


def frame(setting: Layout, channels: int) -> "Frame":
    """The frame for labels that are set so, in RGB (3 channels) or RGBA (4)."""
    return _frame(setting.width, setting.scale, setting.columns, setting.left, channels)


class Frame:
    """What surrounds the words of a label in pictures of one width, scale and mode."""

    def __init__(self, width: int, scale: int, columns: int, left: int, channels: int) -> None:
        self._scale = scale
        self._columns = columns + 1  # a word's blank may lie in the margin
        self._channels = channels
        self._stride = 1 + width * channels
        self._first = 1 + left * channels
        self._within = sum(at for at in range(channels * scale) if at % channels < 3)
        self._blanks: dict[tuple[int, int], tuple[Sum, list[int]]] = {}
        self._recurring = lru_cache(maxsize=_LINES_KEPT)(self._line)
        paper = pixel(PAPER, channels)
        self._row = sum_of(_PLAIN).then(sum_of(paper).times(width))
        self._above = sum_of(_AS_ABOVE).then(sum_of(b"\x00").times(self._stride - 1))
        self._write(paper, width, left)

    def _write(self, paper: bytes, width: int, left: int) -> None:
        """Writes all that surrounds the words."""
        code, scale = dot_code(self._scale, self._channels), self._scale
        plain = code.literals(_PLAIN)
        row = joined([plain, code.pixels(paper, width)])
        above = joined([code.literals(_AS_ABOVE), code.zeros(self._stride - 1)])
        edge = joined([row, above.repeated(PAD * scale - 1)])
        gap = joined([row, above.repeated(GAP * scale - 1)])
        right = code.pixels(paper, width - left - self._columns * CELL_WIDTH * scale)
        after = joined([right, above.repeated(scale - 1)])
        before = joined([plain, code.pixels(paper, left - PADDED // self._channels)])
        self._lead = code.opening + code.padded(joined([edge, before]))
        self._joint = code.padded(joined([after, before]))
        self._gap = code.padded(joined([after, gap, before]))
        self._tail = bytes(joined([after, edge, code.closing]))

    def printed(self, label: Label) -> tuple[list[bytes], Sum]:
        """The label as the parts of a deflate stream's end, and the check sum of its pixels."""
        prompt = [self._recurring(line) for line in label.prompt]
        details = [self._line(line) for line in label.details]
        return self._stream(prompt, details), self._sum(label, prompt + details)

    def _line(self, line: str) -> _Line:
        scale, channels = self._scale, self._channels
        found = words(line, scale, channels)
        at = dots = down = right = 0
        pieces = []
        for width, rows, inked, lower, further in found:
            pieces.append(rows)
            dots += inked
            down += lower
            right += further + inked * at
            at += width
        pieces.append(blanks(self._columns - at // CELL_WIDTH, scale, channels).rows)
        code = self._joint.join(map(b"".join, zip(*pieces, strict=True)))
        passed = 3 * scale * scale * (down * self._stride + right * channels)
        return _Line(code, dots, passed + dots * self._within)

    def _stream(self, prompt: list[_Line], details: list[_Line]) -> list[bytes]:
        parts = [self._lead]
        for place, line in enumerate(prompt):
            parts += (self._joint, line.code) if place else (line.code,)
        if prompt:
            parts.append(self._gap)
        for place, line in enumerate(details):
            parts += (self._joint, line.code) if place else (line.code,)
        parts.append(self._tail)
        return parts

    def _sum(self, label: Label, lines: list[_Line]) -> Sum:
        """The sum of a blank label, changed by each byte of ink and its distance from the end.

        A dot is `scale` pixels of 3 bytes that differ from paper; Adler-32 is linear in them.
        """
        blank, reaches = self._blank(len(label.prompt), len(label.details))
        dots = distances = 0
        for line, reach in zip(lines, reaches, strict=True):
            dots += line.dots
            distances += line.dots * reach - line.passed
        darker = INK - PAPER
        return blank.changed(3 * self._scale * darker * dots, darker * distances)

    def _blank(self, prompt: int, details: int) -> tuple[Sum, list[int]]:
        """The check sum of a label with so many lines, all blank.

        And for each line how far its first dot, with all bytes of it that differ, is from the end.
        """
        found = self._blanks.get((prompt, details))
        if found is None:
            edge, row = self._blank_rows(PAD), self._blank_rows(1)
            upper, lower = row.times(CELL_HEIGHT * prompt), row.times(CELL_HEIGHT * details)
            if prompt:
                upper = upper.then(self._blank_rows(GAP))
            total = edge.then(upper).then(lower).then(edge)
            tops = Label(("",) * prompt, ("",) * details).tops()
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
def _frame(width: int, scale: int, columns: int, left: int, channels: int) -> Frame:
    return Frame(width, scale, columns, left, channels)
