"""Webhooks: the timeline that the receiver's answers bring about, and the body of each attempt.

Rules: hook-once, hook-payload, hook-retry.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import cast

from contracts.decode import Json
from contracts.exchange import at
from contracts.oracle.problem import Problem
from contracts.oracle.schemas import complaints
from contracts.spec import Spec

__all__ = ["Attempt", "is_success", "known_part", "payload_problems", "problems", "timeline"]

ONCE, PAYLOAD, RETRY = "hook-once", "hook-payload", "hook-retry"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST that the receiver got, and what it did with it."""

    at_s: float
    """When it came, in seconds of the receiver's clock."""
    ended_s: float
    """When it was answered, or when the sender gave up waiting."""
    answered: int | None
    """The status it was answered with, None where the receiver kept silent."""
    method: str
    target: str
    """The path and the query that it came to."""
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


def problems(
    spec: Spec, attempts: Sequence[Attempt], *, scale: float = 1.0, slack_s: float = 1.0
) -> list[Problem]:
    """What is wrong with the attempts for one task, in the order they came.

    `scale`: real seconds that a second of the target lasts; `slack_s`: real seconds that an attempt
    may come late. How many attempts are still to come is not judged: see `timeline`.
    """
    found = list(chain.from_iterable(_form_problems(spec, each) for each in attempts))
    found += _after_success(spec, attempts)
    found += _rhythm(spec, attempts, scale, slack_s)
    return list(dict.fromkeys(found))


def timeline(spec: Spec, answers: Sequence[int | None], *, always: bool = False) -> list[float]:
    """Seconds from the first attempt to each, for a receiver that answers so and then no more.

    None stands for silence until the sender gives up. `always` repeats the last answer for ever.
    """
    facts, at_s, moments = spec.facts.hook_retry, 0.0, [0.0]
    gaps = chain(facts.retry_after_s, repeat(facts.background_every_s))
    coming = chain(answers, repeat(answers[-1])) if always else iter(answers)
    for answer, gap in zip(coming, gaps, strict=False):
        at_s += gap + (facts.attempt_timeout_s if answer is None else 0)
        if is_success(spec, answer) or at_s > facts.give_up_after_s:
            return moments
        moments.append(at_s)
    return moments[: len(answers)]


def payload_problems(
    spec: Spec,
    attempt: Attempt,
    *,
    poll: Mapping[str, Json],
    request: Mapping[str, Json],
) -> list[Problem]:
    """What is wrong with a body, beside the last poll of its task and the request that made it."""
    body = _parsed(attempt.body)
    if not isinstance(body, dict):
        return [Problem(PAYLOAD, f"the body is no JSON object: {attempt.body[:80]!r}")]
    data = at(body, "data")
    if not isinstance(data, dict):
        return [Problem(PAYLOAD, "data is no object")]
    return [
        *(Problem(PAYLOAD, f"{place}: {words}") for place, words in _shape(spec, body)),
        *_outer(spec, body),
        *_nulls(spec, data),
        *_beside_poll(data, poll),
        *_request(data, request),
    ]


def known_part(spec: Spec, attempt: Attempt) -> dict[str, Json]:
    """What the body's `data` says in the fields that the contract names; there may be others."""
    data = at(_parsed(attempt.body), "data")
    if not isinstance(data, dict):
        return {}
    schema = at(spec.document, "components", "schemas", "WebhookPayload", "properties", "data")
    names = cast("dict[str, Json]", at(schema, "properties"))
    return {name: value for name, value in data.items() if name in names}


def is_success(spec: Spec, answer: int | None) -> bool:
    """Whether a receiver that answers so has heard of the task. Rule: hook-once."""
    facts = spec.facts.hook_once
    return answer in range(facts.success_min, facts.success_max + 1)


def _form_problems(spec: Spec, attempt: Attempt) -> Iterator[Problem]:
    facts = spec.facts.hook_once
    media_type = attempt.headers.get("content-type", "").partition(";")[0].strip().lower()
    if attempt.method != facts.method:
        yield Problem(ONCE, f"sent by {attempt.method}; expected {facts.method}")
    if media_type != facts.content_type:
        yield Problem(ONCE, f"the Content-Type is '{media_type}'; expected {facts.content_type}")
    for name in attempt.headers:
        if "signature" in name:
            yield Problem(ONCE, f"signed, with the header {name}")


