"""Pictures to send, and the measure of pictures received."""

import base64
import io

from PIL import Image

__all__ = ["measure", "measure_base64", "picture"]


def picture(width: int = 64, height: int = 64, *, colour: str = "red", mode: str = "RGB") -> bytes:
    """A PNG of one colour; mode RGBA with colour `#00000000` is a mask that repaints all."""
    buffer = io.BytesIO()
    Image.new(mode, (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def measure(data: bytes) -> tuple[str, int, int]:
    """The format, width and height of a picture, every pixel of it decoded."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.format or "unknown", image.width, image.height


def measure_base64(text: str | None) -> tuple[str, int, int]:
    """The same of a picture in strict base64."""
    assert text is not None
    return measure(base64.b64decode(text, validate=True))
