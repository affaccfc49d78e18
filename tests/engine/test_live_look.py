"""A preview says what the configuration names and is not there, on the real engine, before anything is made.

What the sentences are is the unit tests' (tests/unit/references); what each kind answers, the emulator tests'
(tests/provider/test_live_look.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engine.stacks import ADMINISTRATOR, REGION, As, Cloud, Stack, one_line, project
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
DOMAIN, MEMBER = "444455556666", "777788889999"


@dataclass
class Place:
    cloud: Cloud
    stack: Stack

    def preview(self) -> str:
        """What a green preview prints."""
        pulumi = self.stack.pulumi
        result = pulumi.run("preview", "--stack", pulumi.stack, "--color", "never")
        return one_line(result.stdout + result.stderr)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("looks")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=",".join((DOMAIN, MEMBER)))
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"orders": MEMBER})
        deployer = cloud.role(MEMBER, "deployer", policy=ADMINISTRATOR)
        project_id, environment = portal.projects["orders"], portal.environments["orders"]
        source = {
            "platform": "msk",
            "registryName": "orders",
            "resource": "streamgov-sandbx",
            "projectId": project_id,
            "topics": ["*"],
        }
        role = f"arn:aws:iam::{MEMBER}:role/streaming/fraud-job"
        config: dict[str, Any] = {
            "mode": "all",
            "region": REGION,
            "permissionsBoundaryName": "corp/edge",
            "alarmTopics": [f"arn:aws:sns:{REGION}:{MEMBER}:nobody"],
            "domain": {
                "account": DOMAIN,
                "domainId": portal.domain,
                "typesProjectId": project_id,
                "usableInDomainUnit": "nounit",
            },
            "members": [
                {
                    "account": MEMBER,
                    "assumeRoleArn": deployer,
                    "trail": "none",
                    "dataSources": {"orders": source},
                    "targets": {"orders": {"platform": "msk", "environmentId": environment, "principals": [role]}},
                }
            ],
        }
        workspace = Workspace(folder / "state", emulator.port)
        workspace.prepare()
        stack = Stack(As(workspace, project(folder / "program"), "looks", cloud.credentials(DOMAIN)), config).create()
        yield Place(cloud, stack)
    finally:
        process.terminate()
        process.wait(30)


def test_what_is_not_there_is_a_warning_of_the_preview(place: Place) -> None:
    printed = place.preview()
    for path, told in (
        (
            "domain.usableInDomainUnit",
            f"is 'nounit', and domain {place.stack.config['domain']['domainId']} has no domain",
        ),
        ("permissionsBoundaryName", f"there is no policy arn:aws:iam::{MEMBER}:policy/corp/edge"),
        ("alarmTopics[0]", f"there is no topic arn:aws:sns:{REGION}:{MEMBER}:nobody: alarms would notify nobody"),
        ("members[0].dataSources.orders.registryName", "there is no schema registry 'orders'"),
        ("members[0].dataSources.orders.resource", "there is no MSK cluster 'streamgov-sandbx'"),
        ("members[0].targets.orders.principals[0]", "there is no role streaming/fraud-job"),
    ):
        account = DOMAIN if path.startswith("domain") else MEMBER
        assert f"{path} (account {account}): {told}" in printed, printed
    assert "Traceback" not in printed


def test_the_setting_refuses_or_stays_silent(place: Place) -> None:
    assert "there is no MSK cluster" in place.stack.write(checkReferences="refuse").refused()
    place.stack.write(checkReferences="never")
    assert "there is no MSK cluster" not in place.preview()
    place.stack.write(checkReferences=None)


def test_a_type_that_exists_already_is_told_with_its_differences(place: Place) -> None:
    project_id = place.stack.config["domain"]["typesProjectId"]
    place.cloud.client("datazone").create_form_type(
        domainIdentifier=place.stack.config["domain"]["domainId"],
        name="StreamAccessRequestFormType",
        model={"smithy": "structure StreamAccessRequestFormType { other: String }"},
        owningProjectIdentifier=project_id,
        status="ENABLED",
    )
    printed = place.preview()
    assert "form type StreamAccessRequestFormType exists already" in printed
    assert "other is removed" in printed
    place.stack.write(domain={**place.stack.config["domain"], "adoptExisting": True})
    printed = place.preview()
    assert "to adopt it, its model changes form type StreamAccessRequestFormType in a way that assets" in printed
    place.stack.write(domain={**place.stack.config["domain"], "allowBreaking": True})
    printed = place.preview()
    assert "adopting form type StreamAccessRequestFormType: - model:" in printed
    assert "errored" not in printed
