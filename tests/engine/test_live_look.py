"""A preview says what the configuration names and is not there, on the real engine, before anything is made.

What the sentences are is the unit tests' (tests/unit/references); what each kind answers, the emulator tests'
(tests/provider/test_live_look.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.stacks import ADMINISTRATOR, REGION, As, Cloud, SettingsStack, Stack, one_line, project
from tests.sandbox import run_emulator
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
DOMAIN, MEMBER = "444455556666", "777788889999"


PROGRAM = """
import pulumi
import pulumi_aws as aws
from streamgov_pulumi import Account, StreamGovernance, StreamSubscriptionTarget

settings = pulumi.Config().require_object("settings")
access = {"account": settings["member"], "assume_role_arn": settings["deployer"]}
streams = Account({
    "account_id": settings["member"], "region": settings["region"], "namespace": "alone",
    "assume_role_arn": settings["deployer"],
})
registry = aws.glue.Registry("made", registry_name="made", opts=pulumi.ResourceOptions(provider=streams.provider))
target = {"environment_id": settings["environment"]}
StreamGovernance("mine", {
    "region": settings["region"],
    "namespace": "mine",
    "check_references": settings["check"],
    "domain": {
        "access": {"account": settings["own"]},
        "domain_id": settings["domain"],
        "types_project_id": settings["project"],
        "usable_in_domain_unit": "nounit",
    },
    "members": [{
        "access": access,
        "trail": "none",
        "data_sources": {
            "made": {"platform": "kinesis", "registry_name": registry.registry_name, "resource": "clicks",
                     "project_id": settings["project"]},
            "typed": {"platform": "kinesis", "registry_name": "typo", "resource": "clicks",
                      "project_id": settings["project"]},
        },
        "targets": {
            "direct": {**target, "platform": "kinesis", "principals": settings["roles"], "delivery": "direct"},
            "either": {**target, "platform": "msk", "principals": settings["roles"][:1]},
        },
    }],
})
StreamSubscriptionTarget("alone", {
    **target, "account": streams, "domain_id": settings["domain"], "platform": "msk",
    "principals": [settings["roles"][1]],
})
"""


@dataclass
class Place:
    cloud: Cloud
    stack: Stack
    workspace: Workspace
    deployer: str

    def preview(self) -> str:
        """What a green preview prints."""
        return previewed(self.stack)


def previewed(stack: Stack) -> str:
    """What a stack's green preview prints."""
    result = stack.pulumi.run("preview", "--stack", stack.pulumi.stack, "--color", "never")
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
        yield Place(cloud, stack, workspace, deployer)
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


def test_a_program_of_ones_own_is_told_the_same(place: Place, tmp_path: Path) -> None:
    """Its resources look, and say it in the program's words; what it makes itself is no mistake."""
    there = place.stack.config
    [member] = there["members"]
    reader = place.cloud.role(MEMBER, "bare", "/streaming/")
    settings = {
        "own": DOMAIN,
        "member": MEMBER,
        "deployer": place.deployer,
        "region": REGION,
        "domain": there["domain"]["domainId"],
        "project": there["domain"]["typesProjectId"],
        "environment": member["targets"]["orders"]["environmentId"],
        "roles": [reader, reader.replace("bare", "nobody")],
        "check": "warn",
    }
    folder = project(tmp_path / "program", "mine", PROGRAM)
    pulumi = As(place.workspace, folder, "mine", place.cloud.credentials(DOMAIN))
    stack = SettingsStack(pulumi, {"settings": settings}, "mine")
    stack.create()
    printed = previewed(stack)
    boundary = f"arn:aws:iam::{MEMBER}:policy/streamgov/mine/mine-{REGION}-consumer-boundary"
    put = f"(aws iam put-role-permissions-boundary --role-name bare --permissions-boundary {boundary})"
    bare = "role bare carries no permissions boundary"
    told = (
        f"domain.usable_in_domain_unit (account {DOMAIN}): is 'nounit', and domain",
        f"members[0].data_sources.typed.registry_name (account {MEMBER}): there is no schema registry 'typo'",
        f"members[0].data_sources.typed.resource (account {MEMBER}): there is no Kinesis stream 'clicks'",
        f"members[0].targets.direct.principals[0] (account {MEMBER}): {bare}, and with delivery direct each grant to "
        f"it is refused: give it the boundary {boundary} {put}, or say delivery auto",
        f"members[0].targets.direct.principals[1] (account {MEMBER}): there is no role streaming/nobody",
        f"members[0].targets.either.principals[0] (account {MEMBER}): {bare}: grants reach it by an access role",
        f"alone.principals[0] (account {MEMBER}): there is no role streaming/nobody",
    )
    for sentence in told:
        assert sentence in printed, printed
    assert "data_sources.made.registry_name" not in printed
    assert "Traceback" not in printed
    plan = json.loads(pulumi.run("preview", "--json", "--stack", pulumi.stack).stdout)
    severities = {
        sentence: {item["severity"] for item in plan["diagnostics"] if sentence in one_line(item["message"])}
        for sentence in told
    }
    assert severities == {sentence: {"info" if bare + ":" in sentence else "warning"} for sentence in told}
    inputs = [step["newState"].get("inputs", {}) for step in plan["steps"]]
    assert len(inputs) > 50 and not any("named" in given for given in inputs), "it is no input of a resource's state"
    refused = one_line(stack.set(check="refuse").refused())
    assert "there is no schema registry 'typo'" in refused and "Traceback" not in refused
    assert "there is no schema registry" not in previewed(stack.set(check="never"))
