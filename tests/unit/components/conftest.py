from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamgov_pulumi.components import data_source, function
from streamgov_pulumi.config import StackConfig, parse
from streamgov_pulumi.lookups import TrailLookup
from streamgov_pulumi.program import deploy
from streamgov_samples.program import deploy_sandbox
from tests.unit.components.graph import Graph, run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True, scope="session")
def no_bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Bundles have tests of their own; no account is asked for anything unless a test says what it answers."""
    folder = tmp_path_factory.mktemp("bundles")

    def build(entry: str) -> Path:
        archive = folder / f"{entry}.zip"
        archive.write_bytes(entry.encode())
        return archive

    patch = pytest.MonkeyPatch()
    patch.setattr(function, "bundle_for", build)
    patch.setattr(data_source, "find_trail", lambda settings: TrailLookup(None, "No trail here"))
    yield
    patch.undo()


def stack_file(name: str) -> Path:
    """A stack file of the checkout, or an example."""
    folder = ROOT / "examples" / "stacks" if name.endswith(".example") else ROOT
    return folder / f"Pulumi.{name}.yaml"


def raw_config(name: str) -> dict[str, Any]:
    """A stack file as ``parse`` gets it."""
    values = yaml.safe_load(stack_file(name).read_text())["config"]
    return {key.split(":", 1)[1]: value for key, value in values.items() if key.startswith("streamgov:")}


def deployed(config: StackConfig, *, preview: bool = False) -> Graph:
    """The graph of a whole stack."""
    return run(lambda: deploy_sandbox(config) if config.mode == "sandbox" else deploy(config), preview=preview)


@pytest.fixture(scope="session")
def dev_config() -> StackConfig:
    return parse(raw_config("dev"))


@pytest.fixture(scope="session")
def dev(dev_config: StackConfig, no_bundles: None) -> Graph:
    """The graph of the stack ``dev``."""
    return deployed(dev_config)
