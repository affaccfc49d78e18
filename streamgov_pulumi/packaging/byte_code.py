"""Byte code of a bundle's modules, so that a cold function need not compile them: half of what its start takes.

It is made where the interpreter is the functions' own version; any other one's byte code would not be read. Its names
and its content depend on the sources only: it carries no time, is never compared with the sources ("unchecked hash",
PEP 552) and names them by where they lie in Lambda. A process of its own compiles them, since what is marshalled also
depends on which other objects refer to the same strings.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

TASK_ROOT = "/var/task"
"""Where Lambda unpacks a bundle."""


def own_version() -> str:
    """This interpreter as Lambda names runtimes: ``python3.13``."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def byte_code(files: Mapping[str, Path | bytes], runtime: str) -> dict[str, bytes]:
    """The byte code of modules, by name in the bundle; none if this interpreter is not the runtime's version.

    A file that does not compile, such as a template of a module, has none.

    Args:
        files: the bundle's files by their names.
        runtime: the function's runtime, for example ``python3.13``.
    """
    if own_version() != runtime or sys.implementation.name != "cpython":
        return {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, found in files.items():
            if name.endswith(".py"):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(found if isinstance(found, bytes) else found.read_bytes())
        subprocess.run(
            [
                *(sys.executable, "-I", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"),
                *("-s", str(root), "-p", TASK_ROOT, str(root)),
            ],
            check=False,
            capture_output=True,
        )
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.pyc"))}