def _after_success(spec: Spec, attempts: Sequence[Attempt]) -> Iterator[Problem]:
    for number, attempt in enumerate(attempts[:-1], start=1):
        if is_success(spec, attempt.answered):
            yield Problem(ONCE, f"attempt {number} was answered {attempt.answered}, yet more came")


def _rhythm(
    spec: Spec, attempts: Sequence[Attempt], scale: float, slack_s: float
) -> Iterator[Problem]:
    """Each gap, from the end of one attempt to the next, beside the gap of the schedule."""
    facts = spec.facts.hook_retry
    quick = [(gap, None) for gap in facts.retry_after_s]
    gaps = chain(quick, repeat((facts.background_every_s, "background")))
    steps = zip(attempts, attempts[1:], gaps, strict=False)
    patience = facts.attempt_timeout_s * scale
    for number, (one, following, (gap, part)) in enumerate(steps, start=2):
        waited, wanted = following.at_s - one.ended_s, gap * scale
        if is_success(spec, one.answered):
            return
        held = one.ended_s - one.at_s
        if one.answered is None and not _is_about(held, patience, slack_s):
            text = f"attempt {number - 1} was held {held:.2f} s; expected {patience:.2f} s"
            yield Problem(RETRY, text)
        if not _is_about(waited, wanted, slack_s):
            text = f"attempt {number} came {waited:.2f} s after the last; expected {wanted:.2f} s"
            yield Problem(RETRY, text, part)


def _is_about(seen_s: float, wanted_s: float, slack_s: float) -> bool:
    """Never early, but for the coarseness of clocks; late by no more than the slack."""
    return wanted_s * 0.9 - 0.05 <= seen_s <= wanted_s + slack_s


def _shape(spec: Spec, body: Json) -> list[tuple[str, str]]:
    return complaints(spec, "WebhookPayload", body)


def _outer(spec: Spec, body: Mapping[str, Json]) -> Iterator[Problem]:
    facts = spec.facts.task_created
    for name, wanted in (("code", facts.code), ("msg", facts.msg)):
        if body.get(name) != wanted:
            yield Problem(PAYLOAD, f"{name} is {body.get(name)!r}; expected {wanted!r}")


def _nulls(spec: Spec, data: Mapping[str, Json]) -> Iterator[Problem]:
    facts, state = spec.facts.hook_payload, str(data.get("state"))
    empty = facts.null_when.get(state)
    if empty is None:
        yield Problem(PAYLOAD, f"state is {state}; expected one of {', '.join(facts.null_when)}")
        return
    for name in empty:
        if data.get(name) is not None:
            yield Problem(PAYLOAD, f"{name} is {data[name]!r} for a task {state}; expected null")
    for name in set(facts.json_strings) - set(empty):
        if not isinstance(_parsed(data.get(name)), dict):
            text = f"{name} is {data.get(name)!r:.120}; expected an object as a JSON text"
            yield Problem(PAYLOAD, text)


def _beside_poll(data: Mapping[str, Json], poll: Mapping[str, Json]) -> Iterator[Problem]:
    """What the webhook and the poll both say, they say alike."""
    for name in sorted({"taskId", "state", "model", "createTime", "failCode", "failMsg"} & {*poll}):
        if data.get(name) != poll[name]:
            yield Problem(PAYLOAD, f"{name} is {data.get(name)!r}; the poll says {poll[name]!r}")
    if poll.get("completeTime") not in {None, data.get("completeTime")}:
        text = f"completeTime is {data.get('completeTime')!r}; the poll says {poll['completeTime']}"
        yield Problem(PAYLOAD, text)
    results = at(_parsed(data.get("resultJson")), "resultUrls")
    if (results or None) != (poll.get("resultUrls") or None):
        text = f"resultJson holds {results!r:.160}; the poll says {poll.get('resultUrls')!r:.160}"
        yield Problem(PAYLOAD, text)


def _request(data: Mapping[str, Json], request: Mapping[str, Json]) -> Iterator[Problem]:
    param = _parsed(data.get("param"))
    known = param if isinstance(param, dict) else {}
    for name, value in request.items():
        if value is not None and known.get(name) != value:
            text = f"param holds {name}: {known.get(name)!r:.80}; the request had {value!r:.80}"
            yield Problem(PAYLOAD, text)


def _parsed(text: object) -> Json:
    try:
        return cast("Json", json.loads(text)) if isinstance(text, str | bytes) else None
    except ValueError:
        return None
