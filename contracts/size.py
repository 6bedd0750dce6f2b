"""A width and a height in pixels, as the wire writes them."""

import re
from typing import NamedTuple

__all__ = ["Size"]

# Python refuses to read an integer of more than 4,300 digits.
_GRAMMAR = re.compile(r"(0|[1-9][0-9]{0,4000})x(0|[1-9][0-9]{0,4000})", re.ASCII)


class Size(NamedTuple):
    """Pixels, width first; `str()` gives the text of the wire. Rule: size-grammar."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Size | None":
        """The size that a text such as `1024x1024` writes, None for any other text."""
        found = _GRAMMAR.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def long_edge(self) -> int:
        """The greater of both sides."""
        return max(self)

    @property
    def short_edge(self) -> int:
        """The lesser of both sides."""
        return min(self)

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def turned(self) -> "Size":
        """The same size in the other orientation."""
        return Size(self.height, self.width)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"
