"""In-memory stand-ins for the gateways, with places to inject what others do at the worst moment."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streamgov_core.documents.compiler import INLINE_LIMIT, MANAGED_LIMIT, size, statements_of
from streamgov_core.documents.policy_document import PolicyDocument
from streamgov_core.documents.resource_policy import (
    ConflictError,
    RejectedError,
    ResourceGoneError,
    ResourcePolicyDocument,
)
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.member.document_ledger import Lease, LeaseRecord, StoreOutcome
from streamgov_core.member.reader_role import ReaderRoleDocument
from streamgov_core.member.role_gateway import QuotaError, RoleInfo
from streamgov_core.member.role_policy import RolePolicyDocument
from streamgov_core.model.asset_record import AssetRecord as SourceRecord
from streamgov_core.model.clock import InvocationClock
from streamgov_core.model.command import AccessRequest, Consumer, GrantCommand, Party
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, ContributionState, Rejection, Slot
from streamgov_core.model.naming import Names
from streamgov_core.model.principal import RoleArn
from streamgov_core.model.schema_reference import SchemaReference
from streamgov_core.platforms.kinesis.fan_out import FanOutConsumerDocument
from streamgov_core.platforms.kinesis.key_grants import KeyGrant, KeyGrantDocument
from streamgov_core.platforms.msk.arns import topic_arn

NAMES = Names()
OWNER, CONSUMER, THIRD = "222222222222", "333333333333", "444444444444"
DOMAIN = "dzd-unittest"
CLUSTER = f"arn:aws:kafka:us-east-1:{OWNER}:cluster/streaming-prod/12345678-1234-1234-1234-123456789012-7"
SERVERLESS = f"arn:aws:kafka:us-east-1:{OWNER}:cluster/serverless-one/12345678-1234-1234-1234-123456789012-s3"
ROLE = f"arn:aws:iam::{CONSUMER}:role/streaming/consumer"
REGISTRY = f"arn:aws:glue:us-east-1:{OWNER}:registry/streams"
PROJECT = "consumerproj01"


def schema_of(name: str) -> SchemaReference:
    return SchemaReference(REGISTRY, f"arn:aws:glue:us-east-1:{OWNER}:schema/streams/{name}", name)


def command(
    topic: str = "orders",
    *,
    principals: tuple[str, ...] = (ROLE,),
    access: str = "READ",
    request: str = "GRANT",
    side: str = "producer",
    generation: int = 1,
    grant: str = "grant1",
    asset: str = "asset1",
    cluster: str = CLUSTER,
    schema: SchemaReference | None = None,
    account: str | None = OWNER,
    options: Mapping[str, Any] | None = None,
    project: str = PROJECT,
) -> GrantCommand:
    kind = "SERVERLESS" if cluster == SERVERLESS else "PROVISIONED"
    return GrantCommand(
        side=side,  # type: ignore[arg-type]
        request_type=request,  # type: ignore[arg-type]
        grant_id=grant,
        asset_id=asset,
        generation=generation,
        domain_id=DOMAIN,
        platform="msk",
        resource={"arn": topic_arn(cluster, topic), "clusterArn": cluster, "clusterType": kind, "topic": topic},
        schema=schema,
        producer=Party(OWNER, "us-east-1"),
        consumer=Consumer(CONSUMER, "us-east-1", project, "env1", RoleArn.parse_all(principals)),
        request=AccessRequest(access),  # type: ignore[arg-type]
        options=dict(options or {}),
        owner_project="ownerproject01",
        account=account,
    )


class Clock:
    """A clock that stands until somebody sleeps."""

    def __init__(self, start: float = 1_000_000.0) -> None:
        self.value = start
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self.value

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.value += seconds
        threading.Event().wait(0.0005)  # let the other threads run

    def invocation_clock(self, seconds: float = 60.0, ids: Callable[[], str] | None = None) -> InvocationClock:
        return InvocationClock(self.now, self.sleep, ids or Ids().next, self.value + seconds)


class RealClock(Clock):
    """The machine's clock, for threads that really wait for each other; pauses are short."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        threading.Event().wait(seconds / 50)

    def invocation_clock(self, seconds: float = 60.0, ids: Callable[[], str] | None = None) -> InvocationClock:
        return InvocationClock(self.now, self.sleep, ids or Ids().next, self.now() + seconds)


