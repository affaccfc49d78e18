"""Who has which access because of a resource: facts, whose difference is what a change grants and revokes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamgov_core.catalog.entry import PUBLISH, REGISTRY_NAME
from streamgov_core.domain.settings import MEMBER_ACCOUNTS, PRINCIPAL_ACCOUNTS
from streamgov_core.member.apply_settings import (
    CLAIMABLE,
    CONSUMER_ROLES,
    DELIVERIES,
    MANUAL_ASSETS,
    REQUIRE_BOUNDARY,
)
from streamgov_core.model.access_role import ACCESS_ROLE, DIRECT
from streamgov_core.model.asset_record import NO_REGISTRY
from streamgov_core.model.environment_variables import flag, split
from streamgov_ops.review.harm import Alarm, Harm
from streamgov_ops.review.markup import LATER, code, listed
from streamgov_ops.review.patterns import covers, covers_account, covers_every_role
from streamgov_ops.review.plan import UNKNOWN, Change
from streamgov_ops.review.settings import FUNCTION, LAYER, variables_of

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """Somebody has some access.

    Attributes:
        who: a role, an account, a project; as Markdown.
        what: which access; as Markdown.
        alarm: why a reviewer should look at it first when it is new, or None.
        group: facts of one group differ in their pattern only, and a wider pattern stands for a narrower one.
        pattern: the ARN pattern that it is about, or ''.
    """

    who: str
    what: str
    alarm: Alarm | None = None
    group: str = ""
    pattern: str = ""


def facts(change: Change, inputs: Inputs) -> frozenset[Fact]:
    """The facts that the resource of a change makes true with these inputs."""
    rule = _RULES.get(change.type)
    return frozenset(rule(change, inputs)) if rule and inputs else frozenset()


def changed_facts(change: Change) -> tuple[list[Fact], list[Fact]]:
    """The facts that a change adds, and those that it ends; what a wider pattern covers is neither."""
    before = facts(change, change.before)
    # What the program lets go of without deleting it stays in force.
    after = before if change.kept else facts(change, change.after)
    return _not_covered(after - before, before), _not_covered(before - after, after)


def _not_covered(found: frozenset[Fact], by: frozenset[Fact]) -> list[Fact]:
    return sorted(
        (
            fact
            for fact in found
            if not any(fact.group and fact.group == other.group and covers(other.pattern, fact.pattern) for other in by)
        ),
        key=str,
    )


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
    alarm = Alarm(Harm.ACCESS_WIDENED, "owner of a project") if designation == "PROJECT_OWNER" else None
    who = inputs.get("user_identifier") or inputs.get("group_identifier") or ""
    permitted = listed(_strings(inputs.get("operations")))
    own = f", in a V2 domain by a designation that permits {permitted} alone" if permitted else ""
    project = code(inputs.get("project_id", ""))
    yield Fact(code(who), f"is {code(designation)} of project {project}{own} ({change.name})", alarm)


def _designation(change: Change, inputs: Inputs) -> Iterator[Fact]:
    unit = inputs.get("domain_unit_id")
    where = f"project {code(inputs.get('owning_project_id', ''))}"
    where += f" and projects of domain unit {code(unit)} and below" if unit else ""
    yield Fact(
        f"holders of the designation {code(inputs.get('name', ''))}",
        f"may, in a V2 domain, make assets of {code(inputs.get('asset_type', ''))} in {where}; it permits "
        f"{listed(_strings(inputs.get('operations')))} alone ({change.name})",
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
    action = "publishes" if inputs.get("action") == "CREATE_LISTING_CHANGE_SET" else "asks for"
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
        yield Fact(f"whoever {action} {' or '.join(kinds)}{where} in {unit}", f"must give {need}")


def _public_block(change: Change, inputs: Inputs) -> Iterator[Fact]:
    for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        if inputs.get(key) is not True:
            yield Fact("anybody", f"{code(key)} is off on bucket {code(inputs.get('bucket', ''))}", _PUBLIC)


def _attachment(change: Change, inputs: Inputs) -> Iterator[Fact]:
    yield Fact(f"role {code(inputs.get('role', ''))}", f"holds all of policy {code(inputs.get('policyArn', ''))}")


def _settings(change: Change, inputs: Inputs) -> Iterator[Fact]:
    """What the settings of our own functions allow them to grant."""
    values = variables_of(change.type, inputs)
    if values is None:
        return
    where = f"account {code(change.account)}"
    yield from _consumer_roles(values, where)
    yield from _deliveries(values, where)
    yield from _manual_assets(values, where)
    yield from _claimable(values, where)
    for account, others in sorted(_json(values.get(PRINCIPAL_ACCOUNTS), {}).items()):
        for other in others:
            yield Fact(f"roles of account {code(other)}", f"may be named by targets of account {code(account)}")
    # All functions of the domain's account know the members; the one that collects says who takes part.
    if PRINCIPAL_ACCOUNTS in values:
        for account in _members(values):
            yield Fact(f"account {code(account)}", "takes part in grants as producer or consumer")
    if values.get(PUBLISH) == flag(True):
        yield Fact(
            "everybody in the domain",
            f"sees the assets of registry {code(values.get(REGISTRY_NAME, ''))}: the data source publishes "
            f"them by itself ({where})",
        )


def _members(values: Mapping[str, Any]) -> list[str]:
    """Member accounts; releases before 0.2.0 wrote them with commas between."""
    text = values.get(MEMBER_ACCOUNTS, "[]")
    found = _json(text, None)
    return found if isinstance(found, list) else list(split(str(text)))


def _consumer_roles(values: Mapping[str, Any], where: str) -> Iterator[Fact]:
    for pattern in _json(values.get(CONSUMER_ROLES), []):
        every = Alarm(Harm.OPEN_TO_ALL, "every role of the account") if covers_every_role(pattern) else None
        what = f"may be given access to streams by grants, in {where}"
        meant = f"; {code('allowAnyRole')} says that every role is meant" if every else ""
        yield Fact(f"roles {code(pattern)}", what + meant, every, f"consumer roles of {where}", pattern)
    if values.get(REQUIRE_BOUNDARY) == flag(False):
        yield Fact(
            f"consumer roles of {where}",
            "may be given access though they carry no permissions boundary",
            Alarm(Harm.LIMIT_DROPPED, "the boundary of consumer roles is waived"),
        )


def _deliveries(values: Mapping[str, Any], where: str) -> Iterator[Fact]:
    """How access reaches the roles of targets that say so."""
    for pattern, way in sorted(_json(values.get(DELIVERIES), {}).items()):
        by = {
            DIRECT: "by policies on themselves alone",
            ACCESS_ROLE: "only by assuming an access role in the account of the topic or stream",
        }.get(way)
        if by is not None:
            yield Fact(f"roles {code(pattern)}", f"receive access {by} ({code('delivery')} of their target; {where})")


def _manual_assets(values: Mapping[str, Any], where: str) -> Iterator[Fact]:
    for project, patterns in sorted(_json(values.get(MANUAL_ASSETS), {}).items()):
        for pattern in patterns:
            every = Alarm(Harm.OPEN_TO_ALL, "every topic or stream of the account") if covers_account(pattern) else None
            yield Fact(
                f"project {code(project)}",
                f"assets that it makes by hand may name {code(pattern)}, so its approvals grant access to that "
                f"({where})",
                every,
                f"manual assets of {project} in {where}",
                pattern,
            )


def _claimable(values: Mapping[str, Any], where: str) -> Iterator[Fact]:
    """What the records of each registry may claim."""
    for registry, patterns in sorted(_json(values.get(CLAIMABLE), {}).items()):
        source = "topics and streams without schema" if registry == NO_REGISTRY else f"registry {code(registry)}"
        for told in patterns:
            # Releases before 0.2.0 left the beginning out.
            pattern = told if told.startswith("arn:") else f"arn:{values.get('STREAMGOV_PARTITION', 'aws')}:{told}"
            yield Fact(
                f"data sources of {source}",
                f"may make assets of {code(pattern)}, so approvals of those grant access to that ({where})",
                None,
                f"what {registry} may claim in {where}",
                pattern,
            )


def _json(text: Any, otherwise: Any) -> Any:
    """A variable's JSON; what is not known yet counts as nothing and is listed by :func:`unknown`."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return otherwise


