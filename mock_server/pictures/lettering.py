"""Words set in cells, as images."""

from collections.abc import Sequence

from PIL import Image

from mock_server.pictures.glyphs import BLANK, CELL_HEIGHT, CELL_WIDTH, Cell
from mock_server.pictures.label import INK, PAPER, Label, Layout, cells_of

__all__ = ["band", "lettering"]


def lettering(lines: Sequence[str], columns: int, *, scale: int = 1) -> Image.Image:
    """The lines as an L image: ink on paper, `columns` cells wide, each dot `scale` pixels."""
    rows = [row for line in lines for row in _rows(cells_of(line), columns)]
    width, height = columns * CELL_WIDTH, CELL_HEIGHT * len(lines)
    dots = Image.frombytes("1", (width, height), b"".join(rows)).convert("L")
    tinted = dots.point([PAPER] * 128 + [INK] * 128)
    return tinted.resize((width * scale, height * scale), Image.Resampling.NEAREST)


def band(words: Label, setting: Layout) -> Image.Image | None:
    """The label as an L image as wide as the picture; None where there are no words."""
    if not words.lines:
        return None
    image = Image.new("L", (setting.width, setting.band(len(words.lines))), PAPER)
    for line, top in zip(words.lines, words.tops(), strict=True):
        text = lettering([line], setting.columns, scale=setting.scale)
        image.paste(text, (setting.left, top * setting.scale))
    return image


def _rows(line: list[Cell], columns: int) -> list[bytes]:
    """The 16 rows of a line, each a byte a cell."""
    full = line[:columns] + [BLANK] * (columns - len(line))
    return [bytes(row) for row in zip(*full, strict=True)]
