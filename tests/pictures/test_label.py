"""A label says what it has to, in the room there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.pictures.glyphs import CELL_WIDTH
from mock_server.pictures.label import cells_of, label, layout, wrapped
from tests.pictures.scenes import PLAIN, replace

TEXT = st.text(st.sampled_from("ab cd  中🚀é\u0301ש"), max_size=120).map(lambda text: text.strip())


@pytest.mark.parametrize(
    "width, height, scale",
    [(1024, 1024, 2), (1536, 1024, 3), (2048, 2048, 4), (3840, 2160, 8), (3840, 1280, 7)],
)
def test_letters_grow_with_the_picture(width: int, height: int, scale: int) -> None:
    assert layout(width, height).scale == scale


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_label_leaves_most_of_the_picture(width: int, height: int) -> None:
    setting = layout(width, height)
    assert setting.band(setting.most) <= height * 0.4
    used = setting.columns * CELL_WIDTH * setting.scale
    assert setting.most == 0 or setting.left + used + CELL_WIDTH * setting.scale <= width


@pytest.mark.parametrize(
    "text, lines",
    [
        ("", []),
        ("one", ["one"]),
        ("one two three", ["one two", "three"]),
        ("one two three four five", ["one two", "three", "four fi…"]),
        ("abcdefghijklmnop", ["abcdefgh", "ijklmnop"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefgh", "ijklmnop", "qrstuvw…"]),
        ("中文字中文字", ["中文字中", "文字"]),
    ],
)
def test_text_is_wrapped_and_cut(text: str, lines: list[str]) -> None:
    assert wrapped(text, 8, 3) == lines


@given(TEXT, st.integers(2, 20), st.integers(1, 4))
def test_no_line_is_wider_or_more_than_allowed(text: str, columns: int, lines: int) -> None:
    found = wrapped(text, columns, lines)
    assert len(found) <= lines
    assert all(len(cells_of(line)) <= columns for line in found)


@given(st.integers(64, 4000), st.integers(64, 4000), st.text(max_size=300))
def test_a_label_fits_its_layout(width: int, height: int, prompt: str) -> None:
    setting = layout(width, height)
    words = label(replace(PLAIN, width=width, height=height, prompt=prompt), setting)
    assert len(words.lines) <= setting.most
    assert len(words.lines) >= setting.fewest
    assert all(len(cells_of(line)) <= setting.columns for line in words.lines)
