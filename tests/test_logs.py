"""The log: a line a request, for a person or a machine, without secrets."""

import json
import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from mock_server.journal import Exchange
from mock_server.logs import set_up_logs
from tests.api import running

Lines = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The mock's logger is as it was."""
    logger = logging.getLogger("mock_server")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logger.propagate = propagate


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What went to standard error so far, and nothing to standard output."""

    def read() -> list[str]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return read


def exchange(**changes: Any) -> Exchange:
    """A picture that was made in 75 seconds."""
    facts: dict[str, Any] = {
        "id": "req_1",
        "received_at": 1000.0,
        "answered_at": 1075.0,
        "method": "POST",
        "path": "/api/v1/images/generations",
        "operation": "createImage",
        "account": "sk_secret",
        "fields": {"prompt": "a red cube " * 20},
        "decided": {
            "mode": "sync", "size": "1024x1024", "quality": "medium", "price": Decimal("0.025"),
        },
        "status": 200,
    }  # fmt: skip
    return Exchange(**(facts | changes))


def tell(told: Exchange) -> None:
    logging.getLogger("mock_server.requests").info("", extra={"exchange": told})


def test_a_picture_is_a_line_for_a_person(lines: Lines) -> None:
    set_up_logs("text", quiet=False)
    tell(exchange())
    assert lines() == ["200 POST /api/v1/images/generations sync 1024x1024 medium 0.025 USD 75.0 s"]


def test_a_refusal_says_its_rule_where_it_has_one(lines: Lines) -> None:
    set_up_logs("text", quiet=False)
    tell(exchange(status=400, decided={}, rule="n", message="n: must be 1", answered_at=1000.0))
    tell(exchange(status=400, decided={}, rule=None, message="torn", answered_at=1000.04))
    start = "400 POST /api/v1/images/generations"
    assert lines() == [f"{start} [n] n: must be 1 0.0 s", f"{start} torn 0.0 s"]


def test_a_picture_is_an_object_for_a_machine(lines: Lines) -> None:
    set_up_logs("json", quiet=False)
    tell(exchange())
    (line,) = lines()
    told = json.loads(line)
    assert told.pop("at") > 0
    assert told == {
        "level": "info",
        "request": "req_1",
        "method": "POST",
        "path": "/api/v1/images/generations",
        "operation": "createImage",
        "status": 200,
        "seconds": 75.0,
        "mode": "sync",
        "size": "1024x1024",
        "quality": "medium",
        "price": "0.025",
        "prompt": ("a red cube " * 20)[:60],
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_shows_a_key_or_goes_on_for_ever(form: str, lines: Lines) -> None:
    set_up_logs(form, quiet=False)
    tell(exchange(path="/" + "x" * 10_000, message="y" * 10_000, rule="status"))
    (line,) = lines()
    assert "sk_secret" not in line
    assert len(line) < 1000


@pytest.mark.parametrize("form", ["text", "json"])
def test_other_lines_and_bugs_are_told_too(form: str, lines: Lines) -> None:
    set_up_logs(form, quiet=False)
    logger = logging.getLogger("mock_server.webhooks")
    logger.info("webhook %s %s", "task_1", 204)
    logger.error("a bug in the mock", exc_info=RuntimeError("torn"))
    shown = lines()
    if form == "json":
        first, second = map(json.loads, shown)
        assert (first["level"], first["message"]) == ("info", "webhook task_1 204")
        assert second["level"] == "error"
        shown = [first["message"], *second["message"].splitlines()]
    assert shown[:2] == ["webhook task_1 204", "a bug in the mock"]
    assert shown[-1] == "RuntimeError: torn"


def test_quiet_leaves_only_what_is_wrong(lines: Lines) -> None:
    set_up_logs("text", quiet=True)
    tell(exchange())
    logging.getLogger("mock_server.webhooks").warning("odd")
    assert lines() == []
    logging.getLogger("mock_server.requests").error("a bug")
    assert lines() == ["a bug"]


def test_set_up_twice_it_speaks_once(lines: Lines) -> None:
    set_up_logs("json", quiet=False)
    set_up_logs("text", quiet=False)
    tell(exchange())
    assert len(lines()) == 1


async def test_what_a_mock_logs_is_one_line_a_request_with_rule_and_price(lines: Lines) -> None:
    set_up_logs("json", quiet=False)
    async with running() as api:
        prompt = "a lighthouse " * 100
        await api.create(key="sk_secret", size="1024x1024", prompt=prompt)
        await api.create(key="sk_secret", size="1000x1000")
        await api.ask("GET", "/models", key=None)
    made, refused, unknown = map(json.loads, lines())
    assert (made["status"], made["price"], made["size"]) == (200, "0.025", "1024x1024")
    assert made["prompt"] == prompt[:60]
    assert (refused["status"], refused["rule"]) == (400, "size-grid")
    assert "1000x1000" in refused["message"]
    assert (unknown["status"], unknown["rule"]) == (401, "auth")
    assert "sk_secret" not in str((made, refused, unknown))
