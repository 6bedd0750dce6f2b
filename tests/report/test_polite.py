"""The report inside a test, with the real OpenAI SDK as the client under test."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import openai
import pytest
import urllib3

from mock_server.expectations import ExpectationError
from mock_server.report import FINDINGS
from mock_server.testing import ImageApi, ImpoliteClient, UnmetExpectation, running
from tests.readme import table

MODEL = "gpt-image-2-all"


@pytest.fixture(scope="module")
def image_api() -> Iterator[ImageApi]:
    """A mock on which nothing takes time."""
    with running() as api:
        yield api


@pytest.fixture(autouse=True)
def _as_new(image_api: ImageApi) -> None:
    image_api.reset()


@pytest.fixture
def sdk(image_api: ImageApi) -> Iterator[openai.OpenAI]:
    """The SDK as it comes, with its two retries."""
    with openai.OpenAI(base_url=image_api.base_url, api_key=image_api.api_key) as client:
        yield client


def generate(client: openai.OpenAI, **changes: Any) -> openai.types.ImagesResponse:
    asked = {"model": MODEL, "prompt": "a red cube", "size": "1024x1024"} | changes
    answer: openai.types.ImagesResponse = client.images.generate(**asked)
    return answer


def test_the_sdk_as_it_comes_is_polite(image_api: ImageApi, sdk: openai.OpenAI) -> None:
    generate(sdk)
    sdk.images.edit(
        model=MODEL,
        prompt="a blue cube",
        size="1024x1024",
        image=urllib3.request("GET", str((generate(sdk).data or [])[0].url)).data,
    )
    sdk.models.list()
    with pytest.raises(openai.BadRequestError):
        generate(sdk, size="1000x1000")
    image_api.assert_polite()


@pytest.mark.parametrize("fault", ["rate_limit;retry_after=1", "server_error", "upstream_busy"])
def test_its_retries_are_polite(image_api: ImageApi, sdk: openai.OpenAI, fault: str) -> None:
    image_api.faults.add(fault, times=1)
    generate(sdk)
    image_api.expect("createImage", exactly=2)
    image_api.assert_polite()


def test_its_retries_of_an_edit_are_polite(image_api: ImageApi, sdk: openai.OpenAI) -> None:
    url = (generate(sdk).data or [])[0].url
    picture = urllib3.request("GET", str(url)).data
    image_api.faults.add("rate_limit;retry_after_ms=50", match={"operation": "editImage"}, times=2)
    sdk.images.edit(model=MODEL, prompt="x", size="1024x1024", image=picture)
    image_api.expect("editImage", exactly=2, status=429, fields={"prompt": "x"})
    image_api.assert_polite()


def test_its_retries_in_time_are_polite() -> None:
    with (
        running(time_scale=0.001) as image_api,
        openai.OpenAI(base_url=image_api.base_url, api_key=image_api.api_key) as client,
    ):
        image_api.faults.add("rate_limit;retry_after_ms=20", times=2)
        generate(client)
        image_api.assert_polite()


def test_a_timeout_that_is_too_short_is_paid_for() -> None:
    """On a clock that stands still the client waits in reality, and goes, and comes again."""
    with (
        running(clock="manual") as image_api,
        openai.OpenAI(
            base_url=image_api.base_url, api_key=image_api.api_key, timeout=0.3, max_retries=1
        ) as client,
    ):
        with pytest.raises(openai.APITimeoutError):
            generate(client, quality="high")
        assert image_api.report().names == ["timeout-too-short"]
        image_api.clock.advance(200)
        with suppress(openai.APITimeoutError):
            generate(client, quality="high")
        image_api.clock.advance(200)
        assert set(image_api.report().names) == {"paid-twice", "timeout-too-short"}


def test_who_leaves_the_size_out_is_told(image_api: ImageApi, sdk: openai.OpenAI) -> None:
    with suppress(AttributeError, TypeError):
        generate(sdk, size=None)
    with pytest.raises(ImpoliteClient, match=r"size-left-out\n  A request without a WxH size"):
        image_api.assert_polite()


def test_a_loop_without_a_wait_is_told_with_its_requests(image_api: ImageApi) -> None:
    image_api.faults.add("rate_limit;retry_after=2", times=1)
    with openai.OpenAI(
        base_url=image_api.base_url, api_key=image_api.api_key, max_retries=0
    ) as client:
        with pytest.raises(openai.RateLimitError):
            generate(client)
        generate(client)
    (finding,) = image_api.report().findings
    assert finding.name == "retry-after-ignored"
    assert [exchange.status for exchange in finding.requests] == [429, 200]
    assert re.search(
        r"asked to wait 2 s; the equal request came again after 0\.\d\d s", str(image_api.report())
    )


def test_findings_can_be_ignored_by_their_names(image_api: ImageApi, sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        generate(sdk, size="1x1")
    with pytest.raises(openai.BadRequestError):
        generate(sdk, size="1x1")
    with pytest.raises(ImpoliteClient, match="hopeless-retry"):
        image_api.assert_polite(ignoring=["paid-twice"])
    image_api.assert_polite(ignoring=["hopeless-retry"])
    with pytest.raises(ValueError, match=r"ignoring: must be of paid-twice, .*; got 'hopeless'"):
        image_api.assert_polite(ignoring=["hopeless"])


def test_an_expectation_in_a_test(image_api: ImageApi, sdk: openai.OpenAI) -> None:
    generate(sdk)
    image_api.expect("createImage", size="1024x1024", prompt="^a red", status=200)
    with pytest.raises(UnmetExpectation, match="size is '1024x1024', not '2048x2048'"):
        image_api.expect("createImage", size="2048x2048")
    with pytest.raises(ExpectationError, match="operation: must be one of"):
        image_api.expect("create_image")


def report(image_api: ImageApi, query: str = "", accept: str = "*/*") -> urllib3.BaseHTTPResponse:
    url = f"{image_api.origin}/_mock/report{query}"
    return urllib3.request("GET", url, headers={"Accept": accept})


def test_the_report_is_data_or_text(image_api: ImageApi, sdk: openai.OpenAI) -> None:
    for _ in range(2):
        with pytest.raises(openai.BadRequestError):
            generate(sdk, size="1x1")
    told = report(image_api).json()
    assert (told["polite"], told["seen"], told["judged"]) == (False, 2, 2)
    (finding,) = told["findings"]
    assert finding["finding"] == "hopeless-retry"
    assert [request["status"] for request in finding["requests"]] == [400, 400]
    text = report(image_api, accept="text/plain").data.decode()
    assert text == report(image_api, "?format=text").data.decode() == f"{image_api.report()}\n"
    assert text.startswith("2 of 2 requests judged: 1 finding\n\nhopeless-retry\n")
    assert report(image_api, "?format=json", accept="text/plain").json() == told
    assert report(image_api, "?format=xml").status == 400


def test_the_interface_names_every_finding(image_api: ImageApi) -> None:
    document = urllib3.request("GET", f"{image_api.origin}/_mock/openapi.json").json()
    named = document["components"]["schemas"]["Finding"]["properties"]["finding"]["enum"]
    assert tuple(named) == FINDINGS


def test_the_readme_explains_every_finding() -> None:
    assert [name.strip("`") for name, _ in table("finding")] == list(FINDINGS)
