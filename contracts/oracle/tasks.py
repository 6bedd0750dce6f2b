"""A task as its answers show it: created, polled, ended; judged by the order of what was seen.

Rules: task-created, task-poll, task-steps, fail-codes, settle-once, private-url.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import cast

from contracts.decode import Json
from contracts.exchange import Exchange, at
from contracts.oracle.moments import is_milliseconds
from contracts.oracle.problem import Problem
from contracts.oracle.requests import Expectation
from contracts.spec import Spec

__all__ = [
    "created_problems",
    "forbidden",
    "poll_problems",
    "problems",
    "result_urls",
    "step_problems",
    "terminal_states",
]

POLL, STEPS, CODES = "task-poll", "task-steps", "fail-codes"
SUCCESS = 200


def problems(
    spec: Spec, expected: Expectation, created: Exchange, polls: Sequence[Exchange]
) -> list[Problem]:
    """Everything that is wrong with a task from its creation to its last poll."""
    found = created_problems(spec, created)
    task_id = created.answer.task_id
    if task_id is None:
        return found
    for poll in polls:
        found += poll_problems(spec, expected, poll, task_id)
    found += step_problems(spec, [*_created_state(created), *map(_state, polls)])
    return list(dict.fromkeys([*found, *_change_problems(spec, polls)]))


def created_problems(spec: Spec, created: Exchange) -> list[Problem]:
    """What is wrong with the answer to an accepted asynchronous request. Rule: task-created."""
    answer, facts = created.answer, spec.facts.task_created
    if answer.status != SUCCESS:
        return [Problem("mode", f"status {answer.status}; expected a task with {SUCCESS}")]
    if isinstance(at(answer.json, "data"), list):
        return [Problem("mode", "pictures were answered; expected a task")]
    found = []
    if at(answer.json, "code") != facts.code:
        text = f"code is {at(answer.json, 'code')!r}; expected {facts.code}"
        found.append(Problem("task-created", text))
    if answer.task_id is None:
        text = f"data.taskId is {at(answer.json, 'data', 'taskId')!r}; expected a text"
        found.append(Problem("task-created", text))
    for part, value, wanted in (
        ("msg", at(answer.json, "msg"), facts.msg),
        ("state", at(answer.json, "data", "state"), facts.state),
    ):
        if value != wanted:
            found.append(Problem("task-created", f"{part} is {value!r}; expected {wanted}", part))
    return found


def poll_problems(spec: Spec, expected: Expectation, poll: Exchange, task_id: str) -> list[Problem]:
    """What is wrong with one poll of a task that `expected` describes. Rule: task-poll."""
    answer = poll.answer
    if answer.status != SUCCESS or at(answer.json, "code") != SUCCESS:
        code = at(answer.json, "code")
        return [Problem(POLL, f"status {answer.status}, code {code!r}; expected {SUCCESS} twice")]
    data = at(answer.json, "data")
    if not isinstance(data, dict):
        return [Problem(POLL, "data is no object")]
    found = list(_common(spec, expected, data, task_id))
    state = data.get("state")
    if state in spec.facts.hook_payload.null_when and state != expected.ends:
        reason = data.get("failMsg") or "a result"
        found.append(Problem(_ending_rule(expected), f"ended {state}: {reason}"))
    elif state == expected.ends == "completed":
        exact = cast("Mapping[str, object]", at(answer.exact, "data") or {})
        found += _completed(expected, data, exact.get("credits"))
    elif state == expected.ends:
        found += _failed(spec, expected, data)
        found += _uncharged(data)
    return found


def step_problems(spec: Spec, states: Sequence[str]) -> list[Problem]:
    """Which steps of the observed states are forbidden. Rule: task-steps."""
    banned = forbidden(spec)
    unknown = [state for state in dict.fromkeys(states) if state not in spec.facts.task_steps.next]
    found = [Problem(STEPS, f"'{state}' is no state of a task") for state in unknown]
    steps = [step for step in pairwise(states) if step in banned]
    return found + [Problem(STEPS, f"from {a} back to {b}") for a, b in dict.fromkeys(steps)]


def forbidden(spec: Spec) -> frozenset[tuple[str, str]]:
    """Every pair of different states that no path of allowed steps joins."""
    following = spec.facts.task_steps.next
    reached = {state: set(nexts) for state, nexts in following.items()}
    for _ in following:
        for nexts in reached.values():
            nexts.update(*(reached[state] for state in tuple(nexts)))
    pairs = ((a, b) for a in following for b in following if a != b)
    return frozenset((a, b) for a, b in pairs if b not in reached[a])


def terminal_states(spec: Spec) -> frozenset[str]:
    """The states that nothing follows."""
    return frozenset(state for state, nexts in spec.facts.task_steps.next.items() if not nexts)


def result_urls(poll: Exchange) -> list[str]:
    """The URLs of a completed task's pictures, as `resultUrls` lists them."""
    found = at(poll.answer.json, "data", "resultUrls")
    return [url for url in found if isinstance(url, str)] if isinstance(found, list) else []


def _created_state(created: Exchange) -> list[str]:
    state = at(created.answer.json, "data", "state")
    return [state] if isinstance(state, str) else []


def _state(poll: Exchange) -> str:
    return str(at(poll.answer.json, "data", "state"))


def _ending_rule(expected: Expectation) -> str:
    return "private-url" if expected.ends == "failed" else POLL


