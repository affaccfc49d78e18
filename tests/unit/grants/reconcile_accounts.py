"""A deployment over fakes: the central machine walked by hand, two member accounts, and what others do to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamgov_core.deploy.member_machine import MAX_WAITS, WAIT_BELOW, WAIT_FROM
from streamgov_core.domain.collect import Collect
from streamgov_core.domain.function_events import CollectEvent
from streamgov_core.domain.grant_ledger import GrantRecord, LedgerPage
from streamgov_core.domain.reconcile.inventory import ListedGrant
from streamgov_core.domain.reconcile.run import Reconcile
from streamgov_core.domain.report import Report
from streamgov_core.domain.settings import CollectSettings, ReconcileSettings
from streamgov_core.member.apply import Apply
from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.member.drift import MemberReconcile
from streamgov_core.model.command import WAITING, GrantCommand
from streamgov_core.model.errors import PermanentGrantError, RetryableGrantError
from streamgov_core.model.findings import RECONCILER
from streamgov_core.platforms.msk.arns import topic_arn
from streamgov_core.runtime.metrics import FunctionMetrics
from tests.unit.grants.fakes import (
    CLAIMABLE,
    CLUSTER,
    CONSUMER,
    DOMAIN,
    NAMES,
    OWNER,
    PROJECT,
    ROLE,
    Clock,
    Ids,
    MemoryAccountGateway,
    MemoryDocumentLedger,
    MemoryDomain,
    MemoryGrants,
    MemoryIam,
    MemoryPolicies,
)
from tests.unit.grants.oracle import allowed
from tests.unit.runtime.run_stores import MemoryRunStore

CENTRAL = "arn:aws:states:us-east-1:111111111111:execution:streamgov-central:"
ROLES = (f"arn:aws:iam::{CONSUMER}:role/streaming/*",)
HOUR = 3600.0


class Grants(MemoryGrants):
    """The grant ledger, readable as a whole."""

    page_size = 1000
    page_reads = 0
    broken: tuple[str, ...] = ()

    def pages(self, after: str = "") -> Iterator[LedgerPage]:
        records = list(self.records.values())
        begin = int(after or 0)
        while True:
            self.page_reads += 1
            end = begin + self.page_size
            last = end >= len(records)
            yield LedgerPage(tuple(records[begin:end]), "" if last else str(end), self.broken if last else ())
            if last:
                return
            begin = end


class MemoryInventory:
    """Inventory over the in-memory domain."""

    def __init__(self, domain: MemoryDomain, clock: Clock) -> None:
        self.domain = domain
        self.clock = clock
        self.retained: set[str] = set()
        self.hidden: set[str] = set()
        self.denied: set[str] = set()
        self.refuses_to_end = False
        self.ended: list[str] = []

    def projects(self) -> list[str]:
        return [PROJECT]

    def grants_of(self, project_id: str) -> list[ListedGrant]:
        if project_id in self.denied:
            raise PermanentGrantError(f"ListSubscriptionGrants on {project_id} is not allowed")
        return [ListedGrant.of(grant) for key, grant in self.domain.grants.items() if key not in self.hidden]

    def retained_of(self, project_id: str) -> set[str]:
        return self.retained

    def end(self, grant_id: str) -> bool:
        if self.refuses_to_end:
            return False
        self.ended.append(grant_id)
        for asset in self.domain.grants[grant_id]["assets"]:
            asset["status"] = "REVOKE_PENDING"
        self.domain.grants[grant_id]["updatedAt"] = self.clock.now()
        return True


class MemoryExecutions:
    """Executions that are only remembered; ``MemoryDeployment.drain`` runs them."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, dict[str, Any]]] = {}
        self.waiting: list[str] = []

    def state(self, arn: str) -> tuple[str, Mapping[str, Any]] | None:
        return self.known.get(arn)

    def start(self, name: str, workflow_input: Mapping[str, Any]) -> bool:
        if CENTRAL + name in self.known:
            return False
        self.known[CENTRAL + name] = ("RUNNING", dict(workflow_input))
        self.waiting.append(CENTRAL + name)
        return True


class MemoryPublisher:
    """Publisher that remembers."""

    def __init__(self) -> None:
        self.entries: list[Mapping[str, Any]] = []
        self.error: Exception | None = None

    def put(self, entries: Sequence[Mapping[str, Any]]) -> None:
        if self.error is not None:
            raise self.error
        self.entries.extend(entries)

    def kinds(self) -> list[str]:
        return [json.loads(entry["Detail"])["kind"] for entry in self.entries]


