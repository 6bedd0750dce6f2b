"""Bad days, rehearsed with the `openai` package from PyPI: what it raises, when it tries again."""

from collections.abc import Callable
from decimal import Decimal

import openai
import pytest

from tests.clients.mocks import RunningMock
from tests.clients.pictures import measure_base64

MODEL = "gpt-image-2-all"
PRICE = Decimal("0.005")


def generate(mock: RunningMock, key: str, fault: str, *, retries: int = 0) -> openai.types.Image:
    """One picture, asked for with `fault` in a header, so that every try meets it."""
    with openai.OpenAI(base_url=mock.base_url, api_key=key, max_retries=retries) as client:
        answer = client.images.generate(
            model=MODEL,
            prompt="x",
            size="1024x1024",
            quality="low",
            extra_headers={"X-Mock-Fault": fault},
        )
    assert answer.data is not None
    return answer.data[0]


def tries(mock: RunningMock, key: str) -> int:
    """How many requests of this account the mock has seen."""
    return len(mock.get(f"/_mock/requests?key={key}")["requests"])


@pytest.mark.parametrize(
    "fault, raised, status, code",
    [
        ("rate_limit", openai.RateLimitError, 429, "rate_limit_exceeded"),
        ("no_credit", openai.APIStatusError, 402, "insufficient_balance"),
        ("moderation", openai.BadRequestError, 400, "moderation_blocked"),
        ("upstream_busy", openai.InternalServerError, 503, "upstream_busy"),
        ("upstream_failed", openai.InternalServerError, 502, "upstream_failed"),
        ("timeout", openai.InternalServerError, 504, "timeout"),
        ("internal_error", openai.InternalServerError, 500, "internal_error"),
        ("server_error;status=524", openai.InternalServerError, 524, "server_error"),
        ("server_error;html=1", openai.InternalServerError, 500, None),
    ],
)
def test_a_failure_is_raised_as_its_class_and_costs_nothing(
    provider: RunningMock,
    key: str,
    fault: str,
    raised: type[openai.APIStatusError],
    status: int,
    code: str | None,
) -> None:
    before = provider.balance(key)
    with pytest.raises(raised) as failure:
        generate(provider, key, fault)
    assert (failure.value.status_code, failure.value.code) == (status, code)
    assert failure.value.request_id
    assert provider.balance(key) == before


@pytest.mark.parametrize("fault", ["reset", "truncate"])
def test_a_broken_connection_is_a_connection_error(
    provider: RunningMock, key: str, fault: str
) -> None:
    with pytest.raises(openai.APIConnectionError):
        generate(provider, key, fault)


@pytest.fixture
def failing(provider: RunningMock, key: str) -> Callable[..., None]:
    """Lets the next requests of the test's account meet a fault."""

    def fail(fault: str, *, times: int) -> None:
        rule = {"fault": fault, "match": {"key": key}, "times": times}
        provider.post("/_mock/faults", rule)

    return fail


@pytest.mark.parametrize(
    "fault",
    [
        "rate_limit;retry_after_ms=20",
        "rate_limit;retry_after=0.02",
        "server_error;status=503",
        "server_error;html=1",
    ],
)
def test_a_passing_failure_is_retried_and_paid_once(
    provider: RunningMock, key: str, failing: Callable[..., None], fault: str
) -> None:
    before = Decimal(str(provider.balance(key)["total"]))
    failing(fault, times=2)
    image = generate(provider, key, "", retries=2)
    assert measure_base64(image.b64_json) == ("PNG", 1024, 1024)
    assert before - Decimal(str(provider.balance(key)["total"])) == PRICE


def test_an_answer_lost_on_its_way_is_paid_twice(
    provider: RunningMock, key: str, failing: Callable[..., None]
) -> None:
    """The first answer was made, charged and cut off; the SDK asks for another by itself."""
    before = Decimal(str(provider.balance(key)["total"]))
    failing("reset", times=1)
    generate(provider, key, "", retries=1)
    assert before - Decimal(str(provider.balance(key)["total"])) == 2 * PRICE


def test_what_is_not_to_be_retried_is_not(provider: RunningMock, key: str) -> None:
    with pytest.raises(openai.RateLimitError):
        generate(provider, key, "rate_limit;should_retry=false", retries=2)
    assert tries(provider, key) == 1


def test_a_failure_told_with_status_200_goes_unnoticed(provider: RunningMock, key: str) -> None:
    """The SDK validates nothing: a caller sees it only when `data` is missing."""
    with openai.OpenAI(base_url=provider.base_url, api_key=key) as client:
        answer = client.images.generate(
            model=MODEL,
            prompt="x",
            size="1024x1024",
            extra_headers={"X-Mock-Fault": "code_in_200"},
        )
    assert answer.data is None
    assert answer.model_extra == {"code": 402, "msg": "insufficient balance"}
