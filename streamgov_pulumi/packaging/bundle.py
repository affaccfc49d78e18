"""Function bundles: the zip of one Lambda function, the same bytes on every machine.

A bundle holds one handler module, what it imports of our packages and of the locked dependencies (``functions.txt``),
the platforms that installed distributions bring, botocore's descriptions of the services that its code calls, and
nothing else. Only wheels that run on any platform are taken, so that a bundle made on one operating system runs on
Lambda. Entries are sorted, stored without compression (compressed bytes differ between versions of zlib), and carry one
fixed time and mode.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import streamgov_core
from streamgov_core.model.errors import ConfigError
from streamgov_core.platforms import registry
from streamgov_core.platforms.registry import installed_platforms
from streamgov_pulumi.packaging.byte_code import byte_code
from streamgov_pulumi.packaging.imports import ImportClosure, import_closure, required_distributions

PACKAGES = ("streamgov_core", "streamgov_samples", "iam_evaluation")
"""Our packages that functions may import."""
LOCK_FILE = Path(__file__).with_name("functions.txt")
RUNTIME = "python3.13"
"""The Lambda runtime that the bundles are made for."""

KEEP_SECONDS = 3 * 24 * 3600
"""Bundles that were not built again for so long leave the cache."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_SKIPPED_PARTS = {"__pycache__", "tests", "bin"}
_SKIPPED_TREES = (
    "avro/test/",
    "avro/tether/",
    "aws_lambda_powertools/event_handler/",
    "boto3/examples/",
    "kafka/benchmarks/",
    "kafka/cli/",
)
_POWERTOOLS_UTILITIES = {"jmespath_utils", "typing"}
"""What Powertools' logger needs of the package's utilities; the others and its web framework are 90 % of its size."""
_SKIPPED_METADATA = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_SKIPPED_SUFFIXES = {".pyc", ".pyo"}
_COMPILED_SUFFIXES = {".so", ".pyd", ".dylib"}


class BundleError(ConfigError):
    """A bundle cannot be made: unknown entry point, or the dependencies cannot be obtained."""


def build_bundle(entry: str, *, out_dir: Path | None = None, download: bool = True, compiled: bool = False) -> Path:
    """Make the zip of one function.

    Args:
        entry: the handler's module or its entry point (``handlers.sync_catalog`` or ``handlers.sync_catalog.handler``).
        out_dir: where to put the zip; by default in our cache. The file's name carries its content's hash.
        download: fetch the dependencies if the cache has none.
        compiled: add the modules' byte code where this interpreter is the runtime's version; the bytes of the bundle
            then depend on the interpreter.

    Returns:
        The path of the zip.

    Raises:
        BundleError: no such handler, or a dependency is neither cached nor to be had from a registry.
    """
    module, source = handler_source(entry)
    packages = {name: _home_of(name) for name in PACKAGES}
    closure = _closure({module: source}, packages)
    files: dict[str, Path | bytes] = {}
    installed = installed_platforms() if registry.__name__ in closure.modules else ()
    if installed:
        begin = {module: source}
        for point in installed:
            packages[point.module.partition(".")[0]], modules = _package_of(point)
            begin |= modules
        closure = _closure(begin, packages)
        files |= _entry_points(installed)
    files |= {_name_in_zip(name, path): path for name, path in closure.modules.items()}
    files.update(_dependency_files(dependencies(download=download), closure.foreign, closure.services))
    if compiled:
        files |= byte_code(files, RUNTIME)
    target = out_dir or cache_dir() / "bundles"
    target.mkdir(parents=True, exist_ok=True)
    path = _write_zip(files, target, module.rpartition(".")[2])
    if out_dir is None:
        _prune(target, time.time() - KEEP_SECONDS)
    return path


def _home_of(package: str) -> Path:
    """The folder in which a package of ours lies, or would lie: they need not lie beside each other."""
    spec = find_spec(package)
    file = spec.origin if spec is not None and spec.origin is not None else streamgov_core.__file__
    return Path(file).parent.parent


def _closure(begin: Mapping[str, Path], packages: Mapping[str, Path]) -> ImportClosure:
    try:
        return import_closure(begin, packages)
    except LookupError as error:
        raise BundleError(str(error)) from error


