"""Images as files: PNG, JPEG and WebP by Pillow."""

from io import BytesIO

from PIL import Image

__all__ = ["encoded"]


def encoded(picture: Image.Image, output_format: str, compression: int | None) -> bytes:
    """The file of an image. `compression` (0 to 100, default 100) is the quality of jpeg and webp.

    The API calls it a compression, but counts it as a quality: its default keeps most.
    """
    file = BytesIO()
    quality = 100 if compression is None else compression
    if output_format == "jpeg":
        picture.convert("RGB").save(file, "JPEG", quality=max(1, min(quality, 95)))
    elif output_format == "webp":
        picture.save(file, "WEBP", quality=quality, method=0)
    else:
        picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