class Ids:
    """Fresh ids. No two are the same, whoever asked: a lease is known by its owner's id."""

    _counter = itertools.count(1)

    def __init__(self, prefix: str = "id") -> None:
        self._prefix = prefix

    def next(self) -> str:
        return f"{self._prefix}{next(self._counter)}"


@dataclass
class MemoryDocument:
    """What the ledger holds of one document."""

    lease_record: LeaseRecord = field(default_factory=LeaseRecord)
    records: dict[str, ContributionRecord] = field(default_factory=dict)


class MemoryDocumentLedger:
    """DocumentLedger in memory; ``hooks[operation]`` runs before the operation, outside of the lock."""

    def __init__(self) -> None:
        self.documents: dict[str, MemoryDocument] = {}
        self.hooks: dict[str, Callable[..., None]] = {}
        self.calls: list[str] = []
        self._lock = threading.RLock()

    def _at(self, document_id: str, operation: str, *arguments: Any) -> MemoryDocument:
        hook = self.hooks.get(operation)
        if hook is not None:
            hook(document_id, *arguments)
        with self._lock:
            self.calls.append(operation)
            return self.documents.setdefault(document_id, MemoryDocument())

    def acquire(self, document_id: str, owner: str, now: float, until: float) -> Lease | None:
        item = self._at(document_id, "acquire", owner)
        with self._lock:
            old = item.lease_record
            if old.owner and old.until >= now and old.owner != owner:
                return None
            item.lease_record = replace(old, change_count=old.change_count + 1, owner=owner, until=until)
            return Lease(item.lease_record, clean=not old.owner)

    def count_change(self, document_id: str) -> LeaseRecord:
        item = self._at(document_id, "count_change")
        with self._lock:
            item.lease_record = replace(item.lease_record, change_count=item.lease_record.change_count + 1)
            return item.lease_record

    def lease_record(self, document_id: str) -> LeaseRecord:
        return self._at(document_id, "lease_record").lease_record

    def store(self, document_id: str, record: ContributionRecord) -> StoreOutcome:
        item = self._at(document_id, "store", record)
        with self._lock:
            old = item.records.get(record.key)
            if old is not None and old.generation > record.generation:
                return "SUPERSEDED"
            item.records[record.key] = record
            return "STORED"

    def find(self, document_id: str, key: str) -> ContributionRecord | None:
        return self._at(document_id, "find").records.get(key)

    def load_all(self) -> dict[str, list[ContributionRecord]]:
        return {name: list(document.records.values()) for name, document in self.documents.items()}

    def load(self, document_id: str) -> list[ContributionRecord]:
        item = self._at(document_id, "load")
        with self._lock:
            return list(item.records.values())

    def commit(self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]) -> bool:
        item = self._at(document_id, "commit", owner)
        with self._lock:
            if item.lease_record.owner != owner or item.lease_record.change_count != change_count:
                return False
            item.lease_record = LeaseRecord(change_count, change_count, "", 0.0, dict(slots))
            return True

    def checkpoint(
        self, document_id: str, owner: str, change_count: int, slots: Mapping[str, Slot]
    ) -> LeaseRecord | None:
        item = self._at(document_id, "checkpoint", owner)
        with self._lock:
            if item.lease_record.owner != owner:
                return None
            item.lease_record = replace(item.lease_record, committed=change_count, slots=dict(slots))
            return item.lease_record

    def release(self, document_id: str, owner: str) -> None:
        item = self._at(document_id, "release", owner)
        with self._lock:
            if item.lease_record.owner == owner:
                item.lease_record = replace(item.lease_record, owner="", until=0.0)

    def abandon(self, document_id: str, owner: str) -> None:
        item = self._at(document_id, "abandon", owner)
        with self._lock:
            if item.lease_record.owner == owner:
                item.lease_record = replace(item.lease_record, until=0.0)

    def reject(self, document_id: str, key: str, generation: int, rejection: Rejection) -> None:
        item = self._at(document_id, "reject", key)
        with self._lock:
            old = item.records.get(key)
            if old is not None and old.generation == generation:
                state: ContributionState = "DEFERRED" if rejection.retry else "REJECTED"
                item.records[key] = replace(old, state=state, cause=rejection.cause)


