"""The command `contracts`, which is also `python -m contracts`.

It is two programs under one name: the suite, and `contracts sizes`, which needs nothing of pytest
and Hypothesis, and so begins half a second sooner.
"""

import gc
import sys

# What is imported stays, and so does most of what a run finds out: to look for garbage among it
# took a twentieth of the time of a whole verdict.
gc.disable()

if sys.argv[1:2] == ["sizes"]:
    from contracts.lattice import main
else:
    from contracts.cli import main

__all__ = ["main"]

gc.freeze()
gc.set_threshold(50_000, 50, 100)
gc.enable()

if __name__ == "__main__":
    sys.exit(main())
