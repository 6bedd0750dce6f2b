"""A careful client: it tries again where that can help, waits as long as it is told, and counts."""

import base64
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import urllib3

__all__ = ["ApiError", "BudgetError", "Client"]

_MODEL = "gpt-image-2-all"
_WORTH_A_RETRY = frozenset({408, 409, 429, 500, 502, 503, 504, 524})
_TRIES = 4
_LONGEST_PAUSE_S = 30.0


class ApiError(Exception):
    """The API refused, or a task failed; `code` is its word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class BudgetError(Exception):
    """The next picture might cost more than is left of the budget."""


class Client:
    """Makes pictures within a budget; `sleep` is how it waits."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        sleep: Callable[[float], object],
        budget: Decimal = Decimal(1),
    ) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._sleep = sleep
        self._http = urllib3.PoolManager(retries=False, timeout=300)
        self.left = budget

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

    def picture(self, prompt: str, *, size: str = "1024x1024", price: str = "0.005") -> bytes:
        """A picture, now."""
        self._reserve(Decimal(price))
        try:
            answer = self._ask("POST", "/images/generations", self._fields(prompt, size=size))
        except ApiError:
            self.left += Decimal(price)
            raise
        return base64.b64decode(answer["data"][0]["b64_json"], validate=True)

    def task(self, prompt: str, *, price: str = "0.005", callback_url: str | None = None) -> str:
        """The id of a task that makes a picture."""
        self._reserve(Decimal(price))
        fields = self._fields(prompt, resolution="1K", callback_url=callback_url)
        return str(self._ask("POST", "/images/generations", fields)["data"]["taskId"])

    def wait_for(self, task_id: str) -> list[str]:
        """The URLs of a finished task, which is asked for with growing pauses."""
        for pause in _pauses(2.0):
            task = self._ask("GET", f"/images/generations?task_id={task_id}")["data"]
            if task["state"] == "failed":
                raise ApiError(task["failCode"], task["failMsg"])
            if task["state"] == "completed" and task["resultUrls"]:
                return list(task["resultUrls"])
            self._sleep(pause)
        raise AssertionError("the pauses never end")

    def _reserve(self, price: Decimal) -> None:
        if price > self.left:
            raise BudgetError(f"{price} USD are needed, {self.left} are left")
        self.left -= price

    def _fields(self, prompt: str, **fields: str | None) -> dict[str, str]:
        given = {"model": _MODEL, "prompt": prompt, "quality": "low", **fields}
        return {name: value for name, value in given.items() if value is not None}

    def _ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> Any:
        for number, pause in enumerate(_pauses(0.5), start=1):
            answer = self._http.request(
                method, self._base_url + path, json=fields, headers=self._headers
            )
            is_last = number == _TRIES
            if answer.status < 400:
                return _read(answer)
            if is_last or answer.status not in _WORTH_A_RETRY:
                raise _error(answer)
            self._sleep(_asked_pause(answer) or pause)
        raise AssertionError("the pauses never end")


def _pauses(first: float) -> Iterator[float]:
    pause = first
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _asked_pause(answer: urllib3.BaseHTTPResponse) -> float | None:
    asked = answer.headers.get("Retry-After")
    return None if asked is None else float(asked)


def _read(answer: urllib3.BaseHTTPResponse) -> Any:
    """The answer; this service tells some failures with status 200."""
    body = answer.json()
    if body.get("code", 200) >= 400:
        raise ApiError(str(body["code"]), body["msg"])
    return body


def _error(answer: urllib3.BaseHTTPResponse) -> ApiError:
    try:
        error = answer.json()["error"]
    except ValueError:
        return ApiError(str(answer.status), "a page instead of JSON")
    return ApiError(error["code"], error["message"])
