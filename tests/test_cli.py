"""The command: what it says when it is ready or cannot start, and how it stops."""

import contextlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3

from mock_server.cli import main
from mock_server.contract import default_path

ROOT = Path(__file__).resolve().parents[1]
READY = re.compile(r"listening on http://127\.0\.0\.1:(\d+)/api/v1\n")
# A quick picture takes 35 to 45 seconds of the service: here about a second.
SLOWLY = ("--time-scale", "0.03")
PICTURE = {"model": "gpt-image-2-all", "prompt": "a cube", "size": "1024x640", "quality": "low"}


class Command:
    """The command as a process, once it is ready."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.lines = [process.stdout.readline() for _ in range(3)]
        ready = READY.fullmatch(self.lines[0])
        assert ready is not None, self.lines
        self.origin = f"http://127.0.0.1:{ready[1]}"

    def ask(
        self, method: str, path: str, fields: object = None, *, key: str = "sk_test"
    ) -> urllib3.BaseHTTPResponse:
        """One request; `path` is from the root."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = None if fields is None else json.dumps(fields)
        return urllib3.request(method, self.origin + path, headers=headers, body=body, timeout=30)

    def create(self, **fields: object) -> urllib3.BaseHTTPResponse:
        """A picture of low quality."""
        return self.ask("POST", "/api/v1/images/generations", {**PICTURE, **fields})

    def about(self) -> Any:
        """What the mock tells of itself."""
        return self.ask("GET", "/_mock/").json()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Tell it to stop; its exit status and what it logged."""
        self.process.send_signal(number)
        _, logged = self.process.communicate(timeout=30)
        return self.process.returncode, logged


@contextlib.contextmanager
def started(*options: str, **environ: str) -> Iterator[Command]:
    """The command with these options and variables, on a free port; killed if it is still there."""
    variables = {f"MOCK_SERVER_{name.upper()}": text for name, text in environ.items()}
    command = [sys.executable, "-m", "mock_server", *options]
    if "port" not in environ:
        command += ["--port", "0"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Command(process)
        finally:
            process.kill()


@pytest.fixture
def _logs_restored() -> Iterator[None]:
    """The command sets up the log of its process; here that is the tests' own."""
    logger = logging.getLogger("mock_server")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


