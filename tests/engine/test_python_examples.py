"""The examples in Python under the real engine: deployed as they stand, used, and destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.stacks import REGION, ROOT, As, Stack, project
from tests.engine.two_accounts import DOMAIN, STREAMS, TwoAccounts, one_program, two_accounts
from tools.dev.workspace import Workspace

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
EXAMPLES = ROOT / "examples" / "python"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoAccounts]:
    yield from two_accounts(tmp_path_factory.mktemp("python-examples"))


def deployable(place: TwoAccounts, folder: Path, example: str, team: str, **config: Any) -> Stack:
    """An example as it stands, with a configuration, run with the credentials of the account's team."""
    name = yaml.safe_load((EXAMPLES / example / "Pulumi.yaml").read_text())["name"]
    program = project(folder / example, name, (EXAMPLES / example / "__main__.py").read_text())
    pulumi = As(Workspace(place.state, place.cloud.emulator.port), program, "test", place.cloud.credentials(team))
    return Stack(pulumi, {"region": REGION, "domainId": place.portal.domain, **config}, name).create()


def previewed(stack: Stack) -> tuple[set[str], str]:
    """Operations and messages of a green preview."""
    plan = json.loads(stack.pulumi.run("preview", "--json", "--stack", stack.pulumi.stack).stdout)
    return {step["op"] for step in plan["steps"]}, "\n".join(item["message"] for item in plan.get("diagnostics", []))


def test_one_program_makes_streams_and_grants_access_to_them(place: TwoAccounts, tmp_path: Path) -> None:
    stack = deployable(place, tmp_path, "one-program", DOMAIN, **one_program(place))
    ops, told = previewed(stack)
    assert ops <= {"create", "read"}
    assert "members[0]" not in told, "what the program makes itself is not missed"
    stack.pulumi.operation("up")
    ops, told = previewed(stack)
    assert ops <= {"same", "read"}
    assert "members[0]" not in told, "it is there now, as it should be"
    place.grants_what_is_asked_for(stack.pulumi.outputs())
    stack.pulumi.operation("destroy")
    assert stack.pulumi.resource_count() == 0


def test_a_domain_and_a_member_in_stacks_of_their_own(place: TwoAccounts, tmp_path: Path) -> None:
    """What one exports is what the other one's configuration takes."""
    cloud, portal = place.cloud, place.portal
    cloud.client("glue", STREAMS).create_registry(RegistryName="members")
    domain = deployable(
        place, tmp_path, "domain", DOMAIN,
        account=DOMAIN, typesProjectId=portal.projects["orders"], projects=portal.projects, memberAccounts=[STREAMS],
        deletionProtection=False, namespace="team-b",
    )  # fmt: skip
    member = deployable(
        place, tmp_path, "member", STREAMS,
        account=STREAMS, domainAccount=DOMAIN, projectId=portal.projects["orders"], registry="members",
        cluster=cloud.cluster(STREAMS, "members"), environmentId=portal.environments["orders"],
        consumerRoles=[f"arn:aws:iam::{STREAMS}:role/streaming/reader"], deletionProtection=False, namespace="team-b",
    )  # fmt: skip
    domain.pulumi.operation("up")
    member.write(shareArn=domain.pulumi.outputs()["shareArn"]).pulumi.operation("up")
    exported = member.pulumi.outputs()
    assert set(exported["boundaryArns"]) == {STREAMS} and set(exported["targetIds"]) == {f"{STREAMS}/fraud"}
    domain.write(contributors=exported["contributors"])
    assert domain.preview() == {"streams-contributor-orders": "create"}
    domain.pulumi.operation("up")
    for stack in (member, domain):
        stack.silent()
        stack.pulumi.operation("destroy")
        assert stack.pulumi.resource_count() == 0
