"""The bytes of a picture: drawing, encoding, editing by reference and mask."""

from mock_server.pictures.examine import Examined, ImageTooLarge, NotAPicture, examine
from mock_server.pictures.picture import Picture
from mock_server.pictures.scene import Reference, Scene
from mock_server.pictures.studio import Studio

__all__ = [
    "Examined",
    "ImageTooLarge",
    "NotAPicture",
    "Picture",
    "Reference",
    "Scene",
    "Studio",
    "examine",
]
