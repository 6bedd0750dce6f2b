"""Which scene a prompt gets, and in which colours: a small pool of designs, so that they recur."""

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from mock_server.pictures.palette import NAMED, SCHEMES, Palette, palette, telling
from mock_server.pictures.scene import Scene
from mock_server.pictures.scenery import ASKED, KINDS, VARIANTS

__all__ = ["POOL", "Design", "design", "pool"]

# How many designs prompts without telling words share; each costs a drawing at its first use.
POOL = KINDS * VARIANTS

# Words are looked for in bytes, all other letters being blanks: a third of the time of a pattern.
_LETTERS = bytes(
    code | 0x20 if chr(code).isascii() and chr(code).isalpha() else 0x20 for code in range(256)
)
_KNOWN = frozenset(word.encode() for word in NAMED | ASKED.keys())

# Colours and places named beyond so many characters of a prompt are not looked for.
_READ = 600


@dataclass(frozen=True, slots=True)
class Design:
    """A scene to be drawn: what is on it, and its colours; `key` names it among all designs."""

    key: str
    kind: int
    variant: int
    colours: Palette


def design(scene: Scene) -> Design:
    """The design for this scene: what the prompt names, else one of a pool, by prompt and seed.

    The pictures of one request follow each other in the pool, so that they differ.
    """
    kind, words, start = _reading(scene.prompt[:_READ])
    number = (start + scene.seed + scene.index) % POOL
    return _pooled(kind, words, number)


def pool() -> list[Design]:
    """The designs of prompts that name nothing."""
    return [_pooled(None, (), number) for number in range(POOL)]


@lru_cache(maxsize=256)
def _reading(prompt: str) -> tuple[int | None, tuple[str, ...], int]:
    """What the prompt asks for: a kind of scene if any, its telling words, and its number."""
    data = prompt.encode("utf-8", "surrogatepass")
    known = filter(_KNOWN.__contains__, data.translate(_LETTERS).split())
    return *_wished(b" ".join(known)), crc32(data)


@lru_cache(maxsize=1024)
def _wished(known: bytes) -> tuple[int | None, tuple[str, ...]]:
    words = known.decode().split()
    return next((ASKED[word] for word in words if word in ASKED), None), telling(words)


@lru_cache(maxsize=1024)
def _pooled(kind: int | None, words: tuple[str, ...], number: int) -> Design:
    if kind is None:
        kind = number % KINDS
    variant, scheme = number // KINDS % VARIANTS, (number * 5 + number // KINDS) % len(SCHEMES)
    key = f"{kind}.{variant}.{' '.join(words) or scheme}"
    return Design(key, kind, variant, palette(words, scheme))
