"""A server that keeps the contract is never accused: both profiles, whatever the clock and seed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEY = "sk_no_false_alarm"
PROFILES = ("provider", "openai")
SCALES = ("0.01", "0")
WORKERS = ("0", "2")
WAYS = [
    (profile, scale, workers) for profile in PROFILES for scale in SCALES for workers in WORKERS
]


@contextmanager
def mock(profile: str, scale: str) -> Iterator[str]:
    """The base URL of a mock."""
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--quiet"]
    server = subprocess.Popen(
        [*command, "--profile", profile, "--time-scale", scale],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = server.stdout.readline() if server.stdout else ""
        yield line.split()[-1]
    finally:
        server.terminate()
        server.wait(10)
        if server.stdout:
            server.stdout.close()


# Ten seeds over the eight ways: the first two ways have two.
@pytest.mark.sharp
@pytest.mark.parametrize(
    "profile, scale, workers, seed",
    [(*way, seed) for seed, way in enumerate([*WAYS, *WAYS[:2]], start=1)],
)
def test_the_mock_is_never_accused(profile: str, scale: str, workers: str, seed: int) -> None:
    with mock(profile, scale) as base_url:
        command = [sys.executable, "-m", "contracts", "--base-url", base_url, "--api-key", KEY]
        run = subprocess.run(
            [*command, "--seed", str(seed), "--", "-n", workers],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert "The target conforms" in run.stdout
