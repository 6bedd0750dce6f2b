"""The bad days of a picture service, in milliseconds."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from examples.thumbnails.client import ApiError, BudgetError, Client
from mock_server.testing import ImageApi

pytestmark = pytest.mark.image_api(clock="manual")

AT_ONCE = "slow;total=0"


class Pauses(list[float]):
    """Remembers what was slept, and lets that time pass on the mock."""

    def __init__(self, api: ImageApi) -> None:
        super().__init__()
        self._api = api

    def __call__(self, seconds: float) -> None:
        """Sleep."""
        self.append(seconds)
        self._api.clock.advance(seconds)


@pytest.fixture
def pauses(image_api: ImageApi) -> Pauses:
    """How the client sleeps."""
    return Pauses(image_api)


@pytest.fixture
def client(image_api: ImageApi, pauses: Pauses) -> Iterator[Client]:
    """A client with a budget of two pictures."""
    image_api.faults.add(AT_ONCE, match={"size": "1024x1024", "prompt": "now"}, priority=-1)
    client = Client(image_api.base_url, image_api.api_key, sleep=pauses, budget=Decimal("0.010"))
    yield client
    client.close()


def test_a_limit_is_waited_for_as_long_as_it_says(
    image_api: ImageApi, client: Client, pauses: Pauses
) -> None:
    image_api.faults.add("rate_limit;retry_after=7", times=2)
    assert client.picture("now")[:4] == b"\x89PNG"
    assert pauses == [7, 7]
    assert [request["status"] for request in image_api.requests] == [429, 429, 200]
    assert image_api.accounts[image_api.api_key].total == Decimal("999.995")


def test_a_broken_gateway_is_tried_with_growing_pauses_and_not_for_ever(
    image_api: ImageApi, client: Client, pauses: Pauses
) -> None:
    image_api.faults.add("server_error;status=502;html=1")
    with pytest.raises(ApiError, match="502: a page instead of JSON"):
        client.picture("now")
    assert pauses == [0.5, 1, 2]
    assert len(image_api.requests) == 4


@pytest.mark.parametrize(
    "fault, code",
    [
        ("moderation", "moderation_blocked"),
        ("no_credit", "insufficient_balance"),
        ("code_in_200", "402"),
    ],
)
def test_what_cannot_succeed_is_not_tried_again_and_costs_nothing(
    image_api: ImageApi, client: Client, fault: str, code: str
) -> None:
    image_api.faults.add(fault)
    with pytest.raises(ApiError) as failure:
        client.picture("now")
    assert failure.value.code == code
    assert len(image_api.requests) == 1
    assert client.left == Decimal("0.010")


def test_a_task_is_followed_with_growing_pauses(client: Client, pauses: Pauses) -> None:
    (url,) = client.wait_for(client.task("a cat"))
    assert url.endswith(".png")
    assert pauses[:3] == [2, 4, 8]
    assert max(pauses) <= 30


def test_a_completed_task_without_urls_is_asked_again(image_api: ImageApi, client: Client) -> None:
    image_api.faults.add("empty_results")
    assert len(client.wait_for(client.task("a cat"))) == 1


def test_a_task_that_fails_says_why(image_api: ImageApi, client: Client) -> None:
    image_api.faults.add("upstream_busy")
    with pytest.raises(ApiError, match="UPSTREAM_BUSY"):
        client.wait_for(client.task("a cat"))
    assert image_api.accounts[image_api.api_key].total == 1000


def test_the_budget_ends_before_the_money(image_api: ImageApi, client: Client) -> None:
    client.picture("now")
    client.picture("now")
    with pytest.raises(BudgetError, match=r"0\.005 USD are needed, 0\.000 are left"):
        client.picture("now")
    assert len(image_api.requests) == 2
