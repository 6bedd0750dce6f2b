"""Which request gets which fault: by header, by a marker in the prompt, or by rules.

Rules are looked at twice: those that go by operation and key before the body is read, those that go
by prompt, size or quality when it was. Each time the first that is due wins.
"""

import random
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

from mock_server.faults import parse_fault
from mock_server.misbehaviour import PROPER, Aftermath, Fault, FaultError
from mock_server.settings import SettingsError

__all__ = ["FaultBook", "FaultRule", "Occasion", "read_fault_file", "read_fault_rule"]

_MARKER = re.compile(r"\[\[fault:([^\]]{1,200})\]\]")
_OF_THE_BODY = ("prompt", "size", "quality")
_MATCHED_BY = ("operation", "key", *_OF_THE_BODY)
_RULE_KEYS = ("fault", "match", "nth", "probability", "times", "priority")


class Occasion(NamedTuple):
    """What a rule can go by; the last three are known when the body was read."""

    operation: str
    key: str | None
    prompt: str | None = None
    size: str | None = None
    quality: str | None = None


@dataclass(slots=True)
class FaultRule:
    """A fault and when it is due; `matched` and `applied` count, the rest does not change."""

    text: str
    fault: Fault
    match: Mapping[str, str]
    nth: int | None = None
    probability: float = 1.0
    times: int | None = None
    priority: int = 0
    matched: int = 0
    applied: int = 0
    prompt: re.Pattern[str] | None = field(default=None, repr=False)

    @property
    def needs_body(self) -> bool:
        """Whether it can be judged only after the body was read."""
        return any(name in self.match for name in _OF_THE_BODY)

    def is_due(self, occasion: Occasion, chance: random.Random) -> bool:
        """Count the occasion if it matches, and say whether the fault is due."""
        if not self._matches(occasion):
            return False
        self.matched += 1
        is_spent = self.times is not None and self.applied >= self.times
        is_turn = self.nth is None or self.matched == self.nth
        return is_turn and not is_spent and chance.random() < self.probability

    def _matches(self, occasion: Occasion) -> bool:
        if self.prompt is not None and not self.prompt.search(occasion.prompt or ""):
            return False
        return all(
            getattr(occasion, name) == value
            for name, value in self.match.items()
            if name != "prompt"
        )

    def told(self) -> dict[str, object]:
        """The rule and its counts, for the control interface."""
        return {
            "fault": self.text,
            "match": dict(self.match),
            "nth": self.nth,
            "probability": self.probability,
            "times": self.times,
            "priority": self.priority,
            "matched": self.matched,
            "applied": self.applied,
        }


_LATER_KEPT = 100_000


