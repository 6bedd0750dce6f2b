"""Whether an edit kept what its mask protects, pixel by pixel. Rule: mask (kept-pixels).

Where result, reference and mask are of one size, each pixel counts. A larger or smaller result is
judged away from the edges of the mask, where no way of scaling shows any more.
"""

from io import BytesIO

from PIL import Image, ImageChops, ImageFilter

from contracts.oracle.problem import Problem

__all__ = ["kept_problems"]

# Levels of 255 by which a kept pixel may differ, for lossy formats and colour conversions.
TOLERANCE = 12
# A repainted stretch may resemble the reference here and there, not by and large.
RESEMBLANCE = 0.5
# Pixels of the mask on each side of its edges that a filter may blend (Lanczos reaches so far).
BLENDED = 3
# The part of the protected pixels that may come out otherwise where the picture was scaled.
SMOOTHED = 0.05


def kept_problems(result: bytes, reference: bytes, mask: bytes) -> list[Problem]:
    """Where the result repaints an opaque pixel, or leaves a transparent stretch as it was.

    ValueError if reference and mask are not of one size.
    """
    made, shown, masked = (Image.open(BytesIO(data)) for data in (result, reference, mask))
    if shown.size != masked.size:
        raise ValueError(f"not of one size: {shown.size}, {masked.size}")
    alpha = masked.convert("RGBA").getchannel("A")
    kept, painted = (alpha.point(table) for table in (_only(255), _only(0)))
    wanted, spared = shown.convert("RGB"), 0.0
    if made.size != wanted.size:
        wanted, spared = wanted.resize(made.size, Image.Resampling.BICUBIC), SMOOTHED
        kept, painted = (_core(stretch, made.size) for stretch in (kept, painted))
    same = _same(made.convert("RGB"), wanted)
    return [*_repainted(same, kept, spared), *_untouched(same, painted)]


def _core(stretch: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The stretch in another size, without what lies at its edges."""
    inner = stretch.filter(ImageFilter.MinFilter(2 * BLENDED + 1))
    return inner.resize(size, Image.Resampling.NEAREST)


def _same(result: Image.Image, reference: Image.Image) -> Image.Image:
    """255 where both pictures show the same, within the tolerance."""
    bands = ImageChops.difference(result, reference).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return worst.point([255 if level <= TOLERANCE else 0 for level in range(256)])


def _only(wanted: int) -> list[int]:
    return [255 if level == wanted else 0 for level in range(256)]


def _repainted(same: Image.Image, kept: Image.Image, spared: float) -> list[Problem]:
    changed = ImageChops.subtract(kept, same)
    box = changed.getbbox()
    if box is None or _count(changed) <= spared * _count(kept):
        return []
    text = f"{_count(changed)} of {_count(kept)} protected pixels were repainted, within {box}"
    return [Problem("mask", text, "kept-pixels")]


def _untouched(same: Image.Image, painted: Image.Image) -> list[Problem]:
    """The first row or column of the transparent stretch that still shows the reference."""
    box = painted.getbbox()
    if box is None:
        return []
    left, top, right, bottom = box
    columns = [(x, top, x + 1, bottom) for x in range(left, right)]
    rows = [(left, y, right, y + 1) for y in range(top, bottom)]
    for stripe in (*columns, *rows):
        open_pixels = painted.crop(stripe)
        left_alone = ImageChops.darker(open_pixels, same.crop(stripe))
        share = _count(left_alone) / max(1, _count(open_pixels))
        if share > RESEMBLANCE:
            text = f"{share:.0%} of the transparent stripe {stripe} still shows the reference"
            return [Problem("mask", text, "kept-pixels")]
    return []


def _count(image: Image.Image) -> int:
    return image.histogram()[255]