class MemoryPolicies:
    """PolicyGateway in memory. ``tokens`` as MSK; without them as Kinesis."""

    def __init__(self, *, tokens: bool = True, limit: int = 20_480) -> None:
        self.documents: dict[str, tuple[dict[str, Any], str]] = {}
        self.gone: set[str] = set()
        self.missing_roles: set[str] = set()
        self.hooks: dict[str, Callable[[str], None]] = {}
        self.writes: list[tuple[str, str]] = []
        self.history: list[dict[str, Any] | None] = []
        self._tokens = tokens
        self._limit = limit
        self._count = 0
        self._lock = threading.RLock()

    def _hook(self, operation: str, arn: str) -> None:
        hook = self.hooks.get(operation)
        if hook is not None:
            hook(arn)

    def get(self, arn: str) -> tuple[dict[str, Any] | None, str | None]:
        self._hook("get", arn)
        with self._lock:
            if arn in self.gone:
                raise ResourceGoneError(arn)
            if arn not in self.documents:
                return None, None
            document, token = self.documents[arn]
            return json.loads(json.dumps(document)), token if self._tokens else None

    def put(self, arn: str, text: str, token: str | None) -> str | None:
        self._hook("put", arn)
        with self._lock:
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

    def delete(self, arn: str, token: str | None) -> None:
        self._hook("delete", arn)
        with self._lock:
            if self._tokens and self.documents.get(arn, (None, None))[1] != token:
                raise ConflictError(arn)
            self.documents.pop(arn, None)
            self.writes.append(("delete", arn))
            self.history.append(None)

    def statements(self, arn: str) -> list[dict[str, Any]]:
        return statements_of(self.documents[arn][0]) if arn in self.documents else []

    def foreign_write(self, arn: str, statement: dict[str, Any]) -> None:
        """Somebody else adds a statement, as a careful person would."""
        with self._lock:
            document = self.documents.get(arn, ({"Version": "2012-10-17", "Statement": []}, ""))[0]
            self._count += 1
            wanted = {**document, "Statement": [*statements_of(document), statement]}
            self.documents[arn] = (wanted, f"v{self._count}")


