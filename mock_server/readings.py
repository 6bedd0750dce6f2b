"""Bodies checked, and what those came to that bring no pictures.

Requests for the same thing differ in their prompts alone, and are decided once, refusals as well:
checking, reading and pricing one anew takes several times as long as remembering it. Of those that
differ in their sizes too, the size alone is looked at.
"""

from contextlib import suppress
from typing import cast

import orjson

from mock_server.bodies import Body
from mock_server.contract import Contract
from mock_server.errors import ApiError
from mock_server.rules.modes import Profile, provider_fields
from mock_server.rules.quotes import Quote, Quotes
from mock_server.rules.requests import Operation
from mock_server.rules.sizes import Size, nearest_legal
from mock_server.schemas import BodySchema

__all__ = ["Readings", "checked"]

_KEPT = 1024
# Of the fields but prompt and size, and of the size, in bytes: what is longer is not remembered.
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
_Verdict = Quote | ApiError


class _Alike:
    """What requests came to that differ in their prompts and sizes alone."""

    def __init__(self) -> None:
        self.by_size: dict[str | None, _Verdict] = {}
        # One of them that asked for a size, and got it.
        self.sized: Quote | None = None


class Readings:
    """Reads bodies that bring no pictures, and remembers what they came to."""

    def __init__(self, contract: Contract, quotes: Quotes, *, strict: bool) -> None:
        self._contract = contract
        self._quotes = quotes
        self._strict = strict
        self._kept: dict[_Key, _Alike] = {}
        self._count = 0

    def checked(self, body: Body) -> Body:
        """The body as `checked` has it."""
        profile = self._quotes.table.profile
        return checked(self._contract, profile, body, strict=self._strict)

    def remembered(self, body: Body, operation: Operation) -> Quote | None:
        """The quote, where such a request was read before; raises ApiError where it was refused."""
        key = _key(body, operation)
        alike = None if key is None else self._kept.get(key)
        if key is None or alike is None:
            return None
        prompt, size = body.fields.get("prompt"), body.fields.get("size")
        if not isinstance(prompt, str) or not body.schema.takes("prompt", prompt):
            return None
        if not isinstance(size, str | None):
            return None
        found = alike.by_size.get(size)
        if found is None and size is not None and alike.sized and body.schema.takes("size", size):
            found = self._quotes.resized(alike.sized, size)
            if found is not None:
                self._keep(key, size, found)
        if isinstance(found, ApiError):
            raise found.anew()
        return None if found is None else found.about(prompt)

    def quote(self, body: Body, found: Body, operation: Operation) -> Quote:
        """The quote for a body that was checked and `found` to bring no pictures; remembered.

        Raises ApiError.
        """
        key, size = _key(body, operation), cast("str | None", body.fields.get("size"))
        try:
            quote = self._quotes.without_references(found.fields, operation)
        except ApiError as error:
            self._keep(key, size, error.anew())
            if size is not None and error.param == "size":
                self._ask_about(found, operation, key)
            raise
        self._keep(key, size, quote.about(""))
        return quote

    def _ask_about(self, refused: Body, operation: Operation, key: _Key | None) -> None:
        """A refusal of its size says nothing of the rest: that is asked about with a legal one."""
        for legal in nearest_legal(Size(1, 1), self._quotes.table.sizes, count=1):
            fields = {**refused.fields, "size": str(legal)}
            with suppress(ApiError):
                quote = self._quotes.without_references(fields, operation)
                self._keep(key, str(legal), quote.about(""))

    def _keep(self, key: _Key | None, size: str | None, verdict: _Verdict) -> None:
        if key is None:
            return
        if self._count >= _KEPT:
            self._kept.clear()
            self._count = 0
        self._count += 1
        alike = self._kept.setdefault(key, _Alike())
        alike.by_size[size] = verdict
        if isinstance(verdict, Quote) and verdict.request.size is not None:
            alike.sized = verdict


def _key(body: Body, operation: Operation) -> _Key | None:
    """What decides about a body; None where that is too long, or holds what JSON cannot say."""
    rest = body.fields.copy()
    rest.pop("prompt", None)
    size = rest.pop("size", None)
    if isinstance(size, str) and len(size) > _LONGEST:
        return None
    try:
        told = orjson.dumps(rest)
    except TypeError:
        return None
    return (operation, body.schema, told) if len(told) <= _LONGEST else None
