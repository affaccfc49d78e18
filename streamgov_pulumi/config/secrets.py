"""Secrets in the configuration: an external id may be one and stays one; nothing else can.

Everything else becomes part of names, policies or identifiers, so its text would stand in the state and in previews.
The engine says only which top-level key holds a secret somewhere; where it is, the stack's file says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

import yaml

from streamgov_pulumi.arguments.rules import Text
from streamgov_pulumi.config.reader import Mistake, Path, dotted, value_at
from streamgov_pulumi.config.shapes import Leaf
from streamgov_pulumi.config.stack_file import MODES, PROJECT


def secret_paths(document: Any, at: Path = ()) -> Iterator[Path]:
    """Where a part of a stack's file holds encrypted values (maps with the one key ``secure``)."""
    if isinstance(document, Mapping):
        if set(document) == {"secure"}:
            yield at
        else:
            for key, item in document.items():
                yield from secret_paths(item, (*at, str(key)))
    elif isinstance(document, list):
        for index, item in enumerate(document):
            yield from secret_paths(item, (*at, index))


def secrets_of_file(path: FilePath) -> list[Path]:
    """Where the stack's file holds secrets of this project; none if there is no such file."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return []
    values = document.get("config") if isinstance(document, Mapping) else None
    return [
        found
        for key, value in (values.items() if isinstance(values, Mapping) else ())
        if str(key).startswith(f"{PROJECT}:")
        for found in secret_paths(value, (str(key).removeprefix(f"{PROJECT}:"),))
    ]


def secrets_refused(mode: str, keys: Collection[str], paths: Collection[Path]) -> Iterator[Mistake]:
    """What is wrong with the configuration's secrets; no sentence shows a value.

    Args:
        mode: the stack's mode.
        keys: the top-level keys that hold a secret, as the engine says.
        paths: where the stack's file holds secrets.
    """
    for path in paths:
        if not _may_be_secret(mode, path):
            yield Mistake(
                path,
                "is a secret and could not stay one: it becomes part of names, policies or identifiers. Only an "
                "externalId may be one. Set it in plain text: "
                f"pulumi config set --plaintext --path '{PROJECT}:{dotted(path)}' …",
            )
    for key in sorted(set(keys) - {str(path[0]) for path in paths}):
        yield Mistake(
            (key,),
            "holds a secret, and the stack's file does not say where. Only an externalId may be one: "
            f"pulumi config set --secret --path '{PROJECT}:<section>.externalId' …",
        )


def _may_be_secret(mode: str, path: Path) -> bool:
    value = value_at(MODES[mode].shape, path)
    return isinstance(value, Leaf) and isinstance(value.rule, Text) and value.rule.secret
