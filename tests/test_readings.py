"""Bodies without pictures: what is remembered is what would be read anew."""

import gc
import weakref
from contextlib import suppress
from typing import Any

import pytest

from mock_server.bodies import Body
from mock_server.errors import ApiError
from mock_server.reading import compile_bodies
from mock_server.readings import Readings
from mock_server.rules.quotes import Quote, Quotes
from mock_server.rules.requests import Operation
from tests.laws import own_contract

CONTRACT = own_contract()
TABLE = CONTRACT.request_table("provider")
SCHEMA = compile_bodies(CONTRACT)[Operation.CREATE]["application/json"]


def readings(*, strict: bool = False) -> Readings:
    return Readings(CONTRACT, Quotes(TABLE, CONTRACT.prices, CONTRACT.latencies), strict=strict)


def body(**further: Any) -> Body:
    return Body({"model": "gpt-image-2-all", "prompt": "a red cube", **further}, (), SCHEMA)


def read(book: Readings, sent: Body, operation: Operation = Operation.CREATE) -> Quote:
    """As a request is read: from memory, else anew."""
    found = book.remembered(sent, operation)
    return book.quote(sent, book.checked(sent), operation) if found is None else found


KINDS: list[dict[str, Any]] = [
    {},
    {"size": "1024x640"},
    {"n": 2},
    {"n": 2.0},
    {"n": None, "image": None},
    {"quality": "auto"},
    {"unknown": [1, {"a": None}]},
    {"resolution": "2K", "aspect_ratio": "9:16"},
]


def test_what_is_remembered_is_what_would_be_read_anew() -> None:
    book = readings()
    for further in KINDS:
        for prompt in ("one", "two"):
            for operation in (Operation.CREATE, Operation.CREATE_AND_WAIT):
                sent = body(**further | {"prompt": prompt})
                quote = read(book, sent, operation)
                assert quote == read(readings(), sent, operation)
                assert quote.request.prompt == prompt
                assert book.remembered(sent, operation) == quote


@pytest.mark.parametrize("first, then", [(1, True), (1, "1"), (1.0, True), (0, False)])
def test_values_that_are_equal_and_not_the_same_are_told_apart(first: Any, then: Any) -> None:
    book = readings()
    for value in (first, then, first):
        sent = body(n=value)
        try:
            anew: object = read(readings(), sent)
        except ApiError as error:
            anew = error.message
        try:
            found: object = read(book, sent)
        except ApiError as error:
            found = error.message
        assert found == anew


@pytest.mark.parametrize("prompt", ["", "  ", "x" * 32_001, 7, None, ["a"]])
def test_a_prompt_is_looked_at_each_time(prompt: Any) -> None:
    book = readings()
    read(book, body())
    sent = body(prompt=prompt)
    assert book.remembered(sent, Operation.CREATE) is None
    with pytest.raises(ApiError, match="prompt"):
        book.checked(sent)


def test_a_refusal_is_told_each_time_and_is_another_each_time() -> None:
    book, told = readings(), []
    for _ in range(3):
        with pytest.raises(ApiError, match="nearest legal sizes: 992x992") as caught:
            read(book, body(size="1000x1000"))
        told.append(caught.value)
    assert len({id(error) for error in told}) == 3


def test_a_field_that_is_not_known_is_refused_each_time_where_that_is_wished() -> None:
    book = readings(strict=True)
    read(book, body())
    for _ in range(2):
        with pytest.raises(ApiError, match="unknown: is not a field"):
            read(book, body(unknown=1))


def test_what_is_long_is_not_remembered() -> None:
    book = readings()
    sent = body(unknown="x" * 2000)
    read(book, sent)
    assert book.remembered(sent, Operation.CREATE) is None
    assert read(book, body(prompt="x" * 20_000)).request.prompt == "x" * 20_000
    assert book.remembered(body(), Operation.CREATE) is not None


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    book = readings()
    for number in range(3000):
        read(book, body(user=str(number)))
    assert len(book._kept) <= 1024
    assert book.remembered(body(user="2999"), Operation.CREATE) is not None
    for width in range(1024, 3072):
        told(book, body(size=f"{width}x1024"))
    assert sum(len(alike.by_size) for alike in book._kept.values()) <= 1024


def told(book: Readings, sent: Body) -> object:
    """What a request comes to: its quote, or the words of its refusal."""
    try:
        return read(book, sent)
    except ApiError as error:
        return error.message, error.code, error.param, error.rule


SIZES = [
    "1024x1024", "3840x2160", "480x1440", "1536x1024", "1000x1000", "16x16", "3840x1264",
    "4096x4096", "auto", "", "1024X1024", "0x1024", "01024x1024", "1024x1024 ", None, 1024, ["a"],
    "9" * 300 + "x16", "9" * 3000 + "x16",
]  # fmt: skip


@pytest.mark.parametrize("further", [*KINDS, {"model": "dall-e-2"}, {"n": 11}])
@pytest.mark.parametrize("profile", ["provider", "openai"])
def test_another_size_comes_to_what_it_would_anew(profile: str, further: dict[str, Any]) -> None:
    table = CONTRACT.request_table(profile)

    def fresh() -> Readings:
        quotes = Quotes(table, CONTRACT.prices, CONTRACT.latencies)
        return Readings(CONTRACT, quotes, strict=False)

    book = fresh()
    told(book, body(**further | {"size": "2048x1152"}))
    for size in (*SIZES, *SIZES):
        sent = body(**further | {"size": size})
        assert told(book, sent) == told(fresh(), sent), size


def test_where_the_size_alone_was_refused_the_next_one_is_not_read_anew() -> None:
    book = readings()
    with pytest.raises(ApiError, match="multiples of 16"):
        read(book, body(size="1041x1024"))
    quote = book.remembered(body(size="1040x1024"), Operation.CREATE)
    assert quote == read(readings(), body(size="1040x1024"))


def test_where_more_than_the_size_is_wrong_the_next_one_is_read_anew() -> None:
    book, wrong = readings(), {"background": "transparent", "output_format": "jpeg"}
    with pytest.raises(ApiError, match="multiples of 16"):
        read(book, body(size="1041x1024", **wrong))
    assert book.remembered(body(size="1040x1024", **wrong), Operation.CREATE) is None


def test_a_size_that_is_new_is_remembered_as_one_that_was_read() -> None:
    book = readings()
    read(book, body(size="1024x1024"))
    quote = book.remembered(body(size="1040x1024"), Operation.CREATE)
    assert quote is not None
    assert str(quote.size) == "1040x1024"
    with pytest.raises(ApiError, match="multiples of 16"):
        book.remembered(body(size="1041x1024"), Operation.CREATE)
    assert book.remembered(body(size="9" * 2000 + "x16"), Operation.CREATE) is None


class Asked(dict[str, object]):
    """Fields of which can be seen whether they are still there."""


def test_a_remembered_refusal_keeps_nobody_whom_it_refused() -> None:
    book = readings()
    gc.disable()
    try:
        for _ in range(2):
            asked = Asked(body(size="1000x1000").fields)
            seen = weakref.ref(asked)
            with suppress(ApiError):
                read(book, Body(asked, (), SCHEMA))
            del asked
            assert seen() is None
    finally:
        gc.enable()
