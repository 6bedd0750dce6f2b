"""What was made, looked for again after a week, where the target's clock can be moved.

It is played before anything else of a run: a clock that jumps by days takes away what others made.
"""

from collections.abc import Mapping
from typing import cast

from contracts.asking import probe, task
from contracts.claims import World
from contracts.decode import Json
from contracts.exchange import File, Key, Request, at
from contracts.oracle import tasks
from contracts.samples import SAMPLE, gradient
from contracts.target import Target

__all__ = ["DAY_S", "Ageing", "Sight"]

MEMO = "ageing"
DAY_S = 86_400

Sight = Mapping[str, str | int]
"""`what` was looked for, at which `path`, at which `age` in seconds, and the `status` that came."""


class Ageing:
    """Makes a task, its picture and an upload, lets them age, and looks for them."""

    def __init__(self, target: Target, world: World) -> None:
        self._target = target
        self._world = world

    def play(self) -> None:
        """Plays it, once in a run."""
        self.seen()

    def seen(self) -> list[Sight] | None:
        """What was found at each age; None where the clock cannot be moved."""
        if self._target.state.control is None:
            return None
        return cast("list[Sight]", self._target.shared.once(MEMO, self._played))

    def _played(self) -> Json:
        lifetime = self._world.spec.facts.retention.seconds
        paths, found = self._made(), cast("list[Json]", [])
        age = 0
        for later in (lifetime - DAY_S, lifetime + DAY_S):
            self._advance(later - age)
            age = later
            for what, (path, key) in paths.items():
                answer = self._target.transport.send(Request("GET", path, key=key)).answer
                found.append({"what": what, "path": path, "age": age, "status": answer.status})
        return found

    def _made(self) -> dict[str, tuple[str, Key]]:
        target, world = self._target, self._world
        request = task(world, prompt="to be kept for a week")
        price = probe(world, "aged", request, rule="retention").price
        history = target.follow(target.send_unjudged(request, price=price))
        part = world.spec.facts.files.part
        form = Request("POST", "/files", parts=((part, File(gradient(SAMPLE))),))
        upload = at(target.send_unjudged(form).answer.json, "data", "publicUrl")
        found = {"task": (target.poll_request(str(history.created.answer.task_id)).path, Key.MAIN)}
        for result in tasks.result_urls(history.last):
            found["result"] = (result, Key.NONE)
        return found | ({"upload": (upload, Key.NONE)} if isinstance(upload, str) else {})

    def _advance(self, seconds: int) -> None:
        control = self._target.state.control
        url = f"{control.url if control else ''}/clock"
        self._target.transport.send(Request("POST", url, {"advance": seconds}, key=Key.NONE))
