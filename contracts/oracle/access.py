"""Which key a header carries, and how long what it made lives.

Rules: auth, retention, same-bytes.
"""

from contracts.spec import Spec

__all__ = ["is_alive", "key_of"]


def key_of(spec: Spec, authorization: str | None) -> str | None:
    """The key that the header carries, None for one that must be refused with 401."""
    words = (authorization or "").split()
    if len(words) != 2 or words[0].casefold() != spec.facts.auth.scheme.casefold():
        return None
    return words[1] if words[1].isascii() else None


def is_alive(spec: Spec, age_s: float) -> bool:
    """Whether a task, a result or an upload of this age is still there."""
    return age_s <= spec.facts.retention.seconds
