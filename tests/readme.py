"""The README as data: its tables and its blocks of code."""

import re
from typing import NamedTuple

from tests.clients.mocks import ROOT

__all__ = ["Block", "blocks", "table"]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block of code, its language, and the heading it stands under."""

    heading: str
    language: str
    code: str


def _text() -> str:
    return (ROOT / "README.md").read_text()


def blocks(*languages: str) -> list[Block]:
    """The blocks of these languages, in order."""
    found = []
    for section in re.split(r"^## ", _text(), flags=re.MULTILINE):
        heading = section.partition("\n")[0]
        found += [Block(heading, *match.groups()) for match in _BLOCK.finditer(section)]
    return [block for block in found if block.language in languages]


def table(first_heading: str) -> list[list[str]]:
    """The rows of the table whose first column has this heading, as cells of text."""
    lines = iter(_text().splitlines())
    for line in lines:
        if line.startswith(f"| {first_heading} |"):
            next(lines)
            break
    rows: list[list[str]] = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    raise AssertionError(f"the README has no table of {first_heading}")
