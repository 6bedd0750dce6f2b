"""What is aimed at: whether it is there, whether it is the project's mock, and what it offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from urllib.parse import urlsplit

from contracts.decode import Json
from contracts.exchange import Answer, Key, Request, at
from contracts.transport import Transport

__all__ = ["Control", "TargetError", "TargetState", "find_control", "reach", "set_balance"]

MOCK_NAME = "gpt-image-2-mock"
PLAIN_PATHS = ("/models", "/images/generations", "/balance")


class TargetError(Exception):
    """The endpoint cannot be judged at all; the message is one sentence for who aimed."""


@dataclass(frozen=True, slots=True)
class Control:
    """What the project's mock says of itself under `/_mock/`."""

    url: str
    name: str
    version: str
    profile: str
    open_accounts: bool
    stream: bool
    extras: bool
    clock: str
    scale: float


@dataclass(frozen=True, slots=True)
class TargetState:
    """What is known of the endpoint before it is judged."""

    base_url: str
    profile: str
    time_scale: float
    control: Control | None
    has_balance: bool
    local: bool
    """Whether it is on this machine, so that nothing costs real money."""


def reach(transport: Transport) -> bool:
    """Makes sure that an API answers there, else TargetError; says whether it tells the balance."""
    answers = {
        path: transport.send(Request("GET", path), timeout_s=10).answer for path in PLAIN_PATHS
    }
    if not any(_speaks(answer) for answer in answers.values()):
        raise TargetError(_diagnosis(transport.base_url, answers))
    balance = answers["/balance"]
    return balance.status == 200 and isinstance(at(balance.json, "data"), dict)


def find_control(transport: Transport) -> Control | None:
    """The mock's own interface, None if the endpoint is something else."""
    parts = urlsplit(transport.base_url)
    url = f"{parts.scheme}://{parts.netloc}/_mock"
    answer = transport.send(Request("GET", f"{url}/", key=Key.NONE), timeout_s=10).answer
    told = answer.json
    if answer.status != 200 or at(told, "name") != MOCK_NAME:
        return None
    return Control(
        url=url,
        name=MOCK_NAME,
        version=str(at(told, "version")),
        profile=str(at(told, "profile")),
        open_accounts=at(told, "open_accounts") is True,
        stream=at(told, "extensions", "stream") is True,
        extras=at(told, "extensions", "extras") is True,
        clock=str(at(told, "clock", "kind")),
        scale=_number(at(told, "clock", "scale")),
    )


def set_balance(transport: Transport, control: Control, key: str, balance: Decimal) -> None:
    """Gives a key of the mock an account with that much money."""
    fields: Mapping[str, Json] = {"key": key, "balance": str(balance)}
    answer = transport.send(Request("POST", f"{control.url}/accounts", fields, key=Key.NONE)).answer
    if answer.status != 200:
        raise TargetError(f"{control.url}/accounts answers {answer.status} to a new account")


def _speaks(answer: Answer) -> bool:
    """Whether the API answers there: not to another key, and not of a path that nobody knows."""
    told = at(answer.json, "code")
    return answer.is_json and not {answer.status, told} & {0, 401, 403, 404, 405}


def _diagnosis(base_url: str, answers: Mapping[str, Answer]) -> str:
    first = answers[PLAIN_PATHS[0]]
    if not any(answer.status for answer in answers.values()):
        return f"{base_url} gives {first.failure}"
    if all(300 <= answer.status < 400 for answer in answers.values()):
        return f"{base_url} redirects to {first.header('location')}: aim at that instead"
    if any(answer.status in {401, 403} for answer in answers.values() if answer.is_json):
        return f"{base_url} refuses the key ({first.status}): {first.message or 'no reason given'}"
    if any(at(answer.json, "code") == 401 for answer in answers.values()):
        return f"{base_url} refuses the key (HTTP 200 with code 401): {first.message}"
    if all(answer.status == 404 for answer in answers.values()):
        return (
            f"{base_url} knows none of {', '.join(PLAIN_PATHS)}: is this the base URL of the API?"
        )
    kind = first.media_type or "no content type"
    return (
        f"{base_url} answers {first.status} with {kind}, not JSON: is this the base URL of the API "
        "(it usually ends in /api/v1 or /v1)?"
    )


def _number(value: Json) -> float:
    return float(cast("float", value)) if isinstance(value, int | float) else 1.0
