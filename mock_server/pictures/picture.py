"""An encoded picture, in pieces that may be shared between pictures."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pybase64 import b64encode

__all__ = ["Picture", "Piece", "picture_of"]

CONTENT_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


class Piece(NamedTuple):
    """Bytes with their base64. All pieces of a picture but the last have a length of 3 n."""

    data: bytes
    base64: bytes

    @classmethod
    def of(cls, data: bytes) -> "Piece":
        """The piece of these bytes."""
        return cls(data, b64encode(data))

    @classmethod
    def joined(cls, pieces: Sequence["Piece"]) -> "Piece":
        """The pieces as one; all but the last have a length of 3 n."""
        data, base64 = zip(*pieces, strict=True)
        return cls(b"".join(data), b"".join(base64))


class Picture:
    """An encoded picture: `parts` joined are the file, `base64_parts()` joined its base64.

    The parts that a picture has in common with others are the same objects, so that many
    pictures waiting to be sent cost little more than one.
    """

    __slots__ = ("_pieces", "content_type")

    def __init__(self, content_type: str, pieces: tuple[Piece, ...]) -> None:
        self.content_type = content_type
        self._pieces = pieces

    @property
    def length(self) -> int:
        """How many bytes the file has."""
        return sum(len(piece.data) for piece in self._pieces)

    @property
    def base64_length(self) -> int:
        """How many characters its base64 has."""
        return sum(len(piece.base64) for piece in self._pieces)

    @property
    def parts(self) -> tuple[bytes, ...]:
        """The file in pieces, in order."""
        return tuple([piece.data for piece in self._pieces])

    @property
    def data(self) -> bytes:
        """The file as one piece of bytes; a copy, unless the picture is of one piece."""
        return b"".join(self.parts)

    def base64_parts(self) -> tuple[bytes, ...]:
        """The file's standard base64, padded and without line breaks, in pieces, in order."""
        return tuple([piece.base64 for piece in self._pieces])


def picture_of(output_format: str, pieces: Iterable[Piece]) -> Picture:
    """A picture of these pieces; the format is png, jpeg or webp."""
    return Picture(CONTENT_TYPES[output_format], tuple(pieces))
