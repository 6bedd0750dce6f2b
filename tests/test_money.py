"""What is paid, what is held, and that no money is spent twice."""

import asyncio
from decimal import Decimal
from typing import Any, NoReturn

import pytest

from contracts.samples import data_uri, gradient, half_mask
from contracts.size import Size
from mock_server.clock import manual_clock
from mock_server.pictures import Studio
from mock_server.settings import KeyGrant
from tests.api import KEY, Api, running, until
from tests.laws import matches, own_contract, pictures, refused

LONGER_THAN_ANY_TASK_S = 1000.0
SMALL = "1024x640"
PRICES = own_contract().prices.per_image
CELLS = [
    (size, quality, PRICES[tier][quality])
    for tier, size in (("1K", "1024x640"), ("2K", "2048x1152"), ("4K", "3840x2160"))
    for quality in ("low", "medium", "high")
]


@pytest.mark.parametrize("size, quality, price", CELLS)
async def test_each_cell_of_the_price_list_is_paid_exactly(
    size: str, quality: str, price: Decimal
) -> None:
    async with running(balance=Decimal(10)) as api:
        answer = await api.create(size=size, quality=quality)
        assert pictures(answer)[0].size == size
        assert await api.money() == (10 - price, 10 - price, 0)
        record = (await api.get(f"/records/{answer.request_id}")).data
        assert (record["settled"], Decimal(record["credits"])) == (True, price)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"quality": None},
        {"quality": "auto"},
        {"quality": "medium"},
        {"prompt": "x" * 32_000},
        {"image": data_uri(gradient(Size(64, 48)))},
        {
            "image": data_uri(gradient(Size(64, 48))),
            "mask_base64": data_uri(half_mask(Size(64, 48))),
        },
        {"background": "transparent"},
        {"output_format": "webp"},
        {"output_format": "jpeg", "output_compression": 1},
    ],
)
async def test_nothing_but_tier_quality_and_number_changes_the_price(
    fields: dict[str, Any],
) -> None:
    async with running() as api:
        before = await api.money()
        assert (await api.create(size=SMALL, n=2, **fields)).status == 200
        assert before.total - (await api.money()).total == 2 * PRICES["1K"]["medium"]


async def test_a_task_holds_its_price_and_pays_it_once_however_often_it_is_polled() -> None:
    async with running(clock=manual_clock(), balance=Decimal(1)) as api:
        task_id = await api.task(resolution="4K", quality="high", n=3)
        price = 3 * PRICES["4K"]["high"]
        assert await api.money() == (1 - price, 1, price)
        record = await api.get(f"/records/{task_id}")
        matches(record.json, "Record")
        assert (record.data["settled"], record.data["credits"]) == (False, 0)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        for _ in range(3):
            assert (await api.poll(task_id))["credits"] == price
            assert await api.money() == (1 - price, 1 - price, 0)
        record = await api.get(f"/records/{task_id}")
        assert (record.data["settled"], record.data["credits"]) == (True, price)
        assert record.data["currency"] == "USD"


async def test_a_task_is_paid_on_time_although_nobody_polls() -> None:
    async with running(clock=manual_clock(), balance=Decimal(1)) as api:
        await api.task()
        await api.advance(LONGER_THAN_ANY_TASK_S)
        assert await api.money() == (1 - PRICES["1K"]["medium"], 1 - PRICES["1K"]["medium"], 0)


async def test_a_failed_task_is_free() -> None:
    async with running(clock=manual_clock(), balance=Decimal(1)) as api:
        task_id = await api.task(image_url="http://10.0.0.1/a.png")
        by_hand = await api.task()
        assert (await api.money()).frozen == 2 * PRICES["1K"]["medium"]
        await api.control("POST", f"tasks/{by_hand}", {"fail": "UPSTREAM_FAILED"})
        await api.advance(LONGER_THAN_ANY_TASK_S)
        assert await api.money() == (1, 1, 0)
        for failed in (task_id, by_hand):
            assert (await api.poll(failed))["state"] == "failed"
            record = (await api.get(f"/records/{failed}")).data
            assert (record["settled"], record["credits"]) == (True, 0)


async def test_an_end_that_came_is_not_paid_again_nor_given_back() -> None:
    async with running(balance=Decimal(1)) as api:
        task_id = await api.task()
        paid = await api.money()
        for fields in ({"finish": True}, {"fail": "OTHER"}):
            answer = await api.control("POST", f"tasks/{task_id}", fields)
            refused(answer, 400, "ended already", param="id")
        assert await api.money() == paid
        assert (await api.poll(task_id))["state"] == "completed"


async def test_a_synchronous_request_holds_its_price_while_it_runs() -> None:
    async with running(clock=manual_clock(), balance=Decimal(1)) as api:
        price = PRICES["1K"]["high"]
        request = asyncio.ensure_future(api.create(size=SMALL, quality="high"))
        await until(lambda: api.mock.clock.sleeping)
        assert await api.money() == (1 - price, 1, price)
        await api.advance(LONGER_THAN_ANY_TASK_S)
        pictures(await request)
        assert await api.money() == (1 - price, 1 - price, 0)


