"""Webhooks as a scenario: many tasks at once, each reported to a receiver with its own manners.

It is played once in a run, beside everything else, because it is mostly waiting.
"""

import base64
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import cast
from urllib.parse import urlsplit

import orjson

from contracts.asking import default_size, edit, expected_of, generation
from contracts.budget import BudgetEndedError
from contracts.claims import World
from contracts.decode import Json
from contracts.exchange import Key, Request
from contracts.judge import NotJudgedError
from contracts.oracle.webhooks import Attempt, is_success, timeline
from contracts.receiver import HANG, Receiver, Sighting
from contracts.spec import Spec
from contracts.target import History, Target

__all__ = ["TRUSTED_S", "Behaviour", "Hooks", "Told", "behaviours", "is_played_out"]

MEMO = "webhooks"
PORT = 8900
"""Where the receiver listens for a public URL that names no port."""
REPEATED = 5
"""How many tasks are retried alike: one gap alone may be late by chance."""
LONGEST_S = 30.0
"""How long the end of the retries is waited for at most."""
QUIET_S = 0.5
STAGGER_S = 0.1
"""Between the beginnings of two tasks: a sender is to be watched, not overrun."""
TRUSTED_S = 2.0
"""A limit in real time that no machine, however busy, is late by."""
BUSY_S = 0.15
SECOND = "another account"
"""The behaviour that needs a second key."""
QUERY = "?order=7&of=contracts"
NOT_ASCII = "crème brûlée in Łódź, 猫"
REPLAYS = 3
"""How often a behaviour is played to a sender whose limits are shorter than that."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the receiver answers to the attempts for a task, and the request that makes the task."""

    name: str
    answers: tuple[int | None, ...]
    request: Request
    replays: int = 1
    query: str = ""
    """What the callback URL has behind its path."""

    def paths(self) -> list[str]:
        """The last part of the callback URL of each replay."""
        return [f"{self.name.replace(' ', '-')}-{i}" for i in range(self.replays)]


@dataclass(frozen=True, slots=True)
class Told:
    """A task, what was told of it, and how it stood whenever that was."""

    created: Json
    poll: Json
    """The task as its last poll showed it; None if it was never polled."""
    request: Mapping[str, Json]
    """The fields of the request that made it; of a form its texts."""
    attempts: tuple[Attempt, ...]
    states: tuple[str, ...]
    """The state that a poll showed while the attempt was waiting for its answer."""
    elsewhere: int
    """How many requests followed a redirect."""
    until: float
    """When the receiver was closed, by the clock of the attempts."""

    def without_impatience(self, spec: Spec, scale: float) -> list[Attempt]:
        """The attempts less those that a sender makes whose clock ran out on an answer.

        Where ten seconds last a tenth of one, a busy machine alone may be so late.
        """
        facts = spec.facts.hook_retry
        limit, pause = facts.attempt_timeout_s * scale, max(facts.retry_after_s) * scale
        if limit > TRUSTED_S:
            return list(self.attempts)
        kept = list(self.attempts[:1])
        for before, attempt in pairwise(self.attempts):
            answered = is_success(spec, before.answered)
            gap = attempt.at_s - before.at_s
            if not (answered and limit * 0.3 <= gap <= (limit + pause) * 1.5 + BUSY_S):
                kept.append(attempt)
        return kept


def behaviours(world: World, scale: float) -> list[Behaviour]:
    """Everything that is played.

    Where ten seconds last a tenth of one, a busy sender gives up on an answer that is there: what
    it does wrong is then told by several replays, of which each shows it.
    """
    facts, fine = world.spec.facts.hook_retry, world.spec.facts.hook_once
    least, most = fine.success_min, fine.success_max
    replays = 1 if facts.attempt_timeout_s * scale > TRUSTED_S else REPLAYS
    plain = generation(world, prompt="a webhook")
    doomed = generation(world, prompt="a webhook", image_url="http://10.0.0.1/private.png")
    aliases = world.spec.facts.model.aliases
    named = generation(world, prompt="a webhook", model=aliases[0]) if aliases else plain
    retries = (500,) * len(facts.retry_after_s)
    return [
        Behaviour("for ever", (500,), plain),
        Behaviour("success", (least,), plain, replays),
        Behaviour("another success", (min(least + 4, most),), named, replays, QUERY),
        Behaviour("last success", (most,), plain, replays),
        Behaviour("302", (302, least), plain, replays),
        Behaviour("301", (301, least), plain, replays),
        Behaviour("307", (307, least), plain, replays),
        Behaviour("404", (404, 400, least), plain, replays),
        Behaviour("hang", (HANG, least), plain, replays),
        Behaviour("failed", (500, least), doomed, replays),
        Behaviour("sized", (least,), generation(world, size=default_size(world)), replays),
        Behaviour("edit", (least,), edit(world, prompt=NOT_ASCII), replays),
        Behaviour("two pictures", (least,), generation(world, n=2, output_format="webp"), replays),
        Behaviour("thrice 500", (*retries, least), plain, REPEATED),
        Behaviour("background", (*retries, 500, least), plain, replays),
        Behaviour(SECOND, (least,), replace(plain, key=Key.SECOND), replays),
    ]


