"""What a client sent, as fields and files: JSON or multipart, nothing else."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson
from aiohttp import ClientPayloadError, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from mock_server.errors import (
    ApiError,
    bad_body,
    body_too_large,
    unsupported_coding,
    unsupported_media_type,
)
from mock_server.multipart import FormError, FormPart, boundary_of, read_form
from mock_server.schemas import BodySchema

__all__ = ["Body", "FilePart", "read_body", "read_file_part", "read_whole"]

_JSON = "application/json"
_FORM = "multipart/form-data"


class FilePart(NamedTuple):
    """A file of a form, whatever its name and type were said to be."""

    field: str
    data: bytes
    content_type: str


class Body(NamedTuple):
    """The fields of a request in JSON types, its files, and the schema they are to keep."""

    fields: dict[str, object]
    files: tuple[FilePart, ...]
    schema: BodySchema


async def read_body(
    request: web.Request, schemas: Mapping[str, BodySchema], *, file_fields: frozenset[str]
) -> Body:
    """Read the body by its media type; raises ApiError when it cannot be read (Rule: status)."""
    data = request._read_bytes  # noqa: SLF001 - as it was begun with
    if data is not None and _is_plain_json(request) and _JSON in schemas:
        return Body(_json_object(data), (), schemas[_JSON])
    media_type = _media_type(request, tuple(schemas))
    schema = schemas[media_type]
    if media_type == _JSON:
        return Body(_json_object(await read_whole(request)), (), schema)
    fields, files = await _form(request, schema, file_fields)
    return Body(fields, files, schema)


def _is_plain_json(request: web.Request) -> bool:
    headers = request.headers
    return headers.get(hdrs.CONTENT_TYPE) == _JSON and hdrs.CONTENT_ENCODING not in headers


def _media_type(request: web.Request, allowed: tuple[str, ...]) -> str:
    coding = request.headers.get(hdrs.CONTENT_ENCODING, "identity")
    if coding.strip().lower() != "identity":
        raise unsupported_coding(coding)
    length = request.content_length
    if length is not None and length > request.client_max_size:
        raise body_too_large(request.client_max_size)
    header = request.headers.get(hdrs.CONTENT_TYPE, "")
    if header == _JSON and _JSON in allowed:
        return _JSON
    media_type = header.partition(";")[0].strip().lower()
    if media_type in allowed:
        return media_type
    if not header and not request.body_exists:
        return allowed[0]
    raise unsupported_media_type(header, allowed)


# What aiohttp raises while it reads a body that is no proper one, or whose client has gone.
_UNREADABLE = (HttpProcessingError, ClientPayloadError, web.RequestPayloadError, ConnectionError)


async def read_whole(request: web.Request) -> bytes:
    """The whole body, asked for where the client waits for that; may be read again.

    Raises ApiError where it is too large or cannot be read.
    """
    try:
        if not request.content.is_eof():
            await _ask_for_it(request)
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise body_too_large(request.client_max_size) from None
    except _UNREADABLE as error:
        raise bad_body(f"The request body cannot be read: {_reason(error)}") from None


async def _ask_for_it(request: web.Request) -> None:
    """Say that the body may come, where that is awaited; other expectations are passed over."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]


def _json_object(data: bytes) -> dict[str, object]:
    if not data:
        raise bad_body("The request body is empty; it must be a JSON object")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise bad_body(f"The request body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise bad_body(f"The request body must be a JSON object; got {_json_kind(value)}")
    return value


def _json_kind(value: object) -> str:
    kinds = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


async def _form(
    request: web.Request, schema: BodySchema, file_fields: frozenset[str]
) -> tuple[dict[str, object], tuple[FilePart, ...]]:
    fields: dict[str, object] = {}
    files: list[FilePart] = []
    for part in await _parts(request):
        _take(part, schema, file_fields, fields, files)
    return fields, tuple(files)


async def _parts(request: web.Request) -> list[FormPart]:
    body = await read_whole(request)
    if not body:
        raise bad_body("The request body is empty; it must be a multipart form")
    try:
        return read_form(body, boundary_of(request.headers.get(hdrs.CONTENT_TYPE, "")))
    except FormError as error:
        raise bad_body(f"The multipart body cannot be read: {error}") from None


def _take(
    part: FormPart,
    schema: BodySchema,
    file_fields: frozenset[str],
    fields: dict[str, object],
    files: list[FilePart],
) -> None:
    name = part.name
    if part.text is not None:
        value = schema.typed(name, part.text)
        before = fields.get(name)
        if isinstance(before, list) and isinstance(value, list):
            value = before + value
        fields[name] = value
    elif name in file_fields:
        files.append(FilePart(name, part.data, part.content_type))
    elif name in schema.fields:
        raise _not_text(name)


def _not_text(name: str) -> ApiError:
    return ApiError(
        f"{name}: must be a text part in UTF-8; got a file or other bytes",
        kind="bad_request",
        code=f"invalid_{name}",
        param=name,
        rule="edit-parts",
    )


async def read_file_part(request: web.Request, field: str) -> FilePart | None:
    """The file in a form that has only one, None where that part is missing."""
    _media_type(request, (_FORM,))
    schema = BodySchema({}, (), {})
    _, files = await _form(request, schema, frozenset({field}))
    return files[0] if files else None
