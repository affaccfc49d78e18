"""What a target is sent: the event, a part of it, a constant, or a template filled from it.

Source of the rules: EventBridge user guide, "Amazon EventBridge input transformation".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_emulator.compute.states.paths import NoMatch, read

_VARIABLE = re.compile(r"<([A-Za-z0-9._-]+)>")


def payload_for(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str) -> str:
    """The JSON text that a target is sent.

    Args:
        target: the target of the rule, with ``Input``, ``InputPath``, ``InputTransformer`` or none of them.
        event: the event.
        rule_arn: for the variable ``aws.events.rule-arn``.
        rule_name: for the variable ``aws.events.rule-name``.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        try:
            return json.dumps(read(target["InputPath"], event, {}))
        except NoMatch:
            return "null"
    transformer = target.get("InputTransformer")
    if transformer:
        return _transformed(transformer, event, rule_arn, rule_name)
    return json.dumps(event)


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, rule_name: str) -> str:
    values: dict[str, Any] = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        try:
            values[name] = read(path, event, {})
        except NoMatch:
            values[name] = None
    template = str(transformer["InputTemplate"])
    rendered = []
    position = 0
    for found in _VARIABLE.finditer(template):
        if found.group(1) not in values:
            continue
        rendered.append(template[position : found.start()])
        rendered.append(_rendered(values[found.group(1)], inside=_inside_string(template, found.start())))
        position = found.end()
    rendered.append(template[position:])
    return "".join(rendered)


def _inside_string(template: str, position: int) -> bool:
    """Whether a variable stands inside a JSON string of the template."""
    quotes = len(re.findall(r'(?<!\\)"', template[:position]))
    return quotes % 2 == 1


def _rendered(value: Any, *, inside: bool) -> str:
    """A value inside of a string is text without its quotes; outside it is JSON; a missing one is empty inside."""
    if not inside:
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value)[1:-1]
    if value is None:
        return ""
    return json.dumps(json.dumps(value))[1:-1] if isinstance(value, dict | list) else json.dumps(value)
