"""Many grants and revokes, interleaved, on one cluster, one stream and one role, through the whole workflow.

Every version of every document that was written in between is looked at: an active grant is absent from none of them.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from streamgov_core.documents.compiler import (
    identity_statements,
    is_ours,
    resource_statements,
    same_statements,
    statements_of,
)
from streamgov_core.member.document_ledger import DynamoDocumentLedger
from tests.integration.access.conftest import NAMES, Deployment, deployed
from tests.integration.access.stream import Stream
from tests.integration.access.test_workflow import policy_of, topic_of
from tests.sandbox import CONSUMER, PRODUCER

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def unhurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Functions run in real time, so the machines that wait for them do as well: the time-outs nest as on AWS."""
    with deployed(tmp_path_factory.mktemp("unhurried"), 1) as made:
        yield made


IN_FLIGHT = 30
"""Requests that are open at once: the emulator runs eight functions side by side."""
PAUSE = 0.5


@dataclass
class Wanted:
    """One grant: what it gives, whether it is to end, when it was seen to be granted and was asked to end.

    Args:
        resource: topic or stream.
        role: who receives it.
    """

    listing: str
    target: str
    resource: str
    role: str
    ends: bool = False
    grant: str = ""
    granted_at: float | None = None
    revoked_at: float | None = None

    @property
    def final(self) -> str:
        return "REVOKED" if self.ends else "GRANTED"


@dataclass
class Workload:
    """One cluster, one stream, one role; a few further roles on the stream."""

    deployment: Deployment
    cluster: str = ""
    stream: Stream | None = None
    role: str = ""
    wanted: list[Wanted] = field(default_factory=list)

    def set_up(self, grants: int) -> None:
        """Two thirds are topics of their own; a sixth is the stream for the same role, a sixth for a role each."""
        made = self.deployment
        self.cluster = made.make_cluster()
        self.stream = Stream(made)
        self.role = self.stream.role
        one = made.make_target([self.role])
        shared, own = grants // 6, grants // 6
        with ThreadPoolExecutor(6) as pool:
            topics = list(pool.map(self._topic, range(grants - shared - own)))
            targets = list(pool.map(lambda _: made.make_target([self.role]), range(shared)))
            roles = list(pool.map(lambda _: made.make_role(CONSUMER), range(own)))
            theirs = list(pool.map(lambda role: made.make_target([role]), roles))
        self.wanted = [Wanted(listing, one, resource, self.role) for listing, resource in topics]
        listing, arn = self.stream.listing, self.stream.arn
        self.wanted += [Wanted(listing, target, arn, self.role) for target in targets]
        self.wanted += [Wanted(listing, target, arn, role) for target, role in zip(theirs, roles, strict=True)]
        # Of every kind, one half is to end; they and the others are asked for in turn.
        for number, item in enumerate(self.wanted):
            item.ends = number % 2 == 0

    def _topic(self, number: int) -> tuple[str, str]:
        name = f"many-{number:03d}"
        _, listing = self.deployment.make_asset(name, cluster=self.cluster)
        self.deployment.subscribe(listing)
        return listing, topic_of(self.deployment, name, self.cluster)

    def statuses(self) -> dict[str, str]:
        """Grant -> status, of all grants of the consumer's project."""
        pages = (
            self.deployment.client("datazone")
            .get_paginator("list_subscription_grants")
            .paginate(domainIdentifier=self.deployment.domain, owningProjectId=self.deployment.projects[CONSUMER])
        )
        return {item["id"]: item["assets"][0]["status"] for page in pages for item in page["items"]}

    def give(self, wanted: Wanted) -> None:
        wanted.grant = self.deployment.grant(wanted.listing, wanted.target)

    def take(self, wanted: Wanted) -> None:
        wanted.revoked_at = time.time()
        self.deployment.revoke(wanted.grant)

    def play(self, seconds: float) -> None:
        """Ask for them one after the other, IN_FLIGHT at a time; what is to end is revoked as soon as it is granted."""
        waiting, deadline = list(self.wanted), time.monotonic() + seconds
        with ThreadPoolExecutor(6) as pool:
            while True:
                status = self.statuses()
                self._note(status)
                to_end = [item for item in self.wanted if item.ends and item.granted_at and not item.revoked_at]
                busy = [item for item in self.wanted if item.grant and status.get(item.grant) != item.final]
                room = max(0, IN_FLIGHT - len(busy))
                to_ask, waiting = waiting[:room], waiting[room:]
                if not (to_end or to_ask or busy):
                    return
                assert time.monotonic() < deadline, [(item, status.get(item.grant)) for item in busy][:3]
                jobs = [(self.take, item) for item in to_end] + [(self.give, item) for item in to_ask]
                list(pool.map(lambda job: job[0](job[1]), jobs))
                time.sleep(PAUSE)

    def _note(self, status: Mapping[str, str]) -> None:
        for item in self.wanted:
            now = status.get(item.grant, "")
            assert not now.endswith("_FAILED"), (item, self.deployment.assets_of(item.grant))
            if item.granted_at is None and now == "GRANTED":
                item.granted_at = time.time()


