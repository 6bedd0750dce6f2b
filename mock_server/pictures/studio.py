"""The studio: draws pictures, and keeps what the next one can use.

Most pictures are pressed: a poster and a label, both made of ready pieces, in tens of
microseconds. All others - edits, previews, JPEG, WebP - are drawn and encoded whole, in tens to
hundreds of milliseconds.

Memory: posters, label frames and mounts lie on one shelf of `most_kept` bytes, whatever sizes are
asked for; besides, at most 2,048 words (about 4 MB), 4,096 characters and 48 pages of the font
(about 3 MB) are kept. What is drawn, is drawn by two threads of the studio's own, however many
ask: each thread that ever drew a picture keeps some of the memory that it took for it.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from PIL import _imaging

from mock_server.pictures.design import Design, design, pool
from mock_server.pictures.drawing import backdrop, cut_out, drawn
from mock_server.pictures.encoding import encoded
from mock_server.pictures.frame import Frame
from mock_server.pictures.label import Layout, label, layout
from mock_server.pictures.picture import Picture, Piece, picture_of
from mock_server.pictures.png import END, chunk
from mock_server.pictures.poster import Mount, Poster, mount, poster
from mock_server.pictures.scene import Scene
from mock_server.pictures.shelf import Shelf

__all__ = ["Studio"]

_MOST_KEPT = 32 * 1024 * 1024


class Studio:
    """Draws scenes as encoded pictures; safe to use from several threads."""

    def __init__(self, *, most_kept: int = _MOST_KEPT) -> None:
        self._shelf: Shelf[Poster | Frame | Mount] = Shelf(most_kept)
        self._building = Lock()
        self._draughtsmen = ThreadPoolExecutor(2, thread_name_prefix="picture")

    @property
    def kept(self) -> int:
        """How many bytes of posters, frames and mounts are kept."""
        return self._shelf.weight

    def draw(self, scene: Scene) -> Picture:
        """The picture of a scene: real, exactly of its size, the same bytes for equal scenes.

        Raises `NotAPicture` when a reference or the mask cannot be decoded.
        """
        setting = layout(scene.width, scene.height)
        if _is_pressed(scene, setting):
            return self._pressed(scene, setting)
        piece = self._draughtsmen.submit(_whole, scene).result()
        return picture_of(scene.output_format, [piece])

    def is_quick(self, scene: Scene) -> bool:
        """True when `draw` would take well under a millisecond now; else run it in a thread."""
        setting = layout(scene.width, scene.height)
        if not _is_pressed(scene, setting):
            return False
        channels = _channels(scene)
        return (
            _frame_key(setting, channels) in self._shelf
            and _poster_key(design(scene), setting, channels, scene.weight) in self._shelf
        )

    def warm(self, width: int, height: int) -> None:
        """Builds what the first use of a size costs: the frame of its labels and all its posters.

        Prompts that name colours of their own still cost a poster each, at their first use.
        """
        setting = layout(width, height)
        if setting.most:
            self._frame(setting, _RGB)
            for plan in pool():
                self._poster(plan, setting, _RGB, "light")

    def _pressed(self, scene: Scene, setting: Layout) -> Picture:
        """A poster and a label: nothing is drawn or compressed that was before."""
        words = label(scene, setting)
        channels = _channels(scene)
        above = self._poster(design(scene), setting, channels, scene.weight).above
        pieces, upper = above[len(words.lines)]
        blocks, lower = self._frame(setting, channels).printed(words)
        last = chunk(b"IDAT", *blocks, bytes(upper.then(lower)), behind=END)
        return picture_of("png", (*pieces, Piece.of(last)))

    def _frame(self, setting: Layout, channels: int) -> Frame:
        key = _frame_key(setting, channels)
        found = self._shelf.get(key)
        if not isinstance(found, Frame):
            found = Frame(setting, channels)
            found.warm()
            self._shelf.put(key, found)
        return found

    def _poster(self, plan: Design, setting: Layout, channels: int, weight: str) -> Poster:
        key = _poster_key(plan, setting, channels, weight)
        found = self._shelf.get(key)
        if isinstance(found, Poster):
            return found
        with self._building:
            found = self._shelf.get(key)
            if not isinstance(found, Poster):
                build = self._draughtsmen.submit(self._built, plan, setting, channels, weight)
                found = build.result()
                self._shelf.put(key, found)
            return found

    def _built(self, plan: Design, setting: Layout, channels: int, weight: str) -> Poster:
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


def _whole(scene: Scene) -> Piece:
    return Piece.of(encoded(drawn(scene), scene.output_format, scene.compression))


def _is_pressed(scene: Scene, setting: Layout) -> bool:
    """Text to a finished PNG, of a size that has room for a label."""
    plain = not scene.references and scene.partial is None
    return plain and scene.output_format == "png" and setting.most > 0


def _channels(scene: Scene) -> int:
    return _RGBA if cut_out(scene) else _RGB


def _frame_key(setting: Layout, channels: int) -> tuple[str, int, int, int]:
    return "frame", setting.width, setting.height, channels


def _poster_key(
    plan: Design, setting: Layout, channels: int, weight: str
) -> tuple[str, str, int, int, int]:
    return weight, plan.key, setting.width, setting.height, channels
