"""Mocks to point the clients at: each is started once, each test has an account of its own."""

import uuid
from collections.abc import Iterator

import pytest

from tests.clients.mocks import POOR, RICH, RunningMock, running_mock


@pytest.fixture(scope="session")
def provider() -> Iterator[RunningMock]:
    """A mock that keeps the provider's page to the letter, and answers at once."""
    with running_mock("--time-scale", "0") as mock:
        yield mock


@pytest.fixture(scope="session")
def openai_profile() -> Iterator[RunningMock]:
    """A mock in profile `openai`, which answers at once."""
    with running_mock("--time-scale", "0", "--profile", "openai") as mock:
        yield mock


@pytest.fixture(scope="session")
def closed() -> Iterator[RunningMock]:
    """A mock that knows two keys only: a rich one and one that cannot pay for a picture."""
    with running_mock("--time-scale", "0", "--key", f"{RICH}:10", "--key", f"{POOR}:0.001") as mock:
        yield mock


@pytest.fixture(scope="session")
def patient() -> Iterator[RunningMock]:
    """A mock whose tasks are unfinished at the first poll and finished at the second."""
    with running_mock("--time-scale", "0", "--min-polls", "1") as mock:
        yield mock


@pytest.fixture
def stopped_clock() -> Iterator[RunningMock]:
    """A mock on which no time passes until the test says so."""
    with running_mock("--clock", "manual") as mock:
        yield mock


@pytest.fixture
def key() -> str:
    """The key of an account that no other test uses."""
    return f"sk_{uuid.uuid4().hex}"
