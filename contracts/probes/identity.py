"""IAM, KMS and RAM."""

from __future__ import annotations

import json
from typing import Any

from contracts.probe import probe, setup
from contracts.probe_run import ProbeRun, answer_of, message_of, policy
from contracts.setup.domain import Domain, asset_type, domain, environment, make_target
from contracts.setup.roles import make_role, settle


@probe("iam-missing-role-by-name", expects={"by name": "NoSuchEntity", "with its path": "AccessDenied"}, minutes=0.5)
def missing_role_by_name(probe_run: ProbeRun) -> Any:
    """On which ARN is GetRole of a role that does not exist authorised: its name alone, or one with a path?"""
    missing = f"contracts-{probe_run.id}-missing"
    answer = {}
    for words, resource in (("by name", missing), ("with its path", f"contracts/{missing}")):
        arn = f"arn:aws:iam::{probe_run.account}:role/{resource}"
        role = make_role(probe_run, "looking", policy({"Action": "iam:GetRole", "Resource": arn}))
        settle(probe_run)
        answer[words] = answer_of(probe_run.as_role(role, "iam").get_role, RoleName=missing)
    return answer


def _simulate(probe_run: ProbeRun, role: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = probe_run.client("iam").simulate_principal_policy(PolicySourceArn=role, **more)
    return found


@probe("iam-simulate-missing-arn", expects={"fits": "allowed", "does not": "implicitDeny"})
def simulate_missing_arn(probe_run: ProbeRun) -> Any:
    """Does the policy simulator judge an ARN that does not exist by its name alone?"""
    arn = f"arn:aws:dynamodb:{probe_run.region}:{probe_run.account}:table/contracts-missing"
    role = make_role(probe_run, "simulated", policy({"Action": "dynamodb:GetItem", "Resource": f"{arn}-*"}))
    answer = {}
    for words, asked in (("fits", f"{arn}-1"), ("does not", arn)):
        found = _simulate(probe_run, role, ActionNames=["dynamodb:GetItem"], ResourceArns=[asked])
        answer[words] = found["EvaluationResults"][0]["EvalDecision"]
    return answer


@probe(
    "iam-simulate-details",
    expects={
        "inline policy": "role_NAME_inline",
        "over two resources": "implicitDeny",
        "session's ARN": "InvalidInput",
    },
)
def simulate_details(probe_run: ProbeRun) -> Any:
    """How does the simulator name an inline policy, decide over several resources, and refuse a session's ARN?"""
    arn = f"arn:aws:dynamodb:{probe_run.region}:{probe_run.account}:table/contracts"
    role = make_role(probe_run, "detailed", policy({"Action": "dynamodb:GetItem", "Resource": arn}))
    name = role.rpartition("/")[2]
    one = _simulate(probe_run, role, ActionNames=["dynamodb:GetItem"], ResourceArns=[arn])["EvaluationResults"][0]
    two = _simulate(probe_run, role, ActionNames=["dynamodb:GetItem"], ResourceArns=[arn, f"{arn}-other"])
    session = f"arn:aws:sts::{probe_run.account}:assumed-role/{name}/session"
    return {
        "inline policy": one["MatchedStatements"][0]["SourcePolicyId"].replace(name, "NAME"),
        "over two resources": two["EvaluationResults"][0]["EvalDecision"],
        "session's ARN": answer_of(lambda: _simulate(probe_run, session, ActionNames=["dynamodb:GetItem"])),
    }


@probe("iam-literal-wildcard", expects={"value *": "implicitDeny", "the very value": "allowed"})
def literal_wildcard(probe_run: ProbeRun) -> Any:
    """Does a ``*`` in the value of a policy variable act as a wildcard?"""
    role = make_role(
        probe_run, "variable", policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:UserAgent}"})
    )
    answer = {}
    for words, value in (("value *", "*"), ("the very value", "key")):
        entry = {"ContextKeyName": "aws:UserAgent", "ContextKeyValues": [value], "ContextKeyType": "string"}
        found = _simulate(
            probe_run,
            role,
            ActionNames=["s3:GetObject"],
            ResourceArns=["arn:aws:s3:::b/key"],
            ContextEntries=[entry],
        )
        answer[words] = found["EvaluationResults"][0]["EvalDecision"]
    return answer


@probe("iam-boundary-deleted", expects="DeleteConflict")
def boundary_deleted(probe_run: ProbeRun) -> Any:
    """Is a policy deleted that is the permissions boundary of a role?"""
    iam, name = probe_run.client("iam"), probe_run.name("boundary")
    arn = iam.create_policy(
        PolicyName=name, PolicyDocument=policy({"Action": "*", "Resource": "*"}), Tags=probe_run.tag_list
    )["Policy"]["Arn"]
    probe_run.later("iam", "delete_policy", PolicyArn=arn)
    role = make_role(probe_run, "bounded")
    iam.put_role_permissions_boundary(RoleName=role.rpartition("/")[2], PermissionsBoundary=arn)
    probe_run.later("iam", "delete_role_permissions_boundary", RoleName=role.rpartition("/")[2])
    return answer_of(iam.delete_policy, PolicyArn=arn)


@setup("KMS key", usd=0.10)
def key(probe_run: ProbeRun) -> str:
    """A key that its account may use; its ARN."""
    tags = [{"TagKey": entry["Key"], "TagValue": entry["Value"]} for entry in probe_run.tag_list]
    made = probe_run.client("kms").create_key(Description="streamgov contracts", Tags=tags)["KeyMetadata"]
    probe_run.later("kms", "schedule_key_deletion", KeyId=made["KeyId"], PendingWindowInDays=7)
    return str(made["Arn"])


