"""The examples in YAML under the real engine: deployed as they stand, with somebody's ids put in."""

from __future__ import annotations

import json
import os
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.stacks import ROOT, Cloud, Portal, Shell, Stack, cli
from tests.integration.full_runs import ended
from tests.sandbox import run_emulator
from tests.wheel import install
from tools.dev.pulumi import Pulumi
from tools.dev.workspace import Workspace, ensure_yaml_host

pytestmark = [pytest.mark.engine, pytest.mark.emulator]
DOMAIN, MEMBER = "444455556666", "777788889999"
READER, SECOND = (f"arn:aws:iam::{MEMBER}:role/streaming/{name}" for name in ("fraud-job", "second-job"))


@dataclass
class Place:
    """Two accounts with what the examples take for granted."""

    cloud: Cloud
    portal: Portal
    unit: str
    state: Path
    yaml_host: Path

    def program(self, folder: Path, name: str = "", plugin: Path = ROOT / "plugin") -> Path:
        """A copy of an example, which finds the plugin where it says."""
        text = (ROOT / "examples" / "yaml" / name / "Pulumi.yaml").read_text()
        for placeholder, real in {
            "dzd-4p9n6sw4qt9xgn": self.portal.domain,
            "3b1c2d4e5f6g7h": self.portal.projects["types"],
            "4r5o6o7t8u9n0t": self.unit,
            "1p2r3o4d5u6c7e": self.portal.projects["orders"],
            "9a8b7c6d5e4f3g": self.portal.environments["orders"],
        }.items():
            text = text.replace(placeholder, real)
        copy = folder / "examples" / "yaml" / name
        copy.mkdir(parents=True)
        (copy / "Pulumi.yaml").write_text(text)
        (folder / "plugin").symlink_to(plugin)
        return copy

    def stack(self, program: Path, account: str, first: tuple[Path, ...] = (), **added: str) -> Stack:
        """A stack of a copied example, run by the account's team."""
        shell = Shell(
            self.state, self.cloud.emulator.port, (*first, self.yaml_host), {**self.cloud.credentials(account), **added}
        )
        pulumi = Pulumi(shell, cli(), program, "yaml")
        pulumi.select_stack()
        return Stack(pulumi, {})

    def targets(self) -> list[dict[str, Any]]:
        """The subscription targets of the member's environment, as DataZone has them."""
        api = self.cloud.client("datazone", MEMBER)
        where = {"domainIdentifier": self.portal.domain, "environmentIdentifier": self.portal.environments["orders"]}
        return [
            api.get_subscription_target(**where, identifier=item["id"])
            for item in api.list_subscription_targets(**where)["items"]
        ]

    def machines(self, account: str) -> set[str]:
        """The names of an account's state machines."""
        found = self.cloud.client("stepfunctions", account).list_state_machines()["stateMachines"]
        return {item["name"] for item in found}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    prepared = os.environ.get("STREAMGOV_YAML_DIR")
    folder = tmp_path_factory.mktemp("yaml")
    process, emulator = run_emulator(folder, EMULATOR_ACCOUNTS=f"{DOMAIN},{MEMBER}")
    try:
        cloud = Cloud(emulator, DOMAIN)
        portal = cloud.portal({"types": MEMBER, "orders": MEMBER})
        for arn in (READER, SECOND):
            cloud.role(MEMBER, arn.rsplit("/", 1)[1], path="/streaming/")
        cloud.cluster(MEMBER, "orders")
        cloud.client("glue", MEMBER).create_registry(RegistryName="orders")
        state = folder / "state"
        Workspace(state, emulator.port).prepare()
        unit = cloud.client("datazone").get_domain(identifier=portal.domain)["rootDomainUnitId"]
        yield Place(cloud, portal, unit, state, Path(prepared) if prepared else ensure_yaml_host())
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def without_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Python that has this environment's packages, but not the checkout's."""
    folder = tmp_path_factory.mktemp("python") / "venv"
    venv.create(folder, symlinks=True)
    # A .pth file that is found through another one is not read: the checkout's own entry ends here.
    Path(sysconfig.get_path("purelib", vars={"base": str(folder)}), "packages.pth").write_text(
        sysconfig.get_path("purelib") + "\n"
    )
    return folder / "bin"


def test_without_the_package_in_the_python_on_path_one_sentence_says_what_to_install(
    place: Place, tmp_path: Path, without_package: Path
) -> None:
    """Found at preview, before anything is registered."""
    printed = place.stack(place.program(tmp_path), MEMBER, (without_package,)).refused()
    assert f"Install it there: python3 -m pip install {ROOT};" in printed
    assert "No module named 'streamgov_pulumi'" in printed
    assert "Traceback" not in printed and "aws:" not in printed


def test_a_mistake_in_the_program_is_one_sentence(place: Place, tmp_path: Path) -> None:
    program = place.program(tmp_path)
    text = (program / "Pulumi.yaml").read_text()
    (program / "Pulumi.yaml").write_text(text.replace('account: "777788889999"', 'account: "77778888999"'))
    printed = place.stack(program, MEMBER, PYTHONPATH=str(ROOT)).refused()
    assert "'77778888999'" in printed and "12 digits" in printed
    assert "Traceback" not in printed and "File " not in printed


@pytest.fixture(scope="module")
def deployed(place: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Stack, Stack]:
    """Both examples from the checkout, the member's first: its role is a contributor of the domain's."""
    stacks = []
    for name, account in (("", MEMBER), ("domain", DOMAIN)):
        program = place.program(tmp_path_factory.mktemp("program"), name)
        stack = place.stack(program, account, PYTHONPATH=str(ROOT))
        assert set(stack.preview().values()) == {"create"}
        stack.pulumi.operation("up")
        stacks.append(stack)
    return stacks[0], stacks[1]


def test_the_member_example_is_what_it_says(place: Place, deployed: tuple[Stack, Stack], without_package: Path) -> None:
    member, _ = deployed
    [target] = place.targets()
    role = f"arn:aws:iam::{MEMBER}:role/streamgov/streamgov/streamgov-eu-west-1-"
    assert member.pulumi.outputs() == {
        "assetTypes": {},  # its own stack makes none
        "dataSourceRoleArns": {f"{MEMBER}/orders": f"{role}sync-orders"},
        "boundaryArns": {MEMBER: f"{role.replace(':role/', ':policy/')}consumer-boundary"},
        "targetIds": {f"{MEMBER}/payments": target["id"]},
    }
    assert target["authorizedPrincipals"] == [READER]
    assert target["applicableAssetTypes"] == ["MskTopicAssetType"]
    assert place.machines(MEMBER) == {"streamgov-member", "streamgov-sync-orders"}
    function = place.cloud.client("lambda", MEMBER).get_function_configuration(FunctionName="streamgov-sync-orders")
    variables = function["Environment"]["Variables"]
    assert variables["STREAMGOV_PROJECT_ID"] == place.portal.projects["orders"]
    member.silent("preview", "refresh")
    unprepared = place.stack(member.pulumi.program, MEMBER, (without_package,))
    assert "No module named 'streamgov_pulumi'" in unprepared.refused("refresh"), (
        "no component runs that could look first"
    )


def test_the_domain_example_is_what_it_says(place: Place, deployed: tuple[Stack, Stack]) -> None:
    _, domain = deployed
    assert place.machines(DOMAIN) == {"streamgov-central"}
    outputs = domain.pulumi.outputs()
    assert outputs.pop("centralMachineArn") == f"arn:aws:states:eu-west-1:{DOMAIN}:stateMachine:streamgov-central"
    assert outputs.pop("shareArn").startswith(f"arn:aws:ram:eu-west-1:{DOMAIN}:resource-share/")
    assert outputs == {
        "assetTypes": {"kinesis": "KinesisStreamAssetType", "msk": "MskTopicAssetType"},
        "requestFormName": "StreamAccessRequestFormType",
    }
    api = place.cloud.client("datazone")
    for name in outputs["assetTypes"].values():
        found = api.get_asset_type(domainIdentifier=place.portal.domain, identifier=name)
        assert found["owningProjectId"] == place.portal.projects["types"]
    domain.silent()


def test_a_schema_becomes_an_asset_between_the_two(place: Place, deployed: tuple[Stack, Stack]) -> None:
    """The member's function works with the types and the membership that the domain's stack made."""
    record = {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}
    place.cloud.client("glue", MEMBER).create_schema(
        RegistryId={"RegistryName": "orders"},
        SchemaName="orders.placed",
        DataFormat="AVRO",
        Compatibility="BACKWARD",
        SchemaDefinition=json.dumps(record),
    )
    answer = place.cloud.client("lambda", MEMBER).invoke(
        FunctionName="streamgov-sync-orders", Payload=json.dumps({"action": "sync"})
    )
    started = json.load(answer["Payload"])
    assert "FunctionError" not in answer, started
    run = ended(place.cloud.client("stepfunctions", MEMBER), started["started"])
    assert run["status"] == "SUCCEEDED", run
    found = place.cloud.client("datazone").search(
        domainIdentifier=place.portal.domain,
        searchScope="ASSET",
        owningProjectIdentifier=place.portal.projects["orders"],
    )["items"]
    [asset] = [item["assetItem"] for item in found]
    assert asset["typeIdentifier"] == "MskTopicAssetType"
    assert asset["name"] == "orders.placed"


def test_a_change_shows_itself_and_everything_goes(place: Place, deployed: tuple[Stack, Stack]) -> None:
    member, domain = deployed
    path = member.pulumi.program / "Pulumi.yaml"
    path.write_text(path.read_text().replace("role/streaming/fraud-job", "role/streaming/second-job"))
    account = f"streams-{MEMBER}"
    assert member.preview() == {
        # The target itself; who may be given policies, by a new version of the function's settings; and the guard that
        # tells what hangs on the target.
        f"{account}-target-payments": "update",
        f"{account}-apply": "update",
        f"{account}-apply-policy": "update",
        f"{account}-apply-settings": "replace",
        "streams-destroy-guard": "update",
    }
    for stack in (member, domain):
        path = stack.pulumi.program / "Pulumi.yaml"
        path.write_text(
            path.read_text().replace("      domain:\n", "      deletionProtection: false\n      domain:\n", 1)
        )
        stack.pulumi.operation("up")
    [target] = place.targets()
    assert target["authorizedPrincipals"] == [SECOND]
    api = place.cloud.client("datazone")
    for item in api.search(domainIdentifier=place.portal.domain, searchScope="ASSET")["items"]:
        # A data source's assets outlive it.
        api.delete_asset(domainIdentifier=place.portal.domain, identifier=item["assetItem"]["identifier"])
    for stack in (domain, member):
        stack.pulumi.operation("destroy")
        assert stack.pulumi.resource_count() == 0
    assert place.targets() == []
    assert place.machines(MEMBER) == place.machines(DOMAIN) == set()


def test_the_member_example_from_the_wheel(place: Place, tmp_path: Path) -> None:
    """An environment with the wheel first on PATH is all that a YAML program needs; nothing is the checkout's."""
    wheel = install(tmp_path / "wheel")
    program = place.program(tmp_path / "program", plugin=wheel.plugin)
    text = (program / "Pulumi.yaml").read_text()
    text = text.replace("namespace: streamgov", "namespace: from-wheel")
    (program / "Pulumi.yaml").write_text(
        text.replace("      domain:\n", "      deletionProtection: false\n      domain:\n", 1)
    )
    stack = place.stack(program, MEMBER, (wheel.python.parent,))
    assert set(stack.preview().values()) == {"create"}
    stack.pulumi.operation("up")
    assert place.machines(MEMBER) == {"from-wheel-member", "from-wheel-sync-orders"}
    stack.silent()
    stack.pulumi.operation("destroy")
    assert stack.pulumi.resource_count() == 0
