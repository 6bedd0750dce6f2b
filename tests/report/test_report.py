"""Each bad habit is found, by its name and nothing else; a polite client has none."""

from collections.abc import Awaitable, Callable

import pytest

from mock_server.inspection import client_report
from mock_server.report import FINDINGS, Report
from tests.api import until
from tests.receivers import HANGS
from tests.report.clients import Client, client_of, received_by

DAY_S = 86_400.0
Habit = Callable[[Client], Awaitable[None]]


async def asks_again_after_leaving(client: Client) -> None:
    await client.ask_and_leave(after=100, fault="slow;seconds=60")
    await client.ask()


async def leaves_early(client: Client) -> None:
    await client.ask_and_leave(after=30, quality="high")
    await client.finish()


async def leaves_a_task_that_it_waits_for(client: Client) -> None:
    await client.ask_and_leave(after=30, path="/images/generations-sync")
    await client.finish()


async def repeats_what_was_refused(client: Client) -> None:
    for _ in range(2):
        await client.ask(size="1000x1000")
        await client.wait(2)


async def repeats_with_a_key_that_was_refused(client: Client) -> None:
    for _ in range(2):
        await client.api.ask(
            "POST", "/images/generations", key=None, fields={"prompt": "x", "size": "1024x1024"}
        )
        await client.wait(2)


async def ignores_retry_after(client: Client) -> None:
    await client.fail("rate_limit;retry_after=5")
    await client.ask()
    await client.wait(1)
    await client.ask()


async def ignores_retry_after_of_a_poll(client: Client) -> None:
    task_id = await client.task()
    await client.fail("rate_limit;retry_after=5")
    await client.poll(task_id, times=2, every=2)
    await client.finish()
    await client.poll(task_id)
    await client.fetch(task_id)


async def retries_at_once(client: Client) -> None:
    await client.fail("server_error")
    await client.ask()
    await client.ask()


async def retries_at_the_same_pace(client: Client) -> None:
    await client.fail("server_error;status=503", times=3)
    for _ in range(4):
        await client.ask()
        await client.wait(1)


async def expects_a_picture(client: Client) -> None:
    await client.api.create()
    await client.finish()


async def forgets_a_task(client: Client) -> None:
    await client.poll(await client.task())
    await client.finish()


async def trusts_in_a_webhook_alone(client: Client) -> None:
    async with received_by(client, 200) as receiver:
        await client.fail("lost_webhook")
        await client.task(callback_url=receiver.url)
        await client.finish()


async def polls_fast(client: Client) -> None:
    task_id = await client.task()
    await client.poll(task_id, every=0.5, times=3)
    await client.finish()
    await client.poll(task_id)
    await client.fetch(task_id)


async def polls_after_the_end(client: Client) -> None:
    task_id = await client.task()
    await client.finish()
    await client.poll(task_id, times=4)
    await client.fetch(task_id)


async def polls_until_the_task_is_forgotten(client: Client) -> None:
    await client.fail("stuck")
    await client.poll(await client.task(), every=4 * DAY_S, times=3)


async def polls_what_is_not_there(client: Client) -> None:
    await client.poll("task_unknown", times=4)


async def never_downloads(client: Client) -> None:
    task_id = await client.task(n=2)
    await client.finish()
    await client.poll(task_id)
    await client.fetch(task_id, number=1)


async def never_downloads_what_was_only_a_url(client: Client) -> None:
    await client.fail("missing_b64")
    await client.ask()


async def downloads_too_late(client: Client) -> None:
    task_id = await client.task()
    await client.finish()
    await client.poll(task_id)
    await client.wait(7 * DAY_S + 1)
    await client.fetch(task_id)


async def refuses_its_webhook(client: Client) -> None:
    async with received_by(client, 500, 200) as receiver:
        task_id = await client.task(callback_url=receiver.url)
        await client.finish()
        await client.reported(1)
        await client.wait(1)
        await client.reported(2)
        await client.fetch(task_id)


async def answers_its_webhook_late(client: Client) -> None:
    async with received_by(client, HANGS) as receiver:
        task_id = await client.task(callback_url=receiver.url)
        await client.finish()
        await until(lambda: receiver.hooks)
        await client.wait(6)
        receiver.release()
        await client.reported(1)
        await client.fetch(task_id)


async def stumbles_over_a_copy(client: Client) -> None:
    async with received_by(client, 200, 409, 200) as receiver:
        await client.fail("duplicate_webhook")
        task_id = await client.task(callback_url=receiver.url)
        await client.finish()
        await client.reported(2)
        await client.wait(1)
        await client.reported(3)
        await client.fetch(task_id)


async def works_for_each_copy(client: Client) -> None:
    async with received_by(client, 200) as receiver:
        await client.fail("duplicate_webhook")
        task_id = await client.task(callback_url=receiver.url)
        await client.finish()
        await client.reported(2)
        for _ in receiver.hooks:
            await client.fetch(task_id)


