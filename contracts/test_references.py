"""References and masks: in which forms they come, how many, what they are, what a mask keeps."""

import base64
from collections.abc import Iterator
from decimal import Decimal
from math import isqrt

from contracts.asking import (
    NOWHERE,
    default_size,
    edit,
    edit_json,
    edit_parts,
    expected_of,
    generation,
    probe,
    wait,
)
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.exchange import File, Part, Request, Transfer
from contracts.judge import NotJudgedError
from contracts.samples import (
    OTHER,
    SAMPLE,
    data_uri,
    gradient,
    half_mask,
    opaque_mask,
    text_of,
    weighed,
)
from contracts.size import Size
from contracts.target import is_accepted

FILENAMES = (
    "image.png",
    "blob",
    "upload",
    "C:\\pictures\\a b.png",
    "../../etc/passwd",
    "фото é.png",
    "a;b.png",
    "x",
)


def parts_of_forms(world: World) -> Iterator[Probe]:
    """Multipart as real clients send it: names, order, filenames, content types, lengths."""
    size, picture = default_size(world), gradient(SAMPLE)
    names = world.spec.facts.edit_parts.image_parts
    plain = edit(world, size=size)
    texts = [part for part in plain.parts or () if isinstance(part[1], str)]
    wishes: dict[str, Request] = {}
    for name in names:
        wishes[f"{name} once"] = edit_parts(world, [(name, File(picture))], size=size)
        twice: list[Part] = [(name, File(picture)), (name, File(gradient(OTHER, "jpeg")))]
        wishes[f"{name} twice"] = edit_parts(world, twice, size=size)
    wishes["both names"] = edit_parts(world, [(name, File(picture)) for name in names], size=size)
    first = Request("POST", plain.path, parts=((names[0], File(picture)), *texts))
    wishes["files first"] = first
    middle = (*texts[:2], (names[-1], File(picture)), *texts[2:])
    wishes["files between"] = Request("POST", plain.path, parts=middle)
    for filename in FILENAMES:
        file = File(picture, filename=filename)
        wishes[f"filename {filename!a}"] = edit_parts(world, [(names[0], file)], size=size)
    for media_type in ("image/png", "image/jpeg", "text/plain", "application/x-nothing"):
        file = File(picture, content_type=media_type)
        wishes[f"type {media_type}"] = edit_parts(world, [(names[0], file)], size=size)
    for form in world.spec.facts.reference_forms.formats:
        wishes[f"bytes {form}"] = edit(world, [gradient(SAMPLE, form)], size=size)
    for transfer in (Transfer.CHUNKED, Transfer.EXPECT):
        wishes[transfer.value] = _travelling(plain, transfer)
    wishes["numbers as text"] = edit(
        world, size=size, n=2, output_format="webp", output_compression=50
    )
    unknown: list[Part] = [(names[0], File(picture)), ("attachment", File(picture))]
    request = edit_parts(world, unknown, size=size)
    yield probe(world, "unknown file", request, rule="edit-parts/unknown-parts")
    wishes["task"] = edit_parts(world, [(names[-1], File(picture))])
    for name, request in wishes.items():
        level = Level.SMOKE if name.endswith("once") else Level.FULL
        yield probe(world, name, request, rule="edit-parts", level=level)


def json_edits(world: World) -> Iterator[Probe]:
    """Edits as JSON: OpenAI's objects, and the fields of a generation."""
    size, picture = default_size(world), gradient(SAMPLE)
    uri = data_uri(picture)
    two: Json = [{"image_url": uri}, {"image_url": data_uri(gradient(OTHER, "jpeg"), "image/jpeg")}]
    mask: Json = {"image_url": data_uri(half_mask(SAMPLE))}
    wishes = {
        "objects": edit_json(world, size=size),
        "two objects": edit_json(world, size=size, images=two),
        "object and mask": edit_json(world, size=size, mask=mask),
        "image": edit_json(world, size=size, images=None, image=text_of(picture)),
        "image_url": edit_json(world, size=size, images=None, image_url=uri),
        "as Codex": edit_json(world, size="auto", quality="auto", background="auto"),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="edit-parts")


def edits_without_references(world: World) -> Iterator[Probe]:
    """Edits that have nothing to edit."""
    size, file = default_size(world), File(gradient(SAMPLE))
    wishes = {
        "form": edit(world, [], size=size),
        "form task": edit(world, []),
        "json": edit_json(world, size=size, images=None),
        "json empty": edit_json(world, size=size, images=[]),
        "json task": edit_json(world, images=None),
        "callback": edit(world, [], size=size, callback_url=NOWHERE),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="edit-needs-image")
    for name in ("image[0]", "images", "picture"):
        request = edit_parts(world, [(name, file)], size=size)
        yield probe(world, name, request, rule="edit-parts/unknown-parts")


