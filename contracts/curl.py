"""A request as one line of shell that anybody can paste; the key stays `$API_KEY`."""

import base64
import shlex

from contracts.exchange import File, Key, Request, Transfer

__all__ = ["line", "shown"]

VARIABLES = {Key.MAIN: "API_KEY", Key.SECOND: "SECOND_KEY", Key.POOR: "POOR_KEY"}
LONGEST_TEXT = 100_000
LONGEST_SHOWN = 2000


def shown(whole: str) -> str:
    """The line for a terminal: of one that would fill it the beginning, and where the rest is."""
    if len(whole) <= LONGEST_SHOWN:
        return whole
    left = len(whole) - LONGEST_SHOWN
    return f"{whole[:LONGEST_SHOWN]}… ({left:,} more characters, see --report)"


def line(request: Request, base_url: str) -> str:
    """The `curl` (bash) line that sends the request alone."""
    url = request.path if "://" in request.path else base_url + request.path
    words = ["curl", "-sS", "-i", *_method(request), shlex.quote(url)]
    words += [*_authorization(request), *_headers(request), *_transfer(request), *_body(request)]
    return " ".join(words)


def _method(request: Request) -> list[str]:
    implied = "GET" if request.body() is None else "POST"
    return [] if request.method == implied else ["-X", shlex.quote(request.method)]


def _authorization(request: Request) -> list[str]:
    variable = VARIABLES.get(request.key)
    return [] if variable is None else ["-H", f'"Authorization: Bearer ${variable}"']


def _headers(request: Request) -> list[str]:
    headers = list(request.headers)
    if request.parts is None and (media_type := request.media_type()):
        headers.append(("Content-Type", media_type))
    # An empty value is written `Name;`: curl takes `Name:` as an order to leave the header out.
    texts = [f"{name}: {value}" if value.strip() else f"{name};" for name, value in headers]
    return [word for text in texts for word in ("-H", _quoted(text.encode("latin-1", "replace")))]


def _transfer(request: Request) -> list[str]:
    extra = {
        Transfer.LENGTH: [],
        Transfer.CHUNKED: ["-H", "'Transfer-Encoding: chunked'"],
        Transfer.EXPECT: ["-H", "'Expect: 100-continue'"],
    }
    return extra[request.transfer]


def _body(request: Request) -> list[str]:
    if request.parts is not None:
        return [word for name, value in request.parts for word in _part(name, value)]
    body = request.body()
    return [] if body is None else ["--data-binary", _quoted(body)]


def _part(name: str, value: str | File) -> list[str]:
    if isinstance(value, str):
        return ["--form-string", shlex.quote(f"{name}={value}")]
    quoted = value.filename.replace("\\", "\\\\").replace('"', '\\"')
    tail = shlex.quote(f';filename="{quoted}";type={value.content_type}')
    content = base64.b64encode(value.content).decode()
    if len(content) > LONGEST_TEXT:
        content = f"...{len(value.content)} bytes..."
    return ["-F", f"{shlex.quote(name + '=@')}<(base64 -d <<<{content}){tail}"]


def _quoted(body: bytes) -> str:
    """The bytes as a word of bash."""
    if len(body) > LONGEST_TEXT:
        return f"@<(echo ...{len(body)} bytes, beginning {shlex.quote(repr(body[:80]))}...)"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and text and not text.startswith("@"):
        return shlex.quote(text)
    return f"@<(base64 -d <<<{base64.b64encode(body).decode()})" if body else "''"
