"""The words on a picture: what they say, and how they are set.

A label is a band of paper across the foot of the picture, of text cells scaled by a whole number,
so that the letters are crisp at any size. It holds up to three lines of prompt and, below them,
the details: size, tier, quality, price, index and fingerprint.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mock_server.pictures.dots import MOST_SCALE
from mock_server.pictures.glyphs import CELL_HEIGHT, CELL_WIDTH, cells, clusters, visual_order
from mock_server.pictures.scene import FINGERPRINT, Ink, Scene, readable

__all__ = [
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

_COLUMNS = 64
_PROMPT_LINES = 3
_DETAIL_LINES = 2
_SHARE = 0.4
FEWEST_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Layout:
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

    def band(self, lines: int) -> int:
        """The height in pixels of a label with so many lines; 0 for none."""
        gap = GAP if lines > 1 else 0
        return self.scale * (CELL_HEIGHT * lines + gap + 2 * PAD) if lines else 0


class Label(NamedTuple):
    """What a label says: the lines of the prompt and, below them, those of the details."""

    prompt: tuple[str, ...]
    details: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """All its lines, from the top."""
        return self.prompt + self.details

    def tops(self) -> list[int]:
        """How many dots below the label's upper edge each line begins."""
        gap = GAP if self.prompt else 0
        starts = [PAD + CELL_HEIGHT * line for line in range(len(self.lines))]
        return [top + gap * (line >= len(self.prompt)) for line, top in enumerate(starts)]


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
    """Writes the labels of scenes that differ in their prompts and pictures alone.

    What is the same on all of them is told once.
    """

    def __init__(self, scene: Scene, setting: Layout) -> None:
        room, columns = setting.most, setting.columns
        self._columns = columns
        self._fewest = min(_DETAIL_LINES, max(1, room - 1)) if room else 0
        self._start, self._above, self._last = _told(scene, columns, self._fewest)
        details = len(self._above) + 1 if room else 0
        self._room = min(_PROMPT_LINES, room - details)
        self._limit = (_PROMPT_LINES + 1) * columns * 2
        self._ink = Ink(scene)

    def label(self, scene: Scene) -> Label:
        """What is written on the picture, wrapped and, if it must be, cut with an ellipsis."""
        if not self._fewest:
            return Label((), ())
        mark = self._ink.fingerprint(scene)
        if self._last is None:
            details = tuple(wrapped(self._start + mark, self._columns, self._fewest))
        else:
            details = (*self._above, self._last + mark)
        return Label(_prompt(scene.prompt[: self._limit], self._columns, self._room), details)


def label(scene: Scene, setting: Layout) -> Label:
    """What is written on this scene's picture."""
    return Caption(scene, setting).label(scene)


def _told(scene: Scene, columns: int, lines: int) -> tuple[str, tuple[str, ...], str | None]:
    """What is told before the fingerprint: as one text; as lines; and as the last line's start.

    That is None where the fingerprint does not fit on the last line as a whole.
    """
    preview = "" if scene.partial is None else f"preview {scene.partial + 1}  "
    text = (
        f"{preview}{scene.width}x{scene.height}  {scene.tier}  {scene.quality}  ${scene.price}  "
        f"{int(scene.index) + 1}/{scene.count}  #"
    )
    *above, last = wrapped(text + _STAND_IN, columns, lines) if lines else [""]
    whole = last.endswith("#" + _STAND_IN)
    return text, tuple(above), last[:-FINGERPRINT] if whole else None


# As long as any fingerprint, to see where one comes to stand, or is cut.
_STAND_IN = "0" * FINGERPRINT


@lru_cache(maxsize=256)
def _prompt(start: str, columns: int, lines: int) -> tuple[str, ...]:
    return tuple(wrapped(readable(start) or "(no prompt)", columns, lines))


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
