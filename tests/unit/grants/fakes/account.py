"""A member account in memory: policies, roles, fan-out consumers and grants on keys, with the services' own rules."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from streamgov_core.documents.compiler import INLINE_LIMIT, MANAGED_LIMIT, size, statements_of
from streamgov_core.documents.policy_document import PolicyDocument
from streamgov_core.documents.resource_policy import (
    ConflictError,
    RejectedError,
    ResourceGoneError,
    ResourcePolicyDocument,
)
from streamgov_core.member.access_role_document import AccessRoleDocument
from streamgov_core.member.connection_parameter import ConnectionDocument
from streamgov_core.member.delivery import PrincipalPolicies
from streamgov_core.member.reader_role import ReaderRoleDocument
from streamgov_core.member.role_gateway import QuotaError, RoleInfo
from streamgov_core.member.role_policy import RolePolicyDocument
from streamgov_core.model.asset_record import AssetRecord as SourceRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.platforms.kinesis.fan_out import FanOutConsumerDocument, consumer_facts
from streamgov_core.platforms.kinesis.key_grants import KeyGrant, KeyGrantDocument
from tests.unit.grants.fakes.commands import NAMES, OWNER
from tests.unit.grants.fakes.service import MemoryService, operation


class MemoryPolicies(MemoryService):
    """PolicyGateway in memory. ``tokens`` as MSK; without them as Kinesis."""

    def __init__(self, *, tokens: bool = True, limit: int = 20_480) -> None:
        super().__init__()
        self.documents: dict[str, tuple[dict[str, Any], str]] = {}
        self.gone: set[str] = set()
        self.missing_roles: set[str] = set()
        self.writes: list[tuple[str, str]] = []
        self.history: list[dict[str, Any] | None] = []
        self.stale: dict[str, tuple[dict[str, Any], str]] | None = None
        """What reads answer, as from a replica that has not seen the last writes; None for the truth."""
        self._tokens = tokens
        self._limit = limit
        self._count = 0

    @operation
    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        if arn in self.gone:
            raise ResourceGoneError(arn)
        seen = self.documents if self.stale is None else self.stale
        if arn not in seen:
            return None, None
        document, token = seen[arn]
        return json.loads(json.dumps(document)), token if self._tokens else None

    @operation
    def put(self, arn: str, text: str, token: str | None) -> str | None:
        if arn in self.gone:
            raise ResourceGoneError(arn)
        current = self.documents.get(arn, (None, None))[1]
        if self._tokens and token != current:
            raise ConflictError(arn)
        assert len(text) <= self._limit, "the service would refuse this document"
        document = json.loads(text)
        for item in statements_of(document):
            listed = dict(item.get("Principal") or {}).get("AWS", [])
            for principal in [listed] if isinstance(listed, str) else listed:
                if principal in self.missing_roles or principal.startswith("AROA"):
                    raise RejectedError(f"Invalid principal in policy: {principal}")
        self._count += 1
        self.documents[arn] = (document, f"v{self._count}")
        self.writes.append(("put", arn))
        self.history.append(document)
        return f"v{self._count}" if self._tokens else None

    @operation
    def delete(self, arn: str, token: str | None) -> None:
        if self._tokens and self.documents.get(arn, (None, None))[1] != token:
            raise ConflictError(arn)
        self.documents.pop(arn, None)
        self.writes.append(("delete", arn))
        self.history.append(None)

    def statements(self, arn: str) -> list[dict[str, Any]]:
        return statements_of(self.documents[arn][0]) if arn in self.documents else []

    def foreign_write(self, arn: str, statement: dict[str, Any]) -> None:
        """Somebody else adds a statement, as a careful person would."""
        with self.lock:
            document = self.documents.get(arn, ({"Version": "2012-10-17", "Statement": []}, ""))[0]
            self._count += 1
            wanted = {**document, "Statement": [*statements_of(document), statement]}
            self.documents[arn] = (wanted, f"v{self._count}")


class MemoryIam(MemoryService):
    """RolePolicyGateway and ReaderRoleGateway in memory, with IAM's quotas."""

    def __init__(self, account: str = OWNER) -> None:
        super().__init__()
        self.account = account
        self.roles: dict[str, RoleInfo] = {}
        self.inlines: dict[tuple[str, str], dict[str, Any]] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.attachments: dict[str, set[str]] = {}
        self.stale: MemoryIam | None = None
        """What reads answer, as from a replica that has not seen the last writes; None for the truth."""
        self.attach_quota = 10
        self.tags: dict[str, dict[str, str]] = {}

    def add(self, arn: str, boundary: str = "", role_id: str = "") -> None:
        self.roles[arn.rsplit("/", 1)[1]] = RoleInfo(arn, boundary, role_id=role_id)

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if call.split("_")[0] in ("put", "delete", "attach", "detach", "create")]

    @property
    def _seen(self) -> MemoryIam:
        return self.stale or self

    def snapshot(self) -> MemoryIam:
        """All that there is now, for ``stale``."""
        then = MemoryIam(self.account)
        with self.lock:
            then.roles, then.inlines, then.policies = dict(self.roles), dict(self.inlines), dict(self.policies)
            then.attachments = {name: set(arns) for name, arns in self.attachments.items()}
        return then

    @operation
    def role(self, name: str) -> RoleInfo | None:
        return self._seen.roles.get(name)

    @operation
    def inline(self, name: str, policy: str) -> dict[str, Any] | None:
        return self._seen.inlines.get((name, policy))

    @operation
    def other_inline_size(self, name: str, policy: str) -> int:
        return sum(size(text) for (role, other), text in self.inlines.items() if role == name and other != policy)

    @operation
    def put_inline(self, name: str, policy: str, text: str) -> None:
        if self.other_inline_size(name, policy) + len(text) > INLINE_LIMIT:
            raise QuotaError("LimitExceeded")
        self.inlines[(name, policy)] = json.loads(text)

    @operation
    def delete_inline(self, name: str, policy: str) -> None:
        self.inlines.pop((name, policy), None)

    @operation
    def attached(self, name: str) -> set[str]:
        return set(self._seen.attachments.get(name, set()))

    @operation
    def managed(self, arn: str) -> dict[str, Any] | None:
        return self._seen.policies.get(arn)

    @operation
    def put_managed(self, arn: str, text: str) -> None:
        assert len(text) <= MANAGED_LIMIT, "IAM would refuse this policy"
        self.policies[arn] = json.loads(text)

    @operation
    def delete_managed(self, arn: str) -> None:
        assert not any(arn in attached for attached in self.attachments.values()), "still attached"
        self.policies.pop(arn, None)

    @operation
    def attach(self, name: str, arn: str) -> None:
        attached = self.attachments.setdefault(name, set())
        if arn not in attached and len(attached) >= self.attach_quota:
            raise QuotaError("LimitExceeded")
        attached.add(arn)

    @operation
    def detach(self, name: str, arn: str) -> None:
        self.attachments.get(name, set()).discard(arn)

    @operation
    def create_role(
        self,
        name: str,
        path: str,
        trust: str,
        boundary: str,
        description: str,
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.roles[name] = RoleInfo(f"arn:aws:iam::{self.account}:role{path}{name}", boundary, json.loads(trust))
        self.tags[name] = dict(tags)

    @operation
    def put_trust(self, name: str, trust: str) -> None:
        self.roles[name] = replace(self.roles[name], trust=json.loads(trust))

    @operation
    def delete_role(self, name: str) -> None:
        assert not any(role == name for role, _ in self.inlines), "the role still has inline policies"
        self.roles.pop(name, None)

    def statements(self, arn: str) -> list[dict[str, Any]]:
        """Every statement that the role has by our policies."""
        name = arn.rsplit("/", 1)[1]
        found = [item for (role, _), text in self.inlines.items() if role == name for item in statements_of(text)]
        for policy in self.attachments.get(name, set()):
            found += statements_of(self.policies.get(policy, {}))
        return found


class MemoryConsumers(MemoryService):
    """ConsumerGateway in memory; each registration has an ARN of its own, and its policy goes with it."""

    def __init__(self, policies: MemoryPolicies) -> None:
        super().__init__()
        self.policies = policies
        self.found: dict[str, tuple[str, str]] = {}
        self.status = "ACTIVE"
        self.gone = False
        self.stale: dict[str, tuple[str, str]] | None = None
        self._moments = itertools.count(1_700_000_000)

    @operation
    def find(self, stream: str, name: str) -> tuple[str, str] | None:
        return (self.found if self.stale is None else self.stale).get(f"{stream}/consumer/{name}")

    @operation
    def register(self, stream: str, name: str) -> tuple[str, str]:
        if self.gone:
            raise ResourceGoneError(f"{stream} does not exist")
        key = f"{stream}/consumer/{name}"
        self.found[key] = (f"{key}:{next(self._moments)}", self.status)
        return self.found[key]

    @operation
    def deregister(self, arn: str) -> None:
        self.found = {name: value for name, value in self.found.items() if value[0] != arn}
        with self.policies.lock:
            self.policies.documents.pop(arn, None)

    @operation
    def deregister_named(self, stream: str, name: str) -> None:
        found = self.found.get(f"{stream}/consumer/{name}")
        if found is not None:
            self.deregister(found[0])


class MemoryKeys(MemoryService):
    """KeyGrantGateway in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.grants: list[tuple[str, KeyGrant]] = []
        self.missing: set[str] = set()
        self.stale: list[tuple[str, KeyGrant]] | None = None
        self._ids = itertools.count(1)
        self._keys: dict[str, str] = {}

    @operation
    def list(self, key: str, prefix: str) -> Sequence[tuple[str, KeyGrant]]:
        seen = self.of(key) if self.stale is None else self.stale
        return [item for item in seen if item[1].name.startswith(prefix)]

    @operation
    def create(self, key: str, grant: KeyGrant) -> str:
        if grant.principal in self.missing:
            raise RejectedError("no such principal")
        for known, same in self.of(key):
            if same == grant:
                return known  # By name and parameters, KMS answers the grant that is there.
        identifier = f"id{next(self._ids)}"
        self._keys[identifier] = key
        self.grants.append((identifier, grant))
        return identifier

    @operation
    def revoke(self, key: str, grant_id: str) -> None:
        self.grants = [item for item in self.grants if item[0] != grant_id]

    def of(self, key: str) -> Sequence[tuple[str, KeyGrant]]:
        return [item for item in self.grants if self._keys.get(item[0], key) == key]


class MemoryParameters:
    """ParameterGateway in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.writes: list[str] = []
        self.error: Exception | None = None

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def get_all(self, names: Sequence[str]) -> dict[str, str]:
        return {name: self.values[name] for name in names if name in self.values}

    def put(self, name: str, value: str) -> None:
        if self.error is not None:
            raise self.error
        self.values[name] = value
        self.writes.append(name)

    def delete(self, name: str) -> None:
        self.values.pop(name, None)
        self.writes.append(name)


class MemoryAccountGateway:
    """AccountGateway in memory: cluster policies with tokens, stream policies without, consumers, key grants, roles."""

    def __init__(self, policies: MemoryPolicies, iam: MemoryIam, boundary: str = "") -> None:
        self.policies = policies
        self.streams = MemoryPolicies(tokens=False)
        self.consumers = MemoryConsumers(self.streams)
        self.keys = MemoryKeys()
        self.parameter_store = MemoryParameters()
        self.facts: dict[str, str] = {}
        self.iam = iam
        self.boundary = boundary
        self.access_boundary = ""
        self.principals: dict[str, PrincipalPolicies] = {}
        """By name: what is known of a role beside its boundary; the others have neither tags nor policies."""
        self.records: dict[str, SourceRecord] = {}
        self.warnings: list[str] = []
        self.inspect_error: Exception | None = None

    def policy_document(self, platform: str, contribution: PolicyContribution) -> PolicyDocument:
        if contribution.kind == "role":
            return RolePolicyDocument(self.iam, NAMES, contribution.arn, self.boundary)
        if contribution.kind == "access":
            return AccessRoleDocument(self.iam, NAMES, contribution.arn, self.access_boundary)
        if contribution.kind == "connection":
            return ConnectionDocument(self.parameter_store, contribution.arn, NAMES.sid_prefix)
        if contribution.kind == "reader":
            return ReaderRoleDocument(self.iam, NAMES, contribution.arn, self.boundary)
        if contribution.kind == "stream":
            return ResourcePolicyDocument(self.streams, contribution.arn, NAMES.sid_prefix)
        if contribution.kind == "fan-out":
            return FanOutConsumerDocument(self.consumers, self.streams, contribution.arn, NAMES.sid_prefix)
        if contribution.kind == "key":
            return KeyGrantDocument(self.keys, contribution.arn, NAMES.sid_prefix)
        return ResourcePolicyDocument(self.policies, contribution.arn, NAMES.sid_prefix, read_before_lease=True)

    def inspect(self, command: GrantCommand) -> dict[str, Any]:
        if self.inspect_error is not None:
            raise self.inspect_error
        return {"warnings": list(self.warnings)}

    def role(self, name: str) -> RoleInfo | None:
        return self.iam.role(name)

    def principal(self, info: RoleInfo) -> PrincipalPolicies | None:
        return self.principals.get(info.arn.rsplit("/", 1)[1]) or PrincipalPolicies(info)

    def parameters(self, names: Sequence[str]) -> dict[str, str]:
        return self.parameter_store.get_all(names)

    def connection_facts(self, command: GrantCommand) -> dict[str, str]:
        if command.platform == "kinesis":
            return {**consumer_facts(self.consumers, NAMES, command), **self.facts}
        return dict(self.facts)

    def record(self, command: GrantCommand) -> SourceRecord | None:
        return self.records.get(_source_name(command))

    def recorded(self, order: GrantCommand) -> None:
        """The data source recorded this asset for this resource."""
        name = _source_name(order)
        schema = order.schema.schema_arn if order.schema else None
        self.records[name] = SourceRecord(order.asset_id, str(order.resource["arn"]), schema, name, "h")


def _source_name(order: GrantCommand) -> str:
    """The name under which a data source records: the schema's, or that of the topic or stream."""
    return str(order.resource["arn"]).rsplit("/", 1)[1] if order.schema is None else order.schema.schema_name
