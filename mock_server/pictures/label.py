"""The words on a picture: what they say, and how they are set.

A label is a band of paper across the foot of the picture, of text cells scaled by a whole number,
so that the letters are crisp at any size. It holds up to three lines of prompt and, below them,
the details: size, tier, quality, price and index. In its lower edge is the picture's fingerprint,
as a bar code: pictures that look the same and are not the same differ in it.
"""

from functools import lru_cache
from typing import NamedTuple

from mock_server.pictures.dots import MOST_SCALE
from mock_server.pictures.glyphs import CELL_HEIGHT, CELL_WIDTH, cells, clusters, visual_order
from mock_server.pictures.scene import FINGERPRINT, Ink, Scene, readable

__all__ = [
    "BAR",
    "DROP",
    "FEWEST_COLUMNS",
    "GAP",
    "INK",
    "PAD",
    "PAPER",
    "Caption",
    "Label",
    "Layout",
    "cells_of",
    "label",
    "layout",
    "wrapped",
]

INK = 28
PAPER = 248
PAD = 5
GAP = 4
# The bar code: how far below the text it is, and how high, in dots.
DROP = 1
BAR = 2

_COLUMNS = 64
_PROMPT_LINES = 3
_DETAIL_LINES = 2
_SHARE = 0.4
# So many that the bar code fits in.
FEWEST_COLUMNS = FINGERPRINT


class Layout(NamedTuple):
    """How text is set in one size: `scale` pixels a dot, `columns` cells a line, `left` pixels in.

    `most` is how many lines fit; 0 where the picture is too small to be labelled.
    """

    width: int
    height: int
    scale: int
    columns: int
    left: int
    most: int

    @property
    def fewest(self) -> int:
        """How many lines the shortest label has."""
        return min(2, self.most)

    @property
    def bars(self) -> int:
        """How many dots from the left of the text the bar code begins: it ends where lines do."""
        return (self.columns - FINGERPRINT) * CELL_WIDTH

    def band(self, lines: int) -> int:
        """The height in pixels of a label with so many lines; 0 for none."""
        gap = GAP if lines > 1 else 0
        return self.scale * (CELL_HEIGHT * lines + gap + 2 * PAD) if lines else 0


class Label(NamedTuple):
    """What a label says: the lines of the prompt, below them the details; and the bar code."""

    prompt: tuple[str, ...]
    details: tuple[str, ...]
    mark: bytes

    @property
    def lines(self) -> tuple[str, ...]:
        """All its lines, from the top."""
        return self.prompt + self.details

    def tops(self) -> list[int]:
        """How many dots below the label's upper edge each line begins, and at last the bar code."""
        gap = GAP if self.prompt else 0
        starts = [PAD + CELL_HEIGHT * line for line in range(len(self.lines) + 1)]
        tops = [top + gap * (line >= len(self.prompt)) for line, top in enumerate(starts)]
        return [*tops[:-1], tops[-1] + DROP]


@lru_cache(maxsize=256)
def layout(width: int, height: int) -> Layout:
    """The setting of text for a size: about 64 columns, and at most 2/5 of the height."""
    scale = max(1, min((width + 256) // (_COLUMNS * CELL_WIDTH), height // 180, MOST_SCALE))
    columns = width // (scale * CELL_WIDTH) - 2
    most = int(height * _SHARE / scale - 2 * PAD - GAP) // CELL_HEIGHT
    fits = columns >= FEWEST_COLUMNS and most >= 1
    return Layout(
        width,
        height,
        scale,
        columns if fits else 0,
        left=(width - columns * scale * CELL_WIDTH) // 2,
        most=min(most, _PROMPT_LINES + _DETAIL_LINES) if fits else 0,
    )


class Caption:
    """Writes the labels of scenes that differ in their prompts, sizes and pictures alone.

    What is the same on all of them is told once.
    """

    def __init__(self, scene: Scene) -> None:
        self._before = "" if scene.partial is None else f"preview {scene.partial + 1}  "
        number = f"{int(scene.index) + 1}/{scene.count}"
        self._behind = f"  {scene.tier}  {scene.quality}  ${scene.price}  {number}"
        self._ink = Ink(scene)

    def label(self, scene: Scene, setting: Layout) -> Label:
        """What is written on the picture, wrapped and, if it must be, cut with an ellipsis."""
        most, columns = setting.most, setting.columns
        if not most:
            return Label((), (), b"")
        told = f"{self._before}{scene.width}x{scene.height}{self._behind}"
        details = _details(told, columns, most)
        room = min(_PROMPT_LINES, most - len(details))
        start = scene.prompt[: (_PROMPT_LINES + 1) * columns * 2]
        broken = _broken if start.isascii() else _broken_before
        prompt = broken(start, columns, room)
        return Label(prompt, details, self._ink.fingerprint(scene))


def label(scene: Scene, setting: Layout) -> Label:
    """What is written on this scene's picture."""
    return Caption(scene).label(scene, setting)


@lru_cache(maxsize=256)
def _details(told: str, columns: int, most: int) -> tuple[str, ...]:
    return tuple(wrapped(told, columns, min(_DETAIL_LINES, max(1, most - 1))))


def _broken(start: str, columns: int, lines: int) -> tuple[str, ...]:
    return tuple(wrapped(readable(start) or "(no prompt)", columns, lines))


# Plain text is broken in less time than it is looked up.
_broken_before = lru_cache(maxsize=256)(_broken)


def wrapped(text: str, columns: int, lines: int) -> list[str]:
    """The text in so many lines of so many cells, at most; broken at blanks where possible."""
    found: list[str] = []
    measure = len if text.isascii() else _columns_of
    while text and len(found) < lines:
        if measure(text) <= columns:
            return [*found, text]
        end = _fitting(text, columns if len(found) < lines - 1 else columns - 1)
        cut = text.rfind(" ", 0, end + 1)
        if len(found) == lines - 1:
            return [*found, text[:end].rstrip() + "…"]
        end = cut if cut > end // 2 else max(end, 1)
        found.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return found


def _columns_of(text: str) -> int:
    return sum(len(cells(cluster)) for cluster in clusters(text))


def _fitting(text: str, columns: int) -> int:
    """How many characters from the start fit into so many cells."""
    if text.isascii():
        return columns
    used = 0
    taken = 0
    for cluster in clusters(text):
        used += len(cells(cluster))
        if used > columns:
            break
        taken += len(cluster)
    return taken


def cells_of(line: str) -> list[bytes]:
    """The cells of a line, from left to right."""
    return [cell for cluster in visual_order(clusters(line)) for cell in cells(cluster)]
