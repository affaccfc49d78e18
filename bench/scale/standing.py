"""A domain in which every grant of a landscape stands: ledgers, documents and what DataZone knows, all in agreement."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bench.scale.calls import Calls
from bench.scale.deployment import Member, permissions
from bench.scale.landscape import DOMAIN_ACCOUNT, NAMES, Landscape, Placed
from streamgov_core.documents.compiler import identity_statements, resource_statements
from streamgov_core.domain.grant_ledger import GrantRecord, LedgerPage
from streamgov_core.member.account_gateway import ROLE
from streamgov_core.member.document_ledger import LeaseRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.connection_details import connection_content, connection_contribution
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.owner_side import owner_contributions
from tests.unit.grants.fakes import MemoryDocument, MemoryGrants

VERSION = "2012-10-17"
RECORDS_A_PAGE = 350
"""Records of the grant ledger in one megabyte, a page of a Scan."""
UNITS_A_PAGE = 256
"""Read units of a page that is read consistently."""
PAGE = 50
"""Items of a page of DataZone's lists."""


class StandingGrants(MemoryGrants):
    """The grant ledger, read page by page.

    Args:
        calls: of which each page is one.
    """

    def __init__(self, calls: Calls) -> None:
        super().__init__()
        self._calls = calls
        self._ordered: list[GrantRecord] = []

    def keep(self, record: GrantRecord) -> None:
        """A record that stands."""
        self.records[record.grant_id, record.asset_id] = record
        self._ordered.append(record)

    def pages(self, after: str = "") -> Iterator[LedgerPage]:
        """See GrantOverview.pages."""
        begin, more = int(after or 0), True
        while more:
            page = tuple(self._ordered[begin : begin + RECORDS_A_PAGE])
            self._calls.make("dynamodb:Scan", DOMAIN_ACCOUNT, attempts=8)
            self._calls.read_units += UNITS_A_PAGE
            begin += RECORDS_A_PAGE
            more = begin < len(self._ordered)
            yield LedgerPage(page, str(begin) if more else "")


class StandingDataZone:
    """A client of DataZone that knows a landscape's grants: its lists, and what these refer to.

    Args:
        landscape: of the domain.
        calls: of which each method, and each page, is one.
        began: when the grants were made, seconds since the epoch.
    """

    class exceptions:
        """Errors that this client never raises."""

        class ResourceNotFoundException(Exception):
            """As botocore names it."""

        class ClientError(Exception):
            """As botocore names it."""

    def __init__(self, landscape: Landscape, calls: Calls, began: float) -> None:
        self._landscape, self._calls, self._began = landscape, calls, began
        self._by_project: dict[str, list[Placed]] = defaultdict(list)
        for number in range(landscape.grants):
            placed = landscape.grant(number)
            self._by_project[placed.project].append(placed)
        self._environments = {places[0].environment: places[0] for places in self._by_project.values()}

    def get_paginator(self, operation: str) -> Any:
        """The pages of a list."""
        lists: Mapping[str, Callable[..., list[Any]]] = {
            "list_projects": lambda **given: [{"id": name} for name in sorted(self._by_project)],
            "list_subscription_grants": lambda **given: [
                self._grant(item) for item in self._by_project[given["owningProjectId"]]
            ],
            "list_subscriptions": lambda **given: [],
        }
        return _Pages(self, "".join(part.title() for part in operation.split("_")), lists[operation])

    def called(self, operation: str) -> None:
        """One call takes its time."""
        self._calls.make(f"datazone:{operation}", DOMAIN_ACCOUNT, attempts=8)

    def get_environment(self, *, identifier: str, **domain: str) -> dict[str, Any]:
        """API GetEnvironment."""
        self.called("GetEnvironment")
        placed = self._environments[identifier]
        return {
            "id": identifier,
            "projectId": placed.project,
            "awsAccountId": placed.consumer,
            "awsAccountRegion": NAMES.region,
            "status": "ACTIVE",
        }

    def get_subscription_target(self, *, environmentIdentifier: str, **more: str) -> dict[str, Any]:
        """API GetSubscriptionTarget."""
        self.called("GetSubscriptionTarget")
        return {"authorizedPrincipals": [self._environments[environmentIdentifier].role_arn]}

    def get_asset(self, *, identifier: str, **domain: str) -> dict[str, Any]:
        """API GetAsset."""
        self.called("GetAsset")
        placed = self._landscape.grant(int(identifier.removeprefix("asset")))
        forms = {
            "MskSourceReferenceFormType": {"cluster_arn": placed.cluster_arn, "cluster_type": "PROVISIONED"},
            "KafkaSchemaFormType": {"kafka_topic": placed.topic},
        }
        return {
            "id": identifier,
            "typeIdentifier": "MskTopicAssetType",
            "owningProjectId": owner_project(placed),
            "formsOutput": [{"formName": name, "content": json.dumps(form)} for name, form in forms.items()],
        }

    def _grant(self, placed: Placed) -> dict[str, Any]:
        return {
            "id": placed.name,
            "environmentId": placed.environment,
            "subscriptionTargetId": f"target-{placed.environment}",
            "subscriptionId": f"subscription{placed.number}",
            "grantedEntity": {"listing": {"id": f"listing{placed.number}", "revision": "1"}},
            "assets": [{"assetId": f"asset{placed.number}", "status": "GRANTED"}],
            "updatedAt": self._began,
        }


