"""The life of an accepted request, computed from the time at which it is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from mock_server.rules.modes import Mode
from mock_server.rules.requests import ImageRequest
from mock_server.rules.sizes import Size

__all__ = ["Failure", "Job", "TaskTable", "ended", "is_kept", "is_over", "poll", "state_of"]


class Failure(NamedTuple):
    """Why a task failed."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TaskTable:
    """The words of the task answers, and which failures may be tried again."""

    code: int
    msg: str
    pending: str
    processing: str
    completed: str
    failed: str
    from_text: str
    from_image: str
    retryable: Mapping[str, bool]


# A tuple, because hundreds of thousands of them are kept: it is small and cheap to collect.
class Job(NamedTuple):
    """An accepted request - a task, or a synchronous call - and what becomes of it.

    Times are seconds since the epoch. `ended_at` is None until the end is certain: its time has
    come and no poll is owed (`polls_left`, see `--min-polls`); then it is settled as well.
    """

    id: str
    account: str
    request: ImageRequest
    size: Size
    tier: str
    price: Decimal
    base_url: str
    created_at: float
    starts_at: float
    due_at: float
    failure: Failure | None = None
    polls: int = 0
    polls_left: int = 0
    ended_at: float | None = None

    @property
    def is_task(self) -> bool:
        """Whether it can be polled: a synchronous call cannot."""
        return self.request.mode is Mode.ASYNC

    @property
    def charged(self) -> Decimal:
        """What was paid for it (Rules: free-failure, settle-once)."""
        is_paid = self.ended_at is not None and self.failure is None
        return self.price if is_paid else Decimal(0)


def is_over(job: Job, now: float) -> bool:
    """Whether the job has reached its end by now (Rule: task-steps)."""
    return job.ended_at is not None or (job.polls_left == 0 and job.due_at <= now)


def state_of(job: Job, now: float, table: TaskTable) -> str:
    """The state a poll at that time shows (Rules: task-steps, task-poll)."""
    if is_over(job, now):
        return table.completed if job.failure is None else table.failed
    if now < job.starts_at or (job.polls == 0 and job.polls_left > 1):
        return table.pending
    return table.processing


def poll(job: Job, now: float) -> Job:
    """The job after it was asked for once: it owes one poll less, and does not end before."""
    if job.polls_left == 0 or job.ended_at is not None:
        return job
    due_at = max(job.due_at, now) if job.polls_left == 1 else job.due_at
    return job._replace(polls=job.polls + 1, polls_left=job.polls_left - 1, due_at=due_at)


_TO_FAILURE = Job._fields.index("failure")


def ended(job: Job, *, at: float, failure: Failure | None) -> Job:
    """The job at its certain end, not before it was created; it owes no poll any more.

    Every request comes by here: made anew it takes a third of the time that `_replace` does.
    """
    end = max(at, job.created_at)
    return Job._make((*job[:_TO_FAILURE], failure or job.failure, job.polls, 0, end))


def is_kept(since: float, now: float, *, retention_s: float) -> bool:
    """Whether something that came into being then is still kept now (Rule: retention)."""
    return now - since <= retention_s
