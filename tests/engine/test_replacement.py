"""Replacing and keeping what lives, on the real engine: forced replacements, typos in ids, and resource options.

A replacement that nobody's diff asked for (``--replace``, ``state taint``, ``replacement_trigger``) deletes first or is
refused without harm. What it does not prove: what DataZone does, which is the emulator's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine import stacks
from tests.engine.stacks import cli, project
from tests.provider.conftest import DomainObjects
from tests.provider.conftest import lone_objects as objects
from tests.sandbox import CONSUMER, Client, EmulatorProcess, client, emulator
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import Workspace

__all__ = ["client", "emulator", "objects"]
pytestmark = [pytest.mark.engine, pytest.mark.emulator]
PROGRAM = """
import pulumi
from streamgov_pulumi import AssetType, FormType, ProjectMembership, Rule, SubscriptionTarget

settings = pulumi.Config().require_object("settings")
parts, names = settings["parts"], settings["names"]
base = {"region": "us-east-1", "domain_id": settings["domain"], "adopt_existing": settings["adopt"]}
owned = {**base, "owning_project_id": settings["producer"], "description": settings["description"]}


def options(word):
    given = dict(settings["options"].get(word, {}))
    if "aliases" in given:
        given["aliases"] = [pulumi.Alias(name=name) for name in given["aliases"]]
    return pulumi.ResourceOptions(**given)


def name(word):
    return names.get(word, word)


form = FormType(name("form"), {**owned, "name": "ReplForm", "model": "structure ReplForm { topic: String }"},
                options("form"))
if "assets" in parts:
    AssetType("assets", {**owned, "name": "ReplType", "forms": {
        "ReplForm": {"type_identifier": form.name, "type_revision": form.revision, "required": True}}},
        options("assets"))
if "target" in parts:
    made = SubscriptionTarget("target", {**base, "environment_id": settings["environment"], "name": "repl",
        "authorized_principals": [settings["role"]], "applicable_asset_types": ["ReplType"],
        "manage_access_role": settings["manage"], "assume_role_arn": settings["admin"]}, options("target"))
    pulumi.export("target", made.target_id)
if "member" in parts:
    ProjectMembership("member", {**base, "project_id": settings["project"], "user_identifier": settings["role"],
        "designation": settings["designation"]}, options("member"))
if "rule" in parts:
    rule = Rule("rule", {**base, "name": "repl", "action": "CREATE_SUBSCRIPTION_REQUEST",
        "metadata_forms": [{"type_identifier": form.name, "type_revision": form.revision}]}, options("rule"))
    pulumi.export("rule", rule.rule_id)
"""


class Stack(stacks.SettingsStack):
    """A stack of the program."""

    def up(self, *extra: str) -> str:
        """What a successful `up` prints."""
        return self._printed(self._up(*extra), 0)

    def refused_up(self, *extra: str) -> str:
        """What a failing `up` prints."""
        return self._printed(self._up(*extra), 255)

    def _up(self, *extra: str) -> Any:
        stack = self.pulumi.stack
        return self.pulumi.run(
            "up", "--yes", "--skip-preview", "--color", "never", "--stack", stack, *extra, check=False
        )

    @staticmethod
    def _printed(result: Any, code: int) -> str:
        printed = stacks.one_line(result.stdout + result.stderr)
        assert (result.returncode == 0) == (code == 0), printed
        assert "Traceback" not in printed
        return printed

    def urn(self, name: str) -> str:
        """The resource's name in the state."""
        state = json.loads(self.pulumi.run("stack", "export", "--stack", self.pulumi.stack).stdout)
        [found] = [item["urn"] for item in state["deployment"]["resources"] if item["urn"].endswith(f"::{name}")]
        return str(found)

    def settled(self) -> None:
        self.silent("refresh", "preview")


