"""A cassette: what passed a proxy, to be answered again without the service.

One line of JSON in `cassette.jsonl` for each exchange. Keys are never written: an account is known
by a number, in the order in which the keys came. Pictures are written as facts - size, format,
alpha, bytes, digest - and drawn anew from these; whole only when that was asked for. Other bytes
that are no text are written as their digest.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson
import pybase64

from mock_server.multipart import FormError, boundary_of, read_form
from mock_server.pictures import NotAPicture, examine
from mock_server.purse import at
from mock_server.watching import events_of

__all__ = [
    "SECRET",
    "UPSTREAM",
    "Accounts",
    "Cassette",
    "CassetteError",
    "Key",
    "PictureFacts",
    "Played",
    "Recorder",
    "request_digest",
    "secret_of",
    "shown_request",
    "without_credentials",
]

FILE = "cassette.jsonl"
PICTURES = "pictures"
# Stands for the address of the service, which is another one when the cassette is played.
UPSTREAM = b"$UPSTREAM"
# Stands for the key of the request, where the service repeats it.
SECRET = b"$KEY"
_SHORTEST_SECRET = 6
_SCHEMES = ("basic", "bearer")
_KEPT_HEADERS = (
    "allow", "content-type", "retry-after", "retry-after-ms", "www-authenticate", "x-request-id",
    "x-should-retry",
)  # fmt: skip
_LONGEST_SHOWN = 300
_LONGEST_BROKEN = 64


class CassetteError(Exception):
    """A cassette that cannot be read or written."""


class Accounts:
    """Numbers instead of keys."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def name(self, authorization: str | None) -> str:
        """The name of the account behind an Authorization header."""
        if authorization is None:
            return "nobody"
        digest = hashlib.sha256(authorization.encode("utf-8", "replace")).hexdigest()
        return f"account-{self._numbers.setdefault(digest, len(self._numbers) + 1)}"


class PictureFacts(NamedTuple):
    """What a picture is, without its pixels."""

    sha256: str
    format: str
    width: int
    height: int
    alpha: bool
    bytes: int


def request_digest(content_type: str, body: bytes, *, origins: Iterable[str]) -> str:
    """What a request says, whatever its boundary, its order of keys, or the server's addresses."""
    for origin in origins:
        body = body.replace(origin.encode(), UPSTREAM)
    try:
        said = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        said = _form_digest(content_type, body) or body
    return hashlib.sha256(said).hexdigest()


def _form_digest(content_type: str, body: bytes) -> bytes | None:
    try:
        parts = read_form(body, boundary_of(content_type))
    except FormError:
        return None
    return orjson.dumps([(part.name, hashlib.sha256(part.data).hexdigest()) for part in parts])


_SECRET_NAME = re.compile("key|token|secret|auth", re.IGNORECASE)
_CREDENTIAL = re.compile(rf"(?<=[?&])([^=&]*(?:{_SECRET_NAME.pattern})[^=&]*)=[^&]*", re.IGNORECASE)


def secret_of(authorization: str | None) -> bytes:
    """What an Authorization header carries of a key; nothing where it only names its scheme."""
    secret = (authorization or "").rpartition(" ")[2]
    return b"" if secret.casefold() in _SCHEMES else secret.encode("utf-8", "replace")


def without_credentials(path: str) -> str:
    """The path without what its query seems to carry of keys; some clients put them there."""
    return _CREDENTIAL.sub(rf"\1={SECRET.decode()}", path)


def shown_request(content_type: str, body: bytes) -> object:
    """A request for people to read: no pictures, no secrets of URLs, nothing long."""
    try:
        return _shown(orjson.loads(body)) if body else None
    except orjson.JSONDecodeError:
        pass
    try:
        parts = read_form(body, boundary_of(content_type))
    except FormError:
        return f"<{len(body):,} bytes>"
    return [
        [part.name, f"<{len(part.data):,} bytes>" if part.text is None else _shown(part.text)]
        for part in parts
    ]


def _shown(value: object) -> object:
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {
            name: SECRET.decode() if _SECRET_NAME.search(name) else _shown(item)
            for name, item in value.items()
        }
    if not isinstance(value, str):
        return value
    if value.startswith(("http://", "https://")):
        value = value.partition("?")[0]
    is_readable = not value.startswith("data:") and (" " in value or len(value) < _LONGEST_BROKEN)
    is_url = value.startswith("http")
    shown = value if is_readable or is_url else f"{value[:20]}… <{len(value):,} characters>"
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


class Key(NamedTuple):
    """What makes two requests the same."""

    method: str
    path: str
    account: str
    digest: str


class Played(NamedTuple):
    """An answer of the cassette; its pictures are still facts."""

    status: int
    headers: Mapping[str, str]
    body: object


