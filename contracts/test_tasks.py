"""Tasks: made, polled, ended; nothing about them ever goes backwards."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    run_state_machine_as_test,
)
from hypothesis.stateful import rule as step

from contracts.asking import (
    NOWHERE,
    default_size,
    edit,
    edit_json,
    expected_of,
    generation,
    probe,
    task,
    wait,
)
from contracts.charges import judge_record
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court
from contracts.exchange import Exchange, Key, Request
from contracts.judge import BreachError, NotJudgedError
from contracts.oracle import tasks
from contracts.oracle.ledger import Ledger, balance_problems
from contracts.oracle.requests import Expectation
from contracts.run import Run
from contracts.samples import SAMPLE, gradient, text_of
from contracts.target import Balance, Target
from contracts.test_access import UNKNOWN as STRANGER

UNKNOWN = "nobody-knows-this"
MANY = 12
STEPS = 14
SCENARIOS = 4


def tasks_of_all_kinds(world: World) -> Iterator[Probe]:
    """Each way to make a task."""
    size, picture = default_size(world), text_of(gradient(SAMPLE))
    tier = world.spec.facts.tier.tiers[0].name
    wishes = {
        "plain": task(world),
        "two pictures": task(world, n=2),
        "three transparent": task(world, n=3, background="transparent"),
        "as webp": task(world, output_format="webp"),
        "by callback": generation(world, size=size, callback_url=NOWHERE),
        "by reference": task(world, image_base64=picture),
        "edit": edit(world, resolution=tier),
        "edit as json": edit_json(world, resolution=tier),
        "edit of two": edit(
            world, [gradient(SAMPLE), gradient(SAMPLE, "jpeg")], n=2, resolution=tier
        ),
        "largest tier": generation(world, resolution=world.spec.facts.tier.tiers[-1].name),
        "edit of a size": edit(world, size=size, callback_url=NOWHERE),
    }
    for alias in world.spec.facts.model.aliases:
        wishes[f"model {alias}"] = task(world, model=alias)
    for name, request in wishes.items():
        level = Level.SMOKE if name == "plain" else Level.FULL
        rule_id = "model/aliases" if name.startswith("model") else "task-created"
        yield probe(world, name, request, rule=rule_id, level=level)


def doomed_tasks(world: World) -> Iterator[Probe]:
    """Tasks that must fail, for a private reference."""
    for n in (1, 2):
        request = task(world, image_url="http://10.0.0.1/private.png", n=n)
        yield probe(world, f"{n}", request, rule="private-url", level=Level.SMOKE)


def twins(world: World) -> Iterator[Probe]:
    """The same task many times over."""
    for i in range(MANY):
        yield probe(world, str(i), task(world).again(i + 1), rule="task-created")


def waits(world: World) -> Iterator[Probe]:
    """Tasks that are waited for."""
    tiers = [tier.name for tier in world.spec.facts.tier.tiers]
    wishes = {
        "ratio": wait(world, aspect_ratio="1:1"),
        "tier and count": wait(world, resolution=tiers[1], n=2),
        "plain": wait(world),
        "reference": wait(world, image_base64=text_of(gradient(SAMPLE))),
        "webp": wait(world, output_format="webp", background="transparent"),
        "bad tier": wait(world, resolution="9K"),
        "bad ratio": wait(world, aspect_ratio="9:1"),
        "no prompt": wait(world, prompt=None),
    }
    for name, request in wishes.items():
        level = Level.SMOKE if name == "plain" else Level.FULL
        yield probe(world, name, request, rule="generations-sync", level=level)


@rule(
    "task-created",
    "task-poll",
    "task-poll/fields",
    "task-steps",
    "task-created/msg",
    "task-created/state",
    "model/aliases",
)
@probes(tasks_of_all_kinds)
def test_a_task_goes_from_its_creation_to_its_pictures(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("fail-codes", "free-failure", "task-poll/fields", "task-steps")
@probes(doomed_tasks)
def test_a_failed_task_says_why(probe: Probe, court: Court) -> None:
    court.hear(probe)
    history = court.target.history(probe)
    if history.data.get("state") != "failed":
        raise NotJudgedError("no task could be made to fail (a private reference URL did not)")
    found = tasks.poll_problems(
        court.world.spec,
        expected_of(court.world, probe.request),
        history.last,
        history.created.answer.task_id or "",
    )
    kept = ("fail-codes", "free-failure", "task-poll/fields")
    court.judge.problems(found, history.last, expected="a failure with its code", kept=kept)


@rule("task-created")
@bill(Level.FULL, requests=0)
def test_ids_are_unique_and_cannot_be_guessed(court: Court) -> None:
    histories = [court.target.history(each) for each in twins(court.world)]
    found = [h.created.answer.task_id for h in histories]
    ids = [task_id for task_id in found if task_id is not None]
    if len(ids) < MANY:
        raise NotJudgedError(f"only {len(ids)} of {MANY} tasks were made")
    problems = (
        [f"{len(ids) - len(set(ids))} of {MANY} ids came twice"] if len(set(ids)) < MANY else []
    )
    problems += _guessable(ids)
    told = "ids that are unique and cannot be guessed"
    court.judge("task-created", histories[0].created, expected=told, problems=problems)


@rule("task-created", "task-poll")
@probes(twins)
def test_each_of_many_tasks_ends(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("generations-sync", "generations-sync/shape")
@probes(waits)
def test_a_task_is_waited_for(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("poll-errors")
@bill(Level.FREE, requests=13)
def test_a_poll_must_name_a_known_task(court: Court) -> None:
    facts, statuses = court.world.spec.facts.poll_errors, court.world.spec.facts.status
    refused, unknown = statuses.of("bad_request"), statuses.of("not_found")
    path = "/images/generations"
    missing = (
        path,
        f"{path}?taskId=abc",
        f"{path}?task_id=",
        f"{path}?id=abc",
        f"{path}?TASK_ID=abc",
    )
    for each in missing:
        _judge_answer(court, each, refused, facts.missing_text)
    for each in ("x", "7", "a%20b", "%D1%84%D0%BE%D1%82%D0%BE", "task_" + "0" * 200):
        _judge_answer(court, f"{path}?task_id={each}", unknown, "")
    for each in (f"{path}?task_id={UNKNOWN}", f"/video/generations?task_id={UNKNOWN}"):
        name = "poll-errors/video-path" if each.startswith("/video") else "poll-errors"
        _judge_answer(court, each, unknown, "", name)
    _judge_answer(court, f"{path}/{UNKNOWN}", unknown, facts.hint)


@rule("poll-errors", "poll-errors/video-path", "auth")
@bill(Level.SMOKE, requests=3)
def test_the_path_of_videos_finds_the_same_task(court: Court, run: Run) -> None:
    made = probe(court.world, "plain", task(court.world), rule="poll-errors", level=Level.SMOKE)
    task_id = _judge_video_path(court, made)
    hint, unknown = court.world.spec.facts.poll_errors.hint, court.world.spec.facts.status
    _judge_answer(court, f"/images/generations/{task_id}", unknown.of("not_found"), hint)
    path, name = "/video/generations", "poll-errors/video-path"
    _judge_answer(court, path, unknown.of("bad_request"), "", name)
    scheme, refused = court.world.spec.facts.auth.scheme, unknown.of("unauthorized")
    is_open = run.state.control is not None and run.state.control.open_accounts
    for headers in ((), (("Authorization", f"{scheme} {STRANGER}"),))[: 1 if is_open else 2]:
        asked = Request("GET", f"{path}?task_id={task_id}", headers=headers, key=Key.NONE)
        found = court.target.send(asked)
        wrong = [] if found.answer.status == refused else [f"status {found.answer.status}"]
        told = f"{refused}: a task is shown to nobody without its key"
        court.judge("auth", found, expected=told, problems=wrong)


@rule("poll-errors/video-path", "task-poll")
@probes(doomed_tasks)
def test_the_path_of_videos_tells_failures_alike(probe: Probe, court: Court) -> None:
    _judge_video_path(court, probe)


@rule("poll-errors/video-path")
@bill(Level.FULL, requests=0)
def test_the_path_of_videos_finds_edits_as_well(court: Court) -> None:
    _judge_video_path(court, probe(court.world, "edit", edit(court.world), rule="poll-errors"))


def _judge_video_path(court: Court, made: Probe) -> str:
    """The last poll of this task and one by the path of videos say the same; gives its id."""
    history = court.target.history(made)
    task_id = history.created.answer.task_id
    if task_id is None:
        raise NotJudgedError("no task was made")
    found = court.target.get(f"/video/generations?task_id={task_id}")
    same = found.answer.status == 200 and found.answer.json == history.last.answer.json
    wrong = [] if same else [f"status {found.answer.status}, another answer"]
    court.judge("poll-errors/video-path", found, expected="the same task", problems=wrong)
    return task_id


@rule("task-steps")
@bill(Level.SMOKE, requests=1)
def test_a_terminal_answer_still_stands_at_the_end(court: Court) -> None:
    """Asked again, long after the task was first seen to have ended."""
    made = probe(court.world, "plain", task(court.world), rule="task-steps", level=Level.SMOKE)
    history = court.target.history(made)
    if history.created.answer.task_id is None:
        raise NotJudgedError("no task was made")
    later = court.target.send(court.target.poll_request(history.created.answer.task_id))
    found = tasks.problems(
        court.world.spec,
        expected_of(court.world, made.request),
        history.created,
        [*history.polls, later],
    )
    court.judge.problems(found, later, expected="the same answer as before", kept=("task-steps",))


@rule("settle-once", "settle-once/records", "free-failure")
@probes(doomed_tasks)
def test_the_record_of_a_failed_task_is_settled_at_nothing(probe: Probe, court: Court) -> None:
    history = court.target.history(probe)
    if history.data.get("state") != "failed":
        raise NotJudgedError("no task could be made to fail (a private reference URL did not)")
    judge_record(court, history.created, Decimal(0))


class Scenario(RuleBasedStateMachine):
    """Creates, polls, asks for money and records, in any order; judges all that was seen."""

    court: Court
    run: Run
    found: list[BreachError]
    """What was seen broken, raised when all is over: what was paid for is not repeated."""
    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, list[Exchange]] = {}
        self.expected: dict[str, tuple[Exchange, Expectation]] = {}

    @initialize()
    def begin(self) -> None:
        """Remembers what the account had."""
        self.before = _balance(self.court.target)

    @step(target=made, n=st.integers(1, 2), sync=st.booleans())
    def create(self, n: int, sync: bool) -> str:  # noqa: FBT001
        """A new task, cheap."""
        world, target = self.court.world, self.court.target
        fields = {"callback_url": NOWHERE, "size": str(default_size(world))} if sync else {}
        request = task(world, n=n, **fields)
        expected = expected_of(world, request)
        created = target.send_unjudged(request, price=expected.price, alone=True)
        name = created.answer.task_id or "none"
        self.seen[name] = []
        self.expected[name] = (created, expected)
        return name

    @step(name=made)
    def poll(self, name: str) -> None:
        """How it stands."""
        target = self.court.target
        self.seen[name].append(target.send_unjudged(target.poll_request(name)))
        self._judge(name)

    @step(name=made)
    def finish(self, name: str) -> None:
        """Polls it to its end."""
        created, _ = self.expected[name]
        self.seen[name] += self.court.target.follow(created).polls
        self._judge(name)

    @step(name=made)
    def ask_as_another(self, name: str) -> None:
        """Another account does not see it."""
        if Key.SECOND in self.run.keys:
            asked = self.court.target.poll_request(name, key=Key.SECOND)
            poll = self.court.target.send_unjudged(asked)
            unknown = self.court.world.spec.facts.status.of("not_found")
            wrong = [] if poll.answer.status == unknown else [f"status {poll.answer.status}"]
            told = f"{unknown} for a task of another key"
            with self._noting():
                self.court.judge("auth/key-is-account", poll, expected=told, problems=wrong)

    @invariant()
    def balance_adds_up(self) -> None:
        """At every moment balance = total - frozen."""
        if (seen := _balance(self.court.target)) is not None:
            ledger = Ledger(total=seen.total, frozen=seen.frozen, balance=seen.balance)
            found = balance_problems(ledger)
            told = "balance = total - frozen"
            with self._noting():
                self.court.judge.problems(found, None, expected=told, kept=("settle-once",))

    def teardown(self) -> None:
        """When all have ended, the account has lost their prices and holds nothing for them."""
        for name in self.seen:
            self.finish(name)
        after = _balance(self.court.target)
        before = getattr(self, "before", None)
        if before is None or after is None:
            return
        price = sum((expected.price for _, expected in self.expected.values()), Decimal(0))
        ledger = Ledger(total=after.total, frozen=after.frozen, balance=after.balance)
        total = before.total - price
        wanted = Ledger(total=total, frozen=before.frozen, balance=total - before.frozen)
        found = balance_problems(ledger, expected=wanted)
        told = f"${price} less than before for {len(self.seen)} tasks"
        with self._noting():
            self.court.judge.problems(found, None, expected=told, kept=("settle-once",))

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except BreachError as error:
            self.found.append(error)

    def _judge(self, name: str) -> None:
        created, expected = self.expected[name]
        found = tasks.problems(self.court.world.spec, expected, created, self.seen[name])
        last = self.seen[name][-1] if self.seen[name] else created
        told = "a history that the contract allows"
        kept = ("task-steps", "task-poll")
        with self._noting():
            self.court.judge.problems(found, last, expected=told, kept=kept)


@rule("task-steps", "task-poll", "settle-once", "auth/key-is-account")
@bill(
    Level.FULL,
    requests=SCENARIOS * STEPS,
    largest=lambda world: expected_of(world, task(world, n=2)).price * SCENARIOS * STEPS,
)
def test_no_order_of_calls_leads_astray(court: Court, run: Run) -> None:
    """A state machine over create, poll, balance and another key."""
    found: list[BreachError] = []
    members = {"court": court, "run": run, "found": found}
    machine = type("ScenarioHere", (Scenario,), members)
    paid = hypothesis.settings(
        max_examples=SCENARIOS,
        stateful_step_count=STEPS,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    if run.state.time_scale > SLOW:
        raise NotJudgedError("on a target this slow it would take hours")
    with court.target.shared.account(Key.MAIN, alone=True):
        run_state_machine_as_test(machine, settings=paid)
    if found:
        raise found[0]


SLOW = 0.1
"""Real seconds for one of the target's, beyond which whole scenarios are not played through."""


