"""The scenes of `scenery`, in tiles: six kinds with variants, for sketches."""

from collections.abc import Callable
from functools import lru_cache
from math import pi, sin
from random import Random

from mock_server.pictures.scenery import KINDS
from mock_server.pictures.tiles import Mosaic, Tiles
from mock_server.pictures.tones import SEA_TONES, SKY_TONES, Tone

__all__ = ["vignette"]

# A vignette takes about half a millisecond to draw, and 3 KB to keep.
_KEPT = 1024


@lru_cache(maxsize=_KEPT)
def vignette(kind: int, variant: int, columns: int, rows: int, *, dark: bool) -> Mosaic:
    """A scene of this kind and variant in so many tiles, by day or when it is dark."""
    tiles = Tiles(columns, rows, Random(f"{kind} {variant}"), dark=dark)  # noqa: S311 - no secret
    for draw in _DRAWN[kind % KINDS]:
        draw(tiles)
    return tiles.finished()


def _sky(tiles: Tiles) -> None:
    """Bands of sky with a sun and clouds, or with a moon and stars."""
    _bands(tiles, 0, tiles.high * 0.8, Tone.SKY, SKY_TONES)
    x, y = tiles.wide * tiles.chance.uniform(0.2, 0.8), tiles.high * tiles.chance.uniform(0.2, 0.38)
    if tiles.dark:
        for _ in range(9):
            star = tiles.chance.uniform(0, tiles.wide), tiles.chance.uniform(0, tiles.high * 0.5)
            tiles.box(*star, *star, Tone.STAR)
    tiles.disc(x, y, 0.17, Tone.HALO)
    tiles.disc(x, y, 0.115, Tone.SUN)
    if not tiles.dark:
        for _ in range(2):
            _cloud(tiles, (x + tiles.wide * tiles.chance.uniform(0.25, 0.75)) % tiles.wide)


def _bands(tiles: Tiles, top: float, bottom: float, first: int, count: int) -> None:
    """Bands of the tones from the first on; the last one goes down to the foot."""
    height = (bottom - top) / count
    for step in range(count):
        end = top + height * (step + 1) if step < count - 1 else tiles.high
        tiles.box(0, top + height * step, tiles.wide, end, first + step)


def _cloud(tiles: Tiles, x: float) -> None:
    y = tiles.high * tiles.chance.uniform(0.1, 0.3)
    size = tiles.chance.uniform(0.1, 0.16)
    tiles.box(x - size, y, x + size, y + 0.07, Tone.CLOUD)
    tiles.box(x - size * 0.5, y - 0.05, x + size * 0.6, y, Tone.CLOUD)


def _waves(tiles: Tiles, level: float, swing: float) -> Callable[[float], float]:
    one, two = tiles.chance.uniform(0, 2 * pi), tiles.chance.uniform(0, 2 * pi)
    long, short = tiles.chance.uniform(2.0, 3.6), tiles.chance.uniform(5.5, 8.5)
    return lambda x: level + swing * (sin(one + long * x) + 0.35 * sin(two + short * x))


def _hills(tiles: Tiles) -> None:
    """Four rows of hills with trees, and a house."""
    layers = (Tone.FAR, Tone.FARTHER_HALF, Tone.NEARER_HALF, Tone.NEAR)
    for layer, tone in enumerate(layers):
        line = _waves(tiles, tiles.high * (0.52 + 0.13 * layer), 0.08 - 0.01 * layer)
        tiles.ground(line, tone)
        if layer == 1:
            _trees(tiles, line, Tone.NEARER_HALF, tall=0.12)
        if layer == 2:
            _trees(tiles, line, Tone.TREE, tall=0.2)
            _house(tiles, line)


def _trees(tiles: Tiles, line: Callable[[float], float], tone: Tone, *, tall: float) -> None:
    for _ in range(int(3 * tiles.wide)):
        x = tiles.chance.uniform(0, tiles.wide)
        top = line(x) - tall * tiles.chance.uniform(0.8, 1.2)
        _tree(tiles, x, top, line(x) + 0.02, tone)


