"""Webhooks: each wrong moment and each wrong word of a delivery is told."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from contracts.oracle import webhooks
from contracts.oracle.webhooks import Attempt
from tests.suite.test_oracle_tasks import COMPLETED, FAILED, FIELDS, URLS, told
from tests.suite.variants import changed, own

REQUEST: dict[str, Any] = {
    **own().example_request,
    **FIELDS,
    "callback_url": "http://127.0.0.1:9/hook",
}
HOOKED: dict[str, Any] = {
    "taskId": "t1",
    "model": "gpt-image-2-all",
    "state": "completed",
    "param": json.dumps(REQUEST),
    "resultJson": COMPLETED["resultJson"],
    "failCode": None,
    "failMsg": None,
    "createTime": 1760000000000,
    "completeTime": 1760000040000,
}
UNHOOKED = {
    **HOOKED,
    "state": "failed",
    "resultJson": None,
    "failCode": "INVALID_INPUT",
    "failMsg": FAILED["failMsg"],
}


def posted(
    data: Mapping[str, Any] | None = None,
    *,
    at_s: float = 0.0,
    held_s: float = 0.0,
    answered: int | None = 200,
    **changes: Any,
) -> Attempt:
    """An attempt with this task in its body."""
    body = {"code": 200, "msg": "success", "data": HOOKED if data is None else data}
    headers = {"content-type": "application/json"}
    made = Attempt(at_s, at_s + held_s, answered, "POST", "/", headers, json.dumps(body).encode())
    return Attempt(**{**{name: getattr(made, name) for name in made.__slots__}, **changes})


def series(*moments: float, last: int | None = 200) -> list[Attempt]:
    """Attempts at these moments, refused but for the last."""
    refused = [posted(at_s=moment, answered=500) for moment in moments[:-1]]
    return [*refused, posted(at_s=moments[-1], answered=last)]


def test_a_true_delivery_is_fine() -> None:
    for moments in ([0.0], [0.0, 1.0], [0, 1.02, 3.1, 7.2], [0, 1, 3, 7, 67, 127]):
        assert webhooks.problems(own(), series(*moments)) == []
    hung = [posted(held_s=10.1, answered=None), posted(at_s=11.2)]
    assert webhooks.problems(own(), hung) == []
    fast = series(0.0, 0.01, 0.03, 0.07)
    assert webhooks.problems(own(), fast, scale=0.01, slack_s=0.2) == []


@pytest.mark.parametrize(
    "attempts, problem",
    [
        ([posted(), posted(at_s=1)], "hook-once: attempt 1 was answered 200, yet more came"),
        ([posted(answered=204), posted(at_s=1)], "hook-once: attempt 1 was answered 204, yet more"),
        ([posted(method="PUT")], "hook-once: sent by PUT; expected POST"),
        ([posted(headers={"content-type": "text/plain"})], "hook-once: the Content-Type is 'text/"),
        (
            [posted(headers={"content-type": "application/json", "x-signature": "a"})],
            "hook-once: signed, with the header x-signature",
        ),
        (series(0, 0.1), "hook-retry: attempt 2 came 0.10 s after the last; expected 1.00 s"),
        (series(0, 3), "hook-retry: attempt 2 came 3.00 s after the last; expected 1.00 s"),
        (series(0, 1, 2), "hook-retry: attempt 3 came 1.00 s after the last; expected 2.00 s"),
        (series(0, 1, 3, 5), "hook-retry: attempt 4 came 2.00 s after the last; expected 4.00 s"),
        (series(0, 1, 3, 7, 15), "hook-retry (background): attempt 5 came 8.00 s after the last"),
        (series(0, 1, 3, 7, 67, 97), "hook-retry (background): attempt 6 came 30.00 s after the"),
        (
            [posted(held_s=30, answered=None), posted(at_s=31)],
            "hook-retry: attempt 1 was held 30.00 s; expected 10.00 s",
        ),
        (
            [posted(held_s=2, answered=None), posted(at_s=3)],
            "hook-retry: attempt 1 was held 2.00 s; expected 10.00 s",
        ),
        (
            [posted(answered=302), posted(at_s=0.05)],
            "hook-retry: attempt 2 came 0.05 s after the last; expected 1.00 s",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_delivery_is_told(attempts: list[Attempt], problem: str) -> None:
    found = told(webhooks.problems(own(), attempts))
    assert len([text for text in found if text.startswith(problem)]) == 1, found


def test_a_true_payload_is_fine() -> None:
    assert webhooks.payload_problems(own(), posted(), poll=COMPLETED, request=REQUEST) == []
    failed = webhooks.payload_problems(own(), posted(UNHOOKED), poll=FAILED, request=REQUEST)
    assert failed == []


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"taskId": "t2"}, "taskId is 't2'; the poll says 't1'"),
        ({"state": "failed"}, "state is 'failed'; the poll says 'completed'"),
        ({"state": "processing"}, "state is processing; expected one of completed, failed"),
        ({"param": REQUEST}, "param is {"),
        ({"param": json.dumps({**REQUEST, "n": 1})}, "param holds n: 1; the request had 2"),
        ({"param": "{}"}, "param holds prompt: None; the request had"),
        ({"resultJson": {"resultUrls": URLS}}, "resultJson is {"),
        ({"resultJson": None}, "resultJson holds None; the poll says "),
        ({"resultJson": json.dumps({"resultUrls": URLS[:1]})}, "resultJson holds ["),
        ({"failCode": "OTHER"}, "failCode is 'OTHER' for a task completed; expected null"),
        ({"failMsg": ""}, "failMsg is '' for a task completed; expected null"),
        ({"createTime": 1760000000001}, "createTime is 1760000000001; the poll says 176000000000"),
        ({"completeTime": 1760000040001}, "completeTime is 1760000040001; the poll says 17600000"),
        ({"model": "dall-e"}, "model is 'dall-e'; the poll says 'gpt-image-2-all'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_payload_is_told(change: Mapping[str, Any], problem: str) -> None:
    attempt = posted({**HOOKED, **change})
    found = webhooks.payload_problems(own(), attempt, poll=COMPLETED, request=REQUEST)
    assert [each for each in found if each.text.startswith(problem)], found
    assert {each.rule for each in found} == {"hook-payload"}


@pytest.mark.parametrize("name", sorted(HOOKED))
def test_a_missing_field_of_a_payload_is_told(name: str) -> None:
    for whole, poll in ((HOOKED, COMPLETED), (UNHOOKED, FAILED)):
        data = {key: value for key, value in whole.items() if key != name}
        found = webhooks.payload_problems(own(), posted(data), poll=poll, request=REQUEST)
        assert any(f'"{name}" is a required property' in each.text for each in found), found


@pytest.mark.parametrize(
    "body, problem",
    [
        (b"taskId=t1", "the body is no JSON object"),
        (b"[]", "the body is no JSON object"),
        (b'{"code": 200}', "data is no object"),
        (
            json.dumps({"code": 0, "msg": "success", "data": HOOKED}).encode(),
            "code is 0; expected 200",
        ),
        (
            json.dumps({"code": 200, "msg": "ok", "data": HOOKED}).encode(),
            "msg is 'ok'; expected 'suc",
        ),
    ],
)
def test_a_body_of_another_shape_is_told(body: bytes, problem: str) -> None:
    attempt = posted(body=body)
    found = webhooks.payload_problems(own(), attempt, poll=COMPLETED, request=REQUEST)
    assert any(each.text.startswith(problem) for each in found), found


def test_webhooks_follow_the_file() -> None:
    spec = changed({"hook-retry/data/retry_after_s": [2, 2], "hook-once/data/success_max": 200})
    assert webhooks.problems(spec, series(0, 2, 4, 64)) == []
    assert webhooks.problems(spec, series(0, 1))
    assert webhooks.timeline(spec, [500] * 4) == [0, 2, 4, 64]
    assert webhooks.timeline(spec, [204, 200]) == [0, 2]
    assert webhooks.timeline(own(), [None, 200]) == [0, 11]
    patient = changed({"hook-retry/data/attempt_timeout_s": 30})
    assert webhooks.problems(patient, [posted(held_s=30, answered=None), posted(at_s=31)]) == []
