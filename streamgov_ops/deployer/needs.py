"""What is deployed into each account: from a stack's file, a first preview, or the side that an account is on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names, check_account
from streamgov_ops.deployer.resources import DYNAMIC, SIDES
from streamgov_ops.review.plan import Change, Plan, read_plan
from streamgov_ops.session import SessionSettings


@dataclass(frozen=True)
class AccountNeeds:
    """What is deployed into one account.

    Attributes:
        account: its 12 digits.
        types: resource types, and ``lookup:…`` for what is looked up while the program runs.
        session: how the stack reaches it.
        boundary_arn: the permissions boundary that the stack's own roles carry, if there is one.
        tags: the stack's tags: policies may demand them of what is created.
        unread: what of the session is not known, and what to do; empty if nothing.
    """

    account: str
    types: frozenset[str]
    session: SessionSettings
    boundary_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""


def boundary_policy_arn(names: Names, account: str, name: str) -> str | None:
    """ARN of the boundary policy with this path and name; None if the name is empty."""
    return f"arn:{names.partition}:iam::{account}:policy/{name}" if name else None


def needs_of_side(side: str, account: str, names: Names, boundary: str = "") -> AccountNeeds:
    """What an account on one side of a deployment may hold, whatever is configured.

    Raises:
        ConfigError: the account is not 12 digits.
    """
    check_account(account)
    return _needs(account, SIDES[side], names, boundary)


def needs_of_preview(preview: Any, names: Names, boundary: str = "") -> list[AccountNeeds]:
    """What a stack's first preview creates in each account.

    Raises:
        ConfigError: it is no preview, it failed, or nothing of it is deployed.
    """
    plan = read_plan(preview)
    found = types_by_account(plan)
    if not found:
        raise ConfigError(_why_nothing(plan))
    return [_needs(account, types, names, boundary) for account, types in sorted(found.items())]


def _needs(account: str, types: Iterable[str], names: Names, boundary: str) -> AccountNeeds:
    return AccountNeeds(
        account, frozenset(types), SessionSettings(names.region), boundary_policy_arn(names, account, boundary)
    )


def _why_nothing(plan: Plan) -> str:
    if plan.errors:
        return "this preview failed, so it does not tell what is deployed: " + plan.errors[0]
    return (
        "this preview creates nothing: only a stack's first preview tells what its deploying role needs. Name the "
        f"stack's file instead: --config Pulumi.{plan.stack or '<stack>'}.yaml"
    )


def unchanged_resources(preview: Any) -> int:
    """How many resources a preview leaves as they are, and so does not name the types of.

    Raises:
        ConfigError: it is no preview.
    """
    return read_plan(preview).unchanged


def types_by_account(plan: Plan) -> dict[str, set[str]]:
    """The types of each account in a plan; resources that stay the same do not appear there.

    Raises:
        ConfigError: the plan does not tell which account a resource is in.
    """
    own = next((account for account in map(_ambient, plan.changes) if account), "")
    found: dict[str, set[str]] = {}
    for change in plan.changes:
        if change.type.startswith(("aws:", DYNAMIC)):
            account = change.account or own
            if not account:
                raise ConfigError(
                    f"the preview does not tell the account of {change.name} ({change.type}): name the stack's file "
                    f"instead, --config Pulumi.{plan.stack or '<stack>'}.yaml"
                )
            found.setdefault(account, set()).add(change.type)
    return found


def _ambient(change: Change) -> str:
    """The account of a provider that assumes no role: the one that the credentials belong to."""
    if change.type != "pulumi:providers:aws" or change.now.get("assumeRoles"):
        return ""
    accounts = json.loads(change.now.get("allowedAccountIds") or "[]")
    return str(accounts[0]) if accounts else ""
