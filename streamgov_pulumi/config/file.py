"""A stack's file (``Pulumi.<stack>.yaml``), read and checked outside of a Pulumi program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml  # comes with Pulumi's SDK

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.config.reader import dotted, without
from streamgov_pulumi.config.secrets import secret_paths
from streamgov_pulumi.config.stack import StackConfig, parse, value_of
from streamgov_pulumi.config.stack_file import PROJECT


def load_file(path: Path) -> StackConfig:
    """Read and check a stack's file.

    An external id that is a secret is left out, because nothing here can decrypt it: ``unread`` of the result says
    whose. Whoever needs it must say so (:func:`unread_external_id`).

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
    encrypted = {found for found in secret_paths(raw) if found[-1] == "externalId"}
    config = parse(without(raw, encrypted))
    return replace(config, unread={_account(raw, found): dotted(found) for found in sorted(encrypted, key=str)})


def unread_external_id(config: StackConfig, path: Path, account: str) -> str:
    """Why an account cannot be reached as the stack reaches it, and what to do; empty if nothing is in the way.

    Args:
        config: what ``load_file`` read.
        path: the stack's file.
        account: the account.
    """
    where = config.unread.get(account)
    if where is None:
        return ""
    return (
        f"{where} in {path} is encrypted and cannot be read outside of Pulumi, so the role of account {account} is "
        f"assumed without an external id. If its trust policy asks for one, let 'pulumi preview' check (it decrypts "
        f"the value; {PROJECT}:checkPermissions says what follows), or assume the role yourself and check with its "
        f"credentials: --side, --account {account} and --profile"
    )


def _account(raw: Mapping[str, Any], path: tuple[str | int, ...]) -> str:
    """The account of the section that a setting is in."""
    section: Any = raw
    for step in path[:-1]:
        section = section[step]
    return str(section["account"])


def _text(value: Any) -> str:
    """A scalar as the engine hands it on."""
    return str(value).lower() if isinstance(value, bool) else str(value)
