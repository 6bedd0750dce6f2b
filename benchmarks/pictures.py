"""What a picture costs, by itself: `python -m benchmarks.pictures`.

Each figure is the best of many short runs, so that a busy machine disturbs it least: the time to
draw one picture and have its base64 in pieces. `same` is one prompt with another seed each time,
`new` a prompt never seen before, `first` the first picture of its size and design. Of the sketches
that the cheapest quality gets, `sizes in order` are sizes never seen before, one after the other,
and `sizes at random` the same, thrown about: nothing of one serves the next.
"""

import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, cycle, product
from random import Random

from mock_server.pictures import Scene, Studio

PROMPT = "a white sneaker on a beige background, studio light"
SIZES = (("1K", 1024, 1024), ("2K", 2048, 2048), ("4K", 3840, 2160))
SEEN = Scene(1024, 1024, PROMPT, "1K", "medium", "0.025", index=0, count=1, seed=0)


def best(work: Callable[[], object], *, seconds: float = 1.5, at_once: int = 5) -> float:
    """The least time of one call, in microseconds."""
    least = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(at_once):
            work()
        least = min(least, (time.perf_counter() - start) / at_once)
    return least * 1e6


def scenes(base: Scene, *, new: bool) -> Iterator[Scene]:
    """Scenes without end, each another: with a prompt of its own, or only a seed."""
    for number in count():
        yield base._replace(prompt=f"{PROMPT} {number}" if new else PROMPT, seed=number)


def drawing(studio: Studio, stream: Iterator[Scene]) -> Callable[[], object]:
    """A call that draws the next scene and has its base64."""
    return lambda: studio.draw(next(stream)).base64_parts()


def unseen(base: Scene, *, at_random: bool) -> Iterator[Scene]:
    """Scenes that each have another size, some 5,000 of them, and then all over again."""
    sides = range(1024, 2160, 16)
    sizes = list(product(sides, sides))
    if at_random:
        Random(0).shuffle(sizes)  # noqa: S311 - no secret
    for width, height in cycle(sizes):
        yield base._replace(width=width, height=height)


def sketch_row(name: str, base: Scene, *, at_random: bool) -> str:
    """The figure of sketches in sizes never seen before, as a line of the table."""
    studio = Studio()
    stream = unseen(base, at_random=at_random)
    length = sum(studio.draw(next(stream)).length for _ in range(500)) // 500
    first = best(drawing(studio, stream), at_once=20)
    return f"{name:24s}{length:12,d}{'':24s}{first:12,.0f}"


def row(name: str, base: Scene) -> str:
    """The figures of one kind of picture, as a line of the table."""
    studio = Studio()
    start = time.perf_counter()
    length = studio.draw(base).length
    first = (time.perf_counter() - start) * 1e6
    for number in range(64):
        studio.draw(base._replace(seed=number))
    same = best(drawing(studio, scenes(base, new=False)))
    new = best(drawing(studio, scenes(base, new=True)))
    return f"{name:24s}{length:12,d}{same:12,.0f}{new:12,.0f}{first:12,.0f}"


def main() -> None:
    """Prints the table."""
    write = sys.stdout.write
    write(f"{'':24s}{'bytes':>12s}{'same us':>12s}{'new us':>12s}{'first us':>12s}\n")
    for tier, width, height in SIZES:
        base = SEEN._replace(width=width, height=height, tier=tier)
        write(row(f"{tier} light", base) + "\n")
        write(row(f"{tier} sketch", base._replace(rough=True)) + "\n")
        write(row(f"{tier} transparent", base._replace(background="transparent")) + "\n")
        write(row(f"{tier} real weight", base._replace(weight="real")) + "\n")
        for kind in ("jpeg", "webp"):
            write(row(f"{tier} {kind}", base._replace(output_format=kind, compression=80)) + "\n")
    sketch = SEEN._replace(rough=True)
    write(sketch_row("sketch, sizes in order", sketch, at_random=False) + "\n")
    write(sketch_row("sketch, sizes at random", sketch, at_random=True) + "\n")


if __name__ == "__main__":
    main()
