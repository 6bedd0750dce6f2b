"""Scenes without a sky: a still life in a studio, a poster of plain shapes."""

from math import cos, pi, sin

from mock_server.pictures.brush import BLACK, WHITE, Brush
from mock_server.pictures.palette import Colour, blend

__all__ = ["plain", "shapes", "still_life", "studio"]


def studio(brush: Brush) -> None:
    """A wall, lit from behind what stands before it."""
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


def still_life(brush: Brush) -> None:
    """A vase of flowers, or a ball and a pillar, on a table."""
    colours = brush.colours
    x, level = brush.wide / 2, brush.high * 0.74
    table = blend(blend(colours.far, colours.near, 0.3), colours.sky, 0.35)
    brush.rectangle(0, level, brush.wide, brush.high, table)
    brush.rectangle(0, level, brush.wide, level + 0.008, blend(table, WHITE, 0.35))
    foot = level + 0.1
    for step, share in enumerate((0.12, 0.24, 0.36)):
        brush.ellipse(
            x - 0.34 + 0.03 * step,
            foot - 0.045 + 0.01 * step,
            x + 0.36 - 0.02 * step,
            foot + 0.035 - 0.006 * step,
            blend(table, BLACK, share * 0.6),
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
        brush.disc(*tip, 0.013, blend(fill, BLACK, 0.25))
    steps = 40
    sides = [0.06 + 0.1 * sin(pi * (0.08 + 0.8 * i / steps)) ** 2 for i in range(steps + 1)]
    right = [(x + side, foot - 0.4 * i / steps) for i, side in enumerate(sides)]
    left = [(x - side, foot - 0.4 * i / steps) for i, side in enumerate(sides)]
    brush.polygon([*right, *reversed(left)], fill)
    gleam = [(x - side * 0.75, foot - 0.4 * i / steps) for i, side in enumerate(sides)][6:32]
    inner = [(x - side * 0.55, foot - 0.4 * i / steps) for i, side in enumerate(sides)][6:32]
    brush.polygon([*gleam, *reversed(inner)], blend(fill, WHITE, 0.4))
    dark = [(x + side * 0.62, foot - 0.4 * i / steps) for i, side in enumerate(sides)]
    brush.polygon([*right, *reversed(dark)], blend(fill, BLACK, 0.22))


def _spheres(brush: Brush, x: float, foot: float) -> None:
    colours = brush.colours
    brush.rectangle(x + 0.04, foot - 0.5, x + 0.26, foot, blend(colours.near, colours.far, 0.4))
    brush.rectangle(x + 0.19, foot - 0.5, x + 0.26, foot, blend(colours.near, BLACK, 0.2))
    for centre, radius, fill in ((x - 0.1, 0.21, colours.accent), (x + 0.17, 0.09, colours.light)):
        y = foot - radius if radius > 0.1 else foot - 0.5 - radius
        brush.disc(centre, y, radius, blend(fill, BLACK, 0.22))
        brush.disc(centre - radius * 0.06, y - radius * 0.06, radius * 0.92, fill)
        brush.disc(centre - radius * 0.3, y - radius * 0.34, radius * 0.3, blend(fill, WHITE, 0.4))


def plain(brush: Brush) -> None:
    """Paper."""
    brush.rectangle(0, 0, brush.wide, brush.high, brush.colours.horizon)


def shapes(brush: Brush) -> None:
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
