"""A request's body as the contract reads it, before anything is looked up."""

from mock_server.bodies import Body
from mock_server.contract import Contract
from mock_server.errors import missing_field
from mock_server.readings import checked
from mock_server.references import given_references
from mock_server.rules.quotes import Quote, Quotes
from mock_server.rules.requests import Operation, read_image_request
from mock_server.schemas import BodySchema, compile_body

__all__ = ["compile_bodies", "quoted"]


def compile_bodies(contract: Contract) -> dict[Operation, dict[str, BodySchema]]:
    """The body schemas of the operations that make pictures, by media type."""
    routes = {route.operation_id: route for route in contract.routes}
    return {
        operation: {
            media_type: compile_body(contract.document, name)
            for media_type, name in routes[operation.value].body_schemas.items()
        }
        for operation in Operation
    }


def quoted(contract: Contract, quotes: Quotes, body: Body, operation: Operation) -> Quote:
    """What the request comes to; its pictures are counted, not looked at. Raises ApiError."""
    body = checked(contract, quotes.table.profile, body, strict=False)
    given = given_references(body, contract.references)
    if operation is Operation.EDIT and not given:
        raise missing_field("image", rule="edit-needs-image")
    asked = read_image_request(body.fields, operation, quotes.table, has_references=bool(given))
    return quotes.of(asked, first=None)
