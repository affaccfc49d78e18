"""What targets are sent."""

from __future__ import annotations

import json
from typing import Any

from aws_emulator.compute.events.inputs import payload_for

EVENT = {"id": "1", "source": "s", "detail": {"name": 'say "hi"', "number": 4, "list": [1, "a"], "object": {"a": 1}}}


def sent(target: dict[str, Any]) -> str:
    return payload_for(target, EVENT, "arn:rule", "rule")


def test_whole_event_by_default() -> None:
    assert json.loads(sent({})) == EVENT


def test_constant() -> None:
    assert sent({"Input": '{"a": 1}'}) == '{"a": 1}'


def test_part() -> None:
    assert json.loads(sent({"InputPath": "$.detail.object"})) == {"a": 1}
    assert sent({"InputPath": "$.detail.absent"}) == "null"


def test_transformer_json_template() -> None:
    template = (
        '{"name": <name>, "text": "number <number> of <list>", "object": <object>, "rule": "<aws.events.rule-arn>"}'
    )
    paths = {name: f"$.detail.{name}" for name in ("name", "number", "list", "object")}
    payload = json.loads(sent({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}))
    assert payload == {
        "name": 'say "hi"',
        "text": 'number 4 of [1, "a"]',
        "object": {"a": 1},
        "rule": "arn:rule",
    }


def test_transformer_knows_the_event_and_missing_values() -> None:
    template = '{"event": <aws.events.event.json>, "gone": "<gone>", "null": <gone>, "kept": "<unknown>"}'
    transformer = {"InputPathsMap": {"gone": "$.detail.gone"}, "InputTemplate": template}
    payload = json.loads(sent({"InputTransformer": transformer}))
    assert payload == {"event": EVENT, "gone": "", "null": None, "kept": "<unknown>"}
