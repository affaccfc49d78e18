"""Print, as a JSON list, the pulumi-plugin.json of every package on the import path."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path


def canonical(name: str) -> str:
    """A package name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def version(name: str) -> str:
    """The version of the installed package, or nothing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def main() -> None:
    """Print the list; the first package of a name wins, as it does for an import."""
    found: dict[str, Path] = {}
    for entry in sys.path:
        # An entry may be a zip file or missing, where nothing is found.
        for path in sorted(Path(entry or ".").glob("*/pulumi-plugin.json")):
            found.setdefault(canonical(path.parent.name), path)
    packages = [
        {"name": name, "version": version(name), "plugin": json.loads(path.read_text(encoding="utf-8"))}
        for name, path in sorted(found.items())
    ]
    print(json.dumps(packages))


main()
