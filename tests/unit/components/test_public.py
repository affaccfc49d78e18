"""The public surface: exports, what the multi-language host reads of it, and the documented types."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pulumi.provider.experimental.analyzer import Analyzer

import streamgov_pulumi
from streamgov_pulumi import components, plugin
from tests.unit.components.graph import Graph

ROOT = Path(__file__).resolve().parents[3]
COMPONENTS = sorted(
    path
    for package in ("streamgov_pulumi", "streamgov_samples")
    for path in (ROOT / package / "components").glob("*.py")
)
OFFERED = {component.__name__: component for component in plugin.components()}


def test_exports_are_complete() -> None:
    assert sorted(streamgov_pulumi.__all__) == streamgov_pulumi.__all__
    for name in streamgov_pulumi.__all__:
        assert getattr(streamgov_pulumi, name).__name__ == name
    missing = set(components.__all__) - set(streamgov_pulumi.__all__)
    assert not missing
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        streamgov_pulumi.Nothing  # noqa: B018


def test_the_provider_process_needs_no_pulumi_aws() -> None:
    code = (
        "import sys, streamgov_pulumi.providers.form_type; print('pulumi_aws' in sys.modules, 'boto3' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_components_do_not_postpone_annotations(path: Path) -> None:
    """The component host reads annotations without evaluating them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and path.name not in ("_accounts.py", "_consumers.py")
        ):
            assert "annotations" not in [alias.name for alias in node.names]


@pytest.mark.parametrize("name", OFFERED)
def test_the_component_host_understands_each_component(name: str) -> None:
    definition = Analyzer("streamgov").analyze_component(OFFERED[name])
    assert definition.inputs, name
    undescribed = [key for key, item in definition.inputs.items() if not item.description]
    assert not undescribed, undescribed


def documented() -> dict[str, set[str]]:
    """Type -> inputs, from the tables of docs/aws-types.md."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "docs" / "aws-types.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 6 or not re.match(r"`aws:\w+/\w+:\w+`", cells[1]) or ":get" in cells[1]:
            continue
        inputs = cells[3]
        while "{" in inputs:
            inputs = re.sub(r"\{[^{}]*\}", "", inputs)
        found[cells[1].strip("`")] = set(re.findall(r"`(\w+)`", inputs))
    return found


def test_the_documented_types_are_those_that_are_used(dev: Graph) -> None:
    table = documented()
    used: dict[str, set[str]] = {}
    for item in dev.aws():
        used.setdefault(item.type, set()).update(key for key, value in item.inputs.items() if value is not None)
    assert set(used) <= set(table)
    assert set(table) - set(used) == {
        "aws:cloudwatch/logStream:LogStream",
        "aws:datazone/policyGrant:PolicyGrant",
        "aws:kinesisanalyticsv2/application:Application",
        "aws:lambda/alias:Alias",
        "aws:msk/vpcConnection:VpcConnection",
    }
    for token, inputs in used.items():
        assert inputs <= table[token], f"{token}: {sorted(inputs - table[token])} not documented"
