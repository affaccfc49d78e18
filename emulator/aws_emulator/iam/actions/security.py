"""IAM, STS, KMS and Secrets Manager."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from aws_emulator.api import ApiCall
from aws_emulator.iam import state
from aws_emulator.iam.actions.core import Check, Service, make_arn, tag_context
from aws_emulator.iam.arns import split
from iam_evaluation.conditions import Value


def _role(call: ApiCall) -> list[str]:
    """The role's ARN with its path, which calls do not carry: only the name does."""
    name = call.params.get("RoleName")
    if not name:
        return []
    if call.operation == "CreateRole":
        return [make_arn(call, "iam", f"role{call.params.get('Path', '/')}{name}", region="")]
    found = state.find_role_by_name(call.caller.account, str(name))
    return [found.arn if found else make_arn(call, "iam", f"role/{name}", region="")]


def _policy(call: ApiCall) -> list[str]:
    if call.operation == "CreatePolicy":
        path, name = call.params.get("Path", "/"), call.params.get("PolicyName", "")
        return [make_arn(call, "iam", f"policy{path}{name}", region="")]
    arn = call.params.get("PolicyArn")
    return [str(arn)] if arn else []


def _with_path(kind: str, parameter: str) -> Callable[[ApiCall], list[str]]:
    """Users, groups and instance profiles: by name, with the path that a Create call gives them."""

    def run(call: ApiCall) -> list[str]:
        name = call.params.get(parameter)
        path = call.params.get("Path", "/") if call.operation.startswith("Create") else "/"
        return [make_arn(call, "iam", f"{kind}{path}{name}", region="")] if name else []

    return run


def _iam_context(call: ApiCall) -> Mapping[str, Value]:
    """``iam:PermissionsBoundary`` and ``iam:PolicyARN`` (Service Authorization Reference, condition keys of IAM)."""
    context: dict[str, Value] = {}
    if call.operation in ("AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy"):
        context["iam:PolicyARN"] = call.params.get("PolicyArn")
    if call.operation in ("CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"):
        context["iam:PermissionsBoundary"] = call.params.get("PermissionsBoundary")
    elif call.params.get("RoleName"):
        # On the other calls the key tells the boundary that the role has now.
        context["iam:PermissionsBoundary"] = state.boundary_of_role(call.caller.account, str(call.params["RoleName"]))
    if call.operation == "CreateServiceLinkedRole":
        context["iam:AWSServiceName"] = call.params.get("AWSServiceName")
    return context


def _service_linked(call: ApiCall) -> list[Check]:
    service = str(call.params.get("AWSServiceName", ""))
    arn = make_arn(call, "iam", f"role/aws-service-role/{service}/*", region="")
    return [Check("iam:CreateServiceLinkedRole", arn, {"iam:AWSServiceName": service})]


def _get_user(call: ApiCall) -> list[Check]:
    name = call.params.get("UserName") or call.caller.arn.rsplit("/", 1)[-1]
    return [Check("iam:GetUser", make_arn(call, "iam", f"user/{name}", region=""))]


def _simulate(call: ApiCall) -> list[Check]:
    """The simulator is asked about one user, group or role, which the call names by its ARN."""
    return [Check(f"iam:{call.operation}", str(call.params.get("PolicySourceArn", "*")))]


IAM = Service(
    prefix="iam",
    global_service=True,
    arns={
        "role": (_role,),
        "policy": (_policy,),
        "user": (_with_path("user", "UserName"),),
        "group": (_with_path("group", "GroupName"),),
        "instance-profile": (_with_path("instance-profile", "InstanceProfileName"),),
        "oidc-provider": ("{OpenIDConnectProviderArn}",),
        "saml-provider": ("{SAMLProviderArn}",),
        "mfa": ("{SerialNumber}",),
    },
    special={"CreateServiceLinkedRole": _service_linked, "GetUser": _get_user, "SimulatePrincipalPolicy": _simulate},
    context=_iam_context,
)


def assume_role(call: ApiCall) -> list[Check]:
    """AssumeRole, and TagSession and SetSourceIdentity where it passes them."""
    arn = str(call.params.get("RoleArn", ""))
    context: dict[str, Value] = {
        "sts:RoleSessionName": call.params.get("RoleSessionName"),
        "sts:ExternalId": call.params.get("ExternalId"),
        "sts:SourceIdentity": call.params.get("SourceIdentity"),
        **tag_context(call.params),
    }
    checks = [Check("sts:AssumeRole", arn, context)]
    if call.params.get("Tags"):
        checks.append(Check("sts:TagSession", arn, context))
    if call.params.get("SourceIdentity"):
        checks.append(Check("sts:SetSourceIdentity", arn, context))
    return checks


STS = Service(prefix="sts", special={"AssumeRole": assume_role})


