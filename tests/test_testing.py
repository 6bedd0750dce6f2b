"""A mock for scripts and unittest: what `running` gives, and how it ends."""

import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
import urllib3

from mock_server.misbehaviour import FaultError
from mock_server.settings import SettingsError
from mock_server.testing import ImageApi, running
from tests.api import example_request


def status_of(api: ImageApi, path: str) -> int:
    with urllib3.PoolManager(retries=False) as http:
        headers = {"Authorization": f"Bearer {api.api_key}"}
        return http.request("GET", api.base_url + path, headers=headers).status


def test_it_runs_and_is_gone_with_its_thread() -> None:
    before = set(threading.enumerate())
    with running() as api:
        assert status_of(api, "/models") == 200
        assert [request["operation"] for request in api.requests] == ["listModels"]
    assert set(threading.enumerate()) == before
    with pytest.raises(urllib3.exceptions.NewConnectionError, match="refused"):
        status_of(api, "/models")


@pytest.mark.parametrize(
    "asked", [{"size": "2048x1152"}, {"size": "2048x1152", "output_format": "webp"}]
)
def test_drawing_leaves_neither_threads_nor_sockets(asked: dict[str, str]) -> None:
    before = set(threading.enumerate()), _sockets()
    with running() as api, urllib3.PoolManager(retries=False) as http:
        headers = {"Authorization": f"Bearer {api.api_key}"}
        fields = {**example_request(), **asked}
        url = f"{api.base_url}/images/generations"
        assert http.request("POST", url, json=fields, headers=headers).status == 200
    assert (set(threading.enumerate()), _sockets()) == before


def _sockets() -> set[str]:
    links = Path("/proc/self/fd").iterdir()
    opened = {str(link.readlink()) for link in links if link.is_symlink()}
    return {what for what in opened if what.startswith("socket:")}


def test_a_reset_makes_it_as_new() -> None:
    with running(clock="manual") as api:
        now = api.clock.now
        api.accounts["sk_a"] = "0.5"
        api.clock.advance(100)
        api.faults.add("rate_limit")
        assert status_of(api, "/models") == 429
        api.reset()
        assert (api.clock.now, api.faults.rules, api.requests) == (now, [], [])
        assert api.accounts["sk_a"].total == 1000
        assert status_of(api, "/models") == 200


def test_settings_are_read_like_those_of_the_command() -> None:
    with running(key=["sk_a:1.50"], min_polls="2", strict_fields=True, balance=3) as api:
        settings = api.mock.settings
        assert (settings.min_polls, settings.strict_fields) == (2, True)
        assert settings.balance == Decimal(3)
        assert api.accounts["sk_a"].total == Decimal("1.50")


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"clok": "manual"}, "no setting 'clok'; known: host, port"),
        ({"clock": "broken"}, "clock: must be one of scaled, manual; got 'broken'"),
        ({"time_scale": -1}, "time_scale: must be a number from 0"),
        ({"profile": "nobody"}, "--profile: must be one of"),
        ({"host": "192.0.2.1"}, "cannot listen on 192.0.2.1:0"),
    ],
)
def test_what_it_cannot_be_set_to_is_told_and_leaves_nothing(
    settings: dict[str, object], says: str
) -> None:
    before = set(threading.enumerate())
    with pytest.raises(SettingsError) as refused, running(**settings):
        pass
    assert str(refused.value).startswith(says)
    assert set(threading.enumerate()) == before


def test_a_fault_that_is_none_is_told_where_it_is_asked_for() -> None:
    with running() as api:
        with pytest.raises(FaultError, match="unknown fault 'rate-limit'"):
            api.faults.add("rate-limit")
        with pytest.raises(FaultError, match=r"match\.operation: no 'models'; known: "):
            api.faults.add("rate_limit", match={"operation": "models"})
        assert api.faults.rules == []


def test_waiting_for_sleepers_does_not_last_for_ever() -> None:
    with running(clock="manual") as api, pytest.raises(TimeoutError):
        api.clock.until_sleeping(within_s=0.01)


@pytest.mark.parametrize("fault", ["hang", "slow;seconds=100"])
def test_it_stops_although_a_request_waits(fault: str) -> None:
    answers: list[object] = []

    def ask(api: ImageApi) -> None:
        try:
            answers.append(status_of(api, "/models"))
        except urllib3.exceptions.HTTPError as error:
            answers.append(error)

    with running(clock="manual") as api:
        api.faults.add(fault)
        thread = threading.Thread(target=ask, args=(api,))
        thread.start()
        if fault == "hang":
            while not api.faults.rules[0]["applied"]:
                time.sleep(0.001)
        else:
            api.clock.until_sleeping()
    thread.join(timeout=5)
    assert len(answers) == 1
