"""The least that a deploying role needs, derived from what a stack deploys: ``python -m streamgov_pulumi.deployer``.

Either from a plan, ``pulumi preview --json``, which tells the types of each account; or, before there is any, from the
side that an account is on (domain, member).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from streamgov_core.errors import ConfigError
from streamgov_core.naming import DEFAULT_NAMESPACE, Names, check_account
from streamgov_pulumi.deployer_actions import NEEDS, ROLES, SANDBOX, Needs
from streamgov_pulumi.review.plan import Change, read_plan

Statement = dict[str, Any]
POLICY_LIMIT = 6144
"""Characters of a customer managed policy, white space aside (IAM quotas)."""

_DYNAMIC = "pulumi-python:dynamic/streamgov:"
_FUNCTION_SIDE = (
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:dynamodb/table:Table",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/alias:Alias",
    "aws:kms/key:Key",
    "aws:lambda/function:Function",
    "aws:sfn/stateMachine:StateMachine",
    "aws:sqs/queue:Queue",
    "aws:sqs/queuePolicy:QueuePolicy",
    f"{_DYNAMIC}LiveObjects",
)
SIDES: Mapping[str, tuple[str, ...]] = {
    "domain": (
        *_FUNCTION_SIDE,
        "aws:datazone/policyGrant:PolicyGrant",
        "aws:lambda/permission:Permission",
        "aws:ram/principalAssociation:PrincipalAssociation",
        "aws:ram/resourceAssociation:ResourceAssociation",
        "aws:ram/resourceShare:ResourceShare",
        f"{_DYNAMIC}AssetType",
        f"{_DYNAMIC}FormType",
        f"{_DYNAMIC}ProjectMembership",
        f"{_DYNAMIC}Rule",
    ),
    "member": (
        *_FUNCTION_SIDE,
        "aws:cloudtrail/trail:Trail",
        "aws:iam/policy:Policy",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lambda/permission:Permission",
        "aws:ram/resourceShareAccepter:ResourceShareAccepter",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        f"{_DYNAMIC}SubscriptionTarget",
        "lookup:trail",
    ),
}
"""Types that each side of a deployment may hold, whatever is configured."""


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
    values = {"partition": names.partition, "region": names.region, "account": account, "ns": names.namespace}
    actions: dict[tuple[str, ...], set[str]] = {}
    passes: set[str] = set()
    for needs in _all(types):
        where = tuple(resource.format_map(values) for resource in needs.resources)
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
                "Resource": [role.format_map(values) for role in ROLES],
                "Condition": {"StringEquals": {"iam:PassedToService": sorted(passes)}},
            }
        )
    return made


def _all(types: Iterable[str]) -> Iterator[Needs]:
    for type_ in sorted(set(types)):
        if type_.startswith(("pulumi:", "streamgov:")):
            continue
        needs = NEEDS.get(type_) or SANDBOX.get(type_)
        if needs is None:
            raise ConfigError(f"what deploying {type_} takes is not written down in streamgov_pulumi.deployer_actions")
        yield needs
        yield from needs.also


def _statement(actions: list[str], resources: list[str], boundary_arn: str | None) -> Iterator[Statement]:
    """One statement, or several where some actions are bound to a condition."""
    bound: dict[str, Any] = {}
    grants = [action for action in actions if action == "kms:CreateGrant"]
    if boundary_arn is not None:
        bounded = ("iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy")
        bound = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}}
        held = [action for action in actions if action in bounded]
        # A boundary that its holder may take away is none.
        actions = [action for action in actions if action != "iam:DeleteRolePermissionsBoundary"]
    else:
        held = []
    rest = [action for action in actions if action not in (*held, *grants)]
    for found, condition in (
        (rest, {}),
        (held, bound),
        # DynamoDB asks for it when a table gets the key; nobody else may.
        (grants, {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
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


def types_by_account(preview: Mapping[str, Any]) -> dict[str, set[str]]:
    """The types of each account in a plan; resources that stay the same do not appear there."""
    plan = read_plan(preview)
    own = next((account for account in map(_ambient, plan.changes) if account), "")
    found: dict[str, set[str]] = {}
    for change in plan.changes:
        if change.type.startswith(("aws:", _DYNAMIC)):
            found.setdefault(change.account or own, set()).add(change.type)
    return found


def _ambient(change: Change) -> str:
    """The account of a provider that assumes no role: the one that the credentials belong to."""
    if change.type != "pulumi:providers:aws" or change.now.get("assumeRoles"):
        return ""
    accounts = json.loads(change.now.get("allowedAccountIds") or "[]")
    return str(accounts[0]) if accounts else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the documents as JSON: account to list of policies. 2 if the input is wrong."""
    parser = argparse.ArgumentParser(prog="python -m streamgov_pulumi.deployer", description=__doc__)
    parser.add_argument("preview", nargs="?", help="a first preview's JSON; - is standard input")
    parser.add_argument("--side", choices=sorted(SIDES), help="without a preview: the account's side")
    parser.add_argument("--account", help="without a preview: the account")
    parser.add_argument("--region", required=True)
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE)
    parser.add_argument("--partition", default="aws")
    parser.add_argument("--boundary", help="path and name of the boundary policy that every role must carry")
    parser.add_argument("--preview-only", action="store_true", help="a role that reads, for reviews")
    chosen = parser.parse_args(arguments)
    try:
        sys.stdout.write(json.dumps(_answer(chosen), indent=2) + "\n")
    except (ConfigError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _answer(chosen: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    names = Names(chosen.namespace, chosen.region, chosen.partition)
    if chosen.preview is not None:
        text = sys.stdin.read() if chosen.preview == "-" else Path(chosen.preview).read_text(encoding="utf-8")
        wanted = types_by_account(json.loads(text))
    elif chosen.side and chosen.account:
        wanted = {check_account(chosen.account): set(SIDES[chosen.side])}
    else:
        raise ConfigError("name a preview's file, or --side and --account")
    answer = {}
    for account, types in sorted(wanted.items()):
        boundary = f"arn:{names.partition}:iam::{account}:policy/{chosen.boundary}" if chosen.boundary else None
        answer[account] = policies(
            statements(types, names, account, write=not chosen.preview_only, boundary_arn=boundary)
        )
    return answer


if __name__ == "__main__":
    sys.exit(main())
