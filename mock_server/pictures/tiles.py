"""Drawing in tiles: the coarse form of a scene, in any ratio."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from math import floor, sqrt
from random import Random

__all__ = ["Mosaic", "Tiles"]

_RUN = re.compile(rb"(.)\1*", re.DOTALL)
_Line = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A finished picture of tiles, `columns` wide and at most 255.

    `rows` are its different rows, each as pairs of bytes: a tone, and the column where it ends.
    `order` has, from the top, which row comes and how many tiles high.
    """

    columns: int
    rows: tuple[bytes, ...]
    order: tuple[tuple[int, int], ...]


class Tiles:
    """Draws from (0, 0) to (`wide`, `high`), of which the shorter is 1, in tones."""

    def __init__(self, columns: int, rows: int, chance: Random, *, dark: bool) -> None:
        self._unit = min(columns, rows)
        self._columns, self._rows = columns, rows
        self._tones = bytearray(columns * rows)
        self.wide = columns / self._unit
        self.high = rows / self._unit
        self.tile = 1 / self._unit
        self.chance = chance
        self.dark = dark

    def box(self, left: float, top: float, right: float, bottom: float, tone: int) -> None:
        """A box between its edges, of one tile at least."""
        start, upper = self._place(left), self._place(top)
        end, lower = self._place(right), self._place(bottom)
        end, lower = max(start + 1, end), max(upper + 1, lower)
        start, end = max(start, 0), min(end, self._columns)
        upper, lower = max(upper, 0), min(lower, self._rows)
        line = bytes([tone]) * (end - start)
        for row in range(upper, lower) if line else ():
            place = row * self._columns
            self._tones[place + start : place + end] = line

    def disc(self, x: float, y: float, radius: float, tone: int) -> None:
        """A full disc about a point."""

        def half(at: float) -> float:
            return sqrt(max(radius**2 - (at - x) ** 2, 0))

        self.between(x - radius, x + radius, lambda at: y - half(at), lambda at: y + half(at), tone)

    def ground(self, line: _Line, tone: int) -> None:
        """Everything below a line `height(x)` over the whole width."""
        self.between(0, self.wide, line, lambda _: self.high, tone)

    def between(self, left: float, right: float, top: _Line, bottom: _Line, tone: int) -> None:
        """What lies between two lines, from `left` to `right`."""
        for column in range(max(self._place(left), 0), min(self._place(right), self._columns)):
            at = (column + 0.5) / self._unit
            upper = max(self._place(top(at)), 0)
            lower = min(self._place(bottom(at)), self._rows)
            if upper < lower:
                first, behind = upper * self._columns + column, lower * self._columns
                self._tones[first : behind : self._columns] = bytes([tone]) * (lower - upper)

    def _place(self, at: float) -> int:
        """The number of the tile that begins nearest to here."""
        return floor(at * self._unit + 0.5)

    def finished(self) -> Mosaic:
        """The picture, its equal rows found."""
        starts = range(0, len(self._tones), self._columns)
        lines = [bytes(self._tones[start : start + self._columns]) for start in starts]
        numbers: dict[bytes, int] = {}
        drawn = [numbers.setdefault(line, len(numbers)) for line in lines]
        order = tuple([(number, len(list(group))) for number, group in groupby(drawn)])
        return Mosaic(self._columns, tuple(map(_runs, numbers)), order)


def _runs(line: bytes) -> bytes:
    ends = [(line[run.start()], run.end()) for run in _RUN.finditer(line)]
    return bytes([value for pair in ends for value in pair])
