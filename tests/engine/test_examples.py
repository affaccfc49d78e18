"""The example files with somebody's ids put in: each previews green, and the split ones deploy in either order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.stacks import ADMINISTRATOR, ROOT, As, Cloud, Portal, Stack, project
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
EXAMPLES = ROOT / "examples" / "stacks"
DOMAIN, PRODUCER, CONSUMER = "444455556666", "777788889999", "888899990000"


@dataclass
class Place:
    """Everything that the examples take for granted."""

    cloud: Cloud
    portal: Portal
    workspace: Workspace
    program: Path
    ids: dict[str, str]

    def example(self, name: str, stack: str, account: str) -> Stack:
        """An example as a stack, run with the credentials of the account's team."""
        text = (EXAMPLES / f"Pulumi.{name}.example.yaml").read_text()
        for placeholder, real in self.ids.items():
            text = text.replace(placeholder, real)
        config = {key.removeprefix("streamgov:"): value for key, value in yaml.safe_load(text)["config"].items()}
        pulumi = As(self.workspace, self.program, stack, self.cloud.credentials(account))
        return Stack(pulumi, config).create()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("examples")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=",".join((DOMAIN, PRODUCER, CONSUMER)))
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"orders": PRODUCER, "analytics": CONSUMER})
        for account in (DOMAIN, PRODUCER, CONSUMER):
            cloud.role(account, "streamgov-deployer", policy=ADMINISTRATOR)
        for account, name in ((CONSUMER, "enrichment-job"), (PRODUCER, "fraud-job")):
            cloud.role(account, name, path="/streaming/")
        cluster = cloud.cluster(PRODUCER, "orders")
        cloud.client("glue", PRODUCER).create_registry(RegistryName="orders")
        documented = re.search(
            r"arn:aws:kafka:\S+:cluster/orders/(\S+)", (EXAMPLES / "Pulumi.all.example.yaml").read_text()
        )
        assert documented is not None
        ids = {
            "dzd-4p9n6sw4qt9xgn": portal.domain,
            "3b1c2d4e5f6g7h": portal.projects["orders"],
            "1p2r3o4d5u6c7e": portal.projects["orders"],
            "2c3o4n5s6u7m8e": portal.projects["analytics"],
            "9a8b7c6d5e4f3g": portal.environments["analytics"],
            documented.group(1): cluster.rsplit("/", 1)[1],
        }
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        yield Place(cloud, portal, workspace, project(folder / "program"), ids)
    finally:
        process.terminate()
        process.wait(30)


def test_all_accounts_from_one_program(place: Place) -> None:
    steps = place.example("all", "all", DOMAIN).preview()
    assert set(steps.values()) == {"create"}
    for name in (
        "streamgov-central-machine",
        f"streamgov-{PRODUCER}-orders-sync",
        f"streamgov-{CONSUMER}-target-orders",
    ):
        assert name in steps, sorted(steps)


def test_the_wrong_teams_credentials_are_refused(place: Place) -> None:
    """Each account's provider takes credentials of that account only."""
    printed = place.example("domain", "foreign", PRODUCER).refused()
    assert DOMAIN in printed
    assert PRODUCER in printed


def member_of(place: Place, **changes: Any) -> dict[str, Any]:
    raw = place.example("member", "member", PRODUCER).config["member"]
    target = {**raw["targets"]["payments"], "environmentId": place.portal.environments["orders"]}
    made = {**raw, "targets": {"payments": target}, **changes}
    return {key: value for key, value in made.items() if value is not None}


@pytest.fixture(scope="module")
def first(place: Place) -> tuple[Stack, Stack]:
    """The split stacks in the order that is less likely: the member before anything is in the domain's account."""
    member = place.example("member", "member", PRODUCER)
    member.write(member=member_of(place, acceptShareArn=None), deletionProtection=False)
    assert set(member.preview().values()) == {"create"}
    # The first attempt breaks in the middle, the next one finishes it.
    emulator = place.cloud.emulator
    emulator.admin("POST", "faults", {"service": "lambda", "operation": "CreateFunction", "kind": "access_denied"})
    assert "CreateFunction" in member.refused("up")
    emulator.admin("DELETE", "faults")
    member.pulumi.operation("up")
    # The example's contributor is the member's role, which exists by now.
    domain = place.example("domain", "domain", DOMAIN).write(deletionProtection=False)
    assert set(domain.preview().values()) == {"create"}
    domain.pulumi.operation("up")
    return domain, member


def test_the_member_before_the_domain(place: Place, first: tuple[Stack, Stack]) -> None:
    domain, member = first
    for stack in first:
        stack.silent("preview", "refresh")
    # An account that was not associated before accepts the share that the domain's stack made.
    share = domain.pulumi.outputs()["domainShareArn"]
    assert member.write(member=member_of(place, acceptShareArn=share)).preview() == {
        f"streamgov-{PRODUCER}-association": "create",
        f"streamgov-{PRODUCER}-association-accepter": "create",
    }
    member.write(member=member_of(place, acceptShareArn=None))


def test_a_second_deployment_beside_the_first_and_the_domain_before_the_member(
    place: Place, first: tuple[Stack, Stack]
) -> None:
    """Another namespace in the same two accounts; it comes and goes without touching the first."""
    domain = place.example("domain", "domain-b", DOMAIN)
    contributors = domain.config["domain"].pop("contributors")
    domain.write(namespace="team-b", deletionProtection=False).pulumi.operation("up")
    member = place.example("member", "member-b", PRODUCER)
    member.write(namespace="team-b", deletionProtection=False, member=member_of(place, acceptShareArn=None))
    member.pulumi.operation("up")
    [role] = member.pulumi.outputs()["dataSourceRoleArns"].values()
    assert role == contributors["orders"]["roleArn"].replace("/streamgov/streamgov-", "/team-b/team-b-")
    contributors["orders"]["roleArn"] = role
    domain.write(domain={**domain.config["domain"], "contributors": contributors})
    assert domain.preview() == {"streamgov-contributor-orders": "create"}
    domain.pulumi.operation("up")
    domain.silent()
    for stack in (member, domain):
        stack.pulumi.operation("destroy")
        assert stack.pulumi.resource_count() == 0
    for stack in first:
        stack.silent("refresh")
