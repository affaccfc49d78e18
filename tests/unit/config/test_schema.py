"""The editors' schema says what the preview says."""

from __future__ import annotations

import os
from typing import Any

import jsonschema
import pytest
import yaml

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.config import MODES, parse
from streamgov_pulumi.config.schema import rendered, schema
from tests.unit.components import test_config
from tests.unit.components.conftest import ROOT

CHECKED_IN = ROOT / "streamgov.schema.json"
VALIDATOR = jsonschema.Draft7Validator(schema())
BEYOND_A_SCHEMA = (
    "must be a role of account",
    "must be of account",
    "is a second target for",
    "must be eu-west-1",
    "must be a share of",
    "namespace must be",
    "there is one with use: required only",
)
"""What the preview finds by looking at two places at once."""


def stack_file(raw: dict[str, Any]) -> dict[str, Any]:
    return {"config": {f"streamgov:{key}": value for key, value in raw.items()}}


def errors(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_checked_in_schema_is_todays() -> None:
    """After a wanted change: UPDATE_GOLDEN=1, then read the difference: it is the configuration's public surface."""
    if os.environ.get("UPDATE_GOLDEN"):
        CHECKED_IN.write_text(rendered())
    assert CHECKED_IN.read_text() == rendered()
    jsonschema.Draft7Validator.check_schema(schema())


@pytest.mark.parametrize("path", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_every_stack_file_names_the_schema_and_follows_it(path: Any) -> None:
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=streamgov.schema.json\n")
    assert errors(yaml.safe_load(text)) == []


def mistakes() -> list[Any]:
    """The cases of the reader's own test."""
    [mark] = [
        mark for mark in test_config.test_each_mistake_is_one_clear_sentence.pytestmark if mark.name == "parametrize"
    ]
    return list(mark.args[1])


@pytest.mark.parametrize(("path", "value", "expected"), mistakes())
def test_what_the_preview_refuses_an_editor_marks(path: str, value: Any, expected: str) -> None:
    found = errors(stack_file(test_config.changed(path, value)))
    if any(part in expected for part in BEYOND_A_SCHEMA) or path.endswith("topicMapping"):
        assert found == [], found
    else:
        assert found, expected


def test_everything_right_passes_and_foreign_keys_do_too() -> None:
    document = stack_file(test_config.everything())
    document["config"]["aws:profile"] = "mine"
    document["encryptionsalt"] = "v1:x"
    assert errors(document) == []


@pytest.mark.parametrize("mode", MODES)
def test_what_a_mode_needs_is_what_the_reader_asks_for(mode: str) -> None:
    raw = {"mode": mode, "region": "eu-west-1"}
    with pytest.raises(ConfigError) as refused:
        parse(raw)
    asked = {
        line.split(":")[0].strip()
        for line in str(refused.value).splitlines()[1:]
        if "is required" in line or "must be a list of at least" in line
    }
    needed = {message.split("'")[1].removeprefix("streamgov:") for message in errors(stack_file(raw))}
    assert needed == asked