def _package_of(point: EntryPoint) -> tuple[Path, dict[str, Path]]:
    """The folder in which the package of an installed platform lies, and its module with the packages above it.

    Raises:
        BundleError: the module is not there, or is no Python source.
    """
    parts = point.module.split(".")
    modules: dict[str, Path] = {}
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        spec = find_spec(name)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            raise BundleError(f"the platform {point.name!r} = {point.value!r}: {name} is no Python module of a package")
        modules[name] = Path(spec.origin)
    top = modules[parts[0]]
    return (top.parent.parent if top.name == "__init__.py" else top.parent), modules


def _entry_points(points: Iterable[EntryPoint]) -> dict[str, Path | bytes]:
    """Metadata by which the registry of platforms finds them where the function runs."""
    lines = [f"[{registry.GROUP}]", *(f"{point.name} = {point.value}" for point in points)]
    folder = "streamgov_installed_platforms-0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: streamgov-installed-platforms\nVersion: 0\n"
    return {f"{folder}/METADATA": metadata.encode(), f"{folder}/entry_points.txt": "\n".join(lines).encode() + b"\n"}


def _name_in_zip(module: str, path: Path) -> str:
    name = PurePosixPath(*module.split("."))
    return str(name / "__init__.py") if path.name == "__init__.py" else f"{name}.py"


def cache_dir() -> Path:
    """Where dependencies and bundles are kept: STREAMGOV_CACHE_DIR, or ``streamgov`` in the user's cache directory."""
    chosen = os.environ.get("STREAMGOV_CACHE_DIR")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamgov"


def dependencies(lock_file: Path = LOCK_FILE, *, download: bool = True) -> Path:
    """The directory with the installed dependencies of ``lock_file``, installed now if this lock was never seen.

    A cache may be shared, and whoever can write there could put code into a function that writes IAM policies. So what
    is found is held against the digest beside the lock file each time, and installed anew if it differs.

    Args:
        lock_file: what to install.
        download: install what is not there; otherwise that is an error.

    Raises:
        BundleError: pip cannot obtain them and nothing is cached, or what it installs is not what the digest says.
    """
    digest = hashlib.sha256(lock_file.read_bytes()).hexdigest()[:16]
    wanted = lock_file.with_suffix(".sha256").read_text().strip()
    root = cache_dir() / "dependencies"
    ready = root / digest
    if ready.is_dir() and tree_digest(ready) == wanted:
        return ready
    if not download:
        raise BundleError(
            f"the dependencies of the functions are not in {cache_dir()}. Run `{sys.executable} -m "
            "streamgov_pulumi.packaging` once on this machine (make does so in a checkout); a program downloads nothing"
        )
    root.mkdir(parents=True, exist_ok=True)
    with _exclusive(root / f"{digest}.lock"):
        if ready.is_dir() and tree_digest(ready) == wanted:
            return ready
        staging = Path(tempfile.mkdtemp(prefix=f"{digest}-", dir=root))
        try:
            _pip_install(lock_file, staging)
            if tree_digest(staging) != wanted:
                raise BundleError(
                    f"pip installed other files for {lock_file.name} than {lock_file.with_suffix('.sha256').name} "
                    "says: a package was changed under its name, or the lock was written without its digest (make lock)"
                )
            shutil.rmtree(ready, ignore_errors=True)
            staging.rename(ready)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return ready


