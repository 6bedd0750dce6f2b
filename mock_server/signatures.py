"""Webhooks signed as Standard Webhooks has it: an extension, for gateways that sign theirs."""

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from standardwebhooks import Webhook

__all__ = ["Sign", "check_secret", "signing", "unsigned"]

Sign = Callable[[str, bytes], Mapping[str, str]]

_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def check_secret(text: str) -> str:
    """The secret, if it is one; raises ValueError."""
    allowed = f"must be {_PREFIX} and {_LEAST_BYTES} to {_MOST_BYTES} bytes in base64"
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(allowed) from None
    if not text.startswith(_PREFIX) or not _LEAST_BYTES <= len(secret) <= _MOST_BYTES:
        raise ValueError(allowed)
    return text


def unsigned(task_id: str, body: bytes) -> Mapping[str, str]:
    """No further headers (Rule: hook-once)."""
    return {}


def signing(secret: str, *, now: Callable[[], float] = time.time) -> Sign:
    """The three headers of Standard Webhooks, with one id for every copy of a webhook.

    The time is the real one, whatever the mock's clock says: the receiver's library compares it
    with its own, and refuses what differs by more than five minutes.
    """
    webhook = Webhook(secret)

    def sign(task_id: str, body: bytes) -> Mapping[str, str]:
        message_id, at = f"msg_{task_id}", datetime.fromtimestamp(int(now()), UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": webhook.sign(message_id, at, body.decode()),
        }

    return sign
