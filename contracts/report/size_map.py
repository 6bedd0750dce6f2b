"""The size map: every width and height as a picture, coloured by what the contract says of it.

Agreement is calm colour; a single difference among tens of thousands of sizes is ringed so that
nobody misses it. What was not sent is shown as such. Rules: size-grid, size-edge, size-ratio,
size-pixels, size-exact, tier.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFilter

from contracts.oracle import sizes
from contracts.report.canvas import (
    BOTTOM,
    DOT,
    INK,
    LEFT,
    PAPER,
    RIGHT,
    SOFT,
    TOP,
    WEAVE,
    Entry,
    Frame,
    draw_block,
    draw_dot,
    draw_label,
    draw_ring,
    draw_upright,
    font,
)
from contracts.size import Size
from contracts.spec import Spec

__all__ = ["Mark", "draw", "write"]

PLOT = 968  # pixels that the plot has at least; a candidate is a square of whole pixels
TIER_COLOURS = ("#8fd6bd", "#46a7d8", "#3551a3", "#231d5c")
REFUSED_COLOURS = {
    "ratio": "#e9dcd3",
    "few": "#efe8cf",
    "many": "#dde2ea",
    "several": "#d3cfcc",
    "edge": "#c6c2c8",
}
RINGED = 120
"""More differences than that are areas; only those that stand alone need a ring to be seen."""
NEAR = 3
NAMED = 8
LISTED = 8
TICKS = 12
TITLE_LIMIT = 75


class Mark(StrEnum):
    """What became of a size that was sent."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NO_ANSWER = "no answer"
    NOT_JUDGED = "not judged"


LOUD = {Mark.DIFFERS: "#ff0090", Mark.NO_ANSWER: "#ff7a00", Mark.NOT_JUDGED: "#8a2be2"}


@dataclass(frozen=True, slots=True)
class _Area:
    """The sizes that the contract treats alike."""

    name: str
    words: str
    colour: str


def write(
    path: Path, spec: Spec, marks: Mapping[Size, Mark], *, title: str, note: str = ""
) -> None:
    """Draws the map into a PNG file."""
    draw(spec, marks, title=title, note=note).save(path, "PNG", optimize=True)


def draw(spec: Spec, marks: Mapping[Size, Mark], *, title: str, note: str = "") -> Image.Image:
    """The map of what became of each size; a size without a mark was not sent.

    `title` says what was aimed at, `note` stands below it. Sizes off the grid are drawn where they
    differ, and counted in the legend.
    """
    areas = _areas(spec)
    placed = _placed(spec)
    frame = _frame(spec)
    picture = Image.new("RGB", (LEFT + frame.side + RIGHT, TOP + frame.side + BOTTOM), PAPER)
    picture.paste(_plot(frame, areas, placed, marks), (LEFT, TOP))
    pen = ImageDraw.Draw(picture)
    _draw_axes(pen, spec, frame)
    _draw_names(pen, frame, areas, placed, marks)
    _draw_typical(pen, spec, frame)
    _draw_loud(picture, frame, marks)
    _draw_title(pen, title, note)
    _draw_legend(pen, frame, areas, placed, marks)
    return picture


@lru_cache(maxsize=4)
def _placed(spec: Spec) -> Mapping[Size, str]:
    """The area of each candidate, and of the ring around them."""
    step, edge = spec.facts.size_grid.multiple, spec.facts.size_edge.long_edge_max
    sides = range(0, edge + 2 * step, step)
    squares = (Size(width, height) for width in sides for height in sides)
    return {size: _area(spec, size) for size in squares}