class MemberAccount:
    """A member account's function."""

    def __init__(self, account: str, clock: Clock, boundary: str = "") -> None:
        self.gateway = MemoryAccountGateway(MemoryPolicies(), MemoryIam(account), boundary)
        self.ledger = MemoryDocumentLedger()
        roles = (*ROLES, f"arn:aws:iam::{account}:role/streaming/*")
        self.settings = ApplySettings(
            NAMES, DOMAIN, account, consumer_roles=roles, boundary=boundary, claimable=CLAIMABLE
        )
        parts = (self.settings, self.gateway, self.ledger)
        times: dict[str, Any] = {"now": clock.now, "sleep": clock.sleep, "new_id": Ids(account).next}
        self.apply = Apply(*parts, **times)
        self.reconcile = MemberReconcile(*parts, **times)
        self.down = False
        self.answers_only = ""
        """The one side that an account which is down still answers."""
        self._sleep = clock.sleep

    def applied(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the function answers in the end: while it says that it waits, the machine waits and asks again."""
        for _ in range(MAX_WAITS + 1):
            answer = self.apply.run(event)
            if answer["status"] != WAITING:
                return answer
            self._sleep((WAIT_FROM + WAIT_BELOW) / 2)
        return {"Error": "MemberFailed", "Cause": json.dumps({"Error": "WaitingGrantError", "Cause": answer["cause"]})}

    def run(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """As the member machine answers, a failure included."""
        event = json.loads(json.dumps(command))
        if self.down and event.get("side") != self.answers_only:
            return {"Error": "States.Timeout"}
        if event["action"] == "reconcile":
            return self.reconcile.run(event)
        try:
            return self.applied(event)
        except RetryableGrantError as error:
            return {"Error": "MemberFailed", "Cause": json.dumps({"errorMessage": str(error)})}


class MemoryDeployment:
    """The deployment: an owner's and a consumer's account, and further ones that are named."""

    def __init__(
        self,
        *further: str,
        boundary: Callable[[str], str] = lambda account: "",
        principal_accounts: Mapping[str, tuple[str, ...]] | None = None,
        **settings: Any,
    ) -> None:
        self.clock = Clock()
        self.domain = MemoryDomain()
        self.grants = Grants()
        self.executions = MemoryExecutions()
        self.inventory = MemoryInventory(self.domain, self.clock)
        self.told = MemoryPublisher()
        self.runs = MemoryRunStore()
        self.lines: list[dict[str, Any]] = []
        self.progress: list[dict[str, Any]] = []
        members = (OWNER, CONSUMER, *further)
        self.accounts = {account: MemberAccount(account, self.clock, boundary(account)) for account in members}
        self.owner, self.consumer = self.accounts[OWNER], self.accounts[CONSUMER]
        self.consumer.gateway.iam.add(ROLE)
        types = ("MskTopicAssetType", "KinesisStreamAssetType")
        collect = CollectSettings(NAMES, DOMAIN, members, types, principal_accounts or {})
        parts = (collect, self.domain, self.grants, lambda arn: self.executions.known[arn][1], self.clock.now)
        self.collector, self.reporter = Collect(*parts), Report(*parts)
        self.reconciler = Reconcile(
            ReconcileSettings(NAMES, DOMAIN, members, types, "111111111111", **settings),
            self.domain,
            self.inventory,
            self.grants,
            self.executions,
            self.told,
            self.runs,
            metrics=FunctionMetrics(NAMES.namespace, RECONCILER, self.hear),
            now=self.clock.now,
        )
        self.between: dict[str, Callable[[], None]] = {}
        self.results: list[dict[str, Any]] = []

    # --- what happened before -----------------------------------------------------------------------------------------
    def ask(self, grant: str = "grant1", topic: str = "orders", until: str | None = None, role: str = ROLE) -> None:
        """A grant as DataZone makes it; its event is somebody else's business."""
        forms = {
            "MskSourceReferenceFormType": {"cluster_arn": CLUSTER, "cluster_type": "PROVISIONED"},
            "KafkaSchemaFormType": {"kafka_topic": topic},
        }
        asked = [{"typeName": "StreamAccessRequestFormType", "content": json.dumps({"until": until})}] if until else []
        before = dict(self.domain.listings)
        self.domain.add_grant(
            grant_id=grant,
            assets={f"{topic}-asset": "GRANT_PENDING"},
            forms=forms,
            metadata_forms=asked,
            principals=(role,),
        )
        listing = self.domain.listings["listing1"]
        listing["item"]["assetListing"]["assetId"] = f"{topic}-asset"
        self.domain.listings = {**before, f"listing-{topic}": listing}
        made = self.domain.grants[grant]
        made["grantedEntity"] = {"listing": {"id": f"listing-{topic}", "revision": "1"}}
        made["updatedAt"] = self.clock.now()
        self.record_source(topic)

    def record_source(self, topic: str) -> None:
        """The producer's data source recorded the topic."""
        from streamgov_core.model.asset_record import AssetRecord as SourceRecord

        arn = topic_arn(CLUSTER, topic)
        self.owner.gateway.records[topic] = SourceRecord(f"{topic}-asset", arn, None, topic, "h")

    def granted(self, grant: str = "grant1", topic: str = "orders", until: str | None = None, role: str = ROLE) -> None:
        """A grant that is asked for and carried out."""
        self.ask(grant, topic, until, role)
        self.execute({"version": 1, "action": "redrive", "grantId": grant, "requestType": "GRANT"}, f"first-{grant}")
        assert self.status(grant) == "GRANTED", self.grants.records

    # --- the central machine ------------------------------------------------------------------------------------------
    def execute(
        self, workflow_input: Mapping[str, Any], name: str, *, until: str = "end", ends: str = "TIMED_OUT"
    ) -> None:
        """Carry one execution out.

        ``until`` lets it die after ``collect``, ``first`` or ``second``, or when of the sides of the first stage only
        the owner's (``owner``) or only the others' (``others``) are carried out.
        """
        arn = CENTRAL + name
        self.executions.known[arn] = ("RUNNING", dict(workflow_input))
        event: CollectEvent = {"event": dict(workflow_input), "execution": arn, "startedAt": ""}
        plan = self.attempt(lambda: self.collector.run(event))
        for item in json.loads(json.dumps(plan))["items"]:
            if until != "collect":
                self.carry_out(item, until)
        self.executions.known[arn] = ("SUCCEEDED" if until == "end" else ends, dict(workflow_input))

    def carry_out(self, item: dict[str, Any], until: str = "end") -> None:
        """One asset of a plan, as the central machine's states do it."""
        asked = self.stage(item["do"]["prepare"])
        refused = [result["outcome"] for result in asked if result["outcome"].get("status") != "APPLIED"]
        item["told"] = {"prepared": asked, "failed": refused}
        if refused:
            item["failure"] = {"Error": "StepFailed", "Cause": json.dumps(refused[0])}
            self.attempt(lambda: self.reporter.run({"kind": "outcome", "item": item}))
            return
        told = {"prepared": asked}
        self.planned([{**step["command"], **told} for stage in ("first", "second") for step in item["do"][stage]])
        for stage in ("first", "second"):
            steps = [{**step, "command": {**step["command"], **told}} for step in item["do"][stage]]
            if until in ("owner", "others"):
                self.stage([step for step in steps if (step["command"]["side"] == "consumer") is (until == "others")])
                return
            done = self.stage(steps, item["firstDone"]["answers"] if stage == "second" else None)
            failed = [
                result["outcome"]
                for step, result in zip(steps, done, strict=True)
                if step["strict"] and result["outcome"].get("status") != "APPLIED"
            ]
            item[f"{stage}Done"] = {"answers": done, "failed": failed}
            if failed:
                item["failure"] = {"Error": "StepFailed", "Cause": json.dumps(failed[0])}
                for undo in ("first", "second"):
                    undoing = [{**step, "command": {**step["command"], **told}} for step in item["undo"][undo]]
                    item[f"undo{undo.title()}Done"] = self.stage(undoing)
                break
            if until == stage:
                return
        self.attempt(lambda: self.reporter.run({"kind": "outcome", "item": item}))

    def planned(self, commands: Sequence[Mapping[str, Any]]) -> None:
        """The commands that an execution is about to send."""

    def stage(self, steps: Sequence[Mapping[str, Any]], answers: Any = None) -> list[dict[str, Any]]:
        """One stage of member steps; the second one's commands carry the answers of the first."""
        told = {} if answers is None else {"answers": answers}
        return [
            {"side": step["command"].get("side"), "outcome": self.step({**step["command"], **told})} for step in steps
        ]

    def step(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """One member machine's answer."""
        return self.accounts[command["account"]].run(command)

    def attempt(self, call: Callable[[], Any]) -> Any:
        """One invocation of a function of the domain account."""
        return call()

    def drain(self) -> None:
        """Run what the reconciler has started."""
        while self.executions.waiting:
            arn = self.executions.waiting.pop(0)
            self.execute(self.executions.known[arn][1], arn.rsplit(":", 1)[1])

    def hear(self, line: str) -> None:
        """Metrics of findings, and apart from them those that say how far a run is."""
        told = json.loads(line)
        (self.progress if {"ShardsBegun", "ShardsDone", "RunsEnded"} & {*told} else self.lines).append(told)

    def reconcile(self, name: str = "r1", *, dry_run: bool = False, force: bool = False) -> dict[str, Any]:
        """One run through all of its states; ``between[state]`` runs before a state."""
        workflow_input = {"version": 1, "action": "reconcile", "dryRun": dry_run, "force": force}
        return self.reconcile_input(workflow_input, name)

    def reconcile_input(self, workflow_input: Mapping[str, Any], name: str = "r1") -> dict[str, Any]:
        """One run with an input; the summaries of its portions are in ``results``."""
        arn = CENTRAL + name
        run: dict[str, Any] = {"stage": "read"}
        self.executions.known[arn] = ("RUNNING", dict(workflow_input))
        while True:
            run = self.phase(phase="stage", input=workflow_input, execution=arn, run=run)
            if not run["stage"]:
                break
            for shard in run["shards"]:
                self.shard(workflow_input, arn, dict(shard))
        self.executions.known[arn] = ("SUCCEEDED", dict(workflow_input))
        return dict(run["result"])

    def shards_of(self, workflow_input: Mapping[str, Any], arn: str, stage: str) -> list[dict[str, Any]]:
        """The shards of a stage, nothing of the stages before it being done."""
        run: dict[str, Any] = {"stage": "read"}
        while run["stage"] != stage:
            run = self.phase(phase="stage", input=workflow_input, execution=arn, run=run)
        return list(run["shards"])

    def shard(self, workflow_input: Mapping[str, Any], arn: str, shard: dict[str, Any]) -> None:
        """One shard, in its portions."""
        cursor, waiting = "", list[Any]()
        while True:
            asked = {"input": workflow_input, "execution": arn, "shard": shard, "cursor": cursor, "waiting": waiting}
            plan = self.phase(phase="plan", **asked)
            self.happen("members")
            answers = self.stage(plan["members"])
            self.happen("conclude")
            concluded = self.phase(phase="conclude", plan=plan, answers=answers)
            self.happen("steps")
            first, second = self.stage(concluded["first"]), self.stage(concluded["second"])
            self.happen("report")
            reported = self.phase(phase="report", concluded=concluded, firstDone=first, secondDone=second)
            part = f"{shard['number']:05d}#{plan['portion']:05d}"
            ((summary,),) = [json.loads(self.runs.parts[(shard["run"], f"summary#{shard['stage']}")][part])]
            self.results.append({**summary, **summary["tally"], "stage": shard["stage"]})
            cursor, waiting = reported["next"], reported["waiting"]
            if not cursor:
                return

    def phase(self, **event: Any) -> dict[str, Any]:
        """One call of the reconcile function, its state sizes checked."""
        text = json.dumps(event)
        answer = json.dumps(self.attempt(lambda: self.reconciler.run(json.loads(text))))
        assert len(text) < 256_000 and len(answer) < 256_000, "a state holds 256 KiB"
        return dict(json.loads(answer))

    def happen(self, state: str) -> None:
        hook = self.between.pop(state, None)
        if hook is not None:
            hook()

    # --- what can be seen ---------------------------------------------------------------------------------------------
    def status(self, grant: str = "grant1") -> str:
        return str(self.domain.grants[grant]["assets"][0]["status"])

    def record(self, grant: str = "grant1", topic: str = "orders") -> GrantRecord:
        return self.grants.records[(grant, f"{topic}-asset")]

    def edit(self, grant: str = "grant1", topic: str = "orders", **changes: Any) -> None:
        """Make the ledger say something else."""
        key = (grant, f"{topic}-asset")
        self.grants.records[key] = replace(self.grants.records[key], **changes)

    def reads(self, topic: str = "orders", role: str = ROLE) -> tuple[bool, bool]:
        """Whether the cluster's policy and the role's allow reading the topic."""
        arn = topic_arn(CLUSTER, topic)
        return (
            allowed(self.owner.gateway.policies.statements(CLUSTER), role, "kafka-cluster:ReadData", arn),
            allowed(self.consumer.gateway.iam.statements(role), role, "kafka-cluster:ReadData", arn),
        )

    def writes(self) -> int:
        """Every write to a policy, a role or DataZone."""
        return (
            sum(
                len(account.gateway.policies.writes) + len(account.gateway.iam.writes)
                for account in self.accounts.values()
            )
            + len(self.inventory.ended)
            + len(self.domain.status_updates)
        )

    def command(self, grant: str = "grant1", topic: str = "orders") -> GrantCommand:
        found = self.record(grant, topic).command
        assert found is not None
        return found
