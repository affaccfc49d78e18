"""Rules of the house that no linter knows. Layers and circles are import-linter's (`make lint`, pyproject.toml)."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "streamgov_core"
PRODUCT = ("streamgov_core", "streamgov_pulumi", "streamgov_ops", "streamgov_samples", "iam_evaluation")
PARALLEL = ("platforms/msk", "platforms/kinesis", "schemas/avro", "schemas/json_schema", "schemas/protobuf")
"""Folders that are built alike: a module's name means the same in each of them."""


def modules(package: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(package.rglob("*.py")):
        yield path, ast.parse(path.read_text())


def postponed_imports(tree: ast.AST) -> list[str]:
    """First-party modules that are imported inside a function."""
    return [
        name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
        + ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [])
        if name.split(".")[0] in PRODUCT
    ]


def repeated_classes(sources: Iterator[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    """Public class names that are defined more than once -> where."""
    found: dict[str, list[str]] = defaultdict(list)
    for where, tree in sources:
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(where)
    return {name: places for name, places in found.items() if len(places) > 1}


def repeated_modules(names: list[str]) -> dict[str, list[str]]:
    """Module or package names that stand in two places of the core -> where; folders built alike count once."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        folder, _, module = name.rpartition("/")
        place = folder if folder not in PARALLEL else folder.rpartition("/")[0] + "/*"
        found[module].add(f"{place}/{module}".lstrip("/"))
    return {module: sorted(places) for module, places in found.items() if len(places) > 1}


@pytest.mark.parametrize("package", PRODUCT)
def test_nothing_of_ours_is_imported_inside_a_function(package: str) -> None:
    """It hides a circle. Handlers may: they decide what a cold start loads."""
    wrong = {
        str(path.relative_to(ROOT)): names
        for path, tree in modules(ROOT / package)
        if (names := postponed_imports(tree))
    }
    assert wrong == {}


def test_public_class_names_are_unique_in_the_core() -> None:
    sources = ((str(path.relative_to(CORE)), tree) for path, tree in modules(CORE))
    assert repeated_classes(sources) == {}


def test_a_module_name_means_one_thing_in_the_core() -> None:
    names = [str(path.relative_to(CORE).with_suffix("")) for path in CORE.rglob("*.py") if path.name != "__init__.py"]
    names += [str(path.parent.relative_to(CORE)) for path in CORE.rglob("__init__.py") if path.parent != CORE]
    assert repeated_modules(names) == {}


def test_the_rules_see_a_violation() -> None:
    inside = ast.parse("def run():\n    from streamgov_core.model import errors\n    import streamgov_pulumi.config\n")
    assert postponed_imports(inside) == ["streamgov_core.model", "streamgov_pulumi.config"]
    twice = [("a.py", ast.parse("class Record: ...")), ("b.py", ast.parse("class Record: ...\nclass _Own: ..."))]
    assert repeated_classes(iter(twice)) == {"Record": ["a.py", "b.py"]}
    assert repeated_modules(["domain/store", "member/store", "platforms/msk/forms", "platforms/kinesis/forms"]) == {
        "store": ["domain/store", "member/store"]
    }
