"""The label of a picture as the end of its deflate stream, for one size.

Everything around the dots is compressed once. With S for `scale`, the rows of pixels are:

    lead        the edge of the paper, and the first row up to its first dot
    joint       from the last dot of a row to the first of the next: the paper right of it, S - 1
                rows "as above", the paper left of it
    gap         the same, with the space between prompt and details
    tail        the rest of the last row, the lower edge, the end of the stream
"""

import zlib
from functools import cached_property

from mock_server.pictures.adler import Sum, sum_of
from mock_server.pictures.deflate import LAST_BLOCK, DotBlock, aligned
from mock_server.pictures.glyphs import CELL_WIDTH
from mock_server.pictures.label import GAP, INK, PAD, PAPER, Label, Layout
from mock_server.pictures.press import Line, block, pixel, set_line

__all__ = ["Frame"]

_PLAIN = b"\x00"
_AS_ABOVE = b"\x02"


class Frame:
    """What surrounds the words of a label in pictures of one size and mode."""

    def __init__(self, setting: Layout, channels: int) -> None:
        self._setting = setting
        self._channels = channels
        self._columns = setting.columns + 1  # a word's blank may lie in the margin
        self._stride = 1 + setting.width * channels
        self._blank_sums: dict[tuple[int, int], Sum] = {}

    @property
    def weight(self) -> int:
        """About how many bytes of memory it holds."""
        return 8192 + len(self._lead) + len(self._joint) + len(self._gap) + len(self._tail)

    def warm(self) -> None:
        """Builds what the first label would."""
        self.printed(Label(("",), ("",)))

    def printed(self, words: Label) -> tuple[bytes, Sum]:
        """The label as deflate blocks that end the stream, and the check sum of its pixels."""
        prompt = [self._line(line) for line in words.prompt]
        details = [self._line(line) for line in words.details]
        lines = prompt + details
        return self._stream(prompt, details), self._sum(words, lines)

    def _line(self, line: str) -> Line:
        return set_line(line, self._columns, self._setting.scale, self._channels)

    def _stream(self, prompt: list[Line], details: list[Line]) -> bytes:
        lower = self._joint.join([row for line in details for row in line.rows])
        if not prompt:
            return b"".join((self._lead, lower, self._tail))
        upper = self._joint.join([row for line in prompt for row in line.rows])
        return b"".join((self._lead, upper, self._gap, lower, self._tail))

    def _sum(self, words: Label, lines: list[Line]) -> Sum:
        """The sum of a blank label, changed by each dot of ink and its distance from the end.

        A dot is S pixels of `inked` bytes that differ from paper; Adler-32 is linear in them.
        """
        blank = self._blank(len(words.prompt), len(words.details))
        scale, channels, stride = self._setting.scale, self._channels, self._stride
        inked = 3 * scale
        start = blank.length - 1 - self._setting.left * channels
        dots = distances = 0
        for line, top in zip(lines, words.tops(), strict=True):
            ahead = line.dots * (start - top * scale * stride)
            passed = scale * (line.down * stride + line.right * channels)
            dots += line.dots
            distances += inked * (ahead - passed) - line.dots * self._within
        darker = INK - PAPER
        return blank.changed(darker * inked * dots, darker * distances)

    @cached_property
    def _within(self) -> int:
        """The offsets of the bytes that differ, inside one dot, added up."""
        size = self._channels * self._setting.scale
        return sum(at for at in range(size) if at % self._channels < 3)  # noqa: PLR2004 - not alpha

    def _blank(self, prompt: int, details: int) -> Sum:
        """The check sum of a label with so many lines, all blank: read off its own stream."""
        found = self._blank_sums.get((prompt, details))
        if found is None:
            blank = self._line("")
            stream = self._stream([blank] * prompt, [blank] * details)
            found = sum_of(zlib.decompress(stream, -zlib.MAX_WBITS))
            self._blank_sums[prompt, details] = found
        return found

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
