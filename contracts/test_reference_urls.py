"""References given as URLs: private hosts, public ones, and the server's own."""

from collections.abc import Iterator

from contracts.asking import (
    default_size,
    edit_json,
    expected_of,
    generation,
    probe,
    wait,
)
from contracts.claims import Level, Probe, World, bill, probes, rule
from contracts.court import Court
from contracts.decode import Json
from contracts.exchange import Answer, File, Request, at
from contracts.judge import NotJudgedError
from contracts.samples import SAMPLE, gradient, text_of

PRIVATE_HOSTS = (
    "10.0.0.1", "127.0.0.1", "127.255.255.254", "192.168.0.1", "172.16.0.1", "172.31.255.255",
    "169.254.169.254", "240.0.0.1", "255.255.255.255", "[::1]", "[fe80::1]", "[fc00::1]",
    "[::ffff:10.0.0.1]",
    "localhost", "LOCALHOST",
)  # fmt: skip


PUBLIC_URL = "https://example.com/cat.png"


def private_urls(world: World) -> Iterator[Probe]:
    """References on hosts of private, loopback, link-local and reserved networks."""
    size = default_size(world)
    for i, host in enumerate(PRIVATE_HOSTS):
        url = f"http://{host}/picture.png"
        sync = generation(world, size=size, image_url=url)
        yield probe(world, f"{host} sync", sync, rule="private-url")
        if i % 4 == 0 or host.startswith("[") or i == len(PRIVATE_HOSTS) - 1:
            yield probe(world, f"{host} task", generation(world, image_url=url), rule="private-url")
    several: Json = [text_of(gradient(SAMPLE)), "https://127.0.0.1:8443/a.png"]
    wishes = {
        "list": generation(world, image_urls=several),
        "list sync": generation(world, size=size, image_urls=several),
        "image": generation(world, image="http://192.168.1.1/a.png"),
        "edit": edit_json(world, images=[{"image_url": "http://10.1.2.3/a.png"}]),
        "wait": wait(world, image_url="http://10.1.2.3/a.png"),
        "files": generation(world, size=size, image_url="http://10.1.2.3/files/a.png"),
        "callback": generation(
            world, size=size, image_url="http://10.1.2.3/a.png", callback_url="http://127.0.0.1:9/"
        ),
    }
    for name, request in wishes.items():
        level = Level.SMOKE if name == "image" else Level.FULL
        yield probe(world, name, request, rule="private-url", level=level)


def urls_of_the_table(world: World) -> Iterator[Probe]:
    """One host in each network of the contract, and one below each of its suffixes."""
    table, size = world.spec.facts.private_url, default_size(world)
    addresses = [network[min(1, network.num_addresses - 1)] for network in table.networks]
    hosts = [f"[{each}]" if each.version == 6 else str(each) for each in addresses]
    for host in (*hosts, *(f"pictures.{suffix}" for suffix in table.host_suffixes)):
        sync = generation(world, size=size, image_url=f"http://{host}/picture.png")
        yield probe(world, f"{host} sync", sync, rule="private-url")


def public_urls(world: World) -> Iterator[Probe]:
    """A URL of a public host that cannot be fetched here: drawn as a placeholder."""
    size = default_size(world)
    wishes = {
        "sync": generation(world, size=size, image_url=PUBLIC_URL),
        "task": generation(world, image_urls=[PUBLIC_URL], aspect_ratio="auto"),
        "mask": generation(
            world, size=size, image_url=PUBLIC_URL, mask_url="https://example.com/m.png"
        ),
    }
    for name, request in wishes.items():
        yield probe(world, name, request, rule="url-fetch")


@rule("private-url", "private-url/sync", "fail-codes")
@probes(private_urls)
def test_a_reference_on_a_private_host_is_not_fetched(probe: Probe, court: Court) -> None:
    court.hear(probe)


@rule("private-url", "private-url/sync")
@probes(urls_of_the_table)
def test_each_network_of_the_table_is_private(probe: Probe, court: Court) -> None:
    """What is private, loopback, link-local or reserved is clear at its core, not at its edges."""
    if court.target.state.control is None:
        raise NotJudgedError("which networks count as reserved, the project's mock alone tells")
    court.hear(probe)


@rule("url-fetch")
@probes(public_urls)
def test_a_public_reference_is_not_fetched(probe: Probe, court: Court) -> None:
    if court.target.state.control is None:
        raise NotJudgedError("it is about the project's mock alone")
    court.hear(probe)


@rule("private-url/own-urls", "files")
@bill(
    Level.FULL,
    requests=3,
    largest=lambda world: expected_of(world, generation(world, size=default_size(world))).price * 2,
)
def test_urls_of_the_server_itself_are_exempt(court: Court) -> None:
    """An upload and a result serve as references, also where the server runs on a private host."""
    world, target = court.world, court.target
    form = Request("POST", "/files", parts=((world.spec.facts.files.part, File(gradient(SAMPLE))),))
    uploaded = at(target.send(form).answer.json, "data", "publicUrl")
    if not isinstance(uploaded, str):
        raise NotJudgedError("the target offers no uploads (POST /files)")
    made = _must_be_its_own(court, uploaded, "its own upload").entries()
    result = made[0].get("url") if made else None
    if isinstance(result, str):
        _must_be_its_own(court, result, "its own result")


def _must_be_its_own(court: Court, url: str, title: str) -> Answer:
    """The answer to an edit of a picture that lies on the server itself."""
    plain = generation(court.world, size=default_size(court.world))
    request = generation(court.world, size=default_size(court.world), image_url=url)
    exchange = court.target.send(request, price=expected_of(court.world, plain).price)
    answer = exchange.answer
    wrong = [] if answer.status == 200 else [f"status {answer.status}: {answer.message}"]
    court.judge("private-url/own-urls", exchange, expected=f"200: {title}", problems=wrong)
    return answer
