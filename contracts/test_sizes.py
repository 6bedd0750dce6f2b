"""Which sizes are legal, what they measure, and what is derived where none is asked for."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.asking import NOWHERE, default_size, edit, edit_json, generation, probe
from contracts.charges import judge_charge
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.oracle import sizes
from contracts.size import Size
from contracts.spec import Spec
from contracts.strategies import (
    SIZE_RULES,
    aspect_ratios,
    bad_aspect_ratios,
    bad_resolutions,
    boundary_sizes,
    malformed_sizes,
    near_misses,
    resolutions,
)
from contracts.wave import Wave

EXAMPLES = 100


def sizes_on_bounds(world: World) -> Iterator[Probe]:
    """Legal sizes on every bound, in both orientations."""
    bounds = boundary_sizes(world.spec)
    smoke = _telling(world.spec, bounds)
    for size in bounds:
        level = Level.SMOKE if size in smoke else Level.FULL
        request = generation(world, size=size)
        yield probe(world, str(size), request, rule=_bound_of(world.spec, size), level=level)


def sizes_at_tier_edges(world: World) -> Iterator[Probe]:
    """The first size of each tier on the other ways to ask for one; and the longest edge."""
    smaller, *_ = tiers = world.spec.facts.tier.tiers
    step = world.spec.facts.size_grid.multiple
    longest = max(tiers[-1].typical, key=lambda size: size.long_edge)
    for tier in tiers[:-1]:
        over = Size((tier.long_edge_max or 0) + step, smaller.typical[0].height)
        yield probe(world, f"edit {over}", edit(world, size=over), rule="tier")
        asked = generation(world, size=over.turned, callback_url=NOWHERE)
        yield probe(world, f"task {over.turned}", asked, rule="tier")
    yield probe(world, f"json edit {longest}", edit_json(world, size=longest), rule="tier")


def sizes_in_other_formats(world: World) -> Iterator[Probe]:
    """Sides that are odd numbers of steps, in the formats that code in blocks of 8 and 16."""
    step = world.spec.facts.size_grid.multiple
    odd = [
        size
        for size in boundary_sizes(world.spec)
        if size.width // step % 2 and size.height // step % 2 and size.width != size.height
    ]
    hardest = world.spec.field("output_compression").minimum
    for form in world.spec.facts.output_format.media_types:
        # Whether a compression may be named beside png is not said.
        compressions = (None, None if form == "png" else hardest)
        for size, compression in zip(odd[:2], compressions, strict=True):
            asked = generation(world, size=size, output_format=form, output_compression=compression)
            yield probe(world, f"{form} {size}", asked, rule="size-exact")


def sizes_beyond_bounds(world: World) -> Iterator[Probe]:
    """Sizes that break one rule by as little as can be."""
    for name in SIZE_RULES:
        for text in near_misses(world.spec, name):
            yield probe(world, f"{name}-{text}", generation(world, size=text), rule=name)


def sizes_beyond_bounds_elsewhere(world: World) -> Iterator[Probe]:
    """Sizes that break one rule by as little as can be, on the other ways to ask for one."""
    for name in SIZE_RULES:
        texts = near_misses(world.spec, name)
        for text in dict.fromkeys((texts[0], texts[len(texts) // 2], texts[-1])):
            wishes = {
                "form": edit(world, size=text),
                "json edit": edit_json(world, size=text),
                "task": generation(world, size=text, callback_url=NOWHERE),
            }
            for place, request in wishes.items():
                yield probe(world, f"{place} {name}-{text}", request, rule=name)


def texts_that_are_no_sizes(world: World) -> Iterator[Probe]:
    """Texts near WxH that are none."""
    for text in malformed_sizes(world.spec):
        yield probe(world, ascii(text), generation(world, size=text), rule="size-grammar")
        if text:  # whether an empty part counts as absent is not said
            form = edit(world, size=text)
            yield probe(world, f"form {text!a}", form, rule="size-grammar")


def ratios_at_tiers(world: World) -> Iterator[Probe]:
    """Each ratio in each tier, and each tier in every form of its name."""
    spec = world.spec
    first, *others = [tier.name for tier in spec.facts.tier.tiers]
    asked: list[tuple[str | None, str | None]] = [(None, None), (None, first)]
    asked += [(ratio, None) for ratio in aspect_ratios(spec)[:2]]
    asked += [(ratio, first) for ratio in aspect_ratios(spec)]
    asked += [(ratio, tier) for tier in others for ratio in (None, *aspect_ratios(spec))]
    asked += [(None, name) for name in resolutions(spec) if name not in {first, *others}]
    last = others[-1]
    hooked = generation(world, aspect_ratio="2:3", resolution=last, callback_url=NOWHERE)
    yield probe(world, f"2:3@{last} with a callback", hooked, rule="aspect-ratio")
    form = edit(world, aspect_ratio="4:3", resolution=last)
    yield probe(world, f"4:3@{last} in a form", form, rule="aspect-ratio")
    for ratio, tier_name in dict.fromkeys(asked):
        fields = {"aspect_ratio": ratio, "resolution": tier_name}
        given = {name: value for name, value in fields.items() if value is not None}
        rule_id = (
            "resolution" if tier_name and tier_name not in {first, *others} else "aspect-ratio"
        )
        level = Level.SMOKE if (ratio, tier_name) in asked[:4] else Level.FULL
        request = generation(world, **given)
        yield probe(world, f"{ratio}@{tier_name}", request, rule=rule_id, level=level)


def steep_or_malformed_ratios(world: World) -> Iterator[Probe]:
    """Ratios that must be refused."""
    for text in bad_aspect_ratios(world.spec):
        request = generation(world, aspect_ratio=text, resolution=_first_tier(world.spec))
        yield probe(world, text, request, rule="aspect-ratio")
    for text in bad_aspect_ratios(world.spec)[:2]:
        sized: dict[str, Json] = {"size": str(default_size(world)), "aspect_ratio": text}
        yield probe(world, f"{text} sized", generation(world, **sized), rule="aspect-ratio")
        asked = generation(world, **sized, callback_url=NOWHERE)
        yield probe(world, f"{text} sized task", asked, rule="aspect-ratio")


def unknown_resolutions(world: World) -> Iterator[Probe]:
    """Resolutions that name no tier."""
    for text in bad_resolutions(world.spec):
        yield probe(world, text, generation(world, resolution=text), rule="resolution")


@rule("size-grid", "size-edge", "size-ratio", "size-pixels", "size-exact")
@probes(sizes_on_bounds)
def test_a_size_on_a_bound_is_served_exactly(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("tier")
@probes(sizes_on_bounds)
def test_a_size_on_a_bound_is_charged_by_its_tier(probe: Probe, court: Court, wave: Wave) -> None:
    judge_charge(court, probe, wave)


@rule("tier", "size-exact")
@probes(sizes_at_tier_edges)
def test_a_tier_begins_everywhere_at_the_same_edge(probe: Probe, court: Court, wave: Wave) -> None:
    court.hear(probe)
    judge_charge(court, probe, wave)


@rule("size-exact", "output-format")
@probes(sizes_in_other_formats)
def test_every_format_measures_what_was_asked(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("size-grid", "size-edge", "size-ratio", "size-pixels")
@probes(sizes_beyond_bounds)
def test_a_size_just_beyond_a_bound_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("size-grid", "size-edge", "size-ratio", "size-pixels")
@probes(sizes_beyond_bounds_elsewhere)
def test_a_size_beyond_a_bound_is_refused_everywhere(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("size-grammar", "mode-auto")
@probes(texts_that_are_no_sizes)
def test_a_text_that_only_looks_like_a_size_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("size-grid", "size-edge", "size-ratio", "size-pixels")
@bill(Level.FREE, requests=EXAMPLES)
def test_no_illegal_neighbour_of_a_legal_size_is_served(world: World, court: Court) -> None:
    """Free, hence shrunk to the end."""

    @settings(max_examples=EXAMPLES)
    @given(size=illegal_neighbours(world.spec))
    def refused(size: Size) -> None:
        court.hear(probe(world, str(size), generation(world, size=size), rule="size-grid"))

    refused()


@rule("derive", "derive/defaults", "derive/typical", "aspect-ratio", "resolution")
@probes(ratios_at_tiers)
def test_a_size_is_derived_from_ratio_and_tier(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("aspect-ratio")
@probes(steep_or_malformed_ratios)
def test_a_ratio_that_is_none_or_too_steep_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("resolution")
@probes(unknown_resolutions)
def test_a_resolution_that_names_no_tier_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


def illegal_neighbours(spec: Spec) -> st.SearchStrategy[Size]:
    """Illegal sizes within one step of the grid from a legal one on a bound."""
    step = spec.facts.size_grid.multiple
    offsets = st.integers(-step, step)
    near = st.builds(
        lambda size, right, down: Size(size.width + right, size.height + down),
        st.sampled_from(boundary_sizes(spec)),
        offsets,
        offsets,
    )
    return near.filter(lambda size: not sizes.verdict(spec, str(size)).legal)


def _telling(spec: Spec, bounds: list[Size]) -> list[Size]:
    """The cheapest sizes that tell most misreadings apart: one on each side of every bound."""
    return [*bounds[:4], *(size for size in bounds if size.long_edge in _edges(spec))][:13]


def _edges(spec: Spec) -> set[int]:
    step = spec.facts.size_grid.multiple
    bounds = [tier.long_edge_max for tier in spec.facts.tier.tiers if tier.long_edge_max]
    return {edge for bound in bounds for edge in (bound, bound + step)}


def _bound_of(spec: Spec, size: Size) -> str:
    """The rule on whose bound a legal size lies."""
    pixels = {spec.facts.size_pixels.pixels_min, spec.facts.size_pixels.pixels_max}
    if size.pixels in pixels:
        return "size-pixels"
    if size.long_edge == size.short_edge * spec.facts.size_ratio.long_to_short_max:
        return "size-ratio"
    return "size-edge" if size.long_edge == spec.facts.size_edge.long_edge_max else "size-grid"


def _first_tier(spec: Spec) -> str:
    return spec.facts.tier.tiers[0].name
