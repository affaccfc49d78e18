"""KMS: grants as AWS shows them, principals that must exist in grants and key policies.

Sources: KMS API reference, CreateGrant (a grant of the same name and members is answered again; ids of 64 characters;
the key is named by its id or ARN) and ListGrants (KeyId is the key's ARN); developer guide, "Grants" (who may be a
grantee) and "Quotas" (50,000 grants a key). The keys and their cryptography stay moto's. As in policies, a role is
kept by its unique id: the grant of a role that was deleted and created again gives nothing.
UNVERIFIED[kms-missing-principal]: whether KMS refuses a key policy with a principal that does not exist with exactly
this message. Not checked: that a key policy leaves the caller able to change it (BypassPolicyLockoutSafetyCheck).
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches import policies
from aws_emulator.patches.common import digest, is_foreign_administrator, page, parse_arn, utc

MAX_GRANTS = 50_000
DEFAULT_PAGE = 50

Proceed = Callable[[], dict[str, Any]]


def install(emulator: Emulator) -> None:
    """Register the operations on grants, and the rules for key policies."""
    principals = policies.Principals(emulator)
    _install_grants(emulator, principals)
    _install_policies(emulator, principals)


def _backend(account: str, region: str) -> Any:
    from moto.kms.models import kms_backends

    return kms_backends[account][region]


def ensure_managed_key(account: str, region: str, service: str) -> None:
    """Make the AWS-managed key of a service (``aws/kinesis``), as its first use does.

    Source: KMS developer guide, "AWS managed keys" and "Default key policy": the service's own callers in the account
    may use it through the service, everybody in the account may look at it, and nobody can change its policy.
    """
    backend, alias = _backend(account, region), f"alias/aws/{service}"
    if any(alias in key.aliases for key in list(backend.keys.values())):
        return
    through = {"StringEquals": {"kms:ViaService": f"{service}.{region}.amazonaws.com", "kms:CallerAccount": account}}
    uses = [
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    ]
    looks = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": uses, "Resource": "*", "Condition": through},
            {"Effect": "Allow", "Principal": root, "Action": looks, "Resource": "*"},
        ],
    }
    key = backend.create_key(json.dumps(policy), "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", f"aws/{service}", None)
    key.key_manager = "AWS"
    backend.create_alias(key.id, alias)


def find_key(call: ApiCall) -> Any:
    """The key that a request names by its id or its ARN.

    Raises:
        ApiError: NotFoundException, InvalidArnException; AccessDeniedException for another account's administrator.
    """
    name = call.params["KeyId"]
    parsed = parse_arn(name)
    account = call.caller.account
    if name.startswith("arn:"):
        if parsed is None or parsed.service != "kms" or not parsed.resource.startswith("key/"):
            raise ApiError("InvalidArnException", f"Invalid arn {name}")
        if is_foreign_administrator(call, parsed.account):
            raise ApiError("AccessDeniedException", f"{call.caller.arn} has no access to {name}.")
        account, name = parsed.account, parsed.resource.removeprefix("key/")
    key = _backend(account, call.region).keys.get(name)
    if key is None:
        raise ApiError("NotFoundException", f"Key 'arn:aws:kms:{call.region}:{account}:key/{name}' does not exist")
    return key


class _Grants:
    """Grants, kept in moto's keys."""

    def __init__(self, emulator: Emulator, principals: policies.Principals) -> None:
        self._emulator = emulator
        self._principals = principals
        self._lock = threading.Lock()

    def create(self, call: ApiCall) -> dict[str, Any]:
        from moto.kms.models import Grant

        params = call.params
        key = find_key(call)
        if not key.enabled:
            raise ApiError("DisabledException", f"{key.arn} is disabled.")
        grantee = self._stored(params.get("GranteePrincipal")) or params.get("GranteeServicePrincipal")
        if grantee is None:
            raise ApiError("ValidationException", "A grantee principal is required.")
        wanted: Any = Grant(
            key.id,
            params.get("Name"),  # type: ignore[arg-type]
            grantee,
            list(params["Operations"]),
            params.get("Constraints") or {},
            self._stored(params.get("RetiringPrincipal")),  # type: ignore[arg-type]
        )
        with self._lock:
            for grant in key.grants.values():
                if grant.name and _members(grant) == _members(wanted):
                    return {"GrantId": grant.id, "GrantToken": grant.token}
            if len(key.grants) >= MAX_GRANTS:
                raise ApiError("LimitExceededException", f"The key has {MAX_GRANTS} grants.")
            wanted.id = secrets.token_hex(32)
            wanted.token = secrets.token_urlsafe(200)
            wanted.created = self._emulator.clock.now()
            key.grants[wanted.id] = wanted
        return {"GrantId": wanted.id, "GrantToken": wanted.token}

    def list(self, call: ApiCall) -> dict[str, Any]:
        key = find_key(call)
        wanted_id, grantee = call.params.get("GrantId"), call.params.get("GranteePrincipal")
        with self._lock:
            grants = [grant for grant in key.grants.values() if wanted_id in (None, grant.id)]
        if wanted_id and not grants:
            raise ApiError("InvalidGrantIdException", f"Grant {wanted_id} was not found.")
        rows = [
            row for row in (self._row(key, grant) for grant in grants) if grantee in (None, row["GranteePrincipal"])
        ]
        found, token = page(
            rows,
            call.params.get("Marker"),
            call.params.get("Limit"),
            default=DEFAULT_PAGE,
            scope=(key.arn, wanted_id, grantee),
            error=lambda message: ApiError("InvalidMarkerException", message),
        )
        return {"Grants": found, "Truncated": token is not None, **({"NextMarker": token} if token else {})}

    def revoke(self, call: ApiCall) -> None:
        key = find_key(call)
        with self._lock:
            if key.grants.pop(call.params["GrantId"], None) is None:
                raise ApiError("NotFoundException", f"Grant ID {call.params['GrantId']} not found")

    def _stored(self, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            document = self._principals.stored({"Statement": [{"Principal": {"AWS": value}}]})
        except policies.PolicyError:
            raise ApiError("InvalidArnException", f"ARN does not refer to a valid principal: {value}") from None
        return str(document["Statement"][0]["Principal"]["AWS"])

    def _shown(self, value: str | None) -> str | None:
        if value is None:
            return None
        document = self._principals.shown({"Statement": [{"Principal": {"AWS": value}}]})
        return str(document["Statement"][0]["Principal"]["AWS"])

    def _row(self, key: Any, grant: Any) -> dict[str, Any]:
        row = {
            "KeyId": key.arn,
            "GrantId": grant.id,
            "Name": grant.name,
            "CreationDate": utc(getattr(grant, "created", 0.0)),
            "GranteePrincipal": self._shown(grant.grantee_principal),
            "RetiringPrincipal": self._shown(grant.retiring_principal),
            "IssuingAccount": f"arn:aws:iam::{key.account_id}:root",
            "Operations": grant.operations,
            "Constraints": grant.constraints or None,
        }
        return {name: value for name, value in row.items() if value is not None}


def _members(grant: Any) -> tuple[Any, ...]:
    return (grant.name, grant.grantee_principal, grant.retiring_principal, sorted(grant.operations), grant.constraints)


def _install_grants(emulator: Emulator, principals: policies.Principals) -> None:
    grants = _Grants(emulator, principals)
    emulator.operation("kms", "CreateGrant")(grants.create)
    emulator.operation("kms", "ListGrants")(grants.list)
    emulator.operation("kms", "RevokeGrant")(grants.revoke)


def _metadata(key: Any) -> dict[str, Any]:
    found = key.to_dict()["KeyMetadata"]
    return {"KeyMetadata": _with_material(_without_empty({**found, "CreationDate": utc(found["CreationDate"])}))}


def _with_material(metadata: dict[str, Any]) -> dict[str, Any]:
    """With the id of the material, which is "present for symmetric encryption keys with AWS_KMS or EXTERNAL origin"."""
    if metadata.get("KeySpec") == "SYMMETRIC_DEFAULT" and metadata.get("Origin") in ("AWS_KMS", "EXTERNAL"):
        return {**metadata, "CurrentKeyMaterialId": digest(metadata["KeyId"])}
    return metadata


def _without_empty(metadata: dict[str, Any]) -> dict[str, Any]:
    """Without the algorithms of other kinds of keys, which moto shows as empty lists."""
    return {name: value for name, value in metadata.items() if value is not None and value != []}


def _install_policies(emulator: Emulator, principals: policies.Principals) -> None:
    def stored(text: str) -> str:
        try:
            document = policies.load(text)
            policies.check_grammar(document, kind="resource", spaced=True)
            return json.dumps(principals.stored(document))
        except policies.PolicyError as error:
            message = (
                "Policy contains a statement with one or more invalid principals." if error.principal else str(error)
            )
            raise ApiError("MalformedPolicyDocumentException", message) from None

    @emulator.wrap("kms", "CreateKey")
    def create_key(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        text = call.params.get("Policy")
        policy = stored(text) if text else None
        result = proceed()
        key = _backend(call.caller.account, call.region).keys[result["KeyMetadata"]["KeyId"]]
        # What the request leaves out has a default that each answer shows; moto keeps None, and shows nothing.
        key.key_usage = key.key_usage or "ENCRYPT_DECRYPT"
        key.multi_region = bool(key.multi_region)
        if policy:
            key.policy = policy
        return _metadata(key)

    @emulator.wrap("kms", "DescribeKey")
    def describe_key(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        result = proceed()
        return {"KeyMetadata": _with_material(_without_empty(result["KeyMetadata"]))}

    @emulator.wrap("kms", "PutKeyPolicy")
    def put_key_policy(call: ApiCall, proceed: Proceed) -> None:
        key = find_key(call)
        policy = stored(call.params["Policy"])
        proceed()
        key.policy = policy

    @emulator.wrap("kms", "GetKeyPolicy")
    def get_key_policy(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        result = proceed()
        return {**result, "PolicyName": "default", "Policy": json.dumps(principals.shown(json.loads(result["Policy"])))}
