"""Three stacks of a recorded release on the real engine, with people who publish, subscribe and ask for grants."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.stacks import REGION, ROOT, As, Cloud, Portal, Stack, project
from tests.integration.full_runs import ended
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER, run_emulator
from tests.upgrade.record import unpack
from tools.dev.workspace import Workspace

SCHEMA = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}'
TOPICS = ("before", "between", "flight", "after")


def eventually(what: str, read: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := read()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
    return found


@dataclass
class Deployment:
    """Three stacks of the last release, each run by its own team."""

    cloud: Cloud
    portal: Portal
    stacks: dict[str, Stack]
    new: Path
    listings: dict[str, str]

    # --- stacks -----------------------------------------------------------------------------------------------------
    def upgrade(self, which: str) -> None:
        """Deploy a stack anew with this release's program."""
        assert harmless(self.review(which)) == {}
        self.stacks[which].pulumi.operation("up")

    def review(self, which: str) -> dict[str, str]:
        """Give a stack this release's program; answers what its preview says."""
        old = self.stacks[which]
        file = f"Pulumi.{old.pulumi.stack}.yaml"
        (self.new / file).write_text((old.pulumi.program / file).read_text())  # its key decrypts the state's secrets
        workspace = old.pulumi.workspace
        account = {"domain": DOMAIN, "producer": PRODUCER, "consumer": CONSUMER}[which]
        self.stacks[which] = Stack(
            As(workspace, self.new, old.pulumi.stack, self.cloud.credentials(account)), old.config
        )
        return self.stacks[which].write().preview()

    # --- people -----------------------------------------------------------------------------------------------------
    @property
    def where(self) -> dict[str, str]:
        return {"domainIdentifier": self.portal.domain}

    def publish(self) -> None:
        """The data source's assets become listings to which the consumer's project is subscribed."""
        answer = self.cloud.client("lambda", PRODUCER).invoke(
            FunctionName="streamgov-sync-orders", Payload=b'{"action": "sync"}'
        )
        result = json.load(answer["Payload"])
        assert "FunctionError" not in answer, result
        if "started" in result:  # 0.1.0 did it within the function
            assert ended(self.cloud.client("stepfunctions", PRODUCER), result["started"])["status"] == "SUCCEEDED"
        datazone = self.cloud.client("datazone")
        found = datazone.search(
            **self.where, searchScope="ASSET", owningProjectIdentifier=self.portal.projects["orders"]
        )
        assets = {item["assetItem"]["name"]: item["assetItem"]["identifier"] for item in found["items"]}
        assert sorted(assets) == sorted(TOPICS)
        for topic, asset in assets.items():
            made = datazone.create_listing_change_set(
                **self.where, entityIdentifier=asset, entityType="ASSET", action="PUBLISH"
            )
            self.listings[topic] = made["listingId"]
        for listing in self.listings.values():
            self._listed(listing)
            request = datazone.create_subscription_request(
                **self.where,
                requestReason="r",
                subscribedListings=[{"identifier": listing}],
                subscribedPrincipals=[{"project": {"identifier": self.portal.projects["analytics"]}}],
            )
            datazone.accept_subscription_request(**self.where, identifier=request["id"])

    def _listed(self, listing: str) -> None:
        datazone = self.cloud.client("datazone")
        eventually("the listing", lambda: datazone.get_listing(**self.where, identifier=listing)["status"] == "ACTIVE")

    def ask(self, topic: str) -> str:
        """Ask for a grant."""
        [target] = self.stacks["consumer"].pulumi.outputs()["subscriptionTargetIds"].values()
        made = self.cloud.client("datazone").create_subscription_grant(
            **self.where,
            environmentIdentifier=self.portal.environments["analytics"],
            subscriptionTargetIdentifier=target,
            grantedEntity={"listing": {"identifier": self.listings[topic], "revision": "1"}},
        )
        return str(made["id"])

    def outcome(self, grant: str, wanted: str) -> None:
        """Wait for the grant's end, which must be the wanted one."""

        eventually(f"{grant} to be {wanted}", lambda: self.status(grant) == wanted)

    def status(self, grant: str) -> str:
        """The grant's state, which must be no failure."""
        found = self.cloud.client("datazone").get_subscription_grant(**self.where, identifier=grant)
        status = str(found["assets"][0]["status"])
        assert not status.endswith("FAILED"), found["assets"]
        return status


