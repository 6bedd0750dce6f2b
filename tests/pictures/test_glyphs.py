"""Every character is drawn, known to the font or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.pictures.glyphs import BLANK, cells, clusters, visual_order


def rows(cluster: str) -> list[str]:
    """The dots of a character as text."""
    parts = [[f"{row:08b}" for row in cell] for cell in cells(cluster)]
    joined = ["".join(row) for row in zip(*parts, strict=True)]
    return [row.replace("0", ".").replace("1", "#") for row in joined]


def test_a_letter_is_drawn() -> None:
    assert rows("T")[4:14] == ["#######." if r == 0 else "...#...." for r in range(10)] or (
        rows("T")[4] == ".#######"
    )


@pytest.mark.parametrize("char", "aZ0é×…ЖλעعकกあX")
def test_letters_of_many_scripts_fill_one_cell_or_two(char: str) -> None:
    assert len(cells(char)) in (1, 2)
    assert any(cell != BLANK for cell in cells(char))


@pytest.mark.parametrize("char", "中語한🚀🐈😀")
def test_wide_characters_fill_two_cells(char: str) -> None:
    assert len(cells(char)) == 2


def test_a_blank_is_blank() -> None:
    assert cells(" ") == (BLANK,)


@pytest.mark.parametrize("char", ["\ud800", "\U00020000", "\U0010ffff", "\ue000", "\uffff"])
def test_an_unknown_character_is_a_box_with_its_code(char: str) -> None:
    box = rows(char)
    assert box[0] == box[15] == "#" * 16
    assert all(row[0] == row[15] == "#" for row in box)
    assert box != rows("\U0002f000")
    assert any("#" in row[1:15] for row in box[1:15])


def test_the_code_in_a_box_can_be_read() -> None:
    inner = [row[1:15] for row in rows("\ue0f1")]
    assert "".join(inner[2]).replace(".", " ").split() != []
    assert rows("\ue0f1") != rows("\ue0f2") != rows("\ue1f1")


@given(st.text(min_size=1))
def test_any_text_is_cut_into_clusters_that_can_be_drawn(text: str) -> None:
    found = clusters(text)
    assert "".join(found) == text
    for cluster in found:
        assert all(len(cell) == 16 for cell in cells(cluster))


def test_marks_are_drawn_over_their_letter() -> None:
    assert clusters("x\u0301y") == ["x\u0301", "y"]
    assert cells("x\u0301") != cells("x")
    assert len(cells("x\u0301")) == 1


@pytest.mark.parametrize(
    "text, drawn",
    [
        ("abc", "abc"),
        ("אבג", "גבא"),
        ("one אב גד two", "one דג בא two"),
        ("אב! x", "בא! x"),
    ],
)
def test_hebrew_and_arabic_run_from_right_to_left(text: str, drawn: str) -> None:
    assert "".join(visual_order(clusters(text))) == drawn
