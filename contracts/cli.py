"""The command `contracts`: judges an endpoint by the contract.

Exit code: 0 conforms, 1 breaches, 2 misuse or nothing to judge there, 3 the budget ended first.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from rich.console import Console

from contracts import options
from contracts.discovery import TargetError
from contracts.options import OPTIONS, Settings
from contracts.plugin import StartedRun
from contracts.progress import Progress
from contracts.run import Run
from contracts.spec import SpecError

__all__ = ["main"]

MISUSE = 2
SPEAKING = {"-v", "-vv", "-s", "--collect-only", "--co", "--durations=0"}
"""Options of pytest after which its own report is wanted."""
PASSED_ON = (0, 1, 2, 3)
EPILOG = """\
What follows `--` is passed on to pytest: contracts --base-url URL -- -n 2 -k sizes
`contracts sizes --base-url URL` judges every size there is and draws the size map.
Exit code: 0 conforms, 1 breaches, 2 misuse or target unreachable, 3 the budget ended first.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command with these arguments, by default the process's own; gives the exit code."""
    own, passed_on = _parted(list(sys.argv[1:] if arguments is None else arguments))
    try:
        parsed = parser().parse_args(own)
        settings = _settings(parsed)
        run = Run.begin(settings)
    except (pytest.UsageError, TargetError, SpecError) as error:
        print(f"contracts: {str(error).removeprefix('contracts: ')}", file=sys.stderr)
        return MISUSE
    started = StartedRun(run)
    plugins: list[object] = [started]
    if not SPEAKING & {*passed_on}:
        plugins.append(Progress(Console(), silent=settings.plan))
    with as_file(files("contracts").joinpath("pytest.ini")) as ini:
        code = int(pytest.main([*_pytest_arguments(parsed, ini), *passed_on], plugins))
    if started.bug:
        print(f"contracts: a bug of the suite, not of the target: {started.bug}", file=sys.stderr)
        return MISUSE
    return code if code in PASSED_ON else MISUSE


def parser() -> argparse.ArgumentParser:
    """The parser of the command, made of the one table of options."""
    made = argparse.ArgumentParser(
        prog="contracts",
        description="Judges any endpoint by the GPT Image 2 contract.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option in OPTIONS:
        name = f"--{option.name}"
        if option.flag:
            made.add_argument(name, action="store_true", help=option.help)
        elif option.many:
            made.add_argument(
                name, nargs="+", action="extend", metavar=option.metavar, help=option.help
            )
        elif option.choices is not None:
            made.add_argument(name, choices=option.choices, help=option.help)
        else:
            made.add_argument(name, type=option.kind, metavar=option.metavar, help=option.help)
    made.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first breach")
    return made


def _parted(given: list[str]) -> tuple[list[str], list[str]]:
    """The command's own arguments, and what follows `--`."""
    place = given.index("--") if "--" in given else len(given)
    return given[:place], given[place + 1 :]


def _settings(parsed: argparse.Namespace) -> Settings:
    settings = options.read_settings(lambda name: getattr(parsed, name), os.environ)
    if settings is None:
        raise pytest.UsageError("--base-url URL is needed: which endpoint is judged? See --help")
    return settings


def _pytest_arguments(parsed: argparse.Namespace, ini: Path) -> list[str]:
    """The same options for pytest, whose workers read them again."""
    arguments = ["--pyargs", "contracts", "-c", str(ini), f"--rootdir={Path.cwd()}"]
    if not any(each.name == "contracts" for each in entry_points(group="pytest11")):
        arguments += ["-p", "contracts.plugin"]
    arguments += ["--exitfirst"] if parsed.exitfirst else []
    for option in OPTIONS:
        value = getattr(parsed, option.attribute)
        if option.flag:
            arguments += [option.pytest_name] if value else []
        elif value is not None:
            arguments.append(f"{option.pytest_name}={_text(value)}")
    return arguments


def _text(value: object) -> str:
    return ",".join(sorted(value)) if isinstance(value, list | frozenset) else str(value)
