"""The drawn part of a picture: six kinds of scene, each with variants, in any size and colours.

Places are given in units of the shorter side: the picture reaches from (0, 0) to (`wide`, `high`),
of which the shorter is 1. So discs stay round and houses keep their shape at any ratio.
"""

from collections.abc import Callable
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw

from mock_server.pictures.palette import Colour, Palette, blend

__all__ = ["ASKED", "KINDS", "VARIANTS", "scenery"]

VARIANTS = 4

# Above so many pixels a jagged edge is too fine to see, and smoothing too slow.
_SMOOTH_UP_TO = 2_400_000
_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (12, 14, 22)


class Brush:
    """Draws in units of the shorter side."""

    def __init__(self, image: Image.Image, colours: Palette, chance: Random) -> None:
        self.colours = colours
        self.chance = chance
        self._draw = ImageDraw.Draw(image)
        self._unit = min(image.size)
        self.wide = image.width / self._unit
        self.high = image.height / self._unit

    def rectangle(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self._draw.rectangle(self._pixels(left, top, max(right, left), max(bottom, top)), fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        self._draw.ellipse(self._pixels(x - radius, y - radius, x + radius, y + radius), fill)

    def ellipse(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self._draw.ellipse(self._pixels(left, top, right, bottom), fill)

    def slice(self, x: float, y: float, radius: float, quarter: int, fill: Colour) -> None:
        box = self._pixels(x - radius, y - radius, x + radius, y + radius)
        self._draw.pieslice(box, 90 * quarter, 90 * quarter + 90, fill)

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self._draw.polygon([(x * self._unit, y * self._unit) for x, y in points], fill)

    def ground(self, height: Callable[[float], float], fill: Colour) -> None:
        """Everything below a line `height(x)` over the whole width."""
        steps = 160
        line = [(self.wide * i / steps, height(self.wide * i / steps)) for i in range(steps + 1)]
        self.polygon([(0, self.high + 1), *line, (self.wide, self.high + 1)], fill)

    def fade(self, top: float, bottom: float, one: Colour, other: Colour) -> None:
        """A vertical run of colours, in at most 64 steps."""
        steps = 64
        for step in range(steps):
            y = top + (bottom - top) * step / steps
            end = bottom if step == steps - 1 else y + (bottom - top) / steps
            self.rectangle(0, y, self.wide, end, blend(one, other, step / (steps - 1)))

    def _pixels(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        return [round(side * self._unit) for side in (left, top, right, bottom)]


def scenery(
    kind: int, variant: int, colours: Palette, *, width: int, height: int, cut_out: bool = False
) -> Image.Image:
    """A scene of this kind and variant, RGB; or RGBA without its sky where it is cut out."""
    factor = 2 if width * height <= _SMOOTH_UP_TO else 1
    mode = "RGBA" if cut_out else "RGB"
    image = Image.new(mode, (width * factor, height * factor))
    brush = Brush(image, colours, Random(f"{kind} {variant}"))  # noqa: S311 - a scene is no secret
    backdrop, subject = _PAINTERS[kind % KINDS]
    if not cut_out:
        backdrop(brush)
    subject(brush)
    return image if factor == 1 else image.reduce(factor)


def _sky(brush: Brush) -> None:
    colours = brush.colours
    brush.fade(0, brush.high, colours.sky, colours.horizon)
    x, y = brush.wide * brush.chance.uniform(0.2, 0.8), brush.high * brush.chance.uniform(0.2, 0.42)
    if colours.dark:
        _stars(brush)
    for ring in range(5, 0, -1):
        glow = blend(blend(colours.sky, colours.horizon, 0.5), colours.light, 0.5 - 0.09 * ring)
        brush.disc(x, y, 0.1 + 0.035 * ring, glow)
    brush.disc(x, y, 0.1, colours.light)
    if not colours.dark:
        _clouds(brush)


def _stars(brush: Brush) -> None:
    for _ in range(70):
        x, y = brush.chance.uniform(0, brush.wide), brush.chance.uniform(0, brush.high * 0.6)
        bright = brush.chance.uniform(0.3, 0.9)
        brush.disc(x, y, 0.0022 + 0.002 * bright, blend(brush.colours.sky, _WHITE, bright))


def _clouds(brush: Brush) -> None:
    tint = blend(brush.colours.horizon, _WHITE, 0.6)
    for _ in range(3):
        x, y = brush.chance.uniform(0, brush.wide), brush.chance.uniform(0.08, brush.high * 0.4)
        size = brush.chance.uniform(0.05, 0.09)
        for step, share in enumerate((0.55, 0.9, 0.7, 0.45)):
            brush.disc(x + (step - 1.5) * size * 0.9, y - size * share * 0.4, size * share, tint)
        brush.rectangle(x - size * 1.9, y, x + size * 1.8, y + size * 0.28, tint)


def _waves(brush: Brush, level: float, swing: float) -> Callable[[float], float]:
    """A rolling line about `level`, of two sines."""
    one, two = brush.chance.uniform(0, 2 * pi), brush.chance.uniform(0, 2 * pi)
    long, short = brush.chance.uniform(2.0, 3.6), brush.chance.uniform(5.5, 8.5)
    return lambda x: level + swing * (sin(one + long * x) + 0.35 * sin(two + short * x))


def _hills(brush: Brush) -> None:
    colours = brush.colours
    for layer in range(4):
        share = layer / 3
        line = _waves(brush, brush.high * (0.52 + 0.13 * layer), 0.07 - 0.008 * layer)
        tint = blend(colours.far, colours.near, share)
        brush.ground(line, tint)
        if layer in (1, 2):
            _trees(brush, line, blend(tint, colours.near, 0.55), size=0.05 + 0.035 * layer)
        if layer == 2:
            _house(brush, line)


def _trees(brush: Brush, line: Callable[[float], float], fill: Colour, *, size: float) -> None:
    for _ in range(int(7 * brush.wide)):
        x = brush.chance.uniform(0, brush.wide)
        foot, tall = line(x) + 0.012, size * brush.chance.uniform(0.7, 1.3)
        brush.rectangle(x - tall * 0.06, foot - tall * 0.3, x + tall * 0.06, foot, fill)
        for step in (0.2, 0.45):
            top, half = foot - tall * (step + 0.55), tall * (0.36 - 0.25 * step)
            brush.polygon(
                [(x - half, foot - tall * step), (x, top), (x + half, foot - tall * step)], fill
            )


def _house(brush: Brush, line: Callable[[float], float]) -> None:
    x = brush.wide * brush.chance.uniform(0.25, 0.75)
    foot, size = line(x) + 0.03, 0.075
    wall = blend(brush.colours.accent, _WHITE, 0.75)
    brush.rectangle(x - size, foot - size, x + size, foot, wall)
    roof = [(x - size * 1.2, foot - size), (x, foot - size * 1.9), (x + size * 1.2, foot - size)]
    brush.polygon(roof, brush.colours.accent)
    brush.rectangle(x - 0.014, foot - 0.045, x + 0.014, foot, brush.colours.near)
    for side in (-1, 1):
        pane = x + side * size * 0.6
        brush.rectangle(pane - 0.012, foot - 0.05, pane + 0.012, foot - 0.025, brush.colours.light)


def _coast(brush: Brush) -> None:
    colours = brush.colours
    level = brush.high * 0.62
    brush.fade(level, brush.high, blend(colours.far, colours.horizon, 0.35), colours.near)
    for _ in range(int(26 * brush.wide)):
        x, y = brush.chance.uniform(0, brush.wide), brush.chance.uniform(level, brush.high)
        near = (y - level) / (brush.high - level)
        long = 0.02 + 0.07 * near
        tint = blend(blend(colours.far, colours.near, near), colours.light, 0.35)
        brush.rectangle(x - long, y, x + long, y + 0.002 + 0.004 * near, tint)
    _boat(brush, level)
    _lighthouse(brush, level)


def _boat(brush: Brush, level: float) -> None:
    x, y = brush.wide * brush.chance.uniform(0.12, 0.45), level + 0.09
    hull = [
        (x - 0.085, y - 0.025),
        (x + 0.085, y - 0.025),
        (x + 0.055, y + 0.015),
        (x - 0.06, y + 0.015),
    ]
    brush.polygon(
        [(x + 0.004, y - 0.2), (x + 0.004, y - 0.035), (x + 0.08, y - 0.035)], brush.colours.light
    )
    sail = blend(brush.colours.light, brush.colours.accent, 0.35)
    brush.polygon([(x - 0.004, y - 0.17), (x - 0.004, y - 0.035), (x - 0.06, y - 0.035)], sail)
    brush.polygon(hull, brush.colours.accent)


def _lighthouse(brush: Brush, level: float) -> None:
    x = brush.wide * brush.chance.uniform(0.66, 0.84)
    rock = blend(brush.colours.near, _BLACK, 0.3)
    cliff = [(x - 0.24, brush.high + 1), (x - 0.17, level + 0.02), (x - 0.1, level - 0.07)]
    brush.polygon(
        [
            *cliff,
            (x + 0.16, level - 0.1),
            (brush.wide + 1, level),
            (brush.wide + 1, brush.high + 1),
        ],
        rock,
    )
    foot, tall = level - 0.075, 0.36
    for stripe in range(6):
        low, top = foot - tall * stripe / 6, foot - tall * (stripe + 1) / 6
        wide, thin = 0.048 - 0.003 * stripe, 0.048 - 0.003 * (stripe + 1)
        tint = brush.colours.accent if stripe % 2 else blend(brush.colours.light, _WHITE, 0.5)
        brush.polygon([(x - wide, low), (x - thin, top), (x + thin, top), (x + wide, low)], tint)
    brush.rectangle(x - 0.042, foot - tall - 0.012, x + 0.042, foot - tall, rock)
    brush.rectangle(
        x - 0.022, foot - tall - 0.055, x + 0.022, foot - tall - 0.012, brush.colours.light
    )
    brush.polygon(
        [
            (x - 0.032, foot - tall - 0.055),
            (x, foot - tall - 0.09),
            (x + 0.032, foot - tall - 0.055),
        ],
        rock,
    )


def _city(brush: Brush) -> None:
    colours = brush.colours
    for layer in range(3):
        tint = blend(blend(colours.far, colours.horizon, 0.35), colours.near, layer / 2)
        x = -brush.chance.uniform(0, 0.1)
        while x < brush.wide:
            wide = brush.chance.uniform(0.09, 0.17)
            tall = brush.chance.uniform(0.22, 0.62 - 0.1 * layer) * min(brush.high, 1.4)
            _tower(brush, x, wide, brush.high * (0.86 + 0.07 * layer) - tall, tint, lit=layer)
            x += wide + brush.chance.choice((0.0, 0.0, 0.012, 0.03))
    brush.rectangle(0, brush.high * 0.95, brush.wide, brush.high, blend(colours.near, _BLACK, 0.45))


def _tower(brush: Brush, left: float, wide: float, top: float, fill: Colour, *, lit: int) -> None:
    brush.rectangle(left, top, left + wide, brush.high, fill)
    if brush.chance.random() < 0.35:
        brush.rectangle(left + wide * 0.47, top - 0.07, left + wide * 0.53, top, fill)
    if not lit:
        return
    light, off = brush.colours.light, blend(fill, brush.colours.horizon, 0.18)
    warm = brush.colours.accent
    y = top + 0.025
    while y < brush.high:
        for column in range(int(wide / 0.032)):
            x = left + 0.012 + column * 0.032
            glow = brush.chance.random()
            tint = (
                warm
                if glow < 0.05
                else light
                if glow < (0.5 if brush.colours.dark else 0.2)
                else off
            )
            brush.rectangle(x, y, x + 0.015, y + 0.02, tint)
        y += 0.042


def _peaks(brush: Brush) -> None:
    colours = brush.colours
    level = brush.high * 0.74
    for layer in range(3):
        tint = blend(colours.far, colours.near, 0.15 + 0.32 * layer)
        for _ in range(int(2 + 2 * brush.wide)):
            _peak(
                brush,
                brush.chance.uniform(-0.1, brush.wide + 0.1),
                level,
                tint,
                0.3 + 0.12 * (2 - layer),
            )
    brush.fade(
        level,
        brush.high,
        blend(colours.horizon, colours.far, 0.5),
        blend(colours.far, colours.near, 0.8),
    )
    for _ in range(int(12 * brush.wide)):
        x, y = brush.chance.uniform(0, brush.wide), brush.chance.uniform(level + 0.02, brush.high)
        brush.rectangle(x - 0.06, y, x + 0.06, y + 0.004, blend(colours.horizon, colours.far, 0.25))
    _boat(brush, level + 0.03)
    shore = _waves(brush, brush.high * 0.965, 0.02)
    brush.ground(shore, blend(colours.near, _BLACK, 0.3))
    _trees(brush, shore, blend(colours.near, _BLACK, 0.45), size=0.16)


def _peak(brush: Brush, x: float, foot: float, fill: Colour, tall: float) -> None:
    tall *= brush.chance.uniform(0.7, 1.2) * min(brush.high, 1.3)
    half = tall * brush.chance.uniform(0.7, 0.95)
    top = (x, foot - tall)
    brush.polygon([(x - half, foot), top, (x + half, foot)], fill)
    shade = blend(fill, _BLACK, 0.16)
    brush.polygon([top, (x + half, foot), (x + half * 0.25, foot)], shade)
    snow, edge = blend(brush.colours.light, _WHITE, 0.6), 0.26
    left, right = (
        (x - half * edge, foot - tall * (1 - edge)),
        (x + half * edge, foot - tall * (1 - edge)),
    )
    teeth = [
        (x + half * 0.1, foot - tall * 0.8),
        (x, foot - tall * 0.7),
        (x - half * 0.12, foot - tall * 0.8),
    ]
    brush.polygon([top, right, *teeth, left], snow)


def _studio(brush: Brush) -> None:
    colours = brush.colours
    brush.fade(0, brush.high, colours.sky, blend(colours.sky, colours.horizon, 0.55))
    x = brush.wide / 2
    for ring in range(6, 0, -1):
        brush.disc(
            x,
            brush.high * 0.44,
            0.13 + 0.065 * ring,
            blend(colours.sky, colours.light, 0.72 - 0.1 * ring),
        )


def _still_life(brush: Brush) -> None:
    colours = brush.colours
    x, level = brush.wide / 2, brush.high * 0.74
    table = blend(blend(colours.far, colours.near, 0.3), colours.sky, 0.35)
    brush.rectangle(0, level, brush.wide, brush.high, table)
    brush.rectangle(0, level, brush.wide, level + 0.008, blend(table, _WHITE, 0.35))
    foot = level + 0.1
    for step, share in enumerate((0.12, 0.24, 0.36)):
        brush.ellipse(
            x - 0.34 + 0.03 * step,
            foot - 0.045 + 0.01 * step,
            x + 0.36 - 0.02 * step,
            foot + 0.035 - 0.006 * step,
            blend(table, _BLACK, share * 0.6),
        )
    form = brush.chance.choice((_vase, _spheres))
    form(brush, x, foot)


def _vase(brush: Brush, x: float, foot: float) -> None:
    fill = brush.colours.accent
    leaf = blend(brush.colours.near, (60, 140, 80), 0.5)
    for stem in range(-3, 4):
        tip = (x + stem * 0.075, foot - 0.66 - 0.05 * cos(stem))
        brush.polygon([(x - 0.005, foot - 0.36), tip, (x + 0.005, foot - 0.36)], leaf)
        brush.disc(*tip, 0.034, blend(brush.colours.light, fill, 0.35 if stem % 2 else 0.7))
        brush.disc(*tip, 0.013, blend(fill, _BLACK, 0.25))
    steps = 40
    sides = [0.06 + 0.1 * sin(pi * (0.08 + 0.8 * i / steps)) ** 2 for i in range(steps + 1)]
    right = [(x + side, foot - 0.4 * i / steps) for i, side in enumerate(sides)]
    left = [(x - side, foot - 0.4 * i / steps) for i, side in enumerate(sides)]
    brush.polygon([*right, *reversed(left)], fill)
    gleam = [(x - side * 0.75, foot - 0.4 * i / steps) for i, side in enumerate(sides)][6:32]
    inner = [(x - side * 0.55, foot - 0.4 * i / steps) for i, side in enumerate(sides)][6:32]
    brush.polygon([*gleam, *reversed(inner)], blend(fill, _WHITE, 0.4))
    dark = [(x + side * 0.62, foot - 0.4 * i / steps) for i, side in enumerate(sides)]
    brush.polygon([*right, *reversed(dark)], blend(fill, _BLACK, 0.22))


def _spheres(brush: Brush, x: float, foot: float) -> None:
    colours = brush.colours
    brush.rectangle(x + 0.04, foot - 0.5, x + 0.26, foot, blend(colours.near, colours.far, 0.4))
    brush.rectangle(x + 0.19, foot - 0.5, x + 0.26, foot, blend(colours.near, _BLACK, 0.2))
    for centre, radius, fill in ((x - 0.1, 0.21, colours.accent), (x + 0.17, 0.09, colours.light)):
        y = foot - radius if radius > 0.1 else foot - 0.5 - radius
        brush.disc(centre, y, radius, blend(fill, _BLACK, 0.22))
        brush.disc(centre - radius * 0.06, y - radius * 0.06, radius * 0.92, fill)
        brush.disc(centre - radius * 0.3, y - radius * 0.34, radius * 0.3, blend(fill, _WHITE, 0.4))


def _plain(brush: Brush) -> None:
    brush.rectangle(0, 0, brush.wide, brush.high, brush.colours.horizon)


def _shapes(brush: Brush) -> None:
    """A poster of quarter discs, discs and triangles on a grid."""
    colours = brush.colours
    tints = (colours.sky, colours.far, colours.near, colours.accent, colours.light)
    side = 0.25
    columns, rows = int(brush.wide / side + 0.99), int(brush.high / side + 0.99)
    for column in range(columns):
        for row in range(rows):
            ground, shape = brush.chance.sample(tints, 2)
            x, y = column * side, row * side
            if brush.chance.random() < 0.55:
                brush.rectangle(x, y, x + side, y + side, ground)
            _shape(brush, x, y, side, shape)


def _shape(brush: Brush, x: float, y: float, side: float, fill: Colour) -> None:
    choice, turn = brush.chance.randrange(5), brush.chance.randrange(4)
    right, low = turn in (1, 2), turn in (2, 3)
    if choice == 0:
        brush.disc(x + side / 2, y + side / 2, side * 0.36, fill)
    elif choice == 1:
        corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
        del corners[turn]
        brush.polygon(corners, fill)
    elif choice in (2, 3):
        brush.slice(x + side * right, y + side * low, side, (turn + 0) % 4, fill)
    else:
        brush.disc(x + side / 2, y + side / 2, side * 0.44, fill)
        brush.disc(x + side / 2, y + side / 2, side * 0.2, brush.colours.horizon)


_PAINTERS: tuple[tuple[Callable[[Brush], None], Callable[[Brush], None]], ...] = (
    (_sky, _hills),
    (_sky, _coast),
    (_sky, _city),
    (_sky, _peaks),
    (_studio, _still_life),
    (_plain, _shapes),
)
KINDS = len(_PAINTERS)

# The words of a prompt that ask for a kind of scene.
ASKED = {
    word: kind
    for kind, words in enumerate(
        (
            "autumn cottage countryside farm field fields forest garden hill hills landscape meadow "
            "tree trees village",
            "beach boat coast harbor harbour island lighthouse ocean sail sailing sea seaside ship",
            "building buildings city downtown neon skyline skyscraper street tokyo town urban",
            "alpine alps lake mountain mountains peak peaks snow summit valley",
            "backdrop background bottle chair cup flower flowers mug product shoe shoes sneaker "
            "studio vase",
            "abstract bauhaus geometric icon logo pattern poster shapes",
        )
    )
    for word in words.split()
}
