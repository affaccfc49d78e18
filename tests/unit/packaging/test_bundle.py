"""Bundles: identical bytes, locked pure-Python dependencies, clear errors."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from streamgov_pulumi.packaging import BundleError, build_bundle, bundle

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    first = build_bundle("handlers.sync_catalog.handler", out_dir=tmp_path / "a")
    second = build_bundle("handlers.sync_catalog", out_dir=tmp_path / "b")
    assert first.name == second.name
    assert digest(first) == digest(second)


def test_the_runtime_is_one_of_the_newest() -> None:
    """Lambda ends a runtime about five years after Python's release; new ones are in botocore's model."""
    shape: Any = botocore.session.get_session().get_service_model("lambda").shape_for("Runtime")
    known = [name for name in shape.enum if name.startswith("python3.")]
    known.sort(key=lambda name: int(name.partition(".")[2]))
    assert bundle.RUNTIME in known[-3:]


def test_bytes_depend_on_content_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_bundle("handlers.sync_catalog", out_dir=tmp_path)
    handler = tmp_path / "copy" / "handlers" / "sync_catalog.py"
    handler.parent.mkdir(parents=True)
    handler.write_bytes((ROOT / "handlers" / "sync_catalog.py").read_bytes())
    handler.chmod(0o777)
    os.utime(handler, (1, 1))
    monkeypatch.setattr(bundle, "handler_source", lambda entry: ("handlers.sync_catalog", handler))
    assert digest(build_bundle("handlers.sync_catalog", out_dir=tmp_path / "b")) == digest(first)
    handler.write_text("# changed\n")
    assert digest(build_bundle("handlers.sync_catalog", out_dir=tmp_path / "c")) != digest(first)


PLATFORM_SERVICES = {"kafka", "kinesis", "kms"}
SERVICES = {
    "apply_grant": {"dynamodb", "iam", "ssm", *PLATFORM_SERVICES},
    "collect_grant": {"datazone", "dynamodb", "stepfunctions", *PLATFORM_SERVICES},
    "report_grant": {"datazone", "dynamodb", "events", "scheduler", "stepfunctions", *PLATFORM_SERVICES},
    "reconcile_grants": {"datazone", "dynamodb", "events", "stepfunctions", *PLATFORM_SERVICES},
    "sample_consumer": {"datazone", "glue", "sts", *PLATFORM_SERVICES},
    "sample_producer": {"datazone", "glue", *PLATFORM_SERVICES},
    "sync_catalog": {"datazone", "dynamodb", "events", "glue", "lambda", *PLATFORM_SERVICES},
}
"""The services that the code of each function names."""
HANDLERS = sorted(path.stem for path in (ROOT / "handlers").glob("*.py"))
EAGER = ("apply_grant", "collect_grant", "reconcile_grants", "report_grant", "sync_catalog")
"""Handlers that import all they need as they are loaded: Lambda gives the whole CPU to that phase."""
NEVER = {
    # whatever a grant is applied with may write IAM policies: it carries as little as can be
    "apply_grant": ("avro/", "kafka/", "aws_msk_iam_sasl_signer/", "streamgov_core/schemas/",
                    "streamgov_core/domain/", "streamgov_core/catalog/"),
    "collect_grant": ("avro/", "kafka/", "streamgov_core/member/", "streamgov_core/catalog/"),
    "report_grant": ("avro/", "kafka/", "streamgov_core/member/", "streamgov_core/catalog/"),
    "reconcile_grants": ("avro/", "kafka/", "streamgov_core/member/", "streamgov_core/catalog/"),
    "sync_catalog": ("kafka/", "aws_msk_iam_sasl_signer/", "streamgov_core/member/", "streamgov_core/domain/"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {name: build_bundle(f"handlers.{name}", out_dir=folder) for name in HANDLERS}


@pytest.mark.parametrize("handler", HANDLERS)
def test_what_a_bundle_holds(bundles: dict[str, Path], handler: str) -> None:
    with zipfile.ZipFile(bundles[handler]) as archive:
        names = archive.namelist()
        infos = archive.infolist()
    assert names == sorted(names)
    assert [name for name in names if name.startswith("handlers/")] == [f"handlers/{handler}.py"]
    assert not [name for name in names if name.endswith((".pyc", ".so", ".pyd")) or "__pycache__" in name]
    assert not [
        name
        for name in names
        if name.startswith(("aws_emulator/", "streamgov_pulumi/", "streamgov_core/deploy/", "pulumi"))
    ]
    assert not [name for name in names if name.startswith(NEVER.get(handler, ()))]
    if not handler.startswith("sample_"):
        assert not [name for name in names if name.startswith("streamgov_samples/")]
    data = {name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2}
    assert data == SERVICES[handler]
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_bundle_imports_with_nothing_else_on_the_path(bundles: dict[str, Path], handler: str, tmp_path: Path) -> None:
    """Every module of ours in it, and a client of every service that it describes."""
    with zipfile.ZipFile(bundles[handler]) as opened:
        opened.extractall(tmp_path)
    script = f"""
