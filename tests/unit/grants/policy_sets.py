"""Five member accounts with clusters, streams, keys and registries, whose functions are killed on demand."""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from streamgov_core.documents.compiler import statements_of
from streamgov_core.member.delivery import PrincipalPolicies
from streamgov_core.model.asset_record import AssetRecord as SourceRecord
from streamgov_core.model.errors import RetryableGrantError
from streamgov_core.platforms.kinesis.key_grants import KeyGrant
from tests.unit.grants.fakes import CONSUMER, DOMAIN, NAMES, MemoryIam
from tests.unit.grants.questions import (
    ASSETS,
    ASSUMING,
    BOTH,
    ENVIRONMENTS,
    KEYS,
    OTHERS,
    OWN_POLICY,
    ROLES,
    STREAMS,
    UNBOUNDED,
    Asset,
    Given,
    account_of,
    alone,
    asked_actions,
    boundary_of,
    default_key_policy,
    judged,
    place_of,
    probes,
)
from tests.unit.grants.reconcile_accounts import CENTRAL, HOUR, MemoryDeployment

# --- the deployment ---------------------------------------------------------------------------------------------------
PATIENCE = 100.0
"""Seconds until a retry: longer than a lease lasts."""

UNNAMED = {"glue:GetSchemaVersion", "kafka:GetBootstrapBrokers"}
"""Permitted on every resource: all documents together, which are asked as well, still deny what others own."""


class Killed(BaseException):
    """A function's process ends; nothing of it runs any more, its clean-up neither."""


class FaultInjector:
    """Kills the process at the n-th call from now on: that call and every later one of the process does not happen."""

    def __init__(self) -> None:
        self.calls_left: int | None = None
        self.dead = False
        self._lock = threading.Lock()

    def call(self, *arguments: Any) -> None:
        with self._lock:
            if self.calls_left is not None:
                self.calls_left -= 1
                if self.calls_left < 0:
                    self.calls_left, self.dead = None, True
            if self.dead:
                raise Killed

    def install(self, gateway: Any, operations: tuple[str, ...]) -> None:
        for operation in operations:
            gateway.hooks[operation] = self.call


LEDGER = (
    "acquire",
    "count_change",
    "lease_record",
    "store",
    "find",
    "load",
    "commit",
    "checkpoint",
    "release",
    "abandon",
    "reject",
)
IAM = (
    *("role", "inline", "other_inline_size", "put_inline", "delete_inline", "attached", "managed", "put_managed"),
    *("delete_managed", "attach", "detach", "create_role", "put_trust", "delete_role"),
)


