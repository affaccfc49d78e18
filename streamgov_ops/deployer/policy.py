"""The least that a deploying role needs: policy documents for the types that a stack deploys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from streamgov_core.model.errors import ConfigError
from streamgov_core.model.naming import Names
from streamgov_ops.deployer.actions import NEEDS, Needs
from streamgov_ops.deployer.further_actions import OPTIONAL, SANDBOX
from streamgov_ops.deployer.resources import arn_patterns

Statement = dict[str, Any]
SIMULATE = ("iam:GetRole", "iam:SimulatePrincipalPolicy")
"""What it takes to ask IAM what a role may do."""
POLICY_LIMIT = 6144
"""Characters of a customer managed policy, white space aside (IAM quotas)."""


def statements(
    types: Iterable[str], names: Names, account: str, *, write: bool = True, boundary_arn: str | None = None
) -> list[Statement]:
    """The statements for deploying these types into an account.

    Args:
        types: resource types; components and providers need nothing of their own.
        names: the deployment's names.
        account: the account.
        write: False for a role that only previews and refreshes.
        boundary_arn: the boundary that every role must be created with, and keep.

    Raises:
        ConfigError: nobody has written down what a type needs.
    """
    values = {
        "partition": names.partition,
        "region": names.region,
        "account": account,
        "ns": names.namespace,
        "records": names.arn("dynamodb", account, f"table/{names.record_table}"),
    }
    actions: dict[tuple[str, ...], set[str]] = {}
    passes: set[str] = set()
    ours = arn_patterns(names, account)
    for type_, needs in _all(types):
        where = (*ours.get(type_, ()), *(resource.format_map(values) for resource in needs.resources))
        for resources, found in (
            (where, (*needs.read, *(needs.write if write else ()))),
            (("*",), (*needs.read_any, *(needs.write_any if write else ()))),
        ):
            if found:
                actions.setdefault(resources, set()).update(f"{needs.service}:{action}" for action in found)
        passes.update(needs.passes if write else ())
    made = [
        part
        for resources, found in sorted(actions.items())
        for part in _statement(sorted(found), list(resources), boundary_arn)
    ]
    if passes:
        made.append(
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": list(ours["aws:iam/role:Role"]),
                "Condition": {"StringEquals": {"iam:PassedToService": sorted(passes)}},
            }
        )
    return made


def _all(types: Iterable[str]) -> Iterator[tuple[str, Needs]]:
    """Each type with what it needs; what it needs of another service stands under no type."""
    for type_ in sorted(set(types)):
        if type_.startswith(("pulumi:", "streamgov:")):
            continue
        needs = NEEDS.get(type_) or OPTIONAL.get(type_) or SANDBOX.get(type_)
        if needs is None:
            raise ConfigError(f"what deploying {type_} takes is not written down in streamgov_ops.deployer.actions")
        yield type_, needs
        for further in needs.also:
            yield "", further


def users_of(action: str, types: Iterable[str], passed_to: str | None = None) -> list[str]:
    """Which of these types need an action; for iam:PassRole those that hand a role to the service ``passed_to``."""
    service, _, name = action.partition(":")
    found = []
    for type_ in sorted(set(types)):
        for _, needs in _all([type_]):
            held = {*needs.read, *needs.write, *needs.read_any, *needs.write_any}
            passes = action == "iam:PassRole" and (passed_to in needs.passes if passed_to else bool(needs.passes))
            if (needs.service == service and name in held) or passes:
                found.append(type_)
                break
    return found


def own_statement(role_arn: str) -> Statement:
    """What lets a role ask IAM what it may do itself (``--check``, and the check of a preview)."""
    return {"Effect": "Allow", "Action": list(SIMULATE), "Resource": [role_arn]}


def _statement(actions: list[str], resources: list[str], boundary_arn: str | None) -> Iterator[Statement]:
    """One statement, or several where some actions are bound to a condition."""
    bound: dict[str, Any] = {}
    grants = [action for action in actions if action == "kms:CreateGrant"]
    read = [action for action in actions if action == "kms:Decrypt"]
    if boundary_arn is not None:
        bounded = ("iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy")
        bound = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}}
        held = [action for action in actions if action in bounded]
        # A boundary that its holder may take away is none.
        actions = [action for action in actions if action != "iam:DeleteRolePermissionsBoundary"]
    else:
        held = []
    rest = [action for action in actions if action not in (*held, *grants, *read)]
    for found, condition in (
        (rest, {}),
        (held, bound),
        # DynamoDB asks for it when a table gets the key; nobody else may.
        (grants, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        # What an encrypted table holds; nothing else that the key encrypts.
        (read, {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}}),
    ):
        if found:
            made: Statement = {"Effect": "Allow", "Action": found, "Resource": resources}
            yield {**made, "Condition": condition} if condition else made


def policies(found: Sequence[Statement]) -> list[dict[str, Any]]:
    """As few documents as the limit allows: attach all of them to the deploying role."""
    documents: list[list[Statement]] = []
    for statement in sorted(found, key=lambda item: -_size([item])):
        room = next((group for group in documents if _size([*group, statement]) <= POLICY_LIMIT), None)
        if room is None:
            documents.append([statement])
        else:
            room.append(statement)
    return [{"Version": "2012-10-17", "Statement": group} for group in documents]


def _size(group: list[Statement]) -> int:
    return len(json.dumps({"Version": "2012-10-17", "Statement": group}, separators=(",", ":")))
