"""IAM's quotas, principals that must exist, and conflicts on deletion; moto checks few of them.

Sources: IAM user guide, "IAM and AWS STS quotas" (white space is not counted) and "Principal element"; the API
reference of DeletePolicy and DeleteRole for the conflicts.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches import policies

INLINE_PER_ROLE = 10_240
MANAGED_POLICY = 6_144
TRUST_POLICY = 2_048
ATTACHED_PER_ROLE = 10
ROLES_PER_ACCOUNT = 1_000
POLICIES_PER_ACCOUNT = 1_500

Proceed = Callable[[], dict[str, Any]]


def install(emulator: Emulator) -> None:
    """Put the rules around moto's operations."""
    lock = threading.RLock()  # a check of a quota and the write that it allows belong together
    principals = policies.Principals(emulator)
    _install_trust(emulator, lock, principals)
    _install_inline(emulator, lock)
    _install_managed(emulator, lock)
    _install_boundaries(emulator)
    _install_updates(emulator)


def _install_updates(emulator: Emulator) -> None:
    @emulator.wrap("iam", "UpdateRole")
    def update_role(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        # What the request does not name stays; moto sets it to its default.
        role = next((each for each in backend(call).get_roles() if each.name == call.params["RoleName"]), None)
        kept = None if role is None else (role.description, role.max_session_duration)
        answer = proceed()
        if role is not None and kept is not None:
            role.description = call.params.get("Description", kept[0])
            role.max_session_duration = call.params.get("MaxSessionDuration", kept[1])
        return answer


def backend(call: ApiCall) -> Any:
    """The backend of moto for the caller's account."""
    from moto.iam.models import iam_backends

    return iam_backends[call.caller.account]["aws"]


def size(text: str) -> int:
    """A policy's length as the quotas count it."""
    return len(re.sub(r"\s", "", text))


def malformed(message: str) -> ApiError:
    """The error of IAM for a policy that it does not take."""
    return ApiError("MalformedPolicyDocument", message, 400)


def limit(message: str) -> ApiError:
    """The error of IAM for a quota; its HTTP status is 409."""
    return ApiError("LimitExceeded", message, 409)


def _role(call: ApiCall) -> Any:
    name = call.params["RoleName"]
    for role in list(backend(call).roles.values()):
        if role.name == name:
            return role
    raise ApiError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)


class _Trust:
    """Trust policies on their way in and out."""

    def __init__(self, principals: policies.Principals) -> None:
        self._principals = principals

    def stored(self, text: str) -> str:
        """A trust policy as it is stored: with unique ids for roles.

        Raises:
            ApiError: MalformedPolicyDocument, LimitExceeded.
        """
        try:
            document = policies.load(text)
            policies.check_grammar(document, kind="trust")
            for statement in policies.statements(document):
                for kind, value in policies.principals(statement):
                    if kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", value):
                        raise policies.PolicyError(f'Invalid principal in policy: "SERVICE":"{value}"')
            stored = self._principals.stored(document)
        except policies.PolicyError as error:
            raise malformed(str(error)) from None
        if size(text) > TRUST_POLICY:
            raise limit(f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY}")
        return json.dumps(stored)

    def show(self, role: dict[str, Any]) -> None:
        """Put the trust policy of an answer into the form that callers see; it is URL-encoded (RFC 3986)."""
        text = role.get("AssumeRolePolicyDocument")
        if text:
            document = json.loads(unquote(text)) if isinstance(text, str) else text
            role["AssumeRolePolicyDocument"] = quote(json.dumps(self._principals.shown(document)))


