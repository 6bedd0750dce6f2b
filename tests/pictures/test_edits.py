"""An edit shows what it was given: its references, and all that its mask keeps."""

import pytest
from PIL import Image, ImageDraw

from mock_server.pictures import NotAPicture, Reference, Studio
from mock_server.pictures.examine import opened
from mock_server.pictures.label import layout
from tests.pictures.scenes import (
    PLAIN,
    differences,
    encoded,
    gradient,
    image,
    pixel,
    reference,
    replace,
    sized,
    written,
)

STUDIO = Studio()
GIVEN = gradient(300, 200)


def stretched(width: int, height: int) -> Image.Image:
    return GIVEN.resize((width, height), Image.Resampling.BILINEAR)


def mask_of(box: tuple[int, int, int, int], alpha: int = 0) -> bytes:
    """A mask of 300x200 that is transparent (or of this alpha) in the box."""
    mask = Image.new("RGBA", (300, 200), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle(box, fill=(0, 0, 0, alpha))
    return encoded(mask)


@pytest.mark.parametrize("width, height", [(1024, 1024), (1536, 1024), (816, 816)])
def test_the_first_reference_fills_the_picture_above_the_label(width: int, height: int) -> None:
    scene = replace(sized(width, height), references=(reference(GIVEN),))
    made = image(STUDIO.draw(scene))
    foot = height - layout(width, height).band(2)
    upper = (0, 0, width, foot)
    assert made.crop(upper).tobytes() == stretched(width, height).crop(upper).tobytes()
    assert written(made)[0] == PLAIN.prompt


@pytest.mark.parametrize("width, height", [(1024, 1024), (3840, 1280), (656, 1968)])
@pytest.mark.parametrize("count", [2, 5, 16])
def test_all_references_are_visible(width: int, height: int, count: int) -> None:
    tints = [(number * 15 + 10, 240 - number * 12, (number * 53) % 256) for number in range(count)]
    pictures = tuple(reference(Image.new("RGB", (90, 60), tint)) for tint in tints)
    made = image(STUDIO.draw(replace(sized(width, height), references=pictures)))
    seen = {colour: times for times, colour in made.getcolors(1 << 24) or []}
    for tint in tints:
        assert seen.get(tint, 0) > width * height / 4000


def test_a_reference_that_was_not_fetched_shows_its_url() -> None:
    cards = [
        image(STUDIO.draw(replace(PLAIN, references=(Reference(None, url),))))
        for url in ("https://example.com/a.png", "https://example.com/b.png")
    ]
    upper = [card.crop((0, 0, 1024, 900)).tobytes() for card in cards]
    assert upper[0] != upper[1]


@pytest.mark.parametrize("box", [(60, 40, 200, 150), (0, 0, 150, 199), (0, 150, 299, 199)])
@pytest.mark.parametrize("background", ["auto", "opaque", "transparent"])
@pytest.mark.parametrize("others", [0, 3])
def test_a_mask_keeps_what_is_opaque_and_repaints_what_is_transparent(
    box: tuple[int, int, int, int], background: str, others: int
) -> None:
    scene = replace(
        PLAIN,
        references=(reference(GIVEN),) * (1 + others),
        mask=mask_of(box),
        background=background,
    )
    made = image(STUDIO.draw(scene))
    base = stretched(1024, 1024)
    left, top, right, bottom = (
        side * 1024 / full for side, full in zip(box, (300, 200, 300, 200), strict=True)
    )

    def kept(x: int, y: int) -> bool:
        return not (left - 8 < x < right + 12 and top - 8 < y < bottom + 14)

    assert differences(made.convert("RGB"), base, kept) == 0
    if made.mode == "RGBA":
        assert all(pixel(made, x, 0)[3] == 255 for x in range(1024) if kept(x, 0))
    for x in range(int(left) + 8, int(right) - 8, 7):
        for y in range(int(top) + 8, int(bottom) - 8, 7):
            fresh, old = pixel(made, x, y), pixel(base, x, y)
            apart = max(abs(a - b) for a, b in zip(fresh[:3], old, strict=True))
            assert apart >= 32 or fresh[3:] == (0,)


def test_where_a_mask_is_half_transparent_the_two_are_blended() -> None:
    scene = replace(PLAIN, references=(reference(Image.new("RGB", (300, 200), "white")),))
    whole = image(STUDIO.draw(replace(scene, mask=mask_of((0, 0, 299, 199)))))
    half = image(STUDIO.draw(replace(scene, mask=mask_of((0, 0, 299, 199), alpha=128))))
    top = (200, 200)
    expected = [round(255 * 128 / 255 + value * 127 / 255) for value in pixel(whole, *top)]
    found = pixel(half, *top)
    assert max(abs(a - b) for a, b in zip(expected, found, strict=True)) <= 40
    assert found != pixel(whole, *top)
    assert found != (255, 255, 255)


def test_a_mask_that_repaints_nothing_leaves_the_reference() -> None:
    opaque = encoded(Image.new("RGBA", (300, 200), (0, 0, 0, 255)))
    made = image(STUDIO.draw(replace(PLAIN, references=(reference(GIVEN),), mask=opaque)))
    assert made.tobytes() == stretched(1024, 1024).tobytes()


def test_editing_a_picture_of_our_own_with_its_own_prompt_still_repaints_it() -> None:
    own = STUDIO.draw(PLAIN)
    mask = Image.new("RGBA", (1024, 1024), (0, 0, 0, 0))
    scene = replace(PLAIN, references=(Reference(own.data, None),), mask=encoded(mask))
    made, before = image(STUDIO.draw(scene)), image(own)
    for x in range(0, 1024, 31):
        for y in range(0, 1024, 31):
            both = zip(pixel(made, x, y), pixel(before, x, y), strict=True)
            assert max(abs(a - b) for a, b in both) >= 32


def test_a_palette_mask_and_a_reference_never_fetched_do_no_harm() -> None:
    mask = opened(mask_of((50, 50, 250, 150))).quantize(4)
    scene = replace(
        PLAIN,
        references=(Reference(None, "https://example.com/x.png"), Reference(None, None)),
        mask=encoded(mask),
        background="transparent",
    )
    assert image(STUDIO.draw(scene)).size == (1024, 1024)


def test_a_transparent_edit_has_an_alpha_channel_with_clear_pixels() -> None:
    scene = replace(PLAIN, references=(reference(GIVEN),), background="transparent")
    made = image(STUDIO.draw(scene))
    assert made.mode == "RGBA"
    assert pixel(made, 0, 0)[3] == 0
    assert pixel(made, 512, 512)[:3] == pixel(stretched(1024, 1024), 512, 512)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK"])
def test_references_of_any_mode_are_shown(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    if mode == "I;16":
        deep = Image.new("I;16", (60, 60), 40_000)
    else:
        deep = Image.new("RGB", (60, 60), (156, 156, 156)).convert(mode)
    scene = replace(sized(480, 480), references=(Reference(encoded(deep, kind), None),))
    found = pixel(image(STUDIO.draw(scene)), 100, 100)
    if mode != "1":
        assert max(abs(value - 156) for value in found) <= 6


def test_a_reference_that_is_no_picture_is_refused() -> None:
    scene = replace(PLAIN, references=(Reference(b"nonsense", None),))
    with pytest.raises(NotAPicture, match="no PNG, JPEG or WebP"):
        STUDIO.draw(scene)
