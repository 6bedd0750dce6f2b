"""What drawing took is given back, once for all that was drawn within a second."""

import asyncio
import sys
from pathlib import Path

import pytest

from mock_server import tidying
from mock_server.pictures import Studio
from mock_server.tidying import Tidying
from tests.api import running, until
from tests.pictures.scenes import PLAIN, replace, sized


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When memory was given back, by the loop's clock; a second lasts 10 ms."""
    found: list[float] = []
    monkeypatch.setattr(tidying, "_AFTER_S", 0.01)
    monkeypatch.setattr(
        tidying, "_give_back", lambda: found.append(asyncio.get_running_loop().time())
    )
    return found


async def until_tidied(times: list[float], count: int) -> None:
    await until(lambda: len(times) >= count)


async def test_it_is_done_once_for_all_and_again_after_more(times: list[float]) -> None:
    tidy = Tidying()
    for _ in range(10):
        tidy.soon()
    await until_tidied(times, 1)
    await asyncio.sleep(0.05)
    assert len(times) == 1
    tidy.soon()
    await until_tidied(times, 2)


async def test_it_is_not_done_after_the_end(times: list[float]) -> None:
    tidy = Tidying()
    tidy.soon()
    tidy.stop()
    await asyncio.sleep(0.05)
    assert not times
    tidy.stop()


async def test_a_picture_that_was_drawn_in_a_thread_is_tidied_up_after(times: list[float]) -> None:
    async with running() as api:
        api.mock.studio = Studio()
        await api.mock.draw(sized(1072, 1104))
        await until_tidied(times, 1)
        await api.mock.draw(sized(1072, 1104))
        api.mock.studio.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there it is known how much is used")
def test_the_system_has_its_memory_back() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    studio = Studio()
    before = resident()
    for number in range(24):
        studio.draw(replace(sized(3840, 2160, PLAIN), prompt=f"a vase {number}"))
    studio.close()
    tidying._give_back()
    assert resident() - before < 16 * 2**20
