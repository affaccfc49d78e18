"""What only the plugin's way to the resources has: import by id, a configuration of the package, secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import _special_secret_sig, _special_sig_key

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.providers import DestroyGuardProvider, FormTypeProvider, SubscriptionTargetProvider
from streamgov_pulumi.served_resources import SERVED, served_schema
from tests.provider.conftest import COMMANDS, REGION, DomainObjects, Driver, Failed, Process, session
from tests.sandbox import CONSUMER, ROOT, Client, EmulatorProcess

pytestmark = [pytest.mark.emulator, pytest.mark.parametrize("way", ["served"], indirect=True)]
FORM = "streamgov:index:FormType"
URN = f"urn:pulumi:stack::project::{FORM}::it"


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    json_format.ParseDict(values, made)
    return made


@pytest.fixture(autouse=True)
def served_alone(way: str) -> str:
    """Every test uses the fixture, as the module's mark wants."""
    return way


@pytest.fixture
def configured(emulator: EmulatorProcess) -> Iterator[Any]:
    """A plugin whose package is configured with a region, and with no other default."""
    process = subprocess.Popen(
        [sys.executable, *COMMANDS["served"]],
        stdout=subprocess.PIPE,
        env={**os.environ, "AWS_ENDPOINT_URL": emulator.endpoint, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    port = process.stdout.readline().decode().strip()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        made = provider_pb2_grpc.ResourceProviderStub(channel)
        made.Configure(provider_pb2.ConfigureRequest(args=struct({"region": REGION})))
        yield made
    process.terminate()
    process.wait(20)
    process.stdout.close()


def test_a_form_type_is_imported_by_its_id_alone(configured: Any, client: Client, objects: DomainObjects) -> None:
    """`pulumi import` and `get` read with an id and nothing else; the region is the package's."""
    client("datazone").create_form_type(
        domainIdentifier=objects.domain,
        name="ImportForm",
        model={"smithy": "structure ImportForm { a: String }"},
        owningProjectIdentifier=objects.producer,
        status="ENABLED",
    )
    id_ = f"{objects.domain}|form|ImportForm"
    answer = configured.Read(provider_pb2.ReadRequest(id=id_, urn=URN))
    read = json_format.MessageToDict(answer.inputs)
    assert answer.id == id_
    assert read["owningProjectId"] == objects.producer
    assert read["region"] == REGION
    assert "ImportForm" in read["model"]
    checked = configured.Check(provider_pb2.CheckRequest(urn=URN, news=answer.inputs, olds=struct({})))
    diff = configured.Diff(
        provider_pb2.DiffRequest(id=id_, urn=URN, olds=answer.properties, old_inputs=answer.inputs, news=checked.inputs)
    )
    assert (list(checked.failures), list(diff.replaces)) == ([], []), "what was imported is not made anew"


def test_a_target_is_imported_and_settled(stub: Process, client: Client, objects: DomainObjects) -> None:
    driver = Driver(stub, SubscriptionTargetProvider())
    client("datazone").create_asset_type(
        domainIdentifier=objects.domain, name="ImportType", owningProjectIdentifier=objects.producer, formsInput={}
    )
    inputs = driver.inputs({
        "domain_id": objects.domain, "environment_id": objects.environment, "name": "imported",
        "authorized_principals": [objects.roles[0]], "applicable_asset_types": ["ImportType"],
        "manage_access_role": objects.manage_role, **session(CONSUMER),
    })  # fmt: skip
    id_, state = driver.create(inputs)
    request = provider_pb2.ReadRequest(
        id=id_,
        urn="urn:pulumi:s::p::streamgov:index:SubscriptionTarget::it",
        inputs=struct({"region": REGION, "assumeRoleArn": session(CONSUMER)["assume_role_arn"]}),
    )
    answer = stub.stub.Read(request)
    assert json_format.MessageToDict(answer.properties)["targetId"] == state["target_id"]
    driver.delete(id_, state)


def test_what_is_gone_is_not_imported(configured: Any, objects: DomainObjects) -> None:
    answer = configured.Read(provider_pb2.ReadRequest(id=f"{objects.domain}|form|Nobody", urn=URN))
    assert answer.id == ""


def test_an_id_of_another_kind_is_refused_with_its_form(configured: Any, objects: DomainObjects) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        configured.Read(provider_pb2.ReadRequest(id="ImportForm", urn=URN))
    assert refused.value.details() == "the id 'ImportForm' must be <domainId>|form|<name>"


@pytest.mark.parametrize("name", sorted(SERVED))
def test_every_id_says_its_properties(name: str) -> None:
    one = SERVED[name]
    parts = [part.strip("'") if part.startswith("'") else f"v-{part}" for part in one.id_form.split("|")]
    found = one.identified("|".join(parts))
    assert found == {part: f"v-{part}" for part in one.id_form.split("|") if not part.startswith("'")}
    for wrong in ("", "x", "|".join([*parts, "more"]), "|".join([*parts[:-1], ""])):
        with pytest.raises(ConfigError, match="must be"):
            one.identified(wrong)


def test_a_secret_stays_one(configured: Any, objects: DomainObjects) -> None:
    """An external id that is secret comes back as a secret from every call."""
    secret = {_special_sig_key: _special_secret_sig, "value": "hunter22"}
    news = {
        "domainId": objects.domain, "name": "SecretForm", "model": "structure SecretForm { a: String }",
        "owningProjectId": objects.producer, "region": REGION, "externalId": secret,
    }  # fmt: skip
    checked = configured.Check(provider_pb2.CheckRequest(urn=URN, news=struct(news), olds=struct({})))
    assert json_format.MessageToDict(checked.inputs)["externalId"] == secret
    made = configured.Create(provider_pb2.CreateRequest(urn=URN, properties=checked.inputs))
    assert json_format.MessageToDict(made.properties)["externalId"] == secret


def test_ignored_changes_are_no_change(stub: Process, objects: DomainObjects) -> None:
    driver = Driver(stub, FormTypeProvider())
    inputs = driver.inputs({
        "domain_id": objects.domain, "name": "IgnoreForm", "model": "structure IgnoreForm { a: String }",
        "owning_project_id": objects.producer, "description": "a", **session(),
    })  # fmt: skip
    id_, state = driver.create(inputs)
    other = {**inputs, "description": "b"}

    def answered(*ignored: str) -> Any:
        request = provider_pb2.DiffRequest(
            id=id_, urn=URN, olds=driver._struct(state), news=driver._struct(other), ignoreChanges=ignored
        )
        return stub.stub.Diff(request)

    found = answered()
    assert (found.changes, list(found.diffs)) == (provider_pb2.DiffResponse.DIFF_SOME, ["description"])
    assert found.deleteBeforeReplace, "if the program's options replace it, two of one name cannot be"
    assert answered("description").changes == provider_pb2.DiffResponse.DIFF_NONE


def test_the_guard_is_served_too(stub: Process, objects: DomainObjects) -> None:
    guard = Driver(stub, DestroyGuardProvider())
    part = {"targets": [{"environment_id": objects.environment, "target_id": "t1"}]}
    inputs = guard.inputs({"domain_id": objects.domain, "parts": [part], **session()})
    id_, state = guard.create(inputs)
    guard.settled(id_, state, inputs)
    _, failures = guard.check({"domain_id": objects.domain, "parts": [{"typo": 1}], **session()})
    assert len(failures) == 1 and "typo" in failures[0]


def test_a_type_that_is_not_served_is_said(configured: Any) -> None:
    request = provider_pb2.CreateRequest(urn="urn:pulumi:s::p::streamgov:index:Nothing::it", properties=struct({}))
    with pytest.raises(grpc.RpcError, match="serves no resource of the type streamgov:index:Nothing"):
        configured.Create(request)


def test_a_failure_of_aws_is_a_sentence_under_the_schemas_names(stub: Process, objects: DomainObjects) -> None:
    driver = Driver(stub, FormTypeProvider())
    wanted = {
        "domain_id": objects.domain, "name": "TwiceForm", "model": "structure TwiceForm { a: String }",
        "owning_project_id": objects.producer, **session(),
    }  # fmt: skip
    driver.create(driver.inputs(wanted))
    with pytest.raises(Failed, match="adopt_existing") as refused:
        driver.create(driver.inputs(wanted))
    assert "Traceback" not in str(refused.value)


def test_every_property_is_described() -> None:
    schema = served_schema("streamgov")
    shown = [*schema["resources"].values(), *schema["types"].values()]
    for one in shown:
        for members in ("properties", "inputProperties"):
            bare = [name for name, item in one.get(members, {}).items() if not item.get("description")]
            assert bare == []
    assert all(one["inputProperties"]["externalId"]["secret"] for one in schema["resources"].values())
