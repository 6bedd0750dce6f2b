"""The curl line of a failure sends the very request, and holds no key."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from contracts import curl
from contracts.decode import Json
from contracts.exchange import File, Key, Request

KEY = "sk_of_a_test"
NEEDED = ("bash", "curl")


class Listener(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def take(self) -> None:
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else self.chunks()
        headers = {name.lower(): value for name, value in self.headers.items()}
        type(self).seen.append((self.command, self.path, headers, body))
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_DELETE = take  # noqa: N815

    def chunks(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return b""
        found = b""
        while size := int(self.rfile.readline() or b"0", 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        return found

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def listener() -> Iterator[tuple[str, type[Listener]]]:
    here = type("Here", (Listener,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), here)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def sent(request: Request) -> tuple[str, str, dict[str, str], bytes]:
    """What a server gets when the line of the request is pasted into a shell."""
    if not all(map(shutil.which, NEEDED)):
        pytest.fail(f"this test needs {' and '.join(NEEDED)}")
    with listener() as (base, here):
        line = curl.line(request, base)
        environment = {**os.environ, "API_KEY": KEY}
        done = subprocess.run(
            ["bash", "-c", line], env=environment, capture_output=True, timeout=20, check=False
        )
    assert done.returncode == 0, done.stderr
    assert KEY not in line
    return here.seen[0]


def test_json_arrives_as_it_was_written() -> None:
    fields: dict[str, Json] = {
        "prompt": 'it\'s a "red" cube: 赤い $HOME `x` \\n',
        "n": 2,
        "stream": None,
    }
    method, path, headers, body = sent(Request("POST", "/images", fields))
    assert (method, path) == ("POST", "/images")
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == fields


@pytest.mark.parametrize("raw", [b"\xff\xfe{", b"", b"@file", b"line\nline", b"'"])
def test_any_bytes_arrive(raw: bytes) -> None:
    _, _, headers, body = sent(Request("POST", "/x", raw=raw, content_type="text/plain"))
    assert body == raw
    assert headers["content-type"] == "text/plain"


def test_a_form_arrives_with_its_file_and_filename() -> None:
    picture = File(b"\x89PNG\0\r\n", filename='a "b" ; c.png', content_type="text/x")
    _, _, headers, body = sent(
        Request("POST", "/x", parts=(("prompt", "@a;b"), ("image", picture)))
    )
    assert headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="prompt"\r\n\r\n@a;b\r\n' in body
    assert b"Content-Type: text/x\r\n\r\n\x89PNG\0\r\n\r\n" in body
    assert b"c.png" in body


def test_a_request_without_key_and_with_other_headers() -> None:
    headers = (("Authorization", "Basic x"), ("X-Empty", ""))
    method, _, seen, body = sent(Request("DELETE", "/x?a=b&c=d", headers=headers, key=Key.NONE))
    assert method == "DELETE"
    assert seen["authorization"] == "Basic x"
    assert seen["x-empty"] == ""
    assert body == b""


def test_a_line_that_would_fill_the_terminal_is_cut_with_a_hint() -> None:
    fits = "curl " + "x" * (curl.LONGEST_SHOWN - 5)
    assert curl.shown(fits) == fits
    assert curl.shown(fits + "y" * 1234) == fits + "… (1,234 more characters, see --report)"