_PUBLIC = Alarm(Harm.OPEN_TO_ALL, "public access")
_RULES: Mapping[str, Callable[[Change, Inputs], Iterator[Fact]]] = {
    "pulumi-python:dynamic/streamgov:SubscriptionTarget": _target,
    "pulumi-python:dynamic/streamgov:ProjectMembership": _membership,
    "pulumi-python:dynamic/streamgov:TypeDesignation": _designation,
    "pulumi-python:dynamic/streamgov:Rule": _rule,
    "aws:ram/principalAssociation:PrincipalAssociation": _association,
    "aws:ram/resourceShare:ResourceShare": _share,
    "aws:ram/resourceShareAccepter:ResourceShareAccepter": _accepter,
    "aws:datazone/policyGrant:PolicyGrant": _policy_grant,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_block,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    FUNCTION: _settings,
    LAYER: _settings,
}
_DECISIVE: Mapping[str, tuple[str, ...]] = {
    "pulumi-python:dynamic/streamgov:SubscriptionTarget": ("authorized_principals", "environment_id"),
    "pulumi-python:dynamic/streamgov:ProjectMembership": ("user_identifier", "project_id"),
    FUNCTION: ("environment",),
    LAYER: ("code",),
}


def unknown(change: Change) -> list[str]:
    """Inputs that decide about access and that no preview can know, as sentences."""
    return [
        f"{code(key)} of {code(change.name)} is {LATER}"
        for key in _DECISIVE.get(change.type, ())
        if UNKNOWN in json.dumps(change.after.get(key))
    ]
