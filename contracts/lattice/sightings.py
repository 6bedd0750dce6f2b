"""What came back for a size, told in one short record. Rules: size-exact, status, code-in-200."""

import zlib
from base64 import b64decode
from dataclasses import dataclass
from enum import StrEnum

from contracts.excerpt import excerpt
from contracts.exchange import Answer, at
from contracts.oracle import headers
from contracts.size import Size

__all__ = ["Seen", "Sighting", "sight"]

PNG_START = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PNG_END = b"IEND\xaeB`\x82"
HEAD_TEXT = 44  # base64 characters of the signature and the whole first chunk, 33 bytes
TAIL_TEXT = 16  # base64 characters of at least the last 10 bytes
OK, FAILURE = 200, 400


class Seen(StrEnum):
    """The kinds of answer there are to a size."""

    PICTURE = "picture"
    """One picture, at once; the detail is its size."""
    TASK = "task"
    """The size was taken, and a task was made."""
    REFUSED = "refused"
    """400."""
    CODE_IN_200 = "code in 200"
    """A failure told as HTTP 200."""
    STRANGE = "strange"
    """200 with neither a picture nor a task."""
    OTHER = "other"
    """Any other status."""
    NO_ANSWER = "no answer"
    NO_CREDIT = "no credit"
    """402: says nothing of the size."""
    KEY_REFUSED = "key refused"
    """401 or 403: says nothing of the size."""
    BUSY = "busy"
    """429: says nothing of the size."""
    SENT = "sent"
    """Noted before a request that may cost money: if nothing follows, its fate is unknown."""

    @property
    def taken(self) -> bool:
        """Whether the server has taken the size, so that it costs its price."""
        return self in {Seen.PICTURE, Seen.TASK, Seen.STRANGE}


@dataclass(frozen=True, slots=True)
class Sighting:
    """What came back for a size."""

    size: str
    seen: Seen
    detail: str = ""
    """The WxH of a picture, else what came, in words."""
    answer: str = ""
    """The answer itself, shortened, where it was not the expected one."""


STATUSES = {
    400: Seen.REFUSED,
    401: Seen.KEY_REFUSED,
    402: Seen.NO_CREDIT,
    403: Seen.KEY_REFUSED,
    429: Seen.BUSY,
}


def sight(size: Size, answer: Answer, *, legal: bool) -> Sighting:
    """What the answer says; it is kept only where the contract expects another one."""
    if answer.status == FAILURE and not legal:
        return Sighting(str(size), Seen.REFUSED)
    seen, detail = _classify(answer)
    if legal and seen is Seen.PICTURE and detail == str(size):
        return Sighting(str(size), seen, detail)
    return Sighting(str(size), seen, detail, excerpt(answer))


def _classify(answer: Answer) -> tuple[Seen, str]:
    if not answer.status:
        return Seen.NO_ANSWER, answer.failure
    if answer.status in STATUSES:
        return STATUSES[answer.status], _spoken(answer, f"HTTP {answer.status}")
    if answer.status != OK:
        return Seen.OTHER, _spoken(answer, f"HTTP {answer.status}")
    code = at(answer.json, "code")
    if isinstance(code, int) and code >= FAILURE:
        return Seen.CODE_IN_200, _spoken(answer, f"HTTP 200 with code {code}")
    if answer.task_id is not None:
        return Seen.TASK, "a task"
    return _classify_picture(answer)


def _spoken(answer: Answer, what: str) -> str:
    if answer.message:
        return f"{what}: {answer.message}"
    return what if answer.is_json else f"{what}, not JSON but {answer.media_type or 'untyped'}"


def _classify_picture(answer: Answer) -> tuple[Seen, str]:
    if not answer.is_json:
        return Seen.STRANGE, f"HTTP 200, not JSON but {answer.media_type or 'untyped'}"
    entries = answer.entries()
    if len(entries) != 1:
        return Seen.STRANGE, f"HTTP 200 with {len(entries)} pictures"
    text = entries[0].get("b64_json")
    if not isinstance(text, str):
        return Seen.STRANGE, "HTTP 200 with a picture that has no b64_json"
    size = _png_size(text) or _any_size(text)
    if size is None:
        return Seen.STRANGE, "HTTP 200 with a b64_json that is no whole PNG, JPEG or WebP"
    return Seen.PICTURE, str(size)


def _png_size(text: str) -> Size | None:
    """The size that the first chunk tells, the long middle left undecoded; None: look closer."""
    try:
        head = b64decode(text[:HEAD_TEXT], validate=True)
        tail = b64decode(text[-TAIL_TEXT:], validate=True)
    except ValueError:
        return None
    if not (head.startswith(PNG_START) and tail.endswith(PNG_END)):
        return None
    if zlib.crc32(head[12:29]) != int.from_bytes(head[29:33], "big"):
        return None
    return Size(int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))


def _any_size(text: str) -> Size | None:
    try:
        found = headers.read(b64decode(text, validate=True))
    except ValueError:
        return None
    return found.size if found else None
