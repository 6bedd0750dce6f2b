"""Whether the facts of the contract agree, and are such that the mock can act by them."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus

from mock_server.errors import ApiError
from mock_server.facts import Contract
from mock_server.rules.requests import FIELDS, Operation, parse_ratio
from mock_server.rules.sizes import Size, breaches, nearest_legal, parse_size, tier_of
from mock_server.section import ContractError, Section

__all__ = ["refuse_contradictions"]

Problems = Iterator[tuple[str, str]]

# What the pictures can be, whatever the contract says.
_DRAWN_FORMATS = ("png", "jpeg", "webp")
_LONGEST_EDGE = 65_500
_STYLES = ("hybrid", "openai", "native")
_READ_BODIES = ("application/json", "multipart/form-data")
_PICTURE_KEY = "image_url"
_OTHER_PLACES = ("components", "paths")


def refuse_contradictions(contract: Contract) -> None:
    """Raise ContractError, naming the place, for the first fact that contradicts another."""
    for check in _CHECKS:
        for place, problem in check(contract):
            here = place.partition(".")[0] in _OTHER_PLACES
            raise ContractError(place if here else f"x-contract.rules.{place}", problem)


def _prefixes(contract: Contract) -> Problems:
    place = "base.data.prefixes"
    if not contract.prefixes:
        yield place, "must not be empty"
    for prefix in contract.prefixes:
        if not prefix.startswith("/") or prefix.endswith("/"):
            yield place, f"must begin with a slash and not end with one; got {prefix!r}"
    if len(set(contract.prefixes)) < len(contract.prefixes):
        yield place, "must differ"


def _sizes(contract: Contract) -> Problems:
    table = contract.sizes
    if not 1 <= table.multiple <= table.long_edge_max:
        yield "size-grid.data.multiple", "must be at least 1 and no longer than the long edge"
    if table.long_edge_max > _LONGEST_EDGE:
        yield "size-edge.data.long_edge_max", f"must be at most {_LONGEST_EDGE}: no JPEG is longer"
    if not 1 <= table.pixels_min <= table.pixels_max:
        yield "size-pixels.data.pixels_min", "must be at least 1 and at most pixels_max"
    if not nearest_legal(Size(1, 1), table, count=1):
        yield "size-pixels.data", "no size at all is legal"


def _tiers(contract: Contract) -> Problems:
    place, tiers = "tier.data.tiers", contract.sizes.tiers
    edges = [tier.long_edge_max for tier in tiers]
    bounds = [edge for edge in edges if edge is not None]
    if edges[-1] is not None or len(bounds) != len(edges) - 1:
        yield place, "the last tier, and no other, must have long_edge_max null"
    if bounds != sorted(set(bounds)) or any(bound < 1 for bound in bounds):
        yield place, f"long_edge_max must ascend from tier to tier; got {bounds}"
    if len({tier.name.upper() for tier in tiers}) < len(tiers):
        yield place, "the names must differ, in either case of their letters"
    for index, tier in enumerate(tiers):
        for size in tier.typical:
            if breaches(size, contract.sizes) or tier_of(size, contract.sizes) is not tier:
                yield f"{place}[{index}].typical", f"{size} is no legal size of {tier.name}"


def _derivation(contract: Contract) -> Problems:
    names = [tier.name for tier in contract.sizes.tiers]
    if contract.defaults.resolution not in names:
        yield "derive.data.default_resolution", f"must be one of {', '.join(names)}"
    try:
        parse_ratio(contract.defaults.aspect_ratio, contract.sizes)
    except ApiError as error:
        yield "derive.data.default_aspect_ratio", error.message.partition(": ")[2]


def _ratios(contract: Contract) -> Problems:
    schema = _schemas(contract).section("AspectRatio")
    if not re.fullmatch(schema.text("pattern"), contract.ratio_auto):
        yield "aspect-ratio.data.auto", f"must be taken by the pattern of {schema.place}"


def _billing(contract: Contract) -> Problems:
    for quality, other in contract.prices.billed_as.items():
        for row in contract.prices.per_image.values():
            if other not in row or quality in row:
                yield f"price-auto.data.billed_as.{quality}", "must be billed as one with a price"
    default = contract.defaults.quality
    if default not in {*contract.latencies.seconds, *contract.prices.billed_as}:
        yield "price.data.per_image", f"has no price for the default quality {default!r}"


def _profiles(contract: Contract) -> Problems:
    if contract.default_profile not in contract.profiles:
        yield "profile.data.default", f"must be one of {', '.join(contract.profiles)}"
    for profile in contract.profiles.values():
        if profile.default_size is None:
            continue
        size = parse_size(profile.default_size)
        if size is None or breaches(size, contract.sizes):
            yield f"profile.data.{profile.name}.default_size", "must be a legal size"


def _references(contract: Contract) -> Problems:
    table = contract.references
    if min(table.max_references, table.max_bytes, table.max_pixels) < 1:
        yield "reference-forms.data", "max, max_bytes and max_pixels must be at least 1"
    if table.private_fail_code not in contract.tasks.retryable:
        yield "private-url.data.fail_code", "must be one of fail-codes.data.retryable"
    places = {
        "reference-forms.data.formats": table.formats,
        "mask.data.formats": table.mask_formats,
    }
    for place, formats in places.items():
        if not formats or not set(formats) <= set(_DRAWN_FORMATS):
            yield place, f"must be among {', '.join(_DRAWN_FORMATS)}, and at least one"


def _formats(contract: Contract) -> Problems:
    for name in contract.media_types:
        if name not in _DRAWN_FORMATS:
            drawn = ", ".join(_DRAWN_FORMATS)
            yield f"output-format.data.media_types.{name}", f"must be one of {drawn}"
    for name in contract.opaque_formats - contract.media_types.keys():
        yield "background.data.formats_without_alpha", f"{name!r} is no format of output-format"


def _times(contract: Contract) -> Problems:
    if contract.latencies.pending_share > 1:
        yield "latency.data.pending_share", "must be at most 1"
    if contract.retention_s < 1:
        yield "retention.data.seconds", "must be at least 1"
    if contract.hooks.background_every_s <= 0:
        yield "hook-retry.data.background_every_s", "must be more than 0"
    if contract.hooks.attempt_timeout_s <= 0:
        yield "hook-retry.data.attempt_timeout_s", "must be more than 0"


def _statuses(contract: Contract) -> Problems:
    success = contract.hooks.success
    if not HTTPStatus.OK <= success.start < success.stop <= HTTPStatus.BAD_REQUEST:
        yield "hook-once.data.success_min", "success_min to success_max must lie within 200 to 399"
    for name, kind in contract.errors.kinds.items():
        if not HTTPStatus.BAD_REQUEST <= kind.status < 600:  # noqa: PLR2004 - the end of HTTP's 5xx
            yield f"status.data.errors.{name}.status", "must be a status from 400 to 599"
    if contract.errors.body_max_bytes < 1:
        yield "status.data.body_max_bytes", "must be at least 1"


def _styles(contract: Contract) -> Problems:
    styles = contract.errors.styles
    if not set(styles) <= set(_STYLES):
        yield "error-shape.data.styles", f"must be among {', '.join(_STYLES)}"
    if contract.errors.default_style not in styles:
        yield "error-shape.data.default_style", f"must be one of {', '.join(styles)}"


def _fields(contract: Contract) -> Problems:
    """A field that nobody reads would be ignored without a word, a name without a field as well."""
    table = contract.references
    references = {*table.single, *table.many, *table.mask_fields}
    references |= {*table.image_parts, table.mask_part}
    there = set(_request_fields(contract))
    for name in references - there:
        yield "reference-forms.data", f"no request has the field {name!r}"
    for name in there - references - FIELDS.keys():
        yield "unknown-fields", f"a request has the field {name!r}, by which this server cannot act"


def _request_fields(contract: Contract) -> Iterator[str]:
    for name in {name for route in contract.routes for name in route.body_schemas.values() if name}:
        yield from _schemas(contract).section(name).section("properties").raw


def _bodies(contract: Contract) -> Problems:
    for route in contract.routes:
        if route.operation_id in {operation.value for operation in Operation}:
            place = f"paths.{route.path}.{route.method.lower()}.requestBody.content"
            if not route.body_schemas or not all(route.body_schemas.values()):
                yield place, "must have a schema by $ref for each media type"
            for media_type in set(route.body_schemas) - set(_READ_BODIES):
                yield f"{place}.{media_type}", f"must be one of {', '.join(_READ_BODIES)}"
    entry = _schemas(contract).section("ImageUrlObject")
    if _PICTURE_KEY not in entry.texts("required"):
        yield f"{entry.place}.required", f"must hold {_PICTURE_KEY!r}"


def _schemas(contract: Contract) -> Section:
    return Section(contract.document, "the file").section("components").section("schemas")


_CHECKS: tuple[Callable[[Contract], Problems], ...] = (
    _prefixes,
    _sizes,
    _tiers,
    _derivation,
    _ratios,
    _billing,
    _profiles,
    _references,
    _formats,
    _times,
    _statuses,
    _styles,
    _fields,
    _bodies,
)