HABITS: list[tuple[str, Habit]] = [
    ("paid-twice", asks_again_after_leaving),
    ("timeout-too-short", leaves_early),
    ("timeout-too-short", leaves_a_task_that_it_waits_for),
    ("hopeless-retry", repeats_what_was_refused),
    ("hopeless-retry", repeats_with_a_key_that_was_refused),
    ("retry-after-ignored", ignores_retry_after),
    ("retry-after-ignored", ignores_retry_after_of_a_poll),
    ("backoff-missing", retries_at_once),
    ("backoff-missing", retries_at_the_same_pace),
    ("size-left-out", expects_a_picture),
    ("task-not-collected", forgets_a_task),
    ("task-not-collected", trusts_in_a_webhook_alone),
    ("fast-polling", polls_fast),
    ("endless-polling", polls_after_the_end),
    ("endless-polling", polls_until_the_task_is_forgotten),
    ("endless-polling", polls_what_is_not_there),
    ("result-not-fetched", never_downloads),
    ("result-not-fetched", never_downloads_what_was_only_a_url),
    ("result-too-late", downloads_too_late),
    ("webhook-refused", refuses_its_webhook),
    ("webhook-slow", answers_its_webhook_late),
    ("webhook-not-idempotent", stumbles_over_a_copy),
    ("webhook-not-idempotent", works_for_each_copy),
]


async def report_on(habit: Habit) -> Report:
    async with client_of() as client:
        await habit(client)
        return client_report(client.api.mock)


@pytest.mark.parametrize("name, habit", HABITS)
async def test_a_bad_habit_is_found_and_nothing_else(name: str, habit: Habit) -> None:
    report = await report_on(habit)
    assert [finding.name for finding in report.findings] == [name], str(report)
    (finding,) = report.findings
    assert finding.requests or finding.webhooks
    assert finding.what in str(report)
    assert finding.advice in str(report)


def test_every_finding_has_its_bad_client() -> None:
    assert {name for name, _ in HABITS} == set(FINDINGS)


async def asks_for_pictures(client: Client) -> None:
    for quality in ("low", "medium", "high", "auto"):
        await client.ask(quality=quality)


async def waits_as_long_as_asked(client: Client) -> None:
    await client.fail("rate_limit;retry_after=5", times=2)
    for _ in range(3):
        await client.ask()
        await client.wait(5)


async def goes_by_milliseconds(client: Client) -> None:
    await client.fail("rate_limit;retry_after=9;retry_after_ms=800")
    for _ in range(2):
        await client.ask()
        await client.wait(0.8)


async def backs_off(client: Client) -> None:
    await client.fail("server_error", times=4)
    for wait in (0.375, 0.75, 1.5, 3, 0):
        await client.ask()
        await client.wait(wait)


async def tops_up_and_asks_again(client: Client) -> None:
    await client.api.control("POST", "accounts", {"key": "sk_test", "balance": "0"})
    assert await client.ask() == 402
    await client.api.control("POST", "accounts", {"key": "sk_test", "balance": "1"})
    assert await client.ask() == 200


async def makes_several_alike(client: Client) -> None:
    for _ in range(3):
        await client.ask()


async def polls_until_done(client: Client) -> None:
    task_id = await client.task()
    await client.poll(task_id, every=1, times=3)
    await client.finish()
    await client.poll(task_id, every=1, times=3)
    await client.fetch(task_id)


async def asks_again_for_empty_results(client: Client) -> None:
    await client.fail("empty_results;times=3")
    task_id = await client.task()
    await client.finish()
    await client.poll(task_id, every=1, times=4)
    await client.fetch(task_id)


async def lets_a_task_run(client: Client) -> None:
    await client.task()


async def learns_of_a_failure(client: Client) -> None:
    await client.fail("upstream_busy")
    task_id = await client.task()
    await client.finish()
    await client.poll(task_id)


async def starts_from_what_it_made(client: Client) -> None:
    task_id = await client.task()
    await client.finish()
    await client.poll(task_id)
    await client.ask(image_url=f"{client.api.base}/results/{task_id}-0.png")


async def takes_webhooks_well(client: Client) -> None:
    async with received_by(client, 200) as receiver:
        await client.fail("duplicate_webhook;times=3")
        task_id = await client.task(callback_url=receiver.url)
        await client.finish()
        await client.reported(3)
        await client.fetch(task_id)


async def leaves_when_nothing_comes_any_more(client: Client) -> None:
    await client.ask_and_leave(after=150, quality="high", fault="slow;seconds=600")
    await client.wait(600)


POLITE: list[Habit] = [
    asks_for_pictures,
    waits_as_long_as_asked,
    goes_by_milliseconds,
    backs_off,
    tops_up_and_asks_again,
    makes_several_alike,
    polls_until_done,
    asks_again_for_empty_results,
    lets_a_task_run,
    learns_of_a_failure,
    starts_from_what_it_made,
    takes_webhooks_well,
    leaves_when_nothing_comes_any_more,
]


@pytest.mark.parametrize("habit", POLITE)
async def test_a_polite_client_is_told_so(habit: Habit) -> None:
    report = await report_on(habit)
    assert report.is_polite, str(report)
    assert str(report).endswith("nothing to complain of")
