"""A synchronous answer: its shape, then every picture in it.

Rules: sync-shape, n, response-format, size-exact, output-format, background, same-bytes.
"""

import binascii
from collections.abc import Iterator, Mapping
from itertools import chain

from contracts.decode import Json
from contracts.exchange import Exchange, at
from contracts.oracle import pictures
from contracts.oracle.moments import is_seconds
from contracts.oracle.problem import Problem
from contracts.oracle.requests import Expectation
from contracts.oracle.schemas import complaints
from contracts.spec import Spec

__all__ = ["picture_bytes", "picture_problems", "problems", "same_bytes_problems"]

SHAPE = "sync-shape"


def problems(
    spec: Spec, expected: Expectation, exchange: Exchange, *, extras: bool | None = None
) -> list[Problem]:
    """What is wrong with the answer to an accepted synchronous request, pictures included.

    `extras` tells whether the OpenAI extras are on; None: not known, not judged.
    """
    answer = exchange.answer
    if answer.status not in expected.statuses:
        return [Problem("mode", f"status {answer.status}; expected the pictures with 200")]
    if not isinstance(answer.json, dict):
        return [Problem(SHAPE, "the answer is no JSON object")]
    if isinstance(at(answer.json, "data"), dict):
        return [Problem("mode", "a task was answered; expected the pictures")]
    return [
        *_shape(expected, exchange, answer.json),
        *_extras(spec, expected, answer.json, extras=extras),
        *chain.from_iterable(_entry(expected, entry) for entry in answer.entries()),
        *picture_problems(expected, [data for data in picture_bytes(exchange) if data is not None]),
    ]


def picture_bytes(exchange: Exchange) -> list[bytes | None]:
    """The bytes of each entry's `b64_json`, None where there is none or it is no strict base64."""
    return [_decoded(entry.get("b64_json")) for entry in exchange.answer.entries()]


def picture_problems(expected: Expectation, found: list[bytes]) -> list[Problem]:
    """What is wrong with the pictures of an accepted request, asked for in whatever mode."""
    return [
        problem
        for data in found
        for problem in pictures.problems(
            data,
            size=expected.size,
            image_format=expected.image_format,
            alpha=expected.alpha,
        )
    ]


def same_bytes_problems(spec: Spec, inline: bytes, fetched: Exchange) -> list[Problem]:
    """Why a result's URL does not serve the bytes of its `b64_json`. Rule: same-bytes."""
    answer = fetched.answer
    if answer.status != 200:
        return [Problem("same-bytes", f"the url answers {answer.status}; expected the picture")]
    if answer.body != inline:
        lengths = f"{len(answer.body)} bytes at the url, {len(inline)} in b64_json"
        return [Problem("same-bytes", f"other bytes: {lengths}")]
    return pictures.media_type_problems(spec, inline, answer.media_type)


def _shape(
    expected: Expectation, exchange: Exchange, body: Mapping[str, Json]
) -> Iterator[Problem]:
    if exchange.answer.media_type != "application/json":
        yield Problem(SHAPE, f"the Content-Type is '{exchange.answer.media_type}'")
    created = body.get("created")
    if not is_seconds(created):
        yield Problem(SHAPE, f"created is {created!r}; expected integer Unix seconds")
    data = body.get("data")
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        yield Problem(SHAPE, f"data is {type(data).__name__}; expected a list of objects")
    elif len(data) != expected.images:
        yield Problem(SHAPE, f"{len(data)} pictures; expected {expected.images}")


def _entry(expected: Expectation, entry: Mapping[str, Json]) -> Iterator[Problem]:
    url, inline = entry.get("url"), entry.get("b64_json")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        yield Problem(SHAPE, f"url is {url!r:.80}; expected an absolute http(s) URL")
    if "b64_json" not in expected.shown:
        if inline is not None:
            yield Problem("response-format", "b64_json is there; url was asked for")
    elif inline is None:
        rule, part = expected.inline_rule
        yield Problem(rule, "b64_json is missing", part)
    elif _decoded(inline) is None:
        yield Problem(SHAPE, f"b64_json is no strict base64; it begins {inline!r:.40}")


def _extras(
    spec: Spec, expected: Expectation, body: Mapping[str, Json], *, extras: bool | None
) -> Iterator[Problem]:
    if extras is False:
        yield from _surplus(body)
    for name in spec.facts.sync_shape.extras if extras else ():
        if body.get(name) is None:
            yield Problem(SHAPE, f"the OpenAI field '{name}' is missing", "extras")
    if extras:
        yield from _extra_values(spec, expected, body)


def _surplus(body: Mapping[str, Json]) -> Iterator[Problem]:
    data = body.get("data")
    entries = [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    surplus = {*body} - {"created", "data"}
    surplus |= {name for entry in entries for name in entry} - {"b64_json", "url"}
    if surplus:
        named = ", ".join(sorted(surplus))
        yield Problem(SHAPE, f"fields that nobody promised: {named}", "no-extras")


def _extra_values(spec: Spec, expected: Expectation, body: Mapping[str, Json]) -> Iterator[Problem]:
    for place, words in complaints(spec, "ImagesResponse", dict(body)):
        if place.partition("/")[0] in spec.facts.sync_shape.extras:
            yield Problem(SHAPE, f"{place}: {words}", "extras")
    wanted = {"output_format": expected.image_format, "size": str(expected.size)}
    wanted |= _told_plainly(spec, expected)
    for name, value in wanted.items():
        if body.get(name) not in {value, None}:
            yield Problem(SHAPE, f"{name} is {body[name]!r}; expected {value}", "extras")
    yield from _sum_problems(body.get("usage"))


def _told_plainly(spec: Spec, expected: Expectation) -> Mapping[str, str]:
    """Quality and background where they were asked for by name: `auto` leaves them open."""
    quality, names = expected.quality or "", spec.facts.background.alpha
    chosen = {} if quality in spec.facts.price_auto.billed_as.values() else {"quality": quality}
    named = [name for name, alpha in names.items() if alpha == expected.alpha != "either"]
    return chosen | ({"background": named[0]} if named else {})


def _sum_problems(usage: Json) -> Iterator[Problem]:
    """The total of the tokens is their sum."""
    parts = [at(usage, name) for name in ("input_tokens", "output_tokens", "total_tokens")]
    numbers = [part for part in parts if isinstance(part, int)]
    if len(numbers) == len(parts) and numbers[0] + numbers[1] != numbers[2]:
        text = f"usage: {numbers[0]} and {numbers[1]} tokens are not {numbers[2]} in all"
        yield Problem(SHAPE, text, "extras")


def _decoded(value: Json) -> bytes | None:
    try:
        return binascii.a2b_base64(value, strict_mode=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return None
