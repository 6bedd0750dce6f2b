"""Check sums put together are those of the bytes put together."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from mock_server.pictures.adler import EMPTY, sum_of


@given(st.lists(st.binary()))
def test_the_sum_of_parts_is_that_of_the_whole(parts: list[bytes]) -> None:
    total = EMPTY
    for part in parts:
        total = total.then(sum_of(part))
    whole = b"".join(parts)
    assert total.written() == zlib.adler32(whole).to_bytes(4, "big")
    assert total.length == len(whole)


@given(st.binary(), st.binary(), st.integers(0, 400))
def test_the_sum_of_repeated_bytes_is_that_of_the_whole(
    start: bytes, part: bytes, times: int
) -> None:
    total = sum_of(start).then(sum_of(part).times(times))
    assert total.written() == zlib.adler32(start + part * times).to_bytes(4, "big")
    assert total.length == len(start) + len(part) * times


@given(st.binary(min_size=1), st.data())
def test_a_change_of_bytes_is_a_change_of_the_sum(before: bytes, data: st.DataObject) -> None:
    after = bytearray(before)
    low = high = 0
    for place in data.draw(st.sets(st.integers(0, len(before) - 1))):
        after[place] = data.draw(st.integers(0, 255))
        change = after[place] - before[place]
        low += change
        high += change * (len(before) - place)
    changed = sum_of(before).written(low, high)
    assert changed == zlib.adler32(bytes(after)).to_bytes(4, "big")
