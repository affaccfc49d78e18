"""Policy documents and definitions as JSON text, from plain values or Outputs."""

import json
from collections.abc import Callable
from typing import Any

import pulumi


def to_json(document: Any) -> str:
    """JSON in a stable order, without white space: policies have limits."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def built(build: Callable[..., Any], **values: pulumi.Input[Any]) -> pulumi.Output[str]:
    """The JSON text of ``build(**values)`` once every value is known."""
    return pulumi.Output.all(**values).apply(lambda known: to_json(build(**known)))
