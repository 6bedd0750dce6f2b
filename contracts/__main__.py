"""The command `contracts`, which is also `python -m contracts`."""

import gc
import sys

# What is imported stays, and so does most of what a run finds out: to look for garbage among it
# took a twentieth of the time of a whole verdict.
gc.disable()

from contracts.cli import main  # noqa: E402

__all__ = ["main"]

gc.freeze()
gc.set_threshold(50_000, 50, 100)
gc.enable()

if __name__ == "__main__":
    sys.exit(main())
