"""Each kind of change under the real engine, for each kind of resource of ours, and the components without a stack.

In place, replacement (after and before deletion), retained, a failure between deletion and creation, adoption with the
differences shown, deletion by hand. What it does not prove: what DataZone and MSK do, which is the emulator's.
"""

from __future__ import annotations

import re
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
REGION = "us-east-1"
PROGRAM = """
import pulumi
import pulumi_aws as aws
from streamgov_core.model.errors import ConfigError
from streamgov_pulumi import (
    AssetType, FormType, MskVpcConnection, ProjectMembership, StreamRequestForm, SubscriptionTarget
)

settings = pulumi.Config().require_object("settings")
parts, adopt = settings["parts"], settings["adopt"]


def base(kind):
    return {"region": "us-east-1", "domain_id": settings["domain"], "adopt_existing": kind in adopt}


def types():
    owned = {"owning_project_id": settings["producer"], "description": "ours"}
    form = FormType("form", {**base("form"), **owned, "name": "KindForm", "model": settings["model"]})
    assets = AssetType("assets", {**base("assets"), **owned, "name": "KindType", "forms": {
        "KindForm": {"type_identifier": form.name, "type_revision": form.revision, "required": True}}})
    SubscriptionTarget("target", {**base("target"), "environment_id": settings["environment"], "name": "kinds",
        "authorized_principals": settings["roles"], "applicable_asset_types": [assets.name],
        "manage_access_role": settings["manage"], "assume_role_arn": settings["admin"],
        "type": settings["target_type"]})


def member():
    ProjectMembership("member", {**base("member"), "project_id": settings["consumer"],
        "user_identifier": settings["roles"][0], "designation": settings["designation"]})


def lone():
    FormType("lone", {**base("lone"), "owning_project_id": settings["producer"], "name": settings["lone"],
        "model": "structure %s { topic: String }" % settings["lone"]},
        pulumi.ResourceOptions(retain_on_delete=settings["retain"]))


def request():
    StreamRequestForm("request", {"account": {"region": "us-east-1", "account_id": "111111111111",
        "namespace": "kinds"}, "domain_id": settings["domain"], "owning_project_id": settings["producer"],
        "adopt_existing": "request" in adopt, **settings["request"]})


def connection():
    provider = aws.Provider("consumer", region="us-east-1", allowed_account_ids=["333333333333"],
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=settings["admin"])], skip_metadata_api_check=True)
    made = MskVpcConnection("vpc", {"account": {"region": "us-east-1", "account_id": "333333333333",
        "tags": settings["tags"]}, "cluster_arn": settings["cluster"], "vpc_id": "vpc-1",
        "client_subnets": settings["subnets"], "security_groups": settings["groups"]},
        pulumi.ResourceOptions(providers=[provider]))
    pulumi.export("connection", made.connection_arn)


try:
    for part in parts:
        globals()[part]()
except ConfigError as error:
    raise pulumi.RunError(str(error)) from None
"""
MODEL = "structure KindForm {\n  @required\n  topic: String\n}"
BY_HAND = "structure KindForm {\n  @required\n  topic: String\n  byHand: String\n}"


class Stack(stacks.SettingsStack):
    """A stack of the program whose parts are chosen by settings."""

    def up(self) -> str:
        """What a successful `up` prints."""
        result = self.pulumi.run("up", "--yes", "--skip-preview", "--color", "never", "--stack", self.pulumi.stack)
        return result.stdout + result.stderr

    def refused(self, verb: str = "up") -> str:
        """What a failing command prints, in one line."""
        return stacks.one_line(super().refused(verb))

    def settled(self) -> None:
        self.silent("refresh", "preview")

    def destroyed(self) -> None:
        self.pulumi.operation("destroy")
        assert self.pulumi.resource_count() == 0


