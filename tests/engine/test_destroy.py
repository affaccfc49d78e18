"""A destroy is whole or not at all: what is protected or lives is said before anything of a whole stack is gone.

One program deploys domain and member, with all that a stack may hold. What it does not prove: which deletions AWS
refuses for reasons that nobody can look at beforehand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.stacks import ADMINISTRATOR, REGION, As, Cloud, Stack, one_line, project
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
DOMAIN, MEMBER = "444455556666", "777788889999"


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Stack]]:
    folder = tmp_path_factory.mktemp("destroy")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=",".join((DOMAIN, MEMBER)))
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"orders": MEMBER})
        deployer = cloud.role(MEMBER, "deployer", policy=ADMINISTRATOR)
        consumer = cloud.role(MEMBER, "fraud-job", path="/streaming/")
        contributor = cloud.role(MEMBER, "contributor")
        cloud.cluster(MEMBER, "orders")
        cloud.client("glue", MEMBER).create_registry(RegistryName="orders")
        unit = cloud.client("datazone").get_domain(identifier=portal.domain)["rootDomainUnitId"]
        project_id = portal.projects["orders"]
        cloud.client("datazone").create_project_membership(
            domainIdentifier=portal.domain, projectIdentifier=project_id, member={"userIdentifier": deployer},
            designation="PROJECT_OWNER",
        )  # fmt: skip
        source = {
            "platform": "msk",
            "registryName": "orders",
            "resource": "orders",
            "projectId": project_id,
            "topics": ["*"],
        }
        target = {"platform": "msk", "environmentId": portal.environments["orders"], "principals": [consumer]}
        config: dict[str, Any] = {
            "mode": "all",
            "region": REGION,
            "domain": {
                "account": DOMAIN,
                "domainId": portal.domain,
                "typesProjectId": project_id,
                "usableInDomainUnit": unit,
                "requestForm": {"use": "required"},
                "memberProjects": {"orders": project_id},
                "contributors": {"orders": {"projectId": project_id, "roleArn": contributor}},
            },
            "members": [
                {
                    "account": MEMBER,
                    "assumeRoleArn": deployer,
                    "consumerRoles": [f"arn:aws:iam::{MEMBER}:role/streaming/*"],
                    "trail": "create",
                    "dataSources": {"orders": source},
                    "targets": {"orders": target},
                }
            ],
        }
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        program = project(folder / "program")
        yield cloud, Stack(As(workspace, program, "whole", cloud.credentials(DOMAIN)), config).create()
    finally:
        process.terminate()
        process.wait(30)


def test_a_destroy_that_is_refused_leaves_everything(stack: tuple[Cloud, Stack]) -> None:
    _, made = stack
    made.pulumi.operation("up")
    count = made.pulumi.resource_count()
    printed = made.refused("destroy")
    for line in (
        "nothing was destroyed: what is protected cannot be deleted:",
        f"- table streamgov-grants in account {DOMAIN}: its deletion protection is on",
        f"- table streamgov-documents in account {MEMBER}: its deletion protection is on",
        "pulumi config set streamgov:deletionProtection false && pulumi up && pulumi destroy",
    ):
        assert line in printed, printed
    assert "Traceback" not in printed
    assert made.pulumi.resource_count() == count
    made.silent("refresh", "preview")
    # What the refusal says works.
    made.write(deletionProtection=False).pulumi.operation("up")
    made.pulumi.operation("destroy")
    assert made.pulumi.resource_count() == 0


def test_a_namespace_that_is_live_is_refused_at_preview_and_nothing_of_it_is_touched(
    stack: tuple[Cloud, Stack],
) -> None:
    """A second stack, a renamed namespace, a lost state."""
    cloud, live = stack
    live.write(deletionProtection=False).pulumi.operation("up")
    before = taken(cloud)
    # The engine tells the first that is refused: the domain's marker or the member's.
    already = rf'namespace "streamgov" is deployed in account ({DOMAIN}|{MEMBER}) \({REGION}\) already by'
    second = Stack(As(live.pulumi.workspace, live.pulumi.program, "second", cloud.credentials(DOMAIN)), live.config)
    second.create()
    for verb in ("preview", "up"):
        printed = one_line(second.refused(verb))
        assert re.search(f"{already} stack organization/streamgov/whole. Choose another one", printed), printed
        assert "Traceback" not in printed
    state = json.loads(second.pulumi.run("stack", "export", "--stack", "second").stdout)["deployment"]["resources"]
    assert [item["type"] for item in state if item["type"].startswith(("aws:", "pulumi-python:"))] == []
    second.pulumi.operation("destroy")
    assert taken(cloud) == before
    # Beside it under a name of its own; then somebody takes the key away.
    second.write(namespace="second", domain={**live.config["domain"], "contributors": {}}).pulumi.operation("up")
    printed = one_line(second.write(namespace=None).refused())
    assert re.search(f"{already} stack organization/streamgov/whole", printed), printed
    second.write(namespace="second").silent()
    second.pulumi.operation("destroy")
    # The state is lost.
    exported = live.pulumi.run("stack", "export", "--stack", "whole").stdout
    live.pulumi.run("stack", "rm", "--force", "--yes", "--preserve-config", "whole")
    live.create()
    printed = one_line(live.refused())
    assert re.search(f"{already} a stack of this very name, organization/streamgov/whole", printed), printed
    (live.pulumi.program / "state.json").write_text(exported)
    live.pulumi.run("stack", "import", "--file", "state.json", "--stack", "whole")
    live.silent("refresh", "preview")
    assert taken(cloud) == before
    live.pulumi.operation("destroy")
    assert live.pulumi.resource_count() == 0


def taken(cloud: Cloud) -> dict[str, Any]:
    """What a second deployment could take over."""
    found: dict[str, Any] = {}
    for account in (DOMAIN, MEMBER):
        events, alarms = cloud.client("events", account), cloud.client("cloudwatch", account)
        rules = [{key: rule[key] for key in ("Name", "State", "Arn")} for rule in events.list_rules()["Rules"]]
        targets = {rule["Name"]: events.list_targets_by_rule(Rule=rule["Name"])["Targets"] for rule in rules}
        named = sorted(alarm["AlarmName"] for alarm in alarms.describe_alarms()["MetricAlarms"])
        queues = cloud.client("sqs", account).list_queues().get("QueueUrls", [])
        found[account] = (rules, targets, named, queues)
    return found
