"""The report as files: `report.json`, its schema beside it, and `report.html`."""

import json
from dataclasses import asdict
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from contracts.report import html
from contracts.report.model import Report

__all__ = ["as_json", "write_files"]

SCHEMA = "report.schema.json"


def write_files(report: Report, folder: Path) -> None:
    """Writes the report in every form into the folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(as_json(report), encoding="utf-8")
    schema = files("contracts.report").joinpath(SCHEMA).read_text(encoding="utf-8")
    (folder / SCHEMA).write_text(schema, encoding="utf-8")
    html.write(report, folder / "report.html")


def as_json(report: Report) -> str:
    """The report as JSON, as `report.schema.json` describes it: money as text, times as numbers."""
    return json.dumps(asdict(report), indent=2, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{value!r} has no place in a report")
