"""A mapping of the contract file that knows its place and which of its keys were read."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import inf
from typing import TypeVar

__all__ = ["ContractError", "Section"]

T = TypeVar("T")


class ContractError(Exception):
    """The contract file cannot be used: where in it, and why."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class Section:
    """Reads typed values by key; `done()` refuses the keys that nobody asked for."""

    def __init__(self, raw: object, place: str) -> None:
        if not isinstance(raw, dict):
            raise ContractError(place, f"must be a mapping; got {_kind(raw)}")
        for key in raw:
            if not isinstance(key, str):
                raise ContractError(place, f"the key {key!r} must be text: put it in quotes")
        self.raw: Mapping[str, object] = raw
        self.place = place
        self._read: set[str] = set()
        self._sections: dict[str, Section] = {}

    def anything(self, key: str) -> object:
        """The value as it is, None where the key is missing."""
        self._read.add(key)
        return self.raw.get(key)

    def section(self, key: str) -> "Section":
        """A mapping whose own keys are all to be read."""
        if key not in self._sections:
            self._sections[key] = Section(self._needed(key), self._at(key))
        return self._sections[key]

    def sections(self) -> Iterator[tuple[str, "Section"]]:
        """Every value, each a mapping, with its key."""
        return ((key, self.section(key)) for key in self.raw)

    def entries(self, key: str) -> list["Section"]:
        """A list of mappings, not empty."""
        items = self.items(key)
        if not items:
            raise ContractError(self._at(key), "must not be empty")
        return [Section(item, f"{self._at(key)}[{i}]") for i, item in enumerate(items)]

    def items(self, key: str) -> list[object]:
        """A list of anything."""
        return self._typed(key, "a list", list)

    def text(self, key: str) -> str:
        """A string."""
        return self._typed(key, "text", str)

    def texts(self, key: str, *, count: int | None = None) -> tuple[str, ...]:
        """A list of strings, of just so many where a count is given."""
        items = self.items(key)
        if not all(isinstance(item, str) for item in items):
            raise ContractError(self._at(key), "must be a list of text")
        if count is not None and len(items) != count:
            raise ContractError(self._at(key), f"must have {count} items; got {len(items)}")
        return tuple(map(str, items))

    def flag(self, key: str) -> bool:
        """True or false."""
        return self._typed(key, "true or false", bool)

    def whole(self, key: str) -> int:
        """A whole number."""
        value = self._needed(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ContractError(self._at(key), f"must be a whole number; got {_kind(value)}")
        return value

    def whole_or_null(self, key: str) -> int | None:
        """A whole number, or null; the key has to be there."""
        return None if self._needed(key) is None else self.whole(key)

    def number(self, key: str) -> float:
        """A number, whole or not, not negative."""
        return _number(self._needed(key), self._at(key))

    def numbers(self, key: str) -> list[float]:
        """A list of numbers."""
        return [_number(item, self._at(key)) for item in self.items(key)]

    def decimal(self, key: str) -> Decimal:
        """An exact decimal, written as a quoted string, not negative."""
        text = self._typed(key, "a decimal in quotes", str)
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise ContractError(self._at(key), f"must be a decimal; got {text!r}") from None
        if not value.is_finite() or value < 0:
            raise ContractError(self._at(key), f"must not be negative; got {text!r}")
        return value

    def money(self, key: str) -> Decimal:
        """An amount in USD, written as a quoted decimal."""
        return self.decimal(key)

    def ratio(self, key: str) -> Fraction:
        """W:H as an exact fraction of at least 1."""
        text = self.text(key)
        long, _, short = text.partition(":")
        try:
            value = Fraction(long) / Fraction(short)
        except (ValueError, ZeroDivisionError):
            raise ContractError(self._at(key), f"must be W:H; got {text!r}") from None
        if value < 1:
            raise ContractError(self._at(key), f"must be at least 1:1; got {text!r}")
        return value

    def mapping(self, key: str, read: Callable[["Section", str], T]) -> dict[str, T]:
        """A mapping whose values are all read the same way."""
        section = self.section(key)
        return {name: read(section, name) for name in section.raw}

    def done(self) -> None:
        """Refuse every key that was not read, here and in the sections below."""
        for key in self.raw:
            if key not in self._read:
                known = ", ".join(sorted(self._read)) or "none"
                raise ContractError(self._at(key), f"unknown key; known here: {known}")

    def _at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place != "the file" else key

    def _needed(self, key: str) -> object:
        self._read.add(key)
        if key not in self.raw:
            raise ContractError(self._at(key), "is missing")
        return self.raw[key]

    def _typed(self, key: str, words: str, kind: type[T]) -> T:
        value = self._needed(key)
        if not isinstance(value, kind):
            raise ContractError(self._at(key), f"must be {words}; got {_kind(value)}")
        return value


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
        raise ContractError(place, f"must be a number of at least 0; got {_kind(value)}")
    return value


def _kind(value: object) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {value!r:.60}"
