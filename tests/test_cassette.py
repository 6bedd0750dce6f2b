"""A cassette: what is written of an exchange, what makes two requests the same, and the turns."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.samples import gradient
from contracts.size import Size
from mock_server.cassette import (
    Accounts,
    Cassette,
    CassetteError,
    Key,
    Recorder,
    request_digest,
    shown_request,
)
from tests.forms import BOUNDARY, Part, form

ORIGIN = "https://service.example"
KEY = Key("GET", "/api/v1/x", "account-1", "d")
PNG = gradient(Size(64, 48))
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def recorded(folder: Path, *bodies: bytes, secret: str | None = None) -> list[Any]:
    """The recorded bodies of answers to the same request."""
    recorder = Recorder(folder, origin=ORIGIN, max_pixels=10**7, whole_pictures=False)
    for body in bodies:
        headers = {"X-Request-Id": "req_1", "Set-Cookie": "no"}
        recorder.keep(key=KEY, fields=None, secret=secret, status=200, headers=headers, body=body)
    recorder.close()
    lines = (folder / "cassette.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["response"]["headers"] == {"x-request-id": "req_1"}
    return [json.loads(line)["response"]["body"] for line in lines]


def test_of_a_picture_only_facts_are_written(tmp_path: Path) -> None:
    b64 = base64.b64encode(PNG).decode()
    answer = json.dumps({"data": [{"b64_json": b64, "url": ORIGIN + "/a.png"}]}).encode()
    event = b'event: x\ndata: {"type":"x","b64_json":"%s"}\n\n' % b64.encode()
    whole, inside, stream = recorded(tmp_path, PNG, answer, event)
    facts = whole["$picture"]
    assert (facts["format"], facts["width"], facts["height"]) == ("png", 64, 48)
    assert facts["bytes"] == len(PNG)
    assert inside == {"data": [{"b64_json": whole, "url": "$UPSTREAM/a.png"}]}
    assert stream == {"$events": [{"type": "x", "b64_json": whole}]}
    assert b64[:60] not in (tmp_path / "cassette.jsonl").read_text()


def test_what_is_no_json_is_written_as_text_or_as_its_digest(tmp_path: Path) -> None:
    page, other = recorded(tmp_path, b"<h1>502</h1>", b"\xff\xfe\x00")
    assert page == {"$text": "<h1>502</h1>"}
    assert other["$bytes"]["bytes"] == 3


def test_a_broken_picture_is_cut(tmp_path: Path) -> None:
    (body,) = recorded(tmp_path, b'{"b64_json": "!' + base64.b64encode(PNG) + b'"}')
    assert len(body["b64_json"]) == 64
    assert body["b64_json"][0] == "!"


def test_a_key_that_is_repeated_is_not_written(tmp_path: Path) -> None:
    said = b'{"msg": "wrong key: sk_secret_1"}'
    assert recorded(tmp_path, said, secret="Bearer sk_secret_1") == [{"msg": "wrong key: $KEY"}]


def test_an_account_is_a_number_by_the_order_of_its_key() -> None:
    accounts = Accounts()
    names = [accounts.name(text) for text in ("Bearer a", None, "Bearer b", "Bearer a")]
    assert names == ["account-1", "nobody", "account-2", "account-1"]


def test_the_same_request_is_so_in_any_order_of_keys_boundary_or_address() -> None:
    def digest(body: bytes, kind: str = "application/json", *origins: str) -> str:
        return request_digest(kind, body, origins=origins)

    assert digest(b'{"a":1,"b":2}') == digest(b'{"b": 2, "a": 1}') != digest(b'{"a":1,"b":3}')
    one, other = b'{"u":"http://a:1/x"}', b'{"u":"http://b:2/x"}'
    assert digest(one, "", "http://a:1") == digest(other, "", "http://b:2")
    parts = [Part("prompt", "x"), Part("image", PNG, filename="a.png")]
    moved = form(parts).replace(BOUNDARY.encode(), b"another")
    assert digest(form(parts), FORM) == digest(moved, "multipart/form-data; boundary=another")
    assert digest(form(parts), FORM) != digest(form(parts[:1]), FORM)


def test_a_request_is_written_to_be_read_without_pictures_and_secrets() -> None:
    fields = {
        "prompt": "a cube " * 100,
        "image": base64.b64encode(PNG).decode(),
        "image_urls": ["https://a.example/b.png?signature=abc", "data:image/png;base64,AAAA"],
        "n": 2,
    }
    shown: Any = shown_request("application/json", json.dumps(fields).encode())
    assert len(shown["prompt"]) <= 301
    assert shown["image"] == f"{fields['image'][:20]}… <{len(fields['image']):,} characters>"  # type: ignore[index,arg-type]
    assert shown["image_urls"][0] == "https://a.example/b.png"
    assert "AAAA" not in shown["image_urls"][1][22:]
    assert shown["n"] == 2
    parts = form([Part("prompt", "x"), Part("image", PNG, filename="a.png")])
    assert shown_request(FORM, parts) == [["prompt", "x"], ["image", f"<{len(PNG):,} bytes>"]]
    assert shown_request("", b"") is None
    assert shown_request("text/plain", b"\xff") == "<1 bytes>"


def test_answers_come_in_their_order_and_the_last_again(tmp_path: Path) -> None:
    recorded(tmp_path, b"1", b"2")
    cassette = Cassette(tmp_path)
    played = [cassette.answer(KEY) for _ in range(4)]
    assert [answer.body for answer in played if answer] == [1, 2, 2, 2]
    assert cassette.answer(KEY._replace(digest="other")) is None


def test_what_is_no_cassette_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(CassetteError, match="No such file or directory"):
        Cassette(tmp_path)
    recorded(tmp_path, b"1")
    with (tmp_path / "cassette.jsonl").open("a") as file:
        file.write("{}\n")
    where = re.escape(str(tmp_path / "cassette.jsonl"))
    with pytest.raises(CassetteError, match=f"^{where}: line 2 is no exchange$"):
        Cassette(tmp_path)
