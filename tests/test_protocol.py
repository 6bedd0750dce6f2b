"""What is no proper HTTP is refused like anything else, and never ends in a hang or a traceback."""

import gzip
import json

import pytest

from tests.api import example_request, running, until
from tests.laws import pictures, refused
from tests.wire import answers_of, arrived, connection, exchange, head, next_answer, only

POST = "POST /api/v1/images/generations HTTP/1.1"
BODY = json.dumps({**example_request(), "size": "1024x640"}).encode()
JSON = "Content-Type: application/json"


def chunked(*chunks: bytes) -> bytes:
    """The chunks as they travel, and the last empty one."""
    return b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (*chunks, b""))


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET /api/v1/models HTTP/9.9\r\n\r\n",
        b"GET  /api/v1/models HTTP/1.1\r\n\r\n",
        b"GET /api/v1/mo dels HTTP/1.1\r\nHost: mock\r\n\r\n",
        b"G@T /api/v1/models HTTP/1.1\r\nHost: mock\r\n\r\n",
        b"GET /api/v1/\x00models HTTP/1.1\r\nHost: mock\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: mock\r\n\r\n",
        b"GET http://mock:99999999/x HTTP/1.1\r\nHost: mock\r\n\r\n",
        b"GET /x HTTP/1.1\r\nNo colon here\r\n\r\n",
        b"GET /x HTTP/1.1\r\nBad Name: 1\r\n\r\n",
        b"GET /x HTTP/1.1\r\n: nameless\r\n\r\n",
        b"GET /x HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /x HTTP/1.1\r\nX: a\rb\r\n\r\n",
        b"GET /x HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: mock\r\n\r\n",
        b"GET /x HTTP/1.1\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"GET /x HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: +5\r\n\r\nabcde",
        b"POST /x HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST /x HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=lambda sent: sent[:30].decode("latin-1").strip().replace("\x00", "0"),
)
async def test_what_is_no_http_is_a_400_in_the_envelope_and_the_connection_ends(
    sent: bytes,
) -> None:
    async with running() as api:
        answer = await only(api, sent)
        assert answer.status == 400, answer
        assert answer.json["error"]["message"].startswith("The request is not proper HTTP: ")
        assert (await api.get("/models")).status == 200


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nabc\r\n",
        b"-1\r\nabc\r\n",
        b"3\r\nabcdef\r\n0\r\n\r\n",
        b"ffffffffffffffffffffff\r\nabc",
        b"5\r\nabcde\r\nxyz\r\n",
    ],
)
async def test_a_body_whose_chunks_are_broken_is_refused_and_never_waited_for(
    chunks: bytes,
) -> None:
    async with running() as api, connection(api) as (reader, writer):
        writer.write(head(POST, JSON, "Transfer-Encoding: chunked"))
        await arrived(api)
        writer.write(chunks)
        (answer,) = await answers_of(reader)
        refused(answer, 400, "body cannot be read", "chunks")
        assert (await api.money()).frozen == 0


async def test_chunks_that_are_broken_from_the_start_are_no_http() -> None:
    async with running() as api:
        sent = head(POST, JSON, "Transfer-Encoding: chunked") + b"zz\r\nabc\r\n"
        refused(await only(api, sent), 400, "chunk")


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
async def test_a_body_that_is_cut_off_is_refused_to_a_client_that_still_listens(
    framing: str,
) -> None:
    body = BODY if "Length" in framing else chunked(BODY)[:-5]
    async with running() as api:
        answer = await only(api, head(POST, JSON, framing), body, half_close=True)
        refused(answer, 400, "body cannot be read", "ends too early")
        assert (await api.money()).total == api.mock.settings.balance


async def test_a_client_that_goes_away_while_it_sends_is_no_bug_of_the_mock() -> None:
    async with running() as api:
        async with connection(api) as (_, writer):
            writer.write(head(POST, JSON, "Content-Length: 1000") + BODY[:20])
            await arrived(api)
        await until(lambda: api.mock.journal.seen)
        (exchange,) = api.mock.journal.latest()
        assert (exchange.status, exchange.rule) == (400, "status")


async def test_chunks_make_a_whole_body() -> None:
    async with running() as api:
        sent = [head(POST, JSON, "Transfer-Encoding: chunked"), chunked(BODY[:9], BODY[9:])]
        (picture,) = pictures(await only(api, *sent))
        assert picture.size == "1024x640"


