"""The store: money that is never spent twice, jobs that end once, and what is forgotten when."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.pictures import Reference
from mock_server.rules.tasks import Failure, Job
from mock_server.store.memory import (
    NO_SOURCES,
    Balance,
    Limits,
    MemoryStore,
    Sources,
    Upload,
)
from tests.jobs import a_job

KEY = "sk_test"
DAYS_7 = 7 * 24 * 60 * 60
FAILURE = Failure("TIMEOUT", "too slow")
SYNC = {"size": "2048x2048"}


def a_store(
    balances: Mapping[str, str] | None = None, *, limits: Limits | None = None
) -> MemoryStore:
    """A store whose accounts open with 1 USD, but for those that are given."""
    return MemoryStore(
        balances={key: Decimal(amount) for key, amount in (balances or {}).items()},
        default_balance=Decimal("1.00"),
        retention_s=DAYS_7,
        limits=limits or Limits(),
    )


def submitted(store: MemoryStore, *, sources: Sources = NO_SOURCES, **changes: Any) -> Job:
    job = a_job(**changes)
    assert store.submit(job, sources, job.created_at)
    return job


def money(store: MemoryStore, now: float = 1000, key: str = KEY) -> tuple[str, str, str]:
    """Balance, total and frozen of an account."""
    balance, total, frozen = (f"{amount:f}" for amount in store.balance(key, now))
    return balance, total, frozen


# --- money


def test_a_price_is_held_until_the_task_is_due_and_then_paid_once() -> None:
    store = a_store()
    submitted(store)
    assert money(store, 1099.9) == ("0.96", "1.00", "0.04")
    assert money(store, 1100) == ("0.96", "0.96", "0.00")
    for _ in range(3):
        store.poll_task("task_1", 1200, account=KEY)
        assert store.end("task_1", at=1200) is None
    assert money(store, 1300) == ("0.96", "0.96", "0.00")


def test_a_task_that_fails_costs_nothing() -> None:
    store = a_store()
    submitted(store, failure=FAILURE)
    submitted(store, id="task_2")
    ended = store.end("task_2", at=1050, failure=FAILURE)
    assert ended is not None
    assert (ended.failure, ended.ended_at) == (FAILURE, 1050)
    assert money(store, 1100) == ("1.00", "1.00", "0.00")


def test_a_call_is_paid_when_it_ends() -> None:
    store = a_store()
    submitted(store, id="req_1", fields=SYNC)
    assert money(store, 5000) == ("0.96", "1.00", "0.04")
    store.end("req_1", at=5000)
    assert money(store, 5000) == ("0.96", "0.96", "0.00")
    call = store.call("req_1", 5000)
    assert call is not None
    assert (call.ended_at, call.charged) == (5000, Decimal("0.04"))


def test_without_the_money_nothing_is_kept() -> None:
    store = a_store({KEY: "0.0399"})
    assert not store.submit(a_job(), NO_SOURCES, 1000)
    assert money(store) == ("0.0399", "0.0399", "0")
    assert (store.counts()["tasks"], store.task("task_1", 1000)) == (0, None)


def test_the_last_cent_can_be_spent_and_no_more() -> None:
    store = a_store({KEY: "0.08"})
    submitted(store)
    submitted(store, id="task_2")
    assert not store.submit(a_job(id="task_3"), NO_SOURCES, 1000)
    assert money(store) == ("0.00", "0.08", "0.08")


def test_what_is_due_is_settled_before_the_money_is_counted() -> None:
    store = a_store({KEY: "0.04"})
    submitted(store, failure=FAILURE)
    assert not store.submit(a_job(id="task_2"), NO_SOURCES, 1050)
    assert store.submit(a_job(id="task_2"), NO_SOURCES, 1100)


def test_each_key_is_an_account_of_its_own() -> None:
    store = a_store({"sk_rich": "100"})
    submitted(store, account="sk_rich")
    assert money(store, 1200, "sk_rich") == ("99.96", "99.96", "0.00")
    assert money(store, 1200, "sk_new") == ("1.00", "1.00", "0")


def test_money_that_was_set_is_there_after_a_reset_as_well() -> None:
    store = a_store()
    submitted(store)
    store.set_total(KEY, Decimal(5))
    assert money(store) == ("4.96", "5", "0.04")
    store.reset()
    assert money(store) == ("5", "5", "0")


Event = tuple[str, int]
events = st.lists(
    st.tuples(st.sampled_from(["submit", "call", "finish", "fail", "wait"]), st.integers(0, 9))
)


@given(events)
def test_no_order_of_events_loses_or_invents_money(events: list[Event]) -> None:
    store, now, accepted = a_store({KEY: "0.20"}), 1000.0, []
    for number, (event, which) in enumerate(events):
        name = f"job_{number}"
        if event in ("submit", "call"):
            fields = SYNC if event == "call" else None
            job = a_job(id=name, fields=fields, created_at=now, due_at=now + which * 10)
            if store.submit(job, NO_SOURCES, now):
                accepted.append(job)
        elif event == "wait":
            now += which * 10
        elif which < len(accepted):
            failure = FAILURE if event == "fail" else None
            store.end(accepted[which].id, at=now, failure=failure)
        balance, total, frozen = store.balance(KEY, now)
        jobs = [store.task(job.id, now) or store.call(job.id, now) for job in accepted]
        running = [job for job in jobs if job is not None and job.ended_at is None]
        assert frozen == sum((job.price for job in running), Decimal(0))
        assert total == Decimal("0.20") - sum(job.charged for job in jobs if job is not None)
        assert balance == total - frozen >= 0


# --- tasks


def test_a_task_ends_when_its_time_has_come_although_nobody_asks() -> None:
    store = a_store()
    ended: list[Job] = []
    store.on_end = ended.append
    submitted(store, due_at=1200.0)
    submitted(store, id="task_2", due_at=1100.0)
    store.settle_due(1150)
    assert [(job.id, job.ended_at) for job in ended] == [("task_2", 1100)]
    store.settle_due(5000)
    store.settle_due(6000)
    assert [(job.id, job.ended_at) for job in ended] == [("task_2", 1100), ("task_1", 1200)]


def test_a_task_that_is_ended_early_stays_as_it_ended() -> None:
    store = a_store()
    submitted(store)
    store.end("task_1", at=1020, failure=FAILURE)
    later = store.task("task_1", 2000)
    assert later is not None
    assert (later.ended_at, later.failure) == (1020, FAILURE)


def test_nothing_ends_before_it_began() -> None:
    store = a_store()
    submitted(store)
    ended = store.end("task_1", at=10)
    assert ended is not None
    assert ended.ended_at == 1000


def test_what_is_unknown_does_not_end() -> None:
    store = a_store()
    assert store.end("task_1", at=1000) is None
    assert store.task("task_1", 1000) is None
    assert store.call("task_1", 1000) is None
    assert store.poll_task("task_1", 1000, account=KEY) is None


def test_a_task_that_owes_polls_waits_for_them() -> None:
    store = a_store()
    submitted(store, polls_left=2)
    shown = [store.poll_task("task_1", 2000, account=KEY) for _ in range(3)]
    assert [job.polls_left for job in shown if job] == [2, 1, 0]
    assert [job.ended_at for job in shown if job] == [None, None, 2000]
    assert money(store, 2000) == ("0.96", "0.96", "0.00")


def test_a_task_whose_polls_come_early_ends_on_time() -> None:
    store = a_store()
    submitted(store, polls_left=1)
    store.poll_task("task_1", 1050, account=KEY)
    before, after = store.task("task_1", 1099), store.task("task_1", 1100)
    assert before is not None
    assert after is not None
    assert (before.ended_at, after.ended_at) == (None, 1100)


def test_another_key_s_poll_finds_nothing_and_counts_for_nothing() -> None:
    store = a_store()
    submitted(store, polls_left=1)
    assert store.poll_task("task_1", 2000, account="sk_other") is None
    job = store.task("task_1", 2000)
    assert job is not None
    assert (job.polls_left, job.ended_at) == (1, None)


def test_a_look_is_no_poll() -> None:
    store = a_store()
    submitted(store, polls_left=1)
    assert store.task("task_1", 2000) == store.task("task_1", 2000)


def test_tasks_are_listed_the_newest_first() -> None:
    store = a_store()
    for number in range(3):
        submitted(store, id=f"task_{number}")
    submitted(store, id="req_1", fields=SYNC)
    assert [job.id for job in store.tasks()] == ["task_2", "task_1", "task_0"]
    assert store.counts() == {"accounts": 1, "tasks": 3, "calls": 1, "uploads": 0}


# --- what is forgotten


@pytest.mark.parametrize("age_s, known", [(DAYS_7, True), (DAYS_7 + 1, False)])
def test_tasks_calls_and_uploads_live_seven_days(age_s: float, *, known: bool) -> None:
    store = a_store()
    submitted(store, due_at=1100.0)
    submitted(store, id="req_1", fields=SYNC)
    store.end("req_1", at=1100)
    store.add_upload("file_1", Upload(b"bytes", "image/png", 1100))
    now = 1100 + age_s
    found = [store.task("task_1", now), store.call("req_1", now), store.upload("file_1", now)]
    assert [item is not None for item in found] == [known] * 3
    assert (store.poll_task("task_1", now, account=KEY) is not None) == known


def test_old_tasks_make_room_and_give_back_what_they_held() -> None:
    store = a_store()
    for number in range(3):
        submitted(store, id=f"task_{number}", polls_left=1)
    assert money(store, 2000) == ("0.88", "1.00", "0.12")
    submitted(store, id="task_new", created_at=1000.0 + DAYS_7 + 1, due_at=2.0 * DAYS_7)
    assert [job.id for job in store.tasks()] == ["task_new"]
    assert money(store, DAYS_7 + 1002) == ("0.96", "1.00", "0.04")


def test_the_oldest_calls_are_forgotten_first() -> None:
    store = a_store(limits=Limits(calls=2))
    for number in range(4):
        submitted(store, id=f"req_{number}", fields=SYNC)
        store.end(f"req_{number}", at=1100)
    assert [store.call(f"req_{n}", 1100) is not None for n in range(4)] == [0, 0, 1, 1]
    assert store.counts()["calls"] == 2


def test_a_running_call_is_not_forgotten_before_it_is_paid() -> None:
    store = a_store(limits=Limits(calls=0))
    submitted(store, id="req_1", fields=SYNC)
    submitted(store, id="req_2", fields=SYNC)
    store.end("req_2", at=1100)
    store.end("req_1", at=1100)
    assert money(store) == ("0.92", "0.92", "0.00")
    assert store.counts()["calls"] == 0


def sources_of(size: int, *, mask: bytes | None = None) -> Sources:
    return Sources((Reference(b"x" * size, None),), mask)


def test_the_pictures_of_an_edit_are_kept_with_it() -> None:
    store = a_store()
    job = submitted(store, sources=sources_of(10))
    assert store.sources(job.id) == sources_of(10)
    assert store.sources("task_2") is None
    submitted(store, id="task_2")
    assert store.sources("task_2") is None
    store.reset()
    assert store.sources(job.id) is None


def test_a_weight_counts_pictures_and_mask() -> None:
    assert sources_of(10, mask=b"123").weight == 13
    assert Sources((Reference(None, "https://example.com/a.png"),), None).weight == 0


def test_the_oldest_pictures_are_forgotten_first() -> None:
    store = a_store(limits=Limits(source_bytes=25))
    for number in range(4):
        submitted(store, id=f"task_{number}", sources=sources_of(10))
    kept = [store.sources(f"task_{number}") is not None for number in range(4)]
    assert kept == [False, False, True, True]
    submitted(store, id="task_large", sources=sources_of(100))
    assert store.sources("task_large") is not None
    assert store.sources("task_3") is None


def test_pictures_go_with_the_call_they_belong_to() -> None:
    store = a_store(limits=Limits(calls=1, source_bytes=25))
    for number in range(6):
        submitted(store, id=f"req_{number}", fields=SYNC, sources=sources_of(10))
        store.end(f"req_{number}", at=1100)
    assert [store.sources(f"req_{n}") is not None for n in range(6)] == [0, 0, 0, 0, 0, 1]


def test_the_oldest_uploads_are_forgotten_first() -> None:
    store = a_store(limits=Limits(upload_bytes=25))
    for number in range(4):
        store.add_upload(f"file_{number}", Upload(b"x" * 10, "image/png", 1000))
    kept = [store.upload(f"file_{number}", 1000) is not None for number in range(4)]
    assert kept == [False, False, True, True]
    store.add_upload("large", Upload(b"x" * 100, "image/png", 1000))
    assert store.counts()["uploads"] == 1


def test_a_reset_forgets_everything() -> None:
    store = a_store({KEY: "3"})
    submitted(store, sources=sources_of(5))
    submitted(store, id="req_1", fields=SYNC)
    store.add_upload("file_1", Upload(b"x", "image/png", 1000))
    store.reset()
    assert store.counts() == {"accounts": 1, "tasks": 0, "calls": 0, "uploads": 0}
    assert store.balance(KEY, 9999) == Balance(Decimal(3), Decimal(3), Decimal(0))
    assert (store.task("task_1", 1000), list(store.tasks())) == (None, [])