def numbers_of_references(world: World) -> Iterator[Probe]:
    """As many references as allowed, and one more, over one field and over all."""
    most, size = world.spec.facts.max_references.max, default_size(world)
    picture = gradient(Size(16, 16))
    text = text_of(picture)
    for count in (most, most + 1):
        listed: list[Json] = [text] * count
        fewer: Json = [text] * (count - 2)
        objects: Json = [{"image_url": data_uri(picture)}] * count
        half = count // 2
        mixed: list[Part] = [("image", File(picture))] * half
        mixed += [("image[]", File(picture))] * (count - half)
        lists: dict[str, Json] = {"images": listed[:half], "image_urls": listed[half:]}
        wishes = {
            "image_urls": generation(world, size=size, image_urls=listed),
            "images": generation(world, size=size, images=listed),
            "all fields": generation(world, size=size, images=fewer, image=text, image_base64=text),
            "both lists": generation(world, size=size, **lists),
            "task": generation(world, images=listed),
            "callback": generation(world, images=listed, callback_url=NOWHERE),
            "wait": wait(world, images=listed),
            "form": edit(world, [picture] * count, size=size),
            "form task": edit(world, [picture] * count),
            "mixed form": edit_parts(world, mixed, size=size),
            "objects": edit_json(world, size=size, images=objects),
        }
        for name, request in wishes.items():
            level = Level.SMOKE if name == "both lists" else Level.FULL
            yield probe(world, f"{count} {name}", request, rule="max-references", level=level)
    masked = edit(world, [picture] * most, half_mask(Size(16, 16)), size=size)
    yield probe(world, f"{most} and a mask", masked, rule="max-references")
    remote: list[Json] = ["https://example.com/cat.png"] * (most + 1)
    request = generation(world, size=size, image_urls=remote)
    yield probe(world, f"{most + 1} remote", request, rule="max-references")


def forms_of_references(world: World) -> Iterator[Probe]:
    """Each format in each form of text, in each field."""
    size, forms = default_size(world), world.spec.facts.reference_forms
    media = world.spec.facts.output_format.media_types
    for form in forms.formats:
        picture = gradient(SAMPLE, form)
        texts = {"base64": text_of(picture), "data URI": data_uri(picture, media[form])}
        texts["wrong media type"] = data_uri(picture, "image/gif")
        for title, text in texts.items():
            fields: dict[str, Json] = {"image_base64" if title == "base64" else "image": text}
            request = generation(world, size=size, **fields)
            level = Level.SMOKE if title == "data URI" else Level.FULL
            yield probe(world, f"{form} {title}", request, rule="reference-forms", level=level)
    for name in forms.many:
        several: Json = [text_of(gradient(SAMPLE)), data_uri(gradient(OTHER, "webp"), "image/webp")]
        request = generation(world, size=size, **{name: several})
        yield probe(world, f"mixed {name}", request, rule="reference-forms")


