"""Bodies as clients send them: JSON or multipart in every style, and what is neither."""

import json
from collections.abc import AsyncIterator

import pytest

from contracts.samples import gradient
from contracts.size import Size
from mock_server.multipart import FormError, boundary_of, read_form
from tests.api import Api, example_request, running
from tests.forms import BOUNDARY, Part, file_part, form
from tests.laws import Answer, pictures, refused

PICTURE = gradient(Size(64, 48))
FORM = f"multipart/form-data; boundary={BOUNDARY}"
SIZE = "1024x640"


async def test_an_edit_is_taken_in_every_style_of_parts() -> None:
    styles = [
        [file_part("image", PICTURE)],
        [file_part("image[]", PICTURE)],
        [file_part("image", PICTURE), file_part("image", PICTURE)],
        [file_part("image[]", PICTURE), file_part("image[]", PICTURE)],
        [file_part("image", PICTURE), file_part("image[]", PICTURE)],
    ]
    async with running() as api:
        for parts in styles:
            answer = await api.edit_form(*parts, size=SIZE)
            assert pictures(answer)[0].size == SIZE
            references = api.mock.store.sources(answer.request_id)
            assert references is not None
            assert len(references.references) == len(parts)


@pytest.mark.parametrize(
    "filename",
    [
        "",
        "upload",
        "blob",
        "picture.png",
        "/home/me/my pictures/picture.png",
        "C:\\\\pictures\\\\picture.png",
        "..%2f..%2fetc%2fpasswd",
        "フジ山 é ü.png",
        "a; b; c = d.png",
        "x; name=prompt",
        'quoted \\"twice\\".png',
        "%22quoted%22.png",
        "line%0Abreak.png",
        "next\u0085line\u2028.png",
        "a" * 5000,
    ],
)
async def test_any_filename_will_do(filename: str) -> None:
    async with running() as api:
        part = Part("image", PICTURE, filename=filename)
        assert (await api.edit_form(part, size=SIZE)).status == 200


@pytest.mark.parametrize(
    "media_type", [None, "image/png", "image/gif", "application/octet-stream", "text/plain", "junk"]
)
async def test_the_bytes_decide_what_a_file_is(media_type: str | None) -> None:
    async with running() as api:
        part = Part("image", PICTURE, filename="picture.gif", media_type=media_type)
        assert (await api.edit_form(part, size=SIZE)).status == 200


async def test_text_may_come_after_the_files() -> None:
    texts = [Part(name, str(value)) for name, value in example_request().items()]
    async with running() as api:
        parts = [file_part("image", PICTURE), *texts, Part("size", SIZE), Part("n", "2")]
        assert len(pictures(await api.send_form("/images/edits", parts), n=2)) == 2


async def test_a_form_may_come_in_chunks_without_a_length() -> None:
    texts = [Part(name, str(value)) for name, value in example_request().items()]
    whole = form([*texts, Part("size", SIZE), file_part("image", PICTURE)])

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 97):
            yield whole[start : start + 97]

    async with running() as api:
        answer = await api.ask(
            "POST", "/images/edits", body=pieces(), headers={"Content-Type": FORM}
        )
        assert pictures(answer)[0].size == SIZE


async def test_a_form_says_numbers_and_flags_in_words() -> None:
    async with running(profile="openai") as api:
        fields = {"n": "2", "stream": "false", "partial_images": "0", "output_compression": "50"}
        answer = await api.edit_form(file_part("image", PICTURE), size=SIZE, **fields)
        assert len(pictures(answer, n=2, extras=True)) == 2


@pytest.mark.parametrize(
    "name, text",
    [("n", "two"), ("n", "1.5"), ("n", ""), ("n", "9" * 400), ("n", "٣"), ("n", "+1"), ("n", " 1")],
)
async def test_what_is_no_number_is_none_in_a_form_either(name: str, text: str) -> None:
    async with running() as api:
        answer = await api.edit_form(file_part("image", PICTURE), size=SIZE, **{name: text})
        refused(answer, 400, f"{name}: must be an integer from 1 to 10", param=name)