async def test_a_refused_call_is_free_and_has_no_record() -> None:
    async with running(balance=Decimal(1)) as api:
        answer = await api.create(size="1000x1000")
        refused(answer, 400, param="size")
        refused(await api.get(f"/records/{answer.request_id}"), 404, "No such record", param="id")
        assert await api.money() == (1, 1, 0)


@pytest.mark.parametrize("fields", [{"size": SMALL}, {}, {"size": SMALL, "n": 10}])
async def test_who_cannot_pay_for_the_whole_request_gets_nothing(fields: dict[str, Any]) -> None:
    async with running(balance=Decimal("0.0249")) as api:
        answer = await api.create(**fields)
        refused(answer, 402, "Insufficient balance", "0.0249 USD")
        assert answer.json["error"]["type"] == "insufficient_quota"
        assert await api.money() == (Decimal("0.0249"), Decimal("0.0249"), 0)
        assert (api.mock.store.counts()["tasks"], api.mock.store.counts()["calls"]) == (0, 0)


async def test_the_last_cent_can_be_spent() -> None:
    async with running(balance=Decimal("0.025")) as api:
        pictures(await api.create(size=SMALL))
        assert (await api.money()).total == 0
        refused(await api.create(size=SMALL), 402, "Insufficient balance")


@pytest.mark.parametrize("fields", [{"size": SMALL}, {}])
async def test_two_hundred_requests_at_once_spend_no_money_twice(fields: dict[str, Any]) -> None:
    async with running(clock=manual_clock(), balance=Decimal(1)) as api:
        requests = [asyncio.ensure_future(api.create(**fields)) for _ in range(200)]
        await until(lambda: len(decided(api)) == 200)
        assert (await api.money()).balance == 0
        await api.advance(LONGER_THAN_ANY_TASK_S)
        answers = await asyncio.gather(*requests)
        assert sorted(answer.status for answer in answers) == [200] * 40 + [402] * 160
        assert await api.money() == (0, 0, 0)


def decided(api: Api) -> list[object]:
    """What was accepted and what was refused so far."""
    counts = api.mock.store.counts()
    refusals = [e for e in api.mock.journal.latest() if e.status == 402]
    return [None] * (counts["tasks"] + counts["calls"]) + list(refusals)


async def test_each_key_is_an_account_of_its_own() -> None:
    grants = (KeyGrant("sk_rich", Decimal(5)), KeyGrant("sk_plain", None))
    async with running(key=grants, balance=Decimal(2)) as api:
        task = await api.create(key="sk_rich")
        assert (await api.money(key="sk_rich")).total == Decimal("4.975")
        assert (await api.money(key="sk_plain")).total == 2
        task_id = task.data["taskId"]
        for path in (f"/images/generations?task_id={task_id}", f"/records/{task_id}"):
            answer = await api.get(path, key="sk_plain")
            assert answer.status == 404
            assert task_id in answer.json["error"]["message"]
            assert (await api.get(path, key="sk_rich")).status == 200


async def test_amounts_are_exact_decimals_on_the_wire() -> None:
    async with running(balance=Decimal("1000000.123456789")) as api:
        for _ in range(3):
            await api.create(quality="low")
        answer = await api.get("/balance")
        matches(answer.json, "Balance")
        assert (
            b'"balance":1000000.108456789,"total":1000000.108456789,"frozen":0.000' in answer.body
        )


async def test_a_client_that_goes_away_pays_all_the_same() -> None:
    async with running(clock=manual_clock(), balance=Decimal(1)) as api:
        request = asyncio.ensure_future(api.create(size=SMALL, quality="low"))
        await until(lambda: api.mock.clock.sleeping)
        request.cancel()
        await until(lambda: all(made.transport is None for made in api.server.connections))
        assert (await api.money()).frozen == PRICES["1K"]["low"]
        await api.advance(LONGER_THAN_ANY_TASK_S)
        await until(lambda: api.mock.store.account(KEY).frozen == 0)
        paid = 1 - PRICES["1K"]["low"]
        assert await api.money() == (paid, paid, 0)
        called = next(e for e in api.mock.journal.latest() if e.operation == "createImage")
        record = (await api.get(f"/records/{called.id}")).data
        assert (record["settled"], record["credits"]) == (True, PRICES["1K"]["low"])


async def test_what_the_mock_itself_could_not_draw_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> NoReturn:
        raise RuntimeError("the brush is lost")

    async with running(may_log="a bug in the mock", balance=Decimal(1)) as api:
        monkeypatch.setattr(Studio, "prepare", broken)
        async with api.client.post(
            api.base + "/images/generations",
            json={"model": "gpt-image-2-all", "prompt": "x", "size": SMALL},
            headers={"Authorization": "Bearer sk_test"},
        ) as answer:
            assert answer.status == 500
            body = await answer.json()
            assert answer.headers["x-request-id"].startswith("req_")
        assert body["error"]["type"] == "server_error"
        assert "a bug of the mock" in body["msg"]
        assert await api.money() == (1, 1, 0)
