"""Bundles that were made before a program runs: those of an installed wheel, or of dependencies that are prepared.

A component registers; it downloads nothing. A wheel carries the bundle of each function, with byte code if it was built
on the functions' version of Python: whoever installs it deploys the same bytes. A checkout, and a wheel beside which
further platforms are installed, assembles them, without byte code, from files that ``python -m
streamgov_pulumi.packaging`` has put into the cache once (``make`` does so).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from streamgov_core.platforms.registry import installed_platforms
from streamgov_pulumi.packaging.bundle import build_bundle, handler_names, handler_source

FOLDER = Path(__file__).with_name("bundles")
"""Where a wheel has them."""
INDEX = "index.json"
"""Module of the handler -> the file's name."""


def bundle_for(entry: str, folder: Path = FOLDER) -> Path:
    """The zip of one function, without a download.

    Args:
        entry: the handler's module or its entry point.
        folder: where prebuilt bundles are.

    Raises:
        BundleError: no such handler; or the bundle has to be assembled and its dependencies are not prepared.
    """
    index = folder / INDEX
    if index.is_file() and not installed_platforms():
        module, _ = handler_source(entry)
        name = json.loads(index.read_text()).get(module)
        if name is not None:
            return folder / str(name)
    return build_bundle(entry, download=False)


def prebuild(folder: Path) -> dict[str, str]:
    """Make the bundle of every function, and their index. On the functions' version of Python they hold byte code.

    Args:
        folder: where to; what is there goes.

    Returns:
        Module of the handler -> the file's name.

    Raises:
        BundleError: the dependencies are neither cached nor to be had from a registry.
    """
    shutil.rmtree(folder, ignore_errors=True)
    made = {module: build_bundle(module, out_dir=folder, compiled=True).name for module in handler_names()}
    (folder / INDEX).write_text(json.dumps(made, indent=2, sort_keys=True) + "\n")
    return made
