"""Pictures by their bytes: what the header says, whether every pixel decodes, and where alpha is 0.

Rules: size-exact, output-format, background.
"""

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from threading import Lock
from warnings import catch_warnings

from PIL import Image, UnidentifiedImageError

from contracts.oracle.headers import Header, read, rows
from contracts.oracle.problem import Problem
from contracts.size import Size
from contracts.spec import Spec

__all__ = [
    "Decoded",
    "Header",
    "decode",
    "is_plain",
    "look_at",
    "media_type_problems",
    "problems",
    "read",
]

FEW_COLOURS = 256
_SEEN: dict[bytes, tuple[Header | None, "Decoded | str"]] = {}
BROKEN_FILE = (
    OSError,
    SyntaxError,
    ValueError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What Pillow found when it decoded every pixel."""

    format: str
    size: Size
    least_alpha: int
    """0: some pixel is fully transparent; 255: none is transparent at all."""


class _Quiet:
    """Keeps Pillow's warnings (a corrupt EXIF, say) to itself, in any number of threads at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._silence = catch_warnings(action="ignore")

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._silence = catch_warnings(action="ignore")
                self._silence.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._silence.__exit__(None, None, None)


_QUIET = _Quiet()


def decode(data: bytes) -> Decoded | str:
    """The picture, decoded to the last pixel, or the reason why it cannot be.

    Pillow looks at every picture, but decodes none whose rows we found to be whole and plain.
    """
    header, most = read(data), Image.MAX_IMAGE_PIXELS
    if header is not None and most is not None and header.size.pixels > most:
        return f"{header.size} are more pixels than anybody asked for"
    found = rows(data)
    if found is not None and found.wrong is not None:
        return found.wrong
    try:
        with _QUIET, Image.open(BytesIO(data)) as picture:
            if found is not None and found.suffice:
                picture.verify()
                return Decoded(_format(picture), Size(*picture.size), 255)
            picture.load()
            return Decoded(_format(picture), Size(*picture.size), _least_alpha(picture))
    except BROKEN_FILE as error:
        return f"{type(error).__name__}: {error}"


def _format(picture: Image.Image) -> str:
    return (picture.format or "").lower()


def problems(
    data: bytes,
    *,
    size: Size | None = None,
    image_format: str | None = None,
    alpha: str | None = None,
) -> list[Problem]:
    """Why the bytes are no picture of this size and format, with alpha as asked.

    `alpha` is a word of the contract: required, forbidden or either. None: not asked.
    """
    header, decoded = look_at(data)
    if header is None:
        return [Problem("size-exact", f"no PNG, JPEG or WebP; it begins {data[:12]!r}")]
    if isinstance(decoded, str):
        return [Problem("size-exact", f"the {header.format} does not decode: {decoded}")]
    return [
        *_size_problems(header, decoded, size),
        *_format_problems(header, decoded, image_format),
        *_alpha_problems(header, decoded, alpha),
    ]


def look_at(data: bytes) -> tuple[Header | None, Decoded | str]:
    """Header, and pixels or why it does not decode; the same bytes are looked at once."""
    name = sha256(data).digest()
    if name not in _SEEN:
        _SEEN[name] = (read(data), decode(data))
    return _SEEN[name]


def is_plain(data: bytes) -> bool:
    """Whether a picture has so few colours that nothing is to be gained by compressing it."""
    try:
        with _QUIET, Image.open(BytesIO(data)) as picture:
            return picture.convert("RGB").getcolors(FEW_COLOURS) is not None
    except BROKEN_FILE:
        return True


def media_type_problems(spec: Spec, data: bytes, media_type: str) -> list[Problem]:
    """Why a content type does not belong to the picture that came with it. Rule: same-bytes."""
    header = read(data)
    wanted = spec.facts.output_format.media_types.get(header.format) if header else None
    if wanted is None or media_type == wanted:
        return []
    return [Problem("same-bytes", f"Content-Type is '{media_type}'; the bytes are {wanted}")]


def _least_alpha(picture: Image.Image) -> int:
    if not picture.has_transparency_data:
        return 255
    lowest, _ = picture.convert("RGBA").getchannel("A").getextrema()
    return int(lowest) if isinstance(lowest, int | float) else 255


def _size_problems(header: Header, decoded: Decoded, size: Size | None) -> list[Problem]:
    if header.size != decoded.size:
        text = f"the header says {header.size}, decoded it measures {decoded.size}"
        return [Problem("size-exact", text)]
    if size is not None and header.size != size:
        return [Problem("size-exact", f"the picture measures {header.size}; expected {size}")]
    return []


def _format_problems(header: Header, decoded: Decoded, wanted: str | None) -> list[Problem]:
    if wanted is None or header.format == decoded.format == wanted:
        return []
    return [Problem("output-format", f"the picture is a {header.format}; expected {wanted}")]


def _alpha_problems(header: Header, decoded: Decoded, alpha: str | None) -> list[Problem]:
    if alpha == "required" and not header.alpha:
        return [
            Problem("background", f"the {header.format} has no alpha channel; it must have one")
        ]
    if alpha == "required" and decoded.least_alpha > 0:
        text = f"no pixel is fully transparent; the least alpha is {decoded.least_alpha}"
        return [Problem("background", text)]
    if alpha == "forbidden" and header.alpha:
        return [Problem("background", f"the {header.format} has alpha; it must have none")]
    return []
