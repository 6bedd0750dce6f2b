"""What is wrong with an answer, said so that a stranger can mend it."""

from typing import NamedTuple

__all__ = ["Problem"]


class Problem(NamedTuple):
    """A breach: the rule, what is wrong in words, and the rule's part if that has its own basis."""

    rule: str
    text: str
    part: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}{f' ({self.part})' if self.part else ''}: {self.text}"
