"""The settings of a function of ours, in a plan: some are its variables, the others stand in its layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.settings_document import DIGEST, LAYER_PATH, read_document

FUNCTION, LAYER = "aws:lambda/function:Function", "aws:lambda/layerVersion:LayerVersion"


def variables_of(type_: str, inputs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The settings that a function or a layer of settings holds, as variables.

    Returns:
        None if they are known only during ``up``, and of anything else.
    """
    if type_ == FUNCTION:
        values: Any = (inputs.get("environment") or {}).get("variables")
        # What identifies the layer's text says nothing by itself.
        return {name: value for name, value in values.items() if name != DIGEST} if _is_map(values) else None
    if type_ != LAYER:
        return None
    found: Any = inputs.get("code")
    for key in ("assets", LAYER_PATH, "text"):
        found = found.get(key) if _is_map(found) else None
    try:
        return read_document(found) if isinstance(found, str) else None
    except ConfigError:
        return None


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)
