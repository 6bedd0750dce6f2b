"""The code of a label: every dot of a letter takes the same number of bits.

Whatever its colour, and however many pixels it is enlarged to, a dot is

    in RGB      literal grey (2 bits), copy it 3 * scale - 1 times (2 bits + extra + 1)
    in RGBA     literal r g b a (2 bits each), copy the four scale - 1 times (3 + extra + 1)

Eight dots, one row of a cell, are then a whole number of bytes, and the row of a line of text is
the plain concatenation of ready-made cells. The paper around them is written in the same code.
"""

from collections.abc import Sequence

from mock_server.pictures.deflate import END, LENGTHS, Bits, Code, joined, length_symbol

__all__ = ["MOST_SCALE", "DotCode"]

# The longest copy that deflate knows is 258 bytes.
MOST_SCALE = 64

_DOTS = 8


class DotCode(Code):
    """The code for dots that are `scale` pixels of `ink` or `paper`; a pixel is 3 or 4 bytes.

    `rows` has 256 entries of equal length: the row of a cell, whole bytes; a set bit is ink.
    """

    def __init__(self, ink: bytes, paper: bytes, scale: int) -> None:
        self._period = 1 if len({*ink}) == len({*paper}) == 1 else len(ink)
        literals = {*ink[: self._period], *paper[: self._period]}
        copied = len(ink) * scale - self._period
        super().__init__(_code_lengths(literals, copied), sorted({1, self._period}), last=True)
        dots = [self.pixels(pixel, scale) for pixel in (paper, ink)]
        self.rows = tuple([_cell_row(byte, dots) for byte in range(256)])
        self._padding = self.padding(paper, self._period)

    def pixels(self, pixel: bytes, count: int) -> Bits:
        """So many pixels."""
        copied = len(pixel) * count - self._period
        if copied < 3:
            return self.literals(pixel * count)
        return joined([self.literals(pixel[: self._period]), self.copied(copied, self._period)])

    def padded(self, bits: Bits) -> bytes:
        """The bits and 24 bytes of paper, in so many bits that all together are whole bytes."""
        return bytes(joined([bits, self._padding[bits.length % 8]]))


def _code_lengths(literals: set[int], copied: int) -> dict[int, int]:
    """Two bits for what dots are made of; of the rest, the longest copy has most."""
    more = len(literals) - 2
    lengths = dict.fromkeys(LENGTHS, 10 + more)
    lengths |= {0: 5 + more, 2: 6 + more, END: 6 + more, LENGTHS[-1]: 3 + more}
    lengths |= dict.fromkeys(literals, 2)
    return lengths if copied < 3 else lengths | {length_symbol(copied): 2 + more}


def _cell_row(byte: int, dots: Sequence[Bits]) -> bytes:
    return bytes(joined([dots[byte >> place & 1] for place in reversed(range(_DOTS))]))
