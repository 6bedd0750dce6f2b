"""A job to try the rules of tasks, the stores and the webhooks with."""

from decimal import Decimal
from typing import Any

from mock_server.rules.requests import Operation, read_image_request
from mock_server.rules.sizes import Size
from mock_server.rules.tasks import Job
from tests.laws import own_contract

__all__ = ["a_job"]


def a_job(*, fields: dict[str, Any] | None = None, **changes: Any) -> Job:
    """A task of 0.04 USD, submitted at 1000 s, at work from 1010 s, due at 1100 s.

    `fields` are those of its request beside model and prompt; a `size` makes it a synchronous call.
    """
    whole = {"model": "gpt-image-2-all", "prompt": "a red cube", **(fields or {})}
    request = read_image_request(
        whole, Operation.CREATE, own_contract().request_table("provider"), has_references=False
    )
    job = Job(
        id="task_1",
        account="sk_test",
        request=request,
        size=Size(2048, 2048),
        tier="2K",
        price=Decimal("0.04"),
        base_url="http://127.0.0.1:8080/api/v1",
        created_at=1000.0,
        starts_at=1010.0,
        due_at=1100.0,
    )
    return job._replace(**changes)
