"""What the parts of a running mock do together: pictures that many wait for are made once."""

import asyncio

import pytest

from mock_server.pictures import Picture, Scene, Studio
from mock_server.pictures.design import design
from tests.api import running
from tests.pictures.scenes import image, replace, sized


def scenes(count: int) -> list[Scene]:
    """Scenes that differ in their words, of a size and colours that no other test draws."""
    base = sized(1072, 1088)
    return [replace(base, prompt=f"a teal lighthouse {number}") for number in range(count)]


async def test_many_who_lack_the_same_poster_wait_for_one_that_makes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    whole: list[Scene] = []
    prepare, draw = Studio.prepare, Studio.draw

    def preparing(scene: Scene) -> None:
        asked.append(design(scene).key)
        prepare(studio, scene)

    def drawing(scene: Scene) -> Picture:
        whole.append(scene)
        return draw(studio, scene)

    async with running() as api:
        studio = Studio()
        monkeypatch.setattr(api.mock, "studio", studio)
        monkeypatch.setattr(studio, "prepare", preparing)
        monkeypatch.setattr(studio, "draw", drawing)
        wanted = scenes(60)
        pictures = await asyncio.gather(*map(api.mock.draw, wanted))
        assert sorted(asked) == sorted({design(scene).key for scene in wanted})
        assert whole == []
        assert not api.mock.making
        studio.close()
    alone = Studio()
    assert [p.data for p in pictures] == [alone.draw(scene).data for scene in wanted]
    assert image(pictures[0]).size == (1072, 1088)
    alone.close()


async def test_who_stops_waiting_does_not_stop_the_others() -> None:
    async with running() as api:
        studio, api.mock.studio = api.mock.studio, Studio()
        first, second = scenes(1) * 2
        leaves = asyncio.ensure_future(api.mock.draw(first))
        stays = asyncio.ensure_future(api.mock.draw(second))
        await asyncio.sleep(0)
        leaves.cancel()
        assert image(await stays).size == (1072, 1088)
        api.mock.studio.close()
        api.mock.studio = studio


async def test_a_poster_that_cannot_be_drawn_is_told_to_all_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as api:
        studio = Studio()
        monkeypatch.setattr(api.mock, "studio", studio)
        with monkeypatch.context() as broken:
            broken.setattr(studio, "_built", lambda *_: 1 / 0)
            (scene,) = scenes(1)
            both = asyncio.gather(
                api.mock.draw(scene), api.mock.draw(scene), return_exceptions=True
            )
            assert {type(error) for error in await both} == {ZeroDivisionError}
        assert image(await api.mock.draw(scene)).size == (1072, 1088)
        studio.close()
