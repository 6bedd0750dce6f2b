"""What a recorded answer meant, lived through again: its price, its time, its task.

A cassette knows what was said, not what it cost nor how long it took. So a recorded request for
pictures is accepted by the rules too, under its recorded name: its price is held and paid, its
time passes on the mock's clock, its webhook comes. What was recorded is what is answered.
"""

from collections.abc import Mapping

from aiohttp import web

from mock_server.cassette import Cassette, Played
from mock_server.errors import ApiError
from mock_server.middlewares import key_of
from mock_server.misbehaviour import FaultError, Instead
from mock_server.mock import EXCHANGE, Mock
from mock_server.purse import at
from mock_server.rules.modes import Mode
from mock_server.rules.requests import Operation
from mock_server.rules.tasks import Failure, Job
from mock_server.submissions import Submission, submit

__all__ = ["lived_through"]


async def lived_through(
    mock: Mock, request: web.Request, operation: Operation, played: Played, cassette: Cassette
) -> None:
    """Accepts a recorded request by the rules, and waits as long as its answer takes.

    What the rules would refuse, or know already, costs nothing and takes no time.
    """
    task_id = at(played.body, "data", "taskId")
    if isinstance(task_id, str) and mock.store.task(task_id, mock.clock.now()) is not None:
        return
    told = cassette.last_told(task_id) if isinstance(task_id, str) else {}

    def as_recorded(job: Job) -> Job:
        named = job._replace(id=task_id) if isinstance(task_id, str) else job
        return named._replace(failure=_failure(mock, told) or named.failure)

    try:
        request[EXCHANGE].account = key_of(mock, request)
        submission = await submit(mock, request, operation, alter=as_recorded)
    except (ApiError, FaultError, Instead):
        return
    await _passed(mock, submission, waits=operation is Operation.CREATE_AND_WAIT)


async def _passed(mock: Mock, submission: Submission, *, waits: bool) -> None:
    """The time of a synchronous call, or of a task that is waited for, has passed."""
    job = submission.job
    if job.request.mode is Mode.SYNC:
        await mock.clock.sleep_until(job.due_at)
        mock.store.end(job.id, at=max(job.due_at, mock.clock.now()))
        return
    if job.request.callback_url is not None:
        mock.postman.watch(job, submission.fields, mock.store.settle_due)
    if waits:
        await mock.until_over(job)


def _failure(mock: Mock, told: Mapping[str, object]) -> Failure | None:
    """How the recorded task failed, if it did in a way that the contract knows."""
    code, message = told.get("failCode"), told.get("failMsg")
    table = mock.contract.tasks
    if told.get("state") != table.failed or code not in table.retryable:
        return None
    return Failure(str(code), str(message))
