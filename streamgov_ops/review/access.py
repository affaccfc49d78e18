"""Who has which access because of a resource: facts, whose difference is what a change gives and takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_ops.review.plan import UNKNOWN, Change
from streamgov_ops.review.words import LATER, code, listed

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """Somebody has some access.

    Attributes:
        who: a role, an account, a project; as Markdown.
        what: which access; as Markdown.
        alarm: why a reviewer should look at it first when it is new, or ''.
    """

    who: str
    what: str
    alarm: str = ""


def facts(change: Change, inputs: Inputs) -> frozenset[Fact]:
    """The facts that the resource of a change makes true with these inputs."""
    rule = _RULES.get(change.type)
    return frozenset(rule(change, inputs)) if rule and inputs else frozenset()


def _strings(value: Any) -> list[str]:
    return sorted(str(item) for item in value) if isinstance(value, list) else [str(value)] if value else []


def _target(change: Change, inputs: Inputs) -> Iterator[Fact]:
    types = listed(_strings(inputs.get("applicable_asset_types")))
    environment = code(inputs.get("environment_id", ""))
    for principal in _strings(inputs.get("authorized_principals")):
        yield Fact(
            f"role {code(principal)}",
            f"receives the access that subscriptions of environment {environment} to assets of {types} are granted",
        )
    if inputs.get("subscription_grant_creation_mode") == "AUTOMATIC":
        yield Fact(f"environment {environment}", f"grants for {types} are made as soon as a subscription is approved")


def _membership(change: Change, inputs: Inputs) -> Iterator[Fact]:
    designation = str(inputs.get("designation", "PROJECT_CONTRIBUTOR"))
    alarm = "owner of a project" if designation == "PROJECT_OWNER" else ""
    who = inputs.get("user_identifier") or inputs.get("group_identifier") or ""
    yield Fact(
        code(who), f"is {code(designation)} of project {code(inputs.get('project_id', ''))} ({change.name})", alarm
    )


def _association(change: Change, inputs: Inputs) -> Iterator[Fact]:
    yield Fact(
        f"account {code(inputs.get('principal', ''))}",
        "is associated with the domain: its roles may call DataZone in it, within their own permissions",
    )


def _share(change: Change, inputs: Inputs) -> Iterator[Fact]:
    if inputs.get("allowExternalPrincipals"):
        yield Fact("accounts outside the organisation", f"may be invited to share {code(inputs.get('name', ''))}")
    for arn in _strings(inputs.get("permissionArns")):
        yield Fact("accounts of the share", f"hold RAM permission {code(arn)} on the domain")


def _accepter(change: Change, inputs: Inputs) -> Iterator[Fact]:
    yield Fact(f"account {code(change.account)}", f"accepts the share {code(inputs.get('shareArn', ''))}")


def _policy_grant(change: Change, inputs: Inputs) -> Iterator[Fact]:
    yield Fact(
        f"projects by {code(json.dumps(inputs.get('principal'), sort_keys=True))}",
        f"hold {code(inputs.get('policyType', ''))} on {code(inputs.get('entityIdentifier', ''))}: projects they name "
        "may make assets of that type",
    )


def _rule(change: Change, inputs: Inputs) -> Iterator[Fact]:
    """What a rule of the domain demands of people."""
    deed = "publishes" if inputs.get("action") == "CREATE_LISTING_CHANGE_SET" else "asks for"
    kinds = [f"assets of {listed(_strings(inputs['asset_types']))}" if inputs.get("asset_types") else "any asset"]
    kinds += ["data products"] if inputs.get("data_products") else []
    where = f" of projects {listed(_strings(inputs['projects']))}" if inputs.get("projects") else ""
    unit = code(inputs["domain_unit_id"]) if inputs.get("domain_unit_id") else "the domain's root unit"
    forms = inputs.get("metadata_forms")
    needed = (
        [f"form {code(form.get('type_identifier', ''))}" for form in forms if isinstance(form, Mapping)]
        if isinstance(forms, list)
        else [f"glossary term {code(term)}" for term in _strings(inputs.get("glossary_terms"))]
    )
    for need in needed:
        yield Fact(f"whoever {deed} {' or '.join(kinds)}{where} in {unit}", f"must give {need}")


def _public_block(change: Change, inputs: Inputs) -> Iterator[Fact]:
    for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if inputs.get(key) is not True:
            yield Fact("anybody", f"{code(key)} is off on bucket {code(inputs.get('bucket', ''))}", "public access")


def _attachment(change: Change, inputs: Inputs) -> Iterator[Fact]:
    yield Fact(f"role {code(inputs.get('role', ''))}", f"holds all of policy {code(inputs.get('policyArn', ''))}")


def _function(change: Change, inputs: Inputs) -> Iterator[Fact]:
    """What our own functions' settings allow them to give away."""
    values = (inputs.get("environment") or {}).get("variables")
    where = f"account {code(change.account)}"
    if not isinstance(values, Mapping):
        return
    for pattern in _json(values.get("STREAMGOV_CONSUMER_ROLES"), []):
        yield Fact(f"roles {code(pattern)}", f"may be given access to streams by grants, in {where}")
    for project, patterns in sorted(_json(values.get("STREAMGOV_MANUAL_ASSETS"), {}).items()):
        for pattern in patterns:
            yield Fact(
                f"project {code(project)}",
                f"assets that it makes by hand may name {code(pattern)}, so its approvals give that away ({where})",
            )
    for account, others in sorted(_json(values.get("STREAMGOV_PRINCIPAL_ACCOUNTS"), {}).items()):
        for other in others:
            yield Fact(f"roles of account {code(other)}", f"may be named by targets of account {code(account)}")
    if "STREAMGOV_ASSET_TYPES" in values and "collect" in change.name:
        for account in str(values.get("STREAMGOV_MEMBER_ACCOUNTS", "")).split(","):
            if account:
                yield Fact(f"account {code(account)}", "takes part in grants as producer or consumer")
    if values.get("STREAMGOV_REQUIRE_BOUNDARY") == "false":
        yield Fact(
            f"consumer roles of {where}",
            "may be given access though they carry no permissions boundary",
            "the boundary of consumer roles is waived",
        )
    if values.get("STREAMGOV_PUBLISH") == "true":
        yield Fact(
            "everybody in the domain",
            f"sees the assets of registry {code(values.get('STREAMGOV_REGISTRY_NAME', ''))}: they are published "
            f"without anybody's doing ({where})",
        )


