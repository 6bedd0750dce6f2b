"""Files that clients uploaded, kept under the names by which they are served."""

import re

from mock_server.mock import Mock
from mock_server.store.memory import Upload

__all__ = ["keep_upload"]

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][\w.+-]{0,60}/[A-Za-z0-9][\w.+-]{0,60}", re.ASCII)
_ANY_BYTES = "application/octet-stream"


def keep_upload(mock: Mock, name: str, data: bytes, content_type: str) -> None:
    """Serve these bytes under this name from now on, as what they were said to be (Rule: files)."""
    media_type = content_type.partition(";")[0].strip()
    served_as = media_type if _MEDIA_TYPE.fullmatch(media_type) else _ANY_BYTES
    mock.store.add_upload(name, Upload(data, served_as, mock.clock.now()))
