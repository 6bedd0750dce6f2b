"""Drawing in units of the shorter side of a picture, so that discs stay round at any ratio."""

from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw

from mock_server.pictures.palette import Colour, Palette, blend

__all__ = ["BLACK", "WHITE", "Brush"]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (12, 14, 22)


class Brush:
    """Draws from (0, 0) to (`wide`, `high`), of which the shorter is 1."""

    def __init__(self, image: Image.Image, colours: Palette, chance: Random) -> None:
        self.colours = colours
        self.chance = chance
        self._draw = ImageDraw.Draw(image)
        self._unit = min(image.size)
        self.wide = image.width / self._unit
        self.high = image.height / self._unit

    def rectangle(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """A box between its edges."""
        self._draw.rectangle(self._pixels(left, top, max(right, left), max(bottom, top)), fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A full disc about a point."""
        self._draw.ellipse(self._pixels(x - radius, y - radius, x + radius, y + radius), fill)

    def ellipse(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """A full ellipse between its edges."""
        self._draw.ellipse(self._pixels(left, top, right, bottom), fill)

    def slice(self, x: float, y: float, radius: float, quarter: int, fill: Colour) -> None:
        """A quarter of a disc: 0 is below and right of its point, then clockwise."""
        box = self._pixels(x - radius, y - radius, x + radius, y + radius)
        self._draw.pieslice(box, 90 * quarter, 90 * quarter + 90, fill)

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        """A shape between its corners."""
        self._draw.polygon([(x * self._unit, y * self._unit) for x, y in points], fill)

    def ground(self, height: Callable[[float], float], fill: Colour) -> None:
        """Everything below a line `height(x)` over the whole width."""
        steps = 160
        line = [(self.wide * i / steps, height(self.wide * i / steps)) for i in range(steps + 1)]
        self.polygon([(0, self.high + 1), *line, (self.wide, self.high + 1)], fill)

    def fade(self, top: float, bottom: float, one: Colour, other: Colour) -> None:
        """A vertical run of colours, in at most 64 steps."""
        steps = 64
        for step in range(steps):
            y = top + (bottom - top) * step / steps
            end = bottom if step == steps - 1 else y + (bottom - top) / steps
            self.rectangle(0, y, self.wide, end, blend(one, other, step / (steps - 1)))

    def _pixels(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        return [round(side * self._unit) for side in (left, top, right, bottom)]
