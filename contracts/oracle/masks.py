"""Whether an edit kept what its mask protects, pixel by pixel. Rule: mask (kept-pixels).

Result, reference and mask must be of one size, so that nothing is scaled and each pixel counts.
"""

from io import BytesIO

from PIL import Image, ImageChops

from contracts.oracle.problem import Problem

__all__ = ["kept_problems"]

# Levels of 255 by which a kept pixel may differ, for lossy formats and colour conversions.
TOLERANCE = 12
# A repainted stretch may resemble the reference here and there, not by and large.
RESEMBLANCE = 0.5


def kept_problems(result: bytes, reference: bytes, mask: bytes) -> list[Problem]:
    """Where the result repaints an opaque pixel, or leaves a transparent stretch as it was.

    ValueError if the three are not of one size.
    """
    images = [Image.open(BytesIO(data)) for data in (result, reference, mask)]
    if len({image.size for image in images}) != 1:
        raise ValueError(f"not of one size: {[image.size for image in images]}")
    same = _same(images[0].convert("RGB"), images[1].convert("RGB"))
    alpha = images[2].convert("RGBA").getchannel("A")
    kept, painted = (alpha.point(table) for table in (_only(255), _only(0)))
    return [*_repainted(same, kept), *_untouched(same, painted)]


def _same(result: Image.Image, reference: Image.Image) -> Image.Image:
    """255 where both pictures show the same, within the tolerance."""
    bands = ImageChops.difference(result, reference).split()
    worst = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return worst.point([255 if level <= TOLERANCE else 0 for level in range(256)])


def _only(wanted: int) -> list[int]:
    return [255 if level == wanted else 0 for level in range(256)]


def _repainted(same: Image.Image, kept: Image.Image) -> list[Problem]:
    changed = ImageChops.subtract(kept, same)
    box = changed.getbbox()
    if box is None:
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
