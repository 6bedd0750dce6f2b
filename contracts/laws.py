"""The laws that hold for every answer, judged on every answer that a test sees.

Rules: status, error-shape, code-in-200, auth.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from contracts.exchange import Exchange, Key, at
from contracts.judge import Judge, NotJudgedError
from contracts.oracle import answers
from contracts.oracle.problem import Problem
from contracts.spec import Spec

__all__ = ["of"]

LAWS = ("status/no-5xx", "status")
REFUSED = 400
SHORTEST_SECRET = 6


def of(judge: Judge, spec: Spec, keys: Mapping[Key, str]) -> Callable[[Exchange], None]:
    """The judging of one answer; NotJudgedError where the target is too busy to give one."""
    secrets = [key.encode() for key in keys.values() if len(key) >= SHORTEST_SECRET]

    too_many = spec.facts.status.of("rate_limited")

    def judge_answer(exchange: Exchange) -> None:
        told = answers.problems(spec, exchange, mock=judge.is_mock, base_url=judge.base_url)
        if at(exchange.answer.json, "data", "taskId") is not None:
            # The outer code of a poll is for the rule task-poll to judge.
            told = [problem for problem in told if problem.rule != "code-in-200"]
        problems = [*told, *_leaks(exchange, secrets)]
        kept = (*LAWS, "error-shape") if exchange.answer.status >= REFUSED else LAWS
        expected = "a JSON answer, with x-request-id, that is no 5xx and tells errors as such"
        judge.problems(problems, exchange, expected=expected, kept=kept)
        if exchange.answer.status == too_many:
            raise NotJudgedError(f"the target answers {too_many}: {exchange.answer.message}")

    return judge_answer


def _leaks(exchange: Exchange, secrets: Iterable[bytes]) -> list[Problem]:
    if any(_is_told(secret, exchange.answer.body) for secret in secrets):
        return [Problem("auth", "the answer echoes the key")]
    return []


def _is_told(secret: bytes, body: bytes) -> bool:
    """Whether the key stands there as a word of its own: a short one may well be part of an id.

    Most bodies do not hold it at all, which is seen many times faster than its surroundings are.
    """
    if secret not in body:
        return False
    whole = rb"(?<![A-Za-z0-9_])" + re.escape(secret) + rb"(?![A-Za-z0-9_])"
    return re.search(whole, body) is not None
