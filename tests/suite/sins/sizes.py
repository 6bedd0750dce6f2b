"""Sins against sizes, tiers and modes."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from mock_server import results
from mock_server.rules import modes, quotes, requests
from mock_server.rules.modes import Mode
from mock_server.rules.sizes import Breach, Size
from tests.suite.plant import Plant, refuse, sin

Tell = Callable[[Size], bool]


def _forget(plant: Plant, rule: str, when: Tell = lambda size: True) -> None:
    def wrong(right: Any, size: Size, table: Any) -> tuple[Breach, ...]:
        found = right(size, table)
        return tuple(b for b in found if not (b.rule == rule and when(size)))

    plant.wrap(requests, "breaches", wrong)


def _invent(plant: Plant, rule: str, when: Tell) -> None:
    def wrong(right: Any, size: Size, table: Any) -> tuple[Breach, ...]:
        found: tuple[Breach, ...] = right(size, table)
        return (*found, Breach(rule, "is not liked")) if when(size) and not found else found

    plant.wrap_only(requests, "breaches", wrong)


@sin("size-grid")
def a_grid_of_eight(plant: Plant) -> None:
    plant.change({"size-grid/data/multiple": 8})


@sin("size-grid")
def the_height_is_not_on_the_grid(plant: Plant) -> None:
    _forget(plant, "size-grid", lambda size: size.width % 16 == 0)


@sin("size-grid")
def the_width_is_not_on_the_grid(plant: Plant) -> None:
    _forget(plant, "size-grid", lambda size: size.height % 16 == 0)


@sin("size-edge")
def the_long_edge_one_step_longer(plant: Plant) -> None:
    plant.change({"size-edge/data/long_edge_max": 3856})


@sin("size-edge")
def the_long_edge_one_step_shorter(plant: Plant) -> None:
    _invent(plant, "size-edge", lambda size: size.long_edge > 3824)


@sin("size-edge")
def the_long_edge_of_portraits_is_free(plant: Plant) -> None:
    _forget(plant, "size-edge", lambda size: size.height > size.width)


@sin("size-ratio")
def a_little_more_than_three_to_one(plant: Plant) -> None:
    plant.change({"size-ratio/data/long_to_short_max": "61:20"})


@sin("size-ratio")
def three_to_one_is_refused(plant: Plant) -> None:
    _invent(plant, "size-ratio", lambda size: size.long_edge == 3 * size.short_edge)


@sin("size-ratio")
def the_ratio_of_portraits_is_free(plant: Plant) -> None:
    _forget(plant, "size-ratio", lambda size: size.height > size.width)


@sin("size-pixels")
def the_fewest_pixels_are_excluded(plant: Plant) -> None:
    plant.change({"size-pixels/data/pixels_min": 655_361})


@sin("size-pixels")
def the_most_pixels_are_excluded(plant: Plant) -> None:
    _invent(plant, "size-pixels", lambda size: size.width * size.height == 8_294_400)


@sin("size-pixels")
def a_few_pixels_too_few(plant: Plant) -> None:
    plant.change({"size-pixels/data/pixels_min": 645_120})


@sin("size-pixels")
def any_number_of_pixels(plant: Plant) -> None:
    _forget(plant, "size-pixels", lambda size: size.width * size.height > 8_294_400)


@sin("tier")
def the_second_tier_one_step_longer(plant: Plant) -> None:
    plant.change({"tier/data/tiers/1/long_edge_max": 2064})


@sin("tier")
def the_first_tier_one_step_shorter(plant: Plant) -> None:
    plant.wrap_only(
        quotes,
        "tier_of",
        lambda right, size, table: (
            table.tiers[1] if 1520 < size.long_edge <= 1536 else right(size, table)
        ),
    )


@sin("tier")
def the_tier_goes_by_width(plant: Plant) -> None:
    plant.wrap_only(
        quotes,
        "tier_of",
        lambda right, size, table: right(Size(size.width, size.width), table),
    )


def _drawn(plant: Plant, change: Callable[[Any], Any]) -> None:
    plant.wrap(results, "scene_of", lambda right, *a, **k: change(right(*a, **k)))


@sin("size-exact")
def pictures_one_step_larger(plant: Plant) -> None:
    _drawn(plant, lambda scene: scene._replace(width=scene.width + 16))


@sin("size-exact")
def portraits_lie_on_their_side(plant: Plant) -> None:
    def lay(scene: Any) -> Any:
        wide, high = max(scene.width, scene.height), min(scene.width, scene.height)
        return scene._replace(width=wide, height=high)

    _drawn(plant, lay)


@sin("size-exact")
def the_second_picture_is_smaller(plant: Plant) -> None:
    _drawn(plant, lambda s: s._replace(height=s.height - 16) if s.index == 1 else s)


@sin("size-grammar")
def a_leading_zero_is_read(plant: Plant) -> None:
    plant.change({"components/schemas/Size/pattern": "."})
    plant.wrap(requests, "parse_size", lambda right, text: right(text.lstrip("0")))


@sin("size-grammar")
def a_capital_x_is_read(plant: Plant) -> None:
    plant.change({"components/schemas/Size/pattern": "."})
    plant.wrap(requests, "parse_size", lambda right, text: right(text.lower()))


@sin("size-grammar")
def blanks_are_cut_off(plant: Plant) -> None:
    plant.change({"components/schemas/Size/pattern": "."})
    plant.wrap(requests, "parse_size", lambda right, text: right(text.strip()))


@sin("derive")
def derived_sizes_lie_on_their_side(plant: Plant) -> None:
    plant.wrap(requests, "derive_size", lambda right, ratio, *a: right(max(ratio, 1 / ratio), *a))


@sin("derive")
def derived_sizes_are_all_of_the_first_tier(plant: Plant) -> None:
    plant.wrap(
        requests,
        "derive_size",
        lambda right, ratio, tier, table: right(ratio, table.tiers[0], table),
    )


@sin("derive")
def derived_sizes_miss_the_ratio(plant: Plant) -> None:
    def wrong(right: Any, ratio: Fraction, *args: Any) -> Size:
        size: Size = right(ratio, *args)
        return Size(size.width, size.height - 48) if size.width == size.height else size

    plant.wrap(requests, "derive_size", wrong)


@sin("aspect-ratio")
def four_to_one_is_clamped(plant: Plant) -> None:
    def clamped(fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("aspect_ratio") in ("4:1", "1:4", "3.01:1", "1:3.01", "301:100"):
            fields["aspect_ratio"] = "3:1"
        return fields

    plant.fields(clamped)
    plant.wrap(requests, "parse_ratio", _clamping)


def _clamping(right: Any, text: str, table: Any) -> Fraction:
    width, _, height = text.partition(":")
    return min(max(Fraction(width) / Fraction(height), Fraction(1, 3)), Fraction(3))


@sin("aspect-ratio")
def decimals_are_no_ratio(plant: Plant) -> None:
    def strict(fields: dict[str, Any]) -> dict[str, Any]:
        if "." in str(fields.get("aspect_ratio")):
            raise refuse("aspect_ratio")
        return fields

    plant.fields(strict)


@sin("resolution")
def small_letters_are_no_tier(plant: Plant) -> None:
    def strict(fields: dict[str, Any]) -> dict[str, Any]:
        if str(fields.get("resolution")).endswith("k"):
            raise refuse("resolution")
        return fields

    plant.fields(strict)


@sin("resolution")
def an_unknown_tier_is_the_first(plant: Plant) -> None:
    def kind(fields: dict[str, Any]) -> dict[str, Any]:
        known = ("1K", "1k", "2K", "2k", "4K", "4k", None)
        if isinstance(fields.get("resolution"), str) and fields["resolution"] not in known:
            fields["resolution"] = "1K"
        return fields

    plant.fields(kind)


@sin("mode")
def a_callback_does_not_make_a_task(plant: Plant) -> None:
    plant.wrap(
        modes,
        "decide_mode",
        lambda right, *, has_size, callback_url: right(has_size=has_size, callback_url=None),
    )


@sin("mode")
def a_size_makes_a_task(plant: Plant) -> None:
    plant.patch(modes, "decide_mode", lambda *, has_size, callback_url: Mode.ASYNC)


@sin("mode-auto")
def auto_is_no_size(plant: Plant) -> None:
    plant.change({"mode-auto/data/absent": []})


@sin("mode-auto")
def a_word_is_as_good_as_no_size(plant: Plant) -> None:
    def kind(fields: dict[str, Any]) -> dict[str, Any]:
        if isinstance(fields.get("size"), str) and "x" not in fields["size"]:
            del fields["size"]
        return fields

    plant.fields(kind)


@sin("mode-both")
def the_tier_wins_over_the_size(plant: Plant) -> None:
    def wrong(fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("resolution") and fields.get("size") and fields.get("callback_url"):
            del fields["size"]
        return fields

    plant.fields(wrong)


@sin("profile")
def no_size_makes_a_task_for_openai_too(plant: Plant) -> None:
    plant.options += ["--profile", "openai"]
    plant.fields(lambda f: f if f.get("size") not in (None, "auto") else {"resolution": "1K", **f})


@sin("profile")
def openai_names_of_quality_are_unknown(plant: Plant) -> None:
    plant.options += ["--profile", "openai"]

    def strict(fields: dict[str, Any]) -> dict[str, Any]:
        if fields.get("quality") in ("hd", "standard"):
            raise refuse("quality")
        return fields

    plant.fields(strict)


@sin("tier")
def an_edit_may_be_a_little_larger_than_its_tier(plant: Plant) -> None:
    def wrong(right: Any, self: Any, request: Any, **kwargs: Any) -> Any:
        quote = right(self, request, **kwargs)
        is_small = request.is_edit and quote.size.long_edge == 1552
        return quote._replace(price=Decimal("0.005")) if is_small else quote

    plant.wrap_only(quotes.Quotes, "of", wrong)
