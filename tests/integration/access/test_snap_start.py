"""Lambda SnapStart as an option: of both sides, of one, and changed under grants that are being carried out."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from streamgov_core.deploy.spec import FunctionSpec
from streamgov_pulumi.packaging import build_bundle
from tests.integration.access.conftest import MEMBERS, Deployment, deployed
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN

Option = bool | None


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment of its own: its machines and functions are changed."""
    with deployed(tmp_path_factory.mktemp("emulator")) as made:
        yield made


def switch(deployment: Deployment, domain: Option, member: Option) -> None:
    """What a deployment with other values of the option does."""
    deployment.deployer.change(DOMAIN, deployment.described(reconcile_schedule="", snap_start=domain))
    for account in MEMBERS:
        deployment.deployer.change(account, deployment.described_member(account, snap_start=member))


def ask(deployment: Deployment, topic: str) -> tuple[str, str, str]:
    """Begin a grant of a topic: the grant, the role that is to have access, and the topic's ARN."""
    role = deployment.make_role(CONSUMER)
    _, listing = deployment.make_asset(topic)
    deployment.subscribe(listing)
    grant = deployment.grant(listing, deployment.make_target([role]))
    return grant, role, deployment.cluster.replace(":cluster/", ":topic/") + f"/{topic}"


def ran(deployment: Deployment, account: str, function: FunctionSpec) -> set[str]:
    """The versions of a function that have run, which its log streams name."""
    streams = deployment.client("logs", account).describe_log_streams(logGroupName=function.log_group)["logStreams"]
    return {stream["logStreamName"].partition("[")[2].partition("]")[0] for stream in streams}


def published(deployment: Deployment, account: str, function: FunctionSpec) -> list[str]:
    found = deployment.client("lambda", account).list_versions_by_function(FunctionName=function.name)["Versions"]
    return [item["Version"] for item in found if item["Version"] != "$LATEST"]


@pytest.mark.parametrize(
    ("domain", "member"), [(None, True), (True, None), (True, True)], ids=["member", "domain", "both"]
)
def test_a_grant_across_accounts_and_its_revoke(own: Deployment, domain: Option, member: Option) -> None:
    switch(own, domain, member)
    before = {account: published(own, account, own.described_member(account).apply) for account in MEMBERS}
    assert all(len(versions) == (1 if member else 0) for versions in before.values()), before
    grant, role, topic = ask(own, f"orders-{domain}-{member}".lower())
    assert own.settled(grant)["status"] == "GRANTED"
    assert own.may(role, "kafka-cluster:ReadData", topic)
    apply, collect = own.described_member(CONSUMER).apply, own.described().collect
    for account, function, on in ((CONSUMER, apply, member), (DOMAIN, collect, domain)):
        expected = published(own, account, function)[-1] if on else "$LATEST"
        assert expected in ran(own, account, function)
    own.revoke(grant)
    assert own.settled(grant)["status"] == "REVOKED"
    assert not own.may(role, "kafka-cluster:ReadData", topic)
    history = json.dumps(
        [
            own.client("stepfunctions").get_execution_history(executionArn=item["executionArn"])["events"]
            for item in own.executions_of(grant)
        ],
        default=str,
    )
    assert (":live" in history) == bool(domain)


def test_other_code_is_another_version_that_the_alias_names(own: Deployment) -> None:
    switch(own, True, True)
    function = own.described_member(CONSUMER, snap_start=True).apply
    lambda_ = own.client("lambda", CONSUMER)
    [former] = published(own, CONSUMER, function)
    bundle = io.BytesIO(build_bundle(function.entry_point).read_bytes())
    with zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr("released.txt", "anew")
    lambda_.update_function_code(FunctionName=function.name, ZipFile=bundle.getvalue())
    assert lambda_.get_alias(FunctionName=function.name, Name="live")["FunctionVersion"] == former
    own.deployer.alias(CONSUMER, function)
    [newest] = published(own, CONSUMER, function)
    assert int(newest) == int(former) + 1
    grant, role, topic = ask(own, "released")
    assert own.settled(grant)["status"] == "GRANTED"
    assert own.may(role, "kafka-cluster:ReadData", topic)
    assert newest in ran(own, CONSUMER, function)


@pytest.mark.parametrize(("before", "after"), [(None, True), (True, False)], ids=["on", "off"])
def test_a_grant_that_is_being_carried_out_when_the_option_changes(
    own: Deployment, before: Option, after: Option
) -> None:
    """Its executions go on with the definitions that they began with, and name what those name."""
    switch(own, before, before)
    function = own.described_member(CONSUMER).apply
    lambda_ = own.client("lambda", CONSUMER)
    lambda_.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    grant, role, topic = ask(own, f"held-{before}".lower())
    states = own.client("stepfunctions", CONSUMER)
    machine = own.described_member(CONSUMER).machine.arn
    running = eventually(
        lambda: states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"], bool
    )
    switch(own, after, after)
    lambda_.delete_function_concurrency(FunctionName=function.name)
    assert own.settled(grant)["status"] == "GRANTED"
    assert own.may(role, "kafka-cluster:ReadData", topic)
    assert states.describe_execution(executionArn=running[0]["executionArn"])["status"] == "SUCCEEDED"
    assert len(own.executions_of(grant)) == 1