class FaultyDeployment(MemoryDeployment):
    """The deployment over fakes, its functions killed on demand and tried again as the machines do."""

    def __init__(self) -> None:
        super().__init__(
            STREAMS,
            OTHERS,
            BOTH,
            boundary=lambda account: NAMES.policy_arn(account, "consumer-boundary"),
            principal_accounts={CONSUMER: (BOTH,)},
            grace=900.0,
        )
        self.faults = FaultInjector()
        self.patience = PATIENCE
        self.sent: list[Mapping[str, Any]] = []
        self.count = 0
        for account in self.accounts.values():
            self.faults.install(account.ledger, LEDGER)
            gateway = account.gateway
            for policies in (gateway.policies, gateway.streams):
                self.faults.install(policies, ("get", "put", "delete"))
            self.faults.install(gateway.iam, IAM)
            self.faults.install(gateway.consumers, ("find", "register", "deregister"))
            self.faults.install(gateway.keys, ("list", "create", "revoke"))
        self.faults.install(self.grants, ("of_grant", "begin", "finish", "keep_names"))
        self.faults.install(self.domain, ("get", "update_status"))
        self.inventory.projects = lambda: sorted({item.project for item in ENVIRONMENTS})  # type: ignore[method-assign]
        for role in ROLES:
            boundary = NAMES.policy_arn(account_of(role), "consumer-boundary")
            gateway = self.accounts[account_of(role)].gateway
            if role in ASSUMING:
                name = role.rsplit("/", 1)[1]
                gateway.iam.add(role, "arn:aws:iam::aws:policy/studio", role_id=f"AROA{name}")
                gateway.principals[name] = PrincipalPolicies(gateway.iam.roles[name], [("own", OWN_POLICY)], OWN_POLICY)
            else:
                gateway.iam.add(role, "" if role == UNBOUNDED else boundary)
        for asset in ASSETS:
            schema = asset.schema if asset.registered else None
            record = SourceRecord(asset.asset_id, asset.arn, schema, asset.name, "h")
            self.accounts[asset.account].gateway.records[asset.name] = record
            self.domain.listings[asset.asset_id] = self._listing(asset)
        for environment in ENVIRONMENTS:
            self.domain.environments[environment.prefix] = {
                "id": environment.prefix,
                "projectId": environment.project,
                "awsAccountId": environment.account,
                "awsAccountRegion": "us-east-1",
            }

    def _listing(self, asset: Asset) -> dict[str, Any]:
        listing = {
            "assetId": asset.asset_id,
            "assetType": "MskTopicAssetType" if asset.cluster else "KinesisStreamAssetType",
            "forms": json.dumps(asset.forms()),
            "owningProjectId": f"owner-{asset.account}",
        }
        return {"id": asset.asset_id, "item": {"assetListing": listing}}

    # --- what people do -----------------------------------------------------------------------------------------------
    def request_grant(self, given: Given) -> str:
        """A grant as DataZone makes it; nobody has heard of it yet."""
        self.count += 1
        grant = f"grant{self.count:03d}"
        self.domain.grants[grant] = {
            "id": grant,
            "domainId": DOMAIN,
            "createdBy": "SYSTEM",
            "environmentId": given.environment.prefix,
            "subscriptionTargetId": grant,
            "subscriptionId": grant,
            "grantedEntity": {"listing": {"id": given.asset.asset_id, "revision": "1"}},
            "assets": [{"assetId": given.asset.asset_id, "assetRevision": "1", "status": "GRANT_PENDING"}],
            "updatedAt": self.clock.now(),
        }
        self.domain.targets[grant] = {"id": grant, "authorizedPrincipals": list(given.roles)}
        self.domain.subscriptions[grant] = {"id": grant, "subscriptionRequestId": grant}
        form = {"access": given.access, "consumption": given.consumption, "until": given.until}
        asked = {"typeName": "StreamAccessRequestFormType", "content": json.dumps(form)}
        self.domain.requests[grant] = {"id": grant, "createdBy": "user", "metadataForms": [asked]}
        return grant

    def request_revoke(self, grant: str) -> None:
        """A revoke as DataZone asks for it; nobody has heard of it yet."""
        self.domain.grants[grant]["assets"][0]["status"] = "REVOKE_PENDING"
        self.domain.grants[grant]["updatedAt"] = self.clock.now()

    def run(self, workflow_input: Mapping[str, Any], *, until: str = "end", ends: str = "TIMED_OUT") -> str:
        """One execution of the central machine; its ARN."""
        self.count += 1
        name = f"execution{self.count:03d}"
        self.execute(workflow_input, name, until=until, ends=ends)
        return CENTRAL + name

    def reconcile_and_drain(self) -> list[str]:
        """The reconciler, and what it starts; the grants that it asked DataZone to end."""
        self.clock.value += HOUR
        self.count += 1
        ended = len(self.inventory.ended)
        self.reconcile(f"reconcile{self.count:03d}")
        self.drain()
        return self.inventory.ended[ended:]

    # --- processes ----------------------------------------------------------------------------------------------------
    def attempt(self, call: Callable[[], Any]) -> Any:
        """What the machines' retries do: a process that died, or could not go on, is tried again later."""
        for _ in range(7):
            try:
                answer = call()
            except (Killed, RetryableGrantError):
                pass
            else:
                if not self.faults.dead:
                    return answer
            self.faults.dead = False
            self.clock.sleep(self.patience)
        raise AssertionError("retries did not help")

    def step(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """A member machine's answer, its retries included."""
        account = self.accounts[command["account"]]
        event = json.loads(json.dumps(command))
        if event["action"] == "reconcile":
            return dict(self.attempt(lambda: account.reconcile.run(event)))
        return dict(self.attempt(lambda: account.applied(event)))

    def planned(self, commands: Sequence[Mapping[str, Any]]) -> None:
        """Every command may come again later, those that were never sent as well: a machine may be slow."""
        self.sent += commands

    def replay(self, number: int) -> None:
        """A command comes once more, however late."""
        if self.sent:
            self.step(self.sent[number % len(self.sent)])

    # --- what can be seen ---------------------------------------------------------------------------------------------
    def consumers(self) -> dict[str, str]:
        """ARN and name of each fan-out consumer."""
        found = [arn for account in self.accounts.values() for arn, _ in account.gateway.consumers.found.values()]
        return {arn: arn.split("/consumer/")[1].split(":")[0] for arn in found}

    def documents(self) -> Iterator[tuple[str, str, str]]:
        """(kind, whose, text) of every document of ours."""
        for account in self.accounts.values():
            gateway = account.gateway
            for policies in (gateway.policies, gateway.streams):
                yield from (("resource", arn, json.dumps(item[0])) for arn, item in policies.documents.items())
            for name, role in gateway.iam.roles.items():
                yield from (("identity", role.arn, text) for text in _policies_of(gateway.iam, name))
                if "/readers/" in role.arn or "/access/" in role.arn:
                    yield "trust", role.arn, json.dumps(role.trust)
            yield from (
                ("grant", key, _grant_text(grant))
                for key in KEYS
                for _, grant in gateway.keys.of(key)
                if account_of(key) == account.settings.account
            )

    def disagreements(self, given: list[Given]) -> Iterator[str]:
        """Where the documents, together or one alone, say otherwise than the grants."""
        identity: dict[str, list[str]] = {}
        side: dict[str, list[str]] = {}
        for kind, whose, text in self.documents():
            (identity if kind == "identity" else side).setdefault(whose, []).append(text)
        for probe in probes(given, self.consumers()):
            own = tuple(identity.get(probe.principal, ()))
            place = place_of(probe.resource)
            on_resource = tuple(side.get(place, ()))
            key = place in KEYS
            every = (*on_resource, default_key_policy(place)) if key else on_resource
            boundary = boundary_of(probe.principal)
            everything = (*own, json.dumps(OWN_POLICY)) if probe.principal in ASSUMING else own
            if judged(probe, everything, boundary, every, key) != probe.allowed:
                yield f"{'lacks' if probe.allowed else 'allows'}: {probe}"
            for text in own:
                if not probe.allowed and probe.action not in UNNAMED and alone(probe, text, False):
                    yield f"a policy of the role alone allows: {probe}"
            for text in on_resource:
                if not probe.resource_alone and alone(probe, text, True):
                    yield f"the document of {place} alone allows: {probe}"
        for _, whose, text in self.documents():
            for statement in statements_of(json.loads(text)):
                actions = statement["Action"]
                named = {actions} if isinstance(actions, str) else {*actions}
                unknown = {action for action in named if not fnmatch.filter(asked_actions(), action)}
                if unknown:
                    yield f"nobody asks about {sorted(unknown)} in {whose}"


def _policies_of(iam: MemoryIam, name: str) -> list[str]:
    texts = [json.dumps(text) for (role, _), text in iam.inlines.items() if role == name]
    return texts + [
        json.dumps(iam.policies[arn]) for arn in sorted(iam.attachments.get(name, ())) if arn in iam.policies
    ]


def _grant_text(grant: KeyGrant) -> str:
    """A grant on a key as a policy ("Using grant constraints" of the KMS developer guide)."""
    context = {f"kms:EncryptionContext:{name}": value for name, value in grant.context}
    statement = {**grant.statement("*"), "Condition": {"StringEquals": context} if context else {}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
