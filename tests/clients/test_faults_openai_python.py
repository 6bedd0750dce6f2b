"""Every fault as the `openai` package shows it, and as the README's table tells it."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from decimal import Decimal

import openai
import pytest
import urllib3

from mock_server.faults import FAULTS
from mock_server.misbehaviour import parameters
from mock_server.testing import ImageApi, running
from tests.clients.pictures import measure_base64
from tests.readme import table

MODEL = "gpt-image-2-all"
PRICE = Decimal("0.005")
TIMEOUT_S = 0.2
ROWS = {row[0].strip("`"): row for row in table("fault")}
# What takes too long at its defaults for a test that waits for its end.
QUICKER = {"drip": "drip;rate=10000000", "slow": "slow;seconds=0.4"}


@pytest.fixture(scope="module")
def api() -> Iterator[ImageApi]:
    """A mock that answers at once."""
    with running() as api:
        yield api


def test_the_readme_has_a_row_for_every_fault_with_its_parameters() -> None:
    assert list(ROWS) == list(FAULTS)
    for name, kind in FAULTS.items():
        told = dict(re.findall(r"`(\w+)=?(\w*)`", ROWS[name][1]))
        defaults = {key: _shown(value) for key, value in parameters(kind).items()}
        assert told == defaults, name


def _shown(value: object) -> str:
    """A default as the table has it: none for a text, or where it depends."""
    if value is None or isinstance(value, str):
        return ""
    return f"{float(value):g}" if not isinstance(value, int) else str(int(value))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FAULTS)
def test_the_sdk_shows_what_the_readme_says_and_it_costs_that(api: ImageApi, name: str) -> None:
    key = f"sk_sync_{name}"
    seen = _seen(api, key, name if name == "slow" else QUICKER.get(name, name))
    assert ROWS[name][2].replace("`", "").startswith(seen)
    assert api.tasks == []
    if name == "slow":
        return
    expected = Decimal(0) if ROWS[name][4] == "no" else PRICE
    balance = api.accounts[key]
    assert (1000 - balance.total, balance.frozen) == (expected, Decimal(0))


def _seen(api: ImageApi, key: str, fault: str) -> str:
    """What a call with that fault comes to, in the README's words."""
    with openai.OpenAI(
        base_url=api.base_url, api_key=key, max_retries=0, timeout=TIMEOUT_S
    ) as client:
        try:
            answer = client.images.generate(
                model=MODEL,
                prompt="x",
                size="1024x1024",
                quality="low",
                extra_headers={"X-Mock-Fault": fault},
            )
        except openai.APIStatusError as error:
            return f"{type(error).__name__} {error.status_code}"
        except (openai.APIConnectionError, json.JSONDecodeError) as error:
            return type(error).__name__
    return "no error and no data" if answer.data is None else _seen_picture(answer.data[0])


def _seen_picture(image: openai.types.Image) -> str:
    if image.b64_json is None:
        return "only a url"
    try:
        base64.b64decode(image.b64_json)
    except binascii.Error:
        return "a b64_json that does not decode"
    if measure_base64(image.b64_json) != ("PNG", 1024, 1024):
        return "a picture of another size"
    assert image.url is not None
    served = urllib3.request("GET", image.url)
    return "as usual" if served.status == 200 else "a dead url"


@pytest.mark.parametrize("name", FAULTS)
def test_a_task_costs_what_the_readme_says(api: ImageApi, name: str) -> None:
    key = f"sk_task_{name}"
    fault = QUICKER.get(name, name)
    try:
        answer = _create_task(api, key, fault)
    except urllib3.exceptions.HTTPError:
        answer = None
    if name == "slow":
        assert answer is not None
        (task,) = (task for task in api.tasks if task["account"] == key)
        assert task["state"] != "completed"
        return
    assert (answer is None) is (name in {"hang", "reset", "truncate"})
    balance = api.accounts[key]
    told = {"no": (0, 0), "yes": (PRICE, 0), "held": (0, PRICE)}[ROWS[name][4]]
    assert (1000 - balance.total, balance.frozen) == told


def _create_task(api: ImageApi, key: str, fault: str) -> urllib3.BaseHTTPResponse:
    fields = {"model": MODEL, "prompt": "x", "resolution": "1K", "quality": "low"}
    return urllib3.request(
        "POST",
        api.base_url + "/images/generations",
        json=fields,
        headers={"Authorization": f"Bearer {key}", "X-Mock-Fault": fault},
        timeout=TIMEOUT_S,
        retries=False,
    )


@pytest.mark.parametrize(
    "fault, raised",
    [
        ("server_error;html=1", openai.InternalServerError),
        ("hang;paid=1", openai.APITimeoutError),
        ("reset;bytes=0", openai.APIConnectionError),
        ("truncate;bytes=1", openai.APIConnectionError),
    ],
)
def test_the_variants_raise_the_same(
    api: ImageApi, fault: str, raised: type[openai.APIError]
) -> None:
    assert _seen(api, "sk_variants", fault).startswith(raised.__name__)


def test_a_stream_with_a_fault_fails_while_it_is_read() -> None:
    with (
        running(profile="openai") as api,
        openai.OpenAI(base_url=api.base_url, api_key="sk_test", max_retries=0) as client,
    ):
        for fault, raised in (
            ("reset;bytes=30000", openai.APIConnectionError),
            ("bad_json", json.JSONDecodeError),
        ):
            stream = client.images.generate(
                model=MODEL,
                prompt="x",
                size="1024x1024",
                stream=True,
                partial_images=2,
                extra_headers={"X-Mock-Fault": fault},
            )
            with pytest.raises(raised):
                list(stream)
        with pytest.raises(openai.RateLimitError):
            client.images.generate(
                model=MODEL, prompt="x", stream=True, extra_headers={"X-Mock-Fault": "rate_limit"}
            )
