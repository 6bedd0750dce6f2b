"""From plain YAML to frozen records: a key that nobody declared is refused, with its place."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import UnionType
from typing import TypeAlias, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from contracts.size import Size

__all__ = ["Json", "Network", "SpecError", "mapping_at", "record", "text_at"]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""Anything a JSON text can hold."""

Network: TypeAlias = IPv4Network | IPv6Network

T = TypeVar("T")


class SpecError(ValueError):
    """The contract file says what this reader cannot take: the message names the place."""


def record(kind: Callable[..., T], value: object, place: str) -> T:
    """The dataclass `kind`, made of a mapping with exactly its fields as keys.

    A field is spelt in the file as in Python. A key too many or too few, or a value of another type
    than the field's, raises SpecError.
    """
    types = get_type_hints(kind)
    given = mapping_at(value, place)
    _refuse_unknown(given, types, place)
    _refuse_missing(given, kind, place)
    return kind(**{key: _decode(types[key], given[key], f"{place}.{key}") for key in given})


def mapping_at(value: object, place: str) -> Mapping[str, object]:
    """The value as a mapping with text keys, else SpecError."""
    if not isinstance(value, dict):
        raise SpecError(f"{place}: a mapping is needed; got {value!r}")
    for key in value:
        if not isinstance(key, str):
            raise SpecError(f"{place}: keys are texts (quote it); got {key!r}")
    return cast("Mapping[str, object]", value)


def text_at(value: object, place: str) -> str:
    """The value as a text, else SpecError."""
    if not isinstance(value, str):
        raise SpecError(f"{place}: a text is needed (quote it); got {value!r}")
    return value


def _refuse_unknown(given: Mapping[str, object], known: Mapping[str, object], place: str) -> None:
    for key in given:
        if key not in known:
            allowed = ", ".join(sorted(known)) or "no key at all"
            raise SpecError(f"{place}: unknown key '{key}'; allowed: {allowed}")


def _refuse_missing(given: Mapping[str, object], kind: object, place: str) -> None:
    if not isinstance(kind, type) or not is_dataclass(kind):
        raise TypeError(f"{kind!r} is no dataclass")
    for field in fields(kind):
        optional = field.default is not MISSING or field.default_factory is not MISSING
        if field.name not in given and not optional:
            raise SpecError(f"{place}: the key '{field.name}' is missing")


def _decode(kind: object, value: object, place: str) -> object:
    """The value as the annotated type says; the kinds known are those that the records use."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _tuple(arguments[0], value, place)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(arguments[1], value, place)
    if kind == Network:
        return _network(value, place)
    if origin in {Union, UnionType}:
        return _optional(arguments, value, place)
    if isinstance(kind, type) and is_dataclass(kind):
        return record(kind, value, place)
    return _scalar(kind, value, place)


def _tuple(kind: object, value: object, place: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise SpecError(f"{place}: a list is needed; got {value!r}")
    return tuple(_decode(kind, item, f"{place}[{i}]") for i, item in enumerate(value))


def _mapping(kind: object, value: object, place: str) -> Mapping[str, object]:
    entries = mapping_at(value, place).items()
    return {key: _decode(kind, item, f"{place}.{key}") for key, item in entries}


def _optional(kinds: tuple[object, ...], value: object, place: str) -> object:
    if value is None and type(None) in kinds:
        return None
    (kind,) = (each for each in kinds if each is not type(None))
    return _decode(kind, value, place)


def _network(value: object, place: str) -> Network:
    try:
        return ip_network(text_at(value, place))
    except ValueError as error:
        raise SpecError(f"{place}: {error}") from None


def _scalar(kind: object, value: object, place: str) -> object:
    if kind is object:
        return value
    if kind not in _SCALARS:
        raise TypeError(f"{place}: no reader for {kind!r}")
    read, wanted = _SCALARS[kind]
    found = read(value)
    if found is None:
        raise SpecError(f"{place}: {wanted} is needed; got {value!r}")
    return found


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(cast("float", value)) if is_number else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _decimal(value: object) -> Decimal | None:
    try:
        found = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and found >= 0 else None


def _fraction(value: object) -> Fraction | None:
    first, colon, second = value.partition(":") if isinstance(value, str) else ("", "", "")
    try:
        return Fraction(first) / Fraction(second) if colon else None
    except (ValueError, ZeroDivisionError):
        return None


def _size(value: object) -> Size | None:
    return Size.parse(value) if isinstance(value, str) else None


_SCALARS: Mapping[object, tuple[Callable[[object], object | None], str]] = {
    int: (_integer, "an integer"),
    float: (_number, "a number"),
    str: (_text, "a text (quote it)"),
    bool: (_truth, "true or false"),
    Decimal: (_decimal, "a quoted decimal, not negative,"),
    Fraction: (_fraction, "a quoted ratio such as '3:1'"),
    Size: (_size, "a size such as 1024x1024"),
}
