"""Sins against keys and paths."""

from typing import Any

from mock_server import middlewares
from mock_server.rules import access
from mock_server.rules.access import Access
from mock_server.store.memory import MemoryStore
from tests.suite.plant import Plant, sin


@sin("auth")
def no_key_is_needed(plant: Plant) -> None:
    plant.wrap(
        access,
        "read_key",
        lambda right, header, **k: right("Bearer sk_anybody" if header is None else header, **k),
    )


@sin("auth")
def another_scheme_is_taken(plant: Plant) -> None:
    plant.wrap(
        access,
        "read_key",
        lambda right, header, **k: right((header or "").replace("Basic", "Bearer") or None, **k),
    )


@sin("auth")
def an_empty_key_is_taken(plant: Plant) -> None:
    def wrong(right: Any, header: str | None, **kwargs: Any) -> Access:
        empty = header is not None and header.strip().lower() == "bearer"
        found: Access = Access("sk_empty") if empty else right(header, **kwargs)
        return found

    plant.wrap(access, "read_key", wrong)


@sin("auth")
def the_scheme_is_written_one_way(plant: Plant) -> None:
    def wrong(right: Any, header: str | None, **kwargs: Any) -> Access:
        if header is not None and not header.startswith("Bearer"):
            return Access(None, "the scheme is Bearer")
        found: Access = right(header, **kwargs)
        return found

    plant.wrap(access, "read_key", wrong)


@sin("auth")
def who_has_no_key_is_forbidden(plant: Plant) -> None:
    plant.change({"status/data/errors/unauthorized/status": 403})


@sin("auth")
def the_balance_needs_no_key(plant: Plant) -> None:
    right = middlewares.key_of

    def wrong(mock: Any, request: Any) -> str:
        if request.path.endswith("/balance") and "Authorization" not in request.headers:
            return "sk_anybody"
        return right(mock, request)

    plant.patch(middlewares, "key_of", wrong)


@sin("auth")
def the_path_of_videos_is_open(plant: Plant) -> None:
    """To whoever has any key at all: it finds the tasks of all accounts."""
    right = middlewares.key_of

    def wrong(mock: Any, request: Any) -> str:
        task_id = request.query.get("task_id", "")
        job = mock.store.task(task_id, 0.0) if "/video/" in request.path else None
        return right(mock, request) if job is None else str(job.account)

    plant.patch(middlewares, "key_of", wrong)


@sin("auth")
def a_task_is_everybodys(plant: Plant) -> None:
    def wrong(right: Any, self: MemoryStore, task_id: str, now: float, *, account: str) -> Any:
        job = self.task(task_id, now)
        return right(self, task_id, now, account=account if job is None else job.account)

    plant.wrap(MemoryStore, "poll_task", wrong)


@sin("auth")
def all_keys_are_one_account(plant: Plant) -> None:
    plant.wrap(
        access,
        "read_key",
        lambda right, header, **k: (
            found if (found := right(header, **k)).key is None else Access("sk_all")
        ),
    )


@sin("base")
def the_short_prefix_is_missing(plant: Plant) -> None:
    plant.change({"base/data/prefixes": ["/api/v1"]})
