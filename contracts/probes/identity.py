"""IAM, KMS and RAM."""

from __future__ import annotations

import json
from typing import Any

from contracts.probe import probe, setup
from contracts.scene import Scene, answer_of, message_of, policy
from contracts.setup.domain import Domain, asset_type, domain, environment, make_target
from contracts.setup.roles import make_role, settle


@probe("iam-missing-role-by-name", expects={"by name": "NoSuchEntity", "with its path": "AccessDenied"}, minutes=0.5)
def missing_role_by_name(scene: Scene) -> Any:
    """On which ARN is GetRole of a role that does not exist authorised: its name alone, or one with a path?"""
    missing = f"contracts-{scene.run}-missing"
    answer = {}
    for words, resource in (("by name", missing), ("with its path", f"contracts/{missing}")):
        arn = f"arn:aws:iam::{scene.account}:role/{resource}"
        role = make_role(scene, "looking", policy({"Action": "iam:GetRole", "Resource": arn}))
        settle(scene)
        answer[words] = answer_of(scene.as_role(role, "iam").get_role, RoleName=missing)
    return answer


def _simulate(scene: Scene, role: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = scene.client("iam").simulate_principal_policy(PolicySourceArn=role, **more)
    return found


@probe("iam-simulate-missing-arn", expects={"fits": "allowed", "does not": "implicitDeny"})
def simulate_missing_arn(scene: Scene) -> Any:
    """Does the policy simulator judge an ARN that does not exist by its name alone?"""
    arn = f"arn:aws:dynamodb:{scene.region}:{scene.account}:table/contracts-missing"
    role = make_role(scene, "simulated", policy({"Action": "dynamodb:GetItem", "Resource": f"{arn}-*"}))
    answer = {}
    for words, asked in (("fits", f"{arn}-1"), ("does not", arn)):
        found = _simulate(scene, role, ActionNames=["dynamodb:GetItem"], ResourceArns=[asked])
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
def simulate_details(scene: Scene) -> Any:
    """How does the simulator name an inline policy, decide over several resources, and refuse a session's ARN?"""
    arn = f"arn:aws:dynamodb:{scene.region}:{scene.account}:table/contracts"
    role = make_role(scene, "detailed", policy({"Action": "dynamodb:GetItem", "Resource": arn}))
    name = role.rpartition("/")[2]
    one = _simulate(scene, role, ActionNames=["dynamodb:GetItem"], ResourceArns=[arn])["EvaluationResults"][0]
    two = _simulate(scene, role, ActionNames=["dynamodb:GetItem"], ResourceArns=[arn, f"{arn}-other"])
    session = f"arn:aws:sts::{scene.account}:assumed-role/{name}/session"
    return {
        "inline policy": one["MatchedStatements"][0]["SourcePolicyId"].replace(name, "NAME"),
        "over two resources": two["EvaluationResults"][0]["EvalDecision"],
        "session's ARN": answer_of(lambda: _simulate(scene, session, ActionNames=["dynamodb:GetItem"])),
    }


@probe("iam-literal-wildcard", expects={"value *": "implicitDeny", "the very value": "allowed"})
def literal_wildcard(scene: Scene) -> Any:
    """Does a ``*`` in the value of a policy variable act as a wildcard?"""
    role = make_role(
        scene, "variable", policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:UserAgent}"})
    )
    answer = {}
    for words, value in (("value *", "*"), ("the very value", "key")):
        entry = {"ContextKeyName": "aws:UserAgent", "ContextKeyValues": [value], "ContextKeyType": "string"}
        found = _simulate(
            scene,
            role,
            ActionNames=["s3:GetObject"],
            ResourceArns=["arn:aws:s3:::b/key"],
            ContextEntries=[entry],
        )
        answer[words] = found["EvaluationResults"][0]["EvalDecision"]
    return answer


@probe("iam-boundary-deleted", expects="DeleteConflict")
def boundary_deleted(scene: Scene) -> Any:
    """Is a policy deleted that is the permissions boundary of a role?"""
    iam, name = scene.client("iam"), scene.name("boundary")
    arn = iam.create_policy(
        PolicyName=name, PolicyDocument=policy({"Action": "*", "Resource": "*"}), Tags=scene.tag_list
    )["Policy"]["Arn"]
    scene.later("iam", "delete_policy", PolicyArn=arn)
    role = make_role(scene, "bounded")
    iam.put_role_permissions_boundary(RoleName=role.rpartition("/")[2], PermissionsBoundary=arn)
    scene.later("iam", "delete_role_permissions_boundary", RoleName=role.rpartition("/")[2])
    return answer_of(iam.delete_policy, PolicyArn=arn)


