"""The engine's plan (``pulumi preview --json``) as a list of changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from streamgov_core.model.errors import ConfigError

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that is known only during ``up`` (SDK: plugin.UnknownStringValue)."""

Kind = Literal["create", "update", "replace", "delete"]
_KINDS: Mapping[str, Kind] = {
    "create": "create",
    "import": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
    "delete": "delete",
}
# Nothing happens to the resource itself.
_QUIET = ("same", "read", "refresh", "read-replacement", "discard", "discard-replaced", "remove-pending-replace")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


@dataclass(frozen=True)
class Change:
    """What happens to one resource.

    Attributes:
        kind: what happens.
        urn: the resource.
        before: its inputs as they are; empty if it is created.
        after: its inputs as they will be; empty if it is deleted.
        account: the account that it lives in, or '' if the plan does not tell.
        kept: the program lets go of it, but it is not deleted (``retain_on_delete``).
        imported: the object exists already and is taken over.
        reasons: the inputs for whose sake it is replaced.
        needs: URNs of what it depends on.
    """

    kind: Kind
    urn: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    account: str = ""
    kept: bool = False
    imported: bool = False
    reasons: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()

    @property
    def type(self) -> str:
        """The resource's type, such as ``aws:iam/role:Role``."""
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.split("::", 3)[3]

    @property
    def parents(self) -> tuple[str, ...]:
        """The types of the components that it is a part of, the outermost first."""
        return tuple(self.urn.split("::")[2].split("$")[:-1])

    @property
    def now(self) -> Mapping[str, Any]:
        """Its inputs after the change, or what they were if it is deleted."""
        return self.after or self.before

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the inputs that differ."""
        keys = sorted({*self.before, *self.after})
        return tuple(key for key in keys if self.before.get(key) != self.after.get(key))


@dataclass(frozen=True)
class Plan:
    """A stack's plan.

    Attributes:
        stack: the stack's name.
        changes: what changes, in the plan's order.
        unchanged: how many resources stay as they are.
        errors: why the preview failed, if it did.
        strange: operations that this version does not know, so that nothing is kept silent.
    """

    stack: str
    changes: tuple[Change, ...]
    unchanged: int
    errors: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()


def read_plan(preview: Any) -> Plan:
    """Read what ``pulumi preview --json`` printed.

    Raises:
        ConfigError: it is something else.
    """
    if not isinstance(preview, Mapping) or not ({"steps", "diagnostics"} & preview.keys()):
        raise ConfigError("this is not what `pulumi preview --json` prints: expected an object with `steps`")
    changes: dict[str, Change] = {}
    strange: list[str] = []
    stack = ""
    for step in preview.get("steps") or []:
        operation, urn = step["op"], step["urn"]
        stack = stack or urn.split("::")[0].rsplit(":", 1)[-1]
        if operation in _KINDS:
            changes[urn] = _merged(changes.get(urn), _change(_KINDS[operation], step))
        elif operation not in _QUIET:
            strange.append(f"{operation} {urn}")
    return Plan(
        stack=stack,
        changes=tuple(changes.values()),
        unchanged=int((preview.get("changeSummary") or {}).get("same", 0)),
        errors=_errors(preview),
        strange=tuple(strange),
    )


def _errors(preview: Mapping[str, Any]) -> tuple[str, ...]:
    found = [
        str(item.get("message", "")).strip()
        for item in preview.get("diagnostics") or []
        if item.get("severity") == "error"
    ]
    return tuple(dict.fromkeys(text for text in found if text))


def _change(kind: Kind, step: Mapping[str, Any]) -> Change:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    before, after = _inputs(old), _inputs(new)
    # The old object of a replacement: the engine shows the new state beside it again.
    if step["op"] in ("delete", "delete-replaced"):
        after = {}
    return Change(
        kind=kind,
        urn=step["urn"],
        before={} if kind == "create" else before,
        after=after,
        account=_account(step, after or before),
        kept=bool(old.get("retainOnDelete")),
        imported=step["op"].startswith("import"),
        reasons=tuple(sorted(step.get("replaceReasons") or [])),
        needs=frozenset((new or old).get("dependencies") or []),
    )


def _merged(first: Change | None, second: Change) -> Change:
    """One change of several steps: a replacement is planned as create, replace and delete."""
    if first is None:
        return second
    return Change(
        kind="replace" if first.kind != second.kind else first.kind,
        urn=first.urn,
        before=first.before or second.before,
        after=first.after or second.after,
        account=first.account or second.account,
        kept=first.kept or second.kept,
        imported=first.imported or second.imported,
        reasons=first.reasons or second.reasons,
        needs=first.needs | second.needs,
    )


def _inputs(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (state.get("inputs") or {}).items() if not key.startswith("__")}


def _account(step: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """From the role that a dynamic resource assumes, or the provider, whose name ends with its account."""
    for text in (inputs.get("assume_role_arn"), _provider_name(step)):
        found = _ACCOUNT.search(text) if isinstance(text, str) else None
        if found:
            return found.group()
    return ""


def _provider_name(step: Mapping[str, Any]) -> str:
    state = step.get("newState") or step.get("oldState") or {}
    urn = step.get("provider") or state.get("provider") or ""
    parts = str(urn).split("::")
    return parts[3] if len(parts) > 3 else ""
