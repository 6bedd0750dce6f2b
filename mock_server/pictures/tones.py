"""The flat colours of a sketch."""

from collections.abc import Callable
from enum import IntEnum, auto
from functools import lru_cache

from mock_server.pictures.brush import BLACK, WHITE
from mock_server.pictures.palette import Colour, Palette, blend

__all__ = ["BACKDROP", "SEA_TONES", "SKY_TONES", "Tone", "tints"]


class Tone(IntEnum):
    """What a tile of a sketch shows; the first ones are its backdrop."""

    SKY = 0  # and seven more, down to the horizon
    HALO = 8
    SUN = auto()
    CLOUD = auto()
    STAR = auto()
    PAPER = auto()
    FAR = auto()
    FARTHER_HALF = auto()
    NEARER_HALF = auto()
    NEAR = auto()
    SHADE = auto()
    TREE = auto()
    ROCK = auto()
    SEA = 20  # and three more, towards the shore
    FOAM = 24
    SNOW = auto()
    WALL = auto()
    LIGHT = auto()
    ACCENT = auto()
    ACCENT_SHADE = auto()
    ACCENT_GLEAM = auto()
    LEAF = auto()
    TABLE = auto()
    TABLE_EDGE = auto()
    TABLE_SHADE = auto()
    DEEP = auto()


BACKDROP = range(Tone.FAR)
"""The tones that are cut out of a picture with a transparent background."""

SKY_TONES, SEA_TONES = 8, 4

_TINTS: dict[int, Callable[[Palette], Colour]] = {
    Tone.HALO: lambda p: blend(blend(p.sky, p.horizon, 0.5), p.light, 0.4),
    Tone.SUN: lambda p: p.light,
    Tone.CLOUD: lambda p: blend(p.horizon, WHITE, 0.6),
    Tone.STAR: lambda p: blend(p.sky, WHITE, 0.65),
    Tone.PAPER: lambda p: p.horizon,
    Tone.FAR: lambda p: p.far,
    Tone.FARTHER_HALF: lambda p: blend(p.far, p.near, 0.36),
    Tone.NEARER_HALF: lambda p: blend(p.far, p.near, 0.68),
    Tone.NEAR: lambda p: p.near,
    Tone.SHADE: lambda p: blend(blend(p.far, p.near, 0.5), BLACK, 0.2),
    Tone.TREE: lambda p: blend(p.near, BLACK, 0.35),
    Tone.ROCK: lambda p: blend(p.near, BLACK, 0.3),
    Tone.FOAM: lambda p: blend(blend(p.far, p.near, 0.4), p.light, 0.4),
    Tone.SNOW: lambda p: blend(p.light, WHITE, 0.6),
    Tone.WALL: lambda p: blend(p.accent, WHITE, 0.75),
    Tone.LIGHT: lambda p: p.light,
    Tone.ACCENT: lambda p: p.accent,
    Tone.ACCENT_SHADE: lambda p: blend(p.accent, BLACK, 0.22),
    Tone.ACCENT_GLEAM: lambda p: blend(p.accent, WHITE, 0.4),
    Tone.LEAF: lambda p: blend(p.near, (60, 140, 80), 0.5),
    Tone.TABLE: lambda p: blend(blend(p.far, p.near, 0.3), p.sky, 0.35),
    Tone.TABLE_EDGE: lambda p: blend(blend(blend(p.far, p.near, 0.3), p.sky, 0.35), WHITE, 0.35),
    Tone.TABLE_SHADE: lambda p: blend(blend(blend(p.far, p.near, 0.3), p.sky, 0.35), BLACK, 0.18),
    Tone.DEEP: lambda p: blend(p.near, BLACK, 0.5),
}


@lru_cache(maxsize=256)
def tints(colours: Palette) -> tuple[Colour, ...]:
    """The colour of each tone, in their order."""
    sky = [blend(colours.sky, colours.horizon, step / 7) for step in range(SKY_TONES)]
    shallow = blend(colours.far, colours.horizon, 0.35)
    sea = [blend(shallow, colours.near, step / 3) for step in range(SEA_TONES)]
    others = {tone: tint(colours) for tone, tint in _TINTS.items()}
    runs = {Tone.SKY: sky, Tone.SEA: sea}
    every = {first + step: tint for first, run in runs.items() for step, tint in enumerate(run)}
    return tuple([colour for _, colour in sorted((every | others).items())])
