"""Sins against prices, balances and records."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from aiohttp import web

from mock_server import submissions, sync_answers
from mock_server.errors import ApiError
from mock_server.mock import EXCHANGE, MOCK
from mock_server.rules import pricing, quotes
from mock_server.rules.tasks import Job
from mock_server.store.memory import Balance, MemoryStore
from tests.suite.plant import SINS, Handler, Plant, Sin, sin

_WRONG_CELLS = {
    "1K": {"low": "0.006", "medium": "0.026", "high": "0.08"},
    "2K": {"low": "0.02", "medium": "0.05", "high": "0.11"},
    "4K": {"low": "0.016", "medium": "0.07", "high": "0.24"},
}


def _enter_wrong_cells() -> None:
    for tier, row in _WRONG_CELLS.items():
        for quality, wrong in row.items():
            name = f"another-price-of-{tier}-{quality}"
            SINS[name] = Sin(name, "price", _wrong_cell(f"{tier}/{quality}", wrong))


def _wrong_cell(cell: str, wrong: str) -> Callable[[Plant], None]:
    return lambda plant: plant.change({f"price/data/per_image/{cell}": wrong})


_enter_wrong_cells()


@sin("price")
def webp_costs_more(plant: Plant) -> None:
    def wrong(right: Any, self: Any, request: Any, **kwargs: Any) -> Any:
        quote = right(self, request, **kwargs)
        dear = request.output_format == "webp"
        return quote._replace(price=quote.price * 2) if dear else quote

    plant.wrap(quotes.Quotes, "of", wrong)


@sin("price")
def references_cost_more(plant: Plant) -> None:
    def wrong(right: Any, self: Any, request: Any, **kwargs: Any) -> Any:
        quote = right(self, request, **kwargs)
        return quote._replace(price=quote.price * 2) if request.is_edit else quote

    plant.wrap(quotes.Quotes, "of", wrong)


@sin("price-auto")
def auto_costs_what_high_costs(plant: Plant) -> None:
    plant.change({"price-auto/data/billed_as/auto": "high"})


@sin("price-auto")
def the_default_quality_is_low(plant: Plant) -> None:
    plant.change({"components/schemas/Quality/default": "low"})


@sin("price-n")
def many_cost_what_one_costs(plant: Plant) -> None:
    plant.wrap(
        pricing,
        "price",
        lambda right, prices, *, tier, quality, n: right(prices, tier=tier, quality=quality, n=1),
    )


@sin("price-n")
def nine_cost_what_eight_cost(plant: Plant) -> None:
    plant.wrap(
        pricing,
        "price",
        lambda right, prices, *, tier, quality, n: right(
            prices, tier=tier, quality=quality, n=8 if n == 9 else n
        ),
    )


@sin("free-failure")
def failed_tasks_are_paid(plant: Plant) -> None:
    paid = property(lambda job: job.price if job.ended_at is not None else Decimal(0))
    plant.patch(Job, "charged", paid)


@sin("free-failure")
def refusals_are_paid(plant: Plant) -> None:
    right = submissions.submit

    async def wrong(mock: Any, request: Any, operation: Any) -> Any:
        try:
            return await right(mock, request, operation)
        except Exception:
            account = mock.store.account(str(request[EXCHANGE].account))
            account.total -= Decimal("0.005")
            raise

    plant.patch(submissions, "submit", wrong)


@sin("settle-once")
def each_poll_of_a_finished_task_is_paid(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, task_id: str, now: float, **kwargs: Any) -> Any:
        job = right(self, task_id, now, **kwargs)
        if job is not None and job.ended_at is not None:
            self.account(job.account).total -= job.price
        return job

    plant.wrap(MemoryStore, "poll_task", wrong)


@sin("settle-once")
def nothing_is_held(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job: Job, *args: Any) -> Any:
        kept = right(self, job, *args)
        if kept and job.is_task:
            self.account(job.account).frozen -= job.price
        return kept

    plant.wrap(MemoryStore, "submit", wrong)


@sin("settle-once")
def the_automatic_quality_is_held_twice(plant: Plant) -> None:
    def twice(self: MemoryStore, job: Job | None, sign: int) -> None:
        if job is not None and job.is_task and job.request.quality == "auto":
            self.account(job.account).frozen += sign * job.price

    def wrong(right: Any, self: MemoryStore, job: Job, *args: Any) -> bool:
        taken: bool = right(self, job, *args)
        twice(self, job if taken else None, 1)
        return taken

    def later(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Job | None:
        ended: Job | None = right(self, job_id, **kwargs)
        twice(self, ended, -1)
        return ended

    plant.wrap(MemoryStore, "submit", wrong)
    plant.wrap(MemoryStore, "end", later)


@sin("settle-once")
def only_the_latest_hold_counts(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job: Job, *args: Any) -> bool:
        taken: bool = right(self, job, *args)
        if taken:
            self.account(job.account).frozen = job.price
        return taken

    def later(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Job | None:
        ended: Job | None = right(self, job_id, **kwargs)
        if ended is not None:
            self.account(ended.account).frozen = Decimal(0)
        return ended

    plant.wrap(MemoryStore, "submit", wrong)
    plant.wrap(MemoryStore, "end", later)


@sin("settle-once")
def a_hold_ends_when_work_begins(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, key: str, now: float) -> Balance:
        seen: Balance = right(self, key, now)
        jobs = [job for job in self._tasks.values() if job.account == key]
        begun = sum(
            (job.price for job in jobs if job.ended_at is None and job.starts_at <= now), Decimal(0)
        )
        return Balance(seen.balance + begun, seen.total, seen.frozen - begun)

    plant.wrap(MemoryStore, "balance", wrong)


@sin("settle-once")
def edits_have_no_record(plant: Plant) -> None:
    _no_record(plant, lambda job: job.request.is_edit and not job.is_task)


@sin("settle-once")
def tasks_that_run_have_no_record(plant: Plant) -> None:
    _no_record(plant, lambda job: job.ended_at is None)


def _no_record(plant: Plant, is_unknown: Callable[[Job], bool]) -> None:
    async def wrong(right: Handler, request: web.Request) -> Any:
        mock, name = request.app[MOCK], request.match_info["id"]
        now = mock.clock.now()
        job = mock.store.task(name, now) or mock.store.call(name, now)
        if job is not None and is_unknown(job):
            raise ApiError("no record", kind="not_found", code="wrong")
        return await right(request)

    plant.handler("getRecord", wrong)


@sin("free-failure")
def a_failure_that_was_waited_for_is_paid(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Job | None:
        ended: Job | None = right(self, job_id, **kwargs)
        if ended is not None and ended.failure is not None and ended.request.prompt in waited:
            self.account(ended.account).total -= ended.price
        return ended

    waited: set[str] = set()

    async def waiting(right: Handler, request: web.Request) -> Any:
        waited.add(json.loads(await request.read()).get("prompt"))
        try:
            return await right(request)
        finally:
            waited.clear()

    plant.wrap(MemoryStore, "end", wrong)
    plant.handler("createImageAndWait", waiting)


@sin("settle-once")
def a_failed_task_keeps_its_hold(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Any:
        ended = right(self, job_id, **kwargs)
        if ended is not None and ended.failure is not None:
            self.account(ended.account).frozen += ended.price
        return ended

    plant.wrap(MemoryStore, "end", wrong)


@sin("settle-once")
def the_balance_forgets_what_is_frozen(plant: Plant) -> None:
    def wrong(data: Any) -> Any:
        data["data"]["balance"] = data["data"]["total"] + 1
        return data

    plant.answers("getBalance", change=wrong)


@sin("settle-once")
def records_are_never_settled(plant: Plant) -> None:
    plant.answers("getRecord", change=lambda d: {**d, "data": {**d["data"], "settled": False}})


@sin("settle-once")
def records_say_another_charge(plant: Plant) -> None:
    plant.answers(
        "getRecord",
        change=lambda d: {**d, "data": {**d["data"], "credits": d["data"]["credits"] + 0.001}},
    )


@sin("disconnect")
def who_goes_away_pays_nothing(plant: Plant) -> None:
    right = sync_answers.answer_now

    async def wrong(mock: Any, request: Any, submission: Any) -> Any:
        answer = await right(mock, request, submission)
        if request.transport is None or request.transport.is_closing():
            mock.store.account(submission.job.account).total += submission.job.price
        return answer

    plant.patch(sync_answers, "answer_now", wrong)


@sin("disconnect")
def a_synchronous_call_holds_nothing(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job: Job, *args: Any) -> bool:
        taken: bool = right(self, job, *args)
        if taken and not job.is_task:
            self.account(job.account).frozen -= job.price
        return taken

    def later(right: Any, self: MemoryStore, job_id: str, **kwargs: Any) -> Job | None:
        ended: Job | None = right(self, job_id, **kwargs)
        if ended is not None and not ended.is_task:
            self.account(ended.account).frozen += ended.price
        return ended

    plant.wrap(MemoryStore, "submit", wrong)
    plant.wrap(MemoryStore, "end", later)


@sin("no-credit")
def the_poor_are_served(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, job: Job, *args: Any) -> Any:
        account = self.account(job.account)
        account.total += 1000
        kept = right(self, job, *args)
        account.total -= 1000
        return kept

    plant.wrap(MemoryStore, "submit", wrong)


@sin("no-credit")
def the_same_money_is_spent_twice(plant: Plant) -> None:
    right = submissions.submit

    async def wrong(mock: Any, request: Any, operation: Any) -> Any:
        key = str(request[EXCHANGE].account)
        before = mock.store.account(key)
        seen = before.total - before.frozen
        await asyncio.sleep(0.05)
        now = mock.store.account(key)
        lack = max(seen - (now.total - now.frozen), Decimal(0))
        now.total += lack
        try:
            return await right(mock, request, operation)
        finally:
            now.total -= lack

    plant.patch(submissions, "submit", wrong)


@sin("no-credit")
def the_poor_are_refused_with_400(plant: Plant) -> None:
    plant.change({"status/data/errors/no_credit/status": 400})
