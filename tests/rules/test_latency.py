"""How long an image takes: a triangle turned into seconds."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.rules.latency import Triangle, timing
from tests.laws import own_contract

TABLE = own_contract().latencies
shares = st.floats(0, 1)


@st.composite
def triangles(draw: st.DrawFn) -> Triangle:
    return Triangle(*sorted(draw(st.tuples(*[st.integers(0, 10_000)] * 3))))


def share_below(triangle: Triangle, seconds: float) -> float:
    """The part of a triangle's area left of a point, by its geometry."""
    low, mode, high = triangle
    if seconds <= mode:
        return (seconds - low) ** 2 / ((high - low) * (mode - low)) if mode > low else 0.0
    return 1 - (high - seconds) ** 2 / ((high - low) * (high - mode))


@pytest.mark.parametrize(
    "quality, u, seconds",
    [
        ("low", 0, 35),
        ("low", 0.5, 40),
        ("low", 1, 45),
        ("medium", 0, 60),
        ("medium", 0.5, 75),
        # A quarter of the way up to the mode the area is 1/32: 60 + 15/4.
        ("medium", 1 / 32, 63.75),
        ("medium", 1, 90),
        ("high", 0.5, 120),
        ("high", 31 / 32, 131.25),
        ("high", 1, 135),
    ],
)
def test_the_times_of_the_page(quality: str, u: float, seconds: float) -> None:
    times = timing(TABLE.seconds[quality], pending_share=TABLE.pending_share, u=u)
    assert times.total == pytest.approx(seconds)
    assert times.pending == pytest.approx(seconds / 10)


@given(triangles(), shares)
def test_a_quantile_has_its_share_of_the_area_below_it(triangle: Triangle, u: float) -> None:
    seconds = triangle.at(u)
    assert triangle.min - 1e-6 <= seconds <= triangle.max + 1e-6
    if triangle.max > triangle.min:
        assert share_below(triangle, seconds) == pytest.approx(u, abs=1e-6)


@given(triangles(), st.lists(shares, min_size=2))
def test_more_chance_means_more_time(triangle: Triangle, many: list[float]) -> None:
    seconds = [triangle.at(u) for u in sorted(many)]
    assert all(earlier <= later + 1e-6 for earlier, later in pairwise(seconds))


def test_a_triangle_without_width_is_its_one_moment() -> None:
    assert [Triangle(7, 7, 7).at(u) for u in (0, 0.5, 1)] == [7, 7, 7]
    assert Triangle(0, 0, 10).at(0) == 0
    assert Triangle(0, 10, 10).at(1) == 10
    assert Triangle(0, 0, 10).at(0.75) == pytest.approx(5)
    assert Triangle(0, 10, 10).at(0.25) == pytest.approx(5)


def test_another_table_gives_other_times() -> None:
    times = timing(Triangle(10, 20, 30), pending_share=0.5, u=0.5)
    assert math.isclose(times.total, 20)
    assert math.isclose(times.pending, 10)