def _install_trust(emulator: Emulator, lock: threading.RLock, principals: policies.Principals) -> None:
    trust = _Trust(principals)

    @emulator.wrap("iam", "CreateRole")
    def create_role(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        stored = trust.stored(call.params["AssumeRolePolicyDocument"])
        roles = list(backend(call).roles.values())
        name = call.params["RoleName"]
        if any(role.name.lower() == name.lower() for role in roles):
            # "Names are not distinguished by case."
            raise ApiError("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
        if len(roles) >= ROLES_PER_ACCOUNT:
            raise limit(f"Cannot exceed quota for RolesPerAccount: {ROLES_PER_ACCOUNT}")
        _check_boundary(call)
        with lock:
            result = proceed()
            _role(call).assume_role_policy_document = stored
        trust.show(result["Role"])
        return result

    @emulator.wrap("iam", "UpdateAssumeRolePolicy")
    def update_assume_role_policy(call: ApiCall, proceed: Proceed) -> None:
        _role(call)
        stored = trust.stored(call.params["PolicyDocument"])
        with lock:
            proceed()
            _role(call).assume_role_policy_document = stored

    @emulator.wrap("iam", "GetRole", "UpdateRoleDescription")
    def get_role(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        result = proceed()
        trust.show(result["Role"])
        return result

    @emulator.wrap("iam", "ListRoles")
    def list_roles(call: ApiCall, proceed: Proceed) -> dict[str, Any]:
        result = proceed()
        for role in result["Roles"]:
            trust.show(role)
        return result


def _identity_policy(text: str) -> None:
    try:
        policies.check_grammar(policies.load(text), kind="identity")
    except policies.PolicyError as error:
        raise malformed(str(error)) from None


def _install_inline(emulator: Emulator, lock: threading.RLock) -> None:
    @emulator.wrap("iam", "PutRolePolicy")
    def put_role_policy(call: ApiCall, proceed: Proceed) -> None:
        name, text = call.params["PolicyName"], call.params["PolicyDocument"]
        with lock:
            role = _role(call)
            if role.path.startswith("/aws-service-role/"):
                message = f"Cannot perform the operation on the protected role '{role.name}'"
                raise ApiError("UnmodifiableEntity", message, 400)
            _identity_policy(text)
            others = sum(size(str(known)) for key, known in role.policies.items() if key != name)
            if others + size(text) > INLINE_PER_ROLE:
                raise limit(f"Maximum policy size of {INLINE_PER_ROLE} bytes exceeded for role {role.name}")
            proceed()


def _install_managed(emulator: Emulator, lock: threading.RLock) -> None:
    @emulator.wrap("iam", "CreatePolicy", "CreatePolicyVersion")
    def create_policy(call: ApiCall, proceed: Proceed) -> None:
        text = call.params["PolicyDocument"]
        _identity_policy(text)
        if size(text) > MANAGED_POLICY:
            raise limit(f"Cannot exceed quota for PolicySize: {MANAGED_POLICY}")
        with lock:
            own = [policy for policy in list(backend(call).managed_policies) if f"::{call.caller.account}:" in policy]
            if call.operation == "CreatePolicy" and len(own) >= POLICIES_PER_ACCOUNT:
                raise limit(f"Cannot exceed quota for PoliciesPerAccount: {POLICIES_PER_ACCOUNT}")
            proceed()

    @emulator.wrap("iam", "AttachRolePolicy")
    def attach_role_policy(call: ApiCall, proceed: Proceed) -> None:
        with lock:
            role = _role(call)
            attached = set(role.managed_policies)
            if call.params["PolicyArn"] not in attached and len(attached) >= ATTACHED_PER_ROLE:
                raise limit(f"Cannot exceed quota for PoliciesPerRole: {ATTACHED_PER_ROLE}")
            proceed()

    @emulator.wrap("iam", "DeletePolicy")
    def delete_policy(call: ApiCall, proceed: Proceed) -> None:
        arn = call.params["PolicyArn"]
        with lock:
            own = backend(call)
            policy = own.managed_policies.get(arn)
            holders = [*list(own.roles.values()), *list(own.users.values()), *list(own.groups.values())]
            if any(arn in holder.managed_policies for holder in holders):
                raise conflict("Cannot delete a policy attached to entities.")
            if any(getattr(holder, "permissions_boundary_arn", None) == arn for holder in holders):
                raise conflict("Cannot delete a policy attached to entities as a permissions boundary.")
            if policy is not None and len(policy.versions) > 1:
                raise conflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the "
                    "policy's versions. The default version is deleted with the policy."
                )
            proceed()


def conflict(message: str) -> ApiError:
    """The error of IAM for what cannot be deleted yet."""
    return ApiError("DeleteConflict", message, 409)


def _check_boundary(call: ApiCall) -> None:
    arn = call.params.get("PermissionsBoundary")
    if arn is not None and arn not in backend(call).managed_policies:
        raise ApiError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


def _install_boundaries(emulator: Emulator) -> None:
    @emulator.wrap("iam", "PutRolePermissionsBoundary")
    def put_role_permissions_boundary(call: ApiCall, proceed: Proceed) -> None:
        _role(call)
        _check_boundary(call)
        proceed()
