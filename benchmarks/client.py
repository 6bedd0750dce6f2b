"""Single requests outside of any measurement."""

import http.client
import json
from typing import NamedTuple

__all__ = ["KEY", "Answer", "ask"]

KEY = "sk_bench"
_TIMEOUT_S = 120


class Answer(NamedTuple):
    """A status and the body it came with."""

    status: int
    body: bytes


def ask(port: int, method: str, path: str, fields: object = None) -> Answer:
    """One request on a connection of its own; `fields` are sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    try:
        body = None if fields is None else json.dumps(fields)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()