async def test_the_encodings_of_a_part_are_undone() -> None:
    async with running() as api:
        encoded = Part(
            "prompt",
            "YSBsaWdodGhvdXNl",
            headers=("Content-Transfer-Encoding: base64",),
        )
        quoted = Part("quality", "l=6Fw", headers=("Content-Transfer-Encoding: quoted-printable",))
        latin = Part("user", b"caf\xe9", media_type="text/plain; charset=iso-8859-1")
        parts = [encoded, quoted, latin, Part("model", "gpt-image-2-all"), Part("size", SIZE)]
        answer = await api.send_form("/images/edits", [*parts, file_part("image", PICTURE)])
        assert answer.status == 200
        (exchange,) = api.mock.journal.latest()
        assert exchange.fields is not None
        assert (exchange.fields["prompt"], exchange.fields["quality"]) == ("a lighthouse", "low")
        assert exchange.fields["user"] == "café"


async def edit_with(api: Api, part: Part) -> Answer:
    """An edit that lacks nothing, and one more part."""
    return await api.edit_form(file_part("image", PICTURE), part, size=SIZE)


@pytest.mark.parametrize(
    "part, problem",
    [
        (Part("user", "x", headers=("Content-Transfer-Encoding: rot13",)), "'rot13'"),
        (Part("user", "A", headers=("Content-Transfer-Encoding: base64",)), "no base64"),
        (Part("user", "x", media_type="text/plain; charset=klingon"), "charset 'klingon'"),
        (Part("user", "x", media_type="text/plain; charset=utf-7"), "charset 'utf-7'"),
        (Part("user", "x", media_type="text/plain; charset=zip"), "charset 'zip'"),
        (Part("user", "x", media_type="multipart/mixed; boundary=inner"), "itself multipart"),
        (Part("user", "x", headers=("no colon",)), "without a colon"),
        (Part("user", "x", headers=("X: " + "y" * 20_000,)), "headers do not end"),
    ],
    ids=str,
)
async def test_a_part_that_cannot_be_read_is_refused(part: Part, problem: str) -> None:
    async with running() as api:
        refused(await edit_with(api, part), 400, "The multipart body cannot be read", problem)


@pytest.mark.parametrize("name", ["prompt", "model", "size", "n"])
async def test_a_file_in_place_of_text_is_refused(name: str) -> None:
    async with running() as api:
        answer = await edit_with(api, Part(name, "text", filename="text.txt"))
        refused(answer, 400, f"{name}: must be a text part in UTF-8", param=name)


async def test_text_that_is_no_utf8_is_refused() -> None:
    async with running() as api:
        answer = await edit_with(api, Part("prompt", b"\xff\xfe"))
        refused(answer, 400, "prompt: must be a text part in UTF-8", param="prompt")


@pytest.mark.parametrize("name", ["image[0]", "images", "markup", "image[]x", "IMAGE"])
async def test_a_part_of_another_name_is_no_picture(name: str) -> None:
    async with running() as api:
        answer = await api.edit_form(file_part(name, PICTURE), size=SIZE)
        refused(answer, 400, "image: is required", param="image")


@pytest.mark.parametrize(
    "disposition",
    [
        "form-data",
        "form-data; filename=x",
        'attachment; name="user"',
        "form-data; nam=user",
        ";;;",
        "",
    ],
)
async def test_a_part_without_a_name_is_refused(disposition: str) -> None:
    body = form([Part("model", "m")]).replace(b'form-data; name="model"', disposition.encode())
    async with running() as api:
        answer = await api.ask("POST", "/images/edits", body=body, headers={"Content-Type": FORM})
        refused(answer, 400, "a part has no name")


@pytest.mark.parametrize(
    "content_type, body, problem",
    [
        ("multipart/form-data", form([]), "names no boundary"),
        ("multipart/form-data; boundary=", form([]), "1 to 70 characters; got 0"),
        (f"multipart/form-data; boundary={'b' * 71}", form([]), "got 71"),
        ("multipart/form-data; boundary=another", form([Part("n", "1")]), "does not occur"),
        (FORM, form([Part("n", "1")])[:-4], "cut off"),
        (FORM, form([Part("n", "1")])[:40], "cut off"),
        (FORM, b"\x00" * 100, "does not occur"),
        (FORM, form([Part("n", "1")] * 1001), "more than 1,000 parts"),
    ],
)
async def test_a_form_that_is_not_framed_is_refused(
    content_type: str, body: bytes, problem: str
) -> None:
    async with running() as api:
        for path in ("/images/edits", "/files"):
            answer = await api.ask("POST", path, body=body, headers={"Content-Type": content_type})
            refused(answer, 400, "The multipart body cannot be read", problem)


