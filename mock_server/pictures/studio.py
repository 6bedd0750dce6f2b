"""The studio: draws pictures, and keeps what the next one can use.

Most pictures are pressed: a poster and a label, both made of ready pieces, in tens of
microseconds; or, at any size that was never seen, a sketch and a label, in 0.1 to 0.2 ms. All
others - edits, previews, JPEG, WebP - are drawn and encoded whole, in tens to hundreds of
milliseconds; the latest of them are kept, because their URLs are fetched soon.

Memory: posters and mounts lie on one shelf of `most_kept` bytes, whatever sizes are asked for, and
pictures that were drawn whole on another of half as many; besides, at most 32 sketches (about
2 MB), 1,024 vignettes (3 MB), 64 plates, their engravings, steps and codes (3 MB), 32 label frames
(14 MB), the words of 8 scales (20 MB), 4,096 characters and 48 pages of the font (3 MB) are kept.
What is drawn, is drawn by two threads of the studio's own, however many ask: each thread that ever
drew a picture keeps some of the memory that it took for it.
"""

from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from PIL import _imaging

from mock_server.pictures.adler import Sum
from mock_server.pictures.design import Design, design, pool
from mock_server.pictures.drawing import backdrop, cut_out, drawn
from mock_server.pictures.encoding import encoded
from mock_server.pictures.frame import frame
from mock_server.pictures.label import Caption, Label, Layout, layout
from mock_server.pictures.picture import Picture, Piece, picture_of
from mock_server.pictures.png import END, ZLIB_HEADER, beginning, chunk
from mock_server.pictures.poster import Mount, Poster, mount, poster
from mock_server.pictures.scene import Scene
from mock_server.pictures.shelf import Shelf
from mock_server.pictures.sketch import CLOSING, Sketch, composed_size, sketched

__all__ = ["Studio"]

_MOST_KEPT = 32 * 1024 * 1024

# Manners take some 10 us to build, and 2 KB to keep.
_MANNERS_KEPT = 256

_BEHIND_PROMPT = Scene._fields.index("prompt") + 1

# A sketch takes so little to make again that a few are enough; up to 80 KB each.
_SKETCHES_KEPT = 32


class _Finished(NamedTuple):
    """A picture that was drawn whole, and about how many bytes it holds with what it is made of."""

    picture: Picture
    weight: int


class _Ground(NamedTuple):
    """What posters have in common that differ in their designs alone."""

    weight: str
    setting: Layout
    channels: int


class _Manner(NamedTuple):
    """What the pictures have in common that differ in their prompts and sizes alone.

    They are text to a finished PNG of a size that has room for a label.
    """

    weight: str
    channels: int
    is_sketch: bool
    caption: Caption

    def ground(self, setting: Layout) -> _Ground:
        """What its posters of a size have in common."""
        return _Ground(self.weight, setting, self.channels)

    def poster_key(self, plan: Design, setting: Layout) -> Hashable:
        """What its poster of that design and size is kept by."""
        return _poster_key(plan, self.weight, setting, self.channels)


