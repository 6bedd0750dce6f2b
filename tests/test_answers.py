"""Answers as they go over the wire: exact numbers, and bodies that are never joined."""

from decimal import Decimal

import pytest
from aiohttp.test_utils import make_mocked_request

from mock_server.answers import Answer, Pieces, json_answer, json_bytes, pieces_answer, success
from tests.api import running
from tests.laws import pictures


@pytest.mark.parametrize(
    "amount, text",
    [
        ("0.1", b"0.1"),
        ("0.30", b"0.30"),
        ("1E+3", b"1000"),
        ("1E-12", b"0.000000000001"),
        ("123456789012345678.123456789", b"123456789012345678.123456789"),
        ("0", b"0"),
    ],
)
def test_an_amount_is_written_digit_by_digit(amount: str, text: bytes) -> None:
    assert json_bytes(Decimal(amount)) == text


def test_what_json_does_not_know_is_a_bug() -> None:
    with pytest.raises(TypeError):
        json_bytes({"a": {1, 2}})


def test_json_is_said_to_be_json() -> None:
    answer = json_answer({"a": "é"}, status=404, headers={"X-More": "1"})
    assert (answer.status, answer.body) == (404, '{"a":"é"}'.encode())
    assert (answer.content_type, answer.headers["X-More"]) == ("application/json", "1")


def test_success_is_the_native_envelope() -> None:
    assert success([1], code=200, msg="success").body == b'{"code":200,"msg":"success","data":[1]}'


def test_a_small_answer_is_joined_and_a_large_one_is_not() -> None:
    assert pieces_answer([b"a", b"b"]).body == b"ab"
    large = pieces_answer([bytes(200_000), bytes(100_000)], content_type="image/png")
    assert isinstance(large.body, Pieces)
    assert (large.body.size, large.content_type) == (300_000, "image/png")


def test_pieces_read_as_one_text() -> None:
    assert Pieces([b"a", "é".encode()], "text/plain").decode() == "aé"


async def test_a_large_answer_arrives_whole_with_its_length() -> None:
    async with running() as api:
        answer = await api.create(size="1024x640", n=8)
        assert int(answer.headers["Content-Length"]) == len(answer.body) > 256 * 1024
        assert len(pictures(answer, n=8)) == 8
        assert "Transfer-Encoding" not in answer.headers


async def test_a_head_of_pieces_sends_none() -> None:
    answer = pieces_answer([bytes(300_000)], content_type="image/png")
    await answer.prepare(make_mocked_request("HEAD", "/"))
    assert answer.headers["Content-Length"] == "300000"


async def test_an_answer_has_the_same_head_whether_somebody_looked_at_it_or_not() -> None:
    async with running() as api:
        quick = await api.get("/models")
    looked = json_answer({}, headers={"X-More": "1"})
    looked.headers["X-Other"] = "2"
    assert [*looked.headers] == ["Content-Type", "X-More", "X-Other"]
    names = [name.lower() for name in quick.headers]
    assert names == ["content-type", "x-request-id", "content-length", "date", "server"]
    assert int(quick.headers["Content-Length"]) == len(quick.body)


def test_a_header_can_be_added_before_and_after_somebody_looked() -> None:
    answer = json_answer({})
    assert isinstance(answer, Answer)
    answer.mark("x-one", "1")
    assert answer.headers["X-One"] == "1"
    answer.mark("x-two", "2")
    assert (answer.headers["X-Two"], answer.content_type) == ("2", "application/json")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b"])
async def test_no_header_breaks_its_line(value: str) -> None:
    answer = json_answer({})
    assert isinstance(answer, Answer)
    answer.mark("X-More", value)
    with pytest.raises(ValueError, match="header injection"):
        answer._quick_head(2)


def test_an_answer_with_headers_of_its_own_says_so() -> None:
    plain = Answer(b"{}", headers={"Content-Type": "application/json"})
    assert plain.says_nothing_more
    plain.mark("x-request-id", "req_1")
    assert plain.says_nothing_more
    asking = Answer(b"{}", headers={"Content-Type": "application/json", "retry-after": "1"})
    assert not asking.says_nothing_more
    assert plain.headers["x-request-id"] == "req_1"
    assert not plain.says_nothing_more  # whoever has looked may have changed them