def _json(text: Any, otherwise: Any) -> Any:
    """A variable's JSON; what is not known yet counts as nothing and is told apart by :func:`unknown`."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return otherwise


_RULES: Mapping[str, Callable[[Change, Inputs], Iterator[Fact]]] = {
    "pulumi-python:dynamic/streamgov:SubscriptionTarget": _target,
    "pulumi-python:dynamic/streamgov:ProjectMembership": _membership,
    "pulumi-python:dynamic/streamgov:Rule": _rule,
    "aws:ram/principalAssociation:PrincipalAssociation": _association,
    "aws:ram/resourceShare:ResourceShare": _share,
    "aws:ram/resourceShareAccepter:ResourceShareAccepter": _accepter,
    "aws:datazone/policyGrant:PolicyGrant": _policy_grant,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_block,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:lambda/function:Function": _function,
}
_DECISIVE: Mapping[str, tuple[str, ...]] = {
    "pulumi-python:dynamic/streamgov:SubscriptionTarget": ("authorized_principals", "environment_id"),
    "pulumi-python:dynamic/streamgov:ProjectMembership": ("user_identifier", "project_id"),
    "aws:lambda/function:Function": ("environment",),
}


def unknown(change: Change) -> list[str]:
    """Inputs that decide about access and that no preview can know, as sentences."""
    return [
        f"{code(key)} of {code(change.name)} is {LATER}"
        for key in _DECISIVE.get(change.type, ())
        if UNKNOWN in json.dumps(change.after.get(key))
    ]
