"""Whether a JSON value can be a moment in the unit that the contract names.

Bounds are the years 2001 to 2286, so that seconds, milliseconds and microseconds do not overlap.
"""

from contracts.decode import Json

__all__ = ["is_milliseconds", "is_seconds"]

FIRST_SECOND, LAST_SECOND = 10**9, 10**10


def is_seconds(value: Json) -> bool:
    """Whether it is an integer of epoch seconds."""
    return _is_whole_between(value, FIRST_SECOND, LAST_SECOND)


def is_milliseconds(value: Json) -> bool:
    """Whether it is an integer of epoch milliseconds."""
    return _is_whole_between(value, FIRST_SECOND * 1000, LAST_SECOND * 1000)


def _is_whole_between(value: Json, first: int, last: int) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return first <= value < last and value == int(value)
