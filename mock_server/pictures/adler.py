"""Adler-32, the check sum of a zlib stream, put together from those of its parts."""

import zlib
from typing import NamedTuple

__all__ = ["EMPTY", "Sum", "sum_of"]

_MODULUS = 65521


class Sum(NamedTuple):
    """The two halves of a check sum, not yet reduced, and how many bytes it is of."""

    low: int
    high: int
    length: int

    def then(self, other: "Sum") -> "Sum":
        """The sum of these bytes followed by the other's."""
        return Sum(
            (self.low + other.low - 1) % _MODULUS,
            (self.high + other.high + other.length * (self.low - 1)) % _MODULUS,
            self.length + other.length,
        )

    def times(self, count: int) -> "Sum":
        """The sum of these bytes so many times, one behind the other."""
        low = self.low - 1
        return Sum(
            (1 + low * count) % _MODULUS,
            (self.high * count + self.length * low * (count * (count - 1) // 2)) % _MODULUS,
            self.length * count,
        )

    def written(self, low: int = 0, high: int = 0) -> bytes:
        """The sum as it is written, after some bytes have changed.

        `low` adds up the changes; `high` too, each times its distance from the end of the bytes.
        """
        summed = (self.high + high) % _MODULUS << 16 | (self.low + low) % _MODULUS
        return summed.to_bytes(4, "big")


EMPTY = Sum(1, 0, 0)


def sum_of(data: bytes) -> Sum:
    """The check sum of some bytes."""
    value = zlib.adler32(data)
    return Sum(value & 0xFFFF, value >> 16, len(data))
