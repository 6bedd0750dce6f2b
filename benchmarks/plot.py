"""The curves as a picture: bars of the mock beside bars of the bare handler, by Pillow alone."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.results import Curve

__all__ = ["write_plot"]

_WIDTH, _HEIGHT, _MARGIN = 1000, 420, 70
_PAPER, _INK, _RULE = "#ffffff", "#222222", "#dddddd"
_MOCK, _BARE = "#2a6fbb", "#bbbbbb"
_LINES = 5


def write_plot(path: Path, curves: Sequence[Curve]) -> None:
    """One panel a curve, below each other."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT * len(curves)), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.font = ImageFont.load_default(16)
    for number, curve in enumerate(curves):
        _panel(draw, curve, top=number * _HEIGHT)
    image.save(path)


def _panel(draw: ImageDraw.ImageDraw, curve: Curve, *, top: int) -> None:
    floor, ceiling = top + _HEIGHT - _MARGIN, top + _MARGIN
    highest = max(*curve.mock, *curve.bare) or 1.0
    draw.text((_MARGIN, top + 16), curve.title, _INK)
    _key(draw, top=top + 18)
    for number in range(_LINES + 1):
        y = floor - (floor - ceiling) * number // _LINES
        draw.line((_MARGIN, y, _WIDTH - 20, y), _RULE)
        draw.text((_MARGIN - 8, y), f"{highest * number / _LINES:,.0f}", _INK, anchor="rm")
    step = (_WIDTH - _MARGIN - 20) / len(curve.labels)
    for number, label in enumerate(curve.labels):
        left = _MARGIN + step * (number + 0.2)
        pairs = ((curve.mock[number], _MOCK), (curve.bare[number], _BARE))
        for at, (rate, colour) in enumerate(pairs):
            x = left + step * 0.3 * at
            height = (floor - ceiling) * rate / highest
            draw.rectangle((x, floor - height, x + step * 0.27, floor), colour)
        ratio = curve.mock[number] / curve.bare[number]
        draw.text((left + step * 0.3, floor + 8), label, _INK, anchor="ma")
        draw.text((left + step * 0.3, floor + 30), f"{ratio:.2f}", _INK, anchor="ma")


def _key(draw: ImageDraw.ImageDraw, *, top: int) -> None:
    for x, colour, words in ((620, _MOCK, "the mock"), (740, _BARE, "the bare handler")):
        draw.rectangle((x, top, x + 14, top + 14), colour)
        draw.text((x + 20, top - 2), words, _INK)
