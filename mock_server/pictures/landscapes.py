"""Scenes under a sky: hills, a coast, a city, mountains."""

from collections.abc import Callable
from math import pi, sin

from mock_server.pictures.brush import BLACK, WHITE, Brush
from mock_server.pictures.palette import Colour, blend

__all__ = ["city", "coast", "hills", "peaks", "sky"]


def sky(brush: Brush) -> None:
    """The sky, with a sun and clouds, or with a moon and stars."""
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
        brush.disc(x, y, 0.0022 + 0.002 * bright, blend(brush.colours.sky, WHITE, bright))


def _clouds(brush: Brush) -> None:
    tint = blend(brush.colours.horizon, WHITE, 0.6)
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


def hills(brush: Brush) -> None:
    """Four rows of hills with trees, and a house."""
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
    wall = blend(brush.colours.accent, WHITE, 0.75)
    brush.rectangle(x - size, foot - size, x + size, foot, wall)
    roof = [(x - size * 1.2, foot - size), (x, foot - size * 1.9), (x + size * 1.2, foot - size)]
    brush.polygon(roof, brush.colours.accent)
    brush.rectangle(x - 0.014, foot - 0.045, x + 0.014, foot, brush.colours.near)
    for side in (-1, 1):
        pane = x + side * size * 0.6
        brush.rectangle(pane - 0.012, foot - 0.05, pane + 0.012, foot - 0.025, brush.colours.light)


def coast(brush: Brush) -> None:
    """The sea, with a boat and a lighthouse."""
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
    rock = blend(brush.colours.near, BLACK, 0.3)
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
        tint = brush.colours.accent if stripe % 2 else blend(brush.colours.light, WHITE, 0.5)
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


def city(brush: Brush) -> None:
    """Three rows of towers with lit windows."""
    colours = brush.colours
    for layer in range(3):
        tint = blend(blend(colours.far, colours.horizon, 0.35), colours.near, layer / 2)
        x = -brush.chance.uniform(0, 0.1)
        while x < brush.wide:
            wide = brush.chance.uniform(0.09, 0.17)
            tall = brush.chance.uniform(0.22, 0.62 - 0.1 * layer) * min(brush.high, 1.4)
            _tower(brush, x, wide, brush.high * (0.86 + 0.07 * layer) - tall, tint, lit=layer)
            x += wide + brush.chance.choice((0.0, 0.0, 0.012, 0.03))
    brush.rectangle(0, brush.high * 0.95, brush.wide, brush.high, blend(colours.near, BLACK, 0.45))


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


def peaks(brush: Brush) -> None:
    """Snowy mountains over a lake."""
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
    brush.ground(shore, blend(colours.near, BLACK, 0.3))
    _trees(brush, shore, blend(colours.near, BLACK, 0.45), size=0.16)


def _peak(brush: Brush, x: float, foot: float, fill: Colour, tall: float) -> None:
    tall *= brush.chance.uniform(0.7, 1.2) * min(brush.high, 1.3)
    half = tall * brush.chance.uniform(0.7, 0.95)
    top = (x, foot - tall)
    brush.polygon([(x - half, foot), top, (x + half, foot)], fill)
    shade = blend(fill, BLACK, 0.16)
    brush.polygon([top, (x + half, foot), (x + half * 0.25, foot)], shade)
    snow, edge = blend(brush.colours.light, WHITE, 0.6), 0.26
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
