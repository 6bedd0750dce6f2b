"""A server that keeps the contract is never accused: both profiles, whatever the clock and seed."""

import pytest

from tests.suite.judging import judged, serving

PROFILES = ("provider", "openai")
SCALES = ("0.01", "0")
WORKERS = ("0", "2")
WAYS = [
    (profile, scale, workers) for profile in PROFILES for scale in SCALES for workers in WORKERS
]


# Ten seeds over the eight ways: the first two ways have two.
@pytest.mark.sharp
@pytest.mark.parametrize(
    "profile, scale, workers, seed",
    [(*way, seed) for seed, way in enumerate([*WAYS, *WAYS[:2]], start=1)],
)
def test_the_mock_is_never_accused(profile: str, scale: str, workers: str, seed: int) -> None:
    ways = ("--profile", profile, "--time-scale", scale)
    with serving("mock_server", *ways) as base_url:
        run = judged(base_url, "--seed", str(seed), "--", "-n", workers)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert "The target conforms" in run.stdout
