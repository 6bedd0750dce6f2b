"""A mock as a pytest fixture: `def test_x(image_api): ...`.

    image_api               a running mock, fresh for each test: `.base_url`, `.api_key`, `.clock`,
                            `.faults`, `.requests`, `.accounts`, `.tasks`, `.reset()`
    @pytest.mark.image_api(clock="manual", profile="openai", ...)
                            other settings for a test, a class or a module
    image_api_scope = "module"        in the ini file: a mock lives longer than one test

The mock listens on a free port of 127.0.0.1 in a thread of the test process (of each worker under
xdist); one server is kept for equal settings and made as new between tests.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, cast, get_args

import pytest

if TYPE_CHECKING:
    from mock_server.testing import ImageApi

__all__ = ["image_api", "pytest_addoption", "pytest_configure"]

_Scope = Literal["function", "class", "module", "package", "session"]
_SCOPES: tuple[_Scope, ...] = get_args(_Scope)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini setting `image_api_scope`."""
    parser.addini("image_api_scope", "scope of the fixture image_api", default="function")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "image_api(**settings): settings of the mock behind the fixture image_api"
    )


class _Servers:
    """Running mocks by their settings."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[str, ImageApi] = {}

    def api(self, settings: dict[str, object]) -> "ImageApi":
        """The mock with these settings, started at its first use."""
        # A plugin is loaded in every run of pytest, the server only where a test asks for it.
        from mock_server.testing import running  # noqa: PLC0415

        asked = repr(sorted(settings.items()))
        if asked not in self._running:
            self._running[asked] = self._stack.enter_context(running(**settings))
        return self._running[asked]


@pytest.fixture(scope="session")
def _image_api_servers() -> Iterator[_Servers]:
    with ExitStack() as stack:
        yield _Servers(stack)


def _scope(fixture_name: str, config: pytest.Config) -> _Scope:
    wanted = config.getini("image_api_scope")
    for scope in _SCOPES:
        if scope == wanted:
            return scope
    allowed = ", ".join(_SCOPES)
    raise pytest.UsageError(f"image_api_scope: must be one of {allowed}; got {wanted!r}")


@pytest.fixture(scope=_scope)
def image_api(request: pytest.FixtureRequest, _image_api_servers: _Servers) -> Iterator["ImageApi"]:
    """A running mock, as new; see the module for what it offers and how it is set."""
    marker = cast("pytest.Item", request.node).get_closest_marker("image_api")
    api = _image_api_servers.api({} if marker is None else dict(marker.kwargs))
    api.reset()
    yield api
    api.reset()
