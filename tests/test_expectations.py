"""What was expected of the requests, and how near those came that do not match."""

from typing import Any

import pytest

from mock_server.expectations import (
    ExpectationError,
    Verdict,
    read_expectation,
    read_pattern,
)
from mock_server.journal import Exchange
from tests.api import running
from tests.laws import refused

OPERATIONS = ("createImage", "getTask", "listModels")


def exchange(name: str, **changes: Any) -> Exchange:
    """A picture of 1024x1024 that was asked for at 1000 s."""
    facts: dict[str, Any] = {
        "received_at": 1000.0,
        "method": "POST",
        "path": "/api/v1/images/generations",
        "operation": "createImage",
        "account": "sk_a",
        "fields": {"prompt": "a red cube", "n": 1},
        "decided": {"size": "1024x1024", "quality": "medium"},
        "status": 200,
    }
    return Exchange(id=name, **(facts | changes))


ONE = exchange("one")
TWO = exchange(
    "two", received_at=1010.0, account="sk_b", decided={"size": "2048x2048", "quality": "low"}
)
REFUSED = exchange(
    "refused",
    received_at=1020.0,
    status=400,
    fields={"prompt": "a blue cube", "size": "1x1", "n": 2},
    decided={},
)
MODELS = exchange(
    "models", received_at=1030.0, operation="listModels", method="GET", fields=None, decided={}
)
SEEN = [ONE, TWO, REFUSED, MODELS]


def verdict(**wanted: object) -> Verdict:
    return read_expectation(wanted, operations=OPERATIONS).judge(SEEN)


@pytest.mark.parametrize(
    "wanted, matching",
    [
        ({}, ["one", "two", "refused", "models"]),
        ({"operation": "createImage"}, ["one", "two", "refused"]),
        ({"key": "sk_b"}, ["two"]),
        ({"prompt": "^a (red|green)"}, ["one", "two"]),
        ({"size": "2048x2048"}, ["two"]),
        ({"size": "1x1"}, ["refused"]),
        ({"quality": "medium"}, ["one"]),
        ({"status": 400}, ["refused"]),
        ({"status": [200, 400], "operation": "createImage"}, ["one", "two", "refused"]),
        ({"fields": {"n": 2}}, ["refused"]),
        ({"fields": {"n": None}, "operation": "listModels"}, ["models"]),
        ({"since": 1010}, ["two", "refused", "models"]),
        ({"since": "1020.0"}, ["refused", "models"]),
        ({"since": "two"}, ["refused", "models"]),
        ({"operation": "createImage", "status": 200, "key": "sk_a"}, ["one"]),
        ({"key": None, "size": None}, ["one", "two", "refused", "models"]),
    ],
)
def test_a_pattern_matches_what_has_all_of_it(
    wanted: dict[str, object], matching: list[str]
) -> None:
    pattern = read_pattern(wanted)
    assert [e.id for e in pattern.considered(SEEN) if pattern.matches(e)] == matching


@pytest.mark.parametrize(
    "counts, is_met, told",
    [
        ({}, True, "at least 1 request"),
        ({"at_least": 2}, True, "at least 2 requests"),
        ({"at_least": 3}, False, "at least 3 requests"),
        ({"at_most": 2}, True, "at most 2 requests"),
        ({"at_most": 1}, False, "at most 1 request"),
        ({"exactly": 2}, True, "exactly 2 requests"),
        ({"exactly": 0}, False, "exactly 0 requests"),
        ({"exactly": 1}, False, "exactly 1 request"),
        ({"at_least": 1, "at_most": 3}, True, "1 to 3 requests"),
        ({"at_least": 2, "at_most": 2}, True, "exactly 2 requests"),
    ],
)
def test_requests_are_counted(counts: dict[str, int], is_met: bool, told: str) -> None:  # noqa: FBT001
    found = verdict(status=200, operation="createImage", **counts)
    assert (found.is_met, len(found.matching)) == (is_met, 2)
    assert found.expected == f"{told} with operation 'createImage', status 200"


def test_what_is_missing_is_told_with_the_nearest_first() -> None:
    found = verdict(
        operation="createImage", size="2048x2048", quality="medium", fields={"n": 1}, exactly=2
    )
    assert not found.is_met
    assert str(found).splitlines() == [
        f"expected {found.expected}; saw 0",
        "nearest of those that do not match:",
        "  one 200 POST /api/v1/images/generations: size is '1024x1024', not '2048x2048'",
        "  two 200 POST /api/v1/images/generations: quality is 'low', not 'medium'",
        f"  refused 400 POST /api/v1/images/generations: {'; '.join(found.nearest[2][1])}",
        f"  models 200 GET /api/v1/images/generations: {'; '.join(found.nearest[3][1])}",
    ]
    assert found.expected == (
        "exactly 2 requests with operation 'createImage', size '2048x2048', quality 'medium', "
        "fields.n 1"
    )
    assert found.nearest[2][1] == (
        "size is '1x1', not '2048x2048'",
        "quality is missing, not 'medium'",
        "fields.n is 2, not 1",
    )
    assert "prompt" not in str(found)


