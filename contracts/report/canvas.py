"""What the size map is drawn with: the frame that places a size, letters, rings, labels, lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from contracts.size import Size

__all__ = [
    "BOTTOM",
    "DOT",
    "INK",
    "LEFT",
    "PAPER",
    "RIGHT",
    "SOFT",
    "TOP",
    "WEAVE",
    "Entry",
    "Frame",
    "draw_block",
    "draw_dot",
    "draw_label",
    "draw_ring",
    "draw_upright",
    "font",
]

LEFT, TOP, RIGHT, BOTTOM = 112, 128, 470, 96
PAPER, INK, SOFT, RULE = "#ffffff", "#1c2430", "#5b6675", "#c9d0d9"
DOT, WEAVE = "dot", "weave"
"""Swatches of a list that are no plain colour."""

Entry = tuple[str, str, str]
"""A line of a list: colour or swatch, words, number."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a size lies on the picture."""

    step: int
    cells: int
    scale: int

    @property
    def side(self) -> int:
        """Pixels of the plot, either way."""
        return self.cells * self.scale

    def corner(self, size: Size) -> tuple[int, int]:
        """The upper left pixel of the size's square; height grows upwards."""
        x = LEFT + int(size.width / self.step * self.scale)
        y = TOP + self.side - self.scale - int(size.height / self.step * self.scale)
        return x, y

    def middle(self, size: Size) -> tuple[int, int]:
        """The middle of the size's square."""
        x, y = self.corner(size)
        return x + self.scale // 2, y + self.scale // 2


def draw_block(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    heading: str,
    entries: Iterable[Entry],
) -> tuple[int, int]:
    """A heading and its lines, each of colour, words and number; where the next block begins."""
    (x, y), end = at, at[0] + RIGHT - 72
    if heading:
        pen.text((x, y), heading, fill=INK, font=font(24))
        pen.line((x, y + 36, end, y + 36), fill=RULE)
        y += 48
    for colour, words, number in entries:
        _draw_swatch(pen, (x, y + 2), colour)
        pen.text((x + 32, y + 12), words, fill=INK, font=font(18), anchor="lm")
        pen.text((end, y + 12), number, fill=INK, font=font(18), anchor="rm")
        y += 32
    return x, y + 20


def _draw_swatch(pen: ImageDraw.ImageDraw, at: tuple[int, int], colour: str) -> None:
    x, y = at
    if colour == DOT:
        draw_dot(pen, (x + 10, y + 10))
    elif colour == WEAVE:
        squares = [(i, j) for i in range(5) for j in range(5) if (i + j) % 2 == 0]
        for i, j in squares:
            pen.rectangle((x + 4 * i, y + 4 * j, x + 4 * i + 3, y + 4 * j + 3), fill=RULE)
    elif colour:
        pen.rectangle((x, y, x + 20, y + 20), fill=colour, outline=RULE)


def draw_dot(pen: ImageDraw.ImageDraw, at: tuple[int, int]) -> None:
    """A small circle that stands out on any colour."""
    x, y = at
    pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=PAPER, outline=INK, width=2)


def draw_label(
    pen: ImageDraw.ImageDraw, frame: Frame, size: Size, colour: str, height: int
) -> None:
    """The size in words, beside its spot and inside the plot."""
    x, y = frame.middle(size)
    rightwards = x < LEFT + frame.side * 0.8
    pen.text(
        (x + height if rightwards else x - height, y),
        str(size),
        fill=colour,
        font=font(height),
        anchor="lm" if rightwards else "rm",
        stroke_width=3,
        stroke_fill=PAPER,
    )


def draw_ring(picture: Image.Image, at: tuple[int, int], colour: str) -> None:
    """A ring around a spot, drawn four times too large and shrunk for a smooth edge."""
    reach, fine = 18, 4
    patch = Image.new("RGBA", (2 * reach * fine, 2 * reach * fine), "#ffffff00")
    pen = ImageDraw.Draw(patch)
    end = 2 * reach * fine - 1
    pen.ellipse((0, 0, end, end), outline="#ffffff", width=7 * fine)
    pen.ellipse((fine, fine, end - fine, end - fine), outline=colour, width=5 * fine)
    patch = patch.resize((2 * reach, 2 * reach), Image.Resampling.LANCZOS)
    picture.paste(patch, (at[0] - reach, at[1] - reach), patch)


def draw_upright(pen: ImageDraw.ImageDraw, text: str, at: tuple[int, int]) -> None:
    """A text that reads upwards, its left middle at the spot."""
    width, height = (int(each) for each in font(20).getbbox(text)[2:])
    strip = Image.new("L", (width, height + 6), 0)
    ImageDraw.Draw(strip).text((0, 0), text, fill=255, font=font(20))
    turned = strip.transpose(Image.Transpose.ROTATE_90)
    pen.bitmap((at[0], at[1] - width // 2), turned, fill=SOFT)


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font, so that no other is needed."""
    return ImageFont.load_default(size)