def _frame(spec: Spec) -> Frame:
    step, edge = spec.facts.size_grid.multiple, spec.facts.size_edge.long_edge_max
    cells = edge // step + 2
    return Frame(step, cells, max(1, PLOT // cells))


def _areas(spec: Spec) -> Mapping[str, _Area]:
    facts = spec.facts
    ratio, pixels = facts.size_ratio.long_to_short_max, facts.size_pixels
    steepest = f"{ratio.numerator}:{ratio.denominator}"
    areas = [
        _Area(tier.name, _tier_words(tier.long_edge_max), TIER_COLOURS[at % len(TIER_COLOURS)])
        for at, tier in enumerate(facts.tier.tiers)
    ]
    words = {
        "ratio": f"more than {steepest}",
        "few": f"fewer than {pixels.pixels_min:,} pixels",
        "many": f"more than {pixels.pixels_max:,} pixels",
        "several": "several rules at once",
        "edge": f"long edge above {facts.size_edge.long_edge_max:,}",
    }
    areas += [_Area(name, words[name], colour) for name, colour in REFUSED_COLOURS.items()]
    return {area.name: area for area in areas}


def _tier_words(edge: int | None) -> str:
    return "longer" if edge is None else f"long edge up to {edge:,}"


def _area(spec: Spec, size: Size) -> str:
    verdict = sizes.verdict(spec, str(size))
    if verdict.tier is not None:
        return verdict.tier
    if "size-edge" in verdict.broken and size.short_edge:
        return "edge"
    broken = verdict.broken - {"size-edge", "size-grid"}
    if broken == {"size-ratio"}:
        return "ratio"
    if broken == {"size-pixels"}:
        return "few" if size.pixels < spec.facts.size_pixels.pixels_min else "many"
    return "several"


def _plot(
    frame: Frame,
    areas: Mapping[str, _Area],
    placed: Mapping[Size, str],
    marks: Mapping[Size, Mark],
) -> Image.Image:
    """A pixel for each candidate, then enlarged: sharp squares at little cost."""
    small = Image.new("RGB", (frame.cells, frame.cells), PAPER)
    colours = {name: ImageColor.getrgb(area.colour)[:3] for name, area in areas.items()}
    for size, name in placed.items():
        column, row = size.width // frame.step, frame.cells - 1 - size.height // frame.step
        mark = marks.get(size)
        colour = colours[name] if mark else _faint(colours[name], (column + row) % 2 == 0)
        small.putpixel((column, row), colour)
    return small.resize((frame.side, frame.side), Image.Resampling.NEAREST)


def _faint(colour: tuple[int, ...], even: bool) -> tuple[int, ...]:  # noqa: FBT001
    """Not sent: a weak weave of the colour and the paper."""
    share = 0.45 if even else 0.12
    return tuple(round(255 - (255 - part) * share) for part in colour)


def _draw_axes(pen: ImageDraw.ImageDraw, spec: Spec, frame: Frame) -> None:
    left, bottom, right = LEFT, TOP + frame.side, LEFT + frame.side
    pen.rectangle((left - 1, TOP - 1, right, bottom), outline=SOFT)
    for side in _ticks(spec):
        x, _ = frame.middle(Size(side, 0))
        _, y = frame.middle(Size(0, side))
        pen.line((x, bottom, x, bottom + 8), fill=SOFT)
        pen.line((left - 8, y, left, y), fill=SOFT)
        pen.text((x, bottom + 12), f"{side}", fill=INK, font=font(18), anchor="mt")
        pen.text((left - 12, y), f"{side}", fill=INK, font=font(18), anchor="rm")
    middle = LEFT + frame.side // 2
    pen.text((middle, bottom + 48), "width, pixels", fill=SOFT, font=font(20), anchor="mt")
    draw_upright(pen, "height, pixels", (12, TOP + frame.side // 2))


def _ticks(spec: Spec) -> list[int]:
    """The longest edge, the tiers' edges and some round values; none too close to another."""
    edge = spec.facts.size_edge.long_edge_max
    ends = [tier.long_edge_max for tier in spec.facts.tier.tiers if tier.long_edge_max]
    unit = 1 << (edge // 8).bit_length()
    chosen: list[int] = []
    for side in (0, edge, *ends, *range(0, edge, unit)):
        if all(abs(side - other) > edge / TICKS for other in chosen) and side <= edge:
            chosen.append(side)
    return sorted(chosen)


def _draw_names(
    pen: ImageDraw.ImageDraw,
    frame: Frame,
    areas: Mapping[str, _Area],
    placed: Mapping[Size, str],
    marks: Mapping[Size, Mark],
) -> None:
    """Each area's name at the spot that is farthest from its border, and at the mirrored one."""
    tiers = {name for name in areas if name not in REFUSED_COLOURS}
    sent = {placed.get(size) for size in marks}
    for name, area in areas.items():
        spot, room = _widest_spot(frame, [size for size, each in placed.items() if each == name])
        if spot is None or name == "edge" or room * frame.scale < 20:
            continue
        words = name if name in tiers else _broken_up(area.words)
        fill = (PAPER if name in sent else INK) if name in tiers else SOFT
        letters = font(34 if name in tiers else 18)
        for each in {spot, spot.turned}:
            at = frame.middle(each)
            pen.multiline_text(at, words, fill=fill, font=letters, anchor="mm", align="center")


def _broken_up(words: str) -> str:
    return words.replace(" than ", " than\n").replace(" at ", "\nat ")


def _widest_spot(frame: Frame, members: Iterable[Size]) -> tuple[Size | None, int]:
    """The square that survives the most rounds of peeling the area's border, and their number."""
    mask = Image.new("L", (frame.cells + 2, frame.cells + 2), 0)
    for size in members:
        if size.width >= size.height:
            mask.putpixel((size.width // frame.step + 1, size.height // frame.step + 1), 255)
    rounds, spot = 0, None
    while (box := mask.getbbox()) is not None:
        spot, rounds = _middle_one(mask, box), rounds + 1
        mask = mask.filter(ImageFilter.MinFilter(3))
    if spot is None:
        return None, 0
    return Size((spot[0] - 1) * frame.step, (spot[1] - 1) * frame.step), rounds


def _middle_one(mask: Image.Image, box: tuple[int, int, int, int]) -> tuple[int, int]:
    """The middle one of the pixels that are set in the middle column of the box."""
    column = (box[0] + box[2] - 1) // 2
    rows = [row for row in range(box[1], box[3]) if mask.getpixel((column, row))]
    return column, rows[len(rows) // 2] if rows else box[1]


def _draw_typical(pen: ImageDraw.ImageDraw, spec: Spec, frame: Frame) -> None:
    for tier in spec.facts.tier.tiers:
        for size in tier.typical:
            draw_dot(pen, frame.middle(size))
            draw_label(pen, frame, size, INK, 15)


def _draw_loud(picture: Image.Image, frame: Frame, marks: Mapping[Size, Mark]) -> None:
    loud = {size: mark for size, mark in marks.items() if mark in LOUD}
    pen = ImageDraw.Draw(picture)
    for size, mark in loud.items():
        x, y = frame.middle(size)
        reach = max(2, frame.scale // 2)
        pen.rectangle((x - reach, y - reach, x + reach, y + reach), fill=LOUD[mark])
    alone = [size for size in loud if len(loud) <= RINGED or _is_alone(frame, size, loud)]
    for size in alone[:RINGED]:
        draw_ring(picture, frame.middle(size), LOUD[loud[size]])
    for size in alone[:NAMED]:
        draw_label(pen, frame, size, LOUD[loud[size]], 22)


def _is_alone(frame: Frame, size: Size, loud: Mapping[Size, Mark]) -> bool:
    """Whether nothing near it differs as well, so that it could be overlooked."""
    offsets = [step * frame.step for step in range(-NEAR, NEAR + 1)]
    near = (Size(size.width + dx, size.height + dy) for dx in offsets for dy in offsets)
    return not any(other in loud for other in near if other != size)


def _draw_title(pen: ImageDraw.ImageDraw, title: str, note: str) -> None:
    short = title if len(title) <= TITLE_LIMIT else f"{title[: TITLE_LIMIT - 1]}…"
    pen.text((LEFT, 30), short, fill=INK, font=font(36))
    pen.text((LEFT, 82), note, fill=SOFT, font=font(20))


def _draw_legend(
    pen: ImageDraw.ImageDraw,
    frame: Frame,
    areas: Mapping[str, _Area],
    placed: Mapping[Size, str],
    marks: Mapping[Size, Mark],
) -> None:
    planned = Counter(placed.values())
    sent = Counter(placed[each] for each in marks if each in placed)
    entries = {
        name: (area.colour, area.words, _counted(sent[name], planned[name]))
        for name, area in areas.items()
    }
    off_grid = sum(each not in placed for each in marks)
    refused = [entries[name] for name in areas if name in REFUSED_COLOURS]
    made = [(c, f"{n}: {w}", k) for n, (c, w, k) in entries.items() if n not in REFUSED_COLOURS]
    at = (LEFT + frame.side + 36, TOP)
    at = draw_block(pen, at, "Must be made", [*made, (DOT, "typical sizes", "")])
    at = draw_block(
        pen, at, "Must be refused", [*refused, (PAPER, "off the grid", f"{off_grid:,}")]
    )
    at = draw_block(pen, at, "What came", _outcomes(placed, sent, marks))
    draw_block(pen, at, "", _loud_ones(marks))


def _outcomes(
    placed: Mapping[Size, str], sent: Counter[str], marks: Mapping[Size, Mark]
) -> list[Entry]:
    counts = Counter(marks.values())
    loud = [(LOUD[mark], mark.value, f"{counts[mark]:,}") for mark in LOUD]
    missing = len(placed) - sent.total()
    return [
        ("", "as the contract says", f"{counts[Mark.AGREES]:,}"),
        *loud,
        (WEAVE, "not sent", f"{missing:,}"),
    ]


def _loud_ones(marks: Mapping[Size, Mark]) -> list[Entry]:
    """The first that differ, by name."""
    loud = [(LOUD[mark], str(size), mark.value) for size, mark in marks.items() if mark in LOUD]
    more = [("", f"and {len(loud) - LISTED:,} more", "")] if len(loud) > LISTED else []
    return loud[:LISTED] + more


def _counted(sent: int, planned: int) -> str:
    return f"{sent:,}" if sent == planned else f"{sent:,} of {planned:,}"
