"""Webhooks: each task is taken once, however often and in whatever order it is told of."""

import json
from collections.abc import Callable

__all__ = ["Inbox"]


class Inbox:
    """Hands the URLs of each completed task on, once."""

    def __init__(self, done: Callable[[str, list[str]], None]) -> None:
        self._done = done
        self._seen: set[str] = set()

    def take(self, body: bytes) -> int:
        """Take a webhook; the status to answer with: 200 also for one that came before."""
        try:
            data = json.loads(body)["data"]
            task_id, state = data["taskId"], data["state"]
        except (ValueError, KeyError, TypeError):
            return 400
        if task_id not in self._seen:
            self._seen.add(task_id)
            if state == "completed":
                self._done(task_id, json.loads(data["resultJson"])["resultUrls"])
        return 200
