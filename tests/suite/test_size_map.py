"""The size map: what must be seen is seen, also when it is one square in sixty thousand."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image, ImageColor

from contracts.oracle import sizes
from contracts.report import size_map
from contracts.report.canvas import LEFT, TOP
from contracts.report.size_map import LOUD, REFUSED_COLOURS, TIER_COLOURS, Mark, draw
from contracts.size import Size
from contracts.spec import Spec
from tests.suite.small_lattice import small
from tests.suite.variants import own

Colour = tuple[int, ...]
SIDE = 4  # pixels of a square, of the whole contract's map


def all_agree(spec: Spec) -> dict[Size, Mark]:
    return dict.fromkeys(sizes.candidates(spec), Mark.AGREES)


def drawn(spec: Spec, marks: Mapping[Size, Mark]) -> Image.Image:
    return draw(spec, marks, title="Size map", note="http://127.0.0.1/v1")


def rgb(colour: str) -> Colour:
    return ImageColor.getrgb(colour)[:3]


def at(picture: Image.Image, size: Size, *, spec: Spec | None = None) -> Colour:
    """The colour in the middle of a size's square."""
    contract = spec or own()
    step = contract.facts.size_grid.multiple
    cells = contract.facts.size_edge.long_edge_max // step + 2
    side = max(1, size_map.PLOT // cells)
    x = LEFT + int(size.width / step * side) + side // 2
    y = TOP + (cells - 1) * side - int(size.height / step * side) + side // 2
    colour = picture.getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


def count(picture: Image.Image, colour: str) -> int:
    """How many pixels have exactly the colour."""
    wanted = rgb(colour)
    return sum(number for number, each in picture.getcolors(1 << 24) or () if each == wanted)


@pytest.fixture(scope="module")
def calm() -> Image.Image:
    """The map of a target that keeps the contract, every candidate sent."""
    return drawn(own(), all_agree(own()))


@pytest.mark.parametrize(
    "size,colour",
    [
        (Size(1200, 1104), TIER_COLOURS[0]),
        (Size(1536, 1536), TIER_COLOURS[0]),
        (Size(1552, 1536), TIER_COLOURS[1]),
        (Size(2048, 2000), TIER_COLOURS[1]),
        (Size(2064, 1904), TIER_COLOURS[2]),
        (Size(3840, 1280), TIER_COLOURS[2]),
        (Size(3840, 1264), REFUSED_COLOURS["ratio"]),
        (Size(640, 640), REFUSED_COLOURS["few"]),
        (Size(3840, 3008), REFUSED_COLOURS["many"]),
        (Size(1600, 16), REFUSED_COLOURS["several"]),
    ],
)
def test_every_size_has_the_colour_of_what_the_contract_says(
    size: Size, colour: str, calm: Image.Image
) -> None:
    assert at(calm, size) == rgb(colour)


def test_a_calm_map_has_no_loud_colour_but_in_its_legend(calm: Image.Image) -> None:
    plot = calm.crop((0, 0, LEFT + 970, calm.height))
    for colour in LOUD.values():
        assert count(plot, colour) == 0
        assert count(calm, colour) > 0


@pytest.mark.parametrize("mark", LOUD)
@pytest.mark.parametrize("size", [Size(16, 16), Size(3840, 3840), Size(1040, 1024)])
def test_a_single_difference_is_seen(mark: Mark, size: Size) -> None:
    picture = drawn(own(), {**all_agree(own()), size: mark})
    assert at(picture, size) == rgb(LOUD[mark])
    loud = count(picture, LOUD[mark]) - 21 * 21
    assert loud > 10 * SIDE * SIDE  # a ring and the size in words, not only its square


def test_a_lonely_difference_is_ringed_beside_an_area_of_them() -> None:
    area = {size: Mark.DIFFERS for size in sizes.candidates(own()) if min(size) > 3000}
    crowd = drawn(own(), {**all_agree(own()), **area})
    lonely = drawn(own(), {**all_agree(own()), **area, Size(1040, 1024): Mark.DIFFERS})
    more = count(lonely, LOUD[Mark.DIFFERS]) - count(crowd, LOUD[Mark.DIFFERS])
    assert more > 10 * SIDE * SIDE


def test_a_difference_off_the_grid_is_drawn_between_the_squares() -> None:
    picture = drawn(own(), {**all_agree(own()), Size(1000, 1000): Mark.DIFFERS})
    assert at(picture, Size(1000, 1000)) == rgb(LOUD[Mark.DIFFERS])


def test_what_was_not_sent_is_pale() -> None:
    sent = {size: Mark.AGREES for size in sizes.candidates(own()) if size.width < 1800}
    picture = drawn(own(), sent)
    assert at(picture, Size(1504, 1200)) == rgb(TIER_COLOURS[0])
    for size in (Size(2560, 2000), Size(2576, 2000)):
        pale = at(picture, size)
        assert pale != rgb(TIER_COLOURS[2])
        assert min(pale) > 160


def test_another_contract_gives_another_map() -> None:
    picture = drawn(small(), all_agree(small()))
    assert at(picture, Size(80, 80), spec=small()) == rgb(TIER_COLOURS[0])
    assert at(picture, Size(192, 112), spec=small()) == rgb(TIER_COLOURS[2])
    assert at(picture, Size(192, 48), spec=small()) == rgb(REFUSED_COLOURS["ratio"])


def test_nothing_sent_is_a_map_too() -> None:
    assert drawn(small(), {}).size == drawn(small(), all_agree(small())).size


def test_the_same_marks_draw_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    for file in files:
        size_map.write(file, small(), {Size(64, 64): Mark.DIFFERS}, title="x")
    assert files[0].read_bytes() == files[1].read_bytes()
    with Image.open(files[0]) as picture:
        assert picture.format == "PNG"
