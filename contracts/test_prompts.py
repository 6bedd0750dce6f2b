"""Prompts and models that must be taken, and those that must not."""

from collections.abc import Iterator

from contracts.asking import ABSENT, default_size, edit, generation, probe
from contracts.claims import Level, Probe, World, probes, rule
from contracts.court import Court
from contracts.decode import Json


def prompts(world: World) -> Iterator[Probe]:
    """Prompts on the bound, and of every script."""
    size, longest = default_size(world), world.spec.field("prompt").max_length or 0
    texts = {
        "one letter": "x",
        "longest": "a" * longest,
        "longest in two bytes": "é" * longest,
        "longest in four bytes": "🎨" * longest,
        "scripts": "красный куб 赤い立方体 مكعب أحمر 🟥",
        "markup": '<b>"quoted"</b> \\n {} %s $1',
        "control": "a\ttab\nand a line",
        "right to left": "\u202eabc",
        "blanks around": "  a red cube  ",
    }
    for name, text in texts.items():
        rule_id = "prompt/code-points" if "bytes" in name else "prompt"
        level = Level.SMOKE if name == "longest" else Level.FULL
        yield probe(
            world, name, generation(world, size=size, prompt=text), rule=rule_id, level=level
        )
    yield probe(
        world, "longest in a form", edit(world, size=size, prompt="a" * longest), rule="prompt"
    )
    yield probe(world, "task", generation(world, prompt="é" * longest), rule="prompt/code-points")


def bad_prompts(world: World) -> Iterator[Probe]:
    """Missing, blank, too long, of another type."""
    size, longest = default_size(world), world.spec.field("prompt").max_length or 0
    values: dict[str, Json] = {
        "empty": "",
        "blanks": "   ",
        "lines": "\n\t\r\n",
        "too long": "a" * (longest + 1),
        "too long in four bytes": "🎨" * (longest + 1),
        "too long by a blank": " " + "a" * longest,
        "number": 7,
        "list": ["a"],
        "object": {"text": "a"},
        "true": True,
        "null": None,
    }
    for name, value in values.items():
        yield probe(world, name, generation(world, size=size, prompt=value), rule="prompt")
        yield probe(world, f"{name} task", generation(world, prompt=value), rule="prompt")
        if isinstance(value, str):
            yield probe(world, f"{name} form", edit(world, size=size, prompt=value), rule="prompt")
    yield probe(world, "missing", generation(world, size=size, prompt=ABSENT), rule="prompt")
    yield probe(world, "missing form", edit(world, size=size, prompt=ABSENT), rule="prompt")


def models(world: World) -> Iterator[Probe]:
    """The listed models and the aliases, in both modes and on both operations."""
    size, facts = default_size(world), world.spec.facts.model
    for name in (*facts.supported, *facts.aliases):
        rule_id = "model" if name in facts.supported else "model/aliases"
        one = generation(world, size=size, model=name)
        yield probe(world, name, one, rule=rule_id, level=Level.SMOKE)
        yield probe(world, f"{name} form", edit(world, size=size, model=name), rule=rule_id)
        yield probe(world, f"{name} task", generation(world, model=name), rule=rule_id)


def bad_models(world: World) -> Iterator[Probe]:
    """Models that nobody lists; any name is taken by the profile openai."""
    size, facts = default_size(world), world.spec.facts.model
    listed = facts.supported[0]
    names = [
        "no-such-model",
        "gpt-image-1",
        "dall-e-3",
        listed.upper(),
        f"{listed} ",
        f"{listed}x",
        listed[:-1],
    ]
    for name in names if world.profile != "openai" else ():
        yield probe(world, repr(name), generation(world, size=size, model=name), rule="model")
        yield probe(world, f"{name!r} task", generation(world, model=name), rule="model")
        yield probe(world, f"{name!r} form", edit(world, size=size, model=name), rule="model")
    values: list[Json] = [7, ["a"], True]
    for value in values if world.profile != "openai" else ():
        yield probe(world, repr(value), generation(world, size=size, model=value), rule="model")


@rule("prompt", "prompt/code-points")
@probes(prompts)
def test_a_prompt_of_any_letters_is_taken(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("prompt", "prompt/max-length", "prompt/non-blank", "unknown-fields/null")
@probes(bad_prompts)
def test_a_prompt_that_is_none_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("model", "model/aliases")
@probes(models)
def test_a_known_model_is_taken(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("model", "status")
@probes(bad_models)
def test_an_unknown_model_is_refused_with_the_list(probe: Probe, court: Court) -> None:
    court.hear(probe)
