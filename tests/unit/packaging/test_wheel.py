"""The wheel in an environment of its own, used from outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

import pytest

from streamgov_core import __version__
from tests.wheel import ROOT, Installed, install

pytestmark = pytest.mark.slow
PACKAGES = (
    "streamgov_core",
    "streamgov_pulumi",
    "streamgov_ops",
    "streamgov_samples",
    "streamgov_policies",
    "iam_evaluation",
)
PROGRAM = """
import json
import warnings
from pathlib import Path

import pulumi
from pulumi.runtime import Mocks, set_mocks


class RecordingMocks(Mocks):
    def __init__(self):
        self.made = []

    def new_resource(self, args):
        self.made.append({"type": args.typ, "name": args.name, "inputs": args.inputs})
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:aws:x:::{args.name}"}

    def call(self, args):
        return {}


mocks = RecordingMocks()
set_mocks(mocks)

import streamgov_pulumi
from streamgov_pulumi import StreamGovernance


def program():
    StreamGovernance("streams", {
        "region": "eu-west-1",
        "domain": {
            "access": {"account": "444455556666"}, "domain_id": "dzd-4p9n6sw4qt9xgn",
            "types_project_id": "3b1c2d4e5f6g7h",
        },
        "members": [{
            "access": {"account": "777788889999"},
            "trail": "none",
            "data_sources": {"orders": {
                "platform": "msk", "registry_name": "orders", "resource": "orders", "project_id": "1p2r3o4d5u6c7e",
                "topics": ["*"],
            }},
        }],
    })


@pulumi.runtime.test
def run():
    program()


run()
functions = [item for item in mocks.made if item["type"] == "aws:lambda/function:Function"]
archives = [item["inputs"]["code"].path for item in functions]
print(json.dumps({
    "home": streamgov_pulumi.__file__,
    "types": sorted({item["type"] for item in mocks.made}),
    "archives": archives,
    "sizes": [Path(path).stat().st_size for path in archives],
}))
"""


@dataclass(frozen=True)
class Elsewhere(Installed):
    elsewhere: Path

    def run(self, *arguments: str, text: str | None = None) -> str:
        """Run this environment's Python in a folder that has nothing of ours."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        result = subprocess.run(
            [str(self.python), *arguments],
            cwd=self.elsewhere, env=environment, input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("wheel")
    made = install(folder)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    return Elsewhere(made.wheel, made.python, made.site, elsewhere)


def test_the_wheel_holds_what_it_needs_and_nothing_else(installed: Elsewhere) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    for package in PACKAGES:
        home = ROOT / "policy" if package == "streamgov_policies" else ROOT
        expected = {
            str(path.relative_to(home))
            for path in (home / package).rglob("*")
            if path.suffix in (".py", ".typed", ".json") and "__pycache__" not in path.parts
        }
        assert f"{package}/py.typed" in names
        assert expected <= names, sorted(expected - names)
    assert "streamgov_pulumi/packaging/functions.txt" in names
    assert {f"streamgov_pulumi/packaging/handlers/{path.name}" for path in (ROOT / "handlers").glob("*.py")} <= names
    for name in ("PulumiPlugin.yaml", "__main__.py", "schema.json"):
        assert f"streamgov_pulumi/plugin_files/{name}" in names
    needs = zipfile.ZipFile(installed.wheel).read("streamgov_pulumi/plugin_files/requirements.txt").decode()
    assert needs == f"streamgov-pulumi=={__version__}\n", "the plugin's own environment gets this very version"
    bundles = {name for name in names if name.startswith("streamgov_pulumi/packaging/bundles/")}
    assert len(bundles) == len(list((ROOT / "handlers").glob("[a-z]*.py"))) + 1  # and their index
    roots = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert roots == set(PACKAGES)
    assert not [name for name in names if name.startswith("iam_evaluation/") and not name.endswith((".py", ".typed"))]


def test_the_wheel_says_what_it_depends_on(installed: Elsewhere) -> None:
    (metadata,) = installed.site.glob("streamgov_pulumi-*.dist-info/METADATA")
    required = Parser().parsestr(metadata.read_text()).get_all("Requires-Dist") or []
    names = {entry.split(">")[0].split("=")[0].split("<")[0].strip() for entry in required if "extra ==" not in entry}
    assert {"pulumi", "pulumi-aws", "boto3", "avro", "typer", "rich"} <= names


def test_a_program_elsewhere_uses_the_components_and_gets_function_bundles(installed: Elsewhere) -> None:
    answer = json.loads(installed.run("-", text=PROGRAM).strip().splitlines()[-1])
    assert Path(answer["home"]).is_relative_to(installed.site)
    assert "streamgov:index:StreamGovernance" in answer["types"]
    assert "aws:sfn/stateMachine:StateMachine" in answer["types"]
    assert "pulumi-python:dynamic/streamgov:AssetType" in answer["types"]
    assert all(Path(path).parent.name == "bundles" for path in answer["archives"]), "taken from the wheel"
    assert len(answer["archives"]) >= 3 and all(size > 100_000 for size in answer["sizes"])
    for path in {*answer["archives"]}:
        entries = set(zipfile.ZipFile(path).namelist())
        assert "streamgov_core/__init__.py" in entries and any(name.startswith("handlers/") for name in entries)


def test_the_evaluation_of_policies_works_from_the_wheel(installed: Elsewhere) -> None:
    """The `streamgov` command and functions judge live policies by it."""
    code = """
import sys
import iam_evaluation
assert not [name for name in sys.modules if name.startswith("streamgov")]
print(iam_evaluation.__file__)
"""
    assert Path(installed.run("-c", code).strip()).is_relative_to(installed.site)


def test_provider_classes_are_found_by_their_persisted_path(installed: Elsewhere) -> None:
    """Refresh and destroy load them from the state, without running the program."""
    code = """
import dill
from streamgov_pulumi.providers.form_type import FormTypeProvider
again = dill.loads(dill.dumps(FormTypeProvider()))
print(type(again).__module__, type(again).__name__)
"""
    assert installed.run("-c", code).split() == ["streamgov_pulumi.providers.form_type", "FormTypeProvider"]


def test_the_console_command_works_from_the_wheel(installed: Elsewhere) -> None:
    preview = ROOT / "tests" / "unit" / "review" / "previews" / "nothing.json"
    command = installed.python.parent / "streamgov"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    result = subprocess.run(
        [str(command), "review", str(preview)],
        cwd=installed.elsewhere, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert "Nothing changes" in result.stdout


def test_the_version_is_the_packages_own(installed: Elsewhere) -> None:
    code = "from streamgov_pulumi.plugin import plugin_version; from importlib.metadata import version; "
    code += "print(plugin_version(), version('streamgov-pulumi'))"
    plugin, package = installed.run("-c", code).split()
    assert plugin == package == installed.wheel.name.split("-")[1]