# --- what was written -------------------------------------------------------------------------------------------------
Version = tuple[float, frozenset[tuple[str, str]]]
"""When a version of a document took effect, and which (role, resource) it lets read."""


def versions(writes: list[dict[str, Any]], workload: Workload) -> dict[str, list[Version]]:
    """Each document's versions: of the cluster, of the stream, and of each role (all its policies together)."""
    found: dict[str, list[Version]] = {}
    roles: dict[str, dict[str, Any]] = {}
    attached: dict[str, set[str]] = {}
    managed: dict[str, Any] = {}
    for write in writes:
        params, operation = write["params"], write["operation"]
        if write["service"] in ("kafka", "kinesis"):
            name = params.get("ClusterArn") or params.get("ResourceARN")
            document = json.loads(params["Policy"]) if "Policy" in params else {}
            found.setdefault(name, []).append((write["time"], frozenset(_reads(document, ""))))
            continue
        if write["service"] != "iam" or write["account"] != CONSUMER:
            continue
        role, policy = params.get("RoleName", ""), params.get("PolicyArn", "")
        if operation == "PutRolePolicy":
            roles.setdefault(role, {})[params["PolicyName"]] = json.loads(params["PolicyDocument"])
        elif operation == "DeleteRolePolicy":
            roles.setdefault(role, {}).pop(params["PolicyName"], None)
        elif operation == "CreatePolicy":
            policy = f"arn:aws:iam::{CONSUMER}:policy{params['Path']}{params['PolicyName']}"
            managed[policy] = json.loads(params["PolicyDocument"])
        elif operation == "CreatePolicyVersion":
            managed[policy] = json.loads(params["PolicyDocument"])
        elif operation == "AttachRolePolicy":
            attached.setdefault(role, set()).add(policy)
        elif operation == "DetachRolePolicy":
            attached.setdefault(role, set()).discard(policy)
        for arn in {item.role for item in workload.wanted}:
            name = arn.rsplit("/", 1)[1]
            documents = [*roles.get(name, {}).values(), *(managed[item] for item in attached.get(name, ()))]
            now = frozenset(pair for document in documents for pair in _reads(document, arn))
            if not found.get(arn) or found[arn][-1][1] != now:
                found.setdefault(arn, []).append((write["time"], now))
    return found


def _reads(document: Mapping[str, Any], role: str) -> Iterator[tuple[str, str]]:
    for statement in statements_of(document):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if not {"kafka-cluster:ReadData", "kinesis:GetRecords"} & set(actions):
            continue
        principals = statement.get("Principal", {}).get("AWS", role)
        for principal in [principals] if isinstance(principals, str) else principals:
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                yield principal, resource


def check_history(workload: Workload, history: dict[str, list[Version]]) -> None:
    """No version lacks a permission while a grant that needs it is active.

    A permission that one grant alone needs is looked at more closely: once there, it stays until its revoke was asked
    for, and does not come back.
    """
    needed: dict[tuple[str, str], list[Wanted]] = {}
    for item in workload.wanted:
        needed.setdefault((item.role, item.resource), []).append(item)
    for pair, grants in needed.items():
        on_resource = (
            workload.cluster if pair[1].startswith(workload.cluster.replace(":cluster/", ":topic/")) else pair[1]
        )
        for name in (on_resource, pair[0]):
            spans = [(begin, end) for begin, end, reads in _spans(history[name]) if pair not in reads]
            for item in grants:
                assert item.granted_at is not None
                until = item.revoked_at or float("inf")
                bad = [span for span in spans if max(span[0], item.granted_at) < min(span[1], until)]
                assert not bad, f"{pair} was absent from {name} while {item.grant} was active: {bad}"
            if len(grants) == 1:
                _one_interval(pair, grants[0], name, history[name])