class Hooks:
    """Plays the scenario in the background; the first process that starts it does it for all."""

    def __init__(
        self, target: Target, world: World, *, keys: Collection[Key], callback_url: str | None
    ) -> None:
        self._target = target
        self._world = world
        self._keys = keys
        self._callback_url = callback_url
        self._stopped = threading.Event()
        self.entered = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it early."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def told(self, name: str) -> list[Told]:
        """What came of each replay of a behaviour; NotJudgedError where nothing can come."""
        if not self._target.state.local and self._callback_url is None:
            raise NotJudgedError("the target cannot reach this machine (--callback-url)")
        if self._thread.ident is not None:
            self._thread.join()
        kept = cast("dict[str, Json]", self._target.shared.once(MEMO, dict))
        found = kept.get(name)
        if found is None and name == SECOND:
            raise NotJudgedError("it needs a second account (--second-key)")
        if found is None:
            raise NotJudgedError("the scenario of webhooks was not played")
        replays = cast("list[Json]", found)
        if refused := [each for each in replays if isinstance(each, str)]:
            raise NotJudgedError(refused[0])
        return [_told(each) for each in replays]

    def _run(self) -> None:
        if self._target.state.local or self._callback_url is not None:
            try:
                self._target.shared.once(MEMO, self._played)
            except Exception as error:
                note = f"the webhooks could not be played: {error!r}"
                self._target.shared.note("errors", note)
                raise
        self.entered.set()

    def _played(self) -> Json:
        scale = self._target.state.time_scale
        wishes = [one for one in behaviours(self._world, scale) if one.request.key in self._keys]
        # Replays lie far apart, so that one busy moment does not spoil all of them.
        turns = zip_longest(*([(wish, path) for path in wish.paths()] for wish in wishes))
        parts = [part for turn in turns for part in turn if part is not None]
        with self._receiver({path: wish.answers for wish, path in parts}) as receiver:
            with ThreadPoolExecutor(len(parts)) as pool:
                made = [
                    pool.submit(self._made, wish, receiver.url(path) + wish.query, STAGGER_S * i)
                    for i, (wish, path) in enumerate(parts)
                ]
            results = [each.result() for each in made]
            histories = [history for history, _ in results]
            ends = zip(parts, results, strict=True)
            self._wait([(wish, ended) for (wish, _), (_, ended) in ends])
            self._wait_for_the_slow(receiver, parts, since=max(ended for _, ended in results))
            seen, until = receiver.close()
        found: dict[str, list[Json]] = {wish.name: [] for wish in wishes}
        for (wish, path), history in zip(parts, histories, strict=True):
            found[wish.name].append(_kept(history, path, seen, until))
        return cast("Json", found)

    def _receiver(self, answers: Mapping[str, Sequence[int | None]]) -> Receiver:
        public, transport = self._callback_url, self._target.transport
        return Receiver(
            answers,
            poll_url=transport.url(self._target.poll_request("")),
            authorization=transport.authorization(Key.MAIN),
            host="0.0.0.0" if public else "127.0.0.1",  # noqa: S104  (it was asked for)
            port=urlsplit(public).port or PORT if public else 0,
            public_url=public,
        )

    def _made(self, wish: Behaviour, url: str, delay_s: float) -> tuple[History | str, float]:
        """The task, followed to its end, or why there is none; and when that was."""
        request = _with_callback(wish.request, url)
        expected = expected_of(self._world, request)
        with self._target.shared.account(request.key):
            self.entered.set()
            time.sleep(delay_s)
            try:
                price = expected.price or expected.largest
                created = self._target.send_unjudged(request, price=price, alone=True)
            except BudgetEndedError as error:
                return f"budget: {error}", time.monotonic()
            # No task is made then, and nothing can be said of its webhooks.
            if created.answer.status in self._world.spec.facts.status.unwilling:
                told = f"the target answers {created.answer.status}: {created.answer.message}"
                return told, time.monotonic()
            history, ended = self._target.follow(created), time.monotonic()
            self._stopped.wait(QUIET_S)
            return history, ended

    def _wait(self, ends: Sequence[tuple[Behaviour, float]]) -> None:
        """Until all that should come has come, and a little longer for what should not."""
        scale = self._target.state.time_scale
        last = max(ended + self._told_for(wish) * scale * 1.05 for wish, ended in ends)
        self._stopped.wait(max(0.0, last - time.monotonic()) + QUIET_S)

    def _wait_for_the_slow(
        self, receiver: Receiver, parts: Sequence[tuple[Behaviour, str]], *, since: float
    ) -> None:
        """Until a silent receiver was given up, by a clock that does not run as fast as others.

        A sender may hold to its limit in real seconds, however short the target's are.
        """
        silent = [(path, len(wish.answers)) for wish, path in parts if HANG in wish.answers]
        end = since + self._world.spec.facts.hook_retry.attempt_timeout_s + QUIET_S
        while time.monotonic() < end and not self._stopped.is_set():
            counts = receiver.counts()
            if all(counts.get(path, 0) >= most for path, most in silent):
                return
            self._stopped.wait(QUIET_S)

    def _told_for(self, wish: Behaviour) -> float:
        """How long after its end a task is told of, in seconds of the target."""
        spec, facts = self._world.spec, self._world.spec.facts.hook_retry
        whole = facts.give_up_after_s + facts.background_every_s
        is_waited_for = is_played_out(spec, self._target.state.time_scale)
        is_endless = wish.answers[-1] is not None and not is_success(spec, wish.answers[-1])
        return whole if is_endless and is_waited_for else timeline(spec, wish.answers)[-1]


