"""References and masks as they are brought in: decoded, examined, looked up or fetched."""

import binascii
from collections.abc import Iterable
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import pybase64

from mock_server.bodies import Body, FilePart
from mock_server.errors import ApiError, bad_field, missing_field, shortened
from mock_server.mock import Mock
from mock_server.pictures import Examined, NotAPicture, Reference, examine
from mock_server.results import own_file
from mock_server.rules.references import (
    Form,
    MaskLook,
    ReferenceTable,
    data_of,
    form_of,
    http_url,
    is_private,
    mask_problem,
    reference_strings,
)
from mock_server.store.memory import Sources

__all__ = [
    "NOTHING",
    "Brought",
    "Given",
    "bring_references",
    "given_references",
    "needs_reference",
]


class Given(NamedTuple):
    """A reference or a mask as it came: the bytes of a file part, or a string."""

    field: str
    value: bytes | str


class Loaded(NamedTuple):
    """A reference at hand: its bytes and what they are, or only the URL it would come from."""

    field: str
    reference: Reference
    examined: Examined | None


class PrivateUrlError(Exception):
    """A reference on a host that is never fetched (Rule: private-url)."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


class Brought(NamedTuple):
    """The pictures of an edit, the first one's ratio, and what forbids the whole."""

    sources: Sources
    first_ratio: Fraction | None
    refused: PrivateUrlError | None


NOTHING = Brought(Sources((), None), None, None)

# A mask of one opaque pixel, to stand for one that is not at hand: it repaints nothing.
_KEEPS_ALL = pybase64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNgYGD4DwABBAEAgLvRWwAAAABJRU5ErkJggg=="
)


def given_references(body: Body, table: ReferenceTable) -> list[Given]:
    """Every reference of the body, files first.

    Raises ApiError when there are too many (Rule: max-references).
    """
    names = set(table.image_parts)
    found = [Given(_plain(p.field), p.data) for p in body.files if p.field in names]
    found += [Given(_plain(field), text) for field, text in _strings(body, table)]
    if len(found) > table.max_references:
        problem = (
            f"at most {table.max_references} references over all fields together; got {len(found)}"
        )
        raise bad_field(found[-1].field, problem, rule="max-references")
    return found


def _plain(field: str) -> str:
    return field.removesuffix("[]")


def _strings(body: Body, table: ReferenceTable) -> list[tuple[str, str]]:
    parts = [part for part in table.image_parts if part not in table.single]
    return reference_strings(body.fields, (*parts, *table.single, *table.many))


async def bring_references(mock: Mock, body: Body, given: list[Given]) -> Brought:
    """Load what was given; raises ApiError for what is no picture, or no fitting mask."""
    mask = _given_mask(body, mock.contract.references)
    if not given and mask is None:
        return NOTHING
    if mask is not None and not given:
        raise bad_field(mask.field, "a mask needs a reference image; got none", rule="mask")
    try:
        loaded = [await _load(mock, item) for item in given]
        loaded_mask = None if mask is None else await _load(mock, mask)
    except PrivateUrlError as error:
        return Brought(Sources((), None), None, error)
    first = loaded[0].examined
    mask_data = _fitting_mask(loaded_mask, first, mock.contract.references)
    ratio = None if first is None else Fraction(first.width, first.height)
    references = tuple(item.reference for item in loaded)
    return Brought(Sources(references, mask_data), ratio, None)


def _given_mask(body: Body, table: ReferenceTable) -> Given | None:
    files: Iterable[FilePart] = (part for part in body.files if part.field == table.mask_part)
    for part in files:
        return Given(part.field, part.data)
    for field in (table.mask_part, *table.mask_fields):
        value = body.fields.get(field)
        if isinstance(value, dict):
            value = value["image_url"]
        if isinstance(value, str):
            return Given(field, value)
    return None


async def _load(mock: Mock, given: Given) -> Loaded:
    if isinstance(given.value, bytes):
        return await _from_bytes(mock, given.field, given.value, None)
    if form_of(given.value) is Form.URL:
        return await _from_url(mock, given.field, given.value)
    data = _decoded(given.field, given.value, mock.contract.references)
    return await _from_bytes(mock, given.field, data, None)


def _decoded(field: str, text: str, table: ReferenceTable) -> bytes:
    data = data_of(text)
    try:
        if data is not None:
            return pybase64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise _not_a_picture(field, f"got {shortened(text)}, which does not decode as base64", table)


def _not_a_picture(field: str, problem: str, table: ReferenceTable) -> ApiError:
    kinds = " or ".join(table.formats)
    expects = f"must be a picture ({kinds}), as a file, an http(s) URL, a data URI or base64"
    return bad_field(field, f"{expects}; {problem}", rule="reference-forms")


async def _from_bytes(mock: Mock, field: str, data: bytes, url: str | None) -> Loaded:
    table = mock.contract.references
    if len(data) > table.max_bytes:
        problem = f"a picture may have at most {table.max_bytes:,} bytes; got {len(data):,}"
        raise bad_field(field, problem, rule="reference-forms")
    try:
        examined = await mock.in_thread(partial(examine, data, max_pixels=table.max_pixels))
    except NotAPicture as error:
        raise _not_a_picture(field, f"got {len(data):,} bytes: {error}", table) from None
    if examined.format not in table.formats:
        raise _not_a_picture(field, f"got a picture in the format {examined.format}", table)
    return Loaded(field, Reference(data, url), examined)


async def _from_url(mock: Mock, field: str, text: str) -> Loaded:
    parts = http_url(text)
    if parts is None:
        problem = f"got {shortened(text)}, which is no absolute URL"
        raise _not_a_picture(field, problem, mock.contract.references)
    own = await own_file(mock, parts.path)
    if own is not None:
        return await _from_bytes(mock, field, own, text)
    table = mock.contract.references
    if not mock.settings.allow_private_urls and is_private(str(parts.hostname), table):
        raise PrivateUrlError(field, f"{table.private_text}: {shortened(text)}")
    if not mock.settings.fetch_urls:
        return Loaded(field, Reference(None, text), None)
    return await _fetched(mock, field, text)


async def _fetched(mock: Mock, field: str, url: str) -> Loaded:
    fetched = await mock.fetcher.fetch(url)
    if fetched.private:
        raise PrivateUrlError(field, f"{mock.contract.references.private_text}: {shortened(url)}")
    if fetched.data is None:
        raise bad_field(field, f"{shortened(url)} cannot be fetched: {fetched.problem}")
    return await _from_bytes(mock, field, fetched.data, url)


def _fitting_mask(
    mask: Loaded | None, first: Examined | None, table: ReferenceTable
) -> bytes | None:
    if mask is None:
        return None
    if mask.examined is None:
        return _KEEPS_ALL
    problem = mask_problem(_look(mask.examined), _look(first) if first else None, table)
    if problem is not None:
        raise bad_field(mask.field, f"the mask {problem}", rule="mask")
    return mask.reference.data


def _look(examined: Examined) -> MaskLook:
    return MaskLook(examined.format, examined.width, examined.height, examined.has_alpha)


def needs_reference() -> ApiError:
    """An edit without a picture (Rule: edit-needs-image)."""
    return missing_field("image", rule="edit-needs-image")
