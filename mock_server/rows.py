"""Rows and small tables of the contract file as records: each is read whole or refused."""

import ipaddress
from decimal import Decimal

from mock_server.errors import ErrorKind, ErrorTable
from mock_server.facts import ModelCard, StreamEvents
from mock_server.rules.latency import Triangle
from mock_server.rules.sizes import Size, Tier, parse_size
from mock_server.section import ContractError, Section

__all__ = [
    "error_table",
    "event_names",
    "model_card",
    "networks",
    "price_row",
    "rule_data",
    "tier_row",
    "triangle",
]

_BASES = ("stated", "openai", "observed", "assumed")


def rule_data(entry: Section) -> Section:
    """The data of a rule's entry, once its words and its bases were read."""
    entry.text("statement")
    entry.text("cites")
    entry.items("examples")
    basis = entry.text("basis")
    parts = entry.mapping("parts", Section.text) if "parts" in entry.raw else {}
    for place, value in {"basis": basis, **{f"parts.{k}": v for k, v in parts.items()}}.items():
        if value not in _BASES:
            problem = f"must be one of {', '.join(_BASES)}; got {value!r}"
            raise ContractError(f"{entry.place}.{place}", problem)
    return entry.section("data")


def tier_row(entry: Section) -> Tier:
    """A tier with its long edge and its typical sizes (Rule: tier)."""
    tier = Tier(
        name=entry.text("name"),
        long_edge_max=entry.whole_or_null("long_edge_max"),
        typical=tuple(_size(text, entry.place) for text in entry.texts("typical")),
    )
    entry.done()
    return tier


def _size(text: str, place: str) -> Size:
    size = parse_size(text)
    if size is None:
        raise ContractError(f"{place}.typical", f"must be sizes WxH; got {text!r}")
    return size


def price_row(cells: Section) -> dict[str, Decimal]:
    """USD per image by quality, for one tier (Rule: price)."""
    table = {quality: cells.money(quality) for quality in cells.raw}
    cells.done()
    return table


def triangle(entry: Section) -> Triangle:
    """The times of one quality in seconds (Rule: latency)."""
    seconds = Triangle(entry.number("min"), entry.number("mode"), entry.number("max"))
    entry.done()
    if not 0 <= seconds.min <= seconds.mode <= seconds.max:
        raise ContractError(entry.place, "must have 0 <= min <= mode <= max")
    return seconds


def networks(private: Section) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The networks whose hosts are never fetched (Rule: private-url)."""
    try:
        return tuple(ipaddress.ip_network(text) for text in private.texts("networks"))
    except ValueError as error:
        raise ContractError(f"{private.place}.networks", str(error)) from None


def model_card(data: Section) -> ModelCard:
    """What every entry of the model list says (Rule: models)."""
    return ModelCard(
        created=data.whole("created"),
        owned_by=data.text("owned_by"),
        modality=data.text("modality"),
        endpoint=data.text("endpoint"),
    )


_ERROR_KINDS = (
    "bad_request", "unauthorized", "no_credit", "not_found", "method_not_allowed",
    "body_too_large", "unsupported_media_type", "rate_limited", "internal",
)  # fmt: skip


def error_table(shape: Section, status: Section) -> ErrorTable:
    """Statuses, types and envelopes of refusals (Rules: status, error-shape)."""
    errors = status.section("errors")
    kinds = {name: _error_kind(errors.section(name)) for name in _ERROR_KINDS}
    errors.done()
    return ErrorTable(
        kinds=kinds,
        styles=shape.texts("styles"),
        default_style=shape.text("default_style"),
        body_max_bytes=status.whole("body_max_bytes"),
    )


def _error_kind(entry: Section) -> ErrorKind:
    kind = ErrorKind(entry.whole("status"), entry.text("type"))
    entry.done()
    return kind


def event_names(section: Section) -> StreamEvents:
    """The names of a stream's events (Rule: stream)."""
    events = StreamEvents(section.text("partial"), section.text("completed"))
    section.done()
    return events