class MemoryIam:
    """RolePolicyGateway and ReaderRoleGateway in memory, with IAM's quotas."""

    def __init__(self, account: str = OWNER) -> None:
        self.account = account
        self.roles: dict[str, RoleInfo] = {}
        self.inlines: dict[tuple[str, str], dict[str, Any]] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.attachments: dict[str, set[str]] = {}
        self.attach_quota = 10
        self.hooks: dict[str, Callable[[str], None]] = {}
        self.calls: list[str] = []
        self._lock = threading.RLock()

    def add(self, arn: str, boundary: str = "") -> None:
        self.roles[arn.rsplit("/", 1)[1]] = RoleInfo(arn, boundary)

    def _call(self, operation: str, name: str) -> None:
        hook = self.hooks.get(operation)
        if hook is not None:
            hook(name)
        self.calls.append(operation)

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if call.split("_")[0] in ("put", "delete", "attach", "detach", "create")]

    def role(self, name: str) -> RoleInfo | None:
        self._call("role", name)
        return self.roles.get(name)

    def inline(self, name: str, policy: str) -> dict[str, Any] | None:
        self._call("inline", name)
        return self.inlines.get((name, policy))

    def other_inline_size(self, name: str, policy: str) -> int:
        self._call("other_inline_size", name)
        return sum(size(text) for (role, other), text in self.inlines.items() if role == name and other != policy)

    def put_inline(self, name: str, policy: str, text: str) -> None:
        self._call("put_inline", name)
        with self._lock:
            if self.other_inline_size(name, policy) + len(text) > INLINE_LIMIT:
                raise QuotaError("LimitExceeded")
            self.inlines[(name, policy)] = json.loads(text)

    def delete_inline(self, name: str, policy: str) -> None:
        self._call("delete_inline", name)
        self.inlines.pop((name, policy), None)

    def attached(self, name: str) -> set[str]:
        self._call("attached", name)
        return set(self.attachments.get(name, set()))

    def managed(self, arn: str) -> dict[str, Any] | None:
        self._call("managed", arn)
        return self.policies.get(arn)

    def put_managed(self, arn: str, text: str) -> None:
        self._call("put_managed", arn)
        assert len(text) <= MANAGED_LIMIT, "IAM would refuse this policy"
        self.policies[arn] = json.loads(text)

    def delete_managed(self, arn: str) -> None:
        self._call("delete_managed", arn)
        assert not any(arn in attached for attached in self.attachments.values()), "still attached"
        self.policies.pop(arn, None)

    def attach(self, name: str, arn: str) -> None:
        self._call("attach", name)
        attached = self.attachments.setdefault(name, set())
        if arn not in attached and len(attached) >= self.attach_quota:
            raise QuotaError("LimitExceeded")
        attached.add(arn)

    def detach(self, name: str, arn: str) -> None:
        self._call("detach", name)
        self.attachments.get(name, set()).discard(arn)

    def create_role(self, name: str, path: str, trust: str, boundary: str, description: str) -> None:
        self._call("create_role", name)
        self.roles[name] = RoleInfo(f"arn:aws:iam::{self.account}:role{path}{name}", boundary, json.loads(trust))

    def put_trust(self, name: str, trust: str) -> None:
        self._call("put_trust", name)
        self.roles[name] = replace(self.roles[name], trust=json.loads(trust))

    def delete_role(self, name: str) -> None:
        self._call("delete_role", name)
        assert not any(role == name for role, _ in self.inlines), "the role still has inline policies"
        self.roles.pop(name, None)

    def statements(self, arn: str) -> list[dict[str, Any]]:
        """Every statement that the role has by our policies."""
        name = arn.rsplit("/", 1)[1]
        found = [item for (role, _), text in self.inlines.items() if role == name for item in statements_of(text)]
        for policy in self.attachments.get(name, set()):
            found += statements_of(self.policies.get(policy, {}))
        return found


class MemoryConsumers:
    """ConsumerGateway in memory; each registration has an ARN of its own, and its policy goes with it."""

    def __init__(self, policies: MemoryPolicies) -> None:
        self.policies = policies
        self.found: dict[str, tuple[str, str]] = {}
        self.status = "ACTIVE"
        self.gone = False
        self.hooks: dict[str, Callable[[str], None]] = {}
        self._moments = itertools.count(1_700_000_000)

    def _hook(self, operation: str, name: str) -> None:
        if operation in self.hooks:
            self.hooks[operation](name)

    def find(self, stream: str, name: str) -> tuple[str, str] | None:
        self._hook("find", name)
        return self.found.get(f"{stream}/consumer/{name}")

    def register(self, stream: str, name: str) -> tuple[str, str]:
        self._hook("register", name)
        if self.gone:
            raise ResourceGoneError(f"{stream} does not exist")
        key = f"{stream}/consumer/{name}"
        self.found[key] = (f"{key}:{next(self._moments)}", self.status)
        return self.found[key]

    def deregister(self, arn: str) -> None:
        self._hook("deregister", arn)
        self.found = {name: value for name, value in self.found.items() if value[0] != arn}
        self.policies.documents.pop(arn, None)


