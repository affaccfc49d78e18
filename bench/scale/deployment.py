"""A deployment in memory whose functions and machines are the product's: gateways are metered, time is virtual."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.accounts import Told
from bench.scale import calls as gateways
from bench.scale.calls import Calls
from bench.scale.functions import Context, Functions
from bench.scale.landscape import DOMAIN_ACCOUNT, DOMAIN_ID, NAMES, Landscape, Placed, standing
from bench.scale.machines import Machines, chance_of
from bench.scale.rates import FAIR, RATES, Buckets, Forecast, Rate
from bench.scale.virtual import VirtualTime, virtual_pools
from streamgov_core.deploy.central_machine import central_definition
from streamgov_core.deploy.member_machine import member_definition
from streamgov_core.domain.announcement import OutcomeAnnouncer
from streamgov_core.domain.collect import Collect
from streamgov_core.domain.report import Report
from streamgov_core.domain.settings import CollectSettings
from streamgov_core.member.account_gateway import ROLE
from streamgov_core.member.apply import Apply
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.member.document_ledger import LeaseRecord
from streamgov_core.member.drift import MemberReconcile
from streamgov_core.model.asset_record import NO_REGISTRY
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.connection_details import connection_permissions
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.document_record import ContributionRecord, Slot
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.owner_side import owner_contributions
from streamgov_core.runtime.metrics import FunctionMetrics
from tests.unit.grants.fakes import (
    MemoryAccountGateway,
    MemoryDocument,
    MemoryDocumentLedger,
    MemoryDomain,
    MemoryGrants,
    MemoryIam,
    MemoryPolicies,
    grant_event,
)

DOMAIN_ATTEMPTS, MEMBER_ATTEMPTS = 8, 5
"""Attempts of the SDK, as the functions configure their clients."""
EVENT_SECONDS = 0.5
"""Seconds from an event to the start of an execution ("typically half a second", EventBridge FAQs)."""
BOUNDARY = f"arn:aws:iam::{{account}}:policy{NAMES.iam_path}{NAMES.iam_name('consumer-boundary', 128)}"


class IndexedGrants(MemoryGrants):
    """The grant ledger, found by grant."""

    def of_grant(self, grant_id: str) -> dict[str, Any]:
        key = (grant_id, grant_id.replace("grant", "asset", 1))
        return {key[1]: self.records[key]} if key in self.records else {}


@dataclass
class Member:
    """A member account in memory."""

    iam: MemoryIam
    policies: MemoryPolicies
    parameters: Any
    gateway: MemoryAccountGateway
    ledger: MemoryDocumentLedger
    settings: ApplySettings
    metered: tuple[Any, Any]
    """The account and its ledger as the function sees them: every call takes its time."""

    @classmethod
    def of(cls, account: str, calls: Calls) -> Member:
        """An account with nothing in it."""
        boundary = BOUNDARY.format(account=account)
        settings = ApplySettings(
            NAMES,
            DOMAIN_ID,
            account,
            consumer_roles=(f"arn:aws:iam::{account}:role/streaming/*",),
            boundary=boundary,
            claimable={NO_REGISTRY: ("arn:aws:kafka:*:*:topic/*/*/*",)},
        )

        def metered(gateway: Any, operations: gateways.Operations) -> Any:
            return calls.metered(gateway, operations, account, MEMBER_ATTEMPTS)

        iam, ledger = MemoryIam(account), MemoryDocumentLedger()
        policies = MemoryPolicies()
        gateway = MemoryAccountGateway(metered(policies, gateways.CLUSTERS), metered(iam, gateways.IAM), boundary)
        parameters = gateway.parameter_store
        gateway.parameter_store = metered(parameters, gateways.PARAMETERS)
        seen = (metered(gateway, gateways.ACCOUNT), metered(ledger, gateways.LEDGER))
        return cls(iam, policies, parameters, gateway, ledger, settings, seen)

    def stand(self, contributions: Iterable[tuple[GrantCommand, PolicyContribution]], now: float) -> None:
        """Contributions that were there before, all in one document, as the last holder of its lease left them."""
        for order, contribution in contributions:
            document = self.ledger.documents.setdefault(contribution.document_id, MemoryDocument())
            record = ContributionRecord.of(order.key, 1, True, contribution, now)
            document.records[order.key] = record
            count = len(document.records)
            slots = {key: Slot(0, 1) for key in document.records}
            document.lease_record = LeaseRecord(count, count, "", 0.0, slots)


class Deployment:
    """Everything that runs.

    Args:
        landscape: of the domain.
        forecast: how calls fare.
        seed: of chance.
        rates: what the services let through.
        reserved: short name of a function -> its reserved concurrency in an account.
    """

    def __init__(
        self,
        landscape: Landscape,
        forecast: Forecast = lambda moment: FAIR,
        seed: int = 1,
        rates: Mapping[str, Rate] = RATES,
        reserved: Mapping[str, int] | None = None,
    ) -> None:
        self.landscape = landscape
        self.time = VirtualTime()
        self.chance = random.Random(seed)
        self.calls = Calls(self.time, Buckets(self.time.now, rates), forecast, self.chance)
        self.members = {account: Member.of(account, self.calls) for account in landscape.members()}
        self.domain, self.grants = MemoryDomain(), IndexedGrants()
        self.domain.users = {name: {"details": {"sso": {"username": name}}} for name in ("asking", "approving")}
        handlers = {"collect": self._collect, "apply": self._apply, "report": self._report}
        self.functions = Functions(self.time, handlers, reserved or {})
        self.machines = Machines(self.time, self.calls, _definition, self.functions.invoke)
        settings = CollectSettings(NAMES, DOMAIN_ID, landscape.members(), ("MskTopicAssetType",))

        def metered(gateway: Any, operations: gateways.Operations) -> Any:
            return self.calls.metered(gateway, operations, DOMAIN_ACCOUNT, DOMAIN_ATTEMPTS)

        seen = (metered(self.domain, gateways.DOMAIN), metered(self.grants, gateways.GRANTS))
        parts = (settings, *seen, self.machines.inputs.__getitem__, self.time.now)
        metrics = FunctionMetrics(NAMES.namespace, "report", lambda line: None)
        self._collector = Collect(*parts)
        told = metered(Told(), gateways.TOLD)
        announcer = OutcomeAnnouncer(NAMES, lambda: told, lambda: told)
        self._reporter = Report(*parts, metrics=metrics, announcer=announcer)
        self._ids = map(str, itertools.count(1))
        self._full: set[str] = set()

    def run(self) -> None:
        """Run until nothing is due any more."""
        with virtual_pools(self.time), chance_of(self.chance):
            self.time.run()

    def ask(self, placed: Placed) -> None:
        """A grant as DataZone makes it when a request is approved, and what stood before beside it."""
        order, domain = placed.command(), self.domain
        number, environment = placed.number, placed.environment
        domain.grants[placed.name] = {
            "id": placed.name,
            "domainId": DOMAIN_ID,
            "createdBy": "SYSTEM",
            "environmentId": environment,
            "subscriptionTargetId": f"target-{environment}",
            "subscriptionId": f"subscription{number}",
            "grantedEntity": {"listing": {"id": f"listing{number}", "revision": "1"}},
            "assets": [{"assetId": order.asset_id, "assetRevision": "1", "status": "GRANT_PENDING"}],
        }
        forms = {
            "MskSourceReferenceFormType": {"cluster_arn": placed.cluster_arn, "cluster_type": "PROVISIONED"},
            "KafkaSchemaFormType": {"kafka_topic": placed.topic},
        }
        listing = {"assetId": order.asset_id, "assetType": "MskTopicAssetType", "forms": json.dumps(forms)}
        domain.listings[f"listing{number}"] = {
            "id": f"listing{number}",
            "item": {"assetListing": {**listing, "owningProjectId": f"o{placed.owner[-6:]}"}},
        }
        domain.environments[environment] = {
            "id": environment,
            "projectId": placed.project,
            "awsAccountId": placed.consumer,
            "awsAccountRegion": NAMES.region,
        }
        domain.targets[f"target-{environment}"] = {
            "id": f"target-{environment}",
            "authorizedPrincipals": [placed.role_arn],
        }
        domain.subscriptions[f"subscription{number}"] = {"subscriptionRequestId": f"request{number}"}
        domain.requests[f"request{number}"] = {
            "id": f"request{number}",
            "createdBy": "asking",
            "reviewerId": "approving",
            "requestReason": "for the report",
            "metadataForms": [],
        }
        self.members[placed.owner].gateway.recorded(order)
        consumer = self.members[placed.consumer]
        consumer.iam.add(placed.role_arn, boundary=consumer.settings.boundary)
        self._stand(placed)

    def request(self, placed: Placed, kind: str = "Grant") -> str:
        """One request from DataZone's event to the end of its execution, settled if that fails: its status.

        Args:
            placed: the grant.
            kind: ``Grant``, or ``Revoke``.
        """
        self.time.sleep(EVENT_SECONDS)
        asset = self.domain.grants[placed.name]["assets"][0]
        if kind == "Revoke":
            asset["status"] = "REVOKE_PENDING"
        words = "Subscription Grant Requested" if kind == "Grant" else "Subscription Grant Revoke Requested"
        given: dict[str, Any] = grant_event(placed.name, words, DOMAIN_ID)
        ended = ""
        while ended != "SUCCEEDED":
            before = len(self.machines.inputs)
            ended = self.machines.execute(DOMAIN_ACCOUNT, "central", given)
            if ended in ("NotCollected", "SUCCEEDED"):
                break
            execution = list(self.machines.inputs)[before]
            given = {"version": 1, "action": "settle", "executionArn": execution, "status": "FAILED"}
            self.time.sleep(EVENT_SECONDS)
        return str(asset["status"])

    def _stand(self, placed: Placed) -> None:
        """Fill the documents that this grant touches, each once."""
        document = f"{ROLE}#{placed.role_arn}"
        if {document, placed.cluster_arn} <= self._full:
            return
        orders = [other.command() for other in standing(self.landscape, placed, 10**7)]
        on_role, on_cluster = orders[: self.landscape.on_role()], orders[: self.landscape.on_cluster()]
        if document not in self._full:
            self._full.add(document)
            told = [(order, PolicyContribution(document, permissions(order))) for order in on_role]
            self.members[placed.consumer].stand(told, self.time.now())
        if placed.cluster_arn not in self._full:
            self._full.add(placed.cluster_arn)
            shared = [(order, item) for order in on_cluster for item in owner_contributions(NAMES, order.decided(()))]
            self.members[placed.owner].stand(shared, self.time.now())

    def _collect(self, account: str, payload: Any, context: Context) -> Any:
        return self._collector.run(payload)

    def _report(self, account: str, payload: Any, context: Context) -> Any:
        return self._reporter.run(payload)

    def _apply(self, account: str, payload: Any, context: Context) -> Any:
        member = self.members[account]
        task = MemberReconcile if payload.get("action") == "reconcile" else Apply
        function = task(
            member.settings,
            *member.metered,
            now=self.time.now,
            sleep=self.time.sleep,
            new_id=lambda: next(self._ids),
            metrics=FunctionMetrics(NAMES.namespace, "apply", lambda line: None),
        )
        return function.run(payload, context)


def permissions(order: GrantCommand) -> tuple[Any, ...]:
    """What a grant gives its role."""
    platform = PLATFORMS[order.platform]
    decided = order.decided(())
    return (
        *platform.consumer_permissions(NAMES, decided),
        *connection_permissions(NAMES, decided, decided.consumer.account),
    )


@cache
def _definition(account: str, name: str) -> Mapping[str, Any]:
    return (
        central_definition(NAMES, account) if name == "central" else member_definition(NAMES, account, DOMAIN_ACCOUNT)
    )
