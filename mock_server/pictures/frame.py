"""The label of a picture as the end of its deflate stream, for one size.

Everything around the dots is compressed once. With S for `scale`, the rows of pixels are:

    lead        the edge of the paper, and the first row up to its first dot
    joint       from the last dot of a row to the first of the next: the paper right of it, S - 1
                rows "as above", the paper left of it
    gap         the same, with the space between prompt and details
    tail        the rest of the last row, the lower edge, the end of the stream
"""

import zlib
from functools import cached_property, lru_cache
from typing import NamedTuple

from mock_server.pictures.adler import Sum, sum_of
from mock_server.pictures.deflate import LAST_BLOCK, DotBlock, aligned
from mock_server.pictures.glyphs import CELL_WIDTH
from mock_server.pictures.label import GAP, INK, PAD, PAPER, Label, Layout
from mock_server.pictures.press import blanks, block, pixel, words

__all__ = ["Frame"]

_PLAIN = b"\x00"
_AS_ABOVE = b"\x02"

# Prompts recur: so many of their lines are kept as they were set, about 7 KB each.
_LINES_KEPT = 32


class _Line(NamedTuple):
    """A line that is set: its code from the first dot to the last, and what its ink sums up to.

    `passed` adds up, for each byte of ink, how far it is behind the line's first dot.
    """

    code: bytes
    dots: int
    passed: int


class Frame:
    """What surrounds the words of a label in pictures of one size and mode."""

    def __init__(self, setting: Layout, channels: int) -> None:
        self._setting = setting
        self._channels = channels
        self._columns = setting.columns + 1  # a word's blank may lie in the margin
        self._stride = 1 + setting.width * channels
        self._blanks: dict[tuple[int, int], tuple[Sum, list[int]]] = {}
        self._recurring = lru_cache(maxsize=_LINES_KEPT)(self._line)

    @property
    def weight(self) -> int:
        """About how many bytes of memory it holds, once it keeps as many lines as it may."""
        return 16384 + _LINES_KEPT * len(self._line("").code)

    def warm(self) -> None:
        """Builds what the first label would."""
        self.printed(Label(("",), ("",)))

    def printed(self, label: Label) -> tuple[list[bytes], Sum]:
        """The label as the parts of a deflate stream's end, and the check sum of its pixels."""
        prompt = [self._recurring(line) for line in label.prompt]
        details = [self._line(line) for line in label.details]
        return self._stream(prompt, details), self._sum(label, prompt + details)

    def _line(self, line: str) -> _Line:
        scale, channels = self._setting.scale, self._channels
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
        return blank.changed(3 * self._setting.scale * darker * dots, darker * distances)

    @cached_property
    def _within(self) -> int:
        """The offsets of the bytes that differ, inside one dot, added up."""
        size = self._channels * self._setting.scale
        return sum(at for at in range(size) if at % self._channels < 3)

    def _blank(self, prompt: int, details: int) -> tuple[Sum, list[int]]:
        """The check sum of a label with so many lines, all blank: read off its own stream.

        And for each line how far its first dot, with all bytes of it that differ, is from the end.
        """
        found = self._blanks.get((prompt, details))
        if found is None:
            blank = self._line("")
            stream = b"".join(self._stream([blank] * prompt, [blank] * details))
            total = sum_of(zlib.decompress(stream, -zlib.MAX_WBITS))
            tops = Label(("",) * prompt, ("",) * details).tops()
            found = total, [self._reach(total.length, top) for top in tops]
            self._blanks[prompt, details] = found
        return found

    def _reach(self, length: int, top: int) -> int:
        setting = self._setting
        passed = top * setting.scale * self._stride + 1 + setting.left * self._channels
        return 3 * setting.scale * (length - passed)

    @cached_property
    def _lead(self) -> bytes:
        return aligned(self._paper_rows(PAD) + self._before) + self._code.opening

    @cached_property
    def _joint(self) -> bytes:
        return self._between(0)

    @cached_property
    def _gap(self) -> bytes:
        return self._between(GAP)

    def _between(self, gap: int) -> bytes:
        pixels = self._after + self._paper_rows(gap) + self._before
        return self._code.closing + aligned(pixels) + self._code.opening

    @cached_property
    def _tail(self) -> bytes:
        return self._code.closing + aligned(self._after + self._paper_rows(PAD)) + LAST_BLOCK

    @cached_property
    def _code(self) -> DotBlock:
        return block(self._setting.scale, self._channels)

    @cached_property
    def _before(self) -> bytes:
        """A row of pixels up to its first dot."""
        return _PLAIN + self._paper(self._setting.left)

    @cached_property
    def _after(self) -> bytes:
        """A row of pixels behind its last dot, and its repetitions."""
        setting = self._setting
        right = setting.width - setting.left - self._columns * CELL_WIDTH * setting.scale
        return self._paper(right) + self._repeated(setting.scale - 1)

    def _paper_rows(self, dots: int) -> bytes:
        rows = dots * self._setting.scale
        if not rows:
            return b""
        return _PLAIN + self._paper(self._setting.width) + self._repeated(rows - 1)

    def _paper(self, pixels: int) -> bytes:
        return pixel(PAPER, self._channels) * pixels

    def _repeated(self, rows: int) -> bytes:
        return (_AS_ABOVE + bytes(self._stride - 1)) * rows
