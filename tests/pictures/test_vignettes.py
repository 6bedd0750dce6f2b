"""Vignettes differ by kind and variant, in any ratio, and stay simple."""

import pytest

from mock_server.pictures.scenery import KINDS, VARIANTS
from mock_server.pictures.tiles import Mosaic
from mock_server.pictures.vignettes import vignette

GRIDS = [(32, 28), (48, 27), (72, 22), (24, 70), (1, 1), (5, 3), (3, 40), (80, 2)]


def all_of(columns: int, rows: int, *, dark: bool) -> list[Mosaic]:
    kinds = ((kind, variant) for kind in range(KINDS) for variant in range(VARIANTS))
    return [vignette(*pair, columns, rows, dark=dark) for pair in kinds]


@pytest.mark.parametrize("columns, rows", GRIDS)
@pytest.mark.parametrize("dark", [False, True])
def test_a_vignette_has_all_its_tiles(columns: int, rows: int, dark: bool) -> None:  # noqa: FBT001
    for mosaic in all_of(columns, rows, dark=dark):
        assert mosaic.columns == columns
        assert sum(count for _, count in mosaic.order) == rows
        assert {number for number, _ in mosaic.order} == set(range(len(mosaic.rows)))
        for row in mosaic.rows:
            ends = list(row[1::2])
            assert ends == sorted(set(ends))
            assert ends[-1] == columns


@pytest.mark.parametrize("columns, rows", GRIDS[:4])
def test_no_two_vignettes_are_alike(columns: int, rows: int) -> None:
    found = all_of(columns, rows, dark=False)
    assert len({(mosaic.rows, mosaic.order) for mosaic in found}) == len(found)


@pytest.mark.parametrize("columns, rows", GRIDS[:4])
@pytest.mark.parametrize("dark", [False, True])
def test_a_vignette_is_coarse_so_that_it_is_cheap(
    columns: int,
    rows: int,
    dark: bool,  # noqa: FBT001
) -> None:
    for mosaic in all_of(columns, rows, dark=dark):
        assert sum(len(row) // 2 for row in mosaic.rows) <= 450
        assert len(mosaic.order) <= 70


def test_the_night_has_stars_and_the_day_has_clouds() -> None:
    assert vignette(0, 0, 32, 28, dark=True) != vignette(0, 0, 32, 28, dark=False)
