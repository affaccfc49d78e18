"""The process that the Pulumi engine starts for dynamic resources, driven over its own wire, against the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

from streamgov_core.deploy.iam_statements import function_trust
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER, ROOT, Client, EmulatorProcess, client, emulator

__all__ = ["client", "emulator"]
REGION = "us-east-1"


@dataclass
class Failed(Exception):
    """A call of the provider process failed."""

    text: str

    def __str__(self) -> str:
        return self.text


class Driver:
    """One dynamic provider, called as the engine calls it."""

    def __init__(self, stub: Any, provider: ResourceProvider) -> None:
        self._stub = stub
        self.reference = serialize_provider(provider)

    def _struct(self, values: Mapping[str, Any]) -> struct_pb2.Struct:
        made = struct_pb2.Struct()
        json_format.ParseDict({**values, "__provider": self.reference}, made)
        return made

    @staticmethod
    def _dict(struct: Any) -> dict[str, Any]:
        found: dict[str, Any] = json_format.MessageToDict(struct)
        found.pop("__provider", None)
        return found

    def check(self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], list[str]]:
        request = provider_pb2.CheckRequest(urn="urn:x", news=self._struct(news), olds=self._struct(olds or {}))
        answer = self._stub.Check(request)
        return self._dict(answer.inputs), [failure.reason for failure in answer.failures]

    def inputs(self, news: Mapping[str, Any]) -> dict[str, Any]:
        """The checked inputs, which must be right."""
        inputs, failures = self.check(news)
        assert failures == []
        return inputs

    def diff(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[str, list[str], bool]:
        request = provider_pb2.DiffRequest(id=id_, urn="urn:x", olds=self._struct(olds), news=self._struct(news))
        answer = self._stub.Diff(request)
        changes = provider_pb2.DiffResponse.DiffChanges.Name(answer.changes)
        return changes, sorted(answer.replaces), answer.deleteBeforeReplace

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self._call("Create", provider_pb2.CreateRequest(urn="urn:x", properties=self._struct(inputs)))
        return answer.id, self._dict(answer.properties)

    def read(self, id_: str, state: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = provider_pb2.ReadRequest(id=id_, urn="urn:x", properties=self._struct(state))
        answer = self._call("Read", request)
        return answer.id, self._dict(answer.properties), self._dict(answer.inputs)

    def update(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(id=id_, urn="urn:x", olds=self._struct(olds), news=self._struct(news))
        return self._dict(self._call("Update", request).properties)

    def delete(self, id_: str, state: Mapping[str, Any]) -> None:
        self._call("Delete", provider_pb2.DeleteRequest(id=id_, urn="urn:x", properties=self._struct(state)))

    def _call(self, name: str, request: Any) -> Any:
        try:
            return getattr(self._stub, name)(request)
        except grpc.RpcError as error:
            raise Failed(error.details()) from None

    def settled(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """Nothing changes when nothing changed: neither in a preview nor in a refresh."""
        assert self.diff(id_, state, inputs) == ("DIFF_NONE", [], False)
        read_id, outs, read_inputs = self.read(id_, state)
        assert (read_id, outs) == (id_, state)
        assert read_inputs == inputs
        assert self.diff(id_, outs, inputs) == ("DIFF_NONE", [], False)


@pytest.fixture(scope="session")
def stub(emulator: EmulatorProcess) -> Iterator[Any]:
    process = subprocess.Popen(
        [sys.executable, "-m", "pulumi.dynamic"],
        stdout=subprocess.PIPE,
        env={**os.environ, "AWS_ENDPOINT_URL": emulator.endpoint, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    port = process.stdout.readline().decode().strip()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        made = provider_pb2_grpc.ResourceProviderStub(channel)
        made.Configure(provider_pb2.ConfigureRequest(args=struct_pb2.Struct()))
        yield made
    process.terminate()
    process.wait(20)
    process.stdout.close()


@dataclass(frozen=True)
class World:
    """A domain with a producer's and a consumer's project, and an environment in the consumer's account."""

    domain: str
    producer: str
    consumer: str
    environment: str
    manage_role: str
    roles: tuple[str, ...]


@pytest.fixture(scope="session")
def world(client: Client) -> World:
    datazone = client("datazone")
    made = datazone.create_domain(name="providers", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
    client("ram").create_resource_share(name="providers", resourceArns=[made["arn"]], principals=[CONSUMER])
    ram = client("ram", CONSUMER)
    for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
        if invitation["status"] == "PENDING":
            ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    domain = made["id"]
    projects = [datazone.create_project(domainIdentifier=domain, name=name)["id"] for name in ("P", "C")]
    blueprint = datazone.list_environment_blueprints(domainIdentifier=domain, managed=True, name="CustomAwsService")
    blueprint_id = blueprint["items"][0]["id"]
    client("datazone", CONSUMER).put_environment_blueprint_configuration(
        domainIdentifier=domain, environmentBlueprintIdentifier=blueprint_id, enabledRegions=[REGION]
    )
    environment = datazone.create_environment(
        domainIdentifier=domain,
        projectIdentifier=projects[1],
        name="consumer",
        environmentBlueprintIdentifier=blueprint_id,
        environmentAccountIdentifier=CONSUMER,
        environmentAccountRegion=REGION,
    )["id"]
    iam = client("iam", CONSUMER)
    trust = json.dumps(function_trust())
    roles = [
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for name in ("manage", "reader-1", "reader-2")
    ]
    return World(domain, projects[0], projects[1], environment, roles[0], tuple(roles[1:]))


def session(account: str | None = None) -> dict[str, Any]:
    """The session inputs of a resource."""
    made = {"region": REGION}
    if account is not None:
        made["assume_role_arn"] = f"arn:aws:iam::{account}:role/Admin"
    return made


__all__ += ["CONSUMER", "PRODUCER", "UNKNOWN", "Driver", "Failed", "World", "session"]
