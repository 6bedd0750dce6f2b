"""Blocks of our own make are read by zlib, to the byte."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.pictures.deflate import (
    EMPTY_BLOCK,
    END,
    LENGTHS,
    PADDED,
    Bits,
    Code,
    joined,
    length_symbol,
)

FLAT = Code(dict.fromkeys(LENGTHS, 10) | {LENGTHS[-1]: 1, 0: 3, 65: 2, END: 5}, [1], last=True)
SMALL = Code({0: 2, 65: 3, 66: 3, END: 6} | dict.fromkeys(LENGTHS, 9), [1, 4], last=True)
ODD = Code({0: 4, 65: 3, END: 7} | dict.fromkeys(LENGTHS, 8), [2, 3], last=True)
CODES = [(FLAT, 1), (SMALL, 1), (SMALL, 4), (ODD, 2), (ODD, 3)]

LENGTHS_OF_RUNS = [0, *range(3, 3 * 258 + 6)]


def inflated(stream: bytes) -> bytes:
    """What one whole deflate stream says, with nothing behind it."""
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    raw = reader.decompress(stream)
    assert reader.eof
    assert reader.unused_data == b""
    return raw


def block(code: Code, *parts: Bits) -> bytes:
    return code.opening + bytes(joined([*parts, code.closing]))


@pytest.mark.parametrize("code, distance", CODES)
def test_a_copy_is_exactly_as_long_as_it_is_asked_to_be(code: Code, distance: int) -> None:
    start = b"A\x00\x00A"
    for length in LENGTHS_OF_RUNS:
        stream = block(code, code.literals(start), code.copied(length, distance))
        expected = start + (start[-distance:] * length)[:length]
        assert inflated(stream) == expected, length


@pytest.mark.parametrize("code", [FLAT, SMALL])
def test_zeros_are_as_many_as_they_are_asked_to_be(code: Code) -> None:
    for count in range(3 * 258 + 6):
        stream = block(code, code.literals(b"A"), code.zeros(count), code.literals(b"A"))
        assert inflated(stream) == b"A" + bytes(count) + b"A", count


@pytest.mark.parametrize(
    "code, pixel, distance",
    [
        (FLAT, b"\x00", 1),
        (SMALL, b"\x00", 1),
        (SMALL, b"A", 1),
        (SMALL, b"AAAB", 4),
        (ODD, b"A\x00A", 3),
    ],
)
@pytest.mark.parametrize("before", range(8))
def test_padding_writes_the_same_bytes_in_any_number_of_bits_that_is_missing(
    code: Code, pixel: bytes, distance: int, before: int
) -> None:
    bits = code.padding(pixel, distance)[before]
    assert (before + bits.length) % 8 == 0
    stream = block(code, bits)
    assert inflated(stream) == pixel * (PADDED // len(pixel))


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_blocks_that_are_not_the_last_can_be_put_one_after_the_other(parts: list[bytes]) -> None:
    code = Code(dict.fromkeys(range(END), 9) | {END: 2, LENGTHS[0]: 2}, [1], last=False)
    closing = joined([code.closing, Bits(0, 3)])
    stream = b"".join(
        code.opening + bytes(joined([code.literals(part), closing])) + EMPTY_BLOCK[1:]
        for part in parts
    )
    # The closing may not end on a whole byte: then the stored block's header is what fills it.
    assert inflated(stream + b"\x01\x00\x00\xff\xff") == b"".join(parts)


@given(st.integers(0, 1 << 40), st.integers(40, 60), st.integers(0, 300))
def test_bits_repeated_are_the_bits_over_and_over(value: int, length: int, times: int) -> None:
    bits = Bits(value, length)
    assert bits.repeated(times) == joined([bits] * times)


@pytest.mark.parametrize(
    "length, symbol",
    [(3, 257), (10, 264), (11, 265), (12, 265), (13, 266), (130, 280), (131, 281), (257, 284),
     (258, 285)],
)  # fmt: skip
def test_lengths_have_the_symbols_of_the_rfc(length: int, symbol: int) -> None:
    assert length_symbol(length) == symbol
