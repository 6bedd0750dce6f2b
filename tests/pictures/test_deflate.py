"""Blocks of our own make are read by zlib, and every dot takes the same number of bits."""

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.pictures.deflate import LAST_BLOCK, MOST_SCALE, aligned, dot_block
from mock_server.pictures.press import pixel


def inflated(stream: bytes) -> bytes:
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    raw = reader.decompress(stream)
    assert reader.eof
    assert reader.unused_data == b""
    return raw


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("scale", range(1, MOST_SCALE + 1))
def test_a_block_holds_the_dots_of_its_cells(channels: int, scale: int) -> None:
    ink, paper = pixel(28, channels), pixel(248, channels)
    block = dot_block(ink, paper, scale)
    cells = bytes(range(256))
    stream = block.opening + b"".join(block.rows[byte] for byte in cells) + block.closing
    dots = (byte >> (7 - place) & 1 for byte in cells for place in range(8))
    expected = b"".join((ink if dot else paper) * scale for dot in dots)
    assert inflated(stream + LAST_BLOCK) == expected


@pytest.mark.parametrize("channels, most", [(3, 8), (4, 16)])
def test_a_row_of_a_cell_is_short_and_of_one_length_at_any_scale(channels: int, most: int) -> None:
    for scale in range(1, 16):
        block = dot_block(pixel(28, channels), pixel(248, channels), scale)
        lengths = {len(row) for row in block.rows}
        assert len(lengths) == 1
        assert lengths.pop() <= most


@given(st.lists(st.binary(max_size=300), max_size=5))
@settings(deadline=None)
def test_aligned_pieces_can_be_put_one_after_the_other(parts: list[bytes]) -> None:
    block = dot_block(pixel(0, 3), pixel(255, 3), 2)
    stream = b"".join(aligned(part) + block.opening + block.closing for part in parts)
    assert inflated(stream + LAST_BLOCK) == b"".join(parts)
