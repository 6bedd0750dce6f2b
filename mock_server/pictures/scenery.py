"""The drawn part of a picture: six kinds of scene, each with variants, in any size and colours."""

from collections.abc import Callable
from random import Random

from PIL import Image

from mock_server.pictures.brush import Brush
from mock_server.pictures.indoors import plain, shapes, still_life, studio
from mock_server.pictures.landscapes import city, coast, hills, peaks, sky
from mock_server.pictures.palette import Palette

__all__ = ["ASKED", "KINDS", "VARIANTS", "scenery"]

VARIANTS = 4

# Above so many pixels a jagged edge is too fine to see, and smoothing too slow.
_SMOOTH_UP_TO = 2_400_000


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


_PAINTERS: tuple[tuple[Callable[[Brush], None], Callable[[Brush], None]], ...] = (
    (sky, hills),
    (sky, coast),
    (sky, city),
    (sky, peaks),
    (studio, still_life),
    (plain, shapes),
)
KINDS = len(_PAINTERS)

# The words of a prompt that ask for a kind of scene.
ASKED = {
    word: kind
    for kind, words in enumerate(
        (
            """autumn cottage countryside farm field fields forest garden hill hills landscape
            meadow tree trees village""",
            """beach boat coast harbor harbour island lighthouse ocean sail sailing sea
            seaside ship""",
            """building buildings city downtown neon skyline skyscraper street tokyo town urban""",
            """alpine alps lake mountain mountains peak peaks snow summit valley""",
            """backdrop background bottle chair cup flower flowers mug product shoe shoes sneaker
            studio vase""",
            """abstract bauhaus geometric icon logo pattern poster shapes""",
        )
    )
    for word in words.split()
}