@pytest.fixture
def stack(
    emulator: EmulatorProcess, objects: DomainObjects, tmp_path_factory: pytest.TempPathFactory, request: Any
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("kinds")
    workspace = Workspace(folder / "state", emulator.port)
    workspace.prepare()
    made = Stack(Pulumi(workspace, cli(), project(folder / "program", "kinds", PROGRAM), "kinds"), {}, "kinds")
    made.pulumi.select_stack()
    made.set(
        parts=[], adopt=[], domain=objects.domain, producer=objects.producer, consumer=objects.consumer, model=MODEL,
        environment=objects.environment, roles=list(objects.roles), manage=objects.manage_role,
        admin=f"arn:aws:iam::{CONSUMER}:role/Admin", designation="PROJECT_CONTRIBUTOR", lone="LoneA", retain=False,
        target_type="IAM", request={}, tags={"team": "a"}, subnets=["subnet-1", "subnet-2"], groups=["sg-1"],
    )  # fmt: skip
    yield made
    emulator.admin("DELETE", "faults")


def form_type(client: Client, objects: DomainObjects, name: str) -> dict[str, Any] | None:
    datazone = client("datazone")
    try:
        found: dict[str, Any] = datazone.get_form_type(domainIdentifier=objects.domain, formTypeIdentifier=name)
    except datazone.exceptions.ResourceNotFoundException:
        return None
    return found


def test_each_kind_that_exists_is_refused_with_the_differences_and_adopted_with_them_shown(
    stack: Stack, client: Client, objects: DomainObjects
) -> None:
    datazone, where = client("datazone"), {"domainIdentifier": objects.domain}
    owned = {**where, "owningProjectIdentifier": objects.producer}
    datazone.create_form_type(**owned, name="KindForm", model={"smithy": MODEL}, status="ENABLED", description="old")
    datazone.create_asset_type(**owned, name="KindType", formsInput={}, description="old")
    datazone.create_project_membership(
        **where, projectIdentifier=objects.consumer, member={"userIdentifier": objects.roles[0]},
        designation="PROJECT_OWNER",
    )  # fmt: skip
    client("datazone", CONSUMER).create_subscription_target(
        **where, environmentIdentifier=objects.environment, name="kinds", type="IAM", provider="by hand",
        authorizedPrincipals=[objects.roles[1]], applicableAssetTypes=["KindType"], subscriptionTargetConfig=[],
        manageAccessRole=objects.manage_role,
    )  # fmt: skip
    told = {
        "form": 'form type KindForm exists already.*description: "old" there, "ours" wanted.*set adopt_existing',
        "member": f"{objects.roles[0]} is already a member of project {objects.consumer} as PROJECT_OWNER; "
        "PROJECT_CONTRIBUTOR is wanted.*set adopt_existing",
        "assets": 'asset type KindType exists already.*description: "old" there, "ours" wanted.*set adopt_existing',
        "target": "already has a subscription target named kinds.*authorized_principals: .* there, .* wanted",
    }
    shown = {
        "form": 'adopting form type KindForm: - description: "old" there, "ours" wanted',
        "member": f"adopting the membership of {objects.roles[0]} in project {objects.consumer}: "
        '- designation: "PROJECT_OWNER" there, "PROJECT_CONTRIBUTOR" wanted',
        "assets": 'adopting asset type KindType: - description: "old" there, "ours" wanted '
        "- forms.KindForm: null there, .* wanted",
        "target": 'adopting subscription target [^:]*: - provider_name: "by hand" there, "streamgov" wanted - '
        "authorized_principals: .*reader-2.* there, .*reader-1.* wanted",
    }
    # One after the other, as each needs the one before: each refusal names its own, and what was adopted stays so.
    stack.set(parts=["member"])
    printed = stack.refused()
    for kind, last in (("member", True), ("form", False), ("assets", False), ("target", True)):
        assert re.search(told[kind], printed), printed
        stack.set(adopt=[*stack.config["settings"]["adopt"], kind])
        printed = stacks.one_line(stack.up()) if last else stack.refused()
        assert re.search(shown[kind], printed), printed
        if kind == "member":
            printed = stack.set(parts=["member", "types"]).refused()
    stack.settled()
    live = datazone.get_asset_type(**where, identifier="KindType")
    assert live["description"] == "ours"
    assert "KindForm" in live["formsOutput"]
    # Adopting is for one `up`: afterwards the flag goes, and nothing but the flag changes.
    stack.set(adopt=[])
    assert {operation for _, operation in stack.steps()} == {"update"}
    revision = live["revision"]
    stack.up()
    assert datazone.get_asset_type(**where, identifier="KindType")["revision"] == revision
    # What cannot be changed in place.
    stack.set(target_type="IAM_ROLES", designation="PROJECT_OWNER")
    assert sorted(stack.steps()) == [("member", "replace"), ("target", "replace")]
    stack.up()
    # Deleted or changed by hand: refresh sees it, the next `up` repairs it.
    datazone.delete_project_membership(
        **where, projectIdentifier=objects.consumer, member={"userIdentifier": objects.roles[0]}
    )
    datazone.create_form_type(**owned, name="KindForm", model={"smithy": BY_HAND}, status="ENABLED", description="ours")
    stack.pulumi.operation("refresh")
    assert ("member", "create") in stack.steps()
    assert ("form", "update") in stack.steps()
    stack.up()
    stack.settled()
    stack.destroyed()


def test_a_replacement_that_fails_between_deletion_and_creation_is_finished_by_the_next_up(
    stack: Stack, client: Client, objects: DomainObjects, emulator: EmulatorProcess
) -> None:
    stack.set(parts=["lone"]).up()
    stack.set(lone="LoneB")
    assert stack.steps() == [("lone", "replace")]
    # The first call disables the old form, which must be so before it can be deleted; the second makes the new one.
    fault = {"service": "datazone", "operation": "CreateFormType", "kind": "access_denied", "nth": 2}
    emulator.admin("POST", "faults", fault)
    assert "datazone:CreateFormType failed with AccessDenied" in stack.refused()
    assert form_type(client, objects, "LoneA") is None  # or nothing was in the middle
    assert form_type(client, objects, "LoneB") is None
    emulator.admin("DELETE", "faults")
    stack.up()
    assert form_type(client, objects, "LoneB") is not None
    stack.settled()
    stack.destroyed()


def test_what_is_retained_outlives_the_stack_and_is_adopted_again(
    stack: Stack, client: Client, objects: DomainObjects
) -> None:
    stack.set(parts=["lone"], lone="LoneKept", retain=True).up()
    stack.set(parts=[])
    assert stack.steps() == [("lone", "delete")]
    stack.up()
    assert "FormType::lone" not in stack.pulumi.run("stack", "export", "--stack", stack.pulumi.stack).stdout
    before = form_type(client, objects, "LoneKept")
    assert before is not None
    # A replacement retains the old one, too.
    stack.set(parts=["lone"], adopt=["lone"])
    assert "adopting form type LoneKept: it does not differ from what is wanted" in stack.up()
    stack.set(lone="LoneC", adopt=[]).up()
    assert form_type(client, objects, "LoneKept") is not None
    stack.set(lone="LoneC", retain=False).up()
    stack.destroyed()
    assert form_type(client, objects, "LoneC") is None


def test_the_request_form_from_optional_to_required_and_back(
    stack: Stack, client: Client, objects: DomainObjects
) -> None:
    """StreamRequestForm: up, silent, changes in place, what it adds and takes away, adoption, destroy."""
    datazone = client("datazone")
    asked = f"{objects.domain}: the request form"
    stack.set(parts=["request"], request={"use": "required"})
    assert "asset_types of the request form is needed if the form is required" in stack.refused("preview"), asked
    stack.set(request={"use": "always"})
    assert "use of the request form must be one of optional, required, got 'always'" in stack.refused("preview")
    stack.set(request={})
    stack.up()
    stack.settled()
    [name] = [n for n in ("StreamAccessRequestFormTypeKinds",) if form_type(client, objects, n)]
    unit = datazone.get_domain(identifier=objects.domain)["rootDomainUnitId"]

    def rules() -> list[dict[str, Any]]:
        answer = datazone.list_rules(domainIdentifier=objects.domain, targetType="DOMAIN_UNIT", targetIdentifier=unit)
        return [rule for rule in answer["items"] if rule["name"] == "kinds-request-form"]

    assert rules() == []
    # A rule of that name that somebody made: refused with the differences, then adopted.
    form = {"typeIdentifier": name, "typeRevision": "1"}
    datazone.create_rule(
        domainIdentifier=objects.domain, name="kinds-request-form", description="by hand",
        action="CREATE_SUBSCRIPTION_REQUEST", target={"domainUnitTarget": {"domainUnitId": unit}},
        scope={"assetType": {"selectionMode": "ALL"}, "project": {"selectionMode": "ALL"}},
        detail={"metadataFormEnforcementDetail": {"requiredMetadataForms": [form]}},
    )  # fmt: skip
    stack.set(request={"use": "required", "asset_types": ["KindType"]})
    assert stack.steps() == [("request-rule", "create")]
    printed = stack.refused()
    assert re.search(r'already has a rule named kinds-request-form .*description: "by hand" there, "A subscr', printed)
    stack.set(adopt=["request"])
    printed = stacks.one_line(stack.up())
    assert re.search(r'adopting rule \S+: - .*asset_types: null there, \["KindType"\] wanted', printed), printed
    stack.set(adopt=[]).up()
    stack.settled()
    # In place.
    stack.set(request={"use": "required", "asset_types": ["KindType", "OtherType"], "data_products": True})
    assert stack.steps() == [("request-rule", "update")]
    stack.up()
    scope = datazone.get_rule(domainIdentifier=objects.domain, identifier=rules()[0]["identifier"])["scope"]
    assert scope["assetType"]["specificAssetTypes"] == ["KindType", "OtherType"]
    assert scope["dataProduct"] is True
    stack.settled()
    # Back to optional: the rule goes, the form stays.
    stack.set(request={"use": "optional"})
    assert stack.steps() == [("request-rule", "delete")]
    stack.up()
    assert rules() == []
    stack.destroyed()
    assert form_type(client, objects, name) is None


def test_a_vpc_connection_is_made_changed_in_place_replaced_and_destroyed(
    stack: Stack, client: Client, emulator: EmulatorProcess
) -> None:
    """MskVpcConnection, to a cluster of the same account; across accounts the cluster's policy must admit it, too."""
    kafka = client("kafka", CONSUMER)
    iam: dict[str, Any] = {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}
    cluster = kafka.create_cluster_v2(
        ClusterName="kinds-connected",
        Provisioned={
            "BrokerNodeGroupInfo": {"ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": "kafka.m7g.large"},
            "KafkaVersion": "3.8.x", "NumberOfBrokerNodes": 2, **iam,
        },
    )["ClusterArn"]  # fmt: skip
    stack.set(parts=["connection"], cluster="orders")
    assert "vpc: cluster_arn must be the ARN of an MSK cluster, got 'orders'" in stack.refused("preview")
    stack.set(cluster=cluster, subnets=["subnet-1"])
    assert "vpc: client_subnets must be two or three subnets, as many as the cluster has, got 1" in stack.refused(
        "preview"
    )
    stack.set(subnets=["subnet-1", "subnet-2"])
    # What the cluster's owner does first.
    assert "Multi-VPC private connectivity is not turned on" in stack.refused()
    info = kafka.describe_cluster_v2(ClusterArn=cluster)["ClusterInfo"]
    kafka.update_connectivity(
        ClusterArn=cluster, CurrentVersion=info["CurrentVersion"], ConnectivityInfo={"VpcConnectivity": iam}
    )
    stack.up()
    stack.settled()
    first = stack.pulumi.outputs()["connection"]
    own = kafka
    assert own.describe_vpc_connection(Arn=first)["Tags"] == {"team": "a"}
    stack.set(tags={"team": "b"})
    assert stack.steps() == [("vpc-connection", "update")]
    stack.up()
    assert own.describe_vpc_connection(Arn=first)["Tags"] == {"team": "b"}
    # Nothing of a connection can be changed: the new one is there before the old one goes.
    stack.set(groups=["sg-2"])
    assert stack.steps() == [("vpc-connection", "replace")]
    emulator.admin("POST", "faults", {"service": "kafka", "operation": "CreateVpcConnection", "kind": "access_denied"})
    assert "when calling the CreateVpcConnection operation" in stack.refused()
    assert own.describe_vpc_connection(Arn=first)["State"] == "AVAILABLE"
    emulator.admin("DELETE", "faults")
    stack.up()
    second = stack.pulumi.outputs()["connection"]
    assert second != first
    assert [row["VpcConnectionArn"] for row in own.list_vpc_connections()["VpcConnections"]] == [second]
    stack.settled()
    stack.destroyed()
    assert own.list_vpc_connections()["VpcConnections"] == []
