"""Requests and sizes aimed at the bounds of the contract; all bounds come from the file.

Lists where every member matters, Hypothesis strategies where any member may. Each faulty thing has
exactly one fault, so that its verdict is without doubt.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from hypothesis import strategies as st

from contracts.decode import Json
from contracts.fields import Field
from contracts.oracle.ratios import ratio_of
from contracts.oracle.sizes import legal_sizes as legal_by_tier
from contracts.oracle.sizes import tier_of, verdict
from contracts.pairs import pairwise
from contracts.size import Size
from contracts.spec import Spec

__all__ = [
    "Faulty",
    "aspect_ratios",
    "bad_aspect_ratios",
    "bad_resolutions",
    "bad_sizes",
    "boundary_sizes",
    "cheapest_size",
    "faulty_fields",
    "image_requests",
    "legal_sizes",
    "malformed_sizes",
    "mixed_fields",
    "near_misses",
    "resolutions",
    "tier_edges",
    "valid_values",
    "wrong_types",
]

ARABIC_INDIC = {ord("0") + digit: 0x0660 + digit for digit in range(10)}
SIZE_RULES = ("size-grid", "size-edge", "size-ratio", "size-pixels")


@dataclass(frozen=True, slots=True)
class Faulty:
    """Fields that break one rule when laid over a valid request."""

    name: str
    fields: Mapping[str, Json]


# --- Sizes


def legal_sizes(spec: Spec) -> st.SearchStrategy[Size]:
    """Any legal size, the bounds more often than the middle; shrinks to the cheapest."""
    whole = sorted({size for sizes in legal_by_tier(spec).values() for size in sizes})
    bounds = boundary_sizes(spec)
    return st.sampled_from([cheapest_size(spec), *bounds]) | st.sampled_from(whole)


def bad_sizes(spec: Spec) -> st.SearchStrategy[str]:
    """Any text of a WxH size that breaks exactly one size rule, close to its bound."""
    return st.sampled_from([text for rule in SIZE_RULES for text in near_misses(spec, rule)])


def cheapest_size(spec: Spec) -> Size:
    """The smallest legal size of the first tier: a refusal probe that is accepted costs least."""
    first = spec.facts.tier.tiers[0].name
    return min(legal_by_tier(spec)[first], key=lambda size: (size.pixels, size))


def boundary_sizes(spec: Spec) -> list[Size]:
    """Legal sizes on a bound of a tier or of a rule, in both orientations, the cheap first."""
    return list(_boundary_sizes(spec))


def tier_edges(spec: Spec) -> list[Size]:
    """On each side of each border between tiers the flattest and the squarest legal size."""
    step, tiers = spec.facts.size_grid.multiple, spec.facts.tier.tiers
    borders = [tier.long_edge_max for tier in tiers if tier.long_edge_max is not None]
    edges = [edge for border in borders for edge in (border, border + step)]
    found = []
    for edge in edges:
        row = sorted(size for size in _legal(spec) if size.long_edge == edge == size.width)
        found += [row[0], row[-1]]
    return found


def near_misses(spec: Spec, rule: str) -> list[str]:
    """Texts of sizes that break this size rule alone and closely, in both orientations."""
    return malformed_sizes(spec) if rule == "size-grammar" else list(_near_misses(spec, rule))


def malformed_sizes(spec: Spec) -> list[str]:
    """Texts near WxH of a legal size that are none, each for one reason."""
    size = cheapest_size(spec)
    text, (width, height) = str(size), size
    return [
        f"0{text}",
        f"{width}x0{height}",
        text.upper(),
        f" {text}",
        f"{text} ",
        f"{width} x {height}",
        f"+{text}",
        f"-{text}",
        f"{width}x-{height}",
        f"{width}*{height}",
        f"{width}×{height}",
        f"{width}.0x{height}",
        f"{text}.0",
        f"{width}x{height}x1",
        f"{width}x",
        f"x{height}",
        f"{width}",
        f"{text}px",
        f"{text}\n",
        text.translate(ARABIC_INDIC),
    ]


# --- Fields


def aspect_ratios(spec: Spec) -> list[str]:
    """Ratios that must be taken: the default, the steepest, those of typical sizes, decimals."""
    steepest = spec.facts.size_ratio.long_to_short_max
    bound = f"{steepest.numerator}:{steepest.denominator}"
    turned = f"{steepest.denominator}:{steepest.numerator}"
    ratios = [spec.facts.derive.default_aspect_ratio, bound, turned]
    for tier in spec.facts.tier.tiers:
        ratios += [_reduced(size) for size in tier.typical]
    ratios += [
        "4:3",
        "3:4",
        "4:5",
        "5:4",
        "21:9",
        "2.35:1",
        "1:2.35",
        "1:1.5",
        "1.0:1",
        "1000:1001",
    ]
    return [each for each in dict.fromkeys(ratios) if ratio_of(spec, each) is not None]


def bad_aspect_ratios(spec: Spec) -> list[str]:
    """Texts that are no ratio, and ratios just too steep either way."""
    steepest = spec.facts.size_ratio.long_to_short_max
    steeper = f"{float(steepest) + 0.01:.2f}"
    malformed = ["16x9", "16/9", "16:", ":9", "16", "a:b", "16:9:1", "-16:9", "0:1", "1:0", "0:0"]
    return [f"{steeper}:1", f"1:{steeper}", "1000:1", *malformed, "wide", "1.2.3:1"]


def resolutions(spec: Spec) -> list[str]:
    """The names of the tiers, and in lower case."""
    names = [tier.name for tier in spec.facts.tier.tiers]
    return list(dict.fromkeys([*names, *(name.lower() for name in names)]))


def bad_resolutions(spec: Spec) -> list[str]:
    """Texts that name no tier."""
    known = {name.casefold() for name in resolutions(spec)}
    digits = [f"{number}K" for number in range(10)]
    cut = [name[:-1] for name in resolutions(spec)]
    others = [*digits, *dict.fromkeys(cut), "K", "2KK", "HD", "2048", "1024x1024"]
    return [text for text in others if text.casefold() not in known]


def valid_values(spec: Spec, field: str) -> list[Json]:
    """Values of one field that must be taken beside any others: its names, its bounds."""
    described = spec.field(field)
    if described.enum:
        return list(described.enum)
    if described.minimum is not None and described.maximum is not None:
        middle = (described.minimum + described.maximum) // 2
        return list(dict.fromkeys([described.minimum, middle, described.maximum]))
    return []


def wrong_types(spec: Spec) -> list[Faulty]:
    """For each field of a generation a value of a type that it cannot have."""
    return [
        Faulty(f"{field.name}={value!r}", {field.name: value})
        for field in spec.fields["GenerationRequest"].values()
        for value in _of_wrong_type(field)
    ]


def faulty_fields(spec: Spec) -> list[Faulty]:
    """Fields with one fault each: off every bound, off every list of names, of every wrong type."""
    found = [Faulty(f"size={text}", {"size": text}) for text in _bad_size_texts(spec)]
    for name, texts in (
        ("aspect_ratio", bad_aspect_ratios(spec)),
        ("resolution", bad_resolutions(spec)),
        ("callback_url", _bad_callbacks(spec)),
    ):
        found += [Faulty(f"{name}={text:.40}", {name: text}) for text in texts]
    for field in spec.fields["GenerationRequest"].values():
        found += [Faulty(f"{field.name}={value!r}", {field.name: value}) for value in _off(field)]
    longest = spec.field("prompt").max_length or 0
    found += [Faulty("prompt too long", {"prompt": "x" * (longest + 1)})]
    found += [Faulty("prompt blank", {"prompt": " \n\t"}), Faulty("prompt empty", {"prompt": ""})]
    required = [f.name for f in spec.fields["GenerationRequest"].values() if f.required]
    found += [Faulty(f"{name} missing", {name: None}) for name in required]
    found += [Faulty("model unknown", {"model": "no-such-model"})]
    return found + wrong_types(spec)


def mixed_fields(spec: Spec) -> list[dict[str, Json]]:
    """Mixes of optional fields in which any two values meet, all legal together.

    The key `references` counts the pictures to send along; a None is left out.
    """
    factors: dict[str, Sequence[Json]] = {
        "size": [None, str(cheapest_size(spec)), str(spec.facts.tier.tiers[0].typical[-1])],
        "quality": [None, *spec.field("quality").enum],
        "n": [None, 1, 2, 3],
        "output_format": [None, *spec.field("output_format").enum],
        "background": [None, *spec.field("background").enum],
        "response_format": [None, *spec.field("response_format").enum],
        "output_compression": [None, *valid_values(spec, "output_compression")],
        "aspect_ratio": [None, "3:2", "1:2"],
        "resolution": [None, *resolutions(spec)[:2]],
        "references": [0, 1, 2],
    }
    return [_with_alpha(spec, row) for row in pairwise(factors)]


def image_requests(spec: Spec, *, sync: bool | None = None) -> st.SearchStrategy[dict[str, Json]]:
    """Bodies of `createImage` that must be accepted, cheap, with any mix of optional fields.

    `sync` True: each with a WxH size, False: none; None: either.
    """
    low = min(spec.facts.latency.seconds, key=lambda name: spec.facts.latency.seconds[name].mode)
    size = st.sampled_from([str(size) for size in _cheap_sizes(spec)])
    derived = {
        "aspect_ratio": st.sampled_from(aspect_ratios(spec)),
        "resolution": st.sampled_from(resolutions(spec)[:1]),
    }
    options = {
        name: st.sampled_from(valid_values(spec, name))
        for name in ("background", "output_format", "output_compression", "response_format")
    }
    base = {**{name: st.just(value) for name, value in spec.example_request.items()}}
    base |= {"quality": st.just(low)}
    with_size = st.fixed_dictionaries({**base, "size": size}, optional=options)
    without = st.fixed_dictionaries(base, optional={**options, **derived})
    either = {True: with_size, False: without, None: with_size | without}[sync]
    return either.filter(lambda body: not _needs_alpha_in_vain(spec, body))


def _bad_size_texts(spec: Spec) -> list[str]:
    texts = [text for rule in (*SIZE_RULES, "size-grammar") for text in near_misses(spec, rule)]
    return [*texts, "large", "", "Auto", "1K"]


def _bad_callbacks(spec: Spec) -> list[str]:
    longest = spec.field("callback_url").max_length or 0
    start = "http://127.0.0.1:9/"
    long = start + "x" * (longest + 1 - len(start))
    no_urls = ["/webhook", "webhook", "http://", "http://[::1", "//127.0.0.1/hook"]
    return [*no_urls, "ftp://127.0.0.1/hook", long]


def _off(field: Field) -> list[Json]:
    """Values one off the bounds, and names that are none."""
    found: list[Json] = []
    if field.minimum is not None:
        found += [field.minimum - 1]
    if field.maximum is not None:
        found += [field.maximum + 1]
    if field.name != "resolution" and field.enum:
        capitals = field.enum[0].upper()
        found += [f"{field.enum[0]}x", "ultra", *([] if capitals in field.enum else [capitals])]
    return found


def _of_wrong_type(field: Field) -> list[Json]:
    if "integer" in field.types:
        return [1.5, "many", [1], {"value": 1}]
    if "boolean" in field.types:
        return ["yes", 7, []]
    if "array" in field.types:
        return [7, True, {"url": "x"}, [7]]
    return [7, True, {"text": "text"}]


def _needs_alpha_in_vain(spec: Spec, body: Mapping[str, Json]) -> bool:
    facts = spec.facts.background
    needs = facts.alpha.get(str(body.get("background"))) == "required"
    return needs and body.get("output_format") in facts.formats_without_alpha


def _with_alpha(spec: Spec, row: dict[str, Json]) -> dict[str, Json]:
    """The row without its format, where that cannot do what the background needs."""
    without = {name: value for name, value in row.items() if name != "output_format"}
    return without if _needs_alpha_in_vain(spec, row) else row


def _cheap_sizes(spec: Spec) -> list[Size]:
    first = spec.facts.tier.tiers[0].name
    return [size for size in boundary_sizes(spec) if tier_of(spec, size) == first]


def _reduced(size: Size) -> str:
    ratio = Fraction(size.width, size.height)
    return f"{ratio.numerator}:{ratio.denominator}"


@lru_cache(maxsize=8)
def _legal(spec: Spec) -> frozenset[Size]:
    return frozenset().union(*legal_by_tier(spec).values())


@lru_cache(maxsize=8)
def _boundary_sizes(spec: Spec) -> tuple[Size, ...]:
    chosen = [*tier_edges(spec), *(size for rule in SIZE_RULES for size in _tightest(spec, rule))]
    chosen += [size for tier in spec.facts.tier.tiers for size in tier.typical]
    chosen += _amid_tiers(spec)
    both = {each for size in chosen for each in (size, size.turned)} & _legal(spec)
    return tuple(sorted(both, key=lambda size: (size.long_edge, size.pixels, size)))


def _amid_tiers(spec: Spec) -> list[Size]:
    """In each tier a wide legal size far from its bounds, both sides odd numbers of steps."""
    step = spec.facts.size_grid.multiple
    return [
        odd[len(odd) // 2]
        for sizes in legal_by_tier(spec).values()
        if (odd := sorted(filter(lambda size: _is_odd(size, step), sizes), key=_pixels))
    ]


def _is_odd(size: Size, step: int) -> bool:
    return size.width > size.height and all(side // step % 2 for side in size)


@lru_cache(maxsize=32)
def _near_misses(spec: Spec, rule: str) -> tuple[str, ...]:
    found = _off_grid(spec) if rule == "size-grid" else _outside(spec, rule)
    alone = [size for size in found if verdict(spec, str(size)).broken == {rule}]
    return tuple(str(size) for each in alone for size in dict.fromkeys((each, each.turned)))


def _tightest(spec: Spec, rule: str) -> list[Size]:
    """The legal wide sizes on the bounds of a rule: some of those, the first of each tier too."""
    wide = sorted(size for size in _legal(spec) if size.width >= size.height)
    key = _MEASURES[rule]
    best, least = max(map(key, wide)), min(map(key, wide))
    on_bound = [size for size in wide if key(size) == best]
    ends = [on_bound[0], on_bound[len(on_bound) // 2], on_bound[-1]]
    return [
        *ends,
        *_first_of_each_tier(spec, on_bound),
        next(size for size in wide if key(size) == least),
    ]


def _off_grid(spec: Spec) -> Iterator[Size]:
    """One pixel, half a step and a step less one off, one side at a time, in the midst of tiers."""
    step = spec.facts.size_grid.multiple
    offsets = sorted({1, 2, step // 4, step // 2, step - 1} - {0})
    for width, height in [spec.facts.tier.tiers[0].typical[0], *_amid_tiers(spec)]:
        for off in offsets:
            yield Size(width + off, height)
            yield Size(width, height - off)


def _outside(spec: Spec, rule: str) -> list[Size]:
    """Wide sizes of the grid outside this rule only: nearest to its bounds, some in each tier."""
    broken = [size for size in _neighbours(spec) if verdict(spec, str(size)).broken == {rule}]
    facts = spec.facts.size_pixels
    sides = (
        [size for size in broken if size.pixels < facts.pixels_min],
        [size for size in broken if size.pixels >= facts.pixels_min],
    )
    found: list[Size] = []
    for side, is_below in zip(sides, (True, False), strict=True):
        nearest = sorted(side, key=_MEASURES[rule], reverse=is_below)
        found += [*nearest[:3], *_first_of_each_tier(spec, nearest)]
        found += sorted(side, key=_steepness)[:1]
    return list(dict.fromkeys(found))


def _first_of_each_tier(spec: Spec, sizes: Sequence[Size]) -> list[Size]:
    first = {tier_of(spec, size): size for size in reversed(sizes)}
    return list(first.values())


@lru_cache(maxsize=8)
def _neighbours(spec: Spec) -> tuple[Size, ...]:
    """The wide sizes of the grid that are not legal, one step away from one that is."""
    step, legal = spec.facts.size_grid.multiple, _legal(spec)
    moves = ((step, 0), (-step, 0), (0, step), (0, -step), (step, step), (-step, -step))
    around = {Size(w + x, h + y) for w, h in legal for x, y in moves}
    return tuple(sorted(size for size in around - legal if size.width >= size.height))


def _pixels(size: Size) -> float:
    return size.pixels


def _steepness(size: Size) -> float:
    return size.long_edge / size.short_edge


def _long_edge(size: Size) -> float:
    return size.long_edge


def _short_edge(size: Size) -> float:
    return -size.short_edge


# What a rule bounds.
_MEASURES: Mapping[str, Callable[[Size], float]] = {
    "size-grid": _short_edge,
    "size-edge": _long_edge,
    "size-ratio": _steepness,
    "size-pixels": _pixels,
}