import sys
from importlib import import_module
from pathlib import Path
code = Path({str(tmp_path)!r})
sys.path.insert(0, str(code))
import_module("handlers.{handler}")
slow = ("botocore.session", "avro", "aws_xray_sdk", "streamgov_core.catalog")
assert {handler in EAGER!r} or not [name for name in sys.modules if name.startswith(slow)], "imports must be lazy"
for path in sorted(code.glob("streamgov_*/**/*.py")):
    import_module(".".join(path.relative_to(code).with_suffix("").parts).removesuffix(".__init__"))
from streamgov_core.runtime.clients import Clients
clients = Clients("eu-west-1")
services = sorted(path.name for path in (code / "botocore" / "data").iterdir() if path.is_dir())
print(",".join(services))
print(",".join(clients.client(service).meta.service_model.service_name for service in services))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    described, made = done.stdout.splitlines()
    assert described == made


def test_a_name_that_no_dependency_provides_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = tmp_path / "handlers" / "odd.py"
    handler.parent.mkdir()
    handler.write_text("import nobody_provides_this\n")
    monkeypatch.setattr(bundle, "handler_source", lambda entry: ("handlers.odd", handler))
    with pytest.raises(BundleError, match=r"no locked dependency provides nobody_provides_this \(functions\.txt\)"):
        build_bundle("handlers.odd", out_dir=tmp_path / "out")


def test_logs_and_metrics_work_with_what_a_bundle_holds(tmp_path: Path) -> None:
    code = tmp_path / "code"
    with zipfile.ZipFile(build_bundle("handlers.collect_grant", out_dir=tmp_path)) as opened:
        opened.extractall(code)
    script = f"""
import sys, types
sys.path.insert(0, {str(code)!r})
import handlers.collect_grant
from streamgov_core.runtime.invocation import lambda_handler
from streamgov_core.runtime.log import log
from streamgov_core.runtime.metrics import FunctionMetrics

@lambda_handler
def handler(event, context):
    log("granted", event)
    FunctionMetrics("streamgov", "report").put({{"GrantsGranted": 1}})
    return {{}}

names = ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id")
handler({{"grantId": "grant1"}}, types.SimpleNamespace(**dict.fromkeys(names, "x")))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    line, metric = map(json.loads, done.stdout.splitlines())
    assert line["grantId"] == "grant1" and metric["GrantsGranted"] == [1]


@pytest.mark.parametrize("entry", ["handlers.nothing", "os.path.join", "handlers", "handlers...x", "handlers.../x", ""])
def test_an_unknown_entry_is_a_clear_error(entry: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no handler"):
        build_bundle(entry, out_dir=tmp_path)


def test_without_registry_and_cache_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(BundleError, match=r"functions\.txt.*registry can be reached"):
        build_bundle("handlers.sync_catalog", out_dir=tmp_path)
    assert [path.name for path in (tmp_path / "dependencies").iterdir() if path.is_dir()] == []


def test_dependencies_are_installed_once_also_by_several_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installs: list[Path] = []

    def install(lock_file: Path, target: Path) -> None:
        installs.append(target)
        (target / "module.py").write_text("")

    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bundle, "_pip_install", install)
    lock = tmp_path / "lock.txt"
    lock.write_text("a")
    lock.with_suffix(".sha256").write_text(bundle.tree_digest(_folder(tmp_path / "expected")))
    threads = [threading.Thread(target=bundle.dependencies, args=(lock,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(installs) == 1
    assert (bundle.dependencies(lock) / "module.py").is_file()
    lock.write_text("b")
    bundle.dependencies(lock)
    assert len(installs) == 2, "another lock is another installation"


def _folder(path: Path) -> Path:
    path.mkdir()
    (path / "module.py").write_text("")
    return path


def test_a_changed_cache_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write to a shared cache must not reach the function that writes policies."""
    installs: list[Path] = []

    def install(lock_file: Path, target: Path) -> None:
        installs.append(target)
        (target / "module.py").write_text("")

    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bundle, "_pip_install", install)
    lock = tmp_path / "lock.txt"
    lock.write_text("a")
    lock.with_suffix(".sha256").write_text(bundle.tree_digest(_folder(tmp_path / "expected")))
    ready = bundle.dependencies(lock)
    for change in (
        lambda: (ready / "module.py").write_text("import evil"),
        lambda: (ready / "more.py").write_text(""),
        lambda: (ready / "module.py").unlink(),
    ):
        change()
        assert bundle.dependencies(lock) == ready
        assert [path.name for path in ready.iterdir()] == ["module.py"] and not (ready / "module.py").read_text()
    assert len(installs) == 4


