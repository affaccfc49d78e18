"""The editors' schema says what the preview says."""

from __future__ import annotations

import os
from typing import Any

import jsonschema
import pytest
import yaml

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.config import MODES, parse
from streamgov_pulumi.config.schema import CHECKED_IN, rendered, schema
from tests.unit.components.conftest import ROOT
from tests.unit.config import test_config

VALIDATOR = jsonschema.Draft7Validator(schema())
BEYOND_A_SCHEMA = (
    "must not be longer than",
    "must be of account",
    "must be of eu-west-1",
    "must be of partition",
    "must be eu-west-1",
    "must be aws, the partition",
    "is a second target for",
    "excludes environmentId",
    "is required unless projectId",
    "is no region of AWS",
    "newer botocore",
    "covers every role",
    "allowAnyRole",
    "may be given no access",
    "name it in domain.principalAccounts",
    "there is one with use: required only",
)
"""What the preview finds by looking at two places at once, or at lists that are not ours."""
STACK_FILES = [ROOT / "Pulumi.dev.yaml", *sorted((ROOT / "examples" / "stacks").glob("Pulumi.*.yaml"))]


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


def test_there_are_stack_files_to_look_at() -> None:
    assert [path.name for path in STACK_FILES] == [
        "Pulumi.dev.yaml",
        *(f"Pulumi.{mode}.example.yaml" for mode in ("all", "domain", "member")),
    ]


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_every_stack_file_names_the_schema_and_follows_it(path: Any) -> None:
    """The examples are copied to the project's folder, so they name the schema as it is seen from there."""
    text = path.read_text()
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (ROOT / first.partition("$schema=")[2]) == CHECKED_IN
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


def test_flags_and_numbers_as_the_command_line_writes_them() -> None:
    """``pulumi config set`` puts top-level values in quotes; both are the same to the engine."""
    for flag, days in ((False, 30), ("false", "30")):
        raw = {**test_config.everything(), "deletionProtection": flag, "logRetentionDays": days}
        assert errors(stack_file(raw)) == []
        assert parse(raw).common == {"deletion_protection": False, "log_retention_days": 30}


@pytest.mark.parametrize("mode", MODES)
def test_what_a_mode_needs_is_what_the_reader_asks_for(mode: str) -> None:
    raw = {"mode": mode, "region": "eu-west-1"}
    with pytest.raises(ConfigError) as refused:
        parse(raw)
    lines = str(refused.value).splitlines()[1:]
    asked = {line.split(":")[0].strip() for line in lines if "is required" in line}
    assert len(asked) == len(lines)
    needed = {message.split("'")[1].removeprefix("streamgov:") for message in errors(stack_file(raw))}
    assert needed == asked
