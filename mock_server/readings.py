"""Bodies checked, and what those came to that bring no pictures.

Requests for the same thing differ in their prompts alone, and are decided once, refusals as well:
checking, reading and pricing one anew takes several times as long as remembering it.
"""

import orjson

from mock_server.bodies import Body
from mock_server.contract import Contract
from mock_server.errors import ApiError
from mock_server.rules.modes import Profile, provider_fields
from mock_server.rules.quotes import Quote, Quotes
from mock_server.rules.requests import Operation
from mock_server.schemas import BodySchema

__all__ = ["Readings", "checked"]

_KEPT = 1024
# Of the fields but the prompt, in bytes: what is longer is not remembered.
_LONGEST = 1000


def checked(contract: Contract, profile: Profile, body: Body, *, strict: bool) -> Body:
    """The body with only the fields that the contract names, found to keep their schemas.

    Raises ApiError where they do not, and with `strict` for a field that is not named.
    """
    fields = provider_fields(body.fields, profile, absent_sizes=contract.absent_sizes)
    if strict:
        body.schema.refuse_unknown(fields)
    fields = body.schema.known(fields)
    body.schema.check(fields)
    return Body(fields, body.files, body.schema)


_Key = tuple[Operation, BodySchema, bytes]


class Readings:
    """Reads bodies that bring no pictures, and remembers what they came to."""

    def __init__(self, contract: Contract, quotes: Quotes, *, strict: bool) -> None:
        self._contract = contract
        self._quotes = quotes
        self._strict = strict
        self._kept: dict[_Key, Quote | ApiError] = {}

    def checked(self, body: Body) -> Body:
        """The body as `checked` has it."""
        profile = self._quotes.table.profile
        return checked(self._contract, profile, body, strict=self._strict)

    def remembered(self, body: Body, operation: Operation) -> Quote | None:
        """The quote, where such a request was read before; raises ApiError where it was refused."""
        key, prompt = _key(body, operation), body.fields.get("prompt")
        found = None if key is None else self._kept.get(key)
        if found is None or not isinstance(prompt, str) or not body.schema.takes_prompt(prompt):
            return None
        if isinstance(found, ApiError):
            raise found.anew()
        return found.about(prompt)

    def quote(self, body: Body, found: Body, operation: Operation) -> Quote:
        """The quote for a body that was checked and `found` to bring no pictures; remembered.

        Raises ApiError.
        """
        try:
            quote = self._quotes.without_references(found.fields, operation)
        except ApiError as error:
            self._keep(_key(body, operation), error.anew())
            raise
        self._keep(_key(body, operation), quote.about(""))
        return quote

    def _keep(self, key: _Key | None, verdict: Quote | ApiError) -> None:
        if key is None:
            return
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = verdict


def _key(body: Body, operation: Operation) -> _Key | None:
    """What decides about a body; None where that is too long, or holds what JSON cannot say."""
    rest = body.fields.copy()
    rest.pop("prompt", None)
    try:
        told = orjson.dumps(rest)
    except TypeError:
        return None
    return (operation, body.schema, told) if len(told) <= _LONGEST else None
