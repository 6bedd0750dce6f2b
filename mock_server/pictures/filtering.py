"""Rows of pixels as a PNG has them, filtered so that they are small when they are compressed."""

from PIL import Image, ImageChops

__all__ = ["STRIP", "filtered"]

# Rows of pixels compressed at a time: bounds the memory a large picture takes while it is built.
STRIP = 128


def filtered(image: Image.Image, top: int, bottom: int) -> bytes:
    """Rows of the image as a PNG has them: the difference to the row above, the first one plain."""
    rows = image.crop((0, top, image.width, bottom))
    above = image.crop((0, top - 1, image.width, bottom - 1))
    if top == 0:
        above.paste(0 if image.mode == "L" else (0,) * len(image.mode), (0, 0, image.width, 1))
    data = ImageChops.subtract_modulo(rows, above).tobytes()
    stride = image.width * len(image.mode)
    kinds = [b"\x00" if top + row == 0 else b"\x02" for row in range(bottom - top)]
    return b"".join(
        [
            part
            for row, kind in enumerate(kinds)
            for part in (kind, data[row * stride : (row + 1) * stride])
        ]
    )
