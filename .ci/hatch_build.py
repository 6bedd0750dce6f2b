"""Carries the contract in the wheel, once for each of its two readers."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ContractHook(BuildHookInterface):
    """Puts `openapi.yaml` beside the code of each package of a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds one copy for each package; an editable install reads the one at the root."""
        if version == "editable":
            return
        self._copies = Path(tempfile.mkdtemp(prefix="contract-"))
        for package in ("contracts", "mock_server"):
            copy = self._copies / f"{package}.yaml"
            shutil.copy(Path(self.root, "openapi.yaml"), copy)
            build_data["force_include"][str(copy)] = f"{package}/openapi.yaml"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes the copies again."""
        if version != "editable":
            shutil.rmtree(self._copies)
