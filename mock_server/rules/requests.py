"""An image request as data, read from fields that keep the schemas."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple, cast

from mock_server.errors import ApiError, bad_field, shortened
from mock_server.rules.modes import Mode, Profile, decide_mode
from mock_server.rules.references import http_url
from mock_server.rules.sizes import (
    Breach,
    Size,
    SizeTable,
    Tier,
    breaches,
    derive_size,
    nearest_legal,
    parse_size,
)

__all__ = [
    "FIELDS",
    "Defaults",
    "ImageRequest",
    "ModelTable",
    "Operation",
    "RequestTable",
    "asked_size",
    "illegal_size",
    "parse_ratio",
    "read_image_request",
    "size_in",
]

# The fields that are read here, and the JSON type their schemas are to give them.
FIELDS: Mapping[str, str] = {
    "aspect_ratio": "string",
    "background": "string",
    "callback_url": "string",
    "model": "string",
    "n": "integer",
    "output_compression": "integer",
    "output_format": "string",
    "partial_images": "integer",
    "prompt": "string",
    "quality": "string",
    "resolution": "string",
    "response_format": "string",
    "size": "string",
    "stream": "boolean",
}

_NEAREST_SHOWN = 3


class Operation(StrEnum):
    """The operations that make pictures."""

    CREATE = "createImage"
    EDIT = "editImage"
    CREATE_AND_WAIT = "createImageAndWait"


@dataclass(frozen=True, slots=True)
class ModelTable:
    """The models that are listed, the aliases that are taken, and the words of a refusal."""

    supported: tuple[str, ...]
    aliases: frozenset[str]
    refusal: tuple[str, str]

    def knows(self, model: str) -> bool:
        """Whether a request may name this model (Rule: model)."""
        return model in self.supported or model in self.aliases


@dataclass(frozen=True, slots=True)
class Defaults:
    """What is meant where a field is left out."""

    quality: str
    n: int
    response_format: str
    output_format: str
    output_compression: int
    background: str
    partial_images: int
    resolution: str
    aspect_ratio: str


@dataclass(frozen=True, slots=True)
class RequestTable:
    """Everything that reading an image request needs to know."""

    sizes: SizeTable
    models: ModelTable
    defaults: Defaults
    profile: Profile
    ratio_auto: str
    opaque_formats: frozenset[str]

    def tier(self, resolution: str) -> Tier | None:
        """The tier of that name, in either case of its letters (Rule: resolution)."""
        name = resolution.upper()
        return next((tier for tier in self.sizes.tiers if tier.name.upper() == name), None)


# A tuple for the same reason as Job: every task that is kept keeps its request.
class ImageRequest(NamedTuple):
    """What was asked for; `size` is None where it is to be derived from ratio and tier."""

    model: str
    prompt: str
    mode: Mode
    is_edit: bool
    size: Size | None
    aspect_ratio: str
    resolution: str
    quality: str
    n: int
    background: str
    output_format: str
    output_compression: int
    leaves_out_b64: bool
    streams: bool
    partial_images: int
    callback_url: str | None


def read_image_request(
    fields: Mapping[str, object], operation: Operation, table: RequestTable, *, has_references: bool
) -> ImageRequest:
    """Read fields that keep their schemas; raises ApiError for what a schema cannot say."""
    _check_model(fields, table)
    size = asked_size(fields, table.sizes)
    _check_ratio(fields, table)
    callback_url = _callback_url(fields)
    mode = decide_mode(has_size=size is not None, callback_url=callback_url)
    defaults = table.defaults
    request = ImageRequest(
        model=cast(str, fields["model"]),
        prompt=cast(str, fields["prompt"]),
        mode=Mode.ASYNC if operation is Operation.CREATE_AND_WAIT else mode,
        is_edit=has_references or operation is Operation.EDIT,
        size=size,
        aspect_ratio=cast(str, fields.get("aspect_ratio", defaults.aspect_ratio)),
        resolution=_resolution(fields, table).name,
        quality=cast(str, fields.get("quality", defaults.quality)),
        n=int(cast(int, fields.get("n", defaults.n))),
        background=cast(str, fields.get("background", defaults.background)),
        output_format=cast(str, fields.get("output_format", defaults.output_format)),
        output_compression=int(
            cast(int, fields.get("output_compression", defaults.output_compression))
        ),
        leaves_out_b64=operation is Operation.EDIT and _wants_url(fields, defaults),
        streams=fields.get("stream") is True and operation is not Operation.CREATE_AND_WAIT,
        partial_images=int(cast(int, fields.get("partial_images", defaults.partial_images))),
        callback_url=callback_url,
    )
    _check_background(request, table)
    _check_stream(request, table)
    return request


def _check_model(fields: Mapping[str, object], table: RequestTable) -> None:
    model = cast(str, fields["model"])
    if not table.profile.any_model and not table.models.knows(model):
        before, between = table.models.refusal
        shown = shortened(model)[1:-1]
        text = f"{before}{shown}{between}{', '.join(table.models.supported)}"
        raise ApiError(text, kind="bad_request", code="invalid_model", param="model", rule="model")


def asked_size(fields: Mapping[str, object], table: SizeTable) -> Size | None:
    """The legal WxH size of the request, None without one; raises ApiError on `size`."""
    text = fields.get("size")
    if text is None:
        return None
    size = parse_size(cast(str, text))
    if size is None:
        problem = f"must be WIDTHxHEIGHT in pixels; got {shortened(text)}"
        raise bad_field("size", problem, rule="size-grammar")
    if found := breaches(size, table):
        raise _illegal_size(cast(str, text), size, found, table)
    return size


def illegal_size(size: Size, text: str, table: SizeTable) -> ApiError | None:
    """The refusal of the size that the text says; None where it is legal."""
    found = breaches(size, table)
    return _illegal_size(text, size, found, table) if found else None


def _illegal_size(text: str, size: Size, found: tuple[Breach, ...], table: SizeTable) -> ApiError:
    demands = "; ".join([breach.demand for breach in found])
    rules = ", ".join([breach.rule for breach in found])
    near = nearest_legal(size, table, count=_NEAREST_SHOWN)
    nearest = ", ".join([f"{width}x{height}" for width, height in near])
    problem = f"{demands}; got {shortened(text)} (breaks {rules}); nearest legal sizes: {nearest}"
    return bad_field("size", problem, rule=found[0].rule)


def _check_ratio(fields: Mapping[str, object], table: RequestTable) -> None:
    text = fields.get("aspect_ratio")
    if text is not None and text != table.ratio_auto:
        parse_ratio(cast(str, text), table.sizes)


# So many digits on either side of the point are read: int() of a megabyte of them is a trap.
_PART = r"([0-9]{1,18}(?:\.[0-9]{1,18})?)"
_RATIO = re.compile(f"{_PART}:{_PART}", re.ASCII)


def parse_ratio(text: str, table: SizeTable) -> Fraction:
    """The ratio W:H as width over height; raises ApiError (Rule: aspect-ratio)."""
    match = _RATIO.fullmatch(text)
    width, height = map(Fraction, match.groups()) if match else (Fraction(0), Fraction(0))
    largest = table.ratio_max
    if not (width and height) or max(width, height) > largest * min(width, height):
        most = f"{largest.numerator}:{largest.denominator}"
        problem = f"must be W:H of positive numbers, at most {most} either way"
        raise bad_field("aspect_ratio", f"{problem}; got {shortened(text)}", rule="aspect-ratio")
    return width / height


def _resolution(fields: Mapping[str, object], table: RequestTable) -> Tier:
    text = cast(str, fields.get("resolution", table.defaults.resolution))
    tier = table.tier(text)
    if tier is None:
        names = ", ".join(tier.name for tier in table.sizes.tiers)
        problem = f"must be one of {names}; got {shortened(text)}"
        raise bad_field("resolution", problem, rule="resolution")
    return tier


def _wants_url(fields: Mapping[str, object], defaults: Defaults) -> bool:
    """Whether the pictures are wanted as URLs alone (Rule: response-format)."""
    return fields.get("response_format", defaults.response_format) != defaults.response_format


def _callback_url(fields: Mapping[str, object]) -> str | None:
    """Where the end is to be told (Rule: callback-url)."""
    url = cast(str | None, fields.get("callback_url"))
    if url is not None and http_url(url) is None:
        problem = f"must be an absolute http or https URL; got {shortened(url)}"
        raise bad_field("callback_url", problem, rule="callback-url")
    return url


def _check_background(request: ImageRequest, table: RequestTable) -> None:
    if request.background == "transparent" and request.output_format in table.opaque_formats:
        problem = (
            f"transparent needs an output_format with an alpha channel; "
            f"got output_format {request.output_format!r}"
        )
        raise bad_field("background", problem, rule="background")


def _check_stream(request: ImageRequest, table: RequestTable) -> None:
    if not request.streams:
        return
    if not table.profile.streams:
        problem = "streaming is not offered; leave it out or send false; got true"
        raise bad_field("stream", problem, rule="stream")
    if request.mode is Mode.ASYNC:
        problem = "only a synchronous request can be streamed; got true for an asynchronous one"
        raise bad_field("stream", problem, rule="stream")


def size_in(request: ImageRequest, table: RequestTable, *, first: Fraction | None) -> Size:
    """The size of the pictures; `first` is the first reference's ratio where it is known.

    Raises ApiError where the contract's tier holds no legal size of that ratio (Rules: derive,
    mode-both).
    """
    if request.size is not None:
        return request.size
    tier = table.tier(request.resolution) or table.sizes.tiers[0]
    ratio = _ratio_of(request, table, first)
    size = derive_size(ratio, tier, table.sizes)
    if size is None:
        problem = f"no legal size of {tier.name} has that ratio; got {request.aspect_ratio!r}"
        raise bad_field("aspect_ratio", problem, rule="derive")
    return size


def _ratio_of(request: ImageRequest, table: RequestTable, first: Fraction | None) -> Fraction:
    if request.aspect_ratio != table.ratio_auto:
        return parse_ratio(request.aspect_ratio, table.sizes)
    if first is None:
        return parse_ratio(table.defaults.aspect_ratio, table.sizes)
    largest = table.sizes.ratio_max
    return min(max(first, 1 / largest), largest)