def _change_problems(spec: Spec, polls: Sequence[Exchange]) -> Iterator[Problem]:
    """What differs between two polls that must not: the birth always, a terminal answer at all."""
    ended = terminal_states(spec)
    for first, second in pairwise(polls):
        before, after = at(first.answer.json, "data"), at(second.answer.json, "data")
        if not isinstance(before, dict) or not isinstance(after, dict):
            continue
        names = {*before, *after} if before.get("state") in ended else {"createTime"}
        changed = sorted(name for name in names if before.get(name) != after.get(name))
        if changed:
            text = f"after {before.get('state')} another answer: {', '.join(changed)} changed"
            yield Problem(STEPS, text)


def _common(
    spec: Spec, expected: Expectation, data: Mapping[str, Json], task_id: str
) -> Iterator[Problem]:
    if data.get("taskId") != task_id:
        yield Problem(POLL, f"taskId is {data.get('taskId')!r}; asked was {task_id}")
    state, fields = str(data.get("state")), spec.facts.task_poll.fields
    for name in fields.get(state, ()):
        if data.get(name) is None:
            yield Problem(POLL, f"{name} is missing from a task {state}", "fields")
    for name in _foreign(spec, state):
        if _tells(data.get(name)):
            text = f"{name} is {data[name]!r:.120} for a task {state}"
            yield Problem(POLL, text, "fields")
    if expected.model is not None and data.get("model") not in {expected.model, None}:
        yield Problem(POLL, f"model is {data['model']!r}; asked was {expected.model}", "fields")
    if data.get("modelType") not in {expected.model_type, None}:
        text = f"modelType is {data['modelType']!r}; expected {expected.model_type}"
        yield Problem(POLL, text, "fields")
    yield from _times(data)


def _foreign(spec: Spec, state: str) -> list[str]:
    """The fields that tell of another state than this one: nothing may be in them yet, or ever.

    When it ended, a task that failed may tell as well; its cost is judged by the rules of money.
    """
    fields = spec.facts.task_poll.fields
    told = {name for names in fields.values() for name in names}
    shared = {"credits", *(["completeTime"] if state in terminal_states(spec) else [])}
    return sorted(told - {*fields.get(state, told)} - shared)


def _tells(value: Json) -> bool:
    """Whether there is anything in a field: not where it is empty, or a JSON text of nothing."""
    inner = _parsed(value)
    return any(inner.values()) if isinstance(inner, dict) else bool(value)


def _times(data: Mapping[str, Json]) -> Iterator[Problem]:
    for name in ("createTime", "completeTime"):
        value = data.get(name)
        if value is not None and not is_milliseconds(value):
            text = f"{name} is {value!r}; expected epoch milliseconds"
            yield Problem(POLL, text, "fields")
    created, completed = data.get("createTime"), data.get("completeTime")
    if isinstance(created, int) and isinstance(completed, int) and completed < created:
        yield Problem(POLL, f"completeTime {completed} before createTime {created}", "fields")


def _completed(
    expected: Expectation, data: Mapping[str, Json], charge: object
) -> Iterator[Problem]:
    urls = data.get("resultUrls")
    if not isinstance(urls, list) or len(urls) != expected.images:
        yield Problem(POLL, f"resultUrls is {urls!r:.200}; expected {expected.images}", "fields")
    elif not all(isinstance(url, str) and "://" in url for url in urls):
        yield Problem(POLL, f"resultUrls holds no absolute URLs: {urls!r:.200}", "fields")
    elif len(set(map(str, urls))) < len(urls):
        yield Problem(POLL, f"resultUrls holds a URL more than once: {urls!r:.200}", "fields")
    if _parsed(data.get("resultJson")) != {"resultUrls": urls}:
        text = (
            f"resultJson is {data.get('resultJson')!r:.200}; expected the resultUrls as JSON text"
        )
        yield Problem(POLL, text, "fields")
    if charge is not None and _money(charge) != expected.price:
        yield Problem("settle-once", f"credits is {charge}; the price is {expected.price}")


def _failed(spec: Spec, expected: Expectation, data: Mapping[str, Json]) -> Iterator[Problem]:
    code, retryable = data.get("failCode"), data.get("retryable")
    known = spec.facts.fail_codes.retryable
    if code not in known:
        yield Problem(CODES, f"failCode is {code!r}; expected one of {', '.join(known)}")
    elif retryable != known[str(code)]:
        yield Problem(CODES, f"retryable is {retryable!r} for {code}; expected {known[str(code)]}")
    if expected.fail_code is not None and code != expected.fail_code:
        yield Problem("private-url", f"failCode is {code!r}; expected {expected.fail_code}")
    text = spec.facts.private_url.text
    if expected.fail_code == spec.facts.private_url.fail_code and text not in str(
        data.get("failMsg")
    ):
        yield Problem("private-url", f"failMsg is {data.get('failMsg')!r}; expected '{text}' in it")


def _uncharged(data: Mapping[str, Json]) -> Iterator[Problem]:
    if data.get("credits"):
        yield Problem("free-failure", f"credits is {data['credits']!r} for a task that failed")


def _parsed(text: Json) -> Json:
    try:
        return cast("Json", json.loads(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def _money(value: object) -> Decimal | None:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(cast("int | Decimal", value)) if is_number else None
