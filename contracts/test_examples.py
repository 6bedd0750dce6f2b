"""The worked examples of the contract, sent as they stand."""

from collections.abc import Iterator

from contracts import examples
from contracts.asking import expected_of, probe
from contracts.claims import Probe, World, probes, rule
from contracts.court import Court
from contracts.exchange import Request

PICTURES = ("/images/generations", "/images/edits", "/images/generations-sync")


def worked_calls(world: World) -> Iterator[Probe]:
    """The examples that call an operation for pictures, of the target's profile."""
    for case in examples.calls(world.spec):
        profile = case.example.given.get("profile", world.profile)
        request = examples.request_of(world.spec, case.example.given)
        if profile == world.profile and _makes_pictures(request):
            if "stream" in request.asked() and expected_of(world, request).accepted:
                continue  # judged with the other streams
            yield probe(world, str(case), request, rule=case.rule)


@rule(
    "mode",
    "size-exact",
    "n",
    "output-format",
    "background",
    "model",
    "prompt",
    "callback-url",
    "profile",
)
@probes(worked_calls)
def test_a_worked_example_is_answered_as_worked_out(probe: Probe, court: Court) -> None:
    court.hear(probe)


def _makes_pictures(request: Request) -> bool:
    return request.method == "POST" and request.path in PICTURES
