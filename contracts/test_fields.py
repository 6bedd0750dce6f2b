"""Fields in every place: a fault is refused wherever it stands, and any two wishes go together.

A server that checks a field on one operation and forgets it on another, or lets one value of one
field spoil another field, is right in every test that looks at one thing at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

from contracts.asking import (
    NOWHERE,
    default_size,
    edit,
    edit_json,
    expected_of,
    generation,
    probe,
    wait,
)
from contracts.claims import Probe, World, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.exchange import Request
from contracts.judge import NotJudgedError
from contracts.samples import SAMPLE, data_uri, gradient
from contracts.strategies import Faulty, faulty_fields, mixed_fields


def faults_everywhere(world: World) -> Iterator[Probe]:
    """A fault of each kind in each field, in the places where `test_errors` does not send it."""
    for faulty in _one_of_each_kind(world):
        for place, build in PLACES.items():
            if place == "wait" and "size" in faulty.fields:
                continue  # whether a size is one of the asynchronous fields is not said
            yield from _refused(world, f"{place} {faulty.name}", build(world, faulty.fields))


def mixes(world: World) -> Iterator[Probe]:
    """Rows of optional fields in which any two values meet, on every operation in turn."""
    for number, row in enumerate(mixed_fields(world.spec)):
        fields = {name: value for name, value in row.items() if name != "references"}
        count = int(str(row["references"]))
        request = _mixed(world, number, count, fields)
        both = "size" in fields and {"aspect_ratio", "resolution"} & fields.keys()
        name = "mode-both" if both else _rule_of(request)
        yield probe(world, f"mix {number}", request, rule=name)


@rule(
    "status",
    "prompt",
    "model",
    "n",
    "size-grid",
    "size-edge",
    "size-ratio",
    "size-pixels",
    "resolution",
)
@probes(faults_everywhere)
def test_a_faulty_field_is_refused_wherever_it_stands(probe: Probe, court: Court) -> None:
    _must_be_offered(probe, court)
    court.hear(probe)


@rule("mode", "mode-both", "mode/edits", "n", "output-format", "background", "response-format")
@probes(mixes)
def test_any_two_wishes_go_together(probe: Probe, court: Court) -> None:
    _must_be_offered(probe, court)
    court.hear(probe)


def _must_be_offered(probe: Probe, court: Court) -> None:
    """A path that was only observed may be missing, which is for its own test to say."""
    is_observed = probe.request.path.endswith("-sync")
    if is_observed and court.target.exchange(probe).answer.status == HTTPStatus.NOT_FOUND:
        raise NotJudgedError("the target does not offer POST /images/generations-sync")


def _refused(world: World, name: str, request: Request) -> Iterator[Probe]:
    """The request as a probe, if the contract finds exactly one fault in it."""
    faults = expected_of(world, request).faults
    if len(faults) == 1:
        claim = f"{faults[0].rule}/{faults[0].part}" if faults[0].part else faults[0].rule
        yield probe(world, name[:80], request, rule=claim)


def _one_of_each_kind(world: World) -> list[Faulty]:
    kinds: dict[tuple[str, str, str | None, bool], Faulty] = {}
    for faulty in faulty_fields(world.spec):
        faults = expected_of(world, _sync(world, faulty.fields)).faults
        faults = faults or expected_of(world, _task(world, faulty.fields)).faults
        for fault in faults[:1]:
            name, value = next(iter(faulty.fields.items()))
            kinds.setdefault((name, fault.rule, fault.part, value is None), faulty)
    return list(kinds.values())


def _sync(world: World, fields: Mapping[str, Json]) -> Request:
    wish: dict[str, Json] = {"size": str(default_size(world))}
    if {"aspect_ratio", "resolution"} & fields.keys():
        wish = {}
    return generation(world, **(wish | dict(fields)))


def _task(world: World, fields: Mapping[str, Json]) -> Request:
    return generation(world, **fields)


def _called_back(world: World, fields: Mapping[str, Json]) -> Request:
    return generation(world, **({"callback_url": NOWHERE} | dict(fields)))


def _form(world: World, fields: Mapping[str, Json]) -> Request:
    """Empty texts are left out: whether they count as absent in a form is not said."""
    texts = {name: value for name, value in fields.items() if _is_written(value)}
    wish: dict[str, Json] = {"size": str(default_size(world))}
    if {"aspect_ratio", "resolution"} & fields.keys():
        wish = {}
    return edit(world, **(wish | texts))


def _json_edit(world: World, fields: Mapping[str, Json]) -> Request:
    wish: dict[str, Json] = {"size": str(default_size(world))}
    return edit_json(world, **(wish | dict(fields)))


def _waiting(world: World, fields: Mapping[str, Json]) -> Request:
    return wait(world, **fields)


def _is_written(value: Json) -> bool:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value is None or is_number or (isinstance(value, str) and bool(value.strip()))


def _mixed(world: World, number: int, references: int, fields: Mapping[str, Json]) -> Request:
    """The row on one operation: with references mostly on edits, else as it comes."""
    pictures = [gradient(SAMPLE, form) for form in ("png", "jpeg")][:references]
    texts: list[Json] = [data_uri(picture) for picture in pictures]
    if references and number % 3 == 0:
        return edit(world, pictures, **fields)
    if references and number % 3 == 1:
        return edit_json(world, images=[{"image_url": text} for text in texts], **fields)
    wishes = dict(fields) | ({"images": texts} if texts else {})
    if number % 4 == 0 and "size" not in fields:
        return wait(world, **wishes)
    return generation(world, **wishes)


def _rule_of(request: Request) -> str:
    asked = request.asked()
    if request.path.endswith("-sync"):
        return "generations-sync"
    return "mode/edits" if request.path.endswith("edits") and "size" not in asked else "mode"


PLACES: Mapping[str, Callable[[World, Mapping[str, Json]], Request]] = {
    "callback": _called_back,
    "form": _form,
    "json edit": _json_edit,
    "wait": _waiting,
}
