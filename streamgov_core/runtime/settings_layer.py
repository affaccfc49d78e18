"""The variables of a function: its environment's, and those that its layer of settings holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.settings_document import DIGEST, SETTINGS_FILE, digest_of, read_document


def function_variables(env: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """All variables of a function.

    Args:
        env: the environment; None for the process's. One that names no settings is complete by itself.

    Raises:
        ConfigError: the settings that it names are not in a layer of the function.
    """
    variables = os.environ if env is None else env
    digest = variables.get(DIGEST)
    return variables if not digest else {**variables, **_settings(digest)}


@cache
def _settings(digest: str) -> dict[str, str]:
    return read_settings(digest, sys.path)


def read_settings(digest: str, folders: Sequence[str]) -> dict[str, str]:
    """The variables of the first text of settings in these folders.

    Args:
        digest: what identifies the text.
        folders: where to look.

    Raises:
        ConfigError: there is none, or another one.
    """
    files = (Path(folder) / SETTINGS_FILE for folder in folders)
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise ConfigError(f"the function has no layer with its settings ({SETTINGS_FILE}): deploy it again")
    text = found.read_text(encoding="utf-8")
    if digest_of(text) != digest:
        raise ConfigError(
            f"the settings in the function's layer are not those that {DIGEST} names: deploy the function again"
        )
    return read_document(text)
