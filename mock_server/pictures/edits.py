"""References and masks: what an edit keeps of the pictures it was given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageStat

from mock_server.pictures.examine import opened
from mock_server.pictures.label import FEWEST_COLUMNS, INK, PAPER, wrapped
from mock_server.pictures.lettering import lettering
from mock_server.pictures.scene import Reference, readable

__all__ = ["Hole", "contact_strip", "repainted", "stretched"]

# How far, in the channel where it is farthest, a repainted pixel is from the reference at least.
_APART = 32

# A hole that fills so much of its box is taken for a box.
_NEARLY_ALL = 0.96

_LINES = (196, 192, 184)


@dataclass(frozen=True, slots=True)
class Hole:
    """The box around a mask's transparent part; `inner` (left, top, width, height) is for words."""

    width: int
    height: int
    inner: tuple[int, int, int, int]


def stretched(reference: Reference, width: int, height: int) -> Image.Image:
    """The reference stretched to the size (bilinear): RGB, or RGBA where it has alpha."""
    if reference.data is None:
        return _card(reference.url or "", width, height)
    picture = opened(reference.data)
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    return picture.convert(mode).resize((width, height), Image.Resampling.BILINEAR)


def contact_strip(references: Sequence[Reference], width: int, foot: int) -> Image.Image | None:
    """The references side by side as numbered thumbnails, at most 1/3 of `foot` high."""
    if not references:
        return None
    gap = max(2, width // 160)
    rows, side = _grid(len(references), width, foot, gap)
    columns = ceil(len(references) / rows)
    strip = Image.new("RGB", (width, rows * (side + gap) + gap), (PAPER, PAPER, PAPER))
    left = (width - columns * (side + gap) + gap) // 2
    for place, reference in enumerate(references):
        row, column = divmod(place, columns)
        spot = (left + column * (side + gap), gap + row * (side + gap))
        strip.paste(_thumbnail(reference, side, place + 2), spot)
    return strip


def repainted(base: Image.Image, mask: bytes, paint: Callable[[Hole], Image.Image]) -> Image.Image:
    """The base where the mask is opaque, and what `paint` draws where it is transparent.

    The mask is scaled like the reference (bilinear); in between, the two are blended. What is
    painted is kept apart from the base in every pixel.
    """
    keep = opened(mask).convert("RGBA").getchannel("A")
    keep = keep.resize(base.size, Image.Resampling.BILINEAR)
    removed = ImageChops.invert(keep)
    box = removed.getbbox()
    if box is None:
        return base
    patch = paint(_hole(removed.crop(box)))
    fresh = base.convert(patch.mode)
    fresh.paste(_apart(patch, fresh.crop(box)), box[:2])
    return Image.composite(base.convert(patch.mode), fresh, keep)


def _hole(removed: Image.Image) -> Hole:
    """The measure of a hole: words go into its whole box, or the middle of it if it is no box."""
    width, height = removed.size
    share = ImageStat.Stat(removed).mean[0] / 255
    if share > _NEARLY_ALL:
        return Hole(width, height, (0, 0, width, height))
    inner_width, inner_height = int(width * sqrt(0.5)), int(height * sqrt(0.5))
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    return Hole(width, height, (left, top, inner_width, inner_height))


def _apart(patch: Image.Image, under: Image.Image) -> Image.Image:
    """The patch, shifted in colour wherever it happens to look like what it replaces."""
    differences = ImageChops.difference(patch.convert("RGB"), under.convert("RGB")).split()
    farthest = ImageChops.lighter(ImageChops.lighter(*differences[:2]), differences[2])
    alike = farthest.point([255] * _APART + [0] * (256 - _APART))
    if alike.getbbox() is None:
        return patch
    shifted = patch.convert("RGB").point([(value + 96) % 256 for value in range(256)] * 3)
    moved = shifted.convert(patch.mode)
    if patch.mode == "RGBA":
        moved.putalpha(patch.getchannel("A"))
    return Image.composite(moved, patch, alike)


def _grid(count: int, width: int, foot: int, gap: int) -> tuple[int, int]:
    """How many rows of thumbnails, and their side in pixels: the largest that fit."""
    choices = []
    for rows in range(1, count + 1):
        columns = ceil(count / rows)
        across = (width - gap) // columns - gap
        choices.append((min(across, int(foot / 3 / rows) - gap), rows))
    side, rows = max(choices)
    return rows, max(side, 1)


def _thumbnail(reference: Reference, side: int, number: int) -> Image.Image:
    picture = _card(reference.url or "", side, side)
    if reference.data is not None:
        whole = opened(reference.data).convert("RGBA")
        fitted = ImageOps.pad(whole, (side, side), Image.Resampling.BILINEAR, color=(0, 0, 0, 0))
        picture = Image.new("RGB", (side, side), _LINES)
        picture.paste(fitted, (0, 0), fitted)
    tag = lettering([str(number)], len(str(number)), scale=max(1, side // 90))
    picture.paste(tag.convert("RGB"), (0, 0))
    return picture


def _card(url: str, width: int, height: int) -> Image.Image:
    """A placeholder for a picture that was not fetched: a striped card with its URL."""
    card = Image.new("RGB", (width, height), (226, 223, 216))
    brush = ImageDraw.Draw(card)
    step = max(8, min(width, height) // 16)
    for offset in range(-height, width, step):
        brush.line((offset, height, offset + height, 0), fill=_LINES, width=max(1, step // 8))
    scale = max(1, min(width // (32 * 8), height // (6 * 16)))
    columns = width // (8 * scale) - 2
    if columns < FEWEST_COLUMNS:
        return card
    lines = ["not fetched:", *wrapped(readable(url[:400]), columns, 4)]
    columns = max(len(line) for line in lines)
    text = lettering(lines, columns, scale=scale)
    edge = 4 * scale
    box = Image.new("L", (text.width + 2 * edge, text.height + 2 * edge), PAPER)
    box.paste(text, (edge, edge))
    framed = ImageOps.expand(box, border=scale, fill=INK)
    card.paste(framed.convert("RGB"), ((width - framed.width) // 2, height // 5))
    return card
