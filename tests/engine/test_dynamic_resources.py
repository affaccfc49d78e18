"""The dynamic resources under the real engine: steady state, evolution, drift, partial failure, adoption, destruction.

Proves what the engine does with our providers. It does not prove what DataZone itself does: that is the emulator's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.stacks import SettingsStack, cli, project
from tests.provider.conftest import DomainObjects
from tests.provider.conftest import lone_objects as objects
from tests.sandbox import CONSUMER, Client, EmulatorProcess, client, emulator
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import LocalError, Workspace

__all__ = ["client", "emulator", "objects"]
pytestmark = [pytest.mark.engine, pytest.mark.emulator]

PROGRAM = """
import pulumi
from streamgov_pulumi import AssetType, FormType, ProjectMembership, SubscriptionTarget

settings = pulumi.Config().require_object("settings")
base = {"region": "us-east-1", "domain_id": settings["domain"], "adopt_existing": settings["adopt"]}
owned = {**base, "owning_project_id": settings["producer"]}
form = FormType("form", {**owned, "name": "EngineForm", "model": settings["model"],
                         "allow_breaking": settings["breaking"]})
assets = AssetType("assets", {**owned, "name": "EngineType", "forms": {
    "EngineForm": {"type_identifier": form.name, "type_revision": form.revision, "required": True},
    "RelationalTableFormType": {"type_identifier": "amazon.datazone.RelationalTableFormType", "required": False},
}})
ProjectMembership("member", {**base, "project_id": settings["consumer"], "user_identifier": settings["roles"][0]})
target = SubscriptionTarget("target", {
    **base, "environment_id": settings["environment"], "name": "engine", "authorized_principals": settings["roles"],
    "applicable_asset_types": [assets.name], "manage_access_role": settings["manage"],
    "assume_role_arn": settings["admin"],
})
pulumi.export("form", form.revision)
pulumi.export("assets", assets.revision)
pulumi.export("target", target.target_id)
"""
FIRST = "structure EngineForm {\n  @required\n  topic: String\n}"
SECOND = "structure EngineForm {\n  @required\n  topic: String\n  note: String\n}"


class Stack(SettingsStack):
    """The stack of the program with the four resources."""

    def up(self) -> dict[str, Any]:
        self.pulumi.operation("up")
        return self.pulumi.outputs()

    def settled(self) -> None:
        self.silent("preview", "refresh", "preview")


@pytest.fixture(scope="module")
def stack(
    emulator: EmulatorProcess, objects: DomainObjects, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("engine")
    workspace = Workspace(folder / "state", emulator.port)
    workspace.prepare()
    made = Stack(Pulumi(workspace, cli(), project(folder / "program", "types", PROGRAM), "types"), {}, "types")
    made.pulumi.select_stack()
    made.set(
        domain=objects.domain,
        producer=objects.producer,
        consumer=objects.consumer,
        environment=objects.environment,
        roles=list(objects.roles),
        manage=objects.manage_role,
        admin=f"arn:aws:iam::{CONSUMER}:role/Admin",
        model=FIRST,
        adopt=False,
        breaking=False,
    )
    yield made


def fault(emulator: EmulatorProcess, operation: str) -> None:
    emulator.admin("POST", "faults", {"service": "datazone", "operation": operation, "kind": "access_denied"})


def test_a_failure_half_way_is_finished_by_the_next_up(stack: Stack, emulator: EmulatorProcess) -> None:
    fault(emulator, "CreateAssetType")
    with pytest.raises(LocalError, match="datazone:CreateAssetType failed with AccessDenied"):
        stack.up()
    emulator.admin("DELETE", "faults")
    outputs = stack.up()
    assert (outputs["form"], outputs["assets"]) == ("1", "1")
    stack.settled()


def test_a_new_form_revision_leads_to_a_new_asset_type_revision_and_to_nothing_else(stack: Stack) -> None:
    stack.set(model=SECOND)
    assert stack.preview() == {"form": "update", "assets": "update"}
    target = stack.pulumi.outputs()["target"]
    outputs = stack.up()
    assert (outputs["form"], outputs["assets"], outputs["target"]) == ("2", "2", target)
    stack.settled()


def test_the_same_model_in_another_dress_changes_nothing(stack: Stack) -> None:
    stack.set(model="// the same\n" + SECOND.replace("\n  ", "\n\n      "))
    assert stack.preview() == {}
    stack.set(model=SECOND)


def test_a_model_that_is_not_smithy_fails_in_the_preview(stack: Stack) -> None:
    stack.set(model="structure EngineForm { topic String }")
    result = stack.pulumi.run("preview", "--stack", stack.pulumi.stack, check=False)
    assert result.returncode != 0
    assert "model is not Smithy: expected ':' but found 'String' in line 1" in result.stdout + result.stderr
    stack.set(model=SECOND)


def test_a_breaking_change_is_refused_in_the_preview_unless_it_is_allowed(stack: Stack) -> None:
    stack.set(model="structure EngineForm {\n  @required\n  topic: Integer\n}")
    result = stack.pulumi.run("preview", "--stack", stack.pulumi.stack, check=False)
    told = "EngineForm.note is removed; EngineForm.topic changes its type from String to Integer"
    assert result.returncode != 0
    assert f"assets written so far cannot follow: {told}. Make new fields optional" in result.stdout + result.stderr
    stack.set(breaking=True)
    assert stack.preview() == {"form": "update", "assets": "update"}
    # Allowing it is no change by itself.
    stack.set(model=SECOND)
    assert stack.preview() == {}
    stack.set(breaking=False)


def test_drift_is_seen_by_refresh_and_repaired_by_up(stack: Stack, client: Client, objects: DomainObjects) -> None:
    datazone = client("datazone")
    datazone.create_form_type(
        domainIdentifier=objects.domain,
        name="EngineForm",
        model={"smithy": "structure EngineForm { byHand: String }"},
        owningProjectIdentifier=objects.producer,
        status="ENABLED",
    )
    held, printed = stack.pulumi.expect_no_changes("refresh")
    assert not held
    assert "byHand" in printed
    stack.up()
    live = datazone.get_form_type(domainIdentifier=objects.domain, formTypeIdentifier="EngineForm")
    assert "note" in live["model"]["smithy"]
    stack.settled()


def test_what_was_deleted_by_hand_is_made_again(stack: Stack, client: Client, objects: DomainObjects) -> None:
    target = stack.pulumi.outputs()["target"]
    client("datazone", CONSUMER).delete_subscription_target(
        domainIdentifier=objects.domain, environmentIdentifier=objects.environment, identifier=target
    )
    stack.pulumi.operation("refresh")
    assert stack.preview() == {"target": "create"}
    assert stack.up()["target"] != target
    stack.settled()


def test_destroy_refuses_while_assets_live_and_loses_nothing(
    stack: Stack, client: Client, objects: DomainObjects
) -> None:
    datazone = client("datazone")
    asset = datazone.create_asset(
        domainIdentifier=objects.domain,
        name="live-topic",
        typeIdentifier="EngineType",
        owningProjectIdentifier=objects.producer,
        formsInput=[{"formName": "EngineForm", "typeIdentifier": "EngineForm", "content": '{"topic":"t"}'}],
    )["id"]
    with pytest.raises(LocalError, match=rf"EngineType cannot be deleted while 1 asset.*live-topic \({asset}\)"):
        stack.pulumi.operation("destroy")
    stack.up()
    stack.settled()
    datazone.delete_asset(domainIdentifier=objects.domain, identifier=asset)
    stack.pulumi.operation("destroy")
    assert stack.pulumi.resource_count() == 0


def test_what_exists_is_refused_then_adopted_then_owned(stack: Stack, client: Client, objects: DomainObjects) -> None:
    client("datazone").create_form_type(
        domainIdentifier=objects.domain,
        name="EngineForm",
        model={"smithy": FIRST},
        owningProjectIdentifier=objects.producer,
        status="ENABLED",
    )
    with pytest.raises(LocalError, match=r"(?s)form type EngineForm exists already.*adopt_existing"):
        stack.up()
    stack.set(adopt=True)
    assert stack.up()["form"] == "2"
    stack.set(adopt=False)
    assert set(stack.preview().values()) == {"update"}
    assert stack.up()["form"] == "2"
    stack.settled()
    stack.pulumi.operation("destroy")
