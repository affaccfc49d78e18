"""Roles and their policies in IAM, as the policy documents of consumer roles and reader roles need them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from streamgov_core.documents.compiler import size
from streamgov_core.member.delivery import PrincipalPolicies
from streamgov_core.member.role_gateway import QuotaError, RoleInfo
from streamgov_core.model.access_role import SESSION_SECONDS
from streamgov_core.model.errors import RetryableGrantError
from streamgov_core.runtime.calls import calling

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import PolicyVersionTypeDef

MAX_VERSIONS = 5
"""Versions that a managed policy may have (IAM quotas)."""


class IamGateway:
    """RolePolicyGateway and ReaderRoleGateway over boto3.

    Args:
        client: returns the IAM client when it is first needed.
        path: IAM path of our policies.
    """

    def __init__(self, client: Callable[[], IAMClient], path: str) -> None:
        self._client = client
        self._path = path

    def role(self, name: str) -> RoleInfo | None:
        """API GetRole."""
        client = self._client()
        with calling("iam:GetRole", name):
            try:
                role = client.get_role(RoleName=name)["Role"]
            except client.exceptions.NoSuchEntityException:
                return None
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        trust = _document(role.get("AssumeRolePolicyDocument"))
        longest = int(role.get("MaxSessionDuration", SESSION_SECONDS))
        return RoleInfo(role["Arn"], boundary, trust, role["RoleId"], tags, longest)

    def inline(self, name: str, policy: str) -> dict[str, Any] | None:
        """API GetRolePolicy."""
        client = self._client()
        with calling("iam:GetRolePolicy", f"{name}/{policy}"):
            try:
                return _document(client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
            except client.exceptions.NoSuchEntityException:
                return None

    def other_inline_size(self, name: str, policy: str) -> int:
        """APIs ListRolePolicies and GetRolePolicy."""
        client = self._client()
        total = 0
        with calling("iam:ListRolePolicies", name):
            pages = client.get_paginator("list_role_policies").paginate(RoleName=name)
            others = [item for page in pages for item in page["PolicyNames"] if item != policy]
        for other in others:
            total += size(self.inline(name, other) or {})
        return total

    def put_inline(self, name: str, policy: str, text: str) -> None:
        """API PutRolePolicy."""
        client = self._client()
        with calling("iam:PutRolePolicy", f"{name}/{policy}"):
            try:
                client.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)
            except client.exceptions.LimitExceededException as error:
                raise QuotaError(str(error)) from error

    def delete_inline(self, name: str, policy: str) -> None:
        """API DeleteRolePolicy."""
        client = self._client()
        with calling("iam:DeleteRolePolicy", f"{name}/{policy}"):
            try:
                client.delete_role_policy(RoleName=name, PolicyName=policy)
            except client.exceptions.NoSuchEntityException:
                return

    def attached(self, name: str) -> set[str]:
        """API ListAttachedRolePolicies, below our path."""
        client = self._client()
        with calling("iam:ListAttachedRolePolicies", name):
            pages = client.get_paginator("list_attached_role_policies").paginate(RoleName=name, PathPrefix=self._path)
            return {item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]}

    def managed(self, arn: str) -> dict[str, Any] | None:
        """APIs GetPolicy and GetPolicyVersion."""
        client = self._client()
        with calling("iam:GetPolicyVersion", arn):
            try:
                version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                answer = client.get_policy_version(PolicyArn=arn, VersionId=version)
            except client.exceptions.NoSuchEntityException:
                return None
        return _document(answer["PolicyVersion"]["Document"])

    def put_managed(self, arn: str, text: str) -> None:
        """APIs CreatePolicy or CreatePolicyVersion; the oldest version makes room."""
        client = self._client()
        with calling("iam:CreatePolicy", arn):
            try:
                client.create_policy(PolicyName=arn.rsplit("/", 1)[1], Path=self._path, PolicyDocument=text)
            except client.exceptions.EntityAlreadyExistsException:
                spare = [version for version in self._versions(arn) if not version["IsDefaultVersion"]]
                if len(spare) >= MAX_VERSIONS - 1:
                    oldest = min(spare, key=lambda version: int(version["VersionId"].removeprefix("v")))
                    client.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
                client.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    def delete_managed(self, arn: str) -> None:
        """APIs DeletePolicyVersion and DeletePolicy."""
        client = self._client()
        with calling("iam:DeletePolicy", arn):
            try:
                for version in self._versions(arn):
                    if not version["IsDefaultVersion"]:
                        client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
                client.delete_policy(PolicyArn=arn)
            except client.exceptions.NoSuchEntityException:
                return

    def attach(self, name: str, arn: str) -> None:
        """API AttachRolePolicy."""
        client = self._client()
        with calling("iam:AttachRolePolicy", f"{name} {arn}"):
            try:
                client.attach_role_policy(RoleName=name, PolicyArn=arn)
            except client.exceptions.LimitExceededException as error:
                raise QuotaError(str(error)) from error
            except client.exceptions.NoSuchEntityException as error:
                raise RetryableGrantError(f"{arn} cannot be attached to {name} yet: {error}") from error

    def detach(self, name: str, arn: str) -> None:
        """API DetachRolePolicy."""
        client = self._client()
        with calling("iam:DetachRolePolicy", f"{name} {arn}"):
            try:
                client.detach_role_policy(RoleName=name, PolicyArn=arn)
            except client.exceptions.NoSuchEntityException:
                return

    def create_role(
        self,
        name: str,
        path: str,
        trust: str,
        boundary: str,
        description: str,
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """API CreateRole."""
        client = self._client()
        bounded: dict[str, Any] = {"PermissionsBoundary": boundary} if boundary else {}
        if tags:
            bounded["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
        with calling("iam:CreateRole", name):
            try:
                client.create_role(
                    RoleName=name, Path=path, AssumeRolePolicyDocument=trust, Description=description, **bounded
                )
            except client.exceptions.EntityAlreadyExistsException:
                client.update_assume_role_policy(RoleName=name, PolicyDocument=trust)

    def put_trust(self, name: str, trust: str) -> None:
        """API UpdateAssumeRolePolicy."""
        with calling("iam:UpdateAssumeRolePolicy", name):
            self._client().update_assume_role_policy(RoleName=name, PolicyDocument=trust)

    def delete_role(self, name: str) -> None:
        """API DeleteRole."""
        client = self._client()
        with calling("iam:DeleteRole", name):
            try:
                client.delete_role(RoleName=name)
            except client.exceptions.NoSuchEntityException:
                return

    def principal(self, info: RoleInfo) -> PrincipalPolicies | None:
        """APIs ListRolePolicies, ListAttachedRolePolicies and those that read each of these policies."""
        client, name = self._client(), info.arn.rsplit("/", 1)[1]
        with calling("iam:ListRolePolicies", name):
            try:
                pages = client.get_paginator("list_role_policies").paginate(RoleName=name)
                inline = [policy for page in pages for policy in page["PolicyNames"]]
                attached = client.get_paginator("list_attached_role_policies").paginate(RoleName=name)
                managed = [item["PolicyArn"] for page in attached for item in page["AttachedPolicies"]]
            except client.exceptions.NoSuchEntityException:
                return None
        identity = [(policy, self.inline(name, policy)) for policy in inline]
        identity += [(arn.rsplit("/", 1)[-1], self.managed(arn)) for arn in managed]
        known = [(label, document) for label, document in identity if document is not None]
        return PrincipalPolicies(info, known, self.managed(info.boundary) if info.boundary else None)

    def _versions(self, arn: str) -> Iterator[PolicyVersionTypeDef]:
        for page in self._client().get_paginator("list_policy_versions").paginate(PolicyArn=arn):
            yield from page["Versions"]


def _document(raw: Any) -> dict[str, Any]:
    """A policy document; botocore has decoded it unless it came as text."""
    if isinstance(raw, str):
        return dict(json.loads(raw))
    return dict(raw or {})