class Refused:
    """What the command says when it does not start."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *options: str) -> str:
        """The one line on standard error, without the name of the command."""
        assert main([*options]) == 2
        printed = self._capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("mock-server: ")
        assert printed.err.count("\n") == 1, printed.err
        assert "Traceback" not in printed.err
        return printed.err.removeprefix("mock-server: ").rstrip("\n")


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], _logs_restored: None) -> Refused:
    """Runs the command in this process, which must not start."""
    return Refused(capsys)


@pytest.mark.parametrize(
    "options, says",
    [
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["positional"], "unrecognized arguments: positional"),
        (["--port"], "--port: expected one argument"),
        (["--port", "http"], "--port: must be a whole number of at least 0; got 'http'"),
        (["--port", "65536"], "--port: must be 0 to 65535"),
        (["--port", "-1"], "--port"),
        (["--prof", "openai"], "unrecognized arguments: --prof"),
        (["--profile", "azure"], "--profile: must be one of provider, openai; got 'azure'"),
        (
            ["--error-style", "xml"],
            "--error-style: must be one of hybrid, openai, native; got 'xml'",
        ),
        (["--time-scale", "nan"], "--time-scale: must be a number from 0"),
        (["--time-scale", "fast"], "--time-scale: "),
        (["--clock", "atomic"], "--clock: must be one of scaled, manual; got 'atomic'"),
        (["--balance", "-1"], "--balance: must be an amount in USD, not negative"),
        (["--balance", "NaN"], "--balance: "),
        (["--key", "a b"], "--key: must be KEY or KEY:USD"),
        (["--key", "sk_x:lots"], "--key: must be an amount in USD"),
        (["--key", "clé"], "--key: must be KEY or KEY:USD"),
        (["--public-url", "mock.example"], "--public-url: must be an http or https URL"),
        (["--log", "xml"], "--log: must be one of text, json; got 'xml'"),
        (["--spec", "/no/such/file.yaml"], "/no/such/file.yaml: No such file or directory"),
        (["--spec", "/"], "/: Is a directory"),
        (["--host", "256.256.256.256", "--port", "0"], "cannot listen on 256.256.256.256:0: "),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    refused: Refused, options: list[str], says: str
) -> None:
    assert says in refused(*options)


@pytest.mark.parametrize(
    "source, says",
    [
        ("", "the file: must be a mapping; got nothing"),
        ("just text", "the file: must be a mapping"),
        ("a: [", "is not YAML"),
        ("\x00", "is not YAML"),
        ("{}", "is missing"),
        ("&a [*a]", "the file: must be a mapping"),
    ],
)
def test_a_broken_contract_is_said_in_one_line(
    refused: Refused, tmp_path: Path, source: str, says: str
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(source, encoding="utf-8")
    assert says in refused("--spec", str(broken))


@pytest.mark.parametrize(
    "old, new, says",
    [
        (
            "data: {multiple: 16}",
            "data: {multiple: 16, step: 8}",
            "size-grid.data.step: unknown key",
        ),
        ("data: {multiple: 16}", "data: {}", "size-grid.data.multiple: is missing"),
        ("data: {multiple: 16}", "data: {multiple: many}", "multiple: must be a whole number"),
        ('1K: {low: "0.005"', "1K: {low: 0.005", "low: must be"),
        ("operationId: createImage\n", "operationId: makeImage\n", "makeImage"),
    ],
)
def test_a_contract_with_a_wrong_key_is_refused_with_its_place(
    refused: Refused, tmp_path: Path, old: str, new: str, says: str
) -> None:
    source = default_path().read_text(encoding="utf-8")
    assert old in source
    changed = tmp_path / "changed.yaml"
    changed.write_text(source.replace(old, new, 1), encoding="utf-8")
    assert says in refused("--spec", str(changed))


def test_a_port_in_use_is_said_in_one_line(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("--port", str(port))
        assert said.startswith(f"cannot listen on 127.0.0.1:{port}: ")
        assert "in use" in said


def test_the_process_ends_with_2_and_one_line_as_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mock_server", "--profile", "azure"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mock-server: --profile: must be one of provider, openai; got 'azure'\n"


def test_help_is_printed_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--time-scale F" in capsys.readouterr().out


def test_it_says_where_it_listens_and_what_to_paste_and_logs_a_line_for_each_request() -> None:
    with started("--time-scale", "0") as command:
        base = f"{command.origin}/api/v1"
        assert command.lines[1:] == [
            f"  export OPENAI_BASE_URL={base}\n",
            "  export OPENAI_API_KEY=sk_test\n",
        ]
        assert command.create().status == 200
        assert command.create(size="1000x1000").status == 400
        status, logged = command.stop()
        lines = logged.splitlines()
        assert (status, len(lines)) == (0, 2), logged
        assert lines[0].startswith(
            "200 POST /api/v1/images/generations sync 1024x640 low 0.005 USD"
        )
        assert lines[1].startswith("400 POST /api/v1/images/generations [size-grid] size: ")


def running_request(command: Command, pool: ThreadPoolExecutor, **fields: object) -> Any:
    """A request that the mock is at work on."""
    sent = pool.submit(command.create, **fields)
    while command.about()["counts"]["waiting"] == 0:
        threading.Event().wait(0.01)
    return sent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_told_to_stop_it_answers_what_it_has_begun_and_ends_well(number: signal.Signals) -> None:
    with started(*SLOWLY) as command, ThreadPoolExecutor() as pool:
        picture = running_request(command, pool)
        streamed = pool.submit(command.ask, "GET", "/api/v1/models")
        assert streamed.result().status == 200
        status, logged = command.stop(number)
        answer = picture.result()
        assert (answer.status, len(answer.json()["data"])) == (200, 1)
        assert (status, "Traceback" in logged) == (0, False), logged


def test_told_twice_it_ends_at_once() -> None:
    with started("--time-scale", "10") as command, ThreadPoolExecutor() as pool:
        picture = running_request(command, pool)
        command.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            while command.ask("GET", "/api/v1/models").status:
                threading.Event().wait(0.01)
        command.process.send_signal(signal.SIGTERM)
        assert command.process.wait(timeout=30) == -signal.SIGTERM
        assert isinstance(picture.exception(timeout=30), urllib3.exceptions.HTTPError)


def test_every_option_is_a_variable_too() -> None:
    variables = {
        "port": "0", "profile": "openai", "time_scale": "0", "key": "sk_a:1.5,sk_b", "balance": "7",
        "error_style": "openai", "seed": "3", "min_polls": "1", "quiet": "1",
        "model_alias": "my-model", "strict_fields": "yes",
    }  # fmt: skip
    with started("--min-polls", "2", **variables) as command:
        assert command.lines[2] == "  export OPENAI_API_KEY=sk_a\n"
        about = command.about()
        assert (about["profile"], about["error_style"]) == ("openai", "openai")
        assert (about["min_polls"], about["settings"]["seed"]) == (2, 3)
        assert about["settings"]["strict_fields"] is True
        accounts = command.ask("GET", "/_mock/accounts").json()["accounts"]
        assert {account["key"]: account["total"] for account in accounts} == {
            "sk_a": 1.5,
            "sk_b": 7,
        }
        refusal = command.ask("GET", "/api/v1/models", key="sk_c")
        assert (refusal.status, refusal.json().keys()) == (401, {"error"})
        command.ask("POST", "/api/v1/images/generations", {"prompt": "x", "sise": 1}, key="sk_a")
        status, logged = command.stop()
        assert (status, logged) == (0, "")


def test_options_of_the_answers_take_effect() -> None:
    options = ["--public-url", "https://mock.example/x", "--no-control", "--log", "json"]
    with started(
        "--time-scale", "0", "--strict-fields", "--model-alias", "my-model", *options
    ) as command:
        assert command.ask("GET", "/_mock/").status == 404
        answer = command.create(model="my-model")
        assert answer.json()["data"][0]["url"].startswith("https://mock.example/x/api/v1/results/")
        refusal = command.create(sise="1024x640")
        assert (refusal.status, refusal.json()["error"]["param"]) == (400, "sise")
        status, logged = command.stop()
        lines = [json.loads(line) for line in logged.splitlines()]
        assert status == 0
        assert [line["status"] for line in lines] == [404, 200, 400]
        assert (lines[1]["price"], lines[1]["prompt"]) == ("0.005", "a cube")
        assert lines[2]["rule"] == "unknown-fields"
        assert "sk_test" not in logged


def test_malformed_http_leaves_no_trace_but_its_refusal() -> None:
    with started("--time-scale", "0") as command:
        port = int(command.origin.rpartition(":")[2])
        for noise in (b"\x16\x03\x01 noise\r\n\r\n", b"GET /x HTTP/1.1\r\nbad\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
                wire.sendall(noise)
                assert wire.recv(65536).startswith(b"HTTP/1.0 400 Bad Request\r\n")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
            wire.sendall(
                b"POST /api/v1/images/edits HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n"
            )
        status, logged = command.stop()
        assert (status, "Traceback" in logged) == (0, False), logged