def _tree(tiles: Tiles, x: float, top: float, foot: float, tone: Tone) -> None:
    half = (foot - top) * 0.4
    trunk = tiles.tile / 2
    tiles.box(x - trunk, top, x + trunk, foot, tone)
    tiles.between(x - half, x + half, lambda at: top + abs(at - x) * 2, lambda _: foot - 0.04, tone)


def _house(tiles: Tiles, line: Callable[[float], float]) -> None:
    x = tiles.wide * tiles.chance.uniform(0.25, 0.75)
    foot, half = line(x) + 0.05, 0.11
    tiles.box(x - half, foot - 0.14, x + half, foot, Tone.WALL)
    tiles.between(
        x - half * 1.3,
        x + half * 1.3,
        lambda at: foot - 0.27 + abs(at - x) * 0.95,
        lambda _: foot - 0.13,
        Tone.ACCENT,
    )
    tiles.box(x - 0.03, foot - 0.09, x + 0.03, foot, Tone.NEAR)
    for pane in (x - 0.075, x + 0.06):
        tiles.box(pane, foot - 0.1, pane + 0.03, foot - 0.06, Tone.LIGHT)


def _coast(tiles: Tiles) -> None:
    """The sea, with a boat and a lighthouse."""
    level = tiles.high * 0.62
    _bands(tiles, level, tiles.high, Tone.SEA, SEA_TONES)
    for _ in range(int(5 * tiles.wide)):
        x, y = tiles.chance.uniform(0, tiles.wide), tiles.chance.uniform(level, tiles.high)
        long = 0.04 + 0.1 * (y - level)
        tiles.box(x - long, y, x + long, y, Tone.FOAM)
    _boat(tiles, level)
    _lighthouse(tiles, level)


def _boat(tiles: Tiles, level: float) -> None:
    x, y = tiles.wide * tiles.chance.uniform(0.16, 0.42), level + 0.09
    tiles.between(x, x + 0.13, lambda at: y - 0.27 + (at - x) * 1.6, lambda _: y - 0.04, Tone.SNOW)
    tiles.between(
        x - 0.1, x, lambda at: y - 0.24 + (x - at) * 1.9, lambda _: y - 0.04, Tone.ACCENT_GLEAM
    )
    tiles.between(
        x - 0.14, x + 0.16, lambda _: y - 0.03, lambda at: y + 0.05 - abs(at - x) * 0.4, Tone.ACCENT
    )


def _lighthouse(tiles: Tiles, level: float) -> None:
    x = tiles.wide * tiles.chance.uniform(0.66, 0.82)
    cliff = max(0.2, tiles.wide - x)
    foot = level - 0.08
    tiles.between(
        x - 0.22,
        tiles.wide,
        lambda at: foot + max(0, x - 0.1 - at) * 2.2 + max(0, at - x) * 0.08 / cliff,
        lambda at: tiles.high - max(0, x - at) * 0.5,
        Tone.ROCK,
    )
    for stripe in range(5):
        tone = Tone.ACCENT if stripe % 2 else Tone.SNOW
        tiles.box(x - 0.06, foot - 0.075 * (stripe + 1), x + 0.06, foot - 0.075 * stripe, tone)
    top = foot - 0.375
    tiles.box(x - 0.09, top - 0.03, x + 0.09, top, Tone.ROCK)
    tiles.box(x - 0.045, top - 0.09, x + 0.045, top - 0.03, Tone.LIGHT)
    tiles.box(x - 0.06, top - 0.12, x + 0.06, top - 0.09, Tone.ROCK)


