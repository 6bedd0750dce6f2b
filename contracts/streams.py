"""A stream of server-sent events, read and judged. Rule: stream."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import NamedTuple

from contracts.exchange import Exchange, at
from contracts.oracle import pictures
from contracts.oracle.moments import is_seconds
from contracts.oracle.requests import Expectation
from contracts.spec import Spec

__all__ = ["Event", "events", "problems"]

STREAM_TYPE = "text/event-stream"
DONE = "[DONE]"
"""How some servers end a stream; OpenAI's image streams just end."""


class Event(NamedTuple):
    """One event: its name, and the object that came as its data."""

    name: str
    data: object


def events(body: bytes) -> list[Event]:
    """The events of a stream; data that is no JSON comes as text."""
    blocks = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n")
    return [event for block in blocks if (event := _event(block)) is not None]


def problems(spec: Spec, expected: Expectation, exchange: Exchange, *, partials: int) -> list[str]:
    """What is wrong with the answer to a request that streams, with `partials` previews."""
    answer = exchange.answer
    if answer.media_type != STREAM_TYPE:
        return [f"the Content-Type is '{answer.media_type}'"]
    kind = "edit" if expected.model_type == "IMAGE_TO_IMAGE" else "generation"
    names = spec.facts.stream.events[kind]
    found = events(answer.body)
    told = [event.name for event in found]
    wrong = [f"an event {name}" for name in told if name not in {names.partial, names.completed}]
    if told.count(names.completed) != expected.images:
        wrong.append(f"{told.count(names.completed)} events {names.completed}")
    if told.count(names.partial) > partials * expected.images:
        wrong.append(f"{told.count(names.partial)} events {names.partial}")
    wrong += _numbers([event for event in found if event.name == names.partial], partials)
    if told and told[-1] != names.completed:
        wrong.append(f"the last event is {told[-1]}")
    return wrong + [
        each for event in found for each in _event_problems(event, expected, names.completed)
    ]


def _numbers(previews: list[Event], partials: int) -> Iterator[str]:
    """Previews of a picture are counted from 0."""
    numbers = [at(event.data, "partial_image_index") for event in previews]
    if previews and (0 not in numbers or not all(each in range(partials) for each in numbers)):
        yield f"the previews have the numbers {numbers}"


def _event(block: str) -> Event | None:
    name, lines = "", []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            lines.append(value.removeprefix(" "))
    text = "\n".join(lines)
    if not text or text == DONE:
        return None
    try:
        data: object = json.loads(text)
    except ValueError:
        data = text
    return Event(name or str(at(data, "type")), data)


def _event_problems(event: Event, expected: Expectation, completed: str) -> Iterator[str]:
    created = at(event.data, "created_at")
    if not is_seconds(created):
        yield f"created_at of {event.name} is {created!r}; expected integer Unix seconds"
    if at(event.data, "type") != event.name:
        yield f"the data of {event.name} has the type {at(event.data, 'type')!r}"
    try:
        picture = base64.b64decode(str(at(event.data, "b64_json")), validate=True)
    except (binascii.Error, ValueError):
        yield f"{event.name} without a b64_json"
        return
    is_last = event.name == completed
    found = pictures.problems(
        picture,
        size=expected.size if is_last else None,
        image_format=expected.image_format if is_last else None,
        alpha=expected.alpha if is_last else None,
    )
    yield from (f"{event.name}: {problem.text}" for problem in found)
