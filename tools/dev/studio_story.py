"""The story on a V2 domain: a project's role under AWS's boundary, refused, then reading through its access role.

Plain boto3 and public clients, as a person of the project would use them. `make demo DOMAIN=V2` prints it, the
end-to-end test asserts each statement.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from streamgov_core.model.errors import RemoteError
from streamgov_samples.functions import records
from streamgov_samples.functions.kafka import KafkaReader, KafkaWriter
from tools.dev import emulator_process
from tools.dev.flow import Flow
from tools.dev.portal import REGION
from tools.dev.show import Show
from tools.dev.studio_deployment import CONSUMER, DOMAIN, KINESIS, MSK, PRODUCER, StudioDeployment, as_keys

SCHEMA = "orders"
REFUSED = ("AccessDenied", "SaslAuthenticationFailed", "AuthorizationFailed", "UnrecognizedClientException")


@dataclass(frozen=True)
class Governed:
    """One stream of the story."""

    kind: str
    registry: str
    name: str
    arn: str


class StudioStory:
    """Runs the story.

    Args:
        studio: the domain, with the product deployed.
        show: where to print and to remember checks.
    """

    def __init__(self, studio: StudioDeployment, show: Show) -> None:
        self.studio, self.show = studio, show
        self.datazone = studio.people.client("datazone", DOMAIN)
        self.glue = studio.people.client("glue", PRODUCER)
        self.flow = Flow(studio.workspace, show)

    def streams(self) -> list[Governed]:
        """The topic and the stream; a topic's schema is named like it, and so is the stream's."""
        topic = self.studio.cluster.replace(":cluster/", ":topic/") + f"/{SCHEMA}"
        return [Governed("topic", MSK, SCHEMA, topic), Governed("stream", KINESIS, KINESIS, self.studio.stream)]

    def run(self, stream: Governed) -> None:
        """From a schema to the revoke."""
        self.show.chapter(f"{stream.kind} {stream.name}, on a V2 domain")
        flows = self.flow.ready(self.studio.cluster) if stream.kind == "topic" else True
        version = self.produce(stream, flows)
        listing = self.publish(stream)
        self.show.step("Before the grant", "a person of CONSUMER, with the project's role under AWS's boundary")
        if flows:
            self.refused("the project's role reads nothing", lambda: self.read(stream, self.studio.person()))
        subscription, grant = self.subscribe(listing)
        role = self.granted(stream, grant)
        self.reading(stream, role, version, flows)
        self.revoked(stream, subscription, grant, role, flows)

    def produce(self, stream: Governed, flows: bool) -> str:
        """A schema in the registry, and records under its version's id."""
        self.show.step("A producer sends records with a new schema", f"account {PRODUCER}")
        schema = records.definition()
        made = self.glue.create_schema(
            RegistryId={"RegistryName": stream.registry},
            SchemaName=stream.name,
            DataFormat="AVRO",
            Compatibility="BACKWARD",
            SchemaDefinition=schema,
        )
        version = str(made["SchemaVersionId"])
        encoded = [(key, records.encode(value, schema, version)) for key, value in records.records(3)]
        if stream.kind == "stream":
            kinesis = self.studio.people.client("kinesis", PRODUCER)
            for key, data in encoded:
                kinesis.put_record(StreamARN=stream.arn, Data=data, PartitionKey=key)
        elif flows:
            KafkaWriter(stream.arn, self._brokers(), self._token(self._producer_keys())).write(encoded)
        self.show.check("the registry holds its schema", bool(version), version)
        return version

    def publish(self, stream: Governed) -> dict[str, str]:
        """The schema became an asset; its owner publishes it."""
        self.show.step("The schema becomes an asset, and its owner publishes it", "PRODUCER")
        asset = self._wait(f"an asset named {stream.name}", lambda: self._asset(stream.name))
        made = self.datazone.create_listing_change_set(
            domainIdentifier=self.studio.domain, entityIdentifier=asset, entityType="ASSET", action="PUBLISH"
        )
        listing = self._wait("the listing to be ACTIVE", lambda: self._listing(made["listingId"]))
        self.show.check("the listing is ACTIVE", True, listing["id"])
        self._least(stream)
        return {"id": listing["id"], "asset": asset}

    def _least(self, stream: Governed) -> None:
        """The data source wrote the asset as no contributor: by what its platform's data sources may, and no more."""
        listed = self.datazone.list_designations(domainIdentifier=self.studio.domain)["items"]
        names = {item["id"]: item["name"] for item in listed}
        members = self.datazone.list_project_memberships(
            domainIdentifier=self.studio.domain, projectIdentifier=self.studio.projects["PRODUCER"]
        )["members"]
        groups = [item for item in members if "group" in item["memberDetails"]]
        held = sorted(names.get(item.get("userCreatedDesignationId", ""), item["designation"]) for item in groups)
        wanted = f"streamgov-sync-{'msk' if stream.kind == 'topic' else 'kinesis'}"
        self.show.check(
            "the data source wrote it by its platform's designation, and no role of ours is a contributor",
            wanted in held and "PROJECT_CONTRIBUTOR" not in held,
            ", ".join(held),
        )

    def subscribe(self, listing: dict[str, str]) -> tuple[str, str]:
        """A request, an approval, and the grant that DataZone makes of it."""
        self.show.step("Ask for it, approve it", "CONSUMER, then PRODUCER; DataZone makes the grant at approval")
        request = self.datazone.create_subscription_request(
            domainIdentifier=self.studio.domain,
            requestReason="We count orders.",
            subscribedListings=[{"identifier": listing["id"]}],
            subscribedPrincipals=[{"project": {"identifier": self.studio.projects["CONSUMER"]}}],
            clientToken=uuid.uuid4().hex,
        )["id"]
        emulator_process.get(self.studio.workspace, "calls", method="DELETE")
        self.datazone.accept_subscription_request(domainIdentifier=self.studio.domain, identifier=request)
        subscription = self.datazone.list_subscriptions(
            domainIdentifier=self.studio.domain, subscriptionRequestIdentifier=request
        )["items"][0]["id"]
        grant = self._wait("a grant", lambda: self._grant_of(subscription))
        return str(subscription), str(grant)

    def granted(self, stream: Governed, grant: str) -> str:
        """GRANTED; the access role is there, and no policy names the project's role."""
        self.show.step("The grant", "an access role in the owner's account, trusted by exactly the project's role")
        began = time.monotonic()
        asset = self._wait("the grant to end", lambda: self._ended(grant, ("GRANTED", "GRANT_FAILED")), 120)
        self.show.check(
            "DataZone says GRANTED",
            asset["status"] == "GRANTED",
            f"{time.monotonic() - began:.1f} s; {asset.get('failureCause', {}).get('message', '')}",
        )
        if asset["status"] != "GRANTED":
            raise TimeoutError(f"the grant ended {asset['status']}: {asset.get('failureCause')}")
        record = self.studio.people.client("dynamodb", DOMAIN).query(
            TableName="streamgov-grants",
            KeyConditionExpression="grantId = :grant",
            ExpressionAttributeValues={":grant": {"S": grant}},
        )["Items"][0]
        role = str(json.loads(record["outcome"]["S"]).get("awsRoleArn", ""))
        self.show.check("the ledger names the access role (awsRoleArn)", "/access/" in role, role)
        self._told(grant, role)
        iam = self.studio.people.client("iam", PRODUCER)
        trust = iam.get_role(RoleName=role.rsplit("/", 1)[1])["Role"]["AssumeRolePolicyDocument"]
        self.show.policy("who may assume it", trust)
        calls = emulator_process.get(self.studio.workspace, "calls")
        assert isinstance(calls, dict)
        ours = [item for item in calls["calls"] if "/streamgov/" in item["caller"]]
        self.show.fact("calls of this grant, by our deployed roles", str(sum(item["count"] for item in ours)))
        self.show.check("no policy of the stream names a role", ":role/" not in self._resource_policy(stream))
        return role

    def _told(self, grant: str, role: str) -> None:
        """The consumer's account names the access role; the functions that did it may do no more than they call."""
        project = self.studio.projects["CONSUMER"]
        parameters = self.studio.people.client("ssm", CONSUMER).get_parameters_by_path(
            Path=f"/streamgov/streamgov/connections/{project}/{grant}", Recursive=True
        )["Parameters"]
        told = [json.loads(item["Value"]).get("awsRoleArn") for item in parameters]
        self.show.check("the project's parameter in CONSUMER names it, too", told == [role], str(told))
        members = self.datazone.list_project_memberships(
            domainIdentifier=self.studio.domain, projectIdentifier=project
        )["members"]
        own = [item for item in members if item["designation"] == "USER_CREATED_DESIGNATION"]
        self.show.check("our functions are members by designations of their own", len(own) == 3, f"{len(own)} of 3")

    def reading(self, stream: Governed, role: str, version: str, flows: bool) -> None:
        """The project's role itself is refused as before; what it assumes reads, and finds the schema by its id."""
        self.show.step("Read it", "the person assumes the access role from the project's role")
        if flows:
            self.refused("the project's role itself reads nothing", lambda: self.read(stream, self.studio.person()))
            found = self.read(stream, self.studio.person(), role)
            self.show.check("through the access role it reads the records", len(found) == 3, f"{len(found)} records")
            known = records.schema_version_id(found[0])
            self.show.check("each names its schema by the version's id", known == version, known)
        definition = self.studio.client("glue", self.studio.assumed(role)).get_schema_version(SchemaVersionId=version)
        self.show.check(
            "the schema is read by that id", definition["SchemaDefinition"] == records.definition(), version
        )
        answer = emulator_process.get(self.studio.workspace, "calls?detail=1")
        assert isinstance(answer, dict)
        reads = [call for call in answer["calls"] if call["caller"] == role]
        people = {str(call["source_identity"]) for call in reads}
        self.show.check("each call carries the person's id", bool(reads) and "None" not in people, ", ".join(people))

    def revoked(self, stream: Governed, subscription: str, grant: str, role: str, flows: bool) -> None:
        """Everything is gone, the role with it."""
        self.show.step("Revoke it", "PRODUCER")
        keys = self.studio.assumed(role)
        self.datazone.revoke_subscription(
            domainIdentifier=self.studio.domain, identifier=subscription, retainPermissions=False
        )
        asset = self._wait("the revoke to end", lambda: self._ended(grant, ("REVOKED", "REVOKE_FAILED")), 120)
        self.show.check("DataZone says REVOKED", asset["status"] == "REVOKED")
        self.refused("the access role is gone", lambda: self.studio.assumed(role))
        if flows:
            self._wait("sessions of it to be refused", lambda: self._refusal(lambda: self.read(stream, keys)), 30)
            self.show.check("and sessions of it read nothing any more", True)

    # --- helpers ----------------------------------------------------------------------------------------------------
    def read(self, stream: Governed, keys: dict[str, str], role: str = "") -> list[bytes]:
        """Records of a stream with somebody's keys; with ``role``, through the role as a client's setting names it."""
        if stream.kind == "topic":
            group = f"{CONSUMER}.{self.studio.projects['CONSUMER']}.notebook"
            return list(KafkaReader(stream.arn, self._brokers(), group, self._token(keys, role)).read(3))
        kinesis = self.studio.client("kinesis", self.studio.assumed(role) if role else keys)
        found: list[bytes] = []
        for shard in kinesis.list_shards(StreamARN=stream.arn)["Shards"]:
            iterator = kinesis.get_shard_iterator(
                StreamARN=stream.arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            answer = kinesis.get_records(StreamARN=stream.arn, ShardIterator=iterator)
            found += [item["Data"] for item in answer["Records"]]
        return found

    def refused(self, statement: str, call: Callable[[], Any]) -> None:
        """Check that a call is refused by the stream, or by STS, itself."""
        said = self._refusal(call)
        self.show.check(statement, said is not None, (said or "it was allowed")[:250])

    @staticmethod
    def _refusal(call: Callable[[], Any]) -> str | None:
        try:
            call()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return str(error) if any(word in code for word in REFUSED) else None
        except RemoteError as error:
            return str(error) if any(word in error.code for word in REFUSED) else None
        return None

    def _token(self, keys: dict[str, str], role: str = "") -> Callable[[], str]:
        """Tokens of the public signer, which finds keys in the environment; with ``role``, its ``awsRoleArn``."""
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider

        def token() -> str:
            with as_keys(os.environ, keys, self.studio.workspace.endpoint):  # type: ignore[arg-type]
                if role:
                    return str(MSKAuthTokenProvider.generate_auth_token_from_role_arn(REGION, role)[0])
                return str(MSKAuthTokenProvider.generate_auth_token(REGION)[0])

        return token

    def _producer_keys(self) -> dict[str, str]:
        found = self.studio.people.credentials(PRODUCER)
        return {
            "AWS_ACCESS_KEY_ID": found.access_key,
            "AWS_SECRET_ACCESS_KEY": found.secret_key,
            "AWS_SESSION_TOKEN": found.token,
        }

    def _brokers(self) -> str:
        kafka = self.studio.people.client("kafka", PRODUCER)
        return str(kafka.get_bootstrap_brokers(ClusterArn=self.studio.cluster)["BootstrapBrokerStringSaslIam"])

    def _resource_policy(self, stream: Governed) -> str:
        """The policy's text; a cluster's may let the consumer's account connect its network."""
        try:
            if stream.kind == "topic":
                kafka = self.studio.people.client("kafka", PRODUCER)
                return str(kafka.get_cluster_policy(ClusterArn=self.studio.cluster)["Policy"])
            kinesis = self.studio.people.client("kinesis", PRODUCER)
            return str(kinesis.get_resource_policy(ResourceARN=stream.arn)["Policy"])
        except ClientError:
            return ""

    def _asset(self, name: str) -> str | None:
        pages = self.datazone.get_paginator("search").paginate(
            domainIdentifier=self.studio.domain,
            searchScope="ASSET",
            owningProjectIdentifier=self.studio.projects["PRODUCER"],
        )
        items = (item.get("assetItem", {}) for page in pages for item in page["items"])
        return next((str(item["identifier"]) for item in items if item.get("name") == name), None)

    def _listing(self, listing: str) -> dict[str, Any] | None:
        try:
            found = self.datazone.get_listing(domainIdentifier=self.studio.domain, identifier=listing)
        except ClientError:
            return None
        return dict(found) if found["status"] == "ACTIVE" else None

    def _grant_of(self, subscription: str) -> str | None:
        found = self.datazone.list_subscription_grants(
            domainIdentifier=self.studio.domain, subscriptionId=subscription
        )["items"]
        return str(found[0]["id"]) if found else None

    def _ended(self, grant: str, statuses: tuple[str, ...]) -> dict[str, Any] | None:
        found = self.datazone.get_subscription_grant(domainIdentifier=self.studio.domain, identifier=grant)
        asset = dict(found["assets"][0])
        return asset if asset["status"] in statuses else None

    def _wait(self, what: str, probe: Callable[[], Any], seconds: float = 90) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = probe()
            if found is not None:
                return found
            time.sleep(0.2)
        raise TimeoutError(f"waited {seconds:.0f} s for {what}, in vain")