class _Pages:
    """What a paginator gives."""

    def __init__(self, client: StandingDataZone, operation: str, items: Callable[..., list[Any]]) -> None:
        self._client, self._operation, self._items = client, operation, items

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        """Pages of fifty, the first one also of an empty list."""
        items = self._items(**given)
        for begin in range(0, max(1, len(items)), PAGE):
            self._client.called(self._operation)
            more = begin + PAGE < len(items)
            yield {"items": items[begin : begin + PAGE], **({"nextToken": "more"} if more else {})}


def owner_project(placed: Placed) -> str:
    """The project that owns a topic's asset."""
    return f"o{placed.owner[-6:]}"


def settle(landscape: Landscape, grants: StandingGrants, members: Mapping[str, Member], now: float) -> None:
    """Let every grant stand in the ledgers, and in the documents what the ledgers say.

    Args:
        landscape: of the domain.
        grants: the grant ledger.
        members: the accounts.
        now: when they were granted.
    """
    for number in range(landscape.grants):
        placed = landscape.grant(number)
        order = replace(placed.command().decided(()), owner_project=owner_project(placed))
        plain = replace(order, account=None, side="both")
        audit = {"subscriptionId": f"subscription{number}"}
        grants.keep(GrantRecord(order.grant_id, order.asset_id, 1, "GRANT", "GRANTED", plain, audit, updated_at=now))
        for contribution in owner_contributions(NAMES, order):
            _keep(members[placed.owner], order, contribution, now)
        consumer = members[placed.consumer]
        consumer.iam.add(placed.role_arn, boundary=consumer.settings.boundary)
        _keep(consumer, order, PolicyContribution(f"{ROLE}#{placed.role_arn}", permissions(order)), now)
        _tell(consumer, replace(order, side="consumer", account=placed.consumer), now)
    for member in members.values():
        _write(member)


def _keep(member: Member, order: GrantCommand, contribution: PolicyContribution, now: float) -> None:
    document = member.ledger.documents.setdefault(contribution.document_id, MemoryDocument())
    document.records[order.key] = ContributionRecord.of(order.key, 1, True, contribution, now)


def _tell(member: Member, order: GrantCommand, now: float) -> None:
    content = connection_content(NAMES, order, PLATFORMS[order.platform].connection(order))
    contribution = connection_contribution(NAMES, order, content)
    _keep(member, order, contribution, now)
    member.parameters.values[contribution.document_id.split("#", 1)[1]] = content


def _write(member: Member) -> None:
    """The documents of an account as the compiler makes them of its ledger."""
    for name, document in member.ledger.documents.items():
        kind, _, arn = name.partition("#")
        count, slots = len(document.records), {key: Slot(0, 1) for key in document.records}
        document.lease_record = LeaseRecord(count, count, "", 0.0, slots)
        given = [item for record in document.records.values() for item in record.permissions]
        if kind == ROLE:
            written = {"Version": VERSION, "Statement": identity_statements(NAMES.sid_prefix, given)}
            member.iam.inlines[arn.rsplit("/", 1)[1], NAMES.access_policy_prefix] = written
        elif kind == "cluster":
            written = {"Version": VERSION, "Statement": resource_statements(NAMES.sid_prefix, given)}
            member.policies.documents[arn] = (written, "v1")
