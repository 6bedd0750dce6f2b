"""Deflate streams from ready-made parts: the trick that makes pictures cheap.

A deflate stream is a row of blocks. Everything in a picture that does not depend on the words is
compressed once, by zlib, and ends on a whole byte; so pieces can be put one after the other. The
words lie in blocks of our own, whose code is chosen so that *every dot of a letter takes the same
number of bits*, whatever its colour and however many pixels it is enlarged to:

    dot of RGB      literal grey (2 bits), copy it 3 * scale - 1 times (2 bits + extra + 1)
    dot of RGBA     literal r g b a (2 bits each), copy the four scale - 1 times (3 + extra + 1)

Eight dots, one row of a cell, are then a whole number of bytes, and the row of a line of text is
the plain concatenation of ready-made cells. What remains to be done for a picture is to join some
kilobytes, however large it is. (RFC 1951; `tests/pictures/test_deflate.py` has zlib read it.)
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["EMPTY_BLOCK", "LAST_BLOCK", "MOST_SCALE", "DotBlock", "aligned", "dot_block"]

# Stored blocks without content: what a zlib sync flush ends with, and the end of a stream.
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"
LAST_BLOCK = b"\x01\x00\x00\xff\xff"

# The longest copy that deflate knows is 258 bytes.
MOST_SCALE = 64

_END = 256
_SHORTEST_COPY = 3
_LONG_RUN = 11
_DOTS = 8
# The base length of each length code from 257, and its extra bits; the distance codes likewise.
_LENGTHS: list[int] = [*range(3, 11)] + [
    start + (step << extra)
    for extra, start in enumerate((11, 19, 35, 67, 131), 1)
    for step in range(4)
]
_DISTANCE_CODES = {1: 0, 2: 1, 3: 2, 4: 3}
# The order in which a header names the code lengths of its own code, and which of them we use.
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_USED = frozenset({0, 1, 2, 3, 8, 16, 17, 18})


@dataclass(frozen=True, slots=True)
class DotBlock:
    """A block of dots: `opening`, then for each row of a cell `rows[byte]`, then `closing`.

    All three are whole bytes. `rows` has 256 entries of equal length: a set bit is a dot of ink.
    """

    opening: bytes
    rows: tuple[bytes, ...]
    closing: bytes


def aligned(data: bytes, level: int = 9) -> bytes:
    """The bytes as compressed blocks that end on a whole byte and do not end the stream."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)


def dot_block(ink: bytes, paper: bytes, scale: int) -> DotBlock:
    """The block for dots that are `scale` pixels of ink or paper; a pixel is 3 or 4 bytes."""
    period = 1 if len({*ink}) == len({*paper}) == 1 else len(ink)
    copied = len(ink) * scale - period
    literals = sorted({*ink[:period], *paper[:period]})
    lengths = _code_lengths(literals, copied)
    codes = _canonical(lengths)
    distance = _DISTANCE_CODES[period] if copied >= _SHORTEST_COPY else None
    dots = [_dot(pixel[:period], copied, codes, distance) for pixel in (paper, ink)]
    rows = tuple(_cell_row(byte, dots) for byte in range(256))
    closing = _Bits().add(*codes[_END]).add(0, 3).bytes() + EMPTY_BLOCK[1:]
    return DotBlock(_opening(lengths, distance), rows, closing)


class _Bits:
    """Bits in the order of deflate: the first is the lowest of the first byte."""

    def __init__(self) -> None:
        self.value = 0
        self.length = 0

    def add(self, value: int, length: int) -> "_Bits":
        self.value |= value << self.length
        self.length += length
        return self

    def bytes(self) -> bytes:
        return self.value.to_bytes((self.length + 7) // 8, "little")


_Code = tuple[int, int]


def _code_lengths(literals: Sequence[int], copied: int) -> list[int]:
    """How many bits each symbol has: a complete code, in which all literals have two."""
    lengths = [0] * (_END + 1 + len(_LENGTHS))
    for literal in literals:
        lengths[literal] = 2
    free = 4 - len(literals)
    if copied >= _SHORTEST_COPY:
        lengths[_length_code(copied)] = lengths[_END] = 4 - free if free == 1 else 2
    else:
        lengths[_END] = 2 if free == 1 else 1
    return lengths


def _length_code(length: int) -> int:
    return _END + len([base for base in _LENGTHS if base <= length])


def _canonical(lengths: Sequence[int]) -> dict[int, _Code]:
    """The codes that follow from the lengths (RFC 1951, 3.2.2), mirrored for `_Bits`."""
    codes: dict[int, _Code] = {}
    code = 0
    for length in range(1, 16):
        code <<= 1
        for symbol, bits in enumerate(lengths):
            if bits == length:
                codes[symbol] = (int(f"{code:0{bits}b}"[::-1], 2), bits)
                code += 1
    return codes


def _dot(pixel: Sequence[int], copied: int, codes: dict[int, _Code], distance: int | None) -> _Bits:
    """One dot: its first pixel's bytes as literals, the others as a copy."""
    bits = _Bits()
    for value in pixel:
        bits.add(*codes[value])
    if distance is None:
        for place in range(copied):
            bits.add(*codes[pixel[place % len(pixel)]])
        return bits
    code = _length_code(copied)
    extra = max(0, (code - 261) // 4)
    bits.add(*codes[code]).add(copied - _LENGTHS[code - _END - 1], extra)
    return bits.add(0, 1)


def _cell_row(byte: int, dots: Sequence[_Bits]) -> bytes:
    bits = _Bits()
    for place in range(_DOTS):
        dot = dots[byte >> (_DOTS - 1 - place) & 1]
        bits.add(dot.value, dot.length)
    return bits.bytes()


def _opening(lengths: Sequence[int], distance: int | None) -> bytes:
    """The header of the block, filled up to a whole byte.

    One more entry of its code adds 3 bits, an empty block before it 10: some mixture always fits.
    """
    candidates = (
        _header(lengths, distance, entries=entries, before=before)
        for entries in (18, 19)
        for before in range(4)
    )
    return next(bits.bytes() for bits in candidates if bits.length % 8 == 0)


def _header(lengths: Sequence[int], distance: int | None, *, entries: int, before: int) -> _Bits:
    distances = [0] if distance is None else [*[0] * distance, 1]
    last = max(symbol for symbol, bits in enumerate(lengths) if bits)
    bits = _Bits()
    for _ in range(before):
        bits.add(0b010, 3).add(0, 7)
    bits.add(0b100, 3).add(last - _END, 5).add(len(distances) - 1, 5).add(entries - 4, 4)
    for symbol in _ORDER[:entries]:
        bits.add(3 if symbol in _USED else 0, 3)
    codes = _canonical([3 if symbol in _USED else 0 for symbol in range(19)])
    for symbol, value, extra in _shortened([*lengths[: last + 1], *distances]):
        bits.add(*codes[symbol]).add(value, extra)
    return bits


def _shortened(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """The lengths as symbols of a header: (symbol, value of its extra bits, how many those are)."""
    found: list[tuple[int, int, int]] = []
    at = 0
    while at < len(lengths):
        zeros = next((i for i, bits in enumerate(lengths[at : at + 138]) if bits), None)
        run = min(138, len(lengths) - at) if zeros is None else zeros
        if run >= _LONG_RUN:
            found.append((18, run - _LONG_RUN, 7))
        elif run >= _SHORTEST_COPY:
            found.append((17, run - 3, 3))
        else:
            run = 1
            found.append((lengths[at], 0, 0))
        at += run
    return found
