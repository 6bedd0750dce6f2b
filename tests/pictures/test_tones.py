"""Every tone has its colour, and those of the prompt are among them."""

from mock_server.pictures.palette import SCHEMES, palette
from mock_server.pictures.tones import BACKDROP, SEA_TONES, SKY_TONES, Tone, tints


def test_every_tone_has_a_tint_and_no_two_names_share_a_number() -> None:
    taken = [*range(Tone.SKY, Tone.SKY + SKY_TONES), *range(Tone.SEA, Tone.SEA + SEA_TONES)]
    others = [tone for tone in Tone if tone not in (Tone.SKY, Tone.SEA)]
    numbers = sorted([*taken, *map(int, others)])
    assert len(Tone) == len(others) + 2
    for scheme in SCHEMES:
        assert numbers == list(range(len(tints(scheme))))


def test_the_colours_of_the_palette_are_shown_as_they_are() -> None:
    colours = palette(("red", "blue", "background"), 0)
    found = tints(colours)
    assert found[Tone.ACCENT] == colours.accent
    assert found[Tone.NEAR] == colours.near
    assert found[Tone.SKY] == colours.sky
    assert found[Tone.SKY + SKY_TONES - 1] == colours.horizon


def test_the_backdrop_is_what_lies_behind() -> None:
    assert Tone.STAR in BACKDROP
    assert Tone.PAPER in BACKDROP
    assert Tone.FAR not in BACKDROP
    assert Tone.SEA not in BACKDROP