@probe(
    "kms-missing-principal",
    expects={
        "code": "MalformedPolicyDocumentException",
        "message": "Policy contains a statement with one or more invalid principals.",
    },
    uses=(key,),
)
def missing_principal(probe_run: ProbeRun) -> Any:
    """How does PutKeyPolicy refuse a principal that does not exist?"""
    root = {"AWS": f"arn:aws:iam::{probe_run.account}:root"}
    missing = {"AWS": f"arn:aws:iam::{probe_run.account}:role/contracts-missing"}
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
                {"Effect": "Allow", "Principal": missing, "Action": "kms:Decrypt", "Resource": "*"},
            ],
        }
    )
    given = {"KeyId": key(probe_run), "PolicyName": "default", "Policy": document}
    put = probe_run.client("kms").put_key_policy
    return {"code": answer_of(put, **given), "message": message_of(put, **given)}


@probe(
    "kms-retire-by-token",
    expects={"without permission": "AccessDeniedException", "on *": "accepted"},
    uses=(key,),
    minutes=0.5,
)
def retire_by_token(probe_run: ProbeRun) -> Any:
    """Does RetireGrant by a grant token take a permission, and on which resource?"""
    answer = {}
    for words, document in (
        ("without permission", policy({"Action": "sts:GetCallerIdentity", "Resource": "*"})),
        ("on *", policy({"Action": "kms:RetireGrant", "Resource": "*"})),
    ):
        role = make_role(probe_run, "retiring", document)
        settle(probe_run)
        made = probe_run.client("kms").create_grant(
            KeyId=key(probe_run), GranteePrincipal=probe_run.caller_arn, Operations=["Decrypt"]
        )
        probe_run.later("kms", "revoke_grant", KeyId=key(probe_run), GrantId=made["GrantId"])
        answer[words] = answer_of(probe_run.as_role(role, "kms").retire_grant, GrantToken=made["GrantToken"])
    return answer


@probe(
    "kms-grant-context",
    expects={"the same context": "accepted", "another context": "AccessDeniedException"},
    uses=(key,),
    minutes=0.5,
)
def grant_context(probe_run: ProbeRun) -> Any:
    """Are the keys of a grant's encryption context known as condition keys in CreateGrant?"""
    arn = "arn:aws:kinesis:us-east-1:111111111111:stream/contracts"
    condition = {"StringEquals": {"kms:EncryptionContext:aws:kinesis:arn": arn}}
    document = policy({"Action": "kms:CreateGrant", "Resource": key(probe_run), "Condition": condition})
    role = make_role(probe_run, "granting", document)
    settle(probe_run)
    client = probe_run.as_role(role, "kms")
    answer = {}
    for words, value in (("the same context", arn), ("another context", f"{arn}-other")):
        made: list[str] = []

        def create(value: str = value, made: list[str] = made) -> None:
            constraint = {"EncryptionContextSubset": {"aws:kinesis:arn": value}}
            grant = client.create_grant(
                KeyId=key(probe_run), GranteePrincipal=role, Operations=["Decrypt"], Constraints=constraint
            )
            made.append(grant["GrantId"])

        answer[words] = answer_of(create)
        for identifier in made:
            probe_run.later("kms", "revoke_grant", KeyId=key(probe_run), GrantId=identifier)
    return answer


_DOMAIN_PERMISSIONS = (
    "AWSRAMDefaultPermissionAmazonDataZoneDomain",
    "AWSRAMPermissionAmazonDataZoneDomainFullAccessWithPortalAccess",
    "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess",
    "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceWithPortalAccess",
)


@probe("ram-domain-permissions", expects=dict.fromkeys(_DOMAIN_PERMISSIONS, "1"))
def domain_permissions(probe_run: ProbeRun) -> Any:
    """Which version have the managed permissions of DataZone domains?"""
    found = probe_run.client("ram").list_permissions(resourceType="datazone:Domain", maxResults=100)["permissions"]
    versions = {each["name"]: each["version"] for each in found}
    return {name: versions.get(name, "no such permission") for name in _DOMAIN_PERMISSIONS}


@probe("ram-permission-actions", expects={"every action of DataZone": True}, uses=(domain,))
def permission_actions(probe_run: ProbeRun) -> Any:
    """Does the default permission of a shared domain allow every action of DataZone?"""
    arn = f"arn:aws:ram::aws:permission/{_DOMAIN_PERMISSIONS[0]}"
    found = probe_run.client("ram").get_permission(permissionArn=arn)["permission"].get("permission", "")
    listed = json.loads(found).get("Action", []) if found else []
    return {"every action of DataZone": "datazone:*" in listed or not listed}


@probe("ram-unknown-account", expects="InvalidParameterException", uses=(domain,))
def unknown_account(probe_run: ProbeRun) -> Any:
    """What does CreateResourceShare answer for an account that does not exist?"""
    here: Domain = domain(probe_run)
    arn = here.client.get_domain(identifier=here.id)["arn"]

    def share() -> None:
        made = probe_run.client("ram").create_resource_share(
            name=probe_run.name("share"),
            resourceArns=[arn],
            principals=["000000000000"],
            tags=[{"key": entry["Key"], "value": entry["Value"]} for entry in probe_run.tag_list],
        )["resourceShare"]
        probe_run.later("ram", "delete_resource_share", resourceShareArn=made["resourceShareArn"])

    return answer_of(share)


@probe("dz-pass-role-other-account", expects="AccessDeniedException", uses=(environment, asset_type))
def pass_role_other_account(probe_run: ProbeRun) -> Any:
    """May a subscription target name a manage access role of another account than the caller's?"""
    other = "arn:aws:iam::222222222222:role/contracts-elsewhere"
    where = environment(probe_run)
    return answer_of(
        lambda: make_target(probe_run, where, manageAccessRole=other, subscriptionGrantCreationMode="MANUAL")
    )
