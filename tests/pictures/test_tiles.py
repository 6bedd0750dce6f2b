"""Tiles are drawn where they are asked to be, and rows that are equal are found."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.pictures.tiles import Tiles


def tiles(columns: int, rows: int) -> Tiles:
    return Tiles(columns, rows, Random(0), dark=False)


def shown(canvas: Tiles) -> list[str]:
    """The rows of a picture, a letter for each tile."""
    mosaic = canvas.finished()
    lines = []
    for row in mosaic.rows:
        line = ""
        for tone, end in zip(row[::2], row[1::2], strict=True):
            line += ".abc"[tone] * (end - len(line))
        lines.append(line)
    return [lines[number] for number, count in mosaic.order for _ in range(count)]


def test_a_box_lies_between_its_edges() -> None:
    canvas = tiles(8, 4)
    canvas.box(0.5, 0.25, 1.5, 0.75, 1)
    assert shown(canvas) == ["........", "..aaaa..", "..aaaa..", "........"]


def test_a_box_is_one_tile_at_least_and_cut_at_the_edges() -> None:
    canvas = tiles(4, 4)
    canvas.box(0.5, 0.5, 0.5, 0.5, 1)
    canvas.box(-1, 0.8, 3, 3, 2)
    canvas.box(-2, -2, -1, -1, 3)
    canvas.box(2, 2, 3, 3, 3)
    assert shown(canvas) == ["....", "....", "..a.", "bbbb"]


def test_a_disc_is_round_in_any_ratio() -> None:
    canvas = tiles(8, 4)
    canvas.disc(1, 0.5, 0.5, 1)
    assert shown(canvas) == ["...aa...", "..aaaa..", "..aaaa..", "...aa..."]


def test_ground_is_all_below_its_line() -> None:
    canvas = tiles(4, 4)
    canvas.ground(lambda x: x, 1)
    assert shown(canvas) == ["....", "a...", "aa..", "aaa."]


def test_equal_rows_are_kept_once() -> None:
    canvas = tiles(3, 6)
    canvas.box(0, 1 / 3, 1, 2 / 3, 1)
    canvas.box(0, 1, 1, 5 / 3, 1)
    mosaic = canvas.finished()
    assert mosaic.rows == (bytes([0, 3]), bytes([1, 3]))
    assert mosaic.order == ((0, 1), (1, 1), (0, 1), (1, 2), (0, 1))


@pytest.mark.parametrize("columns, rows", [(1, 1), (1, 9), (9, 1), (255, 3)])
@given(edges=st.lists(st.floats(-4, 4), min_size=4, max_size=4))
def test_nothing_is_drawn_outside(columns: int, rows: int, edges: list[float]) -> None:
    canvas = tiles(columns, rows)
    left, top, right, bottom = edges
    canvas.box(left, top, right, bottom, 1)
    canvas.disc(left, top, abs(right), 2)
    canvas.between(left, right, lambda x: top + x, lambda x: bottom - x, 3)
    found = shown(canvas)
    assert len(found) == rows
    assert {len(line) for line in found} == {columns}
