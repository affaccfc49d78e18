"""Puts the functions' bundles into the wheel, so that a program that uses it downloads nothing."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundles(BuildHookInterface[Any]):
    """Builds each bundle. Without pip the wheel has none, and they are assembled where it is used."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build them beside the wheel."""
        if version == "editable":
            return
        if importlib.util.find_spec("pip") is None:
            self.app.display_warning("there is no pip here: the wheel carries no prebuilt bundles")
            return
        sys.path.insert(0, self.root)
        from streamgov_pulumi.packaging import RUNTIME
        from streamgov_pulumi.packaging.byte_code import own_version
        from streamgov_pulumi.packaging.prebuilt import prebuild

        if own_version() != RUNTIME:
            self.app.display_warning(f"built without {RUNTIME}: the prebuilt bundles carry no byte code")

        self._folder = tempfile.TemporaryDirectory()
        prebuild(Path(self._folder.name))
        build_data["force_include"][self._folder.name] = "streamgov_pulumi/packaging/bundles"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove them."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