class MemoryKeys:
    """KeyGrantGateway in memory."""

    def __init__(self) -> None:
        self.grants: list[tuple[str, KeyGrant]] = []
        self.missing: set[str] = set()
        self.hooks: dict[str, Callable[[str], None]] = {}
        self._ids = itertools.count(1)
        self._keys: dict[str, str] = {}

    def _hook(self, operation: str, key: str) -> None:
        if operation in self.hooks:
            self.hooks[operation](key)

    def list(self, key: str, prefix: str) -> Sequence[tuple[str, KeyGrant]]:
        self._hook("list", key)
        return [item for item in self.of(key) if item[1].name.startswith(prefix)]

    def create(self, key: str, grant: KeyGrant) -> None:
        self._hook("create", key)
        if grant.principal in self.missing:
            raise RejectedError("no such principal")
        identifier = f"id{next(self._ids)}"
        self._keys[identifier] = key
        self.grants.append((identifier, grant))

    def revoke(self, key: str, grant_id: str) -> None:
        self._hook("revoke", key)
        self.grants = [item for item in self.grants if item[0] != grant_id]

    def of(self, key: str) -> Sequence[tuple[str, KeyGrant]]:
        return [item for item in self.grants if self._keys.get(item[0], key) == key]


class MemoryAccountGateway:
    """AccountGateway in memory: cluster policies with tokens, stream policies without, consumers, key grants, roles."""

    def __init__(self, policies: MemoryPolicies, iam: MemoryIam, boundary: str = "") -> None:
        self.policies = policies
        self.streams = MemoryPolicies(tokens=False)
        self.consumers = MemoryConsumers(self.streams)
        self.keys = MemoryKeys()
        self.iam = iam
        self.boundary = boundary
        self.records: dict[str, SourceRecord] = {}
        self.warnings: list[str] = []
        self.inspect_error: Exception | None = None

    def policy_document(self, platform: str, contribution: PolicyContribution) -> PolicyDocument:
        if contribution.kind == "role":
            return RolePolicyDocument(self.iam, NAMES, contribution.arn, self.boundary)
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


