"""Pictures are real, exact, informative, deterministic and cheap to keep."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mock_server.pictures import Scene, Studio
from mock_server.pictures.drawing import drawn
from mock_server.pictures.label import label, layout
from tests.pictures import strict_png
from tests.pictures.scenes import (
    PLAIN,
    gradient,
    image,
    pixel_value,
    reference,
    replace,
    sized,
    written,
)

SIZES = [
    (1024, 1024),
    (1536, 1024),
    (1024, 1536),
    (2048, 1152),
    (3840, 2160),
    (3840, 1280),
    (1280, 3840),
    (816, 816),
]

PROMPTS = [
    "x",
    "a lighthouse on a cliff at dusk",
    "word " * 100,
    "一只穿着宇航服的猫在月球上 🚀",
    "שלום hello مرحبا",
    "lone surrogate \ud800 and e\u0301",
    "verylongwordwithoutanyblank" * 20,
    "  \n\t ",
]


@pytest.fixture(scope="module")
def studio() -> Studio:
    """A studio that keeps what it has built."""
    return Studio()


@pytest.mark.parametrize("width, height", SIZES)
@pytest.mark.parametrize("background", ["auto", "opaque", "transparent"])
def test_a_picture_is_exactly_of_its_size(
    studio: Studio, width: int, height: int, background: str
) -> None:
    picture = studio.draw(replace(sized(width, height), background=background))
    strict = strict_png.read(picture.data)
    assert (strict.width, strict.height) == (width, height)
    decoded = image(picture)
    assert decoded.size == (width, height)
    assert decoded.tobytes() == b"".join(strict.rows)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("background", ["auto", "transparent"])
@pytest.mark.parametrize("width, height", [(1024, 1024), (656, 1968), (480, 336)])
def test_a_pressed_picture_is_the_one_that_would_be_drawn(
    studio: Studio, width: int, height: int, background: str, prompt: str
) -> None:
    scene = replace(sized(width, height), prompt=prompt, background=background)
    pressed = image(studio.draw(scene))
    whole = drawn(scene)
    assert pressed.mode == whole.mode
    assert pressed.tobytes() == whole.tobytes()


@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    prompt=st.text(max_size=200),
    background=st.sampled_from(["auto", "transparent"]),
)
@settings(max_examples=60, deadline=None)
def test_any_size_and_any_prompt_give_a_whole_picture(
    width: int, height: int, prompt: str, background: str
) -> None:
    scene = replace(sized(width, height), prompt=prompt, background=background)
    picture = Studio().draw(scene)
    assert image(picture).tobytes() == drawn(scene).tobytes()


@pytest.mark.parametrize("width, height", SIZES)
def test_the_label_says_what_was_asked(studio: Studio, width: int, height: int) -> None:
    scene = replace(sized(width, height), quality="high", tier="2K", price="0.10", index=1, count=4)
    scene = replace(scene, seed=PLAIN.seed - 1)  # the design of the first picture of that seed
    text = "  ".join(written(image(studio.draw(scene))))
    assert "a red bicycle by the sea" in text
    for told in (f"{width}x{height}", "2K", "high", "$0.10", "2/4"):
        assert told in text.split()


def test_a_long_prompt_is_wrapped_and_cut_with_an_ellipsis(studio: Studio) -> None:
    words = " ".join(f"word{number}" for number in range(100))
    scene = replace(PLAIN, prompt=words)
    lines = label(scene, layout(1024, 1024)).prompt
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert words.startswith(" ".join(lines)[:-1])
    assert image(studio.draw(scene)).size == (1024, 1024)


@pytest.mark.parametrize("weight", ["light", "real"])
@pytest.mark.parametrize("background", ["auto", "transparent"])
@pytest.mark.parametrize(
    "width, height, megabytes", [(1024, 1024, 1.5), (2048, 2048, 5), (3840, 2160, 10)]
)
def test_real_weight_weighs_like_a_real_picture(
    studio: Studio, width: int, height: int, megabytes: float, background: str, weight: str
) -> None:
    scene = replace(sized(width, height), weight=weight, background=background)
    picture = studio.draw(scene)
    assert strict_png.read(picture.data).height == height
    if weight == "real":
        assert 0.8 * megabytes <= picture.length / 1e6 <= 1.25 * megabytes
    else:
        assert picture.length < 150_000
    assert "a red bicycle by the sea" in written(image(picture).convert("RGB"))[0]


def test_many_heavy_pictures_share_their_pieces(studio: Studio) -> None:
    heavy = replace(sized(3840, 2160), weight="real")
    pictures = [studio.draw(replace(heavy, quality=str(number))) for number in range(100)]
    pieces = {id(part): part for picture in pictures for part in picture.parts}
    assert sum(picture.length for picture in pictures) > 900_000_000
    assert sum(len(part) for part in pieces.values()) < 4_000_000
    coded = {id(part): part for picture in pictures for part in picture.base64_parts()}
    assert sum(len(part) for part in coded.values()) < 6_000_000


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"output_format": "jpeg"},
        {"output_format": "webp"},
        {"background": "transparent"},
        {"weight": "real"},
        {"partial": 1},
    ],
)
def test_the_base64_is_that_of_the_file(studio: Studio, change: dict[str, object]) -> None:
    picture = studio.draw(replace(PLAIN, **change))  # type: ignore[arg-type]
    joined = b"".join(picture.base64_parts())
    assert joined == base64.b64encode(picture.data)
    assert picture.base64_length == len(joined)
    assert picture.length == len(picture.data) == sum(map(len, picture.parts))


@pytest.mark.parametrize(
    "output_format, content_type, kind",
    [("png", "image/png", "PNG"), ("jpeg", "image/jpeg", "JPEG"), ("webp", "image/webp", "WEBP")],
)
def test_the_format_decides_the_bytes(
    studio: Studio, output_format: str, content_type: str, kind: str
) -> None:
    picture = studio.draw(replace(PLAIN, output_format=output_format))
    assert picture.content_type == content_type
    assert image(picture).format == kind
    assert image(picture).size == (1024, 1024)


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
def test_compression_is_honoured(studio: Studio, output_format: str) -> None:
    scene = replace(PLAIN, output_format=output_format)
    lengths = [studio.draw(replace(scene, compression=share)).length for share in (0, 40, 80, 100)]
    assert lengths == sorted(set(lengths))
    assert studio.draw(scene).length == lengths[-1], "the default keeps most"


@pytest.mark.parametrize("output_format", ["png", "webp"])
@pytest.mark.parametrize("prompt", ["a blue vase", "hills", "city", "sea", "alps", "abstract"])
def test_a_transparent_background_is_cut_out(
    studio: Studio, output_format: str, prompt: str
) -> None:
    scene = replace(PLAIN, prompt=prompt, background="transparent", output_format=output_format)
    alpha = image(studio.draw(scene)).getchannel("A")
    clear, opaque = alpha.histogram()[0], alpha.histogram()[255]
    assert clear > 10_000
    assert opaque > 100_000


@pytest.mark.parametrize("background", ["opaque", "auto"])
@pytest.mark.parametrize("output_format", ["png", "webp", "jpeg"])
def test_an_opaque_picture_has_no_alpha(
    studio: Studio, background: str, output_format: str
) -> None:
    scene = replace(
        PLAIN,
        background=background,
        output_format=output_format,
        references=(reference(gradient(200, 100, "RGBA")),),
    )
    for made in (scene, replace(scene, references=())):
        assert image(studio.draw(made)).mode == "RGB"


CHANGES: dict[str, object] = {
    "width": 1040,
    "height": 1040,
    "prompt": "a red bicycle by the sea!",
    "tier": "2K",
    "quality": "high",
    "price": "0.07",
    "index": 1,
    "count": 2,
    "seed": 8,
    "background": "transparent",
    "output_format": "webp",
    "references": (reference(gradient(64, 64)),),
    "partial": 0,
    "weight": "real",
    "rough": True,
}


@pytest.mark.parametrize("name, value", CHANGES.items())
def test_another_scene_is_another_picture(studio: Studio, name: str, value: object) -> None:
    changed = replace(PLAIN, **{name: value})  # type: ignore[arg-type]
    assert studio.draw(changed).data != studio.draw(PLAIN).data


def test_every_field_of_a_scene_has_its_say() -> None:
    told_elsewhere = {"compression", "mask"}
    assert {*Scene._fields} == CHANGES.keys() | told_elsewhere


def test_equal_scenes_give_equal_bytes_whatever_was_drawn_before() -> None:
    fresh, forgetful, busy = Studio(), Studio(most_kept=1), Studio()
    for number in range(30):
        busy.draw(replace(sized(640, 480), prompt=f"warm up {number}"))
    small = sized(640, 480)
    for scene in (small, replace(small, background="transparent"), replace(small, weight="real")):
        one = fresh.draw(scene).data
        assert one == forgetful.draw(scene).data == busy.draw(scene).data == fresh.draw(scene).data


def test_the_pictures_of_one_request_differ_in_what_they_show(studio: Studio) -> None:
    scene = replace(PLAIN, prompt="something", count=4)
    tops = {
        image(studio.draw(replace(scene, index=index))).crop((0, 0, 1024, 800)).tobytes()
        for index in range(4)
    }
    assert len(tops) == 4


def test_a_studio_may_be_used_from_many_threads() -> None:
    scenes = [replace(sized(480, 480), prompt=f"prompt {number}") for number in range(60)]
    studio, other = Studio(), Studio()
    with ThreadPoolExecutor(8) as threads:
        drawn_together = [picture.data for picture in threads.map(studio.draw, scenes)]
    assert drawn_together == [other.draw(scene).data for scene in scenes]


def test_quick_is_what_was_built_before() -> None:
    studio = Studio()
    assert not studio.is_quick(PLAIN)
    studio.draw(PLAIN)
    assert studio.is_quick(PLAIN)
    assert studio.is_quick(replace(PLAIN, quality="high", price="0.07"))
    assert not studio.is_quick(sized(1536, 1024))
    assert not studio.is_quick(replace(PLAIN, weight="real"))


@pytest.mark.parametrize(
    "change",
    [{"output_format": "jpeg"}, {"partial": 0}, {"references": (reference(gradient(9, 9)),)}],
)
def test_what_is_drawn_whole_is_quick_only_when_the_same_is_asked_for(
    change: dict[str, object],
) -> None:
    studio = Studio()
    scene = replace(sized(480, 480), **change)  # type: ignore[arg-type]
    first = studio.draw(scene)
    assert studio.is_quick(scene)
    assert studio.draw(scene) is first
    assert not studio.is_quick(replace(scene, prompt="another"))


def test_finished_pictures_count_with_what_they_were_made_of() -> None:
    studio = Studio()
    source = reference(gradient(300, 300))
    studio.draw(replace(sized(480, 480), references=(source,)))
    assert studio.kept > len(source.data or b"") + 2000


def test_a_warm_size_is_quick_for_any_prompt_without_colours() -> None:
    studio = Studio()
    studio.warm(480, 480)
    scenes = [replace(sized(480, 480), prompt=f"thing number {n}") for n in range(50)]
    assert all(studio.is_quick(scene) for scene in scenes)


def test_what_is_kept_stays_within_its_bytes() -> None:
    studio = Studio(most_kept=300_000)
    for number in range(12):
        scene = replace(sized(480 + 16 * number, 480), prompt=f"prompt {number}")
        studio.draw(scene)
        studio.draw(replace(scene, output_format="jpeg"))
    assert 0 < studio.kept <= 450_000


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_preview_is_of_full_size_and_gets_finer(studio: Studio, number: int) -> None:
    finished = image(studio.draw(PLAIN)).crop((0, 0, 1024, 800))
    preview = image(studio.draw(replace(PLAIN, partial=number)))
    assert preview.size == (1024, 1024)
    coarse = preview.crop((0, 0, 1024, 800))
    colours = {0: 16, 1: 24, 2: 48}
    assert coarse.tobytes() != finished.tobytes()
    tiles = coarse.getcolors(1 << 24) or []
    assert colours[number] < len(tiles) < len(finished.getcolors(1 << 24) or []) * 4


def bars(picture: Image.Image) -> bytes:
    """The bar code in the corner of a label, read back dot by dot."""
    setting = layout(*picture.size)
    scale, dots = setting.scale, 40
    right = setting.left + setting.columns * 8 * scale
    row = picture.height - 3 * scale
    grey = picture.convert("L")
    ink = [pixel_value(grey, right - (dots - dot) * scale, row) < 128 for dot in range(dots)]
    return int("".join("01"[dark] for dark in ink), 2).to_bytes(5, "big")


@pytest.mark.parametrize("changes", [{}, {"output_format": "webp"}, {"rough": True}])
@pytest.mark.parametrize("width, height", [(1024, 1024), (1536, 1024), (816, 2448)])
def test_what_the_label_has_no_room_for_tells_in_the_bar_code(
    studio: Studio, width: int, height: int, changes: dict[str, Any]
) -> None:
    scene = replace(sized(width, height), prompt="very " * 200, **changes)
    other = replace(scene, prompt="very " * 200 + "!")
    setting = layout(width, height)
    assert label(scene, setting).lines == label(other, setting).lines
    read = [bars(image(studio.draw(one))) for one in (scene, other)]
    assert read == [label(one, setting).mark for one in (scene, other)]
    assert read[0] != read[1]
