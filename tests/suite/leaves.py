"""Every fact of the contract changed in one place, and what a suite that reads it must notice."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.suite.variants import GONE, document

__all__ = ["CHANGES", "ENTANGLED", "STOPPING", "UNSEEN", "Change", "leaves"]

ROOT = "data"


class Change(NamedTuple):
    """Other values for one leaf, and the rule under which it shows if only one side has them.

    `besides` are values that must change with it for the contract to stay one; `profile` is the
    profile in which it shows, `also` a further rule whose tests show it. What contradicts other
    parts of the contract does not fit, and cannot be changed on both sides.
    """

    value: object
    rule: str = ""
    besides: Mapping[str, object] = {}
    profile: str = "provider"
    also: str = ""
    fits: bool = True


def leaves() -> Iterator[str]:
    """The paths of all values in the data of all rules: `size-grid/data/multiple`."""
    for name, rule in document({})["x-contract"]["rules"].items():
        yield from _below(rule.get(ROOT, {}), f"{name}/{ROOT}")


def _below(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _below(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _below(inner, f"{path}/{index}")
    else:
        yield path


def _prices() -> dict[str, Change]:
    table = {
        "1K": {"low": "0.006", "medium": "0.026", "high": "0.08"},
        "2K": {"low": "0.011", "medium": "0.041", "high": "0.11"},
        "4K": {"low": "0.016", "medium": "0.061", "high": "0.24"},
    }
    return {
        f"price/data/per_image/{tier}/{quality}": Change(price)
        for tier, row in table.items()
        for quality, price in row.items()
    }


def _typical() -> dict[str, Change]:
    """Another size of the same shape and tier."""
    sizes = {
        "0/typical/0": "1008x1008", "0/typical/1": "1488x992", "0/typical/2": "992x1488",
        "1/typical/0": "2032x2032", "1/typical/1": "1792x1008", "1/typical/2": "1008x1792",
        "2/typical/0": "3584x2016", "2/typical/1": "2016x3584",
    }  # fmt: skip
    return {f"tier/data/tiers/{where}": Change(size, "derive") for where, size in sizes.items()}


def _networks() -> dict[str, Change]:
    """Each network gives way to one that nobody asks for."""
    old = document({})["x-contract"]["rules"]["private-url"]["data"]["networks"]
    return {
        f"private-url/data/networks/{index}": Change(
            "3fff::/20" if ":" in network else "192.88.99.0/24"
        )
        for index, network in enumerate(old)
    }


def _fields() -> dict[str, Change]:
    """A field of another name stands in every poll."""
    states = document({})["x-contract"]["rules"]["task-poll"]["data"]["fields"]
    return {
        f"task-poll/data/fields/{state}/{index}": Change("another", "no task has the field")
        for state, fields in states.items()
        for index, _ in enumerate(fields)
    }


def _errors() -> dict[str, Change]:
    """Each kind of failure that a client can bring about gets another status and another type."""
    statuses = {
        "bad_request": 422,
        "unauthorized": 403,
        "no_credit": 403,
        "not_found": 410,
        "method_not_allowed": 409,
        "unsupported_media_type": 406,
    }
    place = "status/data/errors"
    others = {"unauthorized": "auth", "no_credit": "no-credit"}
    return {
        f"{place}/{kind}/status": Change(status, others.get(kind, ""))
        for kind, status in statuses.items()
    } | {
        f"{place}/{kind}/type": Change("some_error", "error-shape", also=others.get(kind, ""))
        for kind in statuses
    }


CHANGES: Mapping[str, Change] = {
    "base/data/prefixes/1": Change("/v2"),
    "mode-auto/data/absent/0": Change("any"),
    "profile/data/openai/default_size": Change("1536x1024", profile="openai"),
    "profile/data/openai/quality_synonyms/standard": Change("low", "price-auto", profile="openai"),
    "profile/data/openai/quality_synonyms/hd": Change("low", "price-auto", profile="openai"),
    "size-grid/data/multiple": Change(8),
    "size-edge/data/long_edge_max": Change(3856),
    "size-ratio/data/long_to_short_max": Change("5:2"),
    "size-pixels/data/pixels_min": Change(700_000),
    "size-pixels/data/pixels_max": Change(8_400_000),
    "tier/data/tiers/0/long_edge_max": Change(1600),
    "tier/data/tiers/1/long_edge_max": Change(2304),
    **_typical(),
    "derive/data/default_resolution": Change("2K"),
    "derive/data/default_aspect_ratio": Change("2:1"),
    **_prices(),
    "price/data/currency": Change("EUR", "settle-once"),
    "price-auto/data/billed_as/auto": Change("high"),
    **{f"sync-shape/data/extras/{index}": Change(GONE, profile="openai") for index in range(5)},
    "output-format/data/media_types/png": Change("image/x-png", "same-bytes"),
    "output-format/data/media_types/jpeg": Change("image/jpg", "same-bytes"),
    "output-format/data/media_types/webp": Change("image/x-webp", "same-bytes"),
    "background/data/formats_without_alpha/0": Change(
        "webp", besides={"background/data/formats_without_alpha/+": "jpeg"}
    ),
    "stream/data/events/generation/partial": Change("image_generation.draft", profile="openai"),
    "stream/data/events/generation/completed": Change("image_generation.done", profile="openai"),
    "stream/data/events/edit/partial": Change("image_edit.draft", profile="openai"),
    "stream/data/events/edit/completed": Change("image_edit.done", profile="openai"),
    "max-references/data/max": Change(
        8,
        besides={
            f"components/schemas/{name}/maxItems": 8
            for name in ("ReferenceList", "EditImages", "UploadedPictures")
        },
    ),
    "reference-forms/data/formats/0": Change(GONE),
    "reference-forms/data/formats/1": Change(GONE),
    "reference-forms/data/formats/2": Change(GONE),
    "reference-forms/data/max_bytes": Change(1_000_000),
    "reference-forms/data/max_pixels": Change(1_000_000),
    "mask/data/formats/0": Change("webp"),
    "fail-codes/data/retryable/INVALID_INPUT": Change(value=True),
    "private-url/data/text": Change("no private hosts"),
    "private-url/data/fail_code": Change("OTHER"),
    **_networks(),
    "private-url/data/host_suffixes/0": Change("nowhere"),
    "private-url/data/host_suffixes/1": Change("nowhere"),
    "private-url/data/host_suffixes/2": Change("nowhere"),
    "task-created/data/code": Change(201),
    "task-created/data/msg": Change("done"),
    "poll-errors/data/missing_text": Change("no task"),
    "poll-errors/data/hint": Change("?id="),
    "retention/data/seconds": Change(86_400),
    "hook-once/data/method": Change("PUT"),
    "hook-once/data/content_type": Change("text/plain"),
    "hook-once/data/success_min": Change(202),
    "hook-once/data/success_max": Change(202),
    "hook-payload/data/null_when/completed/0": Change("resultJson", fits=False),
    "hook-payload/data/null_when/completed/1": Change("resultJson", fits=False),
    "hook-payload/data/null_when/failed/0": Change("failMsg", fits=False),
    "hook-retry/data/retry_after_s/0": Change(500),
    "hook-retry/data/retry_after_s/1": Change(500),
    "hook-retry/data/retry_after_s/2": Change(500),
    "hook-retry/data/attempt_timeout_s": Change(400, fits=False),
    "hook-retry/data/background_every_s": Change(900, fits=False),
    "hook-retry/data/give_up_after_s": Change(300, fits=False),
    **_errors(),
    "model/data/supported/0": Change(
        "gpt-image-3", besides={"x-contract/example_request/model": "gpt-image-3"}
    ),
    "model/data/aliases/0": Change("gpt-image-3"),
    "model/data/refusal/0": Change("No model "),
    "model/data/refusal/1": Change(". We have: "),
    "models/data/modality": Change("sound"),
    "models/data/endpoint": Change("/v1/sounds"),
    "files/data/part": Change("upload"),
    "latency/data/seconds/low/min": Change(1),
    "latency/data/seconds/medium/min": Change(1),
    "latency/data/seconds/high/min": Change(1),
}

ENTANGLED: Mapping[str, Change] = {
    **_fields(),
    **{
        f"hook-payload/data/json_strings/{index}": Change("model", "is not among")
        for index in range(2)
    },
    "aspect-ratio/data/auto": Change("any", "must be taken by the pattern"),
    "task-created/data/state": Change("processing", "must be pending"),
    "task-steps/data/initial": Change("processing", "must be pending"),
    **{
        f"background/data/alpha/{name}": Change("another", "is not among")
        for name in ("transparent", "opaque", "auto")
    },
    **{
        path: Change("another", "no request has the field")
        for path in (
            "edit-parts/data/image_parts/0",
            "edit-parts/data/image_parts/1",
            "edit-parts/data/mask_part",
            "reference-forms/data/single/0",
            "reference-forms/data/single/1",
            "reference-forms/data/single/2",
            "reference-forms/data/many/0",
            "reference-forms/data/many/1",
            "mask/data/fields/0",
            "mask/data/fields/1",
        )
    },
    **{f"tier/data/tiers/{index}/name": Change("HD", "Resolution") for index in range(3)},
    "profile/data/names/0": Change("another", "profile"),
    "profile/data/names/1": Change("another", "profile"),
    "profile/data/default": Change("another", "profile"),
    "error-shape/data/styles/0": Change("another", "style"),
    "error-shape/data/styles/1": Change("another", "style"),
    "error-shape/data/styles/2": Change("another", "style"),
    "error-shape/data/default_style": Change("another", "style"),
}
"""What the server refuses to serve if it is changed in one place alone; `rule` is in its words."""

STOPPING: Mapping[str, Change] = {
    "auth/data/scheme": Change("Token", "refuses the key (401)"),
    "base/data/prefixes/0": Change("/api/v2", "is this the base URL of the API?"),
}
"""What the suite needs to get in at all; `rule` is in the words with which it ends."""

_FAILING = "a task fails in this way only where somebody asks the mock for it"
_NEVER_LATE = "a busy machine makes any picture late: only what comes too early is a breach"
_TOO_LARGE = "no test sends 1.2 gigabytes"
UNSEEN: Mapping[str, str] = {
    "auth/data/key_prefix": "a prefix of made-up keys, which no answer shows",
    "profile/data/openai/ignored_fields/0": "every unknown field is ignored unless asked otherwise",
    "tier/data/tiers/2/long_edge_max": "none: the last tier has no bound of its own",
    **{
        f"fail-codes/data/retryable/{code}": _FAILING
        for code in (
            "CONTENT_MODERATION",
            "UPSTREAM_BUSY",
            "UPSTREAM_FAILED",
            "TIMEOUT",
            "INTERNAL_ERROR",
            "OTHER",
        )
    },
    **{
        f"task-steps/data/next/{step}": "a step that is allowed need not be seen"
        for step in ("pending/0", "pending/1", "pending/2", "processing/0", "processing/1")
    },
    "models/data/created": "another endpoint may have its model from another day",
    "models/data/owned_by": "another endpoint may say that somebody else owns its model",
    "latency/data/pending_share": "polls are too far apart to measure a share of a second",
    "status/data/body_max_bytes": _TOO_LARGE,
    "status/data/errors/body_too_large/status": _TOO_LARGE,
    "status/data/errors/body_too_large/type": _TOO_LARGE,
    "status/data/errors/rate_limited/status": "the mock limits no rate unless asked to",
    "status/data/errors/rate_limited/type": "the mock limits no rate unless asked to",
    "status/data/errors/internal/status": "no request brings about a failure of the server",
    "status/data/errors/internal/type": "no request brings about a failure of the server",
    "code-in-200/data/failure_min": "the mock answers so only where somebody asks for it",
    **{
        f"latency/data/seconds/{quality}/{part}": _NEVER_LATE
        for quality in ("low", "medium", "high")
        for part in ("mode", "max")
    },
}
"""What no run can see, and why."""
