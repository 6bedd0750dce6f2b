"""The command `mock-server`, which is also `python -m mock_server`."""

import gc
import sys

# What is imported stays: to look for garbage among it took a tenth of the time of the start.
gc.disable()

from mock_server.certificates import left_unread  # noqa: E402

with left_unread():
    import aiohttp  # noqa: F401

from mock_server.cli import main  # noqa: E402

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
