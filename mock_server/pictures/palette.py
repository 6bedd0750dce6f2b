"""The colours of a picture: those its prompt names, else a scheme that goes well together."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

__all__ = ["NAMED", "SCHEMES", "Colour", "Palette", "blend", "palette", "telling"]

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a scene, from the far to the near; `dark` is a night or a dusk."""

    sky: Colour
    horizon: Colour
    light: Colour
    far: Colour
    near: Colour
    accent: Colour
    dark: bool = False


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """The colour that lies `share` (0 to 1) of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _scheme(text: str, *, dark: bool = False) -> Palette:
    sky, horizon, light, far, near, accent = (_colour(code) for code in text.split())
    return Palette(sky, horizon, light, far, near, accent, dark)


def _colour(code: str) -> Colour:
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


# sky, horizon, light, far, near, accent
SCHEMES = (
    _scheme("5bb5d6 f3ead2 fff3b0 8fb8a8 2f5d50 e2725b"),
    _scheme("f4b393 fbe4c9 fff1d0 c98986 5a3d5c e4572e"),
    _scheme("1d2b53 5d6d9e f7f3d7 3c4a78 141d3a f2b134", dark=True),
    _scheme("a7c7e7 fdf6e3 ffe08a 9aaec4 3d5a80 ee6c4d"),
    _scheme("f7d6bf fff2e0 f9a620 b7a99a 6b4e3d 2a9d8f"),
    _scheme("80ced7 e8f7ee fffbe0 9ad1b8 157a6e f25f5c"),
    _scheme("3a2e5c e58c8a ffd6a5 7a5980 241b3a ffb347", dark=True),
    _scheme("c9d6df f6f4ee ffffff a3b4c0 52616b c94c4c"),
    _scheme("ffd166 fff4d6 ffffff f3a65a b5533c 118ab2"),
    _scheme("6a8caf f5e1da fce8b2 a98aa8 473a5e f08a5d"),
    _scheme("98c1a9 f1f7e4 fdf0a6 7fa99b 2c5530 d1495b"),
    _scheme("0f4c5c 3d8c94 fef5c8 1f6f78 0a2f38 fb8b24", dark=True),
)

# Words that set the light of the scene: the scheme they stand for.
_MOODS = {
    "dusk": _scheme("35305e e08a6d ffdf9e 6e5a86 221a38 ffb454", dark=True),
    "sunset": _scheme("7a3b69 f79d65 fff0b3 a65a72 3b1f3b ffce54", dark=True),
    "sunrise": _scheme("8fa9d8 fbd3b0 fff2b8 b58fa6 4f4468 f4845f"),
    "dawn": _scheme("7f94c9 f8d7c4 fff4cf a493b4 4a4a70 f2a07b"),
    "night": _scheme("0b1437 2d3f74 f8f4d9 24356b 0a1026 ffd34e", dark=True),
    "noon": _scheme("3fa7e0 d8effa fffbe0 7fb39a 2e6b4f f25f5c"),
    "fog": _scheme("b9c2c7 e6e8e6 f7f7f2 a2adb2 5f6c72 c98b6b"),
    "winter": _scheme("a9c8e6 f0f5fa ffffff c3d5e6 6f8fae d1495b"),
    "autumn": _scheme("9db7c4 f7e3c1 ffe6a3 c77d3f 7a3b1e d1332e"),
    "spring": _scheme("9fd8ef f3f9e6 fff6b3 a3cf8f 4c8c4a f48fb1"),
    "summer": _scheme("4db6ea e4f6fb fff3a8 86c78f 2f7d4f ffb400"),
    "desert": _scheme("7fc1d9 f9e7c6 fff4c4 dba56a a5683a 2a9d8f"),
    "forest": _scheme("a9d0c2 eef5df fdf3b5 6fa382 1f4d36 d9822b"),
    "neon": _scheme("160a2e 5a1e7a 7df9ff 3a1560 0c0618 ff2e9a", dark=True),
}
_MOODS |= {
    "twilight": _MOODS["dusk"],
    "evening": _MOODS["sunset"],
    "morning": _MOODS["sunrise"],
    "midnight": _MOODS["night"],
    "moonlit": _MOODS["night"],
    "moon": _MOODS["night"],
    "starry": _MOODS["night"],
    "stars": _MOODS["night"],
    "foggy": _MOODS["fog"],
    "mist": _MOODS["fog"],
    "misty": _MOODS["fog"],
    "snow": _MOODS["winter"],
    "snowy": _MOODS["winter"],
    "sunny": _MOODS["noon"],
    "cyberpunk": _MOODS["neon"],
}

_COLOURS = {
    name: _colour(code)
    for name, code in (
        pair.split(":")
        for pair in (
            "amber:ffb000 apricot:fbceb1 aqua:35d0d0 azure:3a8fe8 beige:e8dcc2 black:22242a "
            "blue:2f6fd6 bronze:b0793a brown:7a4e2d burgundy:7a1f35 charcoal:3b4048 "
            "chocolate:5a3420 cobalt:1f4fb5 copper:b86b3c coral:ff7a5c cream:f8efd6 crimson:c81f3c "
            "cyan:22c3dd ebony:2f2a26 emerald:1fa56b fuchsia:e0329a gold:e3b023 golden:e3b023 "
            "gray:8a9099 green:3c9d4e grey:8a9099 indigo:3d3fa6 ivory:f7f3e3 jade:2fa67e "
            "khaki:b9a86a lavender:b9a5e6 lilac:c6a4dd lime:a4d233 magenta:d6308f maroon:7c2230 "
            "mauve:b48ab8 mint:9fe0c0 mustard:d9a521 navy:1b2a5c ochre:c98a2b olive:7b8138 "
            "orange:f3852b orchid:c86fc9 peach:ffc3a0 pink:f58fb4 plum:7d3f78 purple:7b3fb0 "
            "red:d62f34 rose:e8637f ruby:b5173f rust:a9502a salmon:f78f7d sand:dfc79a "
            "sapphire:1d4fa8 scarlet:dd2a1b silver:b9c0c8 tan:cfae83 teal:1d8a8a terracotta:c9643f "
            "turquoise:36c5b8 vermilion:e0452b violet:8350c4 white:f6f5f0 yellow:f6cf3a"
        ).split()
    )
}

_GROUNDS = frozenset({"backdrop", "background", "sky", "studio", "wall"})
# All words that `telling` looks for.
NAMED = _GROUNDS | _COLOURS.keys() | _MOODS.keys()

_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (16, 18, 26)


def palette(words: tuple[str, ...], number: int) -> Palette:
    """The colours for a prompt's telling words (`telling`), or the scheme of this number.

    A mood ("dusk", "snow") sets the light; the first colour named is the subject's, the next one
    the land's; a colour right before "background", "sky" or "wall" is the sky's.
    """
    return _named(words) if words else SCHEMES[number % len(SCHEMES)]


def telling(words: Iterable[str]) -> tuple[str, ...]:
    """Of a prompt's words (in small letters) those that decide its colours; at most eight.

    A colour that belongs to the background is followed by the word "background".
    """
    found: list[str] = []
    for word in words:
        if word in _COLOURS or word in _MOODS:
            found.append(word)
        elif word in _GROUNDS and found and found[-1] in _COLOURS:
            found.append("background")
    return tuple(found[:8])


@lru_cache(maxsize=512)
def _named(words: tuple[str, ...]) -> Palette:
    base = next((_MOODS[word] for word in words if word in _MOODS), None)
    ground = next((a for a, b in pairwise(words) if b == "background"), None)
    colours = [_COLOURS[word] for word in words if word in _COLOURS and word != ground]
    if base is None:
        base = _around(_COLOURS[ground] if ground else None, colours)
    elif ground:
        base = _with_sky(base, _COLOURS[ground])
    return _with_subject(base, colours)


def _around(ground: Colour | None, colours: list[Colour]) -> Palette:
    """A scheme grown from the colours named, where no mood gives one."""
    main = ground or colours[-1]
    sky = ground or blend(main, _WHITE, 0.45)
    return Palette(
        sky=sky,
        horizon=blend(sky, _WHITE, 0.55),
        light=blend(sky, _WHITE, 0.85),
        far=blend(main, blend(sky, _WHITE, 0.3), 0.45),
        near=blend(main, _BLACK, 0.55),
        accent=colours[0] if colours else blend(main, _BLACK, 0.7),
        dark=sum(sky) < 3 * 80,
    )


def _with_sky(base: Palette, ground: Colour) -> Palette:
    return Palette(
        ground, blend(ground, _WHITE, 0.5), base.light, base.far, base.near, base.accent, base.dark
    )


def _with_subject(base: Palette, colours: list[Colour]) -> Palette:
    """The scheme with the colours named in it: the first stands out, the second is the land."""
    if not colours:
        return base
    land = colours[1] if len(colours) > 1 else colours[0]
    return Palette(
        base.sky,
        base.horizon,
        base.light,
        blend(land, base.horizon, 0.45),
        blend(land, _BLACK, 0.4),
        colours[0],
        base.dark,
    )
