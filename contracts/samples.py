"""Small reference pictures and masks, drawn in memory; gradients show every shift and turn."""

import base64
import struct
import zlib
from functools import cache
from io import BytesIO

from PIL import Image

from contracts.size import Size

__all__ = [
    "OTHER",
    "SAMPLE",
    "data_uri",
    "gradient",
    "half_mask",
    "noise",
    "opaque_mask",
    "palette_mask",
    "sample",
    "text_of",
    "weighed",
]

SAMPLE = Size(64, 48)
OTHER = Size(48, 64)
"""Another size, for what does not fit the sample."""
END_BYTES, CHUNK_FRAME = 12, 12
"""The length of a PNG's last chunk, and of what is around the content of any (PNG, 5.3)."""
NAMED = {"sample-png": "png", "sample-jpeg": "jpeg", "sample-webp": "webp"}


def sample(name: str) -> bytes:
    """The picture that an example of the contract names, such as `sample-png`; KeyError else."""
    return gradient(SAMPLE, NAMED[name])


@cache
def gradient(size: Size, image_format: str = "png", *, mode: str = "RGB") -> bytes:
    """A picture whose every pixel differs from its neighbours: red runs right, green down."""
    right = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    waves = Image.effect_mandelbrot(size, (-2.2, -1.4, 0.8, 1.4), 40)
    picture = Image.merge("RGB", (right, down, waves)).convert(mode)
    return _saved(picture, image_format)


@cache
def noise(size: Size, image_format: str = "png") -> bytes:
    """A picture that compresses badly: it weighs about 3 bytes a pixel as PNG."""
    bands = [Image.effect_noise(size, 90) for _ in range(3)]
    return _saved(Image.merge("RGB", bands), image_format)


@cache
def half_mask(size: Size, *, inner: bool = True, image_format: str = "png") -> bytes:
    """A mask: transparent (repaint) in the inner half and opaque around it, or the reverse."""
    alpha = Image.new("L", size, 255 if inner else 0)
    alpha.paste(0 if inner else 255, _inner(size))
    picture = Image.new("RGBA", size, (0, 0, 0, 255))
    picture.putalpha(alpha)
    return _saved(picture, image_format)


@cache
def opaque_mask(size: Size, *, mode: str = "RGBA", image_format: str = "png") -> bytes:
    """A picture for a mask that repaints nothing; in mode `RGB` or as jpeg it is no mask at all."""
    picture = Image.new(mode, size)
    if "A" in picture.getbands():
        picture.putalpha(255)
    return _saved(picture, image_format)


def _inner(size: Size) -> tuple[int, int, int, int]:
    """A box of half the width and height, not in the middle: it shows which way it is turned."""
    left, top = size.width // 8, size.height * 3 // 8
    return left, top, left + size.width // 2, top + size.height // 2


@cache
def palette_mask(size: Size) -> bytes:
    """A mask like `half_mask` in two colours of a palette, of which one is transparent."""
    picture = Image.new("P", size, 1)
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.paste(0, _inner(size))
    buffer = BytesIO()
    picture.save(buffer, "png", transparency=0)
    return buffer.getvalue()


def weighed(png: bytes, length: int) -> bytes:
    """The same picture of so many bytes: a chunk that no decoder looks into makes it heavy."""
    head, end = png[:-END_BYTES], png[-END_BYTES:]
    named = b"fiLl" + bytes(length - len(png) - CHUNK_FRAME)
    chunk = struct.pack(">I", len(named) - 4) + named + struct.pack(">I", zlib.crc32(named))
    return head + chunk + end


def data_uri(picture: bytes, media_type: str = "image/png") -> str:
    """The picture as a data URI."""
    return f"data:{media_type};base64,{text_of(picture)}"


def text_of(picture: bytes) -> str:
    """The picture as bare base64."""
    return base64.b64encode(picture).decode()


def _saved(picture: Image.Image, image_format: str) -> bytes:
    buffer = BytesIO()
    options = {"lossless": True} if image_format == "webp" else {}
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()