class FaultBook:
    """The rules in force, and what the faults of earlier requests still have to do."""

    def __init__(
        self, rules: Iterable[FaultRule], chance: random.Random, *, operations: frozenset[str]
    ) -> None:
        self._operations = operations
        self._given = [self._sensible(rule) for rule in rules]
        self._chance = chance
        self._first_state = chance.getstate()
        self.reset()

    def reset(self) -> None:
        """Back to the rules of the start, with their counts at zero and their chances anew."""
        for rule in self._given:
            rule.matched = rule.applied = 0
        self.rules = list(self._given)
        self._chance.setstate(self._first_state)
        self._later: OrderedDict[str, Aftermath] = OrderedDict()

    def add(self, *rules: FaultRule) -> None:
        """Put rules in force; raises FaultError, and then none is."""
        self.rules += [self._sensible(rule) for rule in rules]

    def _sensible(self, rule: FaultRule) -> FaultRule:
        operation = rule.match.get("operation")
        if operation is not None and operation not in self._operations:
            known = ", ".join(sorted(self._operations))
            raise FaultError(f"match.operation: no {operation[:50]!r}; known: {known}")
        return rule

    def clear(self) -> None:
        """No rules any more, those of the start included."""
        self.rules.clear()

    def at_arrival(self, occasion: Occasion, header: str = "") -> list[Fault]:
        """The faults that are due before the body is read; raises FaultError."""
        asked = [parse_fault(text) for text in header.split(",") if text.strip()]
        return asked + self._due(occasion, needs_body=False)

    def at_reading(self, occasion: Occasion, *, heeds_markers: bool) -> list[Fault]:
        """The faults that are due for what the body says; raises FaultError."""
        prompt = occasion.prompt or "" if heeds_markers else ""
        marked = [parse_fault(text) for text in _MARKER.findall(prompt)] if "[[" in prompt else []
        return marked + self._due(occasion, needs_body=True)

    def _due(self, occasion: Occasion, *, needs_body: bool) -> list[Fault]:
        """That of the first rule that is due: higher priority first, then the older one."""
        asked = [rule for rule in self.rules if rule.needs_body is needs_body]
        asked.sort(key=lambda rule: -rule.priority)
        # Every rule counts what it matches, whether or not another one comes before it.
        due = [rule for rule in asked if rule.is_due(occasion, self._chance)]
        for rule in due[:1]:
            rule.applied += 1
        return [rule.fault for rule in due[:1]]

    def remember(self, job_id: str, faults: Iterable[Fault]) -> None:
        """Keep what is still to be done with a job's results and webhooks."""
        aftermath = PROPER
        for fault in faults:
            aftermath = fault.later(aftermath)
        if aftermath != PROPER:
            self._later[job_id] = aftermath
            if len(self._later) > _LATER_KEPT:
                self._later.popitem(last=False)

    def later(self, job_id: str) -> Aftermath:
        """What is to be done with a job's results and webhooks."""
        return self._later.get(job_id, PROPER) if self._later else PROPER

    def show_empty(self, job_id: str) -> bool:
        """Whether this completed poll is to show no URLs; it counts."""
        aftermath = self.later(job_id)
        if aftermath.empty_polls == 0:
            return False
        self._later[job_id] = aftermath._replace(empty_polls=aftermath.empty_polls - 1)
        return True


def read_fault_file(path: Path) -> list[FaultRule]:
    """The rules of a YAML file, a list of them; raises SettingsError."""
    try:
        items = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unusable(path, f"is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(items, list):
        raise _unusable(path, "must be a list of rules")
    return [_read_item(path, number, item) for number, item in enumerate(items, start=1)]


def _read_item(path: Path, number: int, item: object) -> FaultRule:
    try:
        return read_fault_rule(item)
    except FaultError as error:
        raise _unusable(path, f"rule {number}: {error}") from None


def _unusable(path: Path, problem: str) -> SettingsError:
    return SettingsError(f"--faults: {path}: {problem}")


def read_fault_rule(item: object) -> FaultRule:
    """A rule from `{fault, match, nth, probability, times, priority}`; raises FaultError."""
    if not isinstance(item, dict):
        raise FaultError(f"a rule must be an object with {', '.join(_RULE_KEYS)}")
    for key in item:
        if key not in _RULE_KEYS:
            raise FaultError(f"a rule has no {key!r:.50}; known: {', '.join(_RULE_KEYS)}")
    text = item.get("fault")
    if not isinstance(text, str):
        raise FaultError("fault: must be text such as 'rate_limit;retry_after=2'")
    match = _match({} if item.get("match") is None else item["match"])
    return FaultRule(
        text=text,
        fault=parse_fault(text),
        match=match,
        nth=_count(item, "nth"),
        probability=_probability(item.get("probability")),
        times=_count(item, "times"),
        priority=_whole(item.get("priority"), "priority") or 0,
        prompt=_pattern(match.get("prompt")),
    )


def _match(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise FaultError(f"match: must be an object with some of {', '.join(_MATCHED_BY)}")
    for name, text in value.items():
        if name not in _MATCHED_BY:
            raise FaultError(f"match: no {name!r:.50}; known: {', '.join(_MATCHED_BY)}")
        if not isinstance(text, str):
            raise FaultError(f"match.{name}: must be text; got {text!r:.50}")
    return value


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise FaultError(f"match.prompt: not a regular expression: {error}") from None


def _count(item: Mapping[str, object], name: str) -> int | None:
    value = _whole(item.get(name), name)
    if value is not None and value < 1:
        raise FaultError(f"{name}: must be at least 1; got {value}")
    return value


def _whole(value: object, name: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise FaultError(f"{name}: must be a whole number; got {value!r:.50}")
    return value


def _probability(value: object) -> float:
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise FaultError(f"probability: must be 0 to 1; got {value!r:.50}")
    return float(value)
