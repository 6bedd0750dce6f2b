"""What a picture depends on: nothing else does, so equal scenes give equal bytes."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

__all__ = ["FINGERPRINT", "Ink", "Reference", "Scene", "readable"]

# Bytes of a fingerprint.
FINGERPRINT = 5


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference picture of an edit.

    `data` is the encoded picture (PNG, JPEG or WebP), or None when it was a public URL that was
    not fetched; then `url` is drawn on a placeholder.
    """

    data: bytes | None
    url: str | None


# A tuple, because one is made for each picture: in a third of the time.
class Scene(NamedTuple):
    """Everything a picture depends on; sides are in pixels, `price` is text such as "0.04".

    `index` counts from 0 among `count` pictures. `compression` (0 to 100; jpeg and webp only) is
    the number of the API, where 100 keeps most and smaller numbers make smaller files. `mask` is
    an encoded PNG with alpha: transparent is repainted. `partial` is the number of an unfinished
    preview, from 0. `weight` is "light", or "real" for a PNG that weighs what real ones do. What
    is `rough` is a sketch: fewer and flatter forms, drawn in no time at any size.
    """

    width: int
    height: int
    prompt: str
    tier: str
    quality: str
    price: str
    index: int  # type: ignore[assignment]  # nobody searches a scene like a list
    count: int  # type: ignore[assignment]
    seed: int
    background: str = "auto"
    output_format: str = "png"
    compression: int | None = None
    references: tuple[Reference, ...] = ()
    mask: bytes | None = None
    partial: int | None = None
    weight: str = "light"
    rough: bool = False

    @property
    def is_sketch(self) -> bool:
        """Whether it is drawn as a sketch, which cannot weigh what real pictures do."""
        return self.rough and self.weight == "light"


class Ink:
    """Makes the fingerprints of scenes that differ in their prompts and pictures alone.

    A fingerprint differs wherever two scenes of one size do.
    """

    def __init__(self, scene: Scene) -> None:
        told = (
            f"{scene.tier}|{scene.quality}|{scene.price}|{scene.index}|{scene.count}|{scene.seed}|"
            f"{scene.background}|{scene.partial}|{scene.weight}|{scene.rough}|"
        )
        self._begun = _begun(told)

    def fingerprint(self, scene: Scene) -> bytes:
        """The fingerprint of one of them."""
        digest = self._begun.copy()
        digest.update(scene.prompt.encode("utf-8", "surrogatepass"))
        if scene.references or scene.mask is not None:
            for part in _pictures_of(scene):
                digest.update(b"|%d|" % len(part))
                digest.update(part)
        return digest.digest()


@lru_cache(maxsize=256)
def _begun(told: str) -> blake2b:
    """A fingerprint begun with this text; what is said on is said to a copy."""
    return blake2b(told.encode(), digest_size=FINGERPRINT)


def _pictures_of(scene: Scene) -> list[bytes]:
    parts = [
        one.data or (one.url or "").encode("utf-8", "surrogatepass") for one in scene.references
    ]
    return parts if scene.mask is None else [*parts, b"mask", scene.mask]


def readable(text: str) -> str:
    """The text on one line: composed, and with blanks and line breaks folded to single blanks."""
    line = " ".join(text.split())
    return line if line.isascii() else unicodedata.normalize("NFC", line)