class Studio:
    """Draws scenes as encoded pictures; safe to use from several threads."""

    def __init__(self, *, most_kept: int = _MOST_KEPT) -> None:
        self._manners: dict[tuple[object, ...], _Manner] = {}
        self._shelf: Shelf[Poster | Mount] = Shelf(most_kept)
        self._finished: Shelf[_Finished] = Shelf(most_kept // 2)
        self._building = Lock()
        self._draughtsmen = ThreadPoolExecutor(2, thread_name_prefix="picture")

    @property
    def kept(self) -> int:
        """How many bytes of posters, mounts and finished pictures are kept."""
        return self._shelf.weight + self._finished.weight

    def close(self) -> None:
        """End the threads; whoever waits for a picture still gets it."""
        self._draughtsmen.shutdown()

    def draw(self, scene: Scene) -> Picture:
        """The picture of a scene: real, exactly of its size, the same bytes for equal scenes.

        Raises `NotAPicture` when a reference or the mask cannot be decoded.
        """
        setting = layout(scene.width, scene.height)
        manner = self._manner(scene, setting)
        if manner is not None:
            if manner.is_sketch:
                return _sketched(scene, setting, manner)
            ground = manner.ground(setting)
            return _pressed(scene, setting, manner, self._poster(design(scene), ground))
        finished = self._finished.get(scene)
        if finished is None:
            finished = self._draughtsmen.submit(_whole, scene).result()
            self._finished.put(scene, finished)
        return finished.picture

    def draw_now(self, scene: Scene) -> Picture | None:
        """The picture where it takes well under a millisecond; None: `draw` it in a thread."""
        setting = layout(scene.width, scene.height)
        manner = self._manner(scene, setting)
        if manner is None:
            finished = self._finished.get(scene)
            return None if finished is None else finished.picture
        if manner.is_sketch:
            return _sketched(scene, setting, manner)
        found = self._shelf.get(manner.poster_key(design(scene), setting))
        return _pressed(scene, setting, manner, found) if isinstance(found, Poster) else None

    def missing(self, scene: Scene) -> Hashable | None:
        """Names what `prepare` has to make before `draw_now` has the picture; None: nothing would.

        Pictures with the same name lack the same.
        """
        setting = layout(scene.width, scene.height)
        manner = self._manner(scene, setting)
        if manner is None or manner.is_sketch:
            return None
        return manner.poster_key(design(scene), setting)

    def prepare(self, scene: Scene) -> None:
        """Make what is missing; takes tens of milliseconds."""
        setting = layout(scene.width, scene.height)
        manner = self._manner(scene, setting)
        if manner is not None and not manner.is_sketch:
            self._poster(design(scene), manner.ground(setting))

    def is_quick(self, scene: Scene) -> bool:
        """True when `draw_now` has a picture; it is not drawn for that."""
        setting = layout(scene.width, scene.height)
        manner = self._manner(scene, setting)
        if manner is None:
            return scene in self._finished
        if manner.is_sketch:
            return True
        return manner.poster_key(design(scene), setting) in self._shelf

    def _manner(self, scene: Scene, setting: Layout) -> _Manner | None:
        """How a picture is pressed; None for one that is drawn whole."""
        if scene.references or scene.partial is not None or scene.output_format != "png":
            return None
        if not setting.most:
            return None
        key = scene[_BEHIND_PROMPT:]
        found = self._manners.get(key)
        if found is None:
            if len(self._manners) >= _MANNERS_KEPT:
                self._manners.clear()
            channels = _RGBA if cut_out(scene) else _RGB
            found = _Manner(scene.weight, channels, scene.is_sketch, Caption(scene))
            self._manners[key] = found
        return found

    def warm(self, width: int, height: int) -> None:
        """Builds what the first use of a size costs: all its posters.

        Prompts that name colours of their own still cost a poster each, at their first use.
        """
        setting = layout(width, height)
        if setting.most:
            for plan in pool():
                self._poster(plan, _Ground("light", setting, _RGB))

    def _poster(self, plan: Design, ground: _Ground) -> Poster:
        weight, setting, channels = ground
        key = _poster_key(plan, weight, setting, channels)
        found = self._shelf.get(key)
        if isinstance(found, Poster):
            return found
        with self._building:
            found = self._shelf.get(key)
            if not isinstance(found, Poster):
                build = self._draughtsmen.submit(self._built, plan, ground)
                found = build.result()
                self._shelf.put(key, found)
            return found

    def _built(self, plan: Design, ground: _Ground) -> Poster:
        weight, setting, channels = ground
        around = self._mount(setting, channels) if weight == "real" else None
        taken = around.height if around else 0
        image = backdrop(plan, setting, cut_out=channels != _RGB, taken=taken)
        return poster(image, setting, around)

    def _mount(self, setting: Layout, channels: int) -> Mount:
        key = ("mount", setting.width, setting.height, channels)
        found = self._shelf.get(key)
        if not isinstance(found, Mount):
            found = mount(setting, channels)
            self._shelf.put(key, found)
        return found


_RGB, _RGBA = 3, 4

# Pillow's pixels in blocks so small that they go back to the system when a picture is done.
# (What the environment variable PILLOW_BLOCK_SIZE sets; it holds for the whole process.)
_imaging.set_block_size(1 << 20)


def _whole(scene: Scene) -> _Finished:
    piece = Piece.of(encoded(drawn(scene), scene.output_format, scene.compression))
    sources = (*(reference.data for reference in scene.references), scene.mask)
    weight = len(piece.data) + len(piece.base64) + sum(len(data) for data in sources if data)
    return _Finished(picture_of(scene.output_format, [piece]), weight)


def _pressed(scene: Scene, setting: Layout, manner: _Manner, above: Poster) -> Picture:
    """A poster and a label: nothing is drawn or compressed that was before."""
    words = manner.caption.label(scene, setting)
    pieces, upper = above.above[len(words.prompt) + len(words.details)]
    return picture_of("png", (*pieces, _printed(setting, manner, words, upper)))


def _sketched(scene: Scene, setting: Layout, manner: _Manner) -> Picture:
    """A sketch and a label: nothing is needed that was made before, at any size."""
    width, height, channels = scene.width, scene.height, manner.channels
    words = manner.caption.label(scene, setting)
    bottom = height - setting.band(len(words.prompt) + len(words.details))
    composed = composed_size(width, bottom)
    piece, sketch = _sketch(design(scene), composed, width, channels)
    missing = bottom - composed[1]
    upper = sketch.total.then(sketch.row.times(missing))
    ahead = sketch.code + sketch.more * missing + CLOSING
    head = Piece.of(beginning(width, height, channels))
    return picture_of("png", (head, piece, _printed(setting, manner, words, upper, ahead)))


def _printed(
    setting: Layout, manner: _Manner, words: Label, upper: Sum, ahead: bytes = b""
) -> Piece:
    """The end of a file: its label below a scenery of this sum, of which `ahead` is the end."""
    ending = frame(setting, manner.channels).printed(words, upper, ahead)
    return Piece.of(chunk(b"IDAT", ending, behind=END))


@lru_cache(maxsize=_SKETCHES_KEPT)
def _sketch(
    plan: Design, composed: tuple[int, int], width: int, channels: int
) -> tuple[Piece, Sketch]:
    """The first chunk of a sketch's pixels, 3 n bytes long, and the sketch with what is left."""
    found = sketched(plan, composed, width, channels=channels)
    data = ZLIB_HEADER + found.code
    cut = len(data) // 3 * 3
    return Piece.of(chunk(b"IDAT", data[:cut])), found._replace(code=data[cut:])


_PosterKey = tuple[str, str, int, int, int]


def _poster_key(plan: Design, weight: str, setting: Layout, channels: int) -> _PosterKey:
    return weight, plan.key, setting.width, setting.height, channels
