"""Deflate blocks of our own make: the trick that makes pictures cheap.

zlib looks for what repeats; we know it. A block is written with a code that suits what lies in it
(RFC 1951), straight from runs of bytes, so that its making costs as much as there are runs, and
nothing for the pixels in them. In one way or another every piece is a whole number of bytes, and
a picture is put together by joining pieces. (`tests/pictures/test_deflate.py` has zlib read them.)
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

__all__ = ["EMPTY_BLOCK", "END", "LENGTHS", "PADDED", "Bits", "Code", "joined", "length_symbol"]

# A stored block without content: what a zlib sync flush ends with.
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"

# The symbols of a code: bytes are literals, END ends the block, LENGTHS tell how much to copy.
END = 256
LENGTHS = range(257, 286)

# How many bytes `Code.padding` writes.
PADDED = 24

_SHORTEST, _LONGEST = 3, 258
# The least length for each symbol of LENGTHS; with their extra bits the next ones follow.
_LEAST: list[int] = [
    *range(3, 11),
    *(start + (step << extra) for extra, start in enumerate((11, 19, 35, 67, 131), 1)
      for step in range(4)),
    _LONGEST,
]  # fmt: skip
# The order in which a header names the code lengths of its own code.
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_REPEAT, _FEW_ZEROS, _MANY_ZEROS = 16, 17, 18


class Bits(NamedTuple):
    """Bits in the order of deflate: the first is the lowest."""

    value: int
    length: int

    def __bytes__(self) -> bytes:
        return self.value.to_bytes((self.length + 7) // 8, "little")

    def repeated(self, times: int) -> "Bits":
        """These bits so many times."""
        if not self.value:
            return Bits(0, self.length * times)
        ones = ((1 << self.length * times) - 1) // ((1 << self.length) - 1)
        return Bits(self.value * ones, self.length * times)


def joined(parts: Iterable[Bits]) -> Bits:
    """The parts one behind the other."""
    value = length = 0
    for more, bits in parts:
        value |= more << length
        length += bits
    return Bits(value, length)


def length_symbol(length: int) -> int:
    """The symbol that tells to copy so many bytes, 3 to 258."""
    return END + bisect_right(_LEAST, length)


class Code:
    """The code of a block; `lengths` tells how many bits each symbol takes that is used.

    A code has to be complete: symbols that are not used take up the room that is left. Copies are
    made from `distances` bytes back: one or two of 1 to 4. The `last` block ends the stream.
    """

    def __init__(self, lengths: Mapping[int, int], distances: Sequence[int], *, last: bool) -> None:
        self._last = last
        self._lengths = _completed(lengths)
        self._codes = _canonical(self._lengths)
        self._distances = [int(distance in distances) for distance in range(1, max(distances) + 1)]
        self._distance = {distance: Bits(place, 1) for place, distance in enumerate(distances)}
        self._copies: dict[tuple[int, int], Bits] = {}  # at most 256 lengths

    @cached_property
    def opening(self) -> bytes:
        """The header of a block in this code, filled up to a whole byte.

        One more entry of its code adds 3 bits, an empty block before it 10: some mixture fits.
        """
        candidates = (
            self._header(entries=entries, before=before)
            for entries in (18, 19)
            for before in range(4)
        )
        return next(bytes(bits) for bits in candidates if bits.length % 8 == 0)

    @cached_property
    def closing(self) -> Bits:
        """The end of the block."""
        return self._codes[END]

    def literals(self, data: bytes) -> Bits:
        """The bytes, one by one."""
        return joined([self._codes[byte] for byte in data])

    def copied(self, length: int, distance: int = 1) -> Bits:
        """The bytes from `distance` back, over and over: any number of bytes but 1 and 2."""
        times, rest = divmod(length, _LONGEST)
        if times and 0 < rest < _SHORTEST:
            short = self._copy(_LONGEST - _SHORTEST + rest, distance), self._copy(3, distance)
            return joined((self._copy(_LONGEST, distance).repeated(times - 1), *short))
        long = self._copy(_LONGEST, distance).repeated(times)
        return joined((long, self._copy(rest, distance))) if rest else long

    def zeros(self, count: int) -> Bits:
        """So many bytes of 0."""
        if count <= _SHORTEST:
            return self.literals(bytes(count))
        return joined([self._codes[0], self.copied(count - 1)])

    def padding(self, pixel: bytes, distance: int = 1) -> tuple[Bits, ...]:
        """Eight ways to write 24 bytes of this pixel: the n-th makes n bits more a whole byte."""
        ways = list(self._ways(pixel * (PADDED // len(pixel)), distance))
        return tuple(
            min((bits for bits in ways if (before + bits.length) % 8 == 0), key=lambda b: b.length)
            for before in range(8)
        )

    def _ways(self, data: bytes, distance: int) -> Iterable[Bits]:
        """Some bytes as literals, some as shortest copies, the rest as one copy."""
        for count in range(distance, distance + 12):
            for threes in range(min(8, (len(data) - count) // _SHORTEST + 1)):
                rest = len(data) - count - _SHORTEST * threes
                if rest in (0, *range(_SHORTEST, PADDED)):
                    copies = self._copy(_SHORTEST, distance).repeated(threes)
                    yield joined([self.literals(data[:count]), copies, self.copied(rest, distance)])

    def _copy(self, length: int, distance: int) -> Bits:
        found = self._copies.get((length, distance))
        if found is None:
            found = self._copies[length, distance] = self._written(length, distance)
        return found

    def _written(self, length: int, distance: int) -> Bits:
        symbol = length_symbol(length)
        extra = _extra_bits(symbol)
        more = Bits(length - _LEAST[symbol - LENGTHS.start], extra)
        return joined([self._codes[symbol], more, self._distance[distance]])

    def _header(self, *, entries: int, before: int) -> Bits:
        symbols = list(_shortened([*self._lengths, *self._distances]))
        own = _balanced({symbol for symbol, _ in symbols})
        codes = _canonical(own)
        return joined(
            [
                Bits(0b010, 10).repeated(before),
                Bits(0b100 | self._last, 3),
                Bits(len(self._lengths) - END - 1, 5),
                Bits(len(self._distances) - 1, 5),
                Bits(entries - 4, 4),
                *(Bits(own[symbol], 3) for symbol in _ORDER[:entries]),
                *(bits for symbol, more in symbols for bits in (codes[symbol], more)),
            ]
        )


def _extra_bits(symbol: int) -> int:
    return 0 if symbol == LENGTHS[-1] else max(0, (symbol - 261) // 4)


def _completed(lengths: Mapping[int, int]) -> list[int]:
    """The lengths by symbol; literals that are not used take what a complete code has left."""
    full = [lengths.get(symbol, 0) for symbol in range(max(lengths) + 1)]
    left = (1 << 15) - sum(1 << 15 - bits for bits in lengths.values())
    unused = (symbol for symbol in range(END) if not full[symbol])
    for bits in range(1, 16):
        if left & 1 << 15 - bits:
            full[next(unused)] = bits
    return full


def _canonical(lengths: Sequence[int]) -> dict[int, Bits]:
    """The codes that follow from the lengths (RFC 1951, 3.2.2), mirrored for `Bits`."""
    codes: dict[int, Bits] = {}
    code = 0
    for length in range(1, 16):
        code <<= 1
        for symbol, bits in enumerate(lengths):
            if bits == length:
                codes[symbol] = Bits(int(f"{code:0{bits}b}"[::-1], 2), bits)
                code += 1
    return codes


def _balanced(symbols: set[int]) -> list[int]:
    """Lengths of a complete code for the symbols of a header that differ by one at most."""
    most = (len(symbols) - 1).bit_length()
    shorter = (1 << most) - len(symbols)
    lengths = [0] * 19
    for place, symbol in enumerate(sorted(symbols)):
        lengths[symbol] = most - (place < shorter)
    return lengths


def _shortened(lengths: Sequence[int]) -> Iterable[tuple[int, Bits]]:
    """The lengths as symbols of a header, each with its extra bits."""
    for length, group in groupby(lengths):
        left = len(list(group))
        if length:
            yield length, Bits(0, 0)
            left -= 1
        while left >= _SHORTEST:
            symbol, least, most, extra = _RUNS[0 if length else 1 + (left > 10)]
            taken = min(left, most)
            yield symbol, Bits(taken - least, extra)
            left -= taken
        yield from [(length, Bits(0, 0))] * left


# Symbols of a header for many equal lengths: the fewest and the most, and their extra bits.
_RUNS = ((_REPEAT, 3, 6, 2), (_FEW_ZEROS, 3, 10, 3), (_MANY_ZEROS, 11, 138, 7))