@pytest.fixture
def stack(
    emulator: EmulatorProcess, objects: DomainObjects, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("replacement")
    workspace = Workspace(folder / "state", emulator.port)
    workspace.prepare()
    made = Stack(Pulumi(workspace, cli(), project(folder / "program", "repl", PROGRAM), "repl"), {}, "repl")
    made.pulumi.select_stack()
    made.set(
        parts=[], names={}, options={}, adopt=False, description="first", domain=objects.domain,
        producer=objects.producer, environment=objects.environment, role=objects.roles[0],
        manage=objects.manage_role, project=objects.consumer,
        admin=f"arn:aws:iam::{CONSUMER}:role/Admin", designation="PROJECT_CONTRIBUTOR",
    )  # fmt: skip
    yield made
    made.set(options={}, adopt=False).pulumi.operation("destroy")


def lives(client: Client, objects: DomainObjects, name: str = "ReplForm") -> bool:
    datazone = client("datazone")
    try:
        datazone.get_form_type(domainIdentifier=objects.domain, formTypeIdentifier=name)
    except datazone.exceptions.ResourceNotFoundException:
        return False
    return True


@pytest.mark.parametrize("adopt", [False, True])
def test_a_forced_replacement_deletes_first(stack: Stack, client: Client, objects: DomainObjects, adopt: bool) -> None:
    stack.set(adopt=adopt).up()
    urn = stack.urn("form")
    stack.up("--replace", urn)
    assert lives(client, objects)
    stack.settled()
    stack.pulumi.run("state", "taint", urn, "--yes", "--stack", stack.pulumi.stack)
    assert stack.preview() == {"form": "replace"}
    stack.up()
    assert lives(client, objects)
    stack.settled()
    # The SDK tells the engine of no single change of a dynamic resource: this is an update, which harms nothing.
    stack.set(options={"form": {"replace_on_changes": ["*"]}}, description="second")
    assert stack.preview() == {"form": "update"}
    stack.up()
    stack.settled()
    stack.set(options={"form": {"replacement_trigger": "a"}}).up()
    stack.set(options={"form": {"replacement_trigger": "b"}})
    assert stack.preview() == {"form": "replace"}
    stack.up()
    assert lives(client, objects)
    stack.settled()


@pytest.mark.parametrize("adopt", [False, True])
def test_a_forced_replacement_of_what_is_in_use_is_refused_before_anything_changed(
    stack: Stack, client: Client, objects: DomainObjects, adopt: bool
) -> None:
    stack.set(parts=["assets"], adopt=adopt).up()
    told = stack.refused_up("--replace", stack.urn("form"))
    assert "form type ReplForm cannot be deleted: the asset types ReplType use it; remove those first" in told
    live = client("datazone").get_form_type(domainIdentifier=objects.domain, formTypeIdentifier="ReplForm")
    assert (live["status"], live["revision"]) == ("ENABLED", "1")
    stack.settled()


@pytest.mark.parametrize("kind", ["member", "rule"])
def test_what_deletion_does_not_refuse_is_refused_at_creation_or_deleted_first(stack: Stack, kind: str) -> None:
    stack.set(parts=[kind]).up()
    urn = stack.urn(kind)
    assert "already" in stack.refused_up("--replace", urn)
    stack.settled()
    # What the refusal says would help: it must do no harm either.
    stack.set(adopt=True).up()
    stack.up("--replace", urn)
    stack.settled()


def test_the_new_member_is_there_before_the_old_one_goes(
    stack: Stack, client: Client, objects: DomainObjects, emulator: EmulatorProcess
) -> None:
    stack.set(parts=["member"]).up()
    emulator.admin(
        "POST", "faults", {"service": "datazone", "operation": "CreateProjectMembership", "kind": "access_denied"}
    )
    stack.set(role=objects.roles[1])
    assert "CreateProjectMembership failed with AccessDenied" in stack.refused_up()
    emulator.admin("DELETE", "faults")
    members = client("datazone").list_project_memberships(
        domainIdentifier=objects.domain, projectIdentifier=objects.consumer
    )["members"]
    assert [item["designation"] for item in members].count("PROJECT_CONTRIBUTOR") == 1
    stack.up()
    stack.settled()


def test_a_rename_that_adopts_keeps_what_it_adopted(stack: Stack, client: Client, objects: DomainObjects) -> None:
    """Without an alias the engine makes the new one and then deletes the old one: of the same object."""
    stack.set(parts=["member"]).up()
    stack.set(names={"form": "other"}, adopt=True)
    assert "is kept: another resource of this program has taken it over" in stack.up()
    assert lives(client, objects)
    stack.set(adopt=False).up()
    stack.settled()


def test_a_typo_in_an_id_costs_nothing(stack: Stack, client: Client, objects: DomainObjects) -> None:
    stack.set(parts=["assets", "target", "member"]).up()
    target = stack.pulumi.outputs()["target"]
    typo = "9typo000000000"
    for key, name in (("environment", "environment_id"), ("producer", "owning_project_id"), ("project", "project_id")):
        good = stack.config["settings"][key]
        stack.set(**{key: typo})
        for told in (stacks.one_line(stack.refused()), stack.refused_up()):
            assert f"{name} is '{typo}', and domain {objects.domain} has no " in told
        stack.set(**{key: good})
    good, nowhere = stack.config["settings"]["domain"], "dzd-nowhere000000"
    stack.set(domain=nowhere)
    for told in (stacks.one_line(stack.refused()), stack.refused_up()):
        assert f"domain_id is '{nowhere}', and DataZone shows no such domain" in told
    stack.set(domain=good)
    stack.settled()
    assert stack.pulumi.outputs()["target"] == target
    client("datazone", CONSUMER).get_subscription_target(
        domainIdentifier=objects.domain, environmentIdentifier=objects.environment, identifier=target
    )


def test_resource_options_mean_what_they_say(stack: Stack, client: Client, objects: DomainObjects) -> None:
    stack.set(parts=["assets"]).up()
    # A rename with an alias, and the alias gone afterwards: the same object, untouched.
    stack.set(names={"form": "renamed"}, options={"form": {"aliases": ["form"]}})
    assert set(stack.preview().values()) <= {"same"}
    stack.up()
    stack.set(options={})
    stack.settled()
    # Without an alias it would be another resource: what exists is not taken over, what is in use not deleted.
    stack.set(names={})
    assert "form type ReplForm exists already" in stack.refused_up()
    assert lives(client, objects)
    stack.set(names={"form": "renamed"}).up()
    stack.settled()
    stack.set(options={"form": {"ignore_changes": ["description"]}}, description="second")
    assert stack.preview() == {"assets": "update"}
    # Only what is targeted.
    stack.set(options={})
    assert stack.preview("--target", stack.urn("assets")) == {"assets": "update"}
    stack.up("--target", stack.urn("assets"))
    # A new revision of the form, whose number the asset type will pin, is not known yet.
    assert stack.preview() == {"renamed": "update", "assets": "update"}
    stack.up()
    # What is protected is not replaced, and the rest stays as it is.
    stack.set(options={"form": {"protect": True}}).up()
    assert "protect" in stack.refused_up("--replace", stack.urn("renamed"))
    assert lives(client, objects)
    stack.set(options={"form": {"protect": False}}).up()
    stack.settled()
