"""The text of an `aspect_ratio` as an exact fraction. Rule: aspect-ratio."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from contracts.size import Size
from contracts.spec import Spec

__all__ = ["clamp", "clamped", "ratio_of"]


def ratio_of(spec: Spec, text: str | None, *, reference: Size | None = None) -> Fraction | None:
    """Width over height that the text asks for; None for a text that is no ratio, or too steep.

    `auto` asks for the reference's ratio, clamped, else for the default; no text for the default.
    """
    wanted = spec.facts.derive.default_aspect_ratio if text is None else text
    if wanted == spec.facts.aspect_ratio.auto:
        default = spec.facts.derive.default_aspect_ratio
        return clamped(spec, reference) if reference else ratio_of(spec, default)
    width, _, height = wanted.partition(":")
    sides = (_side(width), _side(height))
    if sides[0] is None or sides[1] is None:
        return None
    ratio = sides[0] / sides[1]
    return ratio if clamp(spec, ratio) == ratio else None


def clamped(spec: Spec, reference: Size) -> Fraction:
    """The ratio of a reference, brought into the steepest that is allowed either way."""
    return clamp(spec, Fraction(reference.width, reference.height))


def clamp(spec: Spec, ratio: Fraction) -> Fraction:
    """The nearest allowed ratio."""
    steepest = spec.facts.size_ratio.long_to_short_max
    return sorted((1 / steepest, ratio, steepest))[1]


def _side(text: str) -> Fraction | None:
    """A positive integer or decimal of ASCII digits, None for anything else."""
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    try:
        side = Fraction(Decimal(text))
    except InvalidOperation:
        return None
    return side if side > 0 else None
