"""Which of the two contracts answers a request: at once, or by a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Mode", "Profile", "decide_mode", "provider_fields"]


class Mode(Enum):
    """How a request is answered."""

    SYNC = "sync"
    ASYNC = "async"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile adds to the rules; the provider's own adds nothing (Rule: profile)."""

    name: str
    default_size: str | None = None
    default_model: str | None = None
    any_model: bool = False
    quality_synonyms: Mapping[str, str] = field(default_factory=dict)
    ignored_fields: frozenset[str] = frozenset()
    extras: bool = False
    streams: bool = False


def decide_mode(*, has_size: bool, callback_url: str | None) -> Mode:
    """Sync for a WxH size without a callback, else async (Rule: mode)."""
    return Mode.SYNC if has_size and callback_url is None else Mode.ASYNC


_ASYNC_WISHES = ("aspect_ratio", "resolution", "callback_url")


def provider_fields(
    fields: dict[str, object], profile: Profile, *, absent_sizes: frozenset[str]
) -> dict[str, object]:
    """The request as the provider's rules read it (Rules: unknown-fields, mode-auto, profile).

    Nulls and absent sizes are gone, the profile's synonyms and defaults are put in.
    """
    present = {
        name: value
        for name, value in fields.items()
        if value is not None and name not in profile.ignored_fields
    }
    size = present.get("size")
    if isinstance(size, str) and size in absent_sizes:
        del present["size"]
    if profile.default_size is None:
        return present
    return _openai_defaults(present, profile)


def _openai_defaults(fields: dict[str, object], profile: Profile) -> dict[str, object]:
    if "size" not in fields and not any(name in fields for name in _ASYNC_WISHES):
        fields["size"] = profile.default_size
    fields.setdefault("model", profile.default_model)
    quality = fields.get("quality")
    if isinstance(quality, str):
        fields["quality"] = profile.quality_synonyms.get(quality, quality)
    return fields