@contextmanager
def deployed(folder: Path, version: str) -> Iterator[Deployment]:
    """The stacks of a recorded release, in an emulator of their own.

    Args:
        folder: for everything that is written.
        version: of the release.
    """
    process, emulator = run_emulator(folder)
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"orders": PRODUCER, "analytics": CONSUMER})
        role = cloud.role(CONSUMER, "reader", path="/streaming/")
        cluster = cloud.cluster(PRODUCER, "orders")
        glue = cloud.client("glue", PRODUCER)
        glue.create_registry(RegistryName="orders")
        for topic in TOPICS:
            glue.create_schema(
                RegistryId={"RegistryName": "orders"},
                SchemaName=topic,
                DataFormat="AVRO",
                Compatibility="BACKWARD",
                SchemaDefinition=SCHEMA,
            )
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        last = unpack(version, folder / "release")
        old = project(folder / "old", main=(last / "__main__.py").read_text(), packages=last)
        base = {"region": REGION, "platforms": ["msk"], "deletionProtection": False, "onDestroy": "cascade"}
        domain = {"account": DOMAIN, "domainId": portal.domain}
        sync = f"arn:aws:iam::{PRODUCER}:role/streamgov/streamgov/streamgov-{REGION}-sync-orders"
        source = {
            "platform": "msk",
            "registryName": "orders",
            "resource": cluster,
            "projectId": portal.projects["orders"],
            "topics": ["*"],
        }
        target = {
            "platform": "msk",
            "environmentId": portal.environments["analytics"],
            "principals": [role],
            "grantCreationMode": "MANUAL",
        }
        configs: dict[str, tuple[str, dict[str, Any]]] = {
            "producer": (
                PRODUCER,
                {
                    **base,
                    "mode": "member",
                    "domain": domain,
                    "member": {"account": PRODUCER, "trail": "none", "dataSources": {"orders": source}},
                },
            ),
            "consumer": (
                CONSUMER,
                {
                    **base,
                    "mode": "member",
                    "domain": domain,
                    "member": {"account": CONSUMER, "targets": {"orders": target}, "requireBoundary": False},
                },
            ),
            "domain": (
                DOMAIN,
                {
                    **base,
                    "mode": "domain",
                    "domain": {
                        **domain,
                        "typesProjectId": portal.projects["orders"],
                        "memberProjects": portal.projects,
                        "managedVpc": False,
                        "contributors": {"orders": {"projectId": portal.projects["orders"], "roleArn": sync}},
                    },
                    "memberAccounts": [PRODUCER, CONSUMER],
                },
            ),
        }
        stacks = {
            word: Stack(As(workspace, old, word, cloud.credentials(account)), config).create()
            for word, (account, config) in configs.items()
        }
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda word: stacks[word].pulumi.operation("up"), ("producer", "consumer")))
        stacks["domain"].pulumi.operation("up")
        made = Deployment(cloud, portal, stacks, project(folder / "new", packages=ROOT), {})
        made.publish()
        yield made
    finally:
        process.terminate()
        process.wait(30)


OVER = "-schedule-permission"
"""The end of the name of what 0.1.0 made and no release needs since: its schedule invoked a data source's function, and
starts a state machine now, which takes a role. Nothing else may go."""


def harmless(steps: dict[str, str]) -> dict[str, str]:
    """Steps of an upgrade that are more than an update in place, something new, or the end of what is OVER."""
    return {
        name: operation
        for name, operation in steps.items()
        if operation not in ("update", "create") and not (operation == "delete" and name.endswith(OVER))
    }
