"""Unpacked function bundles, and the runtime interface client that runs them.

A bundle is unpacked once for its hash and never written again. The runtime interface client (``awslambdaric``) lies in
a directory of its own with exactly what it imports, so that nothing else of the emulator's environment can be seen.
"""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

RUNTIME_MODULES = ("awslambdaric", "simplejson", "snapshot_restore_py", "runtime_client")
"""What AWS's runtime interface client consists of: itself, its two dependencies, its compiled client."""

UNPACKED_LIMIT = 262_144_000
"""Unzipped size of a deployment package (Lambda quotas: 250 MB)."""


class BundleError(Exception):
    """The uploaded archive cannot be run."""


class Bundles:
    """The directory of unpacked bundles.

    Args:
        root: a directory that this object owns.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._known: dict[str, Path] = {}

    def unpack(self, digest: str, archive: Callable[[], bytes]) -> Path:
        """The directory that holds the archive's files, unpacked at the first call.

        Args:
            digest: the archive's hash (``CodeSha256``); names the directory.
            archive: reads the zip file.

        Raises:
            BundleError: no zip file, too large, or a member outside of the directory.
        """
        name = digest.replace("/", "_").replace("+", "-").rstrip("=")
        with self._lock:
            if digest in self._known:
                return self._known[digest]
            target = self._root / "code" / name
            if not target.exists():
                partial = self._root / "code" / f".{name}.{os.getpid()}"
                shutil.rmtree(partial, ignore_errors=True)
                partial.mkdir(parents=True)
                _extract(archive(), partial)
                partial.rename(target)
            self._known[digest] = target
            return target

    def bytecode_cache(self, digest: str) -> Path:
        """Where the interpreter may keep compiled modules of this bundle (the bundle itself is read-only)."""
        return self._root / "bytecode" / digest.replace("/", "_").replace("+", "-").rstrip("=")

    def runtime_directory(self) -> Path:
        """A directory with the runtime interface client and nothing else."""
        target = self._root / "runtime"
        with self._lock:
            target.mkdir(parents=True, exist_ok=True)
            for module in RUNTIME_MODULES:
                source = _module_path(module)
                link = target / source.name
                if not link.is_symlink():
                    link.symlink_to(source)
        return target


def _module_path(module: str) -> Path:
    """The directory of a package, or the file of a module, in the emulator's own environment."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise BundleError(f"the runtime interface client's module {module} is not installed")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def _extract(archive: bytes, target: Path) -> None:
    """Unpack a zip file read-only, keeping the execute bits."""
    try:
        bundle = zipfile.ZipFile(io.BytesIO(archive))
    except zipfile.BadZipFile as error:
        raise BundleError("Could not unzip uploaded file. Please check your file, then try to upload again.") from error
    with bundle:
        members = bundle.infolist()
        if sum(member.file_size for member in members) > UNPACKED_LIMIT:
            raise BundleError(f"Unzipped size must be smaller than {UNPACKED_LIMIT} bytes")
        root = target.resolve()
        for member in members:
            destination = (root / member.filename).resolve()
            if not destination.is_relative_to(root):
                raise BundleError(f"the archive holds a path outside of itself: {member.filename}")
            if member.is_dir():
                destination.mkdir(parents=True, exist_ok=True)
                continue
            destination.parent.mkdir(parents=True, exist_ok=True)
            with bundle.open(member) as source, destination.open("wb") as sink:
                shutil.copyfileobj(source, sink)
            executable = (member.external_attr >> 16) & stat.S_IXUSR
            destination.chmod(0o555 if executable else 0o444)
