"""Which sizes are sent: the whole lattice, and every neighbour of a bound.

Rules: size-grid, size-edge, size-ratio, size-pixels, tier.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of the way: the refused side, or the legal sizes of a tier."""

    name: str
    probes: tuple[Probe, ...]

    @property
    def cost(self) -> Decimal:
        """USD that the leg costs where the contract is kept."""
        return sum((probe.price for probe in self.probes if probe.verdict.legal), Decimal(0))


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
    way = [Leg(REFUSED, tuple(_refused(spec, shard.of(refused))))]
    if legal_side:
        way += [
            Leg(tier, tuple(_legal(spec, tier, shard.of(sorted(members)))))
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
    tier_of = {size: tier for tier, members in sizes.legal_sizes(spec).items() for size in members}
    for size in sorted(tier_of):
        if _on_bound(spec, tier_of, size):
            off = (neighbour for neighbour in _around(size, 1) if neighbour not in tier_of)
            yield from (near for near in off if not sizes.verdict_on(spec, near).legal)


def digest(spec: Spec) -> str:
    """A name for everything the plan and its verdicts follow from; equal where they are equal."""
    rules = ("size-grid", "size-edge", "size-ratio", "size-pixels", "tier", "price", "price-auto")
    data = repr([(name, spec.rules[name].data) for name in rules])
    return sha256(data.encode()).hexdigest()[:16]


def _on_bound(spec: Spec, tier_of: Mapping[Size, str], size: Size) -> bool:
    step = spec.facts.size_grid.multiple
    return any(tier_of.get(near) != tier_of[size] for near in _around(size, step))


def _around(size: Size, step: int) -> tuple[Size, ...]:
    width, height = size
    return (
        Size(width - step, height),
        Size(width + step, height),
        Size(width, height - step),
        Size(width, height + step),
    )


def _refused(spec: Spec, members: Iterable[Size]) -> Iterator[Probe]:
    cost = _costs(spec)
    for size in members:
        yield Probe(size, sizes.verdict_on(spec, size), cost[sizes.tier_of(spec, size)])


def _legal(spec: Spec, tier: str, members: Iterable[Size]) -> Iterator[Probe]:
    cost = _costs(spec)[tier]
    for size in members:
        yield Probe(size, SizeVerdict(size, legal=True, broken=frozenset(), tier=tier), cost)


def _costs(spec: Spec) -> dict[str, Decimal]:
    """What a picture of the cheapest quality costs, by tier."""
    cheapest = quality(spec)
    return {tier.name: prices.price(spec, tier.name, cheapest) for tier in spec.facts.tier.tiers}
