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
from mock_server.pictures.press import (
    Extent,
    Word,
    dot_code,
    extent,
    parted,
    pixel,
    press,
)
from mock_server.pictures.scene import FINGERPRINT

__all__ = ["Frame", "frame"]

_PLAIN = b"\x00"
_AS_ABOVE = b"\x02"

# A frame takes some 20 us to make, and up to 450 KB with the lines and formes it keeps.
_FRAMES_KEPT = 32

# Lines recur: so many are kept as they were set, about 7 KB each. (In plain tables: a cache of
# its own methods would keep a frame from being freed when it is given up.)
_LINES_KEPT = 16

# Prompts that are made in numbers are alike but for their last word: so many are kept as they are
# without it, up to 20 KB each.
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
    """A label that is set down to its details, but for the last word of its prompt.

    That word's first row stands behind the `opening`, each of the `rows` behind one of it. `blank`
    is the sum of the label without ink; the ink that is set is `dots`, and `distances` adds up how
    far each byte of it is from the end. So far are the first dots of the word (`reach`), of the
    lines below it and of the bar code.
    """

    opening: bytes
    rows: list[bytes]
    blank: Sum
    dots: int
    distances: int
    reach: int
    below: list[int]
    bars: int


# The lines above a forme's last one, the start of that and how wide the word behind it is; how many
# lines are below; whether it ends a prompt.
_Key = tuple[tuple[str, ...], str, int, int, bool]


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
        upper, lower = label.prompt, label.details
        if not upper:
            upper, lower = lower[:1], lower[1:]
        start, word = parted(upper[-1])
        words = self._press.last(word)
        last = extent(words)
        key = upper[:-1], start, last.width, len(lower), bool(label.prompt)
        forme = self._formes.get(key) or self._lock(key)
        parts = [ahead, forme.opening, *_rows(words, forme.rows)]
        lines = [self._lines.get(line) or self._line(line) for line in lower]
        for code, ends, _, _ in lines:
            parts += code, ends.joint
        if lines:
            parts[-1] = ends.foot
        parts += map(self._code.rows.__getitem__, label.mark)
        parts += self._tail, self._sum(forme, last, lines, label.mark, above)
        return b"".join(parts)

    def _lock(self, key: _Key) -> _Forme:
        """Make a forme, and keep it."""
        upper, start, room, lower, ends_prompt = key
        ahead, words = [*map(self._line, upper)], self._press.line(start)
        begun = extent(words)
        ends = self._ends_of(begun.width + room)
        first, *others = map(b"".join, zip(*[word.rows for word in words], strict=True))
        below_it = ends.joint if lower else ends.foot
        lines = [*ahead, _Line(b"", ends, begun.dots, self._passed(begun))]
        prompt = len(lines) if ends_prompt else 0
        blank, (*reaches, bars) = self._blank(prompt, len(lines) + lower - prompt)
        reached, below = reaches[: len(lines)], reaches[len(lines) :]
        if len(self._formes) >= _FORMES_KEPT:
            self._formes.clear()
        found = self._formes[key] = _Forme(
            opening=b"".join([self._lead, *[line.code + line.ends.joint for line in ahead], first]),
            rows=[*[ends.joint + row for row in others], ends.gap if ends_prompt else below_it],
            blank=blank,
            dots=sum(line.dots for line in lines),
            distances=sum(
                line.dots * reach - line.passed for line, reach in zip(lines, reached, strict=True)
            ),
            reach=reached[-1] - self._within - self._dot * self._channels * begun.width,
            below=below,
            bars=bars - self._within - self._dot * self._channels * self._bars,
        )
        return found

    def _line(self, line: str) -> _Line:
        """What is set of a line: its first row, joint, its second row, ..."""
        found = self._lines.get(line)
        if found is None:
            words = self._press.line(line)
            reach = extent(words)
            ends = self._ends_of(reach.width)
            if len(self._lines) >= _LINES_KEPT:
                self._lines.clear()
            code = b"".join(_rows(words, [ends.joint] * CELL_HEIGHT)[:-1])
            found = self._lines[line] = _Line(code, ends, reach.dots, self._passed(reach))
        return found

    def _passed(self, reach: Extent) -> int:
        """How far each byte of their ink is behind their first dot, added up."""
        far = reach.down * self._stride + reach.right * self._channels
        return self._dot * far + self._within * reach.dots

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

    def _sum(
        self, forme: _Forme, last: Extent, lines: list[_Line], mark: bytes, above: Sum
    ) -> bytes:
        """The sum of a blank label, changed by each byte of ink and its distance from the end.

        A dot is `scale` pixels of 3 bytes that differ from paper; Adler-32 is linear in them.
        """
        bars = sum(map(getitem, _BAR_DOTS, mark))
        right = sum(map(getitem, _BAR_COLUMNS, mark)) + last.right
        dots = forme.dots + last.dots + bars
        distances = forme.distances + last.dots * forme.reach + bars * forme.bars
        distances -= self._dot * (last.down * self._stride + right * self._channels)
        for (_, _, ink, passed), reach in zip(lines, forme.below, strict=True):
            dots += ink
            distances += ink * reach - passed
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


def _rows(words: list[Word], behind: list[bytes]) -> list[bytes]:
    """The first row of the words, what is behind it, their second row, ..."""
    step = len(words) + 1
    rows = [b""] * (step * CELL_HEIGHT)
    for place, word in enumerate(words):
        rows[place::step] = word.rows
    rows[step - 1 :: step] = behind
    return rows


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
