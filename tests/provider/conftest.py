"""The process that the Pulumi engine starts for dynamic resources, driven over its own wire, against the emulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
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
from streamgov_pulumi.resource_server import Translation
from streamgov_pulumi.served_resources import served
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER, ROOT, Client, EmulatorProcess, client, emulator

__all__ = ["client", "emulator"]
REGION = "us-east-1"


@dataclass
class Failed(Exception):
    """A call of the provider process failed."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Process:
    """A process that serves resources.

    Args:
        stub: of its connection.
        served: the plugin, which knows types and the schema's names; else the SDK's for pickled providers.
        output: what it prints, for the engine to relay; reading it does not wait.
    """

    stub: Any
    served: bool
    output: Any


class Driver:
    """One provider, called as the engine calls it: a pickled one by the SDK's process, or the plugin's."""

    def __init__(self, process: Process, provider: ResourceProvider) -> None:
        self._stub = process.stub
        self._output = process.output
        self._output.read()  # what earlier tests were told
        self.reference = serialize_provider(provider)
        self._urn = "urn:x"
        self._translation: Translation | None = None
        if process.served:
            token = f"streamgov:index:{type(provider).__name__.removesuffix('Provider')}"
            self._urn = f"urn:pulumi:stack::project::{token}::it"
            self._translation = served("streamgov")[token].translation

    def _struct(self, values: Mapping[str, Any]) -> struct_pb2.Struct:
        made = struct_pb2.Struct()
        if self._translation is None:
            values = {**values, "__provider": self.reference}
        else:
            values = self._translation.to_schema(values)
        json_format.ParseDict(values, made)
        return made

    def _dict(self, struct: Any) -> dict[str, Any]:
        found: dict[str, Any] = json_format.MessageToDict(struct)
        found.pop("__provider", None)
        return found if self._translation is None else self._translation.to_python(found)

    def _names(self, names: Iterable[str]) -> list[str]:
        return [*names] if self._translation is None else [*self._translation.to_python(dict.fromkeys(names))]

    def _text(self, text: str) -> str:
        """A message under Python's names, in which the tests are written."""
        if self._translation is None:
            return text
        shown = "Traceback" in text or text == self._translation.sentence(text)
        assert shown, "a user of another language knows the schema's names only"
        back = {name: python for python, name in self._translation.renamed.items()}
        words = sorted(back, key=len, reverse=True)
        return re.sub(rf"\b({'|'.join(words)})\b", lambda found: back[found[0]], text)

    def check(self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], list[str]]:
        request = provider_pb2.CheckRequest(urn=self._urn, news=self._struct(news), olds=self._struct(olds or {}))
        answer = self._stub.Check(request)
        return self._dict(answer.inputs), [self._text(failure.reason) for failure in answer.failures]

    def inputs(self, news: Mapping[str, Any]) -> dict[str, Any]:
        """The checked inputs, which must be right."""
        inputs, failures = self.check(news)
        assert failures == []
        return inputs

    def diff(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[str, list[str], bool]:
        request = provider_pb2.DiffRequest(id=id_, urn=self._urn, olds=self._struct(olds), news=self._struct(news))
        answer = self._stub.Diff(request)
        changes = provider_pb2.DiffResponse.DiffChanges.Name(answer.changes)
        replaces = sorted(self._names(answer.replaces))
        # Without a replacement of the provider's own it is for one that the engine's options ask for.
        return changes, replaces, bool(replaces) and answer.deleteBeforeReplace

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self._call("Create", provider_pb2.CreateRequest(urn=self._urn, properties=self._struct(inputs)))
        return answer.id, self._dict(answer.properties)

    def read(self, id_: str, state: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
        request = provider_pb2.ReadRequest(id=id_, urn=self._urn, properties=self._struct(state))
        answer = self._call("Read", request)
        return answer.id, self._dict(answer.properties), self._dict(answer.inputs)

    def update(self, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(id=id_, urn=self._urn, olds=self._struct(olds), news=self._struct(news))
        return self._dict(self._call("Update", request).properties)

    def delete(self, id_: str, state: Mapping[str, Any]) -> None:
        self._call("Delete", provider_pb2.DeleteRequest(id=id_, urn=self._urn, properties=self._struct(state)))

    def _call(self, name: str, request: Any) -> Any:
        try:
            return getattr(self._stub, name)(request)
        except grpc.RpcError as error:
            raise Failed(self._text(error.details())) from None

    def told(self) -> str:
        """What the process has told people since it was asked last."""
        return self._text((self._output.read() or b"").decode())

    def settled(self, id_: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """Nothing changes when nothing changed: neither in a preview nor in a refresh."""
        assert self.diff(id_, state, inputs) == ("DIFF_NONE", [], False)
        read_id, outs, read_inputs = self.read(id_, state)
        assert (read_id, outs) == (id_, state)
        assert read_inputs == inputs
        assert self.diff(id_, outs, inputs) == ("DIFF_NONE", [], False)


WAYS = ("dynamic", "served")
COMMANDS = {"dynamic": ["-m", "pulumi.dynamic"], "served": [str(ROOT / "plugin"), "127.0.0.1:1"]}


@pytest.fixture(scope="session", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Who serves the resources: both must behave alike."""
    return str(request.param)


@pytest.fixture(scope="session")
def stub(emulator: EmulatorProcess, way: str) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, "-u", *COMMANDS[way]],  # as the engine starts them: the port is not flushed
        stdout=subprocess.PIPE,
        env={**os.environ, "AWS_ENDPOINT_URL": emulator.endpoint, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    port = process.stdout.readline().decode().strip()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        made = provider_pb2_grpc.ResourceProviderStub(channel)
        made.Configure(provider_pb2.ConfigureRequest(args=struct_pb2.Struct()))
        os.set_blocking(process.stdout.fileno(), False)
        yield Process(made, way == "served", process.stdout)
    process.terminate()
    process.wait(20)
    process.stdout.close()


@dataclass(frozen=True)
class DomainObjects:
    """A domain with a producer's and a consumer's project, and an environment in the consumer's account."""

    domain: str
    producer: str
    consumer: str
    environment: str
    manage_role: str
    roles: tuple[str, ...]


@pytest.fixture(scope="session")
def objects(client: Client, way: str) -> DomainObjects:
    """One for each way, whose objects would meet in the same domain."""
    return make_objects(client, way)


@pytest.fixture(scope="session")
def lone_objects(client: Client) -> DomainObjects:
    """For tests that have a way of their own."""
    return make_objects(client, "alone")


def make_objects(client: Client, name: str) -> DomainObjects:
    """A domain, its projects and an environment.

    Args:
        client: makes clients.
        name: told apart by it.
    """
    datazone = client("datazone")
    made = datazone.create_domain(name=name, domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
    client("ram").create_resource_share(name=name, resourceArns=[made["arn"]], principals=[CONSUMER])
    ram = client("ram", CONSUMER)
    for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
        if invitation["status"] == "PENDING":
            ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    domain = made["id"]
    projects = [datazone.create_project(domainIdentifier=domain, name=title)["id"] for title in ("P", "C")]
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
        iam.create_role(RoleName=f"{name}-{role}", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for role in ("manage", "reader-1", "reader-2")
    ]
    return DomainObjects(domain, projects[0], projects[1], environment, roles[0], tuple(roles[1:]))


def session(account: str | None = None) -> dict[str, Any]:
    """The session inputs of a resource."""
    made = {"region": REGION}
    if account is not None:
        made["assume_role_arn"] = f"arn:aws:iam::{account}:role/Admin"
    return made


__all__ += ["CONSUMER", "PRODUCER", "UNKNOWN", "DomainObjects", "Driver", "Failed", "Process", "session"]
