"""When a webhook is tried again."""

from dataclasses import replace
from itertools import islice

from mock_server.rules.hooks import delays
from tests.laws import own_contract

TABLE = own_contract().hooks


def test_three_quick_tries_then_one_a_minute_without_end() -> None:
    assert list(islice(delays(TABLE), 6)) == [1, 2, 4, 60, 60, 60]
    assert next(islice(delays(TABLE), 100_000, None)) == 60


def test_another_schedule_is_followed() -> None:
    table = replace(TABLE, retry_after_s=(5.0, 0.5), background_every_s=7.0)
    assert list(islice(delays(table), 4)) == [5, 0.5, 7, 7]
    assert list(islice(delays(replace(table, retry_after_s=())), 2)) == [7, 7]


def test_a_2xx_and_nothing_else_ends_it() -> None:
    assert [status for status in range(100, 600) if status in TABLE.success] == [*range(200, 300)]
    assert (TABLE.method, TABLE.content_type) == ("POST", "application/json")
    assert (TABLE.attempt_timeout_s, TABLE.give_up_after_s) == (10, 1800)
