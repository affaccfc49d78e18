"""The walkthrough's second topic and the access to both, as producer and consumer arrange it in the catalogue."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from streamgov_core.model.access_request import request_form_model
from streamgov_core.model.naming import Names
from streamgov_samples.functions import flink
from tools.dev.flink_app import EXAMPLE, NAME
from tools.dev.portal import REGION
from tools.dev.walkthrough import StepFailed, Walkthrough

SINK = flink.SINK_SCHEMA_NAME
FORM = request_form_model(Names(region=REGION))
"""Asks for more than READ; the stack deploys it."""


class FlinkCatalogue:
    """What happens in DataZone around the job.

    Args:
        story: the walkthrough of the topic that the job reads.
    """

    def __init__(self, story: Walkthrough) -> None:
        self.story, self.show, self.people = story, story.show, story.people
        self.datazone, self.outputs = story.datazone, story.outputs
        self.cluster, self.registry = story.outputs["mskClusterArn"], story.outputs["mskRegistryName"]
        self.granted_at = 0.0
        """When the last grant was there, on the monotonic clock."""
        self._principals: list[str] = []

    def offer(self) -> str:
        """The owner of the second topic makes it, registers its schema, and publishes the asset that appears."""
        self.show.step("A topic for the job's results", "PRODUCER's data product owner")
        account = self.story.producer_account
        self.people.client("kafka", account).create_topic(
            ClusterArn=self.cluster, TopicName=SINK, PartitionCount=1, ReplicationFactor=2
        )
        definition = (EXAMPLE / "src" / "main" / "resources" / "schemas" / "order-total.avsc").read_text()
        self.people.client("glue", account).create_schema(
            RegistryId={"RegistryName": self.registry},
            SchemaName=SINK,
            DataFormat="AVRO",
            Compatibility="BACKWARD",
            Description="What each order is worth (sample)",
            SchemaDefinition=definition,
        )
        asset = self.story.wait(f"an asset named {SINK} in the inventory", self.sink_asset)
        self.datazone.create_listing_change_set(
            domainIdentifier=self.story.domain_id,
            entityIdentifier=asset,
            entityType="ASSET",
            action="PUBLISH",
            clientToken=uuid.uuid4().hex,
        )
        listing = self.story.wait("the listing to become ACTIVE", lambda: self._active(SINK))
        self.show.check(f"{SINK} is a governed topic in the catalogue", True, f"asset {asset}, listing {listing['id']}")
        return str(asset)

    def grant(self, listing: dict[str, Any], access: str) -> tuple[str, str]:
        """Ask, approve, grant; the subscription and the grant."""
        self.show.step(f"Ask for {access}, approve, grant", f"{listing['name']}: CONSUMER, PRODUCER, state machines")
        form = {"formName": "Access", "typeIdentifier": FORM.name, "content": json.dumps({"access": access})}
        request = self.datazone.create_subscription_request(
            domainIdentifier=self.story.domain_id,
            requestReason=f"The job {NAME} needs it.",
            subscribedListings=[{"identifier": listing["id"]}],
            subscribedPrincipals=[{"project": {"identifier": self.outputs["consumerProjectId"]}}],
            metadataForms=[form],
            clientToken=uuid.uuid4().hex,
        )
        self.datazone.accept_subscription_request(
            domainIdentifier=self.story.domain_id, identifier=request["id"], decisionComment="Agreed."
        )
        subscription = self.datazone.list_subscriptions(
            domainIdentifier=self.story.domain_id, subscriptionRequestIdentifier=request["id"]
        )["items"][0]["id"]
        begun = time.monotonic()
        made = self.datazone.create_subscription_grant(
            domainIdentifier=self.story.domain_id,
            environmentIdentifier=self.outputs["consumerEnvironmentId"],
            subscriptionTargetIdentifier=self.outputs["mskSubscriptionTargetId"],
            grantedEntity={"listing": {"identifier": listing["id"], "revision": listing["listingRevision"]}},
            clientToken=uuid.uuid4().hex,
        )
        outcome = self.story.follow(made["id"], listing["entityId"], {"GRANTED", "GRANT_FAILED"})
        self.granted_at = time.monotonic()
        held = self.show.check(
            f"DataZone says GRANTED ({access} on {listing['name']})",
            outcome["status"] == "GRANTED",
            f"after {self.granted_at - begun:.1f} s {outcome.get('failureCause', '')}",
        )
        if not held:
            raise StepFailed(f"the grant ended {outcome['status']}")
        return str(subscription), str(made["id"])

    def revoke(self, subscription: str, grant: str, listing: dict[str, Any]) -> None:
        """Take a subscription back, and wait until its grant is gone."""
        self.datazone.revoke_subscription(
            domainIdentifier=self.story.domain_id, identifier=subscription, retainPermissions=False
        )
        outcome = self.story.follow(grant, listing["entityId"], {"REVOKED", "REVOKE_FAILED"})
        self.show.check(f"DataZone says REVOKED ({listing['name']})", outcome["status"] == "REVOKED", outcome["status"])

    def admit(self, role_arn: str) -> None:
        """The environment's owner makes the job's role a principal of its subscription target, beside the others.

        On AWS the member stack's configuration says so (``targets``); here its stack stays as it is.
        """
        self._principals = self._target()["authorizedPrincipals"]
        self._admit([*self._principals, role_arn])

    def dismiss(self) -> None:
        """The target is as the stack made it."""
        if self._principals:
            self._admit(self._principals)
            self._principals = []

    def _target(self) -> Any:
        return self._environment().get_subscription_target(**self._named())

    def _admit(self, principals: list[str]) -> None:
        self._environment().update_subscription_target(**self._named(), authorizedPrincipals=principals)

    def _named(self) -> dict[str, str]:
        return {
            "domainIdentifier": self.story.domain_id,
            "environmentIdentifier": self.outputs["consumerEnvironmentId"],
            "identifier": self.outputs["mskSubscriptionTargetId"],
        }

    def _environment(self) -> Any:
        return self.people.client("datazone", self.story.consumer_account)

    def sink_asset(self) -> str | None:
        """The id of the second topic's asset in PRODUCER's inventory; None if there is none."""
        return self.story.inventory_asset(SINK, self.outputs["mskAssetType"])

    def _active(self, name: str) -> dict[str, Any] | None:
        found = self.datazone.search_listings(domainIdentifier=self.story.domain_id, searchText=name)["items"]
        for item in found:
            listing = item.get("assetListing", {})
            if listing.get("name") == name and listing.get("entityType") == self.outputs["mskAssetType"]:
                full: dict[str, Any] = self.datazone.get_listing(
                    domainIdentifier=self.story.domain_id, identifier=listing["listingId"]
                )
                if full["status"] == "ACTIVE":
                    return {**full, "entityId": listing["entityId"], "name": name}
        return None

    def listing(self, name: str) -> dict[str, Any]:
        """The active listing of this name, with ``name`` and the asset's id as ``entityId``."""
        found: dict[str, Any] = self.story.wait(f"the listing of {name}", lambda: self._active(name))
        return found

    def remove(self) -> None:
        """Topic and schema; fine where they are gone."""
        glue = self.people.client("glue", self.story.producer_account)
        pages = glue.get_paginator("list_schemas").paginate(RegistryId={"RegistryName": self.registry})
        if SINK in [item["SchemaName"] for page in pages for item in page["Schemas"]]:
            glue.delete_schema(SchemaId={"RegistryName": self.registry, "SchemaName": SINK})
        if self.has_sink():
            self.people.client("kafka", self.story.producer_account).delete_topic(
                ClusterArn=self.cluster, TopicName=SINK
            )

    def has_sink(self) -> bool:
        """Whether the cluster has the second topic."""
        kafka = self.people.client("kafka", self.story.producer_account)
        pages = kafka.get_paginator("list_topics").paginate(ClusterArn=self.cluster, TopicNameFilter=SINK)
        return SINK in [item["TopicName"] for page in pages for item in page["Topics"]]
