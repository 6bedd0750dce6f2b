"""A sketch is the picture that its tiles show, at any size, from nothing that was kept."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.pictures import Scene, Studio
from mock_server.pictures import frame as frames
from mock_server.pictures import sketch as sketches
from mock_server.pictures import studio as studios
from mock_server.pictures.design import design
from mock_server.pictures.drawing import drawn
from mock_server.pictures.label import label, layout
from mock_server.pictures.lettering import band
from mock_server.pictures.press import press
from mock_server.pictures.tones import BACKDROP, tints
from mock_server.pictures.vignettes import vignette
from tests.pictures import strict_png
from tests.pictures.scenes import PLAIN, image, replace, sized, written

ROUGH = replace(PLAIN, quality="low", price="0.005", rough=True)
SIZES = [
    (1024, 1024),
    (1536, 1024),
    (1040, 1632),
    (3840, 2160),
    (3840, 1280),
    (1280, 3840),
    (1408, 480),
]
PROMPTS = [
    "a lighthouse",
    "neon city",
    "green hills",
    "alps",
    "a white vase",
    "poster",
    "一只猫 🚀",
]
STUDIO = Studio()

backgrounds = st.sampled_from(["auto", "opaque", "transparent"])


@st.composite
def legal_scenes(draw: st.DrawFn) -> Scene:
    """Scenes in sizes of the grid, of any ratio from 1:3 to 3:1."""
    long = draw(st.integers(40, 240))
    short = draw(st.integers((long + 2) // 3, long))
    width, height = draw(st.permutations([long * 16, short * 16]))
    prompt = draw(st.text(max_size=80) | st.sampled_from(PROMPTS))
    seed = draw(st.integers(0, 50))
    scene = replace(sized(width, height, ROUGH), prompt=prompt, seed=seed)
    return replace(scene, background=draw(backgrounds))


def tile_by_tile(scene: Scene) -> bytes:
    """The pixels of a sketch and its label, by the plainest way there is."""
    plan, setting = design(scene), layout(scene.width, scene.height)
    clear = scene.background == "transparent"
    pixels = [bytes(tint) + b"\xff" * clear for tint in tints(plan.colours)]
    if clear:
        pixels[: len(BACKDROP)] = [bytes(4)] * len(BACKDROP)
    paper = band(label(scene, setting), setting)
    assert paper is not None
    above = scene.height - paper.height
    across, full = sketches.composed_size(scene.width, above)
    columns, rows = sketches._grid(across, full)
    mosaic = vignette(plan.kind, plan.variant, columns, rows, dark=plan.colours.dark)
    edges = list(pairwise([column * across // columns for column in range(columns + 1)]))
    edges[-1] = edges[-1][0], scene.width
    lines = []
    for row in mosaic.rows:
        ends = [0, *row[1::2]]
        tones = [tone for tone, run in zip(row[::2], pairwise(ends), strict=True)
                 for _ in range(*run)]  # fmt: skip
        tiles = zip(tones, edges, strict=True)
        lines.append(b"".join(pixels[tone] * (right - left) for tone, (left, right) in tiles))
    tall = [number for number, count in mosaic.order for _ in range(count)]
    found = b"".join(
        lines[number] * ((row + 1) * full // rows - row * full // rows)
        for row, number in enumerate(tall)
    )
    found += lines[tall[-1]] * (above - full)
    return found + paper.convert("RGBA" if clear else "RGB").tobytes()


@given(legal_scenes())
@settings(max_examples=25, deadline=None)
def test_a_sketch_is_its_tiles_to_the_pixel(scene: Scene) -> None:
    found = image(STUDIO.draw(scene))
    assert found.size == (scene.width, scene.height)
    assert found.tobytes() == tile_by_tile(scene)


@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    prompt=st.text(max_size=200),
    background=backgrounds,
)
@settings(max_examples=60, deadline=None)
def test_any_size_at_all_gives_the_sketch_that_would_be_drawn(
    width: int, height: int, prompt: str, background: str
) -> None:
    scene = replace(sized(width, height, ROUGH), prompt=prompt, background=background)
    assert image(STUDIO.draw(scene)).tobytes() == drawn(scene).tobytes()


@pytest.mark.parametrize("background", ["auto", "transparent"])
def test_rows_of_any_width_are_whole(background: str) -> None:
    """Runs of zeros of every length modulo 258, and every number of missing bits."""
    for width in range(56, 56 + 3 * 86 + 1):
        scene = replace(sized(width, 100, ROUGH), background=background)
        strict = strict_png.read(STUDIO.draw(scene).data)
        assert b"".join(strict.rows) == tile_by_tile(scene), width


@pytest.mark.parametrize("width, height", SIZES)
@pytest.mark.parametrize("background", ["auto", "transparent"])
def test_a_strict_reader_finds_nothing_wrong(width: int, height: int, background: str) -> None:
    scene = replace(sized(width, height, ROUGH), background=background)
    strict = strict_png.read(STUDIO.draw(scene).data)
    assert (strict.width, strict.height) == (width, height)
    assert b"".join(strict.rows) == tile_by_tile(scene)


@pytest.mark.parametrize("width, height", SIZES)
def test_the_label_says_what_was_asked(width: int, height: int) -> None:
    scene = replace(sized(width, height, ROUGH), index=1, count=4)
    text = "  ".join(written(image(STUDIO.draw(scene))))
    assert "a red bicycle by the sea" in text
    for told in (f"{width}x{height}", "1K", "low", "$0.005", "2/4"):
        assert told in text.split()


@pytest.mark.parametrize("width, height", SIZES)
def test_a_sketch_is_light(width: int, height: int) -> None:
    assert STUDIO.draw(sized(width, height, ROUGH)).length < 60_000


def test_the_bytes_do_not_depend_on_what_was_drawn_before() -> None:
    scenes = [replace(sized(*size, ROUGH), prompt=prompt) for size in SIZES for prompt in PROMPTS]
    first = [STUDIO.draw(scene).data for scene in scenes]
    for kept in (
        sketches._steps,
        sketches._step,
        vignette,
        frames._frame,
        press,
        studios._sketch,
    ):
        kept.cache_clear()
    studio = Studio()
    assert [studio.draw(scene).data for scene in reversed(scenes)] == first[::-1]


def upper_parts(scenes: list[Scene]) -> set[bytes]:
    """What is to be seen above the labels."""
    return {image(STUDIO.draw(scene)).crop((0, 0, 1024, 800)).tobytes() for scene in scenes}


def test_what_a_prompt_names_is_what_is_shown() -> None:
    scenes = [replace(ROUGH, prompt=prompt) for prompt in PROMPTS]
    assert len(upper_parts(scenes)) == len(scenes)


def test_another_index_or_seed_is_another_sketch() -> None:
    scene = replace(ROUGH, prompt="something", count=4)
    scenes = [replace(scene, index=index) for index in range(4)]
    scenes += [replace(scene, seed=ROUGH.seed + more) for more in (4, 5)]
    assert len(upper_parts(scenes)) == len(scenes)


@pytest.mark.parametrize("prompt", ["a blue vase", "hills", "city", "sea", "alps", "abstract"])
def test_a_transparent_background_is_cut_out(prompt: str) -> None:
    scene = replace(ROUGH, prompt=prompt, background="transparent")
    counts = image(STUDIO.draw(scene)).getchannel("A").histogram()
    assert counts[0] > 10_000
    assert counts[255] > 100_000
    assert counts[0] + counts[255] == 1024 * 1024


@pytest.mark.parametrize("change", [{"output_format": "webp"}, {"partial": 3}])
def test_what_is_drawn_whole_is_the_same_sketch(change: dict[str, str | int]) -> None:
    """A preview is not finer than the picture, and a WebP shows what the PNG does."""
    whole = image(STUDIO.draw(replace(ROUGH, **change)))  # type: ignore[arg-type]
    upper = (0, 0, 1024, 850)
    pressed = image(STUDIO.draw(ROUGH)).crop(upper)
    seen = {colour for _, colour in pressed.getcolors(1 << 20) or []}
    middle = [(whole.getpixel((x, y)), pressed.getpixel((x, y))) for x, y in ((700, 60), (40, 500))]
    assert len(seen) < 40
    for one, other in middle:
        assert isinstance(one, tuple)
        assert isinstance(other, tuple)
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 24


def test_a_sketch_is_always_quick_and_keeps_nothing_of_its_size() -> None:
    studio = Studio()
    for width in range(1024, 1424, 16):
        scene = sized(width, 1024, ROUGH)
        assert studio.is_quick(scene)
        studio.draw(scene)
    assert studio.kept == 0


@pytest.mark.parametrize(
    "change", [{"weight": "real"}, {"output_format": "jpeg"}, {"partial": 0}, {"rough": False}]
)
def test_what_is_no_pressed_sketch_is_not_quick(change: dict[str, str | int]) -> None:
    assert not Studio().is_quick(replace(ROUGH, **change))  # type: ignore[arg-type]


def test_few_vignettes_serve_all_sizes() -> None:
    """The whole lattice needs no more of them than are kept."""
    sides = range(480, 3841, 16)
    grids = {
        sketches._grid(*sketches.composed_size(width, height - layout(width, height).band(2)))
        for width in sides
        for height in sides
        if max(width, height) <= 3 * min(width, height)
    }
    assert len(grids) < 40
    assert max(max(grid) for grid in grids) <= 255
