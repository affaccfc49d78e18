"""The stack's configuration (``streamgov:…`` in ``Pulumi.<stack>.yaml``), checked as a whole at preview.

Modes: ``sandbox`` (the local stack with a domain of its own), ``all`` (domain and members from one program), ``domain``
and ``member`` (one account each, by teams of their own).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, cast

import pulumi
import yaml

from streamgov_core.model.naming import DEFAULT_NAMESPACE
from streamgov_pulumi.arguments.choices import CHECKS
from streamgov_pulumi.arguments.secret import SecretText
from streamgov_pulumi.components._settings import AccountArgs
from streamgov_pulumi.components.governance_args import StreamGovernanceArgs
from streamgov_pulumi.config.checks import check_all, partition_of
from streamgov_pulumi.config.placeholders import placeholders_left
from streamgov_pulumi.config.reader import Mistake, Path, arguments_of, mistakes_of, refuse, without
from streamgov_pulumi.config.secrets import secrets_of_file, secrets_refused
from streamgov_pulumi.config.shapes import Leaf
from streamgov_pulumi.config.stack_file import MODES, PROJECT

OF_ONE_MODE = (
    "mode",
    "check_permissions",
    "check_references",
    "region",
    "domain",
    "members",
    "member_accounts",
    "member",
    "accounts",
)
"""Arguments that are no setting which all modes hand on to the facade."""


@dataclass(frozen=True)
class StackConfig:
    """A checked configuration.

    Args:
        mode: which stack this is.
        region: the one region.
        namespace: prefix of physical names.
        common: arguments of the facade that every mode shares.
        accounts: the three accounts of the sandbox.
        governance: the facade's arguments, complete in every mode but ``sandbox``.
        check_permissions: one of CHECKS.
        check_references: one of CHECKS.
        unread: account to where its external id is, if that is encrypted and was read where nothing can decrypt it.
    """

    mode: str
    region: str
    namespace: str
    common: Mapping[str, Any] = field(default_factory=dict)
    accounts: Mapping[str, AccountArgs] = field(default_factory=dict)
    governance: StreamGovernanceArgs | None = None
    check_permissions: str = CHECKS[0]
    check_references: str = CHECKS[0]
    unread: Mapping[str, str] = field(default_factory=dict)


def load() -> StackConfig:
    """Read and check the current stack's configuration, before it is deployed.

    Raises:
        ConfigError: all mistakes, one a line; placeholders of the examples and misplaced secrets are mistakes, too.
    """
    config = pulumi.Config(PROJECT)
    raw: dict[str, Any] = {}
    secret_keys: set[str] = set()
    for key in _configured_keys():
        value = config.get(key)
        if value is not None:
            raw[key] = value_of(value)
        if pulumi.runtime.is_config_secret(f"{PROJECT}:{key}"):
            secret_keys.add(key)
    secrets = secrets_of_file(_stack_file()) if secret_keys else []
    mode = str(raw.get("mode") or "")
    if mode not in MODES:
        return parse(raw)
    # First and alone: whatever is said of the values shows them.
    refuse(list(secrets_refused(mode, secret_keys, secrets)))
    typed = _typed(mode, raw)
    clean = without(typed, {mistake.path for mistake in mistakes_of(mode, typed)})
    return parse(raw, secrets, list(placeholders_left(mode, clean)))


def _configured_keys() -> list[str]:
    # The SDK has no call that lists keys; without the list a misspelt key would be ignored in silence.
    known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    return sorted(key.split(":", 1)[1] for key in known if key.startswith(f"{PROJECT}:"))


def _stack_file() -> FilePath:
    """Where the stack's file is: beside Pulumi.yaml, or in the folder that it names."""
    root = FilePath(pulumi.get_root_directory())
    try:
        project = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        project = None
    folder = project.get("stackConfigDir") if isinstance(project, Mapping) else None
    return root / str(folder or "") / f"Pulumi.{pulumi.get_stack()}.yaml"


def value_of(text: str) -> Any:
    """A top-level value as the engine hands it on: maps and lists are JSON, everything else stays text."""
    if text[:1] in "{[":
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _typed(mode: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The engine hands on top-level numbers and flags as text, with and without quotes in the file."""
    settings, made = MODES[mode].shape.settings, dict(raw)
    for key, value in raw.items():
        leaf = settings[key].value if key in settings else None
        if not isinstance(leaf, Leaf) or not isinstance(value, str):
            continue
        if leaf.type is bool and value in ("true", "false"):
            made[key] = value == "true"
        elif leaf.type is int and value.isascii() and value.isdigit():
            made[key] = int(value)
    return made


def parse(raw: Mapping[str, Any], secrets: Collection[Path] = (), refused: Collection[Mistake] = ()) -> StackConfig:
    """Check a configuration.

    Args:
        raw: key without the project's prefix -> value, objects as maps.
        secrets: where it holds secrets.
        refused: mistakes that are known already, told with the others.

    Raises:
        ConfigError: all mistakes, one a line.
    """
    mode = str(raw.get("mode") or "")
    if mode not in MODES:
        refuse([Mistake(("mode",), _no_mode(mode))])
    raw = _typed(mode, raw)
    mistakes = mistakes_of(mode, raw)
    told = {mistake.path for mistake in mistakes}
    # What is wrong is left out of the further checks, and not said to be missing.
    further = [mistake for mistake in check_all(mode, without(raw, told)) if mistake.path not in told]
    refuse([*mistakes, *further, *refused])
    hidden = set(secrets)

    def change(path: Path, value: Any) -> Any:
        if path == ("domain", "reconcileSchedule") and value == "never":
            return ""
        return SecretText(value) if path in hidden else value

    made = arguments_of(MODES[mode].shape, raw, change)
    common = {key: value for key, value in made.items() if key not in OF_ONE_MODE}
    partition = partition_of(raw)
    if partition != "aws":
        common["partition"] = partition
    governance = None if mode == "sandbox" else _governance(mode, made, common)
    return StackConfig(
        mode,
        made["region"],
        str(common.get("namespace", DEFAULT_NAMESPACE)),
        common,
        made.get("accounts", {}),
        governance,
        made.get("check_permissions", CHECKS[0]),
        made.get("check_references", CHECKS[0]),
    )


def _no_mode(mode: str) -> str:
    """A wrong mode, or none: then there is no stack's file, or one that was written for something else."""
    known = ", ".join(sorted(MODES))
    if mode:
        return f"must be one of {known}, got {mode!r}"
    return f"is required, one of {known}: begin with a copy of a file of examples/stacks as Pulumi.<stack>.yaml"


def _governance(mode: str, made: Mapping[str, Any], common: Mapping[str, Any]) -> StreamGovernanceArgs:
    domain, members = made["domain"], made.get("members", [])
    if mode == "domain":
        members = [{"access": {"account": account}, "deploy": False} for account in made["member_accounts"]]
    elif mode == "member":
        domain, members = {**domain, "deploy": False}, [made["member"]]
    return cast(StreamGovernanceArgs, {"region": made["region"], "domain": domain, "members": members, **common})
