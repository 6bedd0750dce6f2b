"""The frame of a PNG file: its signature, header and chunks."""

import struct

from zlib_ng import zlib_ng

from mock_server.pictures.deflate import EMPTY_BLOCK

__all__ = ["END", "ZLIB_HEADER", "beginning", "chunk", "padded_chunk"]

# The IDAT chunks of a file are one zlib stream: this, deflate blocks, and an Adler-32.
ZLIB_HEADER = b"\x78\x01"

_COLOUR_TYPES = {3: 2, 4: 6}


def chunk(kind: bytes, data: bytes, *, behind: bytes = b"") -> bytes:
    """One chunk, with its length and check sum; and what is to follow it in the same bytes."""
    check = zlib_ng.crc32(data, zlib_ng.crc32(kind))
    return b"".join((len(data).to_bytes(4, "big"), kind, data, check.to_bytes(4, "big"), behind))


def padded_chunk(data: bytes, *, before: int = 0) -> bytes:
    """An IDAT chunk of deflate blocks, with empty ones added until it is 3 n bytes long.

    So what follows starts a group of base64 of its own. `before` is how many bytes precede it.
    """
    missing = (before + 12 + len(data)) % 3
    return chunk(b"IDAT", data + EMPTY_BLOCK * missing)


def beginning(width: int, height: int, channels: int) -> bytes:
    """Signature and header of a picture with 8 bits in each of 3 (RGB) or 4 (RGBA) channels."""
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)


END = chunk(b"IEND", b"")
