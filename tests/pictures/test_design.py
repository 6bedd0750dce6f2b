"""A prompt gets the scene and the colours it names."""

import pytest

from mock_server.pictures.design import POOL, design, pool
from mock_server.pictures.palette import Colour
from tests.pictures.scenes import PLAIN, replace


def near(one: Colour, other: Colour) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 40


@pytest.mark.parametrize(
    "prompt, part, colour",
    [
        ("a white sneaker on a beige background", "accent", (246, 245, 240)),
        ("a white sneaker on a beige background", "sky", (232, 220, 194)),
        ("RED car", "accent", (214, 47, 52)),
        ("a red boat at dusk", "accent", (214, 47, 52)),
        ("a red boat at dusk", "sky", (53, 48, 94)),
        ("a green door, blue wall", "sky", (47, 111, 214)),
        ("stars at night over a yellow field", "sky", (11, 20, 55)),
    ],
)
def test_colours_named_are_honoured(prompt: str, part: str, colour: Colour) -> None:
    colours = design(replace(PLAIN, prompt=prompt)).colours
    assert near(getattr(colours, part), colour)


@pytest.mark.parametrize("prompt", ["colored redwood", "tangent", "", "中文"])
def test_words_that_only_contain_a_colour_name_none(prompt: str) -> None:
    assert design(replace(PLAIN, prompt=prompt)) in pool()


@pytest.mark.parametrize(
    "prompt, kind",
    [("a cottage", 0), ("a lighthouse", 1), ("Tokyo at night", 2), ("an alpine lake", 3)],
)
def test_places_named_are_drawn(prompt: str, kind: int) -> None:
    assert design(replace(PLAIN, prompt=prompt)).kind == kind


def test_prompts_that_name_nothing_share_a_pool() -> None:
    prompts = [f"thing {number}" for number in range(400)]
    found = {design(replace(PLAIN, prompt=prompt)).key for prompt in prompts}
    assert found == {plan.key for plan in pool()}
    assert len(found) == POOL


def test_the_seed_and_the_index_choose_another_design() -> None:
    scene = replace(PLAIN, prompt="thing")
    keys = {design(replace(scene, index=i)).key for i in range(10)}
    assert len(keys) == 10
    assert design(scene).key != design(replace(scene, seed=scene.seed + 1)).key
