"""The component plugin: its checked-in schema is the review of the public surface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

import streamgov_pulumi
import streamgov_samples
from streamgov_core import __version__
from streamgov_pulumi import components, plugin
from streamgov_samples import plugin as plugin_of_samples
from tools.docs.schema import OUT, render
from tools.pulumi.ensure import OLDEST

ROOT = Path(__file__).resolve().parents[3]


def test_the_schema_is_current() -> None:
    assert OUT.read_text() == render(), "run `python -m tools.docs.schema` and read the difference"


def test_every_component_is_offered_or_left_out_on_purpose() -> None:
    assert set(plugin.COMPONENTS) == set(components.__all__)
    assert set(plugin.COMPONENTS) <= set(streamgov_pulumi.__all__)
    offered = {component.__name__ for component in plugin_of_samples.offered()}
    assert offered - set(plugin.COMPONENTS) == set(streamgov_samples.__all__) - {"SampleJobs", "Sandbox"}


def test_everything_in_the_schema_is_described() -> None:
    schema: dict[str, Any] = json.loads(OUT.read_text())
    bare = [
        f"{name}.{key}"
        for name, item in (*schema["resources"].items(), *schema["types"].items())
        for group in ("inputProperties", "properties")
        for key, value in item.get(group, {}).items()
        if not value.get("description")
    ]
    assert not bare
    assert not [name for name, item in schema["resources"].items() if not item.get("description")]


def test_the_version_of_a_checkout_is_the_packages() -> None:
    assert plugin.plugin_version() == __version__ == json.loads(OUT.read_text())["version"]


def test_the_package_describes_itself() -> None:
    """What the registry, `pulumi package add` and the generated SDKs show."""
    schema: dict[str, Any] = json.loads(OUT.read_text())
    for key in ("description", "displayName", "homepage", "keywords", "license", "publisher", "repository"):
        assert schema[key], key
    assert set(schema["language"]) == {"csharp", "go", "java", "nodejs", "python"}
    assert all(settings["respectSchemaVersion"] and len(settings) > 1 for settings in schema["language"].values())
    served = plugin.Provider(plugin_of_samples.offered()).schema
    assert served is not None and json.loads(served) == schema


def test_the_plugins_manifest_names_it_and_the_oldest_engine() -> None:
    manifest = yaml.safe_load((ROOT / "plugin" / "PulumiPlugin.yaml").read_text())
    assert manifest == {
        "name": plugin.NAME, "version": __version__, "runtime": "python",
        "requiredPulumiVersion": f">={'.'.join(map(str, OLDEST))}.0",
    }  # fmt: skip


def test_the_plugins_own_environment_gets_this_checkout() -> None:
    """`pulumi install` and `pulumi package add` install what is said there, from the plugin's folder."""
    lines = (ROOT / "plugin" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-e .."]


def test_types_are_named_as_each_languages_generator_wants_them() -> None:
    """Node.js and Python put `Args` after the name of an argument's type themselves."""
    schema: dict[str, Any] = json.loads(OUT.read_text())
    assert not [name for name in (*schema["types"], *schema["resources"]) if name.endswith("Args")]
    assert 'Args"' not in OUT.read_text()


def test_descriptions_carry_no_indentation_of_docstrings() -> None:
    assert "\\n  " not in OUT.read_text()