def find_key(call: ApiCall, key_id: str) -> Any:
    """The KMS key that an id, an ARN or an alias names in the region; None if there is none."""
    from moto.kms.models import kms_backends

    parsed = split(key_id)
    account = parsed.account if parsed else call.caller.account
    region = parsed.region if parsed else call.region
    name = parsed.resource.removeprefix("key/") if parsed else key_id
    if account not in kms_backends:
        return None
    keys = kms_backends[account][region].keys
    if name.startswith("alias/"):
        return next((key for key in list(keys.values()) if name in key.aliases), None)
    return keys.get(name)


def key_arn(call: ApiCall, key_id: str) -> str:
    """The ARN of the key that an id, an ARN or an alias names."""
    if key_id.startswith("arn:") and ":alias/" not in key_id:
        return key_id
    key = find_key(call, key_id)
    if key is not None:
        return str(key.arn)
    return key_id if key_id.startswith("arn:") else make_arn(call, "kms", f"key/{key_id}")


def _key(call: ApiCall) -> list[str]:
    key_id = call.params.get("KeyId") or call.params.get("TargetKeyId")
    if key_id:
        return [key_arn(call, str(key_id))]
    if call.operation in ("DeleteAlias", "UpdateAlias"):
        return [key_arn(call, str(call.params.get("AliasName", "")))]
    blob = call.params.get("CiphertextBlob")
    return _key_of_blob(call, blob) if blob else []


def _key_of_blob(call: ApiCall, blob: Any) -> list[str]:
    """Decrypt without KeyId: symmetric ciphertext names its key, in moto by the id at its beginning."""
    raw = blob if isinstance(blob, bytes) else base64.b64decode(str(blob))
    key_id = raw[:36].decode("ascii", "replace")
    return [key_arn(call, key_id)]


def encryption_context(given: Mapping[str, str] | None) -> dict[str, Value]:
    """``kms:EncryptionContext:…`` and ``kms:EncryptionContextKeys``."""
    if not given:
        return {}
    context: dict[str, Value] = {f"kms:EncryptionContext:{key}": value for key, value in given.items()}
    context["kms:EncryptionContextKeys"] = list(given)
    return context


def _kms_context(call: ApiCall) -> Mapping[str, Value]:
    context = encryption_context(call.params.get("EncryptionContext"))
    context["kms:CallerAccount"] = call.caller.account
    if call.operation == "CreateGrant":
        context["kms:GrantOperations"] = list(call.params.get("Operations") or ())
        context["kms:GranteePrincipal"] = call.params.get("GranteePrincipal")
        context["kms:RetiringPrincipal"] = call.params.get("RetiringPrincipal")
        constraints = call.params.get("Constraints") or {}
        context["kms:GrantConstraintType"] = next(iter(constraints), None)
        for pairs in constraints.values():
            context.update(encryption_context(pairs) if isinstance(pairs, Mapping) else {})
        # True only where a service of AWS makes the grant for a caller; such calls do not come here.
        context["kms:GrantIsForAWSResource"] = "false"
    if call.operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        context["kms:RequestAlias"] = call.params.get("AliasName")
    elif "alias/" in str(call.params.get("KeyId", "")):
        context["kms:RequestAlias"] = "alias/" + str(call.params["KeyId"]).split("alias/", 1)[1]
    return context


def _re_encrypt(call: ApiCall) -> list[Check]:
    source = call.params.get("SourceKeyId")
    from_arn = key_arn(call, str(source)) if source else _key_of_blob(call, call.params.get("CiphertextBlob", b""))[0]
    to_arn = key_arn(call, str(call.params.get("DestinationKeyId", "")))
    return [
        Check("kms:ReEncryptFrom", from_arn, encryption_context(call.params.get("SourceEncryptionContext"))),
        Check("kms:ReEncryptTo", to_arn, encryption_context(call.params.get("DestinationEncryptionContext"))),
    ]


def _retire_grant(call: ApiCall) -> list[Check]:
    """RetireGrant: by the grant token no key is named (UNVERIFIED[kms-retire-by-token]: the token then stands for the
    permission).
    """
    key_id = call.params.get("KeyId")
    return [Check("kms:RetireGrant", key_arn(call, str(key_id)) if key_id else "*")]


KMS = Service(
    prefix="kms",
    arns={"key": (_key,), "alias": ("{AliasName}",)},
    special={"ReEncrypt": _re_encrypt, "RetireGrant": _retire_grant},
    context=_kms_context,
)


def _secret(call: ApiCall) -> list[str]:
    """A secret's ARN ends with six characters that calls by name do not carry."""
    from moto.secretsmanager.models import secretsmanager_backends

    name = str(call.params.get("SecretId") or call.params.get("Name") or "")
    if not name or name.startswith("arn:"):
        return [name] if name else []
    backends = secretsmanager_backends
    if call.caller.account in backends:
        for secret in list(backends[call.caller.account][call.region].secrets.values()):
            if secret.name == name:
                return [str(secret.arn)]
    return [make_arn(call, "secretsmanager", f"secret:{name}-??????")]


SECRETS = Service(prefix="secretsmanager", arns={"Secret": (_secret,)})
