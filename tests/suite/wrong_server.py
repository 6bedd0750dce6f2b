"""A mock with one sin: `python -m tests.suite.wrong_server NAME [options of mock-server]`."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from mock_server import cli
from tests.suite.plant import Plant
from tests.suite.sins import SINS
from tests.suite.variants import document

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Plant the sin, then serve like the command does."""
    name, *options = argv
    plant = Plant()
    if name != "none":
        SINS[name].commit(plant)
    with tempfile.TemporaryDirectory() as folder:
        if plant.edits:
            spec = Path(folder) / "wrong.yaml"
            spec.write_text(yaml.safe_dump(document(plant.edits), sort_keys=False), "utf-8")
            options += ["--spec", str(spec)]
        return cli.main([*options, *plant.options])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