class MemoryGrants:
    """GrantLedger in memory."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], GrantRecord] = {}
        self.hooks: dict[str, Callable[..., None]] = {}
        self._lock = threading.RLock()

    def _hook(self, operation: str, *arguments: Any) -> None:
        if operation in self.hooks:
            self.hooks[operation](*arguments)

    def of_grant(self, grant_id: str) -> dict[str, GrantRecord]:
        self._hook("of_grant", grant_id)
        with self._lock:
            return {asset: record for (grant, asset), record in self.records.items() if grant == grant_id}

    def begin(self, record: GrantRecord, previous: int | None) -> bool:
        self._hook("begin", record)
        with self._lock:
            old = self.records.get((record.grant_id, record.asset_id))
            if (None if old is None else old.generation) != previous:
                return False
            self.records[(record.grant_id, record.asset_id)] = record
            return True

    def finish(
        self,
        grant_id: str,
        asset_id: str,
        generation: int,
        state: Any,
        now: float,
        cause: str,
        facts: Mapping[str, Any],
    ) -> bool:
        self._hook("finish", grant_id)
        with self._lock:
            old = self.records.get((grant_id, asset_id))
            if old is None or old.generation != generation:
                return False
            self.records[(grant_id, asset_id)] = replace(
                old, state=state, updated_at=now, cause=cause, outcome=dict(facts)
            )
            return True


class MemoryDomain:
    """Domain in memory."""

    def __init__(self) -> None:
        self.grants: dict[str, dict[str, Any]] = {}
        self.listings: dict[str, dict[str, Any]] = {}
        self.environments: dict[str, dict[str, Any]] = {}
        self.targets: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.requests: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, Exception] = {}
        self.marks: list[tuple[str, str, str, str | None]] = []
        self.hooks: dict[str, Callable[..., None]] = {}

    def _get(self, what: str, found: dict[str, dict[str, Any]], identifier: str) -> dict[str, Any] | None:
        if "get" in self.hooks:
            self.hooks["get"](what)
        if what in self.errors:
            raise self.errors[what]
        return found.get(identifier)

    def grant(self, grant_id: str) -> dict[str, Any] | None:
        return self._get("grant", self.grants, grant_id)

    def listing(self, listing_id: str, revision: str | None) -> dict[str, Any] | None:
        return self._get("listing", self.listings, listing_id)

    def environment(self, environment_id: str) -> dict[str, Any] | None:
        return self._get("environment", self.environments, environment_id)

    def target(self, environment_id: str, target_id: str) -> dict[str, Any] | None:
        return self._get("target", self.targets, target_id)

    def subscription(self, subscription_id: str) -> dict[str, Any] | None:
        return self._get("subscription", self.subscriptions, subscription_id)

    def request(self, request_id: str) -> dict[str, Any] | None:
        return self._get("request", self.requests, request_id)

    def mark(self, grant_id: str, asset_id: str, status: str, cause: str | None = None) -> None:
        if "mark" in self.hooks:
            self.hooks["mark"](status)
        if "mark" in self.errors:
            raise self.errors["mark"]
        self.marks.append((grant_id, asset_id, status, cause))
        for asset in self.grants[grant_id]["assets"]:
            if asset["assetId"] == asset_id:
                asset["status"] = status

    def add_grant(
        self,
        *,
        grant_id: str = "grant1",
        assets: Mapping[str, str] | None = None,
        forms: Mapping[str, Any] | None = None,
        principals: tuple[str, ...] = (ROLE,),
        asset_type: str = "MskTopicAssetType",
        status: str = "GRANT_PENDING",
        metadata_forms: list[dict[str, str]] | None = None,
    ) -> None:
        """One grant of one listed asset (asset id -> status for more than one)."""
        states = dict(assets or {"asset1": status})
        self.grants[grant_id] = {
            "id": grant_id,
            "domainId": DOMAIN,
            "createdBy": "SYSTEM",
            "environmentId": "env1",
            "subscriptionTargetId": "target1",
            "subscriptionId": "subscription1",
            "grantedEntity": {"listing": {"id": "listing1", "revision": "1"}},
            "assets": [{"assetId": key, "assetRevision": "1", "status": value} for key, value in states.items()],
        }
        content = forms or {
            "MskSourceReferenceFormType": {"cluster_arn": CLUSTER, "cluster_type": "PROVISIONED"},
            "KafkaSchemaFormType": {"kafka_topic": "orders"},
        }
        self.listings["listing1"] = {
            "id": "listing1",
            "item": {
                "assetListing": {
                    "assetId": "asset1",
                    "assetType": asset_type,
                    "forms": json.dumps(content),
                    "owningProjectId": "ownerproject01",
                }
            },
        }
        self.environments["env1"] = {
            "id": "env1",
            "projectId": PROJECT,
            "awsAccountId": CONSUMER,
            "awsAccountRegion": "us-east-1",
        }
        self.targets["target1"] = {"id": "target1", "authorizedPrincipals": list(principals), "projectId": PROJECT}
        self.subscriptions["subscription1"] = {"id": "subscription1", "subscriptionRequestId": "request1"}
        self.requests["request1"] = {
            "id": "request1",
            "createdBy": "user-asking",
            "reviewerId": "user-approving",
            "requestReason": "for the report",
            "metadataForms": metadata_forms or [],
        }


def grant_event(
    grant_id: str = "grant1", kind: str = "Subscription Grant Requested", domain: str = DOMAIN
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "event-1",
        "detail-type": kind,
        "source": "aws.datazone",
        "account": "111111111111",
        "region": "us-east-1",
        "detail": {
            "version": "655",
            "metadata": {"domain": domain, "id": grant_id, "typeName": "SubscriptionGrantEntityType"},
            "data": {"asset": {"typeName": "MskTopicAssetType", "listingId": "listing1"}, "status": "GRANT_PENDING"},
        },
    }