def tree_digest(root: Path) -> str:
    """SHA-256 of all files below a folder that a bundle may take, by name and content."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = PurePosixPath(path.relative_to(root).as_posix())
        if path.is_file() and not _skipped(name):
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def write_digest(lock_file: Path = LOCK_FILE) -> Path:
    """Install what a lock file names, by its hashes, and write the digest of it beside the lock file."""
    with tempfile.TemporaryDirectory() as folder:
        _pip_install(lock_file, Path(folder))
        path = lock_file.with_suffix(".sha256")
        path.write_text(tree_digest(Path(folder)) + "\n")
    return path


def _pip_install(lock_file: Path, target: Path) -> None:
    """Install the locked wheels into ``target``, by hash, and only those that are made for any platform."""
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:"),
        *("--platform=any", "--implementation=py", "--abi=none", f"--python-version={RUNTIME.removeprefix('python')}"),
        *("--target", str(target), "-r", str(lock_file)),
    ]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines() or ["pip gave no reason"]
        raise BundleError(
            f"the dependencies of the functions ({lock_file.name}) are not cached in {cache_dir()} and pip could not "
            f"install them. Check that {sys.executable} has pip and that your package registry can be reached. "
            f"pip said: {lines[-1]}"
        )


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold a lock between processes; the system frees it if the holder dies."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def handler_names() -> list[str]:
    """The modules of all handlers."""
    return sorted(f"handlers.{path.stem}" for path in (_handlers_root() / "handlers").glob("[a-z]*.py"))


def handler_source(entry: str) -> tuple[str, Path]:
    """The module of an entry point and its file.

    Raises:
        BundleError: there is no such handler.
    """
    root = _handlers_root()
    for module in (entry, entry.rpartition(".")[0]):
        path = root.joinpath(*module.split(".")).with_suffix(".py")
        if re.fullmatch(r"handlers(\.[a-z_][a-z0-9_]*)+", module) and path.is_file():
            return module, path
    raise BundleError(f"there is no handler {entry!r}: expected handlers.<module> or handlers.<module>.<function>")


def _handlers_root() -> Path:
    """The folder in which ``handlers`` lies.

    In a checkout ``handlers`` lies beside ``streamgov_core``; a wheel keeps it below this package, so that it takes no
    name from other people's packages. It is not found by import: a program may have handlers of its own.
    """
    checkout, installed = Path(streamgov_core.__file__).parent.parent, Path(__file__).parent
    return installed if (installed / "handlers").is_dir() else checkout


def _dependency_files(root: Path, imported: set[str], services: Iterable[str]) -> dict[str, Path]:
    """Files of the distributions that provide what is imported, by their name in the zip."""
    found = {}
    try:
        distributions = required_distributions(root, imported)
    except LookupError as error:
        raise BundleError(f"{error} ({LOCK_FILE.name})") from error
    for distribution in distributions.values():
        for file in distribution.files or ():
            path, name = Path(str(distribution.locate_file(file))), file.as_posix()
            if name.startswith("..") or not path.is_file():
                continue
            if path.suffix in _COMPILED_SUFFIXES:
                raise BundleError(
                    f"{name} is compiled for one platform: {LOCK_FILE.name} takes pure-Python wheels only"
                )
            if not _skipped(file) and not name.startswith(_SKIPPED_TREES) and _wanted_data(name, services):
                found[name] = path
    return found


def _skipped(name: PurePosixPath) -> bool:
    if name.suffix in _SKIPPED_SUFFIXES or _SKIPPED_PARTS.intersection(name.parts):
        return True
    return len(name.parts) == 2 and name.parts[0].endswith(".dist-info") and name.name in _SKIPPED_METADATA


def _wanted_data(name: str, services: Iterable[str]) -> bool:
    """False for parts of Powertools that we do not use, and for descriptions of services that are never called."""
    parts = name.split("/")
    if parts[:2] == ["aws_lambda_powertools", "utilities"] and len(parts) > 3:
        return parts[2] in _POWERTOOLS_UTILITIES
    if parts[:2] not in (["botocore", "data"], ["boto3", "data"]) or len(parts) == 3:
        return True
    return parts[2] in services and not parts[-1].startswith("examples-")


def _write_zip(files: Mapping[str, Path | bytes], target: Path, stem: str) -> Path:
    """Write the archive under a name made of its content's hash; a half-written file never has that name."""
    digest = hashlib.sha256()
    handle, temporary = tempfile.mkstemp(prefix=f"{stem}-", suffix=".part", dir=target)
    try:
        with os.fdopen(handle, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(files):
                found = files[name]
                content = found if isinstance(found, bytes) else found.read_bytes()
                info = zipfile.ZipInfo(name, date_time=_EPOCH)
                info.create_system = 3
                info.external_attr = _MODE
                archive.writestr(info, content, zipfile.ZIP_STORED)
                digest.update(f"{name}\0{len(content)}\0".encode())
                digest.update(content)
        path = target / f"{stem}-{digest.hexdigest()[:16]}.zip"
        Path(temporary).replace(path)
        return path
    finally:
        Path(temporary).unlink(missing_ok=True)


def _prune(target: Path, before: float) -> None:
    """Remove bundles that were last built before a moment; each build of the same content makes its file new."""
    for path in target.glob("*.zip"):
        try:
            if path.stat().st_mtime < before:
                path.unlink()
        except FileNotFoundError:
            continue  # another process was faster