def _balance(target: Target) -> Balance | None:
    try:
        return target.balance() if target.state.has_balance else None
    except NotJudgedError:
        return None


def _guessable(ids: list[str]) -> list[str]:
    """Why the next id could be guessed: too short, or counted up."""
    problems = []
    if min(map(len, ids)) < SHORTEST_ID:
        problems.append(f"an id has only {min(map(len, ids))} characters: {ids[0]}")
    for base in (10, 16, 36):
        numbers = [_number(task_id, base) for task_id in ids]
        known = [number for number in numbers if number is not None]
        steps = [abs(b - a) for a, b in zip(sorted(known), sorted(known)[1:], strict=False)]
        if len(known) == len(ids) and max(steps) < COUNTED:
            problems.append(f"the ids are counted up: {', '.join(sorted(ids)[:3])} ...")
            break
        if len(known) == len(ids) and all(map(_is_a_moment, known)):
            problems.append(f"the ids are moments of the clock: {', '.join(sorted(ids)[:3])} ...")
            break
    return problems


SHORTEST_ID = 8
COUNTED = 10_000
UNITS = (1, 1000, 10**6, 10**9)
"""Of a clock's second: seconds, milliseconds, microseconds, nanoseconds."""
NOW_S = 3600


def _is_a_moment(number: int) -> bool:
    """Whether the number is the time of day, in any unit that clocks count in."""
    return any(abs(number / unit - time.time()) < NOW_S for unit in UNITS)


def _number(task_id: str, base: int) -> int | None:
    """The end of the id read as a number, without the letters that all ids begin with."""
    try:
        return int(task_id.rpartition("_")[2].rpartition("-")[2], base)
    except ValueError:
        return None


def _judge_answer(
    court: Court, path: str, status: int, text: str, name: str = "poll-errors"
) -> None:
    exchange = court.target.get(path)
    answer = exchange.answer
    problems = [] if answer.status == status else [f"status {answer.status}"]
    if text and text not in answer.message:
        problems.append(f"the message is '{answer.message}'")
    told = f"{status}" + (f" with '{text}'" if text else "")
    court.judge(name, exchange, expected=told, problems=problems)
