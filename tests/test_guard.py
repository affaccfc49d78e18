"""The guards of tests/conftest.py hold."""

from __future__ import annotations

import ast
import os
import socket
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_a_foreign_socket_is_refused() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match="only loopback"):
        sock.connect(("192.0.2.1", 80))


def test_loopback_is_allowed() -> None:
    with socket.socket() as server, socket.socket() as sock:
        server.bind(("127.0.0.1", 0))
        server.listen()
        sock.connect(server.getsockname())


def test_no_profile_reaches_a_test() -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"] == "test"
    assert "AWS_PROFILE" not in os.environ


ALLOWED = {
    "streamgov_core": {"streamgov_core", "iam_evaluation"},
    "handlers": {"streamgov_core", "streamgov_samples", "handlers"},
    "streamgov_pulumi": {"streamgov_pulumi", "streamgov_core", "streamgov_samples"},
    "streamgov_samples": {"streamgov_samples", "streamgov_pulumi", "streamgov_core"},
    "streamgov_ops": {"streamgov_ops", "streamgov_pulumi", "streamgov_core", "iam_evaluation", "contracts"},
    "contracts": {"contracts"},
    "iam_evaluation": {"iam_evaluation"},
    "emulator/aws_emulator": {"aws_emulator", "iam_evaluation"},
    "emulator/tests": {"aws_emulator", "iam_evaluation", "emulator_tests"},
}
OURS = {
    "streamgov_core", "streamgov_pulumi", "streamgov_samples", "streamgov_ops", "handlers", "aws_emulator",
    "iam_evaluation", "contracts", "tools", "tests", "emulator_tests", "bench",
}  # fmt: skip
EMULATOR = ("emulator", "iam_evaluation")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_dependencies_point_one_way(package: str) -> None:
    wrong = {
        str(path.relative_to(ROOT)): sorted(_imports(path) & OURS - ALLOWED[package])
        for path in (ROOT / package).rglob("*.py")
        if _imports(path) & OURS - ALLOWED[package]
    }
    assert wrong == {}


def test_nothing_that_is_delivered_knows_the_emulator() -> None:
    modules = [ROOT / "__main__.py"] + [
        path for name in ("policy", "plugin", "examples") for path in (ROOT / name).rglob("*.py")
    ]
    assert len(modules) > 5
    wrong = [str(path.relative_to(ROOT)) for path in modules if _imports(path) & {"aws_emulator", "emulator_tests"}]
    assert wrong == []


def test_the_evaluation_needs_the_standard_library_only() -> None:
    known = sys.stdlib_module_names | {"iam_evaluation"}
    modules = sorted((ROOT / "iam_evaluation").rglob("*.py"))
    assert len(modules) > 4
    assert {path.name: sorted(_imports(path) - known) for path in modules if _imports(path) - known} == {}


def test_nothing_of_the_emulator_is_named_after_the_product() -> None:
    files = [
        path
        for package in EMULATOR
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert len(files) > 250
    named = [str(path.relative_to(ROOT)) for path in files if "streamgov" in str(path.relative_to(ROOT)).lower()]
    assert named == []
    told = [str(path.relative_to(ROOT)) for path in files if b"streamgov" in path.read_bytes().lower()]
    assert told == []


def test_the_core_knows_no_pulumi() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for package in ("streamgov_core", "handlers")
        for path in (ROOT / package).rglob("*.py")
        if _imports(path) & {"pulumi", "pulumi_aws"}
    ]
    assert wrong == []


def _is_read_by_the_analyzer(path: Path) -> bool:
    """Whether a module holds a component or a component's arguments."""
    bases = {
        base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for base in node.bases
    }
    return bool(bases & {"ComponentResource", "TypedDict"})


def test_components_are_written_so_that_the_analyzer_can_read_them() -> None:
    """`from __future__ import annotations` hides the annotations from Pulumi's component analyzer."""
    modules = [
        path for path in (ROOT / "streamgov_pulumi" / "components").rglob("*.py") if _is_read_by_the_analyzer(path)
    ]
    assert len(modules) > 10
    wrong = [
        str(path.relative_to(ROOT)) for path in modules if "from __future__ import annotations" in path.read_text()
    ]
    assert wrong == []
