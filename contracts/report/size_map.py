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

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from contracts.oracle import sizes
from contracts.size import Size
from contracts.spec import Spec

__all__ = ["Mark", "draw", "write"]

PLOT = 968  # pixels that the plot has at least; a candidate is a square of whole pixels
LEFT, TOP, RIGHT, BOTTOM = 112, 128, 470, 96
PAPER, INK, SOFT, RULE = "#ffffff", "#1c2430", "#5b6675", "#c9d0d9"
TIER_COLOURS = ("#8fd6bd", "#46a7d8", "#3551a3", "#231d5c")
REFUSED_COLOURS = {
    "ratio": "#e9dcd3",
    "few": "#efe8cf",
    "many": "#dde2ea",
    "several": "#d3cfcc",
    "edge": "#c6c2c8",
}
DOT, WEAVE = "dot", "weave"
RINGED = 120
"""More differences than that are an area, and need no rings to be seen."""
NAMED = 8
LISTED = 12
TICKS = 12


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


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a size lies on the picture."""

    step: int
    cells: int
    scale: int

    @property
    def side(self) -> int:
        """Pixels of the plot, either way."""
        return self.cells * self.scale

    def corner(self, size: Size) -> tuple[int, int]:
        """The upper left pixel of the size's square; height grows upwards."""
        x = LEFT + int(size.width / self.step * self.scale)
        y = TOP + self.side - self.scale - int(size.height / self.step * self.scale)
        return x, y

    def middle(self, size: Size) -> tuple[int, int]:
        """The middle of the size's square."""
        x, y = self.corner(size)
        return x + self.scale // 2, y + self.scale // 2


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
    placed = {size: _area(spec, size) for size in _squares(spec)}
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


def _squares(spec: Spec) -> list[Size]:
    """The candidates and the ring around them."""
    step, edge = spec.facts.size_grid.multiple, spec.facts.size_edge.long_edge_max
    sides = range(0, edge + 2 * step, step)
    return [Size(width, height) for width in sides for height in sides]


