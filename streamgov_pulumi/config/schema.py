"""The JSON schema of a stack file, for editors: completion, descriptions, and most mistakes while typing.

It is made from the models with which the configuration is read. What a schema cannot say (two targets for one
environment, a role of another account) the preview says. ``python -m streamgov_pulumi.config.schema`` prints it;
``streamgov.schema.json`` beside this module is that, checked in.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from streamgov_pulumi.config.model import StackSchema, stack_model
from streamgov_pulumi.config.stack_file import MODES, PROJECT

CHECKED_IN = Path(__file__).with_name("streamgov.schema.json")


def schema() -> dict[str, Any]:
    """The whole: a ``Pulumi.<stack>.yaml`` whose keys of other projects and of Pulumi itself are let pass."""
    _, made = models_json_schema([(stack_model(mode), "validation") for mode in MODES], schema_generator=StackSchema)
    definitions = made["$defs"]
    stacks = {mode: definitions.pop(stack_model(mode).__name__) for mode in MODES}
    known: dict[str, Any] = {}
    for stack in stacks.values():
        for key, value in stack["properties"].items():
            # A key that means different things in two modes is described by each of them.
            known[key] = _top(value) if known.get(key, _top(value)) == _top(value) else True
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Stack file of streamgov_pulumi",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": [f"{PROJECT}:mode"],
                "properties": {f"{PROJECT}:{key}": value for key, value in known.items()},
                "patternProperties": {f"^(?!{PROJECT}:)": True},
                "additionalProperties": False,
                "allOf": [_mode(mode, stack, known) for mode, stack in stacks.items()],
            }
        },
        "$defs": definitions,
    }


def _mode(mode: str, stack: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What holds in one mode beyond what all say."""
    own = {key: _top(value) for key, value in stack["properties"].items() if known[key] is True}
    foreign = {key: False for key in known if key not in stack["properties"]}
    return {
        "if": {"properties": {f"{PROJECT}:mode": {"const": mode}}},
        "then": {
            "required": [f"{PROJECT}:{key}" for key in stack["required"]],
            "properties": {f"{PROJECT}:{key}": value for key, value in {**own, **foreign}.items()},
        },
    }


def _top(value: dict[str, Any]) -> dict[str, Any]:
    """A top-level value: ``pulumi config set`` writes flags and numbers in quotes."""
    if value.get("type") == "boolean":
        return {**{key: item for key, item in value.items() if key != "type"}, "enum": [True, False, "true", "false"]}
    if value.get("type") == "integer":
        rest = {key: item for key, item in value.items() if key != "type"}
        return {**rest, "enum": [*value["enum"], *map(str, value["enum"])]}
    return value


def rendered() -> str:
    """The text of ``streamgov.schema.json``."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rendered())
