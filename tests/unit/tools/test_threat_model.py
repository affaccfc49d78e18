"""Every test that the threat model or the page of scenarios names exists, and every attack test is in the model."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
ATTACKS = "tests/integration/access/test_trust.py"


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_every_named_test_exists() -> None:
    assert len(NAMED) > 45
    missing = [f"{file}::{name}" for file, name in NAMED if not (ROOT / file).exists() or name not in names_in(file)]
    assert missing == []


def test_every_scenario_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text()
    rows = [
        line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| scenario", "| ---"))
    ]
    named = [re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row) for row in rows]
    assert len(rows) > 45 and all(named)
    assert [f"{file}::{name}" for row in named for file, name in row if name not in names_in(file)] == []


def test_every_attack_test_is_in_the_model() -> None:
    told = {name for file, name in NAMED if file == ATTACKS}
    assert {name for name in names_in(ATTACKS) if name.startswith("test_")} == told


def test_every_attack_has_an_answer_and_evidence() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "tests/" in line]
    assert len(rows) >= 38 and all(len(row.strip("|").split(" | ")) == 3 for row in rows)
