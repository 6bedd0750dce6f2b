"""Masks: which fit, and what they keep."""

from collections.abc import Iterator
from dataclasses import replace

from contracts.asking import (
    NOWHERE,
    default_size,
    edit,
    edit_json,
    generation,
    probe,
    wait,
)
from contracts.claims import Level, Probe, World, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.exchange import Exchange, File, Transfer
from contracts.judge import NotJudgedError
from contracts.oracle import masks
from contracts.oracle.synchronous import picture_bytes
from contracts.oracle.tasks import result_urls
from contracts.samples import (
    OTHER,
    SAMPLE,
    data_uri,
    gradient,
    half_mask,
    opaque_mask,
    palette_mask,
    text_of,
)
from contracts.size import Size


def masks_that_fit(world: World) -> Iterator[Probe]:
    """Masks in every form, on every operation."""
    size, picture, mask = default_size(world), gradient(SAMPLE), half_mask(SAMPLE)
    reference = text_of(picture)
    wishes = {
        "form": edit(world, None, mask, size=size),
        "form task": edit(world, None, mask),
        "two references": edit(world, [picture, gradient(OTHER)], mask, size=size),
        "mask_base64": generation(world, size=size, image=reference, mask_base64=text_of(mask)),
        "mask_url": generation(world, size=size, image=reference, mask_url=data_uri(mask)),
        "gray alpha": edit(world, None, opaque_mask(SAMPLE, mode="LA"), size=size),
        "jpeg reference": edit(world, [gradient(SAMPLE, "jpeg")], mask, size=size),
    }
    for name, request in wishes.items():
        level = Level.SMOKE if name in {"form", "mask_base64"} else Level.FULL
        yield probe(world, name, request, rule="mask", level=level)


def masks_that_do_not(world: World) -> Iterator[Probe]:
    """Masks without a reference, of another size, without alpha, of another format."""
    size, picture, mask = default_size(world), gradient(SAMPLE), half_mask(SAMPLE)
    reference = text_of(picture)
    opaque = opaque_mask(SAMPLE, mode="RGB")
    wrong = {
        "taller": half_mask(Size(SAMPLE.width, SAMPLE.height + 1)),
        "wider": half_mask(Size(SAMPLE.width + 1, SAMPLE.height)),
        "turned": half_mask(SAMPLE.turned),
        "of the result": half_mask(size),
        "no alpha": opaque,
        "jpeg": opaque_mask(SAMPLE, mode="RGB", image_format="jpeg"),
        "webp": half_mask(SAMPLE, image_format="webp"),
        "twice as large": half_mask(Size(SAMPLE.width * 2, SAMPLE.height * 2)),
        "text": b"hello",
    }
    for name, data in wrong.items():
        yield probe(world, f"form {name}", edit(world, None, data, size=size), rule="mask")
        places = {
            "json": generation(world, size=size, image=reference, mask_base64=text_of(data)),
            "url": generation(world, size=size, image=reference, mask_url=data_uri(data)),
            "json edit": edit_json(world, size=size, mask={"image_url": data_uri(data)}),
            "task": generation(world, image=reference, mask_base64=text_of(data)),
            "wait": wait(world, image=reference, mask_base64=text_of(data)),
        }
        for place, request in places.items():
            yield probe(world, f"{place} {name}", request, rule="mask")
    fits_the_second = edit(world, [gradient(OTHER), picture], mask, size=size)
    yield probe(world, "of the second reference", fits_the_second, rule="mask")
    fields: dict[str, Json] = {"mask_base64": text_of(mask), "mask_url": data_uri(mask)}
    for name, value in fields.items():
        alone = generation(world, size=size, **{name: value})
        yield probe(world, f"{name} alone", alone, rule="mask")
        yield probe(world, f"{name} alone task", generation(world, **{name: value}), rule="mask")
    taller = edit(world, None, wrong["taller"], size=size)
    turned = replace(taller, parts=tuple(reversed(taller.parts or ())))
    yield probe(world, "before its picture", turned, rule="mask")
    chunked = replace(taller, transfer=Transfer.CHUNKED)
    yield probe(world, "in chunks", chunked, rule="mask")
    yield probe(world, "task", edit(world, None, wrong["taller"]), rule="mask")


@rule("mask", "mask/form")
@probes(masks_that_fit)
def test_a_mask_that_fits_is_taken(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("mask", "mask/form")
@probes(masks_that_do_not)
def test_a_mask_that_does_not_fit_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


def kept_pixels(world: World) -> Iterator[Probe]:
    """Edits whose reference, mask and result are of one size, so that each pixel can be told.

    And one whose result is twice as large as its reference, so that both must be scaled.
    """
    size = default_size(world)
    half = Size(size.width // 2, size.height // 2)
    first = world.spec.facts.tier.tiers[0]
    tall = next((each for each in first.typical if each.height > each.width), size)
    for inner in (True, False):
        request = edit(world, [gradient(size)], half_mask(size, inner=inner), size=size)
        yield probe(world, f"inner {inner}", request, rule="mask", level=Level.SMOKE)
    mask: Json = {"image_url": data_uri(half_mask(size))}
    objects: Json = [{"image_url": data_uri(gradient(size))}]
    wishes = {
        "two pictures": edit(world, [gradient(size)], half_mask(size), size=size, n=2),
        "json edit": edit_json(world, size=size, images=objects, mask=mask),
        "task": edit(world, [gradient(size)], half_mask(size), size=size, callback_url=NOWHERE),
        "portrait": edit(world, [gradient(tall)], half_mask(tall), size=tall),
        "scaled": edit(world, [gradient(half)], half_mask(half), size=size),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="mask")
    coloured = edit(world, [gradient(size)], palette_mask(size), size=size)
    yield probe(world, "palette", coloured, rule="mask/palette")


@rule("mask/kept-pixels", "mask/palette")
@probes(kept_pixels)
def test_a_mask_keeps_what_is_opaque(probe: Probe, court: Court) -> None:
    """The gradient tells every shift and turn."""
    exchange = court.hear(probe)
    size = default_size(court.world)
    files = [part[1] for part in probe.request.parts or () if isinstance(part[1], File)]
    reference, mask = [each.content for each in files] or [gradient(size), half_mask(size)]
    for data in _pictures(court, probe, exchange):
        if data is None:
            raise NotJudgedError("no picture came")
        court.judge.problems(
            masks.kept_problems(data, reference, mask),
            exchange,
            expected="the reference where the mask is opaque, another picture where it is not",
            kept=("mask/kept-pixels",),
        )


def _pictures(court: Court, probe: Probe, exchange: Exchange) -> list[bytes | None]:
    """The pictures of the answer, or those of the task that it made."""
    if not probe.is_task:
        return picture_bytes(exchange)
    urls = result_urls(court.target.history(probe).last)
    return [court.target.fetch(url).answer.body for url in urls]
