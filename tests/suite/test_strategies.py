"""The strategies follow the file, and their sizes find every small misreading of the size rules."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import strategies
from contracts.decode import Json
from contracts.exchange import Request
from contracts.oracle import sizes
from contracts.oracle.ratios import ratio_of
from contracts.oracle.requests import Mode, expectation
from contracts.pairs import pairwise
from contracts.size import Size
from tests.suite.test_oracle_sizes import EIGHT_K
from tests.suite.variants import changed, own

Server = Callable[[Size], str | None]
# How long a draw takes says nothing here.
UNTIMED = settings(deadline=None)


def reading(
    *,
    multiple: int = 16,
    edge: int = 3840,
    ratio: float = 3.0,
    least: int = 655360,
    most: int = 8294400,
    borders: tuple[int, int] = (1536, 2048),
    landscape_only: bool = False,
    by: Callable[[Size], int] = max,
) -> Server:
    """A server that reads the size rules so: the tier of a size, None for one it refuses."""

    def tier(size: Size) -> str | None:
        width, height = size
        is_grid = width % multiple == 0 == height % multiple
        long_edge = width if landscape_only else max(size)
        steep = width > ratio * height if landscape_only else max(size) > ratio * min(size)
        if not is_grid or long_edge > edge or steep or not least <= size.pixels <= most:
            return None
        return "1K" if by(size) <= borders[0] else "2K" if by(size) <= borders[1] else "4K"

    return tier


def probes() -> list[Size]:
    """Every size that the strategies aim at the size rules."""
    spec = own()
    misses = [text for rule in strategies.SIZE_RULES for text in strategies.near_misses(spec, rule)]
    parsed = [Size.parse(text) for text in misses]
    return [*strategies.boundary_sizes(spec), *(size for size in parsed if size)]


def found_by(server: Server) -> list[Size]:
    """The aimed sizes that the server judges otherwise than the contract."""
    return [size for size in probes() if server(size) != sizes.verdict(own(), str(size)).tier]


def test_a_right_reading_is_not_accused() -> None:
    assert found_by(reading()) == []


MISREADINGS = {
    "multiple of 8": reading(multiple=8),
    "multiple of 4": reading(multiple=4),
    "multiple of 2": reading(multiple=2),
    "no multiple": reading(multiple=1),
    "multiple of 32": reading(multiple=32),
    "multiple of 64": reading(multiple=64),
    "edge a step less": reading(edge=3824),
    "edge below": reading(edge=3839),
    "edge a step more": reading(edge=3856),
    "edge 4096": reading(edge=4096),
    "ratio 2.95": reading(ratio=2.95),
    "ratio below 3": reading(ratio=2.9999),
    "ratio 3.01": reading(ratio=3.015),
    "ratio 3.05": reading(ratio=3.05),
    "ratio 3.2": reading(ratio=3.2),
    "ratio 4": reading(ratio=4),
    "least one more": reading(least=655361),
    "least 655,000": reading(least=653000),
    "least 640,000": reading(least=640000),
    "least a megapixel": reading(least=1024 * 1024),
    "most one less": reading(most=8294399),
    "most 8.29 million": reading(most=8290000),
    "most a little more": reading(most=8300544),
    "most 4096 squared": reading(most=4096 * 4096),
    "1K below": reading(borders=(1535, 2048)),
    "1K a step less": reading(borders=(1520, 2048)),
    "1K a step more": reading(borders=(1552, 2048)),
    "2K below": reading(borders=(1536, 2047)),
    "2K a step less": reading(borders=(1536, 2032)),
    "2K a step more": reading(borders=(1536, 2064)),
    "2K to 2560": reading(borders=(1536, 2560)),
    "landscape only": reading(landscape_only=True),
    "tier by width": reading(by=lambda size: size.width),
    "tier by height": reading(by=lambda size: size.height),
    "tier by short edge": reading(by=min),
    "tier by the root of the area": reading(by=lambda size: int(size.pixels**0.5)),
}


@pytest.mark.parametrize("name", MISREADINGS)
def test_a_misreading_of_the_size_rules_is_found(name: str) -> None:
    assert found_by(MISREADINGS[name]), name


@pytest.mark.parametrize("rule", strategies.SIZE_RULES)
def test_a_near_miss_breaks_its_rule_alone_in_both_orientations(rule: str) -> None:
    found = strategies.near_misses(own(), rule)
    assert found
    assert {sizes.verdict(own(), text).broken for text in found} == {frozenset({rule})}
    assert {"x".join(reversed(text.split("x"))) for text in found} == set(found)


def test_a_malformed_size_is_none() -> None:
    found = strategies.near_misses(own(), "size-grammar")
    assert len(found) == len(set(found)) > 10
    assert {sizes.verdict(own(), text).broken for text in found} == {frozenset({"size-grammar"})}


@pytest.mark.parametrize(
    "edits",
    [
        {"size-grid/data/multiple": 32},
        {"size-edge/data/long_edge_max": 2560},
        {"size-ratio/data/long_to_short_max": "2:1"},
        {"tier/data/tiers/0/long_edge_max": 1600},
        EIGHT_K,
    ],
    ids=str,
)
def test_the_aim_follows_the_file(edits: dict[str, object]) -> None:
    spec = changed(edits)
    legal = frozenset().union(*sizes.legal_sizes(spec).values())
    assert set(strategies.boundary_sizes(spec)) <= legal
    for tier in spec.facts.tier.tiers[:-1]:
        edges = {size.long_edge for size in strategies.tier_edges(spec)}
        border = tier.long_edge_max or 0
        assert {border, border + spec.facts.size_grid.multiple} <= edges
    for rule in strategies.SIZE_RULES:
        for text in strategies.near_misses(spec, rule):
            assert sizes.verdict(spec, text).broken == {rule}


def test_ratios_and_resolutions_are_what_they_claim() -> None:
    spec = own()
    assert all(ratio_of(spec, text) for text in strategies.aspect_ratios(spec))
    assert {"3:1", "1:3", "16:9", "9:16"} <= set(strategies.aspect_ratios(spec))
    assert not any(ratio_of(spec, text) for text in strategies.bad_aspect_ratios(spec))
    assert all(sizes.tier_named(spec, text) for text in strategies.resolutions(spec))
    assert not any(sizes.tier_named(spec, text) for text in strategies.bad_resolutions(spec))
    assert "8k" in strategies.resolutions(changed(EIGHT_K))


def test_valid_values_are_the_names_and_the_bounds() -> None:
    assert strategies.valid_values(own(), "n") == [1, 5, 10]
    assert strategies.valid_values(own(), "output_format") == ["png", "jpeg", "webp"]
    assert strategies.valid_values(own(), "prompt") == []
    more = changed({"components/schemas/N/maximum": 4})
    assert strategies.valid_values(more, "n") == [1, 2, 4]


def test_faults_follow_the_file() -> None:
    names = {faulty.name for faulty in strategies.faulty_fields(own())}
    assert {"n=0", "n=11", "output_compression=101", "resolution=3K"} <= names
    more = changed({"components/schemas/N/maximum": 4})
    assert "n=5" in {faulty.name for faulty in strategies.faulty_fields(more)}


@settings(UNTIMED)
@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=5).map(
        lambda counts: {f"f{i}": list(range(count)) for i, count in enumerate(counts)}
    )
)
def test_pairwise_rows_hold_every_pair(factors: dict[str, list[Json]]) -> None:
    rows = pairwise(factors)
    for a, b in combinations(factors, 2):
        pairs = {(row[a], row[b]) for row in rows}
        assert pairs == {(x, y) for x in factors[a] for y in factors[b]}
    largest = sorted(len(values) for values in factors.values())[-2:]
    assert len(rows) <= 2 * largest[0] * largest[1]


@settings(UNTIMED, max_examples=300)
@given(strategies.image_requests(own()))
def test_an_image_request_is_accepted_and_cheap(body: dict[str, Json]) -> None:
    found = expectation(own(), Request("POST", "/images/generations", fields=body))
    assert found.accepted, found.faults
    assert found.price == own().facts.price.per_image["1K"]["low"]


@settings(UNTIMED)
@given(strategies.image_requests(own(), sync=True), strategies.image_requests(own(), sync=False))
def test_the_mode_of_an_image_request_can_be_chosen(
    sync: dict[str, Json], task: dict[str, Json]
) -> None:
    modes = [
        expectation(own(), Request("POST", "/images/generations", fields=body)).mode
        for body in (sync, task)
    ]
    assert modes == [Mode.SYNC, Mode.ASYNC]


@settings(UNTIMED)
@given(strategies.legal_sizes(own()), strategies.bad_sizes(own()))
def test_drawn_sizes_are_legal_or_bad_as_named(legal: Size, bad: str) -> None:
    assert sizes.verdict(own(), str(legal)).legal
    assert len(sizes.verdict(own(), bad).broken) == 1