def _frame(spec: Spec) -> _Frame:
    step, edge = spec.facts.size_grid.multiple, spec.facts.size_edge.long_edge_max
    cells = edge // step + 2
    return _Frame(step, cells, max(1, PLOT // cells))


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
    frame: _Frame,
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


def _draw_axes(pen: ImageDraw.ImageDraw, spec: Spec, frame: _Frame) -> None:
    left, bottom, right = LEFT, TOP + frame.side, LEFT + frame.side
    pen.rectangle((left - 1, TOP - 1, right, bottom), outline=SOFT)
    for side in _ticks(spec):
        x, _ = frame.middle(Size(side, 0))
        _, y = frame.middle(Size(0, side))
        pen.line((x, bottom, x, bottom + 8), fill=SOFT)
        pen.line((left - 8, y, left, y), fill=SOFT)
        pen.text((x, bottom + 12), f"{side}", fill=INK, font=_font(18), anchor="mt")
        pen.text((left - 12, y), f"{side}", fill=INK, font=_font(18), anchor="rm")
    middle = LEFT + frame.side // 2
    pen.text((middle, bottom + 48), "width, pixels", fill=SOFT, font=_font(20), anchor="mt")
    _draw_upright(pen, "height, pixels", (12, TOP + frame.side // 2))


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


def _draw_upright(pen: ImageDraw.ImageDraw, text: str, at: tuple[int, int]) -> None:
    width, height = (int(each) for each in _font(20).getbbox(text)[2:])
    strip = Image.new("L", (width, height + 6), 0)
    ImageDraw.Draw(strip).text((0, 0), text, fill=255, font=_font(20))
    turned = strip.transpose(Image.Transpose.ROTATE_90)
    pen.bitmap((at[0], at[1] - width // 2), turned, fill=SOFT)


def _draw_names(
    pen: ImageDraw.ImageDraw,
    frame: _Frame,
    areas: Mapping[str, _Area],
    placed: Mapping[Size, str],
    marks: Mapping[Size, Mark],
) -> None:
    """Each area's name at the spot that is farthest from its border, and at the mirrored one."""
    tiers = {name for name in areas if name not in REFUSED_COLOURS}
    sent = {placed.get(size) for size in marks}
    for name, area in areas.items():
        spot, room = _widest_spot(frame, [size for size, each in placed.items() if each == name])
        if spot is None or name == "edge" or room * frame.scale < 20:  # noqa: PLR2004
            continue
        words = name if name in tiers else _broken_up(area.words)
        fill = (PAPER if name in sent else INK) if name in tiers else SOFT
        font = _font(34 if name in tiers else 18)
        for each in {spot, spot.turned}:
            at = frame.middle(each)
            pen.multiline_text(at, words, fill=fill, font=font, anchor="mm", align="center")


def _broken_up(words: str) -> str:
    return words.replace(" than ", " than\n").replace(" at ", "\nat ")


def _widest_spot(frame: _Frame, members: Iterable[Size]) -> tuple[Size | None, int]:
    """The square that survives the most rounds of peeling the area's border, and their number."""
    mask = Image.new("L", (frame.cells + 2, frame.cells + 2), 0)
    for size in members:
        if size.width >= size.height:
            mask.putpixel((size.width // frame.step + 1, size.height // frame.step + 1), 255)
    rounds, spot = 0, None
    while (box := mask.getbbox()) is not None:
        spot = Size((box[2] - 2) * frame.step, _row(mask, box) * frame.step)
        mask = mask.filter(ImageFilter.MinFilter(3))
        rounds += 1
    return spot, rounds


def _row(mask: Image.Image, box: tuple[int, int, int, int]) -> int:
    """The middle one of the rows that are set in the last column of the box."""
    column = box[2] - 1
    rows = [row for row in range(box[1], box[3]) if mask.getpixel((column, row))]
    return rows[len(rows) // 2] - 1


def _draw_typical(pen: ImageDraw.ImageDraw, spec: Spec, frame: _Frame) -> None:
    for tier in spec.facts.tier.tiers:
        for size in tier.typical:
            _draw_dot(pen, frame.middle(size))
            _draw_label(pen, frame, size, INK, 15)


def _draw_loud(picture: Image.Image, frame: _Frame, marks: Mapping[Size, Mark]) -> None:
    loud = [(size, mark) for size, mark in marks.items() if mark is not Mark.AGREES]
    pen = ImageDraw.Draw(picture)
    for size, mark in loud:
        x, y = frame.middle(size)
        reach = max(2, frame.scale // 2)
        pen.rectangle((x - reach, y - reach, x + reach, y + reach), fill=LOUD[mark])
    if len(loud) <= RINGED:
        for size, mark in loud:
            _draw_ring(picture, frame.middle(size), LOUD[mark])
    for size, mark in loud[:NAMED] if len(loud) <= RINGED else []:
        _draw_label(pen, frame, size, LOUD[mark], 22)


def _draw_ring(picture: Image.Image, at: tuple[int, int], colour: str) -> None:
    """Drawn four times too large and shrunk, for a smooth edge."""
    reach, fine = 18, 4
    patch = Image.new("RGBA", (2 * reach * fine, 2 * reach * fine), "#ffffff00")
    pen = ImageDraw.Draw(patch)
    end = 2 * reach * fine - 1
    pen.ellipse((0, 0, end, end), outline="#ffffff", width=7 * fine)
    pen.ellipse((fine, fine, end - fine, end - fine), outline=colour, width=5 * fine)
    patch = patch.resize((2 * reach, 2 * reach), Image.Resampling.LANCZOS)
    picture.paste(patch, (at[0] - reach, at[1] - reach), patch)


def _draw_dot(pen: ImageDraw.ImageDraw, at: tuple[int, int]) -> None:
    x, y = at
    pen.ellipse((x - 5, y - 5, x + 5, y + 5), fill=PAPER, outline=INK, width=2)


def _draw_label(
    pen: ImageDraw.ImageDraw, frame: _Frame, size: Size, colour: str, height: int
) -> None:
    """The size in words, beside its spot and inside the plot."""
    x, y = frame.middle(size)
    rightwards = x < LEFT + frame.side * 0.8
    pen.text(
        (x + height if rightwards else x - height, y),
        str(size),
        fill=colour,
        font=_font(height),
        anchor="lm" if rightwards else "rm",
        stroke_width=3,
        stroke_fill=PAPER,
    )


def _draw_title(pen: ImageDraw.ImageDraw, title: str, note: str) -> None:
    pen.text((LEFT, 30), title, fill=INK, font=_font(36))
    pen.text((LEFT, 82), note, fill=SOFT, font=_font(20))


def _draw_legend(
    pen: ImageDraw.ImageDraw,
    frame: _Frame,
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
    at = _draw_block(pen, at, "Must be made", [*made, (DOT, "typical sizes", "")])
    at = _draw_block(
        pen, at, "Must be refused", [*refused, (PAPER, "off the grid", f"{off_grid:,}")]
    )
    at = _draw_block(pen, at, "What came", _outcomes(placed, sent, marks))
    _draw_block(pen, at, "", _loud_ones(marks))


def _outcomes(
    placed: Mapping[Size, str], sent: Counter[str], marks: Mapping[Size, Mark]
) -> list[tuple[str, str, str]]:
    counts = Counter(marks.values())
    loud = [(LOUD[mark], mark.value, f"{counts[mark]:,}") for mark in LOUD]
    missing = len(placed) - sent.total()
    return [
        ("", "as the contract says", f"{counts[Mark.AGREES]:,}"),
        *loud,
        (WEAVE, "not sent", f"{missing:,}"),
    ]


def _loud_ones(marks: Mapping[Size, Mark]) -> list[tuple[str, str, str]]:
    """The first that differ, by name."""
    loud = [(LOUD[mark], str(size), mark.value) for size, mark in marks.items() if mark in LOUD]
    more = [("", f"and {len(loud) - LISTED:,} more", "")] if len(loud) > LISTED else []
    return loud[:LISTED] + more


def _counted(sent: int, planned: int) -> str:
    return f"{sent:,}" if sent == planned else f"{sent:,} of {planned:,}"


def _draw_block(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    heading: str,
    entries: Iterable[tuple[str, str, str]],
) -> tuple[int, int]:
    """A heading and its lines, each of colour, words and number; where the next block begins."""
    (x, y), end = at, at[0] + RIGHT - 72
    if heading:
        pen.text((x, y), heading, fill=INK, font=_font(24))
        pen.line((x, y + 36, end, y + 36), fill=RULE)
        y += 48
    for colour, words, number in entries:
        _draw_swatch(pen, (x, y + 2), colour)
        pen.text((x + 32, y + 12), words, fill=INK, font=_font(18), anchor="lm")
        pen.text((end, y + 12), number, fill=INK, font=_font(18), anchor="rm")
        y += 32
    return x, y + 20


def _draw_swatch(pen: ImageDraw.ImageDraw, at: tuple[int, int], colour: str) -> None:
    x, y = at
    if colour == DOT:
        _draw_dot(pen, (x + 10, y + 10))
    elif colour == WEAVE:
        squares = [(i, j) for i in range(5) for j in range(5) if (i + j) % 2 == 0]
        for i, j in squares:
            pen.rectangle((x + 4 * i, y + 4 * j, x + 4 * i + 3, y + 4 * j + 3), fill=RULE)
    elif colour:
        pen.rectangle((x, y, x + 20, y + 20), fill=colour, outline=RULE)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
