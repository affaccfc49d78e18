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

import pytest

from streamgov_core.runtime.clients import SERVICES
from streamgov_pulumi.packaging import BundleError, build_bundle, bundle

ROOT = Path(__file__).resolve().parents[3]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    first = build_bundle("handlers.sync_catalog.handler", out_dir=tmp_path / "a")
    second = build_bundle("handlers.sync_catalog", out_dir=tmp_path / "b")
    assert first.name == second.name
    assert digest(first) == digest(second)


def test_bytes_depend_on_content_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_bundle("handlers.sync_catalog", out_dir=tmp_path)
    handler = tmp_path / "copy" / "handlers" / "sync_catalog.py"
    handler.parent.mkdir(parents=True)
    handler.write_bytes((ROOT / "handlers" / "sync_catalog.py").read_bytes())
    handler.chmod(0o777)
    os.utime(handler, (1, 1))
    monkeypatch.setattr(bundle, "_handler_source", lambda entry: ("handlers.sync_catalog", handler))
    assert digest(build_bundle("handlers.sync_catalog", out_dir=tmp_path / "b")) == digest(first)
    handler.write_text("# changed\n")
    assert digest(build_bundle("handlers.sync_catalog", out_dir=tmp_path / "c")) != digest(first)


def test_what_a_bundle_holds(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_bundle("handlers.sync_catalog", out_dir=tmp_path)) as archive:
        names = archive.namelist()
        infos = archive.infolist()
    assert names == sorted(names)
    assert [name for name in names if name.startswith("handlers/")] == ["handlers/sync_catalog.py"]
    assert "streamgov_core/catalog/sync.py" in names
    assert not [name for name in names if name.endswith((".pyc", ".so", ".pyd")) or "__pycache__" in name]
    assert not [name for name in names if name.startswith(("emulator/", "streamgov_pulumi/", "pulumi"))]
    data = {name.split("/")[2] for name in names if name.startswith("botocore/data/") and name.count("/") > 2}
    assert data == set(SERVICES)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}


def test_a_bundle_runs_with_nothing_else_on_the_path(tmp_path: Path) -> None:
    archive = build_bundle("handlers.sync_catalog", out_dir=tmp_path)
    code = tmp_path / "code"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(code)
    script = f"""
import sys
sys.path.insert(0, {str(code)!r})
import handlers.sync_catalog
slow = ("boto3", "botocore.session", "avro", "antlr4", "aws_xray_sdk", "streamgov_core.catalog")
assert not [name for name in sys.modules if name.startswith(slow)], "imports must be lazy"
import antlr4, avro.schema, proto_schema_parser.parser
from streamgov_core.runtime.clients import SERVICES, Clients
clients = Clients("eu-west-1")
print(",".join(clients.client(service).meta.service_model.service_name for service in SERVICES))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ",".join(SERVICES)


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


def test_compiled_modules_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fast.so").write_bytes(b"")
    monkeypatch.setattr(bundle, "dependencies", lambda: tmp_path)
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
    monkeypatch.setattr(bundle, "dependencies", lambda: tmp_path / "none")
    monkeypatch.setenv("STREAMGOV_CACHE_DIR", str(tmp_path))
    current = build_bundle("handlers.sync_catalog")
    old, recent = current.with_name("old-1.zip"), current.with_name("recent-1.zip")
    for path in (old, recent):
        path.write_bytes(b"x")
    os.utime(old, (1, 1))
    os.utime(current, (1, 1))
    assert build_bundle("handlers.sync_catalog") == current
    assert (old.exists(), recent.exists(), current.exists()) == (False, True, True)