def test_an_installation_that_the_digest_does_not_know_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bundle, "_pip_install", lambda lock_file, target: (target / "odd.py").write_text("1"))
    with pytest.raises(BundleError, match=r"other files for functions\.txt than functions\.sha256 says"):
        bundle.dependencies()
    assert [path for path in (tmp_path / "dependencies").iterdir() if path.is_dir()] == []


def test_a_failed_installation_leaves_nothing_that_looks_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(lock_file: Path, target: Path) -> None:
        (target / "half.py").write_text("")
        raise BundleError("no registry")

    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bundle, "_pip_install", install)
    with pytest.raises(BundleError):
        bundle.dependencies()
    assert [path for path in (tmp_path / "dependencies").iterdir() if path.is_dir()] == []


def _handler(folder: Path, text: str) -> Path:
    path = folder / "handlers" / "odd.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def _distribution(site: Path, file: str) -> None:
    """One installed distribution with one file."""
    metadata = site / "fast-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fast\nVersion: 1.0\n")
    (metadata / "RECORD").write_text(f"{file},,\n")
    (site / file).write_bytes(b"")


def test_compiled_modules_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _distribution(tmp_path, "fast.so")
    monkeypatch.setattr(bundle, "dependencies", lambda download: tmp_path)
    monkeypatch.setattr(bundle, "handler_source", lambda entry: ("handlers.odd", _handler(tmp_path, "import fast")))
    with pytest.raises(BundleError, match=r"fast\.so is compiled"):
        build_bundle("handlers.sync_catalog", out_dir=tmp_path / "out")


def test_the_lock_names_every_dependency_with_its_hash() -> None:
    lines = bundle.LOCK_FILE.read_text().splitlines()
    pinned = [line for line in lines if "==" in line]
    assert {line.split("==")[0] for line in pinned} >= {"aws-lambda-powertools", "boto3", "botocore", "avro", "urllib3"}
    for number, line in enumerate(lines):
        if "==" in line:
            assert "--hash=sha256:" in lines[number + 1]
    assert (ROOT / "requirements" / "functions.txt").read_text() == bundle.LOCK_FILE.read_text()


def test_the_cache_forgets_bundles_that_nobody_builds_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "handler_source", lambda entry: ("handlers.odd", _handler(tmp_path, "import json")))
    monkeypatch.setattr(bundle, "dependencies", lambda download: tmp_path / "none")
    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    current = build_bundle("handlers.sync_catalog")
    old, recent = current.with_name("old-1.zip"), current.with_name("recent-1.zip")
    for path in (old, recent):
        path.write_bytes(b"x")
    os.utime(old, (1, 1))
    os.utime(current, (1, 1))
    assert build_bundle("handlers.sync_catalog") == current
    assert (old.exists(), recent.exists(), current.exists()) == (False, True, True)


def test_a_package_of_ours_that_is_not_there_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle without it would be deployed, and fail with the first event."""
    monkeypatch.setattr(bundle, "PACKAGES", (*bundle.PACKAGES, "ours_of_tomorrow"))
    handler = _handler(tmp_path, "from ours_of_tomorrow.parts import part")
    monkeypatch.setattr(bundle, "handler_source", lambda entry: ("handlers.odd", handler))
    with pytest.raises(BundleError, match=r"handlers\.odd imports ours_of_tomorrow\S*, which is not in "):
        build_bundle("handlers.odd", out_dir=tmp_path / "out")


def test_packages_of_ours_need_not_lie_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere" / "ours_of_tomorrow"
    elsewhere.mkdir(parents=True)
    (elsewhere / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(elsewhere.parent)
    monkeypatch.setattr(bundle, "PACKAGES", (*bundle.PACKAGES, "ours_of_tomorrow"))
    handler = _handler(tmp_path, "import ours_of_tomorrow")
    monkeypatch.setattr(bundle, "handler_source", lambda entry: ("handlers.odd", handler))
    with zipfile.ZipFile(build_bundle("handlers.odd", out_dir=tmp_path / "out")) as archive:
        assert "ours_of_tomorrow/__init__.py" in archive.namelist()
