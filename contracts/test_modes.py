"""Which contract answers: pictures at once, or a task."""

from collections.abc import Iterator

from contracts.asking import ABSENT, NOWHERE, default_size, edit, generation, probe
from contracts.claims import Level, Probe, World, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.samples import SAMPLE, gradient, text_of
from contracts.spec import Spec


def sync_and_async(world: World) -> Iterator[Probe]:
    """The same wish in the forms that decide the mode."""
    size = default_size(world)
    wishes = {
        "size": generation(world, size=size),
        "no size": generation(world),
        "ratio": generation(world, aspect_ratio="1:1"),
        "resolution": generation(world, resolution=_tier(world.spec)),
        "size and callback": generation(world, size=size, callback_url=NOWHERE),
        "callback alone": generation(world, callback_url=NOWHERE),
        "null callback": generation(world, size=size, callback_url=None),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="mode", level=Level.SMOKE)


def edits_in_both_modes(world: World) -> Iterator[Probe]:
    """Edits as forms, with and without what makes them sync."""
    size = default_size(world)
    wishes = {
        "size": edit(world, size=size),
        "no size": edit(world),
        "ratio": edit(world, aspect_ratio="1:1"),
        "size and callback": edit(world, size=size, callback_url=NOWHERE),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="mode/edits")


def absent_sizes(world: World) -> Iterator[Probe]:
    """Sizes that count as none."""
    for name in world.spec.facts.mode_auto.absent:
        yield probe(world, name, generation(world, size=name), rule="mode-auto")
        yield probe(world, f"{name} in a form", edit(world, size=name), rule="mode-auto")
    yield probe(world, "null", generation(world, size=None), rule="mode-auto")


def words_for_sizes(world: World) -> Iterator[Probe]:
    """Strings that are no WxH size and not among those that count as none."""
    absent = world.spec.facts.mode_auto.absent
    texts = ["large", "", "full", "1:1", *(tier.name for tier in world.spec.facts.tier.tiers)]
    texts += [each for name in absent for each in (name.title(), name.upper(), f"{name} ")]
    for text in texts:
        yield probe(world, repr(text), generation(world, size=text), rule="mode-auto")


def sizes_beside_ratios(world: World) -> Iterator[Probe]:
    """A WxH size beside a ratio and a tier that say otherwise."""
    tiers, size = world.spec.facts.tier.tiers, default_size(world)
    other = tiers[-1].name
    dear = tiers[1].typical[0]
    wishes = {
        "sync": generation(world, size=size, aspect_ratio="16:9", resolution=other),
        "sync ratio": generation(world, size=size, aspect_ratio="1:2"),
        "async": generation(world, size=dear, resolution=tiers[0].name, callback_url=NOWHERE),
        "async ratio": generation(world, size=size, aspect_ratio="2:1", callback_url=NOWHERE),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="mode-both")


def malformed_wishes_beside_sizes(world: World) -> Iterator[Probe]:
    """A ratio or a tier that is none is refused, even where a size would win."""
    size = default_size(world)
    yield probe(world, "ratio", generation(world, size=size, aspect_ratio="0:9"), rule="mode-both")
    yield probe(world, "tier", generation(world, size=size, resolution="9K"), rule="mode-both")


def references_on_generations(world: World) -> Iterator[Probe]:
    """Each field that carries a reference, in both modes."""
    forms, picture = world.spec.facts.reference_forms, text_of(gradient(SAMPLE))
    fields: list[tuple[str, str | list[Json]]]
    fields = [(name, picture) for name in forms.single if name != "image_url"]
    fields += [(name, [picture]) for name in forms.many]
    fields += [("image_url", f"data:image/png;base64,{picture}")]
    for name, value in fields:
        sync = generation(world, size=default_size(world), **{name: value})
        yield probe(world, f"{name} sync", sync, rule="reference-routing")
        task = generation(world, **{name: value})
        yield probe(world, f"{name} async", task, rule="reference-routing")


def openai_habits(world: World) -> Iterator[Probe]:
    """What OpenAI clients send; on a target of the provider's profile, the letter of the page."""
    synonyms = world.spec.facts.profile.openai.quality_synonyms
    wishes = {
        "size auto, quality auto": generation(world, size="auto", quality="auto"),
        "no size": generation(world, size=ABSENT),
        "tier": generation(world, resolution=_tier(world.spec)),
        **{f"quality {name}": generation(world, quality=name) for name in synonyms},
        "style": generation(world, size=default_size(world), style="vivid"),
    }
    if world.profile == "openai":
        wishes["no model"] = generation(world, model=ABSENT)
        wishes["another model"] = generation(world, model="dall-e-3")
        wishes["edit without size"] = edit(world, size=ABSENT)
    for name, request in wishes.items():
        yield probe(world, name, request, rule="profile")


@rule("mode", "task-created", "sync-shape")
@probes(sync_and_async)
def test_size_and_callback_decide_the_mode(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("mode/edits")
@probes(edits_in_both_modes)
def test_edits_follow_the_same_rule(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("mode-auto")
@probes(absent_sizes)
def test_auto_and_null_count_as_no_size(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("mode-auto")
@probes(words_for_sizes)
def test_any_other_word_for_a_size_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("mode-both")
@probes(sizes_beside_ratios)
def test_a_size_wins_over_ratio_and_tier(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("mode-both")
@probes(malformed_wishes_beside_sizes)
def test_a_malformed_wish_is_refused_beside_a_size(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("reference-routing", "task-poll/fields")
@probes(references_on_generations)
def test_a_reference_makes_a_generation_an_edit(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("profile")
@probes(openai_habits)
def test_what_openai_clients_send_is_taken_as_the_profile_says(probe: Probe, court: Court) -> None:
    court.hear(probe)


def _tier(spec: Spec) -> str:
    return spec.facts.tier.tiers[0].name