def _spans(found: list[Version]) -> Iterator[tuple[float, float, frozenset[tuple[str, str]]]]:
    """Each version with its begin and end; before the first there was nothing."""
    begin, reads = 0.0, frozenset[tuple[str, str]]()
    for moment, following in [*found, (float("inf"), frozenset[tuple[str, str]]())]:
        yield begin, moment, reads
        begin, reads = moment, following


def _one_interval(pair: tuple[str, str], item: Wanted, name: str, found: list[Version]) -> None:
    there = [pair in reads for _, reads in found]
    assert any(there), f"{pair} was never in {name}"
    first = there.index(True)
    last = len(there) - 1 - there[::-1].index(True)
    assert all(there[first : last + 1]), f"{pair} came and went in {name}"
    if item.revoked_at is None:
        assert last == len(there) - 1, f"{pair} left {name} without being revoked"
    else:
        assert last < len(there) - 1, f"{pair} is still in {name}"
        assert found[last + 1][0] >= item.revoked_at, f"{pair} left {name} before its revoke was asked for"


def check_documents(workload: Workload) -> None:
    """The documents are what the compiler makes of the ledger."""
    deployment, prefix = workload.deployment, NAMES.sid_prefix
    for account in (PRODUCER, CONSUMER):
        dynamo = deployment.client("dynamodb", account)
        ledger = DynamoDocumentLedger(lambda client=dynamo: client, NAMES.document_table)  # type: ignore[misc]
        for target, records in ledger.load_all().items():
            kind, arn = target.split("#", 1)
            active = {record.key: record for record in records if record.state == "ACTIVE"}
            permissions = [permission for record in active.values() for permission in record.permissions]
            if arn == workload.cluster:
                assert same_statements(policy_of(deployment, arn), resource_statements(prefix, permissions), prefix)
            elif workload.stream is not None and target == f"stream#{workload.stream.arn}":
                policy = json.loads(workload.stream.kinesis.get_resource_policy(ResourceARN=arn)["Policy"])
                assert same_statements(policy, resource_statements(prefix, permissions), prefix)
            elif kind == "role" and arn in {item.role for item in workload.wanted}:
                head = ledger.lease_record(target)
                assert not head.owner and set(head.slots) == set(active)
                slots: dict[int, list[Any]] = {}
                for key, placement in head.slots.items():
                    slots.setdefault(placement.slot, []).extend(active[key].permissions)
                wanted = [item for members in slots.values() for item in identity_statements(prefix, members)]
                assert same_statements({"Statement": _statements_of_role(deployment, arn)}, wanted, prefix)


def _statements_of_role(deployment: Deployment, arn: str) -> list[dict[str, Any]]:
    iam, name = deployment.client("iam", CONSUMER), arn.rsplit("/", 1)[1]
    documents = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    return [item for document in documents for item in statements_of(document) if is_ours(item, NAMES.sid_prefix)]


def interleave(deployment: Deployment, grants: int, seconds: float) -> dict[str, Any]:
    workload = Workload(deployment)
    workload.set_up(grants)
    deployment.emulator.admin("DELETE", "policies")
    begun = time.monotonic()
    workload.play(seconds)
    took = time.monotonic() - begun
    status = workload.statuses()
    for item in workload.wanted:
        assert status[item.grant] == item.final, item
    answer = deployment.emulator.admin("GET", "policies")
    assert answer["forgotten"] == 0
    history = versions(answer["writes"], workload)
    assert workload.stream is not None
    check_history(workload, history)
    check_documents(workload)
    granted = {(item.role, item.resource) for item in workload.wanted if item.revoked_at is None}
    for item in workload.wanted:
        action = "kinesis:GetRecords" if item.resource == workload.stream.arn else "kafka-cluster:ReadData"
        assert deployment.may(item.role, action, item.resource) is ((item.role, item.resource) in granted), item
    return {
        "seconds": round(took, 1),
        "clusterPolicyWrites": len(history[workload.cluster]),
        "streamPolicyWrites": len(history[workload.stream.arn]),
        "roleVersions": len(history[workload.role]),
    }


@pytest.mark.timeout(1500)
def test_sixty_grants_and_thirty_revokes_interleaved(unhurried: Deployment) -> None:
    log.info("60 grants, 30 revokes: %s", interleave(unhurried, 60, 1200))


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_two_hundred_grants_and_a_hundred_revokes_interleaved(unhurried: Deployment) -> None:
    log.info("200 grants, 100 revokes: %s", interleave(unhurried, 200, 3000))
