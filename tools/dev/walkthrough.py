"""The story of one stream, from its first record to a grant that is really revoked, told by doing it.

Everything here is plain boto3 against the stack's outputs, as a portal user or an operator would do it; nothing of the
product is imported. `make demo` prints it, the end-to-end test runs it quietly and asserts each statement.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError
from rich.tree import Tree

from tools.dev import emulator_process
from tools.dev.flow import Flow
from tools.dev.portal import REGION, People
from tools.dev.show import Show
from tools.dev.workspace import Workspace

SCHEMA = "producer-data-product"


@dataclass(frozen=True)
class Stream:
    """One platform's part of the sandbox, by the stack's outputs."""

    title: str
    kind: str
    resource_arn: str
    registry: str
    asset_type: str
    target_id: str
    producer_function: str
    consumer_function: str | None
    read_action: str
    read_resource: str
    source_identifier: str


class StepFailed(Exception):
    """The story cannot go on; the text says what was waited for."""


class Walkthrough:
    """Runs the steps for one stream.

    Args:
        workspace: the running local deployment.
        outputs: the stack's outputs.
        show: where to print and to remember checks.
    """

    def __init__(self, workspace: Workspace, outputs: dict[str, Any], show: Show) -> None:
        self.workspace = workspace
        self.outputs = outputs
        self.show = show
        self.domain_account = outputs["centralStateMachineArn"].split(":")[4]
        self.people = People(workspace, self.domain_account)
        self.domain_id = outputs["domainId"]
        self.producer_account = outputs["mskClusterArn"].split(":")[4]
        self.consumer_role: str = outputs["consumerRoleArn"]
        self.consumer_account = self.consumer_role.split(":")[4]
        self.datazone = self.people.client("datazone", self.domain_account)
        self.flow = Flow(workspace, show)

    # --- the streams of the sandbox ---------------------------------------------------------------------------------
    def msk(self) -> Stream:
        """The topic on the sandbox's MSK cluster."""
        cluster = self.outputs["mskClusterArn"]
        name = cluster.split("/")[1]
        return Stream(
            title=f"Kafka topic {SCHEMA} on MSK cluster {name}",
            kind="topic",
            resource_arn=cluster,
            registry=self.outputs["mskRegistryName"],
            asset_type=self.outputs["mskAssetType"],
            target_id=self.outputs["mskSubscriptionTargetId"],
            producer_function=self.outputs["mskProducerFunctionArn"],
            consumer_function=self.outputs.get("mskConsumerFunctionArn"),
            read_action="kafka-cluster:ReadData",
            read_resource=cluster.replace(":cluster/", ":topic/") + f"/{SCHEMA}",
            source_identifier=f"kafka://{name}/{SCHEMA}",
        )

    def streams(self) -> list[Stream]:
        """The streams that the stack governs."""
        return [self.msk(), self.kinesis()] if "kinesisAssetType" in self.outputs else [self.msk()]

    def kinesis(self) -> Stream:
        """The sandbox's Kinesis stream."""
        arn = self.outputs["kinesisStreamArn"]
        name = arn.rsplit("/", 1)[1]
        region, account = arn.split(":")[3:5]
        return Stream(
            title=f"Kinesis stream {name}",
            kind="stream",
            resource_arn=arn,
            registry=self.outputs["kinesisRegistryName"],
            asset_type=self.outputs["kinesisAssetType"],
            target_id=self.outputs["kinesisSubscriptionTargetId"],
            producer_function=self.outputs["kinesisProducerFunctionArn"],
            consumer_function=self.outputs.get("kinesisConsumerFunctionArn"),
            read_action="kinesis:GetRecords",
            read_resource=arn,
            source_identifier=f"kinesis://{region}/{account}/{name}",
        )

    # --- the story --------------------------------------------------------------------------------------------------
    def run(self, stream: Stream) -> None:
        """All steps for one stream, from the first record to the revoke.

        Raises:
            StepFailed: something that the next step needs did not happen.
        """
        self.show.chapter(stream.title)
        self.produce(stream)
        asset = self.find_asset(stream)
        self.before(stream)
        listing = self.publish(stream, asset)
        subscription = self.subscribe(stream, listing)
        grant = self.grant(stream, listing, subscription, asset)
        self.after_grant(stream, grant)
        self.consume(stream, asset)
        self.revoke(stream, grant, subscription, asset)

    def produce(self, stream: Stream) -> None:
        """The producer function sends records, with a schema that the registry has not seen."""
        self.show.step(
            "A producer sends records with a new schema", "producer's function, account " + self.producer_account
        )
        flows = self.flow.ready(stream.resource_arn)
        answer = self.invoke(self.producer_account, stream.producer_function, {})
        self.show.fact("function", stream.producer_function.rsplit(":", 1)[1])
        self.show.fact("it answered", json.dumps(answer, sort_keys=True))
        if flows:
            self.flow.written(answer)
        glue = self.people.client("glue", self.producer_account)
        schema = glue.get_schema(SchemaId={"RegistryName": stream.registry, "SchemaName": SCHEMA})
        self.show.check(
            f"the registry {stream.registry} holds the schema {SCHEMA}",
            schema["SchemaStatus"] == "AVAILABLE",
            f"version {schema['LatestSchemaVersion']}, {schema['DataFormat']}, {schema['Compatibility']}",
        )

    def find_asset(self, stream: Stream) -> dict[str, Any]:
        """The schema's event made the data source add an asset to the producer's inventory."""
        self.show.step(
            "The schema becomes an asset by itself", "schema event → data source function → PRODUCER's inventory"
        )
        asset_id = self.wait(
            f"an asset named {SCHEMA} in the inventory", lambda: self.inventory_asset(SCHEMA, stream.asset_type)
        )
        asset: dict[str, Any] = self.datazone.get_asset(domainIdentifier=self.domain_id, identifier=asset_id)
        forms = {item["formName"]: json.loads(item["content"]) for item in asset["formsOutput"] if item.get("content")}
        self.show.fact("asset", f"{asset['name']}  {asset['id']}  revision {asset['revision']}")
        self.show.fact("type", asset["typeIdentifier"])
        self.show.fact("external identifier", asset["externalIdentifier"])
        self.show.fact("description", asset.get("description", ""))
        for name, content in sorted(forms.items()):
            if "Table" not in name:
                self.show.table(name, ("member", "value"), sorted(content.items()))
        columns = forms.get("RelationalTableFormType", {}).get("columns", [])
        self.show.table(
            "columns, from the schema",
            ("column", "type", "description"),
            [(c["columnName"], c["dataType"], c.get("columnDescription", "")) for c in columns],
        )
        self.show.check(
            "its columns are those of the schema, nested ones with dotted names",
            any("." in c["columnName"] for c in columns),
        )
        self.show.check("it is of our asset type", asset["typeIdentifier"] == stream.asset_type, stream.asset_type)
        self._show_lineage(stream, asset, expect_consumer=False)
        return asset

    def before(self, stream: Stream) -> None:
        """Nothing is granted yet."""
        self.show.step("Before the grant", f"what consumer role {self.consumer_role.rsplit('/', 1)[1]} may do")
        self._ask_oracle(stream, expected=False)
        self._show_policies(stream)
        if stream.consumer_function is not None and self.flow.ready(stream.resource_arn):
            self.flow.refused(stream.kind, lambda: self._attempt(stream))

    def publish(self, stream: Stream, asset: dict[str, Any]) -> dict[str, str]:
        """The product owner publishes the asset."""
        self.show.step("Publish it", "PRODUCER's data product owner")
        made = self.datazone.create_listing_change_set(
            domainIdentifier=self.domain_id,
            entityIdentifier=asset["id"],
            entityType="ASSET",
            action="PUBLISH",
            clientToken=uuid.uuid4().hex,
        )
        listing = self.wait(
            "the listing to become ACTIVE",
            lambda: self._active_listing(made["listingId"]),
        )
        self.show.check(
            "the listing is ACTIVE in the catalogue", True, f"{listing['id']} revision {listing['listingRevision']}"
        )
        return {"id": listing["id"], "revision": listing["listingRevision"]}

    def subscribe(self, stream: Stream, listing: dict[str, str]) -> str:
        """A consumer finds the listing, asks for it, and the producer approves."""
        self.show.step("Find it and ask for it", "CONSUMER's team")
        found = self.datazone.search_listings(domainIdentifier=self.domain_id, searchText=SCHEMA)
        hits = [item["assetListing"]["listingId"] for item in found["items"] if "assetListing" in item]
        self.show.check(f"a search for “{SCHEMA}” finds it", listing["id"] in hits, f"{len(hits)} hit(s)")
        request = self.datazone.create_subscription_request(
            domainIdentifier=self.domain_id,
            requestReason="We enrich orders with customers' regions.",
            subscribedListings=[{"identifier": listing["id"]}],
            subscribedPrincipals=[{"project": {"identifier": self.outputs["consumerProjectId"]}}],
            clientToken=uuid.uuid4().hex,
        )
        self.show.fact("request", f"{request['id']}  {request['status']}")
        self.show.step("Approve it", "PRODUCER's data product owner")
        decided = self.datazone.accept_subscription_request(
            domainIdentifier=self.domain_id, identifier=request["id"], decisionComment="Agreed for the enrichment job."
        )
        self.show.check("the request is ACCEPTED", decided["status"] == "ACCEPTED", decided["status"])
        subscriptions = self.datazone.list_subscriptions(
            domainIdentifier=self.domain_id, subscriptionRequestIdentifier=request["id"]
        )["items"]
        self.show.check("a subscription is APPROVED", [s["status"] for s in subscriptions] == ["APPROVED"])
        return str(subscriptions[0]["id"])

    def grant(self, stream: Stream, listing: dict[str, str], subscription: str, asset: dict[str, Any]) -> str:
        """DataZone asks for the grant; the state machines carry it out."""
        self.show.step(
            "Grant it to CONSUMER's environment", "DataZone's event → central machine → producer and consumer accounts"
        )
        emulator_process.get(self.workspace, "calls", method="DELETE")
        started = time.monotonic()
        made = self.datazone.create_subscription_grant(
            domainIdentifier=self.domain_id,
            environmentIdentifier=self.outputs["consumerEnvironmentId"],
            subscriptionTargetIdentifier=stream.target_id,
            grantedEntity={"listing": {"identifier": listing["id"], "revision": listing["revision"]}},
            clientToken=uuid.uuid4().hex,
        )
        self.show.fact("grant", f"{made['id']}  {made['status']}  for subscription {subscription}")
        outcome = self.follow(made["id"], asset["id"], {"GRANTED", "GRANT_FAILED"})
        seconds = time.monotonic() - started
        self.show.check("DataZone says GRANTED", outcome["status"] == "GRANTED", self._outcome_text(outcome, seconds))
        self._show_executions()
        self._show_calls("calls of this grant, by our deployed roles")
        if outcome["status"] != "GRANTED":
            raise StepFailed(f"the grant ended {outcome['status']}: {outcome.get('failureCause')}")
        return str(made["id"])

    def after_grant(self, stream: Stream, grant: str) -> None:
        """Access is there, in the documents and in fact."""
        self.show.step("After the grant", "the policies that were written, and what they mean")
        self._show_policies(stream)
        self._ask_oracle(stream, expected=True)

    def consume(self, stream: Stream, asset: dict[str, Any]) -> None:
        """The consumer's job runs and appears in the lineage graph."""
        if stream.consumer_function is None:
            return
        self.show.step("The consumer runs", "consumer's function, account " + self.consumer_account)
        answer = self.invoke(self.consumer_account, stream.consumer_function, {})
        self.show.fact("it answered", json.dumps(answer, sort_keys=True))
        if self.flow.ready(stream.resource_arn):
            self.flow.arrived(answer)
        self._show_lineage(stream, asset, expect_consumer=True)

    def revoke(self, stream: Stream, grant: str, subscription: str, asset: dict[str, Any]) -> None:
        """The owner takes the access away again."""
        self.show.step("Revoke it", "PRODUCER's data product owner")
        emulator_process.get(self.workspace, "calls", method="DELETE")
        started = time.monotonic()
        self.datazone.revoke_subscription(
            domainIdentifier=self.domain_id, identifier=subscription, retainPermissions=False
        )
        outcome = self.follow(grant, asset["id"], {"REVOKED", "REVOKE_FAILED"})
        self.show.check(
            "DataZone says REVOKED",
            outcome["status"] == "REVOKED",
            self._outcome_text(outcome, time.monotonic() - started),
        )
        self._show_calls("calls of this revoke, by our deployed roles")
        self._show_policies(stream)
        self._ask_oracle(stream, expected=False)
        if stream.consumer_function is not None and self.flow.ready(stream.resource_arn):
            self.flow.cut_off(stream.kind, lambda: self._attempt(stream))

    def retire(self, stream: Stream) -> None:
        """The schema is deleted from the registry, and the asset goes by itself: unlisted, deleted, its record too."""
        self.show.step(f"Retire the {stream.kind}", "PRODUCER deletes the schema → data source function")
        glue = self.people.client("glue", self.producer_account)
        glue.delete_schema(SchemaId={"RegistryName": stream.registry, "SchemaName": SCHEMA})
        self.wait(
            "the asset to be gone",
            lambda: True if self.inventory_asset(SCHEMA, stream.asset_type) is None else None,
        )
        self.show.check("the asset is gone from the inventory and the catalogue", True)

    # --- helpers ----------------------------------------------------------------------------------------------------
    def wait(self, what: str, probe: Callable[[], Any], seconds: float = 90) -> Any:
        """Poll until ``probe`` answers something; raise StepFailed naming ``what`` otherwise."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = probe()
            if found is not None:
                return found
            time.sleep(0.1)
        raise StepFailed(f"waited {seconds:.0f} s for {what}, in vain")

    def invoke(self, account: str, function_arn: str, payload: dict[str, Any]) -> Any:
        """Run a function once; its answer, or StepFailed with what it said."""
        client = self.people.client("lambda", account)
        answer = client.invoke(FunctionName=function_arn, Payload=json.dumps(payload).encode())
        body = json.loads(answer["Payload"].read() or b"null")
        if answer.get("FunctionError"):
            raise StepFailed(f"{function_arn} failed: {json.dumps(body)[:800]}")
        return body

    def _attempt(self, stream: Stream) -> dict[str, Any]:
        """The consumer's function run once, whether or not it fails."""
        client = self.people.client("lambda", self.consumer_account)
        answer: dict[str, Any] = client.invoke(FunctionName=stream.consumer_function, Payload=b"{}")
        return {**answer, "Payload": json.loads(answer["Payload"].read() or b"{}")}

    def inventory_asset(self, name: str, asset_type: str) -> str | None:
        """The id of the asset of this name and type in PRODUCER's inventory; None if there is none."""
        pages = self.datazone.get_paginator("search").paginate(
            domainIdentifier=self.domain_id,
            searchScope="ASSET",
            owningProjectIdentifier=self.outputs["producerProjectId"],
        )
        for page in pages:
            for item in page["items"]:
                asset = item.get("assetItem", {})
                if asset.get("name") == name and asset.get("typeIdentifier") == asset_type:
                    return str(asset["identifier"])
        return None

    def _active_listing(self, listing_id: str) -> dict[str, Any] | None:
        try:
            listing: dict[str, Any] = self.datazone.get_listing(domainIdentifier=self.domain_id, identifier=listing_id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return listing if listing["status"] == "ACTIVE" else None

    def follow(self, grant: str, asset_id: str, terminal: set[str]) -> dict[str, Any]:
        """Print each status of the grant as it changes; answer the asset's last entry."""
        seen: list[str] = []

        def probe() -> dict[str, Any] | None:
            try:
                answer = self.datazone.get_subscription_grant(domainIdentifier=self.domain_id, identifier=grant)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException" and "REVOKED" in terminal:
                    return {"status": "REVOKED"}
                raise
            entry: dict[str, Any] = next(item for item in answer["assets"] if item["assetId"] == asset_id)
            if entry["status"] not in seen:
                seen.append(entry["status"])
                self.show.fact("status", entry["status"])
            return entry if entry["status"] in terminal else None

        found: dict[str, Any] = self.wait(f"grant {grant} to become one of {sorted(terminal)}", probe, 120)
        return found

    @staticmethod
    def _outcome_text(outcome: dict[str, Any], seconds: float) -> str:
        cause = outcome.get("failureCause", {}).get("message", "")
        return f"after {seconds:.1f} s" + (f"; cause: {cause}" if cause else "")

    def _ask_oracle(self, stream: Stream, expected: bool) -> None:
        """May the consumer's role read? The answer comes from IAM's evaluation of all policies, not from our ledger."""
        body = {"principal": self.consumer_role, "action": stream.read_action, "resource": stream.read_resource}
        answer = emulator_process.get(self.workspace, "access", body)
        assert isinstance(answer, dict)
        word = "may" if expected else "may not"
        self.show.check(
            f"the consumer's role {word} read this {stream.kind} ({stream.read_action})",
            answer["allowed"] is expected,
            _reason(str(answer["reason"])),
        )

    def _resource_policy(self, stream: Stream) -> Any:
        try:
            if ":kafka:" in stream.resource_arn:
                client = self.people.client("kafka", self.producer_account)
                return json.loads(client.get_cluster_policy(ClusterArn=stream.resource_arn)["Policy"])
            client = self.people.client("kinesis", self.producer_account)
            text = client.get_resource_policy(ResourceARN=stream.resource_arn)["Policy"]
            return json.loads(text) if text else "none"
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NotFoundException", "ResourceNotFoundException"}:
                return "none"
            raise

    def _show_policies(self, stream: Stream) -> None:
        self.show.policy(
            f"resource policy of {stream.resource_arn.split(':', 5)[5]}, account {self.producer_account}",
            self._resource_policy(stream),
        )
        iam = self.people.client("iam", self.consumer_account)
        role = self.consumer_role.rsplit("/", 1)[1]
        shown = False
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            if isinstance(document, str):
                document = json.loads(unquote(document))
            self.show.policy(f"inline policy {name} of role {role}, account {self.consumer_account}", document)
            shown = True
        for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            self.show.fact("attached policy", attached["PolicyArn"])
        if not shown:
            self.show.policy(f"inline policies of role {role}, account {self.consumer_account}", "none")

    def _show_executions(self) -> None:
        rows = []
        for account, arn in self._machines():
            client = self.people.client("stepfunctions", account)
            for execution in client.list_executions(stateMachineArn=arn, maxResults=10)["executions"]:
                took = ""
                if "stopDate" in execution:
                    took = f"{(execution['stopDate'] - execution['startDate']).total_seconds():.1f} s"
                rows.append((execution["startDate"], account, arn.rsplit(":", 1)[1], execution["status"], took))
        rows.sort(key=lambda row: row[0])
        self.show.table("state machine executions", ("account", "machine", "status", "took"), [row[1:] for row in rows])

    def _machines(self) -> list[tuple[str, str]]:
        central = self.outputs["centralStateMachineArn"]
        machines = [(self.domain_account, central)]
        for account in (self.producer_account, self.consumer_account):
            client = self.people.client("stepfunctions", account)
            for machine in client.list_state_machines()["stateMachines"]:
                machines.append((account, machine["stateMachineArn"]))
        return machines

    def _show_calls(self, title: str) -> None:
        answer = emulator_process.get(self.workspace, "calls")
        assert isinstance(answer, dict)
        calls: dict[tuple[str, str], list[str]] = {}
        total = 0
        for item in sorted(answer["calls"], key=lambda item: (item["service"], item["operation"])):
            if "/streamgov/" not in item["caller"]:
                continue
            total += item["count"]
            times = f" x{item['count']}" if item["count"] > 1 else ""
            role = item["caller"].rsplit("/", 1)[-1].removeprefix(f"streamgov-{REGION}-")
            calls.setdefault((item["account"], role), []).append(f"{item['service']}:{item['operation']}{times}")
        rows = [(account, role, ", ".join(names)) for (account, role), names in sorted(calls.items())]
        self.show.table(f"{title}: {total} in all", ("account", "role", "calls"), rows, longest=600)

    def _show_lineage(self, stream: Stream, asset: dict[str, Any], expect_consumer: bool) -> None:
        node = self.wait(
            f"the lineage node {stream.source_identifier}", lambda: self._lineage_ready(stream, expect_consumer)
        )
        tree = Tree(f"[bold]{stream.source_identifier}[/bold]")
        up = tree.add("written by")
        down = tree.add("read by")
        names: dict[str, list[str]] = {"upstreamNodes": [], "downstreamNodes": []}
        for key, branch in (("upstreamNodes", up), ("downstreamNodes", down)):
            for reference in node.get(key, []):
                other = self.datazone.get_lineage_node(domainIdentifier=self.domain_id, identifier=reference["id"])
                label = other.get("sourceIdentifier", other["id"])
                names[key].append(label)
                branch.add(f"{label}  [dim]{other.get('typeName', '')}[/dim]")
        self.show.tree(tree)
        self.show.check("lineage shows who writes it", bool(names["upstreamNodes"]))
        if expect_consumer:
            self.show.check(
                "lineage shows who reads it", bool(names["downstreamNodes"]), ", ".join(names["downstreamNodes"])
            )

    def _lineage_ready(self, stream: Stream, expect_consumer: bool) -> dict[str, Any] | None:
        try:
            node: dict[str, Any] = self.datazone.get_lineage_node(
                domainIdentifier=self.domain_id, identifier=stream.source_identifier
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        wanted = "downstreamNodes" if expect_consumer else "upstreamNodes"
        return node if node.get(wanted) else None


def _reason(text: str) -> str:
    """The oracle's reason without the question that it repeats."""
    return text.split(": ", 1)[1] if " may" in text.split(": ", 1)[0] and ": " in text else text


__all__ = ["REGION", "SCHEMA", "StepFailed", "Stream", "Walkthrough"]
