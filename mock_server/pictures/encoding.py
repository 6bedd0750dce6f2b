"""Images as files: PNG by ourselves, JPEG and WebP by Pillow.

Pillow tries five filters on each row of a PNG and takes twice the time; here every row is the
difference to the one above.
"""

import zlib
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

from mock_server.pictures.filtering import STRIP, filtered
from mock_server.pictures.png import END, beginning, chunk

__all__ = ["encoded"]

_FASTEST = 1


def encoded(picture: Image.Image, output_format: str, compression: int | None) -> bytes:
    """The file of an image in RGB or RGBA.

    `compression` (0 to 100, default 100) is the quality of jpeg and webp. The API calls it a
    compression, but counts it as a quality: its default keeps most.
    """
    if output_format == "png":
        head = beginning(picture.width, picture.height, len(picture.mode))
        return b"".join((head, chunk(b"IDAT", b"".join(_compressed(picture))), END))
    file = BytesIO()
    quality = 100 if compression is None else compression
    if output_format == "jpeg":
        picture.convert("RGB").save(file, "JPEG", quality=max(1, min(quality, 95)))
    else:
        picture.save(file, "WEBP", quality=quality, method=0)
    return file.getvalue()


def _compressed(picture: Image.Image) -> Iterator[bytes]:
    """The pixels as a zlib stream, in pieces."""
    compressor = zlib.compressobj(_FASTEST)
    for top in range(0, picture.height, STRIP):
        rows = filtered(picture, top, min(top + STRIP, picture.height))
        yield compressor.compress(rows)
    yield compressor.flush()
