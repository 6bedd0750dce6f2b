"""A shelf keeps what was used last, within its bytes."""

from dataclasses import dataclass

from mock_server.pictures.shelf import Shelf


@dataclass(frozen=True)
class Thing:
    weight: int


def test_what_was_unused_longest_is_given_up() -> None:
    shelf: Shelf[Thing] = Shelf(10)
    for key in "abc":
        shelf.put(key, Thing(3))
    assert shelf.get("a") == Thing(3)
    shelf.put("d", Thing(3))
    assert [key for key in "abcd" if key in shelf] == ["a", "c", "d"]
    assert shelf.get("b") is None
    assert shelf.weight == 9


def test_a_thing_put_again_is_weighed_once() -> None:
    shelf: Shelf[Thing] = Shelf(10)
    shelf.put("a", Thing(3))
    shelf.put("a", Thing(4))
    assert shelf.weight == 4


def test_a_thing_heavier_than_the_shelf_is_kept_alone() -> None:
    shelf: Shelf[Thing] = Shelf(10)
    shelf.put("a", Thing(3))
    shelf.put("b", Thing(30))
    assert "a" not in shelf
    assert shelf.get("b") == Thing(30)
    shelf.put("c", Thing(1))
    assert shelf.weight == 1