@setup("KMS key", usd=0.10)
def key(scene: Scene) -> str:
    """A key that its account may use; its ARN."""
    tags = [{"TagKey": entry["Key"], "TagValue": entry["Value"]} for entry in scene.tag_list]
    made = scene.client("kms").create_key(Description="streamgov contracts", Tags=tags)["KeyMetadata"]
    scene.later("kms", "schedule_key_deletion", KeyId=made["KeyId"], PendingWindowInDays=7)
    return str(made["Arn"])


@probe(
    "kms-missing-principal",
    expects={
        "code": "MalformedPolicyDocumentException",
        "message": "Policy contains a statement with one or more invalid principals.",
    },
    uses=(key,),
)
def missing_principal(scene: Scene) -> Any:
    """How does PutKeyPolicy refuse a principal that does not exist?"""
    root = {"AWS": f"arn:aws:iam::{scene.account}:root"}
    missing = {"AWS": f"arn:aws:iam::{scene.account}:role/contracts-missing"}
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
                {"Effect": "Allow", "Principal": missing, "Action": "kms:Decrypt", "Resource": "*"},
            ],
        }
    )
    given = {"KeyId": key(scene), "PolicyName": "default", "Policy": document}
    put = scene.client("kms").put_key_policy
    return {"code": answer_of(put, **given), "message": message_of(put, **given)}


@probe(
    "kms-retire-by-token",
    expects={"without permission": "AccessDeniedException", "on *": "accepted"},
    uses=(key,),
    minutes=0.5,
)
def retire_by_token(scene: Scene) -> Any:
    """Does RetireGrant by a grant token take a permission, and on which resource?"""
    answer = {}
    for words, document in (
        ("without permission", policy({"Action": "sts:GetCallerIdentity", "Resource": "*"})),
        ("on *", policy({"Action": "kms:RetireGrant", "Resource": "*"})),
    ):
        role = make_role(scene, "retiring", document)
        settle(scene)
        made = scene.client("kms").create_grant(
            KeyId=key(scene), GranteePrincipal=scene.caller_arn, Operations=["Decrypt"]
        )
        scene.later("kms", "revoke_grant", KeyId=key(scene), GrantId=made["GrantId"])
        answer[words] = answer_of(scene.as_role(role, "kms").retire_grant, GrantToken=made["GrantToken"])
    return answer


_DOMAIN_PERMISSIONS = (
    "AWSRAMDefaultPermissionAmazonDataZoneDomain",
    "AWSRAMPermissionAmazonDataZoneDomainFullAccessWithPortalAccess",
    "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceAccess",
    "AWSRAMPermissionsAmazonDatazoneDomainExtendedServiceWithPortalAccess",
)


@probe("ram-domain-permissions", expects=dict.fromkeys(_DOMAIN_PERMISSIONS, "1"))
def domain_permissions(scene: Scene) -> Any:
    """Which version have the managed permissions of DataZone domains?"""
    found = scene.client("ram").list_permissions(resourceType="datazone:Domain", maxResults=100)["permissions"]
    versions = {each["name"]: each["version"] for each in found}
    return {name: versions.get(name, "no such permission") for name in _DOMAIN_PERMISSIONS}


@probe("ram-permission-actions", expects={"every action of DataZone": True}, uses=(domain,))
def permission_actions(scene: Scene) -> Any:
    """Does the default permission of a shared domain allow every action of DataZone?"""
    arn = f"arn:aws:ram::aws:permission/{_DOMAIN_PERMISSIONS[0]}"
    found = scene.client("ram").get_permission(permissionArn=arn)["permission"].get("permission", "")
    listed = json.loads(found).get("Action", []) if found else []
    return {"every action of DataZone": "datazone:*" in listed or not listed}


@probe("ram-unknown-account", expects="InvalidParameterException", uses=(domain,))
def unknown_account(scene: Scene) -> Any:
    """What does CreateResourceShare answer for an account that does not exist?"""
    here: Domain = domain(scene)
    arn = here.client.get_domain(identifier=here.id)["arn"]

    def share() -> None:
        made = scene.client("ram").create_resource_share(
            name=scene.name("share"),
            resourceArns=[arn],
            principals=["000000000000"],
            tags=[{"key": entry["Key"], "value": entry["Value"]} for entry in scene.tag_list],
        )["resourceShare"]
        scene.later("ram", "delete_resource_share", resourceShareArn=made["resourceShareArn"])

    return answer_of(share)


@probe("dz-pass-role-other-account", expects="AccessDeniedException", uses=(environment, asset_type))
def pass_role_other_account(scene: Scene) -> Any:
    """May a subscription target name a manage access role of another account than the caller's?"""
    other = "arn:aws:iam::222222222222:role/contracts-elsewhere"
    where = environment(scene)
    return answer_of(lambda: make_target(scene, where, manageAccessRole=other, subscriptionGrantCreationMode="MANUAL"))
