"""Requests as the tests compose them: legal and cheap unless a field is said to be otherwise."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from contracts.claims import Level, Probe, World
from contracts.decode import Json
from contracts.exchange import File, Part, Request
from contracts.oracle.requests import Expectation, Mode, expectation
from contracts.samples import SAMPLE, data_uri, gradient
from contracts.size import Size
from contracts.spec import Spec

__all__ = [
    "ABSENT",
    "NOWHERE",
    "Value",
    "cheapest_quality",
    "default_size",
    "edit",
    "edit_json",
    "edit_parts",
    "expected_of",
    "generation",
    "probe",
    "task",
    "wait",
]

GENERATIONS = "/images/generations"
EDITS = "/images/edits"
WAIT = "/images/generations-sync"


class _Absent:
    """Stands for a field that is left out."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
NOWHERE = "http://127.0.0.1:9/webhook"
"""A callback to a port where nobody listens."""
Value: TypeAlias = "Json | _Absent | Size"


def generation(world: World, **fields: Value) -> Request:
    """A request for a picture as JSON: the example request at the cheapest quality, without a size.

    Each field given is laid over it: None is sent as null, ABSENT leaves a field out.
    """
    body: dict[str, Value] = {**world.spec.example_request, "quality": cheapest_quality(world.spec)}
    body |= fields
    return Request("POST", GENERATIONS, _plain(body))


def task(world: World, **fields: Value) -> Request:
    """A request for a task in every profile: the example request with the cheapest tier."""
    return generation(world, **{"resolution": world.spec.facts.tier.tiers[0].name, **fields})


def wait(world: World, **fields: Value) -> Request:
    """A request that creates a task and waits for its end."""
    return replace(generation(world, **fields), path=WAIT)


def edit(
    world: World,
    images: Iterable[bytes | File] | None = None,
    mask: bytes | File | None = None,
    /,
    **fields: Value,
) -> Request:
    """An edit as a form: one small picture and the cheapest quality unless said otherwise."""
    files = [gradient(SAMPLE)] if images is None else list(images)
    parts: list[Part] = [*_texts(world, fields)]
    part = world.spec.facts.edit_parts.image_parts[0]
    parts += [(part, _file(content, f"{part}-{i}.png")) for i, content in enumerate(files)]
    if mask is not None:
        parts.append((world.spec.facts.edit_parts.mask_part, _file(mask, "mask.png")))
    return Request("POST", EDITS, parts=tuple(parts))


def edit_json(world: World, **fields: Value) -> Request:
    """An edit as JSON: one small picture in OpenAI's form unless `images` says otherwise."""
    pictures: Json = [{"image_url": data_uri(gradient(SAMPLE))}]
    return replace(generation(world, **{"images": pictures, **fields}), path=EDITS)


def edit_parts(world: World, parts: Iterable[Part], **fields: Value) -> Request:
    """An edit as a form of exactly these parts, after the texts."""
    return Request("POST", EDITS, parts=(*_texts(world, fields), *parts))


def probe(
    world: World, name: str, request: Request, *, rule: str, level: Level = Level.FULL
) -> Probe:
    """The request as a probe: its cost, and whether it makes a task, by the contract.

    `level` counts only for what costs money: everything else is free.
    """
    expected = expected_of(world, request)
    is_task = expected.mode is Mode.ASYNC
    return Probe(
        name=name,
        request=request,
        rule=rule,
        price=expected.price,
        largest=expected.largest,
        level=level if expected.accepted else Level.FREE,
        is_task=is_task,
        expected=expected,
    )


def expected_of(world: World, request: Request) -> Expectation:
    """What the contract expects of a request, to a target of the run's profile."""
    return expectation(world.spec, request, openai=world.profile == "openai")


def default_size(world: World) -> Size:
    """A legal size of the cheapest tier."""
    return world.spec.facts.tier.tiers[0].typical[0]


@lru_cache(maxsize=8)
def cheapest_quality(spec: Spec) -> str:
    """The quality that costs least."""
    row = next(iter(spec.facts.price.per_image.values()))
    return min(row, key=lambda quality: row[quality])


def _texts(world: World, fields: dict[str, Value]) -> Iterator[Part]:
    body: dict[str, Value] = {**world.spec.example_request, "quality": cheapest_quality(world.spec)}
    for name, value in _plain(body | fields).items():
        if value is not None:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _file(content: bytes | File, name: str) -> File:
    return content if isinstance(content, File) else File(content, filename=name)


def _plain(fields: dict[str, Value]) -> dict[str, Json]:
    return {
        name: str(value) if isinstance(value, Size) else value
        for name, value in fields.items()
        if not isinstance(value, _Absent)
    }