class Recorder:
    """Writes a cassette, exchange by exchange."""

    def __init__(self, folder: Path, *, origin: str, max_pixels: int, whole_pictures: bool) -> None:
        self._folder = folder
        self._origin = origin.encode()
        self._max_pixels = max_pixels
        self._whole_pictures = whole_pictures
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / FILE).open("xb")
        except FileExistsError:
            raise CassetteError(f"{folder / FILE}: is there already; give another folder") from None
        except OSError as error:
            raise CassetteError(f"{folder}: {error.strerror or error}") from None

    def keep(
        self,
        *,
        key: Key,
        fields: object,
        secret: str | None,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
    ) -> None:
        """Add an exchange; the secret - an Authorization header - is in none of it."""
        kept = {
            name.lower(): value for name, value in headers.items() if name.lower() in _KEPT_HEADERS
        }
        response = {"status": status, "headers": kept, "body": self._shrunk(body)}
        line = orjson.dumps({"request": {**key._asdict(), "fields": fields}, "response": response})
        self._file.write(_without_secret(line, secret) + b"\n")
        self._file.flush()

    def _shrunk(self, body: bytes) -> object:
        facts = self._facts(body)
        if facts is not None:
            return {"$picture": facts._asdict()}
        body = body.replace(self._origin, UPSTREAM)
        try:
            return self._without_pixels(orjson.loads(body))
        except orjson.JSONDecodeError:
            return self._shrunk_text(body)

    def _shrunk_text(self, body: bytes) -> object:
        """Of a stream its events, of other text all, of bytes what they are."""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return {"$bytes": {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}}
        events = list(events_of(body))
        if events:
            return {"$events": [self._without_pixels(event) for event in events]}
        return {"$text": text}

    def _without_pixels(self, value: object) -> object:
        if isinstance(value, list):
            return [self._without_pixels(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._b64(item) if name == "b64_json" else self._without_pixels(item)
            for name, item in value.items()
        }

    def _b64(self, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            facts = self._facts(pybase64.b64decode(value, validate=True))
        except ValueError:
            facts = None
        return value[:_LONGEST_BROKEN] if facts is None else {"$picture": facts._asdict()}

    def _facts(self, data: bytes) -> PictureFacts | None:
        try:
            seen = examine(data, max_pixels=self._max_pixels)
        except NotAPicture:
            return None
        digest = hashlib.sha256(data).hexdigest()
        if self._whole_pictures:
            pictures = self._folder / PICTURES
            pictures.mkdir(exist_ok=True)
            (pictures / f"{digest}.{seen.format}").write_bytes(data)
        return PictureFacts(digest, seen.format, seen.width, seen.height, seen.has_alpha, len(data))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def _without_secret(line: bytes, authorization: str | None) -> bytes:
    secret = secret_of(authorization)
    return line.replace(secret, SECRET) if len(secret) >= _SHORTEST_SECRET else line


class Cassette:
    """Answers recorded requests: the k-th like the k-th time, the last again and again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._answers: dict[Key, list[Played]] = defaultdict(list)
        self._turns: dict[Key, int] = defaultdict(int)
        self._told: dict[str, Mapping[str, object]] = {}
        try:
            lines = (folder / FILE).read_bytes().splitlines()
        except OSError as error:
            raise CassetteError(f"{folder / FILE}: {error.strerror or error}") from None
        for number, line in enumerate(lines, start=1):
            self._take(line, number)

    def _take(self, line: bytes, number: int) -> None:
        try:
            entry = orjson.loads(line)
            request, response = entry["request"], entry["response"]
            key = Key(request["method"], request["path"], request["account"], request["digest"])
            played = Played(response["status"], response["headers"], response["body"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise CassetteError(f"{self._folder / FILE}: line {number} is no exchange") from None
        self._answers[key].append(played)
        data = at(played.body, "data")
        if isinstance(data, dict) and isinstance(data.get("taskId"), str) and "state" in data:
            self._told[data["taskId"]] = data

    def last_told(self, task_id: str) -> Mapping[str, object]:
        """What was said of a task the last time; nothing of one that the cassette knows not."""
        return self._told.get(task_id, {})

    def answer(self, key: Key) -> Played | None:
        """The recorded answer to this request; None where there is none."""
        answers = self._answers.get(key)
        if answers is None:
            return None
        turn = self._turns[key]
        self._turns[key] = turn + 1
        return answers[min(turn, len(answers) - 1)]

    def last_answer(self, key: Key) -> Played | None:
        """The answer that this request got the last time; None where there is none."""
        answers = self._answers.get(key)
        return answers[-1] if answers else None

    def whole(self, facts: PictureFacts) -> bytes | None:
        """The picture itself, where it was kept whole."""
        path = self._folder / PICTURES / f"{facts.sha256}.{facts.format}"
        return path.read_bytes() if path.exists() else None
