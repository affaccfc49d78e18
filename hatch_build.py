"""Puts into the wheel the functions' bundles, so that a program downloads nothing, and what the plugin needs."""

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
        self._folder = tempfile.TemporaryDirectory()
        # What the plugin's own environment needs, where the engine makes one: this very version.
        wanted = Path(self._folder.name) / "requirements.txt"
        wanted.write_text(f"{self.metadata.name}=={self.metadata.version}\n")
        build_data["force_include"][str(wanted)] = "streamgov_pulumi/plugin_files/requirements.txt"
        if importlib.util.find_spec("pip") is None:
            self.app.display_warning("there is no pip here: the wheel carries no prebuilt bundles")
            return
        sys.path.insert(0, self.root)
        from streamgov_pulumi.packaging import RUNTIME
        from streamgov_pulumi.packaging.byte_code import own_version
        from streamgov_pulumi.packaging.prebuilt import prebuild

        if own_version() != RUNTIME:
            self.app.display_warning(f"built without {RUNTIME}: the prebuilt bundles carry no byte code")
        bundles = Path(self._folder.name) / "bundles"
        prebuild(bundles)
        build_data["force_include"][str(bundles)] = "streamgov_pulumi/packaging/bundles"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove them."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