def _city(tiles: Tiles) -> None:
    """Two rows of towers with lit windows."""
    for tone, foot, lowest, highest in ((Tone.FAR, 0.86, 0.3, 0.62), (Tone.NEAR, 0.95, 0.2, 0.5)):
        x = -tiles.chance.uniform(0, 0.1)
        while x < tiles.wide:
            wide = tiles.chance.uniform(0.13, 0.22)
            tall = tiles.chance.uniform(lowest, highest) * min(tiles.high, 1.5)
            _tower(tiles, x, wide, tiles.high * foot - tall, tone)
            x += wide + tiles.chance.choice((0.0, 0.0, 0.035))
    tiles.box(0, tiles.high * 0.95, tiles.wide, tiles.high, Tone.DEEP)


def _tower(tiles: Tiles, left: float, wide: float, top: float, tone: Tone) -> None:
    tiles.box(left, top, left + wide, tiles.high, tone)
    if tiles.chance.random() < 0.35:
        tiles.box(left + wide * 0.45, top - 0.09, left + wide * 0.45, top, tone)
    if tone == Tone.FAR:
        return
    y = top + tiles.tile
    while y < tiles.high * 0.93:
        x = left + tiles.tile
        while x < left + wide - tiles.tile:
            glow = tiles.chance.random()
            if glow < (0.5 if tiles.dark else 0.3):
                lit = Tone.ACCENT if glow < 0.06 else Tone.LIGHT
                tiles.box(x, y, x, y + tiles.tile, lit)
            x += 2 * tiles.tile
        y += 3 * tiles.tile


def _peaks(tiles: Tiles) -> None:
    """Snowy mountains over a lake."""
    level = tiles.high * 0.72
    for layer, tone in enumerate((Tone.FAR, Tone.FARTHER_HALF)):
        for _ in range(int(1 + 1.4 * tiles.wide)):
            tall = (0.5 - 0.12 * layer) * tiles.chance.uniform(0.75, 1.2) * min(tiles.high, 1.3)
            _peak(tiles, tiles.chance.uniform(0, tiles.wide), level, tall, tone)
    _bands(tiles, level, tiles.high, Tone.SEA, SEA_TONES)
    for _ in range(int(4 * tiles.wide)):
        x, y = tiles.chance.uniform(0, tiles.wide), tiles.chance.uniform(level, tiles.high * 0.95)
        tiles.box(x - 0.08, y, x + 0.08, y, Tone.FOAM)
    _boat(tiles, level + 0.04)
    shore = _waves(tiles, tiles.high * 0.95, 0.02)
    tiles.ground(shore, Tone.ROCK)
    _trees(tiles, shore, Tone.DEEP, tall=0.15)


def _peak(tiles: Tiles, x: float, foot: float, tall: float, tone: Tone) -> None:
    half = tall * tiles.chance.uniform(0.7, 0.95)

    def slope(at: float) -> float:
        return foot - tall * (1 - abs(at - x) / half)

    tiles.between(x - half, x, slope, lambda _: foot, tone)
    tiles.between(x, x + half, slope, lambda _: foot, Tone.SHADE)
    edge = half * 0.3
    tiles.between(
        x - edge, x + edge, slope, lambda at: foot - tall * 0.7 - abs(at - x) * 0.3, Tone.SNOW
    )


def _studio(tiles: Tiles) -> None:
    """A wall, lit from behind what stands before it."""
    _bands(tiles, 0, tiles.high, Tone.SKY, SKY_TONES - 3)
    tiles.disc(tiles.wide / 2, tiles.high * 0.42, 0.4, Tone.HALO)


def _still_life(tiles: Tiles) -> None:
    """A vase of flowers, or a ball and a pillar, on a table."""
    form = tiles.chance.choice((_vase, _spheres))
    x = tiles.wide / 2 + tiles.chance.uniform(-0.12, 0.12)
    level = tiles.high * tiles.chance.uniform(0.68, 0.76)
    tiles.box(0, level, tiles.wide, tiles.high, Tone.TABLE)
    tiles.box(0, level, tiles.wide, level, Tone.TABLE_EDGE)
    foot = level + 0.12
    tiles.box(x - 0.22, foot - 0.06, x + 0.34, foot + 0.03, Tone.TABLE_SHADE)
    form(tiles, x, foot)


