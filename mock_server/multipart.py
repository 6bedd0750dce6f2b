"""A multipart/form-data body as its parts: strict about the frame, generous about the names.

Clients write file names as they please - with paths, semicolons, quotes or raw UTF-8 - and none of
that may cost a part its field name (Rule: edit-parts).
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

__all__ = ["FormError", "FormPart", "boundary_of", "read_form"]

_MOST_PARTS = 1000
_LONGEST_HEAD = 16 * 1024
_LONGEST_BOUNDARY = 70


class FormError(ValueError):
    """The body is no proper form; the text says where it is not."""


class FormPart(NamedTuple):
    """One part; `text` is None for a file, and for what its charset cannot read."""

    name: str
    data: bytes
    content_type: str
    text: str | None


_BOUNDARY = re.compile(
    r';\s*boundary\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^;\s]*))', re.IGNORECASE
)


def boundary_of(content_type: str) -> bytes:
    """The boundary that the header names. Raises FormError."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise FormError("its Content-Type names no boundary")
    boundary = found["bare"] if found["quoted"] is None else found["quoted"]
    if not 1 <= len(boundary) <= _LONGEST_BOUNDARY:
        raise FormError(f"a boundary has 1 to {_LONGEST_BOUNDARY} characters; got {len(boundary)}")
    return boundary.encode("utf-8", "surrogateescape")


def read_form(body: bytes, boundary: bytes) -> list[FormPart]:
    """Every part in its order. Raises FormError for a body that is cut off or not framed."""
    lines = list(_boundary_lines(body, b"--" + boundary))
    if not lines:
        raise FormError("the boundary of its Content-Type does not occur in it")
    if not lines[-1].closes:
        raise FormError("it is cut off: the closing boundary is missing")
    return [_part(*_split(body, before.end, after.start)) for before, after in pairwise(lines)]


class _Line(NamedTuple):
    """A boundary on its line: where the line begins (with the line end before it) and ends."""

    start: int
    end: int
    closes: bool


# Clients exist that end lines with LF alone.
_AFTER_BOUNDARY = re.compile(rb"(--)?[ \t]*(?:\r?\n|$)")


def _boundary_lines(body: bytes, mark: bytes) -> Iterator[_Line]:
    """Every boundary up to the closing one."""
    count, at = 0, body.find(mark)
    while at >= 0:
        rest = _AFTER_BOUNDARY.match(body, at + len(mark))
        if rest and (at == 0 or body[at - 1 : at] == b"\n"):
            count += 1
            if count > _MOST_PARTS:
                raise FormError(f"it has more than {_MOST_PARTS:,} parts")
            yield _Line(_line_end_before(body, at), rest.end(), closes=rest[1] is not None)
            if rest[1] is not None:
                return
        at = body.find(mark, at + 1)


def _line_end_before(body: bytes, at: int) -> int:
    if at == 0:
        return 0
    return at - 2 if body[at - 2 : at] == b"\r\n" else at - 1


_HEAD_END = re.compile(rb"\r?\n\r?\n")


def _split(body: bytes, start: int, end: int) -> tuple[Mapping[str, str], bytes]:
    """The headers of a part, their names in lower case, and its content."""
    head = _HEAD_END.search(body, start, min(max(start, end), start + _LONGEST_HEAD))
    if head is None:
        raise FormError("a part's headers do not end")
    headers = {}
    # Not splitlines(): a file name may hold one of Unicode's further line ends.
    for line in body[start : head.start()].decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if not colon:
            raise FormError("a part has a header without a colon")
        headers[name.strip().lower()] = value.strip()
    return headers, body[head.end() : end]


def _part(headers: Mapping[str, str], content: bytes) -> FormPart:
    content_type = headers.get("content-type", "")
    if content_type.lower().startswith("multipart/"):
        raise FormError("a part is itself multipart")
    disposition = headers.get("content-disposition", "")
    parameters = _parameters(disposition)
    if "name" not in parameters or not disposition.lower().startswith("form-data"):
        raise FormError("a part has no name")
    data = _decoded(content, headers.get("content-transfer-encoding", ""))
    is_file = "filename" in parameters or "filename*" in parameters
    text = None if is_file else _text(data, content_type)
    return FormPart(parameters["name"], data, content_type, text)


# One after the other, so that what stands in quotes is never taken for a parameter.
_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))')


def _parameters(header: str) -> Mapping[str, str]:
    """The parameters by name; a quote in one follows a backslash or, from browsers, is %22."""
    return {
        name.lower(): bare or re.sub(r"\\(.)", r"\1", quoted).replace("%22", '"')
        for name, quoted, bare in _PARAMETER.findall(header)
    }


def _as_is(content: bytes) -> bytes:
    return content


_TRANSFER_ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "": _as_is,
    "7bit": _as_is,
    "8bit": _as_is,
    "binary": _as_is,
    "base64": base64.b64decode,
    "quoted-printable": binascii.a2b_qp,
}


def _decoded(content: bytes, encoding: str) -> bytes:
    decode = _TRANSFER_ENCODINGS.get(encoding.lower())
    if decode is None:
        raise FormError(f"a part has the unknown Content-Transfer-Encoding {encoding[:40]!r}")
    try:
        return decode(content)
    except binascii.Error as error:
        raise FormError(f"a part is no {encoding.lower()}: {error}") from None


_CHARSET = re.compile(r';\s*charset\s*=\s*"?(?P<name>[^;"\s]*)', re.IGNORECASE)
_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252")


def _text(data: bytes, content_type: str) -> str | None:
    found = _CHARSET.search(content_type)
    charset = found["name"].lower() if found else "utf-8"
    if charset not in _CHARSETS:
        raise FormError(f"a part has the charset {charset[:40]!r}; known: {', '.join(_CHARSETS)}")
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return None
