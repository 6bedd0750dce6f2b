"""How long an image takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["LatencyTable", "Timing", "Triangle", "timing"]


class Triangle(NamedTuple):
    """A triangular distribution in seconds."""

    min: float
    mode: float
    max: float

    def at(self, u: float) -> float:
        """The quantile at u, 0 <= u <= 1."""
        low, mode, high = self
        if high == low:
            return low
        if u * (high - low) < mode - low:
            return low + math.sqrt(u * (high - low) * (mode - low))
        return high - math.sqrt((1 - u) * (high - low) * (high - mode))


class Timing(NamedTuple):
    """Seconds from submit until work begins, and until it ends."""

    pending: float
    total: float


@dataclass(frozen=True, slots=True)
class LatencyTable:
    """The distribution of each billed quality, and the share of it spent pending."""

    pending_share: float
    seconds: Mapping[str, Triangle]


def timing(triangle: Triangle, *, pending_share: float, u: float) -> Timing:
    """The times of one request for a random u in 0..1 (Rule: latency)."""
    total = triangle.at(u)
    return Timing(pending=total * pending_share, total=total)