async def test_an_empty_form_lacks_what_is_required() -> None:
    async with running() as api:
        refused(await api.send_form("/images/edits", []), 400, "required", param="model")
        refused(await api.send_form("/files", []), 400, "required", param="file")


@pytest.mark.parametrize(
    "path", ["/images/generations", "/images/edits", "/images/generations-sync"]
)
@pytest.mark.parametrize(
    "body, problem",
    [
        (b"", "is empty"),
        (b"{", "not valid JSON"),
        (b'{"prompt":', "not valid JSON"),
        (b"{'prompt':1}", "not valid JSON"),
        (b'{"a":NaN}', "not valid JSON"),
        (b'{"a":1e999}', "not valid JSON"),
        (b'{"a":"\\ud800"}', "not valid JSON"),
        (b'{"a":"\xff"}', "not valid JSON"),
        (b'{"a":"\n"}', "not valid JSON"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        ('{"a":1}'.encode("utf-16"), "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[" * 2000 + b"]" * 2000, "not valid JSON"),
        (b'{"a":' * 100_000, "not valid JSON"),
        (b"{}{}", "not valid JSON"),
        (b"[]", "a JSON object; got an array"),
        (b"null", "a JSON object; got null"),
        (b"true", "a JSON object; got a boolean"),
        (b'"text"', "a JSON object; got a string"),
        (b"7", "a JSON object; got a number"),
        (b"9" * 400, "JSON"),
    ],
)
async def test_what_is_no_json_object_is_refused(path: str, body: bytes, problem: str) -> None:
    async with running() as api:
        answer = await api.ask(
            "POST", path, body=body, headers={"Content-Type": "application/json"}
        )
        refused(answer, 400, "The request body", problem)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "application/JSON",
        " application/json ;x",
        "application/json",
    ],
)
async def test_json_is_known_in_every_spelling_of_its_type(content_type: str) -> None:
    body = json.dumps({**example_request(), "size": SIZE}).encode()
    async with running() as api:
        for path in ("/images/generations", "/images/generations-sync"):
            answer = await api.ask("POST", path, body=body, headers={"Content-Type": content_type})
            assert answer.status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "image/png",
        "junk",
        "*/*",
        "application/json-patch+json",
        "multipart/mixed; boundary=x",
    ],
)
@pytest.mark.parametrize(
    "path, allowed",
    [
        ("/images/generations", "application/json"),
        ("/images/generations-sync", "application/json"),
        ("/images/edits", "multipart/form-data or application/json"),
        ("/files", "multipart/form-data"),
    ],
)
async def test_another_media_type_is_not_supported(
    path: str, allowed: str, content_type: str
) -> None:
    async with running() as api:
        answer = await api.ask("POST", path, body=b"{}", headers={"Content-Type": content_type})
        came = content_type.partition(";")[0]
        refused(answer, 415, f"must be {allowed}; got", came, param="Content-Type")


@pytest.mark.parametrize("path", ["/images/generations", "/images/generations-sync"])
async def test_a_form_is_not_taken_where_json_is_asked_for(path: str) -> None:
    async with running() as api:
        answer = await api.send_form(path, [Part("prompt", "x")])
        refused(answer, 415, "must be application/json", param="Content-Type")


async def test_a_get_may_say_that_it_is_json() -> None:
    async with running() as api:
        answer = await api.ask("GET", "/models", headers={"Content-Type": "application/json"})
        assert answer.status == 200


def test_lines_may_end_with_a_line_feed_alone() -> None:
    body = b'--b\nContent-Disposition: form-data; name="n"\n\n1\n--b--\n'
    (part,) = read_form(body, b"b")
    assert (part.name, part.text) == ("n", "1")


def test_a_boundary_within_the_content_is_content() -> None:
    content = b"a--b b\r\n--bc\r\n --b--"
    body = b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n' + content + b"\r\n--b--"
    (part,) = read_form(body, b"b")
    assert part.data == content


def test_what_stands_before_and_after_the_form_is_passed_over() -> None:
    inner = b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n\r\n--b--'
    assert [part.data for part in read_form(b"hello\r\n" + inner + b"\r\nbye --b", b"b")] == [b""]


def test_a_boundary_may_stand_in_quotes() -> None:
    assert boundary_of('multipart/form-data; charset=x; Boundary="a; b"') == b"a; b"


def test_a_form_without_a_boundary_is_none() -> None:
    with pytest.raises(FormError, match="names no boundary"):
        boundary_of("multipart/form-data; bound=x")
