"""Streams of pictures, where the extension is on."""

from collections.abc import Iterator

from contracts.asking import default_size, edit, edit_json, generation, probe
from contracts.claims import Probe, World, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.judge import NotJudgedError
from contracts.streams import problems


def streamed(world: World) -> Iterator[Probe]:
    """All numbers of previews, generated and edited, in all formats; none without the extension."""
    if world.profile != "openai":
        return
    size, field = default_size(world), world.spec.field("partial_images")
    for partials in range(field.minimum or 0, (field.maximum or 0) + 1):
        fields: dict[str, Json] = {"size": str(size), "partial_images": partials, "stream": True}
        wishes = {
            f"{partials} generated": generation(world, **fields),
            f"{partials} edited": edit(world, **fields),
            f"{partials} edited as json": edit_json(world, **fields),
        }
        for name, request in wishes.items():
            yield probe(world, name, request, rule="stream")
    others = {
        "no size": generation(world, stream=True),
        "webp": generation(
            world, size=size, stream=True, output_format="webp", background="transparent"
        ),
        "two": generation(world, size=size, stream=True, n=2, partial_images=1),
    }
    for name, request in others.items():
        yield probe(world, name, request, rule="stream")


@rule("stream")
@probes(streamed)
def test_a_stream_ends_with_its_pictures(probe: Probe, court: Court) -> None:
    expected = probe.expected
    exchange = court.target.exchange(probe)
    if exchange.answer.status == 400 and court.target.state.control is None:
        raise NotJudgedError("the target does not stream")
    if expected is None or exchange.answer.status != 200:
        court.judge("stream", exchange, expected="200 and a stream", problems=["no stream"])
        return
    asked = probe.request.asked().get("partial_images")
    partials = int(str(asked)) if asked is not None else 0
    wrong = problems(court.world.spec, expected, exchange, partials=partials)
    told = f"at most {partials} previews and the completed event of each of {expected.images}"
    court.judge("stream", exchange, expected=told, problems=wrong)
