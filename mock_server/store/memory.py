"""The store in memory."""

import heapq
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from mock_server.pictures import Reference
from mock_server.rules.tasks import Failure, Job, ended, is_kept, is_over, poll

__all__ = ["NO_SOURCES", "Account", "Balance", "Limits", "MemoryStore", "Sources", "Upload"]


@dataclass(slots=True)
class Account:
    """The money of one key in USD: all there is, and the part held for running requests."""

    total: Decimal
    frozen: Decimal = Decimal(0)


class Balance(NamedTuple):
    """What an account can spend, has in all, and has on hold (Rule: settle-once)."""

    balance: Decimal
    total: Decimal
    frozen: Decimal


class Sources(NamedTuple):
    """The pictures that an edit starts from."""

    references: tuple[Reference, ...]
    mask: bytes | None

    @property
    def weight(self) -> int:
        """Bytes held in memory."""
        held = sum(len(reference.data or b"") for reference in self.references)
        return held + len(self.mask or b"")


NO_SOURCES = Sources((), None)


def _nobody_waits(job: Job) -> None:
    """Nothing hangs on the end of a job until somebody says so (`on_end`)."""


class Upload(NamedTuple):
    """An uploaded file."""

    data: bytes
    content_type: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is remembered: what goes beyond is forgotten oldest first.

    A synchronous call is remembered for its record and for the URLs of its pictures, which are
    drawn again from it; tasks are forgotten by age alone.
    """

    calls: int = 20_000
    source_bytes: int = 512 * 2**20
    upload_bytes: int = 512 * 2**20


class MemoryStore:
    """Keeps everything in dictionaries; every method takes the present instant.

    Whatever is due by then is settled first, so that no timer has to run for it.
    """

    def __init__(
        self,
        *,
        balances: Mapping[str, Decimal],
        default_balance: Decimal,
        retention_s: float,
        limits: Limits = Limits(),
    ) -> None:
        self._granted = dict(balances)
        self._given = dict(balances)
        self._default_balance = default_balance
        self._retention_s = retention_s
        self._limits = limits
        self.on_end: Callable[[Job], None] = _nobody_waits
        self.reset()

    def reset(self) -> None:
        """Forget everything; accounts start anew with what they were given."""
        self.accounts: dict[str, Account] = {}
        for key, total in self._given.items():
            self.accounts[key] = Account(total)
        self._tasks: OrderedDict[str, Job] = OrderedDict()
        # Not an OrderedDict: so a call takes a fifth less memory.
        self._calls: dict[str, Job] = {}
        self._call_ids: deque[str] = deque()
        self._sources: OrderedDict[str, Sources] = OrderedDict()
        self._source_bytes = 0
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._upload_bytes = 0
        self._due: list[tuple[float, str]] = []

    # --- money

    def account(self, key: str) -> Account:
        """The account of a key; the first use of a key opens it."""
        account = self.accounts.get(key)
        if account is None:
            account = self.accounts[key] = Account(self._default_balance)
        return account

    def set_total(self, key: str, total: Decimal) -> None:
        """Give an account so much money in all, now and after a reset."""
        self._given[key] = total
        self.account(key).total = total

    def forget_grants(self) -> None:
        """Give no account any more what it was given later, from the next reset on."""
        self._given = dict(self._granted)

    def balance(self, key: str, now: float) -> Balance:
        """What the account has; what is due is settled first."""
        self.settle_due(now)
        account = self.account(key)
        return Balance(account.total - account.frozen, account.total, account.frozen)

    # --- jobs

    def submit(self, job: Job, sources: Sources, now: float) -> bool:
        """Hold the price and keep the job (Rule: no-credit).

        False, and nothing is kept, without the money for it.
        """
        self.settle_due(now)
        account = self.account(job.account)
        if account.total - account.frozen < job.price:
            return False
        account.frozen += job.price
        if job.is_task:
            self._tasks[job.id] = job
            heapq.heappush(self._due, (job.due_at, job.id))
            self._forget_old_tasks(now)
        else:
            self._calls[job.id] = job
            self._call_ids.append(job.id)
            self._forget_calls()
        if sources.references:
            self._keep_sources(job.id, sources)
        return True

    def end(self, job_id: str, *, at: float, failure: Failure | None = None) -> Job | None:
        """End a job and settle it: paid when completed, free when failed.

        None where it has ended already (Rules: settle-once, free-failure).
        """
        kept = self._tasks if job_id in self._tasks else self._calls
        job = kept.get(job_id)
        if job is None or job.ended_at is not None:
            return None
        job = kept[job_id] = ended(job, at=at, failure=failure)
        account = self.account(job.account)
        account.frozen -= job.price
        account.total -= job.charged
        self.on_end(job)
        self._forget_calls()
        return job

    def settle_due(self, now: float) -> None:
        """End every task whose time has come and that owes no poll."""
        due = self._due
        while due and due[0][0] <= now:
            _, job_id = heapq.heappop(due)
            job = self._tasks.get(job_id)
            if job is not None and is_over(job, now):
                self.end(job_id, at=job.due_at)

    def task(self, task_id: str, now: float) -> Job | None:
        """A task as it stands, if it is still kept."""
        self.settle_due(now)
        return self._alive(self._tasks.get(task_id), now)

    def poll_task(self, task_id: str, now: float, *, account: str) -> Job | None:
        """A task of that account as this poll shows it; the poll counts for `polls_left`."""
        job = self.task(task_id, now)
        if job is None or job.account != account:
            return None
        if job.polls_left == 0:
            return job
        polled = self._tasks[task_id] = poll(job, now)
        if polled.polls_left == 0:
            heapq.heappush(self._due, (polled.due_at, task_id))
        return job

    def call(self, request_id: str, now: float) -> Job | None:
        """A synchronous call, if it is still kept."""
        return self._alive(self._calls.get(request_id), now)

    def _alive(self, job: Job | None, now: float) -> Job | None:
        if job is None:
            return None
        since = job.created_at if job.ended_at is None else job.ended_at
        return job if is_kept(since, now, retention_s=self._retention_s) else None

    def tasks(self) -> Iterator[Job]:
        """Every task, the newest first."""
        return reversed(self._tasks.values())

    def _forget_old_tasks(self, now: float) -> None:
        while self._tasks and self._alive(oldest := next(iter(self._tasks.values())), now) is None:
            del self._tasks[oldest.id]
            self._forget_sources(oldest.id)
            if oldest.ended_at is None:
                self.account(oldest.account).frozen -= oldest.price

    def _forget_calls(self) -> None:
        """A running call is not forgotten: it has yet to be paid."""
        while len(self._calls) > self._limits.calls:
            oldest = self._calls[self._call_ids[0]]
            if oldest.ended_at is None:
                return
            del self._calls[self._call_ids.popleft()]
            self._forget_sources(oldest.id)

    # --- what edits start from

    def sources(self, job_id: str) -> Sources | None:
        """The pictures a job starts from; None where they were forgotten."""
        return self._sources.get(job_id)

    def _keep_sources(self, job_id: str, sources: Sources) -> None:
        self._sources[job_id] = sources
        self._source_bytes += sources.weight
        while self._source_bytes > self._limits.source_bytes and len(self._sources) > 1:
            self._forget_sources(next(iter(self._sources)))

    def _forget_sources(self, job_id: str) -> None:
        sources = self._sources.pop(job_id, NO_SOURCES)
        self._source_bytes -= sources.weight

    # --- uploads

    def add_upload(self, name: str, upload: Upload) -> None:
        """Keep an uploaded file (Rule: files)."""
        self._uploads[name] = upload
        self._upload_bytes += len(upload.data)
        while self._upload_bytes > self._limits.upload_bytes and len(self._uploads) > 1:
            _, oldest = self._uploads.popitem(last=False)
            self._upload_bytes -= len(oldest.data)

    def upload(self, name: str, now: float) -> Upload | None:
        """An uploaded file, if it is still kept (Rule: retention)."""
        upload = self._uploads.get(name)
        if upload is None or not is_kept(upload.created_at, now, retention_s=self._retention_s):
            return None
        return upload

    def counts(self) -> dict[str, int]:
        """How much there is of each kind."""
        return {
            "accounts": len(self.accounts),
            "tasks": len(self._tasks),
            "calls": len(self._calls),
            "uploads": len(self._uploads),
        }
