"""The fixture in other people's tests, run in a pytest of its own."""

import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]

CALL = """
import json, threading, time, urllib.error, urllib.request
import pytest

def ask(api, path, fields=None, key=None):
    headers = {"Authorization": f"Bearer {key or api.api_key}", "Content-Type": "application/json"}
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(api.base_url + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)

def create(api, **fields):
    whole = {"model": "gpt-image-2-all", "prompt": "x", "quality": "low", **fields}
    return ask(api, "/images/generations", whole)
"""

Run = Callable[..., pytest.RunResult]
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
OPTIONS = ("-p", "no:schemathesis", "-p", "no:cacheprovider", "-W", "error")


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Runs a file of tests in this process."""

    def run(code: str, *options: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(INI + ini)
        pytester.makepyfile(CALL + code)
        return pytester.runpytest_inprocess(*OPTIONS, *options)

    return run


def test_nothing_leaks_from_test_to_test(run: Run) -> None:
    result = run("""
pytestmark = pytest.mark.image_api(clock="manual")
seen = {}

def test_leaves_traces(image_api):
    seen["url"], seen["now"] = image_api.base_url, image_api.clock.now
    image_api.accounts["sk_other"] = "0.01"
    image_api.faults.add("late_webhook")
    task = create(image_api, callback_url="http://127.0.0.1:9/hook")
    assert task[0] == 200
    image_api.clock.advance(1000)
    image_api.faults.add("hang", priority=1)
    for fields in ({"size": "1024x1024"}, {}):
        threading.Thread(target=swallowed, args=(image_api, fields), daemon=True).start()
    while image_api.faults.rules[-1]["applied"] < 2:
        time.sleep(0.001)
    image_api.faults.clear()
    threading.Thread(target=swallowed, args=(image_api, {"size": "1024x1024"})).start()
    while not image_api.accounts[image_api.api_key].frozen:
        time.sleep(0.001)
    image_api.clock.until_sleeping()

def swallowed(api, fields):
    try:
        create(api, **fields)
    except OSError:
        pass

def test_finds_none(image_api):
    assert image_api.base_url == seen["url"]
    assert image_api.clock.now == seen["now"]
    assert image_api.clock.sleeping == 0
    assert image_api.requests == image_api.tasks == image_api.faults.rules == []
    for key in ("sk_other", image_api.api_key):
        balance = image_api.accounts[key]
        assert (balance.total, balance.frozen) == (1000, 0)
""")
    result.assert_outcomes(passed=2)


def test_nothing_is_left_at_the_end(run: Run) -> None:
    before = set(threading.enumerate())
    result = run("""
def test_one(image_api):
    assert create(image_api, size="1024x1024")[0] == 200

@pytest.mark.image_api(profile="openai")
def test_other(image_api):
    assert create(image_api)[1]["data"][0]["url"]
""")
    result.assert_outcomes(passed=2)
    assert set(threading.enumerate()) == before


def test_a_marker_sets_the_mock(run: Run) -> None:
    result = run("""
@pytest.mark.image_api(key=["sk_rich:10", "sk_poor:0.001"], profile="openai", min_polls=2)
def test_settings(image_api):
    assert image_api.api_key == "sk_rich"
    assert ask(image_api, "/models", key="sk_any")[0] == 401
    assert ask(image_api, "/balance", key="sk_poor")[1]["data"]["total"] == 0.001

@pytest.mark.image_api(clok="manual")
def test_a_wrong_one(image_api): ...
""")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*SettingsError: no setting 'clok'; known: host, port, *"])


@pytest.mark.parametrize("scope, seen", [("function", "1, 1"), ("module", "1, 2")])
def test_the_scope_can_be_chosen(run: Run, scope: str, seen: str) -> None:
    result = run(
        f"""
seen = []

def test_one(image_api):
    ask(image_api, "/models")
    seen.append(len(image_api.requests))

def test_two(image_api):
    ask(image_api, "/models")
    seen.append(len(image_api.requests))
    assert seen == [{seen}]
""",
        ini=f"image_api_scope = {scope}",
    )
    result.assert_outcomes(passed=2)


def test_a_scope_that_is_none_is_told(run: Run) -> None:
    result = run("def test_one(image_api): ...", ini="image_api_scope = forever")
    result.stdout.fnmatch_lines(["*image_api_scope: must be one of function, class, *'forever'*"])
    assert result.ret != 0


def test_it_works_in_async_tests(run: Run) -> None:
    result = run("""
import asyncio
import aiohttp

@pytest.mark.image_api(clock="manual")
async def test_async(image_api):
    async with aiohttp.ClientSession() as client:
        url = image_api.base_url + "/images/generations"
        headers = {"Authorization": f"Bearer {image_api.api_key}"}
        fields = {"model": "gpt-image-2-all", "prompt": "x", "size": "1024x1024"}
        request = asyncio.ensure_future(client.post(url, json=fields, headers=headers))
        await asyncio.to_thread(image_api.clock.until_sleeping)
        image_api.clock.advance(120)
        async with await request as answer:
            assert answer.status == 200
""")
    result.assert_outcomes(passed=1)


def test_workers_have_mocks_of_their_own(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    pytester.makepyfile(
        CALL
        + """
@pytest.mark.parametrize("number", range(6))
def test_alone(image_api, number):
    assert create(image_api, size="1024x1024")[0] == 200
    assert len(image_api.requests) == 1
"""
    )
    pytester.runpytest_subprocess(*OPTIONS, "-n", "2").assert_outcomes(passed=6)


def test_loading_it_imports_nothing_of_the_server() -> None:
    code = (
        "import sys, pytest, mock_server.pytest_plugin;"
        "print(sorted(name for name in sys.modules if name.startswith('mock_server')),"
        " 'aiohttp' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert told.strip() == "['mock_server', 'mock_server.pytest_plugin'] False"
