"""Multipart bodies, byte by byte as the clients write them."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["BOUNDARY", "Part", "file_part", "form"]

BOUNDARY = "----geckoformboundary9b5f0c"


@dataclass(frozen=True, slots=True)
class Part:
    """One part; without a filename it is text. `headers` are further raw lines."""

    name: str
    content: str | bytes
    filename: str | None = None
    media_type: str | None = None
    headers: tuple[str, ...] = ()

    def encoded(self) -> bytes:
        """The part's head and content."""
        lines = [f'Content-Disposition: form-data; name="{self.name}"']
        if self.filename is not None:
            lines[0] += f'; filename="{self.filename}"'
        if self.media_type is not None:
            lines.append(f"Content-Type: {self.media_type}")
        head = "\r\n".join([*lines, *self.headers, "", ""]).encode()
        return head + (self.content.encode() if isinstance(self.content, str) else self.content)


def file_part(name: str, content: bytes, *, filename: str = "picture.png") -> Part:
    """A file as the OpenAI SDKs send one when they know nothing of it."""
    return Part(name, content, filename=filename, media_type="application/octet-stream")


def form(parts: Iterable[Part], *, boundary: str = BOUNDARY) -> bytes:
    """The whole body."""
    mark = f"--{boundary}".encode()
    whole = b"".join(mark + b"\r\n" + part.encoded() + b"\r\n" for part in parts)
    return whole + mark + b"--\r\n"
