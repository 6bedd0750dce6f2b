"""The state of a task, from the time at which it is looked at."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.rules.tasks import Failure, Job, is_kept, is_over, poll, state_of
from tests.jobs import a_job
from tests.laws import own_contract

TABLE = own_contract().tasks
RETENTION_S = 7 * 24 * 60 * 60
FAILURE = Failure("UPSTREAM_BUSY", "the model is busy")
ORDER = ["pending", "processing", "completed", "failed"]


@pytest.mark.parametrize(
    "now, state",
    [
        (1000, "pending"),
        (1009.999, "pending"),
        (1010, "processing"),
        (1099.999, "processing"),
        (1100, "completed"),
        (10**9, "completed"),
    ],
)
def test_the_state_follows_from_the_time(now: float, state: str) -> None:
    assert state_of(a_job(), now, TABLE) == state
    failed = a_job(failure=FAILURE)
    assert state_of(failed, now, TABLE) == state.replace("completed", "failed")


@given(
    moments=st.lists(st.floats(990, 1200), min_size=1), polls=st.integers(0, 4), fails=st.booleans()
)
def test_a_task_never_goes_back(moments: list[float], polls: int, *, fails: bool) -> None:
    job = a_job(polls_left=polls, failure=FAILURE if fails else None)
    seen = []
    for now in sorted(moments):
        seen.append(state_of(job, now, TABLE))
        job = poll(job, now)
    assert seen == sorted(seen, key=ORDER.index)
    assert "completed" not in seen[:polls]
    assert "failed" not in seen[:polls]
    assert ("completed" if fails else "failed") not in seen


def _polled(job: Job, now: float, times: int) -> list[str]:
    states = []
    for _ in range(times):
        states.append(state_of(job, now, TABLE))
        job = poll(job, now)
    return states


def test_a_task_that_owes_polls_shows_every_step_although_its_time_has_come() -> None:
    assert _polled(a_job(), 2000, 2) == ["completed", "completed"]
    assert _polled(a_job(polls_left=1), 2000, 3) == ["processing", "completed", "completed"]
    assert _polled(a_job(polls_left=2), 2000, 3) == ["pending", "processing", "completed"]
    expected = ["pending", "processing", "processing", "completed"]
    assert _polled(a_job(polls_left=3), 2000, 4) == expected


def test_a_task_that_owed_polls_is_due_with_the_last_of_them() -> None:
    job = poll(a_job(polls_left=1), 2000)
    assert (job.polls, job.polls_left, job.due_at) == (1, 0, 2000)
    early = poll(a_job(polls_left=1), 1050)
    assert (early.polls_left, early.due_at) == (0, 1100)
    assert poll(a_job(polls_left=2), 2000).due_at == 1100


def test_a_poll_that_is_not_owed_changes_nothing() -> None:
    assert poll(a_job(), 1050) == a_job()
    ended = a_job(polls_left=2, ended_at=1100.0)
    assert poll(ended, 1200) == ended


def test_the_end_is_certain_once_it_was_settled() -> None:
    ended = a_job(ended_at=1020.0)
    assert is_over(ended, 1000)
    assert state_of(ended, 1000, TABLE) == "completed"
    assert not is_over(a_job(polls_left=1), 5000)
    assert is_over(a_job(), 1100)
    assert not is_over(a_job(), 1099)


def test_only_a_completed_job_is_paid() -> None:
    assert a_job().charged == 0
    assert a_job(ended_at=1100.0).charged == Decimal("0.04")
    assert a_job(ended_at=1100.0, failure=FAILURE).charged == 0


def test_a_call_cannot_be_polled() -> None:
    assert a_job().is_task
    assert not a_job(fields={"size": "2048x2048"}).is_task


@pytest.mark.parametrize("age_s, kept", [(0, True), (RETENTION_S, True), (RETENTION_S + 1, False)])
def test_what_is_older_than_seven_days_is_gone(age_s: float, *, kept: bool) -> None:
    retention_s = own_contract().retention_s
    assert is_kept(1000, 1000 + age_s, retention_s=retention_s) is kept


def test_the_words_are_the_contract_s() -> None:
    assert (TABLE.pending, TABLE.processing, TABLE.completed, TABLE.failed) == tuple(ORDER)
    assert (TABLE.code, TABLE.msg) == (200, "success")
    assert (TABLE.from_text, TABLE.from_image) == ("TEXT_TO_IMAGE", "IMAGE_TO_IMAGE")
    retryable = {code for code, again in TABLE.retryable.items() if again}
    assert retryable == {"UPSTREAM_BUSY", "UPSTREAM_FAILED", "TIMEOUT", "INTERNAL_ERROR", "OTHER"}
    assert set(TABLE.retryable) - retryable == {"CONTENT_MODERATION", "INVALID_INPUT"}