def broken_references(world: World) -> Iterator[Probe]:
    """References that are no picture, in every field and on every operation."""
    size, forms = default_size(world), world.spec.facts.reference_forms
    whole = gradient(SAMPLE)
    gif = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
    texts = {
        "no base64": "!!!",
        "text": text_of(b"hello"),
        "gif": text_of(gif),
        "cut": text_of(whole[: len(whole) // 2]),
        "data URI of text": data_uri(b"hello"),
        "cut webp": text_of(gradient(SAMPLE, "webp")[:40]),
        "head of a jpeg": text_of(gradient(SAMPLE, "jpeg")[:20]),
        "scheme": "ftp://example.com/a.png",
        "empty data URI": "data:image/png;base64,",
    }
    for title, text in texts.items():
        for name in forms.single:
            request = generation(world, size=size, **{name: text})
            yield probe(world, f"{name} {title}", request, rule="reference-forms")
        for name in forms.many:
            several: list[Json] = [text_of(whole), text]
            request = generation(world, size=size, **{name: several})
            yield probe(world, f"{name} {title}", request, rule="reference-forms")
    for name in forms.single:
        request = generation(world, size=size, **{name: "http://[::1/a.png"})
        yield probe(world, f"{name} bracket", request, rule="reference-forms")
    for title, data in (("text", b"hello"), ("gif", gif), ("cut", whole[:200]), ("empty", b"")):
        yield probe(world, f"form {title}", edit(world, [data], size=size), rule="reference-forms")
        second = edit(world, [whole, data], size=size)
        yield probe(world, f"second in a form {title}", second, rule="reference-forms")
    for title, text in texts.items():
        objects: Json = [{"image_url": data_uri(whole)}, {"image_url": text}]
        places = {
            "json edit": edit_json(world, size=size, images=objects),
            "json edit task": edit_json(world, images=objects),
            "task": generation(world, image_base64=text),
            "wait": wait(world, image=text),
        }
        for place, request in places.items():
            yield probe(world, f"{place} {title}", request, rule="reference-forms")
    third: Json = [text_of(whole), text_of(whole), text_of(whole[: len(whole) // 2])]
    request = generation(world, size=size, images=third)
    yield probe(world, "third of three", request, rule="reference-forms")


def broken_objects(world: World) -> Iterator[Probe]:
    """Lists for an edit as JSON in which something is no object with a URL."""
    size, uri = default_size(world), data_uri(gradient(SAMPLE))
    broken: list[Json] = [[{}], [{"image_url": None}], [{"image_url": 7}], [[uri]], uri, [7]]
    for value in broken:
        request = edit_json(world, size=size, images=value)
        yield probe(world, f"{value!r:.30}", request, rule="max-references")


def ratios_of_references(world: World) -> Iterator[Probe]:
    """`aspect_ratio: auto` follows the first reference, up to the steepest ratio."""
    tier = world.spec.facts.tier.tiers[0].name
    shapes = {
        "wide": Size(96, 48),
        "tall": Size(48, 96),
        "square": Size(64, 64),
        "steep": Size(200, 40),
        "steep tall": Size(40, 200),
    }
    auto = world.spec.facts.aspect_ratio.auto
    for name, shape in shapes.items():
        two: Json = [text_of(gradient(shape)), text_of(gradient(SAMPLE.turned))]
        request = generation(world, images=two, aspect_ratio=auto, resolution=tier)
        yield probe(world, name, request, rule="aspect-ratio")
    yield probe(
        world, "edit", edit(world, [gradient(Size(96, 48))], aspect_ratio=auto), rule="aspect-ratio"
    )
    two_files = edit(world, [gradient(Size(96, 48)), gradient(SAMPLE.turned)], aspect_ratio=auto)
    yield probe(world, "edit of two", two_files, rule="aspect-ratio")
    yield probe(world, "none", generation(world, aspect_ratio=auto), rule="aspect-ratio")


def cheapest_edit(world: World) -> Decimal:
    """USD of the edit that `edit` asks for."""
    return expected_of(world, edit(world, size=default_size(world))).price


@rule("edit-parts", "edit-parts/unknown-parts")
@probes(parts_of_forms)
def test_forms_are_taken_as_clients_send_them(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("edit-parts", "reference-forms")
@probes(json_edits)
def test_edits_are_taken_as_json(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("edit-needs-image", "edit-parts/unknown-parts")
@probes(edits_without_references)
def test_an_edit_without_a_reference_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("max-references")
@probes(numbers_of_references)
def test_references_are_counted_over_all_fields(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("reference-forms")
@probes(forms_of_references)
def test_a_reference_is_taken_in_every_form(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("reference-forms")
@probes(broken_references)
def test_a_reference_that_is_no_picture_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("max-references", "status")
@probes(broken_objects)
def test_an_object_without_a_picture_is_refused(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("reference-forms/max-bytes")
@bill(
    Level.FULL,
    requests=2,
    largest=lambda world: expected_of(world, generation(world, size=default_size(world))).price,
)
def test_a_reference_of_more_bytes_than_allowed_is_refused(court: Court) -> None:
    """Read from a form and from a text; a body that is too large for the target tells nothing."""
    world, size = court.world, default_size(court.world)
    too_heavy = weighed(gradient(SAMPLE), world.spec.facts.reference_forms.max_bytes + 1)
    inline = generation(world, size=size, image_base64=text_of(too_heavy))
    for request in (edit(world, [too_heavy], size=size), inline):
        expected = expected_of(world, request)
        exchange = court.target.send(request, largest=expected.largest)
        if exchange.answer.status == world.spec.facts.status.of("body_too_large"):
            raise NotJudgedError(f"the target refuses the whole body: {exchange.answer.message}")
        court.refused(exchange, expected)


@rule("reference-forms/max-bytes")
@bill(Level.FULL, requests=1, largest=cheapest_edit)
def test_a_reference_of_the_most_bytes_is_taken(court: Court) -> None:
    most = court.world.spec.facts.reference_forms.max_bytes
    _judge_taken(court, weighed(gradient(SAMPLE), most), "reference-forms/max-bytes")


@rule("reference-forms/max-pixels")
@bill(Level.FULL, requests=1, largest=cheapest_edit)
def test_a_reference_of_the_most_pixels_is_taken(court: Court) -> None:
    most = court.world.spec.facts.reference_forms.max_pixels
    side = isqrt(most)
    picture = opaque_mask(Size(side, most // side), mode="1")
    _judge_taken(court, picture, "reference-forms/max-pixels")


def _judge_taken(court: Court, picture: bytes, name: str) -> None:
    world = court.world
    request = edit(world, [picture], size=default_size(world))
    exchange = court.target.send(request, price=cheapest_edit(world))
    if exchange.answer.status in world.spec.facts.status.unwilling:
        raise NotJudgedError(f"the target answers {exchange.answer.status}")
    problems = [] if is_accepted(exchange) else [f"status {exchange.answer.status}"]
    told = "200: no limit is passed"
    court.judge(name, exchange, expected=told, problems=problems)


@rule("aspect-ratio", "derive")
@probes(ratios_of_references)
def test_the_ratio_auto_follows_the_first_reference(probe: Probe, court: Court) -> None:
    court.hear(probe)


def _travelling(request: Request, transfer: Transfer) -> Request:
    return Request(request.method, request.path, parts=request.parts, transfer=transfer)
