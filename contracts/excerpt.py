"""What is shown of an answer: in reports, and where a failure is printed."""

import json
import re

from contracts.exchange import Answer

__all__ = ["excerpt"]

LONGEST = 700
PICTURE = re.compile(r'"([A-Za-z0-9+/=]{60})[A-Za-z0-9+/=]{60,}"')
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What moves a terminal's cursor or changes its colours, but for tabs and ends of lines."""
HEADERS_SHOWN = ("content-type", "allow", "retry-after", "location", "x-request-id")


def excerpt(answer: Answer) -> str:
    """An answer in a few lines: status, the headers that matter, the body without its pictures."""
    if not answer.status:
        return answer.failure
    headers = [
        f"{name}: {value}" for name, value in answer.headers if name.lower() in HEADERS_SHOWN
    ]
    body = answer.body
    if answer.media_type.startswith("image/"):
        return " | ".join([str(answer.status), *headers, f"({len(body)} bytes)"])
    return " | ".join([str(answer.status), *headers, _text_of(body) or json.dumps("")])


def _text_of(body: bytes) -> str:
    """The body as a terminal may show it: nothing in it is taken for a command."""
    if b"\0" in body:
        return f"({len(body)} bytes that are no text, from {body[:8]!r} on)"
    whole = PICTURE.sub(r'"\1..."', body.decode("utf-8", "replace"))
    text = CONTROL.sub(lambda found: repr(found[0])[1:-1], whole[:LONGEST])
    return text if len(whole) <= LONGEST else f"{text}... ({len(body)} bytes)"
