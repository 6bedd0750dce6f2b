"""What a benchmark found: one row a case, as a table and as JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["Curve", "Row", "line", "machine", "write_json"]


@dataclass(frozen=True, slots=True)
class Row:
    """A case: its figure, its ratio, the memory of the server after it, and what it should be.

    `bar` is compared with `ratio` where there is one, else with `figure`; `at_most` turns the
    comparison around. The memory is in bytes.
    """

    case: str
    figure: float
    unit: str
    ratio: float | None = None
    memory: int | None = None
    bar: float | None = None
    at_most: bool = False
    details: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is reached; None without a bar."""
        if self.bar is None:
            return None
        judged = self.figure if self.ratio is None else self.ratio
        return judged <= self.bar if self.at_most else judged >= self.bar


@dataclass(frozen=True, slots=True)
class Curve:
    """Rates of the mock and of the bare handler against something, for the plot."""

    title: str
    labels: list[str]
    mock: list[float]
    bare: list[float]


_MIB = 2**20
_VERDICTS = {True: "met", False: "MISSED", None: ""}


def line(row: Row) -> str:
    """The row as a line of the table."""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    memory = "" if row.memory is None else f"{row.memory / _MIB:,.0f} MB"
    sign = "<=" if row.at_most else ">="
    bar = "" if row.bar is None else f"{sign} {row.bar:g}"
    details = "  ".join(f"{name} {value:,.4g}" for name, value in row.details.items())
    figure = f"{row.figure:,.4g}" if row.figure < 1000 else f"{row.figure:,.0f}"
    return (
        f"{row.case:<34}{figure:>9} {row.unit:<11}{ratio:>6} {bar:>9} "
        f"{_VERDICTS[row.is_met]:<7}{memory:>8}  {details}"
    )


_MEASURED = ("aiohttp", "uvloop", "orjson", "pybase64", "pillow", "jsonschema-rs")


def machine() -> dict[str, object]:
    """Where and with what the figures were measured."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "packages": {name: _version(name) for name in _MEASURED},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def write_json(path: Path, rows: Sequence[Row], curves: Sequence[Curve]) -> None:
    """Everything that was found, and where."""
    found = {
        "machine": machine(),
        "cases": [{**asdict(row), "met": row.is_met} for row in rows],
        "curves": [asdict(curve) for curve in curves],
    }
    path.write_text(json.dumps(found, indent=2) + "\n")
