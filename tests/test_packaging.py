"""The wheel works away from the checkout; the pins are exact, and complete, and name no address."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.clients.mocks import ROOT, running_mock

PINS = ROOT / ".ci" / "pins.txt"
FOLDERS = ["benchmarks", "contracts", "examples", "mock_server", "tests"]
LOCK = ROOT / "tests" / "clients" / "package-lock.json"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds just what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize("package", ["contracts", "mock_server"])
def test_each_package_carries_the_contract_and_its_types(unpacked: Path, package: str) -> None:
    carried = unpacked / package
    assert (carried / "openapi.yaml").read_bytes() == (ROOT / "openapi.yaml").read_bytes()
    assert (carried / "py.typed").is_file()


@pytest.mark.parametrize("package", ["contracts", "mock_server"])
def test_the_wheel_holds_every_file_that_is_kept_in_the_package(
    unpacked: Path, package: str
) -> None:
    kept = subprocess.run(
        ["git", "ls-files", package], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert [name for name in kept.stdout.split() if not (unpacked / name).is_file()] == []


def test_the_server_runs_from_the_wheel(unpacked: Path) -> None:
    with running_mock(folder=unpacked) as mock:
        assert mock.get("/_mock/")
        assert mock.get("/api/v1/models", key="sk_any")["object"] == "list"


def test_the_suite_runs_from_the_wheel(unpacked: Path) -> None:
    command = [sys.executable, "-m", "contracts", "--help"]
    told = subprocess.run(command, cwd=unpacked, check=True, capture_output=True, text=True)
    assert "--base-url" in told.stdout


def plain(name: str) -> str:
    """The name of a distribution as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = chain(project["dependencies"], *map(project["optional-dependencies"].get, extras))
    return [Requirement(text) for text in asked]


def test_every_requirement_is_pinned_to_a_version_it_allows() -> None:
    pins = dict(line.split("==") for line in PINS.read_text().split())
    versions = {plain(name): version for name, version in pins.items()}
    wrong = [
        str(wanted)
        for wanted in requirements("dev", "fast")
        if not wanted.specifier.contains(versions[plain(wanted.name)])
    ]
    assert wrong == []


def imported(file: Path) -> Iterator[str]:
    """The packages at the top of what a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(
    "folder, extras",
    [
        ("contracts", []),
        ("mock_server", ["fast"]),
        ("benchmarks", ["fast"]),
        ("examples", ["fast", "dev"]),
        ("tests", ["fast", "dev"]),
    ],
)
def test_every_package_that_is_imported_is_asked_for(folder: str, extras: list[str]) -> None:
    asked = {plain(requirement.name) for requirement in requirements(*extras)}
    # _typeshed is the type checker's own: nothing imports it when it runs.
    own = {*sys.stdlib_module_names, *FOLDERS, "_typeshed"}
    files = [file for file in (ROOT / folder).rglob("*.py") if "node_modules" not in file.parts]
    names = {name for file in files for name in imported(file)} - own
    distributions = metadata.packages_distributions()
    assert {name for name in names if plain(distributions[name][0]) not in asked} == set()


def test_the_npm_packages_are_locked_without_addresses() -> None:
    locked = json.loads(LOCK.read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", v) for v in locked[""]["dependencies"].values())
    assert [name for name, entry in locked.items() if "resolved" in entry] == []
