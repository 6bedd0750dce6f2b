"""What is shown of an answer is short, and holds no picture."""

from contracts.excerpt import excerpt
from contracts.exchange import Answer


def test_an_answer_is_shown_without_its_pictures() -> None:
    body = b'{"b64_json": "' + b"A" * 5000 + b'"}'
    text = excerpt(Answer(200, (("Content-Type", "application/json"), ("Date", "x")), body, 0.1))
    assert text.startswith("200 | Content-Type: application/json | ")
    assert "Date" not in text
    assert len(text) < 200


def test_what_never_came_is_told_by_its_reason() -> None:
    assert excerpt(Answer(0, (), b"", 0.1, "no answer within 5 s")) == "no answer within 5 s"


def test_bytes_that_are_no_text_are_counted() -> None:
    text = excerpt(Answer(200, (), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(500), 0.1))
    assert text == r"200 | (516 bytes that are no text, from b'\x89PNG\r\n\x1a\n' on)"


def test_a_body_does_not_command_the_terminal() -> None:
    text = excerpt(Answer(500, (), b"one\n\x1b[2Jtwo\x07\tthree\r", 0.1))
    assert text == "500 | one\n\\x1b[2Jtwo\\x07\tthree\\r"