def _vase(tiles: Tiles, x: float, foot: float) -> None:
    for stem in (-2, -1, 0, 1, 2):
        tip = x + stem * 0.11, foot - 0.68 + 0.05 * abs(stem)
        tiles.box(x + stem * 0.06, tip[1], x + stem * 0.06, foot - 0.36, Tone.LEAF)
        tiles.disc(*tip, 0.07, Tone.ACCENT_GLEAM if stem % 2 else Tone.SNOW)
        tiles.box(tip[0] - 0.01, tip[1], tip[0] - 0.01, tip[1], Tone.ACCENT_SHADE)
    tiles.box(x - 0.09, foot - 0.4, x + 0.09, foot, Tone.ACCENT)
    tiles.disc(x, foot - 0.16, 0.16, Tone.ACCENT)
    tiles.between(
        x + 0.06,
        x + 0.17,
        lambda at: foot - 0.3 + (at - x),
        lambda at: foot - (at - x) * 0.3,
        Tone.ACCENT_SHADE,
    )
    tiles.box(x - 0.1, foot - 0.23, x - 0.07, foot - 0.1, Tone.ACCENT_GLEAM)


def _spheres(tiles: Tiles, x: float, foot: float) -> None:
    tiles.box(x + 0.05, foot - 0.5, x + 0.28, foot, Tone.FARTHER_HALF)
    tiles.box(x + 0.2, foot - 0.5, x + 0.28, foot, Tone.NEARER_HALF)
    tiles.disc(x - 0.1, foot - 0.22, 0.23, Tone.ACCENT_SHADE)
    tiles.disc(x - 0.12, foot - 0.24, 0.2, Tone.ACCENT)
    tiles.disc(x - 0.18, foot - 0.31, 0.065, Tone.ACCENT_GLEAM)
    tiles.disc(x + 0.165, foot - 0.59, 0.1, Tone.SNOW)


def _plain(tiles: Tiles) -> None:
    """Paper."""
    tiles.box(0, 0, tiles.wide, tiles.high, Tone.PAPER)


def _shapes(tiles: Tiles) -> None:
    """A poster of discs, triangles and boxes on a grid."""
    tones = (Tone.SKY, Tone.FAR, Tone.NEAR, Tone.ACCENT, Tone.LIGHT)
    across = min(4, max(3, round(tiles.wide * 3)))
    wide = tiles.wide / across
    down = max(1, round(tiles.high / wide))
    high = tiles.high / down
    for place in range(across * down):
        ground, shape = tiles.chance.sample(tones, 2)
        x, y = place % across * wide, place // across * high
        if tiles.chance.random() < 0.55:
            tiles.box(x, y, x + wide, y + high, ground)
        _shape(tiles, (x, y, x + wide, y + high), shape)


def _shape(tiles: Tiles, field: tuple[float, float, float, float], tone: Tone) -> None:
    left, top, right, bottom = field
    x, y, slope = (left + right) / 2, (top + bottom) / 2, (bottom - top) / (right - left)
    form = tiles.chance.randrange(4)
    if form == 0:
        tiles.disc(x, y, min(right - left, bottom - top) * 0.4, tone)
    elif form == 1:
        tiles.between(left, right, lambda at: bottom - (at - left) * slope, lambda _: bottom, tone)
    elif form == 2:
        tiles.between(left, right, lambda _: top, lambda at: bottom - (at - left) * slope, tone)
    else:
        tiles.box(left, top, x, y, tone)
        tiles.box(x, y, right, bottom, tone)


_DRAWN: tuple[tuple[Callable[[Tiles], None], Callable[[Tiles], None]], ...] = (
    (_sky, _hills),
    (_sky, _coast),
    (_sky, _city),
    (_sky, _peaks),
    (_studio, _still_life),
    (_plain, _shapes),
)
