"""A mapping that knows its place: typed values, and no key that nobody asked for."""

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from mock_server.section import ContractError, Section

Read = Callable[[Section, str], object]


def section(**raw: Any) -> Section:
    return Section(raw, "here")


@pytest.mark.parametrize(
    "read, raw, value",
    [
        (Section.text, "abc", "abc"),
        (Section.texts, ["a", "b"], ("a", "b")),
        (Section.texts, [], ()),
        (Section.items, [1, "a", None], [1, "a", None]),
        (Section.flag, False, False),
        (Section.whole, -7, -7),
        (Section.whole_or_null, 7, 7),
        (Section.whole_or_null, None, None),
        (Section.number, 0, 0),
        (Section.number, 1.5, 1.5),
        (Section.numbers, [1, 2.5], [1, 2.5]),
        (Section.decimal, "0.10", Decimal("0.10")),
        (Section.money, "12", Decimal(12)),
        (Section.ratio, "3:1", Fraction(3)),
        (Section.ratio, "2.5:1", Fraction(5, 2)),
        (Section.anything, {"a": 1}, {"a": 1}),
    ],
)
def test_a_value_is_read_as_what_it_is(read: Read, raw: object, value: object) -> None:
    found = read(section(key=raw), "key")
    assert (found, type(found)) == (value, type(value))


TEXT, LIST, WHOLE = "must be text", "must be a list", "must be a whole number"
NUMBER, FLAG, EXACT = (
    "must be a number of at least 0",
    "must be true or false",
    "a decimal in quotes",
)


@pytest.mark.parametrize(
    "read, raw, problem",
    [
        (Section.text, 7, TEXT + "; got int 7"),
        (Section.text, None, TEXT + "; got nothing"),
        (Section.texts, "abc", LIST + "; got str 'abc'"),
        (Section.texts, ["a", 7], "must be a list of text"),
        (Section.items, {}, LIST + "; got dict {}"),
        (Section.flag, "no", FLAG + "; got str 'no'"),
        (Section.flag, 1, FLAG + "; got int 1"),
        (Section.whole, 1.0, WHOLE + "; got float 1.0"),
        (Section.whole, "1", WHOLE + "; got str '1'"),
        (Section.whole, True, WHOLE + "; got bool True"),
        (Section.whole_or_null, "1", WHOLE + "; got str '1'"),
        (Section.number, -1, NUMBER + "; got int -1"),
        (Section.number, True, NUMBER + "; got bool True"),
        (Section.number, "1", NUMBER + "; got str '1'"),
        (Section.number, math.nan, NUMBER + "; got float nan"),
        (Section.number, math.inf, NUMBER + "; got float inf"),
        (Section.numbers, [1, "2"], NUMBER + "; got str '2'"),
        (Section.decimal, 0.1, f"must be {EXACT}; got float 0.1"),
        (Section.decimal, "ten", "must be a decimal; got 'ten'"),
        (Section.decimal, "-1", "must not be negative; got '-1'"),
        (Section.money, "NaN", "must not be negative; got 'NaN'"),
        (Section.money, "Infinity", "must not be negative; got 'Infinity'"),
        (Section.ratio, 3, TEXT + "; got int 3"),
        (Section.ratio, "3", "must be W:H; got '3'"),
        (Section.ratio, "3:0", "must be W:H; got '3:0'"),
        (Section.ratio, "1:3", "must be at least 1:1; got '1:3'"),
        (Section.section, [], "must be a mapping; got list []"),
        (Section.entries, [], "must not be empty"),
        (Section.entries, [{}, 7], "must be a mapping; got int 7"),
    ],
)
def test_another_value_is_refused_with_key_and_place(read: Read, raw: object, problem: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(section(key=raw), "key")
    place = "here.key[1]" if read is Section.entries and raw else "here.key"
    assert (caught.value.place, caught.value.problem) == (place, problem)
    assert str(caught.value) == f"{place}: {problem}"


@pytest.mark.parametrize(
    "read",
    [
        Section.text, Section.texts, Section.items, Section.flag, Section.whole, Section.number,
        Section.whole_or_null, Section.numbers, Section.decimal, Section.money, Section.ratio,
        Section.section, Section.entries,
    ],
)  # fmt: skip
def test_a_missing_key_is_refused(read: Read) -> None:
    with pytest.raises(ContractError) as caught:
        read(section(), "key")
    assert str(caught.value) == "here.key: is missing"


def test_what_may_be_anything_may_be_missing() -> None:
    assert section().anything("key") is None


def test_a_list_may_be_asked_to_have_so_many() -> None:
    assert section(key=["a", "b"]).texts("key", count=2) == ("a", "b")
    with pytest.raises(ContractError, match=r"here\.key: must have 2 items; got 1"):
        section(key=["a"]).texts("key", count=2)


def test_a_key_that_nobody_read_is_refused() -> None:
    read = section(known=1, odd=2)
    read.whole("known")
    read.anything("optional")
    with pytest.raises(ContractError) as caught:
        read.done()
    assert str(caught.value) == "here.odd: unknown key; known here: known, optional"
    read.anything("odd")
    read.done()


def test_a_section_below_is_the_same_each_time_and_asks_for_itself() -> None:
    outer = section(inner={"a": 1})
    inner = outer.section("inner")
    assert outer.section("inner") is inner
    outer.done()
    with pytest.raises(ContractError, match=r"here\.inner\.a: unknown key; known here: none"):
        inner.done()
    assert inner.whole("a") == 1
    inner.done()


def test_sections_entries_and_mappings_know_their_places() -> None:
    outer = section(a={"x": 1}, b={"x": 2})
    assert [(key, inner.whole("x")) for key, inner in outer.sections()] == [("a", 1), ("b", 2)]
    entries = section(key=[{"x": 1}, {"x": "2"}]).entries("key")
    with pytest.raises(ContractError, match=r"here\.key\[1\]\.x: must be a whole number"):
        [entry.whole("x") for entry in entries]
    assert section(key={"a": "1", "b": "2"}).mapping("key", Section.text) == {"a": "1", "b": "2"}
    with pytest.raises(ContractError, match=r"here\.key\.b: must be text"):
        section(key={"a": "1", "b": 2}).mapping("key", Section.text)


def test_places_begin_with_the_file() -> None:
    root = Section({"a": {"b": {}}}, "the file")
    with pytest.raises(ContractError, match=r"^a\.b\.c: is missing$"):
        root.section("a").section("b").text("c")
    with pytest.raises(ContractError, match=r"^z: is missing$"):
        root.text("z")


@pytest.mark.parametrize("raw", [None, [], "text", 7])
def test_what_is_no_mapping_is_refused(raw: object) -> None:
    with pytest.raises(ContractError, match="the file: must be a mapping; got"):
        Section(raw, "the file")


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(ContractError, match="here: the key False must be text: put it in quotes"):
        Section({False: 1}, "here")


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ContractError) as caught:
        section(key="x" * 10_000).whole("key")
    assert len(str(caught.value)) < 150