async def test_a_body_is_asked_for_when_the_client_expects_that() -> None:
    async with running() as api, connection(api) as (reader, writer):
        length = f"Content-Length: {len(BODY)}"
        writer.write(head(POST, JSON, length, "Expect: 100-continue"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(BODY)
        (answer,) = await answers_of(reader)
        assert pictures(answer)[0].size == "1024x640"


async def test_another_expectation_is_not_met_and_not_refused() -> None:
    async with running() as api:
        length = f"Content-Length: {len(BODY)}"
        assert (await only(api, head(POST, JSON, length, "Expect: tea") + BODY)).status == 200


async def test_a_body_over_the_limit_is_refused_before_it_is_sent() -> None:
    async with running() as api:
        most = api.mock.contract.errors.body_max_bytes
        async with connection(api) as (reader, writer):
            writer.write(head(POST, JSON, f"Content-Length: {most + 1}", "Expect: 100-continue"))
            refused(await next_answer(reader), 413, f"{most:,} bytes")


async def test_a_body_is_not_asked_for_where_the_key_is_missing() -> None:
    async with running() as api, connection(api) as (reader, writer):
        sent = head(POST, JSON, "Content-Length: 9999", "Expect: 100-continue", key=None)
        writer.write(sent)
        refused(await next_answer(reader), 401, "required", param="Authorization")


@pytest.mark.parametrize(
    "upgrade",
    [
        ("Connection: Upgrade", "Upgrade: websocket"),
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ"),
    ],
    ids=["websocket", "h2c"],
)
async def test_an_offer_to_upgrade_is_passed_over(upgrade: tuple[str, ...]) -> None:
    async with running() as api, connection(api) as (reader, writer):
        writer.write(head(POST, JSON, *upgrade, f"Content-Length: {len(BODY)}") + BODY)
        assert pictures(await next_answer(reader))[0].size == "1024x640"
        writer.write(head("GET /api/v1/models HTTP/1.1"))
        assert (await next_answer(reader)).json["object"] == "list"


async def test_requests_in_one_go_are_answered_in_their_order() -> None:
    async with running() as api:
        stay = "Connection: keep-alive"
        first = head("GET /api/v1/models HTTP/1.1", stay)
        second = head("GET /api/v1/balance HTTP/1.1")
        models, balance = await exchange(api, first + second)
        assert models.json["object"] == "list"
        assert balance.data["currency"] == "USD"
        assert models.request_id != balance.request_id


@pytest.mark.parametrize(
    "line, status",
    [
        ("GET http://other.example/api/v1/models HTTP/1.1", 200),
        ("GET /api/v1/models HTTP/1.0", 200),
        ("GET /api/v1/models?x=%00&y=%ff&z=%zz&&= HTTP/1.1", 200),
        ("GET /api/v1/models/%00 HTTP/1.1", 404),
        ("GET /api/v1/models/%ff HTTP/1.1", 404),
        ("GET /api/v1/models/%ed%a0%80 HTTP/1.1", 404),
        ("GET /api/v1/models/%2f%2e%2e HTTP/1.1", 404),
        ("GET /api/v1/../models HTTP/1.1", 404),
        ("GET //api/v1/models HTTP/1.1", 404),
        ("GET /api/v1/models/ HTTP/1.1", 404),
        ("GET /api/v1/results/%ff HTTP/1.1", 404),
        ("GET /api/v1/results/..%2f..%2fetc%2fpasswd HTTP/1.1", 404),
        ("GET /api/v1/files/%00 HTTP/1.1", 404),
        ("GET /api/v1/records/%ff HTTP/1.1", 404),
        ("GET /api/v1/images/generations? HTTP/1.1", 400),
        ("GET /api/v1/images/generations?task_id= HTTP/1.1", 400),
        ("GET /api/v1/images/generations?task_id=%00 HTTP/1.1", 404),
        ("GET /api/v1/images/generations?task_id=%zz HTTP/1.1", 404),
        ("GET /api/v1/images/generations?task_id=%ff%fe HTTP/1.1", 404),
        ("GET /api/v1/images/generations/%ff HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 404),
        ("CONNECT mock:80 HTTP/1.1", 404),
        ("TRACE /api/v1/models HTTP/1.1", 405),
        ("PROPFIND /api/v1/images/edits HTTP/1.1", 405),
        ("GET /_mock/%ff HTTP/1.1", 404),
        ("GET /_mock/requests?key=%ff%00&operation=%zz HTTP/1.1", 200),
    ],
)
async def test_an_odd_path_or_query_is_answered_like_any_other(line: str, status: int) -> None:
    async with running() as api:
        assert (await only(api, head(line))).status == status


@pytest.mark.parametrize(
    "header",
    [
        "Cookie: a=b=c;;;\udcff=;=",
        "Range: bytes=abc",
        "If-Modified-Since: never",
        "Accept: \udcff;;;q=9",
        "Accept-Encoding: ,,,;q=x",
        "Content-Type: ;;;",
        "Host-Of-The-Moon: \udcfe\udcff",
        "X-Forwarded-For: ','<>",
        "x-request-id: req_of_the_client",
    ],
)
async def test_an_absurd_header_that_nobody_asked_for_changes_nothing(header: str) -> None:
    async with running() as api:
        answer = await only(api, head("GET /api/v1/models HTTP/1.1", header))
        assert answer.status == 200
        assert answer.request_id != "req_of_the_client"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "rot13", "gzip, gzip", ";"])
@pytest.mark.parametrize("path", ["images/generations", "images/edits", "files"])
async def test_a_compressed_body_is_refused_unread(path: str, coding: str) -> None:
    """A bomb of a megabyte would unpack into a gigabyte."""
    async with running() as api:
        body = gzip.compress(bytes(4_000_000))
        headers = (f"Content-Encoding: {coding}", JSON, f"Content-Length: {len(body)}")
        answer = await only(api, head(f"POST /api/v1/{path} HTTP/1.1", *headers), body)
        refused(answer, 415, "must be left out", repr(coding), param="Content-Encoding")
