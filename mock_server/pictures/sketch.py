"""The scenery of a picture as a sketch: flat tiles, written straight as deflate code.

A sketch has some 25 different rows of tiles, each a few runs of one colour. The first row of
pixels of a tile is written as differences to the pixel on its left - a colour, zeros, a colour,
zeros - and its others as differences to the row above, which are zeros alone. In the code below
258 zeros take two bits, and every row whole bytes, so that repeating a row is repeating bytes. A
size never seen before costs no more than another.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import floor, log
from typing import NamedTuple

from PIL import Image, ImageDraw

from mock_server.pictures.adler import Sum, sum_of
from mock_server.pictures.deflate import EMPTY_BLOCK, END, LENGTHS, PADDED, Bits, Code, joined
from mock_server.pictures.design import Design
from mock_server.pictures.tiles import Mosaic
from mock_server.pictures.tones import BACKDROP, tints
from mock_server.pictures.vignettes import vignette

__all__ = ["CLOSING", "Sketch", "composed_size", "sketch_image", "sketched"]

# The tiles on a side of a square; by how much the ratios differ that sceneries are composed for,
# and those that vignettes are drawn for, which are then stretched a little.
_TILES = 32
_RATIO_STEP = 1.12
_GRID_STEP = _RATIO_STEP**2
_WIDEST = 6

# So many zeros of a row are written one by one at most, to make it a whole number of bytes.
_MOST_SINGLE = 16

# A tile is so wide at least that the padding of a row fits into its last one.
_NARROWEST = 1 + PADDED // 3

# Engravings take some 200 us, and 5 KB to keep; plates made of them a third, and 5 KB; steps half
# as long, and 15 KB; codes 200 bytes.
_PLATES_KEPT = 64
_STEPS_KEPT = 64
_CODES_KEPT = 4096

_Tint = tuple[int, ...]
_Order = tuple[tuple[int, int], ...]
_SUB, _UP = b"\x01", b"\x02"


class _Step(NamedTuple):
    """The code for going from one colour to another, and what its bytes sum up to.

    `rise` adds up the bytes, `passed` each times its distance from the first.
    """

    code: int
    length: int
    rise: int
    passed: int


_Steps = tuple[tuple[_Step, int], ...]
"""A row of tiles: the steps of colour in it, and the column where each colour ends."""


class _Engraving(NamedTuple):
    """A row of tiles as code, and what its bytes sum up to; `before`: each by its place."""

    value: int
    length: int
    rise: int
    before: int


class _Row(NamedTuple):
    """A row of pixels as code; its bytes added up, and each times its distance from the end."""

    code: bytes
    low: int
    high: int


class _Plate(NamedTuple):
    """A mosaic engraved for pictures of one width; `more` is a row like the one above."""

    rows: tuple[_Row, ...]
    more: bytes
    order: _Order
    tall: int


class Sketch(NamedTuple):
    """A scenery of one width, and how it goes on below: with the last row, over and over.

    `code` is the beginning of a deflate stream, `total` the check sum of what it says, `more` the
    code of one more row, `row` its check sum; behind the last of them comes CLOSING.
    """

    code: bytes
    total: Sum
    more: bytes
    row: Sum


def sketched(plan: Design, composed: tuple[int, int], width: int, *, channels: int) -> Sketch:
    """The scenery, in RGB (3 channels), or in RGBA (4) with a clear backdrop.

    It is `composed` for that many columns and rows; to the right of them each row goes on as it
    ends, up to the width.
    """
    across, height = composed
    rows, more, order, tall = _plate(plan, _grid(across, height), across, width, channels)
    stride = 1 + width * channels
    parts = [_CODE.opening]
    low, high = 1, 0
    top = tiles = 0
    for number, count in order:
        tiles += count
        again = tiles * height // tall - top - 1
        code, row_low, row_high = rows[number]
        parts += code, more * again
        high += stride * low + row_high
        low += row_low
        high += stride * again * (low + again + 1)
        low += 2 * again
        top += 1 + again
    row = sum_of(_UP).then(sum_of(b"\x00").times(stride - 1))
    return Sketch(b"".join(parts), Sum(low, high, stride * height), more, row)


def sketch_image(plan: Design, width: int, height: int, *, cut_out: bool) -> Image.Image:
    """The same above a label so far down, for pictures that are not pressed."""
    across, down = composed_size(width, height)
    columns, rows = _grid(across, down)
    drawn = _mosaic(plan, (columns, rows))
    colours = _colours(plan, 4 if cut_out else 3)
    image = Image.new("RGBA" if cut_out else "RGB", (width, height))
    brush = ImageDraw.Draw(image)
    tiles = 0
    for number, count in drawn.order:
        top, tiles = tiles * down // rows, tiles + count
        bottom = tiles * down // rows if tiles < rows else height
        left = 0
        for tone, column in _runs(drawn.rows[number]):
            right = column * across // columns if column < columns else width
            brush.rectangle((left, top, right - 1, bottom - 1), colours[tone])
            left = right
    return image


def composed_size(width: int, height: int) -> tuple[int, int]:
    """How many columns and rows, of so many above the label, a scenery is composed for.

    These are few sizes, so that one is ready for most that are asked for: some widths, each with
    some ratios.
    """
    across = _composed_width(width)
    down = int(across * _RATIO_STEP ** floor(log(height / across, _RATIO_STEP)))
    return across, max(1, min(down, height))


@lru_cache(maxsize=256)
def _composed_width(width: int) -> int:
    return max(1, min(int(_RATIO_STEP ** floor(log(width, _RATIO_STEP))), width))


def _grid(width: int, height: int) -> tuple[int, int]:
    """How many columns and rows of nearly square tiles; few different ones over all sizes."""
    ratio = max(width, height) / min(width, height)
    ratio = _GRID_STEP ** min(round(log(ratio, _GRID_STEP)), _WIDEST)
    short = round(_TILES / ratio**0.25)
    long = round(short * ratio)
    columns, rows = (long, short) if width > height else (short, long)
    return max(1, min(columns, width // _NARROWEST)), min(rows, height)


def _mosaic(plan: Design, grid: tuple[int, int]) -> Mosaic:
    return vignette(plan.kind, plan.variant, *grid, dark=plan.colours.dark)


@lru_cache(maxsize=_PLATES_KEPT)
def _plate(plan: Design, grid: tuple[int, int], across: int, width: int, channels: int) -> _Plate:
    order, engraved = _engravings(plan, grid, across, channels)
    further = _zeros((width - across) * channels)
    stride = 1 + width * channels
    rows = tuple([_finished(row, further, stride) for row in engraved])
    return _Plate(rows, _as_above(width * channels), order, grid[1])


def _finished(row: _Engraving, further: Bits, stride: int) -> _Row:
    """The row with so many zeros more, and in whole bytes."""
    length = row.length + further.length
    padding, more = _PADDING[length % 8]
    value = row.value | further.value << row.length | padding << length
    high = stride + row.rise * (stride - 1) - row.before
    return _Row(value.to_bytes((length + more) // 8, "little"), 1 + row.rise, high)


@lru_cache(maxsize=_PLATES_KEPT)
def _engravings(
    plan: Design, grid: tuple[int, int], across: int, channels: int
) -> tuple[_Order, tuple[_Engraving, ...]]:
    """The rows of a mosaic so many pixels across, but for the padding in their last tiles."""
    columns, _ = grid
    order, steps = _steps(plan, grid, channels)
    ends = [column * across // columns * channels for column in range(columns + 1)]
    ends[-1] -= PADDED
    return order, tuple([_engraved(row, ends, channels) for row in steps])


def _engraved(row: _Steps, ends: list[int], channels: int) -> _Engraving:
    """A row of tiles; `ends` has where each column ends, less the padding in the last."""
    value, length = _SUB_CODE
    rises = before = start = 0
    for (code, bits, rise, passed), column in row:
        end = ends[column]
        zeros, more = _zeros(end - start - channels)
        value |= (zeros << bits | code) << length
        length += bits + more
        rises += rise
        before += rise * start + passed
        start = end
    return _Engraving(value, length, rises, before)


@lru_cache(maxsize=_PLATES_KEPT)
def _as_above(length: int) -> bytes:
    """A row like the one above: most of a picture, and so in as few bytes as there can be."""
    zeros = (joined([_CODE.literals(bytes(n)), _zeros(length - n)]) for n in range(_MOST_SINGLE))
    rows = (joined([_UP_CODE, bits]) for bits in zeros)
    whole = next((row for row in rows if row.length % 8 == 0), None)
    if whole is None:
        whole = joined([_UP_CODE, _zeros(length - PADDED)])
        whole = joined([whole, _PADDING[whole.length % 8]])
    return bytes(whole)


@lru_cache(maxsize=_STEPS_KEPT)
def _steps(plan: Design, grid: tuple[int, int], channels: int) -> tuple[_Order, list[_Steps]]:
    """The rows of a mosaic in its colours, whatever the width of the picture."""
    drawn = _mosaic(plan, grid)
    colours = _colours(plan, channels)
    rows = []
    for row in drawn.rows:
        tones = [colours[tone] for tone in row[::2]]
        before = [(0,) * channels, *tones]
        rows.append(tuple(zip(map(_step, before, tones), row[1::2], strict=True)))
    return drawn.order, rows


@lru_cache(maxsize=256)
def _colours(plan: Design, channels: int) -> tuple[_Tint, ...]:
    if channels == 3:
        return tints(plan.colours)
    clear = (0, 0, 0, 0)
    return tuple(
        clear if tone in BACKDROP else (*tint, 255) for tone, tint in enumerate(tints(plan.colours))
    )


def _runs(row: bytes) -> Iterator[tuple[int, int]]:
    """The runs of a row of a mosaic: the tone of each, and the column where it ends."""
    return zip(row[::2], row[1::2], strict=True)


@lru_cache(maxsize=_CODES_KEPT)
def _step(before: _Tint, after: _Tint) -> _Step:
    steps = bytes([(new - old) % 256 for old, new in zip(before, after, strict=True)])
    passed = sum(place * step for place, step in enumerate(steps))
    return _Step(*_CODE.literals(steps), sum(steps), passed)


# Two bits for the longest copy of zeros, three for a zero, and a complete code for all the others.
_CODE = Code(
    dict.fromkeys(range(END), 10)
    | dict.fromkeys(LENGTHS, 8)
    | {0: 3, _UP[0]: 6, END: 9, LENGTHS[-1]: 1},
    [1],
    last=False,
)
_SUB_CODE, _UP_CODE = _CODE.literals(_SUB), _CODE.literals(_UP)
_PADDING = _CODE.padding(b"\x00")
CLOSING = bytes(joined([_CODE.closing, Bits(0, 3)])) + EMPTY_BLOCK[1:]
_zeros = lru_cache(maxsize=_CODES_KEPT)(_CODE.zeros)
