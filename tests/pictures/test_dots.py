"""Every dot of a letter takes the same number of bits, and zlib reads it."""

import pytest

from mock_server.pictures.deflate import PADDED, joined
from mock_server.pictures.dots import MOST_SCALE, DotCode
from mock_server.pictures.press import pixel
from tests.pictures.test_deflate import inflated

CHANNELS = [3, 4]


def code(channels: int, scale: int) -> DotCode:
    return DotCode(pixel(28, channels), pixel(248, channels), scale)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("scale", range(1, MOST_SCALE + 1))
def test_a_block_holds_the_dots_of_its_cells(channels: int, scale: int) -> None:
    ink, paper = pixel(28, channels), pixel(248, channels)
    block = code(channels, scale)
    cells = bytes(range(256))
    stream = block.opening + b"".join(block.rows[byte] for byte in cells) + bytes(block.closing)
    dots = (byte >> (7 - place) & 1 for byte in cells for place in range(8))
    expected = b"".join((ink if dot else paper) * scale for dot in dots)
    assert inflated(stream) == expected


@pytest.mark.parametrize("channels, most", [(3, 8), (4, 16)])
def test_a_row_of_a_cell_is_short_and_of_one_length_at_any_scale(channels: int, most: int) -> None:
    for scale in range(1, 16):
        lengths = {len(row) for row in code(channels, scale).rows}
        assert len(lengths) == 1
        assert lengths.pop() <= most


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("scale", [1, 2, 7])
def test_paper_is_as_wide_as_it_is_asked_to_be_and_padded_to_whole_bytes(
    channels: int, scale: int
) -> None:
    block, paper = code(channels, scale), pixel(248, channels)
    for count in range(200):
        pixels = joined([block.literals(b"\x00"), block.pixels(paper, count)])
        for more in range(8):
            twos = block.literals(b"\x02" * more)
            padded = block.padded(joined([pixels, twos]))
            raw = inflated(block.opening + padded + bytes(block.closing))
            written = b"\x00" + paper * count + b"\x02" * more
            assert raw == written + paper * (PADDED // channels)
