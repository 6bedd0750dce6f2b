"""What Schemathesis proposes from the schemas, sent and judged by the oracle and the laws."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.asking import expected_of
from contracts.claims import Level, World, bill, rule
from contracts.court import Court, must_be_offered
from contracts.exchange import Exchange, Request
from contracts.judge import NotJudgedError
from contracts.oracle import answers
from contracts.oracle.asked import operation_of
from contracts.oracle.prices import largest
from contracts.oracle.requests import Expectation, Mode
from contracts.oracle.schemas import complaints
from contracts.proposing import Proposals
from contracts.report.model import Outcome

PAID = 10
"""How many legal proposals of an operation are sent at most."""
PICTURES = ("createImage", "editImage", "createImageAndWait")
OTHERS = (
    "getTask",
    "getTaskByPath",
    "getVideoTask",
    "listModels",
    "getModel",
    "getBalance",
    "getRecord",
    "uploadFile",
)
SCHEMAS = {
    "listModels": ("models", "ModelList"),
    "getBalance": ("settle-once", "Balance"),
    "uploadFile": ("files", "UploadAnswer"),
}
"""For each operation the rule and the schema of its answer."""
LEFT_OUT = {"reference-forms", "mask", "private-url"}
"""What is wrong with a picture among others, of which the server may use just some."""
CLIENT_ERRORS = range(400, 500)


@rule("status", "status/no-5xx", "error-shape", "prompt", "model", "n", "unknown-fields/null")
@bill(Level.FREE, requests=400)
@pytest.mark.parametrize("operation", PICTURES)
def test_what_the_schema_forbids_is_refused(
    operation: str, court: Court, proposals: Proposals
) -> None:
    """Legal proposals are left to others: they cost money."""
    for request, expected in _expected(court.world, operation, proposals):
        if _is_surely_refused(court, expected):
            exchange = court.target.send(request, largest=expected.largest)
            _judge_refusal(court, exchange, expected)


@rule("mode", "status/no-5xx", "unknown-fields")
@bill(Level.FULL, requests=PAID, largest=lambda world: largest(world.spec) * PAID)
@pytest.mark.parametrize("operation", PICTURES)
def test_what_the_schema_allows_is_taken(
    operation: str, court: Court, proposals: Proposals
) -> None:
    taken = [pair for pair in _expected(court.world, operation, proposals) if pair[1].accepted]
    cheap = sorted(taken, key=lambda pair: (pair[1].price, len(pair[0].body() or b"")))
    with ThreadPoolExecutor(PAID) as pool:
        sent = list(pool.map(lambda pair: _sent(court, *pair), cheap[:PAID]))
    for request, exchange in sent:
        must_be_offered(exchange)
        status = exchange.answer.status
        if status in court.world.spec.facts.status.unwilling:
            raise NotJudgedError(f"the target answers {status}: {exchange.answer.message}")
        is_fetched = _has_url(request)
        wrong = status != 200 and not (is_fetched and status in CLIENT_ERRORS)
        problems = [f"status {status}: {exchange.answer.message}"] if wrong else []
        told = "200: the schema allows it"
        court.judge("mode", exchange, expected=told, problems=problems)


@rule("status", "status/no-5xx", "error-shape", "models", "files", "poll-errors", "settle-once")
@bill(Level.FREE, requests=200)
@pytest.mark.parametrize("operation", OTHERS)
def test_every_other_operation_answers_by_its_schema(
    operation: str, court: Court, proposals: Proposals
) -> None:
    for request in proposals.of(operation):
        exchange = court.target.send(request)
        if exchange.answer.status != 200 or not _is_of(court.world, request, operation):
            continue
        for name, schema in [SCHEMAS[operation]] if operation in SCHEMAS else []:
            found = complaints(court.world.spec, schema, exchange.answer.json)
            problems = [f"{place}: {words}" for place, words in found]
            told = f"an answer by the schema {schema}"
            court.judge(name, exchange, expected=told, problems=problems)


def _sent(court: Court, request: Request, expected: Expectation) -> tuple[Request, Exchange]:
    """Sent, and followed to its end, so that nobody else finds money held for it."""
    exchange = court.target.send_unjudged(request, price=expected.price or expected.largest)
    if exchange.answer.task_id is not None and expected.mode is Mode.ASYNC:
        court.target.follow(exchange)
    return request, exchange


def _expected(
    world: World, operation: str, proposals: Proposals
) -> Iterator[tuple[Request, Expectation]]:
    for request in proposals.of(operation):
        if _is_of(world, request, operation):
            yield request, expected_of(world, request)


def _is_of(world: World, request: Request, operation: str) -> bool:
    return operation_of(world.spec, request) == operation


def _is_surely_refused(court: Court, expected: Expectation) -> bool:
    """Whether every server must refuse it: no reading of ours, no picture that it may not use."""
    rules = {fault.rule for fault in expected.faults}
    weights = {court.judge.weight(fault.rule, fault.part) for fault in expected.faults}
    return bool(rules - LEFT_OUT) and Outcome.NOT_JUDGED not in weights


def _judge_refusal(court: Court, exchange: Exchange, expected: Expectation) -> None:
    """Refused by any 4xx: of several faults the server may tell any."""
    fault, status = expected.faults[0], exchange.answer.status
    name = f"{fault.rule}/{fault.part}" if fault.part else fault.rule
    fine = status in CLIENT_ERRORS or answers.is_failure_in_200(court.world.spec, exchange.answer)
    problems = [] if fine else [f"status {status}"]
    court.judge(name, exchange, expected=f"4xx: {fault.text}", problems=problems)


def _has_url(request: Request) -> bool:
    """Whether the body names a URL, which the target may be unable to fetch."""
    return b"://" in (request.body() or b"")
