"""Which sizes are sent: the whole lattice, and every neighbour of a bound.

Rules: size-grid, size-edge, size-ratio, size-pixels, tier.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from hashlib import sha256

from contracts.oracle import prices, sizes
from contracts.oracle.sizes import SizeVerdict
from contracts.size import Size
from contracts.spec import Spec

__all__ = ["REFUSED", "Leg", "Probe", "Shard", "beyond", "digest", "legs", "off_grid", "quality"]

REFUSED = "refused"
"""The name of the leg that costs nothing where the contract is kept."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A size to ask for, what the contract says of it, and what it costs (USD) if it is taken."""

    size: Size
    verdict: SizeVerdict
    price: Decimal


@dataclass(frozen=True)
class Leg:
    """A stretch of the way: the refused side, or the legal sizes of a tier.

    What the contract says of a size is found out when it is sent, not before the first is.
    """

    name: str
    sizes: tuple[Size, ...]
    judged: Callable[[Size], Probe]
    """What the contract says of a size of this leg."""

    @property
    def legal(self) -> bool:
        """Whether its sizes must be made."""
        return self.name != REFUSED

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """All its sizes, with what the contract says of them."""
        return tuple(map(self.judged, self.sizes))

    @property
    def cost(self) -> Decimal:
        """USD that the leg costs where the contract is kept."""
        if not (self.legal and self.sizes):
            return Decimal(0)
        return self.judged(self.sizes[0]).price * len(self.sizes)


@dataclass(frozen=True)
class Shard:
    """The part `number` (from 1) of a run in `count` parts."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """The shard that `2/4` writes, else ValueError."""
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if not 1 <= shard.number <= shard.count:
            raise ValueError(f"a shard is i/n with 1 <= i <= n, as in 1/4; got '{text}'")
        return shard

    @cached_property
    def whole(self) -> bool:
        """Whether it is everything there is."""
        return self.count == 1

    def of(self, members: Sequence[Size]) -> Sequence[Size]:
        """Every n-th size, so that each shard spreads over the whole lattice."""
        return members[self.number - 1 :: self.count]

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def legs(spec: Spec, *, legal_side: bool, shard: Shard) -> tuple[Leg, ...]:
    """The way through the lattice: what must be refused first, then tier by tier what must not."""
    legal = sizes.legal_sizes(spec)
    everything = {size for tier in legal.values() for size in tier}
    refused = [size for size in sizes.candidates(spec) if size not in everything]
    refused = list(dict.fromkeys([*beyond(spec), *off_grid(spec), *refused]))
    way = [Leg(REFUSED, tuple(shard.of(refused)), _refused(spec))]
    if legal_side:
        way += [
            Leg(tier, tuple(shard.of(sorted(members))), _legal(spec, tier))
            for tier, members in legal.items()
        ]
    return tuple(way)


def quality(spec: Spec) -> str:
    """The quality whose picture is cheapest, in every tier or in most."""
    rows = spec.facts.price.per_image.values()
    cheapest = [min(row, key=lambda name: row[name]) for row in rows]
    return max(sorted(cheapest), key=cheapest.count)


def beyond(spec: Spec) -> Iterator[Size]:
    """The ring around the candidates: a side of 0, or one step over the longest edge."""
    step, edge = spec.facts.size_grid.multiple, spec.facts.size_edge.long_edge_max
    over = edge // step * step + step
    for side in range(0, over + 1, step):
        yield from (Size(0, side), Size(side, 0), Size(over, side), Size(side, over))


def off_grid(spec: Spec) -> Iterator[Size]:
    """One pixel to each side of every legal size that lies on a bound of any rule."""
    legal = sizes.legal_sizes(spec)
    tier_of: dict[tuple[int, int], str] = {
        size: tier for tier, members in legal.items() for size in members
    }
    for size in sorted(tier_of):
        if _on_bound(spec, tier_of, size):
            off = (Size(*near) for near in _around(size, 1) if near not in tier_of)
            yield from (near for near in off if not sizes.verdict_on(spec, near).legal)


def digest(spec: Spec) -> str:
    """A name for everything the plan and its verdicts follow from; equal where they are equal."""
    rules = ("size-grid", "size-edge", "size-ratio", "size-pixels", "tier", "price", "price-auto")
    data = repr([(name, spec.rules[name].data) for name in rules])
    return sha256(data.encode()).hexdigest()[:16]


def _on_bound(spec: Spec, tier_of: Mapping[tuple[int, int], str], size: tuple[int, int]) -> bool:
    step = spec.facts.size_grid.multiple
    return any(tier_of.get(near) != tier_of[size] for near in _around(size, step))


def _around(size: tuple[int, int], step: int) -> tuple[tuple[int, int], ...]:
    """The four neighbours of a size; plain, because every size is asked for its own."""
    width, height = size
    return (
        (width - step, height),
        (width + step, height),
        (width, height - step),
        (width, height + step),
    )


def _refused(spec: Spec) -> Callable[[Size], Probe]:
    cost = _costs(spec)
    return lambda size: Probe(size, sizes.verdict_on(spec, size), cost[sizes.tier_of(spec, size)])


def _legal(spec: Spec, tier: str) -> Callable[[Size], Probe]:
    cost, nothing = _costs(spec)[tier], frozenset[str]()
    return lambda size: Probe(size, SizeVerdict(size, legal=True, broken=nothing, tier=tier), cost)


def _costs(spec: Spec) -> dict[str, Decimal]:
    """What a picture of the cheapest quality costs, by tier."""
    cheapest = quality(spec)
    return {tier.name: prices.price(spec, tier.name, cheapest) for tier in spec.facts.tier.tiers}
