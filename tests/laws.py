"""An answer, what holds for every one of them, and how a test says what it expects of one."""

import base64
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

import jsonschema_rs
from multidict import CIMultiDict, CIMultiDictProxy
from PIL import Image

from mock_server.contract import Contract, load_contract

__all__ = [
    "Answer",
    "Shown",
    "keeps_the_laws",
    "matches",
    "opened",
    "own_contract",
    "pictures",
    "refused",
]

_REQUEST_ID = re.compile(r"req_[A-Za-z0-9_]{8,}")
_LONGEST_MESSAGE = 2000


@cache
def own_contract() -> Contract:
    """The project's contract, read once."""
    return load_contract()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over the wire."""

    status: int
    headers: CIMultiDictProxy[str] | CIMultiDict[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body decoded; numbers with a fraction are exact decimals."""
        return json.loads(self.body, parse_float=Decimal, parse_constant=_no_json)

    @property
    def data(self) -> Any:
        """What is in the native envelope."""
        return self.json["data"]

    @property
    def request_id(self) -> str:
        """The name of this answer."""
        return self.headers["x-request-id"]

    @property
    def media_type(self) -> str:
        """The content type without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip()


def _no_json(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def keeps_the_laws(answer: Answer, *, method: str = "GET", style: str = "hybrid") -> None:
    """Fail unless the answer has an id, is no 5xx, and is JSON in the envelope if it refuses."""
    assert answer.status < 500, answer.body
    assert len(answer.headers.getall("x-request-id")) == 1
    assert _REQUEST_ID.fullmatch(answer.request_id), answer.headers
    if method == "HEAD":
        assert answer.body == b""
    elif answer.status >= 400:
        _is_a_refusal(answer, style)
    elif answer.media_type == "application/json":
        assert answer.json is not None


def _is_a_refusal(answer: Answer, style: str) -> None:
    assert answer.media_type == "application/json", answer.headers
    body = answer.json
    keys = {"hybrid": {"code", "msg", "error"}, "openai": {"error"}, "native": {"code", "msg"}}
    assert body.keys() == keys[style], body
    if style != "openai":
        assert body["code"] == answer.status
        _reads_well(body["msg"])
    if style != "native":
        _is_an_openai_error(body["error"], answer.status)
    if style == "hybrid":
        assert body["msg"] == body["error"]["message"]
    if answer.status == 405:
        assert re.fullmatch(r"[A-Z]+(, [A-Z]+)*", answer.headers["Allow"])
    if answer.status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def _is_an_openai_error(error: Any, status: int) -> None:
    assert error.keys() == {"message", "type", "param", "code"}, error
    kinds = own_contract().errors.kinds.values()
    assert (status, error["type"]) in {(kind.status, kind.type) for kind in kinds}, error
    assert error["param"] is None or isinstance(error["param"], str), error
    assert re.fullmatch(r"[a-z0-9_]+(\[\])?", error["code"]), error
    _reads_well(error["message"])


def _reads_well(message: str) -> None:
    assert message.strip(), "an empty message"
    assert len(message) <= _LONGEST_MESSAGE, message
    assert "Traceback" not in message, message
    assert "\n" not in message, message


def refused(answer: Answer, status: int, *says: str, param: str | None = None) -> str:
    """Fail unless the hybrid envelope refuses so; the message."""
    assert answer.status == status, (answer.status, answer.body[:500])
    error = answer.json["error"]
    assert error["param"] == param, error
    for text in says:
        assert text in error["message"], error
    return str(error["message"])


class Shown(NamedTuple):
    """One picture of an answer: as sent, as decoded, and where it is served."""

    data: bytes
    image: Image.Image
    url: str

    @property
    def size(self) -> str:
        """WxH."""
        return f"{self.image.width}x{self.image.height}"


def pictures(answer: Answer, *, n: int = 1, extras: bool = False) -> list[Shown]:
    """The pictures of a synchronous answer, which has n of them in just the promised shape."""
    assert answer.status == 200, (answer.status, answer.body[:500])
    body = answer.json
    further = set(own_contract().extras) if extras else set()
    assert body.keys() == {"created", "data"} | further, body.keys()
    assert type(body["created"]) is int
    assert len(body["data"]) == n
    matches(body, "GenerationResponse")
    return [_shown(item) for item in body["data"]]


def _shown(item: Any) -> Shown:
    assert item.keys() == {"b64_json", "url"}
    data = base64.b64decode(item["b64_json"], validate=True)
    return Shown(data, opened(data), item["url"])


def opened(data: bytes) -> Image.Image:
    """The picture, decoded to its last row."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def matches(value: Any, schema: str) -> None:
    """Fail unless the value keeps that schema of the contract's `components.schemas`."""
    errors = list(_validator(schema).iter_errors(value))
    assert not errors, errors[0]


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    document: Any = own_contract().document
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    )
