"""Words set in cells, as images."""

from collections.abc import Sequence

from PIL import Image

from mock_server.pictures.glyphs import BLANK, CELL_HEIGHT, CELL_WIDTH, Cell
from mock_server.pictures.label import BAR, INK, PAPER, Label, Layout, cells_of

__all__ = ["band", "lettering"]


def lettering(lines: Sequence[str], columns: int, *, scale: int = 1) -> Image.Image:
    """The lines as an L image: ink on paper, `columns` cells wide, each dot `scale` pixels."""
    rows = [row for line in lines for row in _rows(cells_of(line), columns)]
    width, height = columns * CELL_WIDTH, CELL_HEIGHT * len(lines)
    tinted = _tinted(Image.frombytes("1", (width, height), b"".join(rows)))
    return tinted.resize((width * scale, height * scale), Image.Resampling.NEAREST)


def band(words: Label, setting: Layout) -> Image.Image | None:
    """The label as an L image as wide as the picture; None where there are no words."""
    if not words.lines:
        return None
    image = Image.new("L", (setting.width, setting.band(len(words.lines))), PAPER)
    *tops, bottom = words.tops()
    left = setting.left + setting.bars * setting.scale
    for line, top in zip(words.lines, tops, strict=True):
        text = lettering([line], setting.columns, scale=setting.scale)
        image.paste(text, (setting.left, top * setting.scale))
    image.paste(_bars(words.mark, setting.scale), (left, bottom * setting.scale))
    return image


def _bars(mark: bytes, scale: int) -> Image.Image:
    """The bytes as a bar code, a dot for each bit."""
    width = len(mark) * CELL_WIDTH
    bars = _tinted(Image.frombytes("1", (width, 1), mark))
    return bars.resize((width * scale, BAR * scale), Image.Resampling.NEAREST)


def _tinted(dots: Image.Image) -> Image.Image:
    return dots.convert("L").point([PAPER] * 128 + [INK] * 128)


def _rows(line: list[Cell], columns: int) -> list[bytes]:
    """The 16 rows of a line, each a byte a cell."""
    full = line[:columns] + [BLANK] * (columns - len(line))
    return [bytes(row) for row in zip(*full, strict=True)]
