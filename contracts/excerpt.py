"""What is shown of an answer: in reports, and where a failure is printed."""

import json
import re

from contracts.exchange import Answer

__all__ = ["excerpt"]

LONGEST = 700
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
    text = re.sub(
        r'"([A-Za-z0-9+/=]{60})[A-Za-z0-9+/=]{60,}"', r'"\1..."', body.decode("utf-8", "replace")
    )
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(body)} bytes)"
    return " | ".join([str(answer.status), *headers, text or json.dumps("")])
