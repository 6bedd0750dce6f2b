"""Scenes and pictures for the tests, and how to look at what was drawn."""

from collections.abc import Callable
from io import BytesIO
from typing import cast

from PIL import Image

from mock_server.pictures import Picture, Reference, Scene
from mock_server.pictures.glyphs import CELL_HEIGHT, CELL_WIDTH, cells
from mock_server.pictures.label import Layout, layout

PLAIN = Scene(
    width=1024,
    height=1024,
    prompt="a red bicycle by the sea",
    tier="1K",
    quality="medium",
    price="0.025",
    index=0,
    count=1,
    seed=7,
)

ASCII = {cells(chr(code))[0]: chr(code) for code in range(32, 127)}

replace = Scene._replace


def sized(width: int, height: int, scene: Scene = PLAIN) -> Scene:
    return replace(scene, width=width, height=height)


def image(picture: Picture) -> Image.Image:
    """The picture as Pillow decodes it."""
    decoded = Image.open(BytesIO(picture.data))
    decoded.load()
    return decoded


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def reference(picture: Image.Image) -> Reference:
    return Reference(encoded(picture), None)


def gradient(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture in which no two places look alike: a shifted or flipped one is another."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    middle = Image.radial_gradient("L").resize((width, height))
    merged = Image.merge("RGB", (across, down, middle))
    if mode == "RGBA":
        merged.putalpha(down)
    return merged


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    return cast("tuple[int, ...]", picture.getpixel((x, y)))


def written(picture: Image.Image) -> list[str]:
    """The lines of the label at the foot of a picture, read back dot by dot (ASCII only)."""
    setting = layout(*picture.size)
    grey = picture.convert("L")
    for lines in range(setting.most, 0, -1):
        found = [_line(grey, setting, lines, line) for line in range(lines)]
        text = [line for line in found if line is not None]
        if len(text) == lines:
            return text
    return []


def _line(grey: Image.Image, setting: Layout, lines: int, line: int) -> str | None:
    from_top = grey.height - setting.band(lines)
    for gap in (0, 4):
        top = from_top + setting.scale * (5 + CELL_HEIGHT * line + gap)
        read = [_letter(grey, setting, top, column) for column in range(setting.columns)]
        if None not in read and "".join(map(str, read)).strip():
            return "".join(map(str, read)).rstrip()
    return None


def _letter(grey: Image.Image, setting: Layout, top: int, column: int) -> str | None:
    left = setting.left + column * CELL_WIDTH * setting.scale
    middle = setting.scale // 2
    rows = []
    for row in range(CELL_HEIGHT):
        y = top + row * setting.scale + middle
        bits = 0
        for dot in range(CELL_WIDTH):
            value = pixel_value(grey, left + dot * setting.scale + middle, y)
            bits = bits << 1 | (value < 128)
        rows.append(bits)
    return ASCII.get(bytes(rows))


def pixel_value(grey: Image.Image, x: int, y: int) -> int:
    return cast("int", grey.getpixel((x, y)))


def differences(one: Image.Image, two: Image.Image, keep: Callable[[int, int], bool]) -> int:
    """The largest difference in any channel, over every fifth pixel that is to be kept."""
    return max(
        max(abs(a - b) for a, b in zip(pixel(one, x, y), pixel(two, x, y), strict=True))
        for x in range(0, one.width, 5)
        for y in range(0, one.height, 5)
        if keep(x, y)
    )
