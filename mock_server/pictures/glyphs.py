"""Letters as bitmaps: GNU Unifont, which has nearly every character there is.

A cell is 16 rows of 8 pixels, held as 16 bytes. Latin letters fill one cell, Chinese characters
and emoji two. A character the font does not know is drawn as a box with its code in it, never as
nothing. The font file says in its licence, beside it, where it comes from.
"""

import struct
import unicodedata
import zlib
from functools import cache, lru_cache
from pathlib import Path

__all__ = ["BLANK", "CELL_HEIGHT", "CELL_WIDTH", "Cell", "cells", "clusters", "visual_order"]

CELL_WIDTH = 8
CELL_HEIGHT = 16

Cell = bytes

BLANK: Cell = bytes(CELL_HEIGHT)

# Digits of 4 by 5 pixels, one hexadecimal digit a row, for the boxes of unknown characters.
_DIGITS = (
    "69996 26227 E168F E161E 99F11 F8E1E 68E96 F1244 69696 69716 "
    "69F99 E9E9E 78887 E999E F8E8F F8E88"
).split()
_BOX = (0xFFFF, *[0x8001] * 14, 0xFFFF)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")


@lru_cache(maxsize=4096)
def cells(cluster: str) -> tuple[Cell, ...]:
    """The one or two cells of a character, with the marks that are combined with it."""
    drawn = _bitmap(cluster[0])
    for mark in cluster[1:]:
        if mark not in _INVISIBLE:
            drawn = _overlaid(drawn, _bitmap(mark))
    return drawn


def clusters(text: str) -> list[str]:
    """The (composed) text cut into characters, each with the combining marks that follow it."""
    if text.isascii():
        return list(text)
    found: list[str] = []
    for char in text:
        if found and (char in _INVISIBLE or unicodedata.combining(char)):
            found[-1] += char
        else:
            found.append(char)
    return found


def visual_order(line: list[str]) -> list[str]:
    """The clusters of a line from left to right: runs of Hebrew or Arabic are turned round.

    Enough for a caption: numbers and blanks inside such a run are turned with it.
    """
    turned: list[str] = []
    run: list[str] = []
    for cluster in line:
        if _right_to_left(cluster) or (run and not cluster.isalnum()):
            run.append(cluster)
            continue
        turned += _turned_round(run)
        run = []
        turned.append(cluster)
    return turned + _turned_round(run)


def _right_to_left(cluster: str) -> bool:
    return unicodedata.bidirectional(cluster[0]) in {"R", "AL"}


def _turned_round(run: list[str]) -> list[str]:
    """A right-to-left run in drawing order; what trails it without direction stays behind it."""
    end = len(run)
    while end and not _right_to_left(run[end - 1]):
        end -= 1
    return [*reversed(run[:end]), *run[end:]]


def _bitmap(char: str) -> tuple[Cell, ...]:
    code = ord(char)
    found = _page(code >> 8).get(code)
    return _code_box(code) if found is None else _split(bytes.fromhex(found))


@lru_cache(maxsize=48)
def _page(number: int) -> dict[int, str]:
    """The glyphs of 256 code points, as hexadecimal digits; about 40 KB each while cached."""
    offset, length = _index().get(number, (0, 0))
    if not length:
        return {}
    text = zlib.decompress(_font()[offset : offset + length]).decode("ascii")
    pairs = (line.split(":") for line in text.split())
    return {int(code, 16): glyph for code, glyph in pairs}


@cache
def _font() -> bytes:
    return Path(__file__).with_name("unifont.pages").read_bytes()


@cache
def _index() -> dict[int, tuple[int, int]]:
    """Where each page lies in the font file: a count, then (page, offset, length) each."""
    font = _font()
    (count,) = struct.unpack_from(">H", font)
    entries = struct.iter_unpack(">HII", font[2 : 2 + 10 * count])
    return {number: (offset, length) for number, offset, length in entries}


def _split(bitmap: bytes) -> tuple[Cell, ...]:
    return (bitmap,) if len(bitmap) == CELL_HEIGHT else (bitmap[::2], bitmap[1::2])


def _overlaid(base: tuple[Cell, ...], mark: tuple[Cell, ...]) -> tuple[Cell, ...]:
    pairs = zip(base, mark, strict=False)
    merged = tuple(bytes(a | b for a, b in zip(one, two, strict=True)) for one, two in pairs)
    return merged + base[len(merged) :]


def _code_box(code: int) -> tuple[Cell, ...]:
    """A box with the character's code: four digits in two rows, six beyond U+FFFF."""
    digits = f"{code:04X}" if code <= 0xFFFF else f"{code:06X}"
    half = len(digits) // 2
    rows = list(_BOX)
    for line, part in enumerate((digits[:half], digits[half:])):
        for row in range(5):
            rows[2 + 7 * line + row] |= _digit_row(part, row)
    return _split(b"".join(row.to_bytes(2, "big") for row in rows))


def _digit_row(digits: str, row: int) -> int:
    """One row of up to three small digits, centred in 16 pixels."""
    step = 5 if len(digits) == 2 else 4
    first = 11 - 5 + (len(digits) - 2) * 4 + (1 if step == 5 else 0)
    bits = 0
    for place, digit in enumerate(digits):
        pattern = int(_DIGITS[int(digit, 16)][row], 16)
        bits |= pattern << max(first - place * step, 1)
    return bits
