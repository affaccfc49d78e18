"""Byte code in bundles: the same bytes each time, taken instead of the sources, and only the runtime's."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from streamgov_pulumi.packaging import RUNTIME, build_bundle, bundle
from streamgov_pulumi.packaging.byte_code import byte_code, own_version

pytestmark = pytest.mark.slow
MODULE = b'"""A module."""\nWORD = "from the source"\n'


def test_it_is_the_same_each_time_and_names_no_place_of_this_machine() -> None:
    files: dict[str, Path | bytes] = {"a/__init__.py": b"", "a/b.py": MODULE, "a/data.json": b"{}", "bad.py": b"def ("}
    first, second = (byte_code(files, own_version()) for _ in range(2))
    tag = sys.implementation.cache_tag
    assert sorted(first) == [f"a/__pycache__/__init__.{tag}.pyc", f"a/__pycache__/b.{tag}.pyc"]
    assert first == second
    assert b"/var/task/a/b.py" in first[f"a/__pycache__/b.{tag}.pyc"]


def test_it_is_read_instead_of_the_source_whatever_that_says_and_when(tmp_path: Path) -> None:
    for name, content in byte_code({"m.py": MODULE}, own_version()).items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
    (tmp_path / "m.py").write_bytes(MODULE.replace(b"from the source", b"from another source, compiled anew"))
    told = subprocess.run(
        [sys.executable, "-c", "import m; print(m.WORD)"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "from the source"


def test_another_version_s_byte_code_would_not_be_read_and_is_not_made() -> None:
    assert byte_code({"m.py": MODULE}, "python2.7") == {}


def test_a_bundle_holds_it_if_it_is_asked_for_and_is_otherwise_the_same_on_every_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def names(path: Path) -> set[str]:
        with zipfile.ZipFile(path) as archive:
            return {*archive.namelist()}

    plain = build_bundle("handlers.report_grant", out_dir=tmp_path)
    assert not [name for name in names(plain) if name.endswith(".pyc")]
    as_asked = names(build_bundle("handlers.report_grant", out_dir=tmp_path, compiled=True))
    assert as_asked == names(plain) or own_version() == RUNTIME
    monkeypatch.setattr(bundle, "RUNTIME", own_version())
    compiled = names(build_bundle("handlers.report_grant", out_dir=tmp_path, compiled=True))
    modules = {name for name in names(plain) if name.endswith(".py")}
    made = {name for name in compiled if name.endswith(".pyc")}
    assert names(plain) < compiled and len(made) == len(modules)
