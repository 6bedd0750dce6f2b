"""Changed contract files: the project's own with a few values replaced, in memory."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any, cast

import yaml

from contracts.spec import Spec, default_path, from_document, load

__all__ = ["GONE", "changed", "document", "own"]

RULES = "x-contract/rules"
GONE = object()
"""In place of a value: the key is left out."""


@cache
def own() -> Spec:
    """The project's contract, read once."""
    return load()


def document(edits: Mapping[str, object]) -> dict[str, Any]:
    """The contract file with values replaced.

    The keys are paths of keys and list indices joined by `/`, `+` for a new last item; one that
    begins with a rule's id, such as `price/data/per_image/1K/low`, is looked up among the rules.
    """
    whole = deepcopy(_document())
    for path, value in edits.items():
        *way, last = _steps(whole, path)
        place: Any = whole
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        _put(place, last, value)
    return whole


def changed(edits: Mapping[str, object]) -> Spec:
    """The contract with values replaced."""
    return from_document(document(edits))


@cache
def _document() -> dict[str, Any]:
    text = default_path().read_text(encoding="utf-8")
    return cast("dict[str, Any]", yaml.load(text, Loader=yaml.CSafeLoader))


def _steps(whole: Mapping[str, Any], path: str) -> list[str]:
    steps = path.split("/")
    return steps if steps[0] in whole else [*RULES.split("/"), *steps]


def _put(place: Any, last: str, value: object) -> None:
    if value is GONE:
        del place[int(last) if isinstance(place, list) else last]
    elif isinstance(place, list) and last == "+":
        place.append(value)
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
