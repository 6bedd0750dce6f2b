"""What a synchronous answer holds: shape, count, format, alpha, and what is ignored."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from contracts.asking import (
    ABSENT,
    default_size,
    edit,
    edit_json,
    generation,
    probe,
    task,
    wait,
)
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.exchange import Exchange, Request
from contracts.judge import NotJudgedError
from contracts.oracle.pictures import is_plain
from contracts.oracle.synchronous import picture_bytes
from contracts.oracle.tasks import result_urls
from contracts.samples import SAMPLE, data_uri, gradient, half_mask, opaque_mask
from contracts.strategies import valid_values

COMPRESSED = ("jpeg", "webp")
ALIKE = 0.97
"""Pictures that are compressed alike differ by less."""
MISNAMED: dict[str, Json] = {
    "count": 2,
    "num_images": 2,
    "ratio": "16:9",
    "aspectRatio": "16:9",
    "format": "jpeg",
    "outputFormat": "jpeg",
}
"""What fields are called elsewhere, and not here."""


def numbers_of_pictures(world: World) -> Iterator[Probe]:
    """`n` in every form that it may have."""
    size, field = default_size(world), world.spec.field("n")
    wide = world.spec.facts.tier.tiers[0].typical[1]
    least, most = field.minimum or 1, field.maximum or 1
    forms: dict[str, Request] = {
        "default": generation(world, size=size),
        "1.0": generation(world, size=size, n=1.0),
        "2.0": generation(world, size=size, n=2.0),
        "null": generation(world, size=size, n=None),
        "form": edit(world, size=size, n=2),
        "json edit": edit_json(world, size=size, n=2),
        "task": generation(world, n=2),
        "most as a task": generation(world, n=most),
        "most in a form": edit(world, size=wide, n=most),
        "most in a json edit": edit_json(world, size=size, n=most),
        "most of the largest": generation(
            world, size=world.spec.facts.tier.tiers[-1].typical[0], n=most
        ),
    }
    forms |= {str(n): generation(world, size=size, n=n) for n in range(least, most + 1)}
    for name, request in forms.items():
        level = Level.SMOKE if name in {"default", "2.0"} else Level.FULL
        yield probe(world, name, request, rule="n", level=level)


def bad_numbers(world: World) -> Iterator[Probe]:
    """`n` beyond its bounds, or of another type."""
    size, field = default_size(world), world.spec.field("n")
    least, most = field.minimum or 1, field.maximum or 1
    values: list[Json] = [
        least - 1,
        most + 1,
        -1,
        100,
        1.5,
        "2",
        "two",
        True,
        False,
        [1],
        {},
        10**30,
    ]
    for value in values:
        yield probe(world, f"{value!r}", generation(world, size=size, n=value), rule="n")
        yield probe(world, f"{value!r} task", generation(world, n=value), rule="n")
    for text in (str(least - 1), str(most + 1), "two", "1.5"):
        yield probe(world, f"form {text!r}", edit(world, size=size, n=text), rule="n")


def response_formats(world: World) -> Iterator[Probe]:
    """Each format on each operation that takes it."""
    size = default_size(world)
    for name in (*world.spec.field("response_format").enum, None):
        yield probe(
            world,
            f"generation {name}",
            generation(world, size=size, response_format=name),
            rule="response-format/generations",
        )  # fmt: skip
        wishes = {
            f"form {name}": edit(world, size=size, response_format=name),
            f"json {name}": edit_json(world, size=size, response_format=name),
            f"two {name}": edit(world, size=size, response_format=name, n=2),
            f"masked {name}": edit(world, None, half_mask(SAMPLE), size=size, response_format=name),
        }
        for title, request in wishes.items():
            level = Level.SMOKE if title.startswith("form") else Level.FULL
            yield probe(world, title, request, rule="response-format", level=level)
    by_reference = generation(world, size=size, response_format="url", image_base64=_text())
    yield probe(world, "reference", by_reference, rule="response-format/generations")
    task = edit(world, response_format="url")
    yield probe(world, "task", task, rule="response-format")


def bad_response_formats(world: World) -> Iterator[Probe]:
    """Formats that are none, on both operations."""
    size = default_size(world)
    for text in ("png", "URL", "b64", ""):
        on_generation = generation(world, size=size, response_format=text)
        yield probe(world, f"generation {text!r}", on_generation, rule="response-format")
        on_edit = edit(world, size=size, response_format=text)
        as_json = edit_json(world, size=size, response_format=text)
        if text:  # whether an empty text counts as absent in a form is not said
            yield probe(world, f"edit {text!r}", on_edit, rule="response-format")
        yield probe(world, f"json edit {text!r}", as_json, rule="response-format")
        task = edit_json(world, response_format=text)
        yield probe(world, f"task {text!r}", task, rule="response-format")


def formats_and_backgrounds(world: World) -> Iterator[Probe]:
    """Every format with every background, generated, edited, and as a task."""
    size = default_size(world)
    facts = world.spec.facts
    for form in (*facts.output_format.media_types, None):
        for background in (*facts.background.alpha, None):
            fields: dict[str, Json] = {"output_format": form, "background": background}
            given = {name: value for name, value in fields.items() if value is not None}
            wishes = {
                "generation": generation(world, size=size, **given),
                "edit": edit(world, size=size, **given),
                "task": generation(world, **given),
            }
            for title, request in wishes.items():
                name = f"{title} {form} {background}"
                level = Level.SMOKE if title == "generation" and form else Level.FULL
                rule_id = "background" if background else "output-format"
                yield probe(world, name, request, rule=rule_id, level=level)
    for tier in facts.tier.tiers[1:]:
        large = generation(world, size=tier.typical[0], background="transparent")
        yield probe(world, f"transparent of {tier.name}", large, rule="background")
    clear = edit(world, [half_mask(SAMPLE)], size=size, background="opaque")
    yield probe(world, "opaque edit of a clear picture", clear, rule="background")


def compressions(world: World) -> Iterator[Probe]:
    """`output_compression` on its bounds, with each format."""
    size = default_size(world)
    for value in valid_values(world.spec, "output_compression"):
        for form in world.spec.facts.output_format.media_types:
            request = generation(world, size=size, output_format=form, output_compression=value)
            rule_id = "output-format" if form != "png" else "output-format/compression-with-png"
            yield probe(world, f"{form} {value}", request, rule=rule_id)
    picture, mask = gradient(SAMPLE), opaque_mask(SAMPLE)
    for value in _ends(world):
        for form in COMPRESSED:
            wishes: dict[str, Json] = {"output_format": form, "output_compression": value}
            request = edit(world, [picture], mask, size=size, **wishes)
            yield probe(world, f"{form} edit {value}", request, rule="output-format")
            request = task(world, **wishes)
            yield probe(world, f"{form} task {value}", request, rule="output-format")


def _ends(world: World) -> tuple[Json, Json]:
    """The least `output_compression` and the greatest."""
    least, *_, most = valid_values(world.spec, "output_compression")
    return least, most


def bad_formats(world: World) -> Iterator[Probe]:
    """Formats, compressions and backgrounds that are none."""
    size = default_size(world)
    field = world.spec.field("output_compression")
    low, high = (field.minimum or 0) - 1, (field.maximum or 0) + 1
    wishes: list[dict[str, Json]] = [{"output_format": text} for text in ("gif", "jpg", "PNG", "")]
    wishes += [{"background": text} for text in ("white", "Transparent", "none", "")]
    wishes += [
        {"output_format": form, "output_compression": value}
        for form in ("jpeg", "webp", "png")
        for value in (low, high, "50", 1.5, True)
    ]
    for fields in wishes:
        name = " ".join(f"{key}={value!r}" for key, value in fields.items())
        yield probe(world, name, generation(world, size=size, **fields), rule="output-format")
        yield probe(world, f"task {name}", generation(world, **fields), rule="output-format")
    clear: dict[str, Json] = {"background": "transparent", "output_format": "jpeg"}
    for place in (edit, edit_json):
        request = place(world, size=size, **clear)
        yield probe(world, f"{place.__name__} clear jpeg", request, rule="background")
    request = edit(world, size=size, output_format="gif")
    yield probe(world, "edit 'gif'", request, rule="output-format")


def ignored_fields(world: World) -> Iterator[Probe]:
    """Fields that nobody names, and nulls, change nothing."""
    size = default_size(world)
    unknown: dict[str, Json] = {"seed": 7, "user": "someone", "moderation": "low", "x": {"y": [1]}}
    nulls: dict[str, Json] = dict.fromkeys(_optional_fields(world))
    wishes = {
        "unknown": generation(world, size=size, **unknown),
        "unknown task": generation(world, **unknown),
        "unknown in a form": edit(world, size=size, user="someone", seed="7"),
        "misnamed": generation(world, size=size, **MISNAMED),
        "misnamed in a task": generation(world, **MISNAMED),
        "misnamed in a form": edit(world, size=size, **MISNAMED),
        "nulls": generation(world, **(nulls | {"size": str(size)})),
        "nulls in a task": generation(world, **nulls),
        "nulls that are waited for": wait(world, quality=None, n=None, aspect_ratio=None),
        "nulls in a json edit": edit_json(
            world, **({name: None for name in nulls if name != "images"} | {"size": str(size)})
        ),
    }
    for name, request in wishes.items():
        rule_id = "unknown-fields/null" if name.startswith("nulls") else "unknown-fields"
        level = Level.SMOKE if name == "nulls" else Level.FULL
        yield probe(world, name, request, rule=rule_id, level=level)


def null_in_place_of(world: World) -> Iterator[Probe]:
    """Null where a field is required is as good as no field."""
    size = default_size(world)
    for name in [name for name, f in world.spec.fields["GenerationRequest"].items() if f.required]:
        if name == "model" and world.profile == "openai":
            continue
        for value, title in ((None, "null"), (ABSENT, "missing")):
            request = generation(world, **{"size": str(size), name: value})
            yield probe(world, f"{name} {title}", request, rule=name)


def streams(world: World) -> Iterator[Probe]:
    """Streaming where it is off, and its companion field, which is checked all the same."""
    size, field = default_size(world), world.spec.field("partial_images")
    low, high = (field.minimum or 0) - 1, (field.maximum or 0) + 1
    if world.profile != "openai":
        yield probe(world, "on", generation(world, size=size, stream=True), rule="stream")
        yield probe(world, "on in a form", edit(world, size=size, stream=True), rule="stream")
        yield probe(world, "on task", generation(world, stream=True), rule="stream")
    yield probe(world, "off", generation(world, size=size, stream=False), rule="stream")
    yield probe(world, "null", generation(world, size=size, stream=None), rule="stream")
    for value in (low, high, "1", 1.5):
        request = generation(world, size=size, partial_images=value)
        yield probe(world, f"partial {value!r}", request, rule="stream")
    fine = generation(world, size=size, partial_images=field.maximum)
    yield probe(world, "partial fine", fine, rule="stream/partial-images")


@rule("n", "n/types", "sync-shape", "size-exact")
@probes(numbers_of_pictures)
def test_as_many_pictures_come_as_were_asked_for(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("n", "n/types", "status")
@probes(bad_numbers)
def test_a_number_that_is_none_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("response-format", "response-format/generations", "same-bytes", "sync-shape/no-extras")
@probes(response_formats)
def test_the_response_format_decides_what_an_edit_shows(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("response-format", "response-format/generations")
@probes(bad_response_formats)
def test_a_response_format_that_is_none_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("output-format", "background", "background/jpeg", "sync-shape/extras")
@probes(formats_and_backgrounds)
def test_format_and_background_decide_the_bytes(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("output-format", "output-format/compression-with-png")
@probes(compressions)
def test_every_compression_is_taken(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("output-format", "background", "output-format/compression-with-png")
@probes(bad_formats)
def test_a_format_or_background_that_is_none_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("output-format")
@bill(Level.FULL, requests=0)
@pytest.mark.parametrize("place", ["", " edit", " task"])
@pytest.mark.parametrize("form", COMPRESSED)
def test_compression_decides_how_hard_the_picture_is_compressed(
    form: str, place: str, court: Court
) -> None:
    """The same wish at both ends: the one that is compressed hardest is the smaller one.

    Unless the picture is so plain that nothing is to be gained.
    """
    least, most = _ends(court.world)
    found = {each.name: each for each in compressions(court.world)}
    exchange, small = _first_picture(court, found[f"{form}{place} {least}"])
    _, large = _first_picture(court, found[f"{form}{place} {most}"])
    if not small or not large:
        raise NotJudgedError("no pictures came")
    is_alike = len(small) > len(large) * ALIKE
    wrong = len(small) > len(large) or (is_alike and not is_plain(large))
    problems = [f"{len(small)} and {len(large)} bytes"] if wrong else []
    told = f"less of {form} at output_compression {least} than at {most}"
    court.judge("output-format", exchange, expected=told, problems=problems)


def _first_picture(court: Court, probe: Probe) -> tuple[Exchange, bytes]:
    """An answer with the first picture in it, or behind its URL; no bytes where there is none."""
    if not probe.is_task:
        exchange = court.target.exchange(probe)
        return exchange, next((data for data in picture_bytes(exchange) if data), b"")
    last = court.target.history(probe).last
    fetched = [court.target.fetch(url) for url in result_urls(last)[:1]]
    ok = [each.answer.body for each in fetched if each.answer.status == HTTPStatus.OK]
    return last, next(iter(ok), b"")


@rule("unknown-fields", "unknown-fields/null", "price-auto", "derive/defaults")
@probes(ignored_fields)
def test_unknown_fields_and_nulls_change_nothing(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("prompt", "model", "unknown-fields/null")
@probes(null_in_place_of)
def test_a_required_field_must_be_there(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("stream", "stream/off", "stream/partial-images")
@probes(streams)
def test_streaming_is_refused_where_it_is_off(probe: Probe, court: Court) -> None:
    court.hear(probe)


def _optional_fields(world: World) -> list[str]:
    return [name for name, f in world.spec.fields["GenerationRequest"].items() if not f.required]


def _text() -> str:
    return data_uri(gradient(SAMPLE))
