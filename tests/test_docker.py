"""The image, as far as it can be known without an engine: linted, unprivileged, and its parts real.

What it copies builds the wheel that it installs, and its health check is run against a mock.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from mock_server.settings import OPTIONS, PREFIX
from tests.clients.mocks import ROOT, running_mock

DOCKERFILE = ROOT / "docker" / "Dockerfile"


class Step(NamedTuple):
    """One instruction, its continued lines joined."""

    name: str
    rest: str


def steps() -> list[Step]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    split = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [Step(name, rest.strip()) for name, _, rest in split]


def the_image() -> list[Step]:
    """The steps of the last stage, which is what runs."""
    all_steps = steps()
    start = max(i for i, step in enumerate(all_steps) if step.name == "FROM")
    return all_steps[start:]


def only(name: str) -> str:
    (rest,) = [step.rest for step in the_image() if step.name == name]
    return rest


@pytest.mark.skipif(sys.platform == "win32", reason="there is no hadolint for pip on Windows")
def test_the_linter_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    told = subprocess.run([hadolint, "--no-color", DOCKERFILE], capture_output=True, text=True)  # noqa: PLW1510
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_the_base_is_a_slim_release_to_the_last_digit_that_the_project_takes() -> None:
    bases = [step.rest.partition(" ")[0] for step in steps() if step.name == "FROM"]
    assert len(set(bases)) == 1
    base = re.fullmatch(r"python:(3)\.(\d+)\.\d+-slim-[a-z]+", bases[0])
    assert base is not None
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = [text for text in project["classifiers"] if re.search(r":: 3\.\d+$", text)]
    assert any(text.endswith(f":: 3.{base[2]}") for text in versions)


def test_it_does_not_run_as_root() -> None:
    assert re.fullmatch(r"[1-9]\d+", only("USER"))


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in re.findall(r"[A-Z_]+=\S+", only("ENV")))


def test_it_listens_to_the_outside_on_the_port_that_it_names() -> None:
    given = environment()
    assert given["MOCK_SERVER_HOST"] == "0.0.0.0"  # noqa: S104 - inside the container
    assert given["MOCK_SERVER_PORT"] == only("EXPOSE")
    known = {option.variable for option in OPTIONS}
    assert {name for name in given if name.startswith(PREFIX)} <= known


def test_it_starts_a_command_that_the_project_installs() -> None:
    (command,) = json.loads(only("ENTRYPOINT"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert command in project["scripts"]


def test_its_health_check_tells_a_mock_that_answers_from_one_that_does_not() -> None:
    check = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    assert check[0] == "python"
    command = [sys.executable, *check[1:]]
    with running_mock("--no-control") as mock:
        port = mock.origin.rpartition(":")[2]
        variables = {**os.environ, "MOCK_SERVER_PORT": port}
        assert subprocess.run(command, env=variables, check=True).returncode == 0
    gone = subprocess.run(command, env=variables, capture_output=True, text=True)  # noqa: PLW1510
    assert gone.returncode != 0
    assert "refused" in gone.stderr


def copied() -> list[str]:
    """What is copied from the project."""
    copies = [step.rest.split() for step in steps() if step.name == "COPY"]
    return [name for words in copies if not words[0].startswith("--") for name in words[:-1]]


def test_what_it_copies_builds_the_wheel(tmp_path: Path) -> None:
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    assert wheel_names(tmp_path, tmp_path / "copied") == wheel_names(ROOT, tmp_path / "whole")


def wheel_names(folder: Path, target: Path) -> set[str]:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_builder_is_given_what_is_copied_and_nothing_else() -> None:
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {line[1:] for line in rules if line.startswith("!")} == set(copied())
