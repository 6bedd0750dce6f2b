"""What a developer tells the mock to do: the body of a request under /_mock/."""

import orjson
from aiohttp import web

from mock_server.errors import ApiError, bad_body, bad_field, shortened

__all__ = ["command", "command_fields"]


async def command(request: web.Request) -> object:
    """The body as JSON, an empty one as an empty object; raises ApiError."""
    try:
        return orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError as error:
        raise bad_body(f"The request body is not valid JSON: {error}") from None


async def command_fields(request: web.Request, *known: str) -> dict[str, object]:
    """The body as an object with no other fields than these; raises ApiError."""
    fields = await command(request)
    if not isinstance(fields, dict):
        raise bad_body("The request body must be a JSON object")
    for name in fields:
        if name not in known:
            raise _unknown(name, known)
    return fields


def _unknown(name: str, known: tuple[str, ...]) -> ApiError:
    problem = f"is not known here; known: {', '.join(known)}"
    return bad_field(shortened(name)[1:-1], problem, code="unknown_parameter")
