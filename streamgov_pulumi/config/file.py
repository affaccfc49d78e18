"""A stack's file (``Pulumi.<stack>.yaml``), read and checked outside of a Pulumi program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # comes with Pulumi's SDK

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.config.reader import without
from streamgov_pulumi.config.secrets import secret_paths
from streamgov_pulumi.config.stack import StackConfig, parse, value_of
from streamgov_pulumi.config.stack_file import PROJECT


def load_file(path: Path) -> StackConfig:
    """Read and check a stack's file.

    An external id that is a secret is left out: nothing here can decrypt it.

    Raises:
        ConfigError: it is no stack's file, or all mistakes in it, one a line.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as a stack's file: {error}") from None
    values = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path} is no stack's file: it has no map 'config'")
    prefix = f"{PROJECT}:"
    raw = {
        str(key).removeprefix(prefix): value if isinstance(value, Mapping | list) else value_of(_text(value))
        for key, value in values.items()
        if str(key).startswith(prefix)
    }
    return parse(without(raw, {found for found in secret_paths(raw) if found[-1] == "externalId"}))


def _text(value: Any) -> str:
    """A scalar as the engine hands it on."""
    return str(value).lower() if isinstance(value, bool) else str(value)
