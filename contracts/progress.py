"""The live line of the command, in place of pytest's dots."""

import io
from time import monotonic

import pytest
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bar

__all__ = ["Progress"]

REFRESH_S = 0.25
"""Drawing the line takes some 10 ms of the one processor that the tests run on."""


class Progress:
    """A pytest plugin: mutes pytest's own reporter and shows how far the run has come.

    `silent` shows nothing at all: for a run whose output is all there is to see.
    """

    def __init__(self, console: Console, *, silent: bool = False) -> None:
        self._console = console
        self._is_shown = console.is_terminal and not silent
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("judging"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[broken]}", style="red", markup=False),
            TextColumn("{task.fields[test]}", style="dim", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
        )
        self._job = self._bar.add_task("judging", total=None, broken="", test="")
        self._broken = 0
        self._shown = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Mutes pytest."""
        config.get_terminal_writer()._file = io.StringIO()  # noqa: SLF001  (there is no public way)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begins, now that it is known how much there is."""
        if session.items and self._is_shown:
            self._bar.start()
            self._bar.update(self._job, total=len(session.items))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file that cannot be read is a fault of the suite: it is shown."""
        if report.failed:
            self._console.print(str(report.longrepr), markup=False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One more."""
        if report.failed:
            self._broken += 1
        if report.when == "teardown":
            test = report.nodeid.rpartition("::")[2][:60]
            broken = f"{self._broken} broken" if self._broken else ""
            self._bar.update(self._job, advance=1, broken=broken, test=test)
        if self._is_shown and monotonic() - self._shown > REFRESH_S:
            self._shown = monotonic()
            self._bar.refresh()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Clears the line."""
        self._bar.stop()
