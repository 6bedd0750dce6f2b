"""What Prometheus is told, read back with its own parser."""

from decimal import Decimal

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from mock_server.clock import manual_clock
from mock_server.exposition import exposition
from mock_server.journal import Exchange
from mock_server.metrics import Now, Tally
from tests.api import Api, running, until
from tests.jobs import a_job
from tests.laws import own_contract, refused
from tests.receivers import listening_to

NOTHING = Now(tasks={}, webhooks={}, frozen=Decimal(0), currency="USD")


def told(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def sample(text: bytes, name: str, **labels: str) -> float:
    return told(text)[name, frozenset(labels.items())]


async def scrape(api: Api) -> bytes:
    async with api.client.get(f"{api.origin}/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return await answer.read()


def exchange(*, seconds: float, status: int = 200) -> Exchange:
    return Exchange(
        id="x",
        received_at=1000.0,
        answered_at=1000.0 + seconds,
        method="POST",
        path="/",
        operation="createImage",
        status=status,
    )


@pytest.mark.parametrize(
    "seconds, bound, below",
    [(0.01, "0.01", None), (0.5, "1.0", "0.1"), (45.0, "45.0", "35.0"), (136.0, "+Inf", "135.0")],
)
def test_a_latency_counts_in_its_bucket_and_all_above(
    seconds: float, bound: str, below: str | None
) -> None:
    tally = Tally()
    tally.count(exchange(seconds=seconds))
    text = exposition(tally, NOTHING)
    labels = {"operation": "createImage"}
    assert sample(text, "mock_request_seconds_bucket", le=bound, **labels) == 1
    assert sample(text, "mock_request_seconds_bucket", le="+Inf", **labels) == 1
    if below is not None:
        assert sample(text, "mock_request_seconds_bucket", le=below, **labels) == 0
    assert sample(text, "mock_request_seconds_sum", **labels) == pytest.approx(seconds)
    assert sample(text, "mock_request_seconds_count", **labels) == 1


def test_requests_are_counted_by_operation_and_status() -> None:
    tally = Tally()
    for status in (200, 200, 429):
        tally.count(exchange(seconds=1, status=status))
    text = exposition(tally, NOTHING)
    assert sample(text, "mock_requests_total", operation="createImage", status="200") == 2
    assert sample(text, "mock_requests_total", operation="createImage", status="429") == 1


def test_money_is_counted_where_it_is_charged() -> None:
    tally = Tally()
    tally.ended(a_job(ended_at=1100.0))
    tally.ended(a_job(ended_at=1100.0))
    job = a_job()
    text = exposition(tally, NOTHING)
    labels = {"tier": job.tier, "quality": job.request.quality}
    assert sample(text, "mock_charged_usd_total", **labels) == float(2 * job.price)


async def test_a_day_of_a_mock() -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response(status=204)

    receiver = web.Application()
    receiver.router.add_post("/", take)
    async with listening_to(receiver) as url, running(clock=manual_clock()) as api:
        await api.task(callback_url=url)
        await api.advance(1000)
        await until(lambda: api.mock.postman.attempts)
        await api.control("POST", "faults", {"fault": "upstream_busy", "times": 1})
        await api.task()
        await api.advance(1000)
        await api.task()
        await api.create(size="1x1")
        text = await scrape(api)
        price = float(own_contract().prices.per_image["1K"]["medium"])
        states = {"pending": 1, "processing": 0, "completed": 1, "failed": 1}
        for state, count in states.items():
            assert sample(text, "mock_tasks", state=state) == count
        assert sample(text, "mock_held_usd") == price
        assert sample(text, "mock_charged_usd_total", tier="1K", quality="medium") == price
        assert sample(text, "mock_webhook_attempts_total", status="204") == 1
        assert sample(text, "mock_faults_total", fault="upstream_busy") == 1
        assert sample(text, "mock_requests_total", operation="createImage", status="200") == 3
        assert sample(text, "mock_requests_total", operation="createImage", status="400") == 1


async def test_a_failure_costs_nothing_and_a_reset_leaves_the_totals() -> None:
    async with running() as api:
        await api.create(size="1024x1024")
        before = sample(await scrape(api), "mock_charged_usd_total", tier="1K", quality="medium")
        await api.control("POST", "faults", {"fault": "upstream_busy"})
        await api.task()
        await api.control("POST", "reset")
        text = await scrape(api)
        after = sample(text, "mock_charged_usd_total", tier="1K", quality="medium")
        assert after == before
        assert sample(text, "mock_requests_total", operation="createImage", status="200") == 2


async def test_each_mock_counts_for_itself() -> None:
    async with running() as one, running() as other:
        await one.get("/models")
        assert b"listModels" in await scrape(one)
        assert b"listModels" not in await scrape(other)


async def test_neither_they_nor_what_is_asked_here_counts() -> None:
    async with running() as api:
        await api.control("GET", "requests")
        await scrape(api)
        assert b"mock_requests_total{" not in await scrape(api)


async def test_without_the_control_interface_only_health_is_left() -> None:
    async with running(no_control=True) as api:
        assert (await api.control("GET", "health")).json == {"status": "ok"}
        for path in ("/metrics", "/_mock/report", "/_mock/requests"):
            refused(await api.ask("GET", api.origin + path, key=None), 404, "No such path")
