"""One probe, judged whole: the refusal, the pictures or the task that the contract expects of it.

Whatever a test is about, every answer it gets is judged by everything the contract says of it: a
fault may show only at one value of one field together with another.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from contracts.asking import expected_of
from contracts.claims import Probe, World
from contracts.exchange import Exchange, at
from contracts.judge import BreachError, Judge, NotJudgedError
from contracts.oracle import pictures, sizes, synchronous, tasks
from contracts.oracle.problem import Problem
from contracts.oracle.requests import Expectation, Mode
from contracts.target import History, Target

__all__ = ["Court", "must_be_offered"]

SIZED = ("mode-both", "profile")
"""Rules that decide a size: a probe of theirs that measures another breaks them."""
MODES = ("mode-auto", "mode-both", "profile", "reference-routing", "mode/edits")
OPTIONAL = ("/images/generations-sync", "/balance", "/records", "/files", "/video")
"""Paths that were observed of the provider, and are stated by nobody."""
VAGUE = ("max-references",)
"""Rules about several fields at once, of which a refusal need not name any."""
PICTURES = ("size-exact", "output-format", "background")


class Court:
    """Hears probes: sends them, or looks up what came, and judges it."""

    def __init__(self, target: Target, judge: Judge, world: World) -> None:
        self.target = target
        self.judge = judge
        self.world = world

    def hear(self, probe: Probe) -> Exchange:
        """Judges the answer to the probe by all the contract says of it; gives the answer."""
        expected = probe.expected or expected_of(self.world, probe.request)
        if not expected.accepted:
            return self.refusal(probe, expected)
        if expected.mode is Mode.ASYNC:
            return self.task(probe, expected).created
        exchange = self.target.exchange(probe)
        must_be_offered(exchange)
        self._must_be_accepted(probe, exchange, expected)
        if expected.mode is Mode.SYNC:
            self.pictures(probe, exchange, expected)
        elif expected.mode is Mode.WAIT:
            self._waited(exchange, expected)
        return exchange

    def refusal(self, probe: Probe, expected: Expectation) -> Exchange:
        """Judges that the probe is refused, for its fault, in precise words."""
        exchange = self.target.exchange(probe)
        must_be_offered(exchange)
        self.refused(exchange, expected)
        return exchange

    def refused(self, exchange: Exchange, expected: Expectation) -> None:
        """Judges a refusal that has come."""
        answer, fault = exchange.answer, expected.faults[0]
        name = f"{fault.rule}/{fault.part}" if fault.part else fault.rule
        allowed = " or ".join(map(str, sorted(expected.statuses)))
        told = f"{allowed}: {fault.text}"
        wrong = answer.status not in expected.statuses
        self.judge(name, exchange, expected=told, problems=[_status(exchange)] if wrong else [])
        if answer.status not in expected.statuses:
            return
        is_there = str.endswith if fault.closes else str.__contains__
        missing = [text for text in fault.message if not is_there(answer.message, text)]
        texts = [f"the message is '{answer.message}'" for _ in missing]
        place = "ending with" if fault.closes else "with"
        wanted = f"{told}; {place} the words '{''.join(missing)}'"
        self.judge(name, exchange, expected=wanted, problems=texts)
        if expected.params and fault.rule not in VAGUE:
            self._precise(exchange, expected.params)

    def task(self, probe: Probe, expected: Expectation) -> History:
        """Judges the task that the probe makes, from its creation to its pictures."""
        history = self.target.history(probe)
        self._must_be_accepted(probe, history.created, expected)
        found = tasks.problems(self.target.spec, expected, history.created, history.polls)
        try:
            self._judge(
                probe,
                found,
                history.last if history.polls else history.created,
                f"a task that ends {expected.ends}, told as the contract says",
                ("mode", "task-created", "task-poll", "task-poll/fields", "task-steps"),
            )
        except BreachError:
            self._noting_results(probe, history, expected)
            raise
        if expected.ends == "completed":
            self._ended(history)
            self.results(history.last, expected, probe.rule)
        return history

    def _noting_results(self, probe: Probe, history: History, expected: Expectation) -> None:
        """What is wrong with the pictures too is not hidden by what is wrong with the task."""
        try:
            self.results(history.last, expected, probe.rule)
        except BreachError as error:
            self.judge.broken(error.breach)

    def results(self, poll: Exchange, expected: Expectation, rule: str = "size-exact") -> None:
        """Judges the pictures behind a completed task's URLs; `rule` is the probe's."""
        urls = tasks.result_urls(poll)
        fetched = [self.target.fetch(url) for url in urls]
        for each in fetched:
            wrong = [] if each.answer.status == 200 else [f"the URL answers {_status(each)}"]
            self.judge("same-bytes", each, expected="the picture, without a key", problems=wrong)
        found = [each.answer.body for each in fetched if each.answer.status == 200]
        problems = synchronous.picture_problems(expected, found)
        self.judge.problems(
            _blamed(rule, problems),
            poll,
            expected=_wanted(expected),
            kept=PICTURES if found else (),
        )
        if expected.size is None:
            self._derived(poll, expected, found)

    def pictures(self, probe: Probe, exchange: Exchange, expected: Expectation) -> None:
        """Judges a synchronous answer and every picture in it, inline and at its URL."""
        found = synchronous.problems(self.target.spec, expected, exchange, extras=self._extras())
        inline = synchronous.picture_bytes(exchange)
        kept = ("mode", "sync-shape", "n", *(PICTURES if any(inline) else ()))
        self._judge(probe, found, exchange, _wanted(expected), kept)
        for entry, data in zip(exchange.answer.entries(), inline, strict=True):
            self._at_url(exchange, entry.get("url"), data, expected)
        if expected.images == 1:
            self.target.shared.note("latency", [expected.quality, exchange.answer.seconds])

    def _at_url(
        self, exchange: Exchange, url: object, inline: bytes | None, expected: Expectation
    ) -> None:
        """The picture at the URL is the inline one; where there is none it is judged itself."""
        if not isinstance(url, str) or "://" not in url:
            return
        fetched = self.target.fetch(url)
        if inline is not None:
            problems = synchronous.same_bytes_problems(self.target.spec, inline, fetched)
            self.judge.problems(
                problems, fetched, expected="the bytes of b64_json", kept=("same-bytes",)
            )
            return
        status = fetched.answer.status
        told = [] if status == 200 else [Problem("response-format", f"the url answers {status}")]
        told += synchronous.picture_problems(expected, [fetched.answer.body]) if not told else []
        told += pictures.media_type_problems(
            self.target.spec, fetched.answer.body, fetched.answer.media_type
        )
        kept = ("response-format", *PICTURES)
        self.judge.problems(told, exchange, expected=_wanted(expected), kept=kept)

    def _waited(self, exchange: Exchange, expected: Expectation) -> None:
        task_id = exchange.answer.task_id
        problems = [] if task_id else ["data.taskId is missing"]
        found = tasks.poll_problems(self.target.spec, expected, exchange, task_id or "")
        problems += [problem.text for problem in found]
        state = at(exchange.answer.json, "data", "state")
        problems += [] if state == expected.ends else [f"state is {state!r}"]
        self.judge(
            "generations-sync/shape",
            exchange,
            expected=f"the poll of a task that has {expected.ends}",
            problems=problems,
        )
        if state == "completed":
            self.results(exchange, expected)

    def _derived(self, poll: Exchange, expected: Expectation, found: Sequence[bytes]) -> None:
        """Every picture has a size that the asked ratio and tier allow. Rule: derive."""
        spec = self.target.spec
        ratio, resolution = expected.aspect_ratio, expected.resolution
        asked = f"a picture for ratio {ratio or 'by default'} at {resolution or 'by default'}"
        name = "derive/defaults" if ratio is None or resolution is None else "derive"
        typical = sizes.typical(spec, ratio, resolution)
        for data in found:
            header = pictures.read(data)
            if header is None:
                continue
            size = header.size
            wrong = sizes.derived_problems(spec, ratio, resolution, *size)
            texts = [problem.text for problem in wrong]
            self.judge(name, poll, expected=asked, problems=texts)
            part, best = ("typical", typical) if typical else ("exact", expected.best)
            if part == "typical" or self.target.state.control is not None:
                other = [] if best in {size, None} else [str(size)]
                self.judge(f"derive/{part}", poll, expected=f"{asked}: {best}", problems=other)

    def _ended(self, history: History) -> None:
        state = history.data.get("state")
        problems = [] if state in {"completed", "failed"} else [f"still {state} when given up"]
        limit = self.target.transport.timeout_s
        self.judge(
            "task-poll", history.last, expected=f"an end within {limit:g} s", problems=problems
        )

    def _must_be_accepted(self, probe: Probe, exchange: Exchange, expected: Expectation) -> None:
        """A legal request that is refused breaks the rule that it was made for."""
        answer = exchange.answer
        if answer.status in self.target.spec.facts.status.unwilling:
            raise NotJudgedError(f"the target answers {answer.status}: {answer.message}")
        refused = answer.status not in expected.statuses
        self.judge(
            probe.rule,
            exchange,
            expected=f"200: the request is legal ({probe.name})",
            problems=[_status(exchange)] if refused else [],
        )
        if refused:
            raise NotJudgedError(f"refused although legal: {answer.message}")

    def _precise(self, exchange: Exchange, params: Iterable[str]) -> None:
        answer, names = exchange.answer, sorted(params)
        if isinstance(at(answer.json, "error"), dict):
            wrong = [] if answer.param in names else [f"param is {answer.param!r}"]
            told = f"param {' or '.join(names)}"
            self.judge("error-precise", exchange, expected=told, problems=wrong)
        words = _letters(answer.message)
        named = any(_letters(name) in words for name in names)
        problems = [] if named else [f"the message is '{answer.message}'"]
        told = f"a message that names {' or '.join(names)}"
        self.judge("error-precise", exchange, expected=told, problems=problems)

    def _judge(
        self,
        probe: Probe,
        found: Iterable[Problem],
        exchange: Exchange,
        expected: str,
        kept: Iterable[str],
    ) -> None:
        """A wrong mode or size breaks the rule of the probe, if that is about modes or sizes."""
        rule = probe.rule if probe.rule in MODES else "mode"
        names = [rule if name == "mode" else name for name in kept]
        named = _blamed(probe.rule, found)
        self.judge.problems(named, exchange, expected=expected, kept=names)

    def _extras(self) -> bool | None:
        control = self.target.state.control
        return control.extras if control else self.world.profile == "openai"


def must_be_offered(exchange: Exchange) -> None:
    """A path that was only observed may be missing: NotJudgedError then."""
    path = exchange.request.path.partition("?")[0]
    is_optional = path.startswith(OPTIONAL)
    if is_optional and exchange.answer.status == HTTPStatus.NOT_FOUND:
        raise NotJudgedError(f"the target does not offer {path}")


def _status(exchange: Exchange) -> str:
    answer = exchange.answer
    if not answer.status:
        return answer.failure
    return f"status {answer.status}" + (f": {answer.message}" if answer.message else "")


def _letters(text: str) -> str:
    """The text without case, blanks and underscores: `aspect ratio` names `aspect_ratio`."""
    return "".join(character for character in text.lower() if character not in " _-[]")


def _blamed(rule: str, problems: Iterable[Problem]) -> list[Problem]:
    """The problems of mode and size under the rule of the probe, where that decides them."""
    by_rule = {"mode": rule in MODES, "size-exact": rule in SIZED}
    return [
        Problem(*_split(rule, each.text)) if by_rule.get(each.rule) else each for each in problems
    ]


def _split(rule: str, text: str) -> tuple[str, str, str | None]:
    name, _, part = rule.partition("/")
    return name, text, part or None


def _wanted(expected: Expectation) -> str:
    """The pictures in words."""
    count = "one picture" if expected.images == 1 else f"{expected.images} pictures"
    size = f" of exactly {expected.size}" if expected.size else ""
    alpha = {"required": ", with alpha", "forbidden": ", without alpha"}.get(expected.alpha, "")
    return f"{count}{size} as {expected.image_format}{alpha}"
