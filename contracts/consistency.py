"""Whether the tables of the contract agree with each other; if not, it is said with the place."""

from collections.abc import Callable, Collection, Iterable, Mapping

from contracts.decode import SpecError
from contracts.facts import Facts
from contracts.fields import REF, resolved

__all__ = ["refuse_contradictions", "refuse_other_names"]


def refuse_contradictions(facts: Facts, place: str) -> None:
    """SpecError, naming the place, at the first table that contradicts another or itself."""
    for check in _CHECKS:
        for problem in check(facts):
            raise SpecError(f"{place}.{problem}")


def refuse_other_names(facts: Facts, document: Mapping[str, object]) -> None:
    """SpecError at the first schema whose `enum` names other things than the table of its rule."""
    for schema, names in _named(facts).items():
        place = f"components.schemas.{schema}"
        enum = resolved(document, {REF: f"#/components/schemas/{schema}"}, place).get("enum")
        listed = [name for name in enum if name is not None] if isinstance(enum, list) else []
        if set(listed) != set(names):
            wanted = ", ".join(sorted(names))
            raise SpecError(f"{place}.enum: must name what the rule's table names: {wanted}")


def _named(facts: Facts) -> Mapping[str, Collection[str]]:
    tiers = [tier.name for tier in facts.tier.tiers]
    return {
        "Quality": [*facts.latency.seconds, *facts.price_auto.billed_as],
        "Resolution": [*tiers, *(name.lower() for name in tiers)],
        "OutputFormat": [*facts.output_format.media_types],
        "Background": [*facts.background.alpha],
        "TaskState": [*facts.task_steps.next],
        "FailCode": [*facts.fail_codes.retryable],
    }


def _tiers_ascend(facts: Facts) -> Iterable[str]:
    edges = [tier.long_edge_max for tier in facts.tier.tiers]
    bounds = [edge for edge in edges if edge is not None]
    if not edges or edges[-1] is not None or len(bounds) != len(edges) - 1:
        yield "tier.data.tiers: the last tier, and no other, has long_edge_max null"
    if bounds != sorted(set(bounds)):
        yield f"tier.data.tiers: long_edge_max must ascend; got {bounds}"


def _tiers_are_priced(facts: Facts) -> Iterable[str]:
    names = [tier.name for tier in facts.tier.tiers]
    if len(set(names)) != len(names) or set(names) != set(facts.price.per_image):
        yield f"price.data.per_image: one row for each tier ({', '.join(names)}) is needed"


def _qualities_agree(facts: Facts) -> Iterable[str]:
    billed = set(facts.latency.seconds)
    for tier, row in facts.price.per_image.items():
        if set(row) != billed:
            yield f"price.data.per_image.{tier}: the qualities of latency.data.seconds are needed"
    for quality, other in facts.price_auto.billed_as.items():
        if other not in billed or quality in billed:
            yield f"price-auto.data.billed_as.{quality}: must be billed as a quality with a price"


def _default_tier_exists(facts: Facts) -> Iterable[str]:
    if facts.derive.default_resolution not in facts.price.per_image:
        yield "derive.data.default_resolution: no such tier"


def _states_are_closed(facts: Facts) -> Iterable[str]:
    states = set(facts.task_steps.next)
    named = {facts.task_steps.initial, facts.task_created.state, *facts.hook_payload.null_when}
    named |= {state for following in facts.task_steps.next.values() for state in following}
    for state in sorted(named - states):
        yield f"task-steps.data.next: no entry for the state '{state}'"
    if set(facts.task_poll.fields) != states:
        yield "task-poll.data.fields: the states of task-steps.data.next are needed"


def _triangles_ascend(facts: Facts) -> Iterable[str]:
    for quality, triangle in facts.latency.seconds.items():
        if not 0 <= triangle.min <= triangle.mode <= triangle.max:
            yield f"latency.data.seconds.{quality}: min <= mode <= max is needed"


_CHECKS: tuple[Callable[[Facts], Iterable[str]], ...] = (
    _tiers_ascend,
    _tiers_are_priced,
    _qualities_agree,
    _default_tier_exists,
    _states_are_closed,
    _triangles_ascend,
)
