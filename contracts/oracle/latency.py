"""The time an image takes, found by searching the distribution for a share. Rule: latency."""

from contracts.facts import Triangle
from contracts.spec import Spec

__all__ = ["bounds", "seconds", "share_below"]

HALVINGS = 60


def bounds(spec: Spec, quality: str | None) -> Triangle:
    """Least, likeliest and most seconds for a quality as asked."""
    named = quality or spec.default("quality")
    return spec.facts.latency.seconds[spec.facts.price_auto.billed_as.get(named, named)]


def seconds(spec: Spec, quality: str | None, share: float) -> float:
    """The seconds within which this share (0 to 1) of the images is made."""
    triangle = bounds(spec, quality)
    low, high = triangle.min, triangle.max
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if share_below(triangle, middle) < share else (low, middle)
    return high


def share_below(triangle: Triangle, moment: float) -> float:
    """The share of images that take less than `moment` seconds: the area left of it."""
    width = triangle.max - triangle.min
    if moment <= triangle.min or not width:
        return float(moment > triangle.min)
    if moment < triangle.mode:
        return (moment - triangle.min) ** 2 / (width * (triangle.mode - triangle.min))
    if moment >= triangle.max:
        return 1.0
    return 1 - (triangle.max - moment) ** 2 / (width * (triangle.max - triangle.mode))
