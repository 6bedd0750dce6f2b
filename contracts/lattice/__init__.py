"""Every size there is, over the wire: `contracts sizes`.

The whole lattice (each candidate of the grid, legal or not) and every neighbour of a bound are
asked for; the answers are judged one by one, the bill as a whole, and the size map is drawn.
"""

from contracts.lattice.command import main

__all__ = ["main"]
