"""The part of a function's settings that grows with a deployment, written as one text.

Variables have room for 4 KB (Lambda quotas). Lists of accounts, projects, roles and patterns go into this text
instead, which is deployed as a layer of the function: a version of a layer never changes, and which version a function
has is part of the function's configuration, as its variables are (docs/adr/0016-lists-in-a-layer.md).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from streamgov_core.model.environment_variables import compact_json
from streamgov_core.model.errors import ConfigError

SETTINGS_FILE = "streamgov_settings.json"
"""Name of the text, in a folder in which Python looks for modules."""
LAYER_PATH = f"python/{SETTINGS_FILE}"
"""Its path in the layer: Lambda puts the layer's folder ``python`` on the path of modules."""
DIGEST = "STREAMGOV_SETTINGS"
"""The variable that tells which text belongs to the function's other variables."""


def write_document(variables: Mapping[str, str]) -> str:
    """The text, a line for each item, so that a difference of two texts can be read.

    Args:
        variables: names to JSON.
    """
    return json.dumps({name: json.loads(text) for name, text in variables.items()}, sort_keys=True, indent=1)


def read_document(text: str) -> dict[str, str]:
    """The variables that ``write_document`` was given.

    Raises:
        ConfigError: it is no such text.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the settings in the function's layer are no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError("the settings in the function's layer must be an object")
    return {name: compact_json(value) for name, value in found.items()}


def digest_of(text: str) -> str:
    """What identifies the text."""
    return hashlib.sha256(text.encode()).hexdigest()
