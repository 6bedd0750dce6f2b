"""What a client did that a real, paid, slow service would make it regret."""

from dataclasses import dataclass

from mock_server.journal import Exchange
from mock_server.webhooks import Attempt

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One misdeed: its name, what happened in a sentence, what to do instead, and the proof."""

    name: str
    what: str
    advice: str
    requests: tuple[Exchange, ...] = ()
    webhooks: tuple[Attempt, ...] = ()