def is_played_out(spec: Spec, scale: float) -> bool:
    """Whether the target's time runs fast enough to wait for the end of all retries."""
    facts = spec.facts.hook_retry
    return 0 < (facts.give_up_after_s + 2 * facts.background_every_s) * scale <= LONGEST_S


def _with_callback(request: Request, url: str) -> Request:
    if request.parts is not None:
        return replace(request, parts=(*request.parts, ("callback_url", url)))
    return replace(request, fields={**(request.fields or {}), "callback_url": url})


def _kept(
    history: History | str, name: str, seen: Mapping[str, list[Sighting]], until: float
) -> Json:
    if isinstance(history, str):
        return history
    polls = history.polls[-1:]
    return {
        "task": base64.b64encode(history.created.answer.body).decode(),
        "poll": base64.b64encode(polls[0].answer.body).decode() if polls else "",
        "request": cast("Json", dict(history.created.request.asked())),
        "states": [sighting.state for sighting in seen.get(name, ())],
        "until": until,
        "elsewhere": len(seen.get(f"{name}-elsewhere", ())),
        "attempts": [_written(sighting.attempt) for sighting in seen.get(name, ())],
    }


def _written(attempt: Attempt) -> dict[str, Json]:
    return {
        "at_s": attempt.at_s,
        "ended_s": attempt.ended_s,
        "answered": attempt.answered,
        "method": attempt.method,
        "target": attempt.target,
        "headers": dict(attempt.headers),
        "body": base64.b64encode(attempt.body).decode(),
    }


def _told(kept: Json) -> Told:
    values = cast("dict[str, Json]", kept)
    written = cast("list[dict[str, Json]]", values["attempts"])
    return Told(
        created=_body(values["task"]),
        poll=_body(values["poll"]),
        request=cast("Mapping[str, Json]", values["request"]),
        attempts=tuple(_read(each) for each in written),
        states=tuple(cast("list[str]", values["states"])),
        elsewhere=cast("int", values["elsewhere"]),
        until=cast("float", values["until"]),
    )


def _body(text: Json) -> Json:
    data = base64.b64decode(str(text))
    return cast("Json", orjson.loads(data)) if data else None


def _read(written: Mapping[str, Json]) -> Attempt:
    return Attempt(
        at_s=cast("float", written["at_s"]),
        ended_s=cast("float", written["ended_s"]),
        answered=cast("int | None", written["answered"]),
        method=str(written["method"]),
        target=str(written["target"]),
        headers=cast("Mapping[str, str]", written["headers"]),
        body=base64.b64decode(str(written["body"])),
    )