def test_where_too_many_came_they_are_shown_and_no_others() -> None:
    found = verdict(operation="createImage", at_most=1)
    assert [e.id for e in found.matching] == ["one", "two", "refused"]
    assert found.nearest == ()


def test_a_prompt_that_differs_is_told_by_its_pattern() -> None:
    found = verdict(prompt="green", operation="createImage")
    assert found.nearest[0][1] == ("prompt is 'a red cube', not like 'green'",)


def test_long_values_are_cut() -> None:
    long = exchange("long", fields={"prompt": "x" * 500})
    (_, (difference,)) = (
        read_expectation({"prompt": "y"}, operations=OPERATIONS).judge([long]).nearest[0]
    )
    assert len(difference) < 100


@pytest.mark.parametrize(
    "wanted, problem",
    [
        ({"opperation": "x"}, "opperation: is not known here; known: operation, key, prompt"),
        ({"operation": "createimage"}, "operation: must be one of "),
        ({"prompt": "("}, "prompt: not a regular expression"),
        ({"prompt": 1}, "prompt: must be a regular expression; got 1"),
        ({"size": 1024}, "size: must be text; got 1024"),
        ({"status": "200"}, "status: must be a number or a list of them; got '200'"),
        ({"status": [True]}, "status: must be a number"),
        ({"fields": [1]}, "fields: must be an object; got [1]"),
        ({"since": [1]}, "since: must be seconds since the epoch or a request's id"),
        ({"at_least": -1}, "at_least: must be a whole number of at least 0; got -1"),
        ({"exactly": "2"}, "exactly: must be a whole number"),
        ({"exactly": True}, "exactly: must be a whole number"),
        ({"exactly": 1, "at_most": 2}, "exactly: cannot go with at_least or at_most"),
    ],
)
async def test_what_cannot_be_understood_is_refused(
    wanted: dict[str, object], problem: str
) -> None:
    with pytest.raises(ExpectationError) as failure:
        read_expectation(wanted, operations=OPERATIONS)
    assert str(failure.value).startswith(problem)
    async with running() as api:
        answer = await api.control("POST", "expect", wanted)
        assert answer.status == 400
        assert answer.json["msg"].startswith(problem)


async def test_an_expectation_is_answered_over_the_wire() -> None:
    async with running() as api:
        first = await api.create(size="1024x1024")
        await api.create(size="1536x1024")
        wanted = {"operation": "createImage", "size": "1024x1024", "exactly": 2}
        told = (await api.control("POST", "expect", wanted)).json
        assert (told["met"], told["count"]) == (False, 1)
        assert told["expected"].startswith("exactly 2 requests")
        assert [request["id"] for request in told["matching"]] == [first.request_id]
        (near,) = told["nearest"]
        assert near["differences"] == ["size is '1536x1024', not '1024x1024'"]
        assert near["request"]["decided"]["size"] == "1536x1024"
        assert told["text"].startswith("expected exactly 2 requests")
        wanted["exactly"] = 1
        assert (await api.control("POST", "expect", wanted)).json["met"] is True


@pytest.mark.parametrize(
    "query, statuses",
    [
        ("operation=createImage", [400, 200]),
        ("status=200", [200, 200]),
        ("status=400,404", [404, 400]),
        ("prompt=cu.e", [400, 200]),
        ("size=1024x1024", [200]),
        ("quality=medium&status=200", [200]),
        ("operation=getTask", [404]),
        ("operation=unknown", []),
    ],
)
async def test_the_journal_is_narrowed_by_a_query(query: str, statuses: list[int]) -> None:
    async with running() as api:
        await api.create(size="1024x1024")
        await api.create(size="1000x1000")
        await api.get("/models")
        await api.get("/images/generations?task_id=x")
        found = (await api.control("GET", f"requests?{query}")).json
        assert found["seen"] == 4
        assert [request["status"] for request in found["requests"]] == statuses


async def test_the_journal_is_read_from_a_request_on() -> None:
    async with running() as api:
        first, second = [(await api.get("/models")).request_id for _ in range(2)]
        found = (await api.control("GET", f"requests?since={first}")).json["requests"]
        assert [request["id"] for request in found] == [second]
        assert (await api.control("GET", "requests?since=9999999999")).json["requests"] == []


@pytest.mark.parametrize(
    "query, problem",
    [("status=2xx", "status: must be a number"), ("statsu=200", "statsu: is not known here")],
)
async def test_a_query_that_is_none_is_refused(query: str, problem: str) -> None:
    async with running() as api:
        refused(await api.control("GET", f"requests?{query}"), 400, problem)
