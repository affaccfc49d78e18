"""Lambda SnapStart turned on, updated and given up, under the real engine: versions, the alias, and what is deleted.

What it does not prove: what pulumi-aws and Lambda do, which is the stand-in's and the emulator's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine import stacks
from tests.engine.stacks import cli, project
from tests.sandbox import PRODUCER, Client, EmulatorProcess, client, emulator
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import Workspace

__all__ = ["client", "emulator"]
pytestmark = [pytest.mark.engine, pytest.mark.emulator]
FUNCTION = "snaps-apply"
PROGRAM = """
import pulumi
from streamgov_pulumi import EnvironmentAuthorizer

settings = pulumi.Config().require_object("settings")
EnvironmentAuthorizer("member", {
    "account": {"account_id": "222222222222", "region": "us-east-1", "namespace": "snaps",
        "assume_role_arn": "arn:aws:iam::222222222222:role/Admin",
        "provider_flags": {"skip_metadata_api_check": True}},
    "domain_id": "dzd-4p9n6sw4qt9xgn", "domain_account": "111111111111",
    "consumer_roles": settings["roles"], "deletion_protection": False, **settings["option"],
})
"""


class Stack(stacks.SettingsStack):
    """A stack of the program."""

    def up(self) -> None:
        """Deploy."""
        self.pulumi.operation("up")


@pytest.fixture
def stack(emulator: EmulatorProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("snaps")
    workspace = Workspace(folder / "state", emulator.port)
    workspace.prepare()
    made = Stack(Pulumi(workspace, cli(), project(folder / "program", "snaps", PROGRAM), "snaps"), {}, "snaps")
    made.pulumi.select_stack()
    yield made.set(option={}, roles=["arn:aws:iam::222222222222:role/streaming/*"])
    made.pulumi.operation("destroy")


def test_turned_on_updated_given_up_and_gone(stack: Stack, client: Client) -> None:
    lambda_ = client("lambda", PRODUCER)

    def versions() -> list[str]:
        found = lambda_.list_versions_by_function(FunctionName=FUNCTION)["Versions"]
        return [item["Version"] for item in found if item["Version"] != "$LATEST"]

    def alias() -> Any:
        return lambda_.get_alias(FunctionName=FUNCTION, Name="live")["FunctionVersion"]

    stack.up()
    assert versions() == []

    stack.set(option={"snap_start": True}).up()
    stack.silent("refresh", "preview")
    assert (versions(), alias()) == (["1"], "1")
    found = lambda_.get_function_configuration(FunctionName=FUNCTION, Qualifier="live")
    assert (found["State"], found["SnapStart"]["OptimizationStatus"]) == ("Active", "On")

    steps = stack.set(roles=["arn:aws:iam::222222222222:role/jobs/*"]).preview()
    assert (steps["member-apply-version"], steps["member-apply-alias"]) == ("replace", "update")
    assert "member-machine" not in steps
    stack.up()
    assert (versions(), alias()) == (["2"], "2")

    stack.set(option={"snap_start": False}).up()
    assert (versions(), alias()) == ([], "$LATEST")

    stack.set(option={}).up()
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        alias()
