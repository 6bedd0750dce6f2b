"""The studio: draws pictures, and keeps what the next one can use."""

from mock_server.pictures.drawing import drawn
from mock_server.pictures.encoding import encoded
from mock_server.pictures.picture import Picture, Piece, picture_of
from mock_server.pictures.scene import Scene

__all__ = ["Studio"]


class Studio:
    """Draws scenes as encoded pictures; safe to use from several threads."""

    def draw(self, scene: Scene) -> Picture:
        """The picture of a scene: real, exactly of its size, the same bytes for equal scenes."""
        data = encoded(drawn(scene), scene.output_format, scene.compression)
        return picture_of(scene.output_format, [Piece.of(data)])

    def is_quick(self, scene: Scene) -> bool:
        """True when `draw` would take well under a millisecond now; else run it in a thread."""
        return False

    def warm(self, width: int, height: int) -> None:
        """Builds what the first use of a size costs."""
