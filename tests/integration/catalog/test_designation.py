"""A data source in a V2 domain: its role is a member by the designation of its platform's data sources alone."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from streamgov_core.deploy.data_source_deployment import data_source
from streamgov_core.deploy.data_source_permissions import ASSET_OPERATIONS
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_pulumi.providers import designation
from streamgov_pulumi.providers.type_use import Opening, close
from tests.integration.catalog.conftest import CONSUMER, DOMAIN, PRODUCER, REGION, Client, Place, publish_types
from tests.integration.deployer import Deployer
from tests.integration.full_runs import ended
from tests.integration.polling import eventually
from tests.sandbox import EmulatorProcess
from tools.dev.studio_domain import EXTENDED, make_shared_domain

NAMES = Names()
RECORD = '{"type": "record", "name": "R", "fields": []}'
REVISED = '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "int", "default": 0}]}'


class Governed:
    """A domain whose asset type is open to the designation of data sources, in the root unit's projects."""

    def __init__(self, client: Client, domain: str) -> None:
        self.datazone = client("datazone")
        self.domain, self.designation = domain, ""
        root = self.datazone.get_domain(identifier=self.domain)["rootDomainUnitId"]
        owner = self.datazone.create_project(domainIdentifier=self.domain, name="governance")["id"]
        platform = PLATFORMS["msk"]
        publish_types(client, self.domain, owner, platform, NAMES)
        self.name = NAMES.type_designation("msk")
        self.opening = Opening(self.domain, platform.asset_type(NAMES).name, owner, root)

    def deploy(self) -> None:
        """What the domain's stack makes in a V2 domain."""
        self.designation = self.permit(*ASSET_OPERATIONS)
        self.opening.open(self.datazone, self.designation)

    def permit(self, *operations: str) -> str:
        made = designation.ensure(self.datazone, self.domain, self.name, operations)
        assert made is not None
        return made

    @contextmanager
    def without(self, operation: str) -> Iterator[None]:
        """Somebody takes an operation out of the designation; the domain's stack gives it back."""
        self.permit(*(one for one in ASSET_OPERATIONS if one != operation))
        yield
        self.permit(*ASSET_OPERATIONS)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Somebody takes the right to use the asset type away; contributors keep it."""
        close(self.datazone, self.domain, self.opening.asset_type, self.designation)
        yield
        self.opening.open(self.datazone, self.designation)


class Source:
    """A data source in a project of its own, deployed in the producer's account."""

    def __init__(self, client: Client, governed: Governed, place: Place) -> None:
        self.datazone = governed.datazone
        self.project = self.datazone.create_project(domainIdentifier=governed.domain, name=f"p-{uuid.uuid4().hex[:8]}")[
            "id"
        ]
        self.place = Place(client, governed.domain, self.project, place.registry, place.resource, "msk")
        described = data_source(
            AccountScope(NAMES, PRODUCER),
            domain_id=governed.domain,
            project_id=self.project,
            platform="msk",
            registry_name=place.registry,
            resource=place.resource,
            topics=("*",),
            key=f"msk-{uuid.uuid4().hex[:6]}",
            publish=True,
        )
        Deployer(client).data_source(PRODUCER, described)
        self._lambda, self._name = client("lambda", PRODUCER), described.sync.name
        self._states = client("stepfunctions", PRODUCER)
        assert described.sync.role is not None
        self.role = described.sync.role.arn

    def join(self, governed: Governed) -> None:
        """As its membership does in a V2 domain."""
        group = self.datazone.create_group_profile(domainIdentifier=governed.domain, rolePrincipalArn=self.role)
        self.datazone.create_project_membership(
            domainIdentifier=governed.domain,
            projectIdentifier=self.project,
            member={"groupIdentifier": group["id"]},
            designation="USER_CREATED_DESIGNATION",
            userCreatedDesignationId=governed.designation,
        )

    def __call__(self, **request: Any) -> dict[str, Any]:
        """A run's result, also of one that failed."""
        return dict(json.loads(self.told(**request)))

    def told(self, **request: Any) -> str:
        """What a run answers: its result as JSON, or why it could not begin."""
        event = json.dumps({"action": "sync", **request}).encode()
        answer = self._lambda.invoke(FunctionName=self._name, Payload=event)
        execution = ended(self._states, json.load(answer["Payload"])["started"])
        if execution["status"] == "SUCCEEDED":
            return str(execution["output"])
        return str(json.loads(execution["cause"])["errorMessage"])

    def refusal(self) -> str:
        """Why a run failed."""
        result = self()
        assert result["counts"] == {"failed": 1}, result
        return str(result["failed"][0]["cause"])

    def listed(self) -> list[str]:
        found = self.place.assets()
        return [item["name"] for item in found if item.get("listing", {}).get("listingStatus") == "ACTIVE"]


@pytest.fixture(scope="module")
def studio(client: Client, governed: tuple[str, dict[str, str]]) -> Governed:
    """``governed`` deploys the table of records into the producer's account."""
    made = Governed(client, make_shared_domain(client, DOMAIN, [PRODUCER, CONSUMER]))
    made.deploy()
    return made


@pytest.fixture
def source(client: Client, studio: Governed, place: Place) -> Source:
    made = Source(client, studio, place)
    made.join(studio)
    return made


def test_it_does_everything_by_its_designation(source: Source, studio: Governed) -> None:
    source.place.register("orders", RECORD)
    assert source()["created"] == ["orders"]
    [asset] = eventually(source.place.assets, lambda found: source.listed() == ["orders"])
    schema = {"RegistryName": source.place.registry, "SchemaName": "orders"}
    glue = source.place.client("glue", PRODUCER)
    glue.register_schema_version(SchemaId=schema, SchemaDefinition=REVISED)
    assert source()["revised"] == ["orders"]
    # Its end, with a subscription and a request that depend on it.
    where = {"domainIdentifier": studio.domain}
    for name, accepted in (("reader", True), ("waiting", False)):
        consumer = studio.datazone.create_project(**where, name=f"{name}-{uuid.uuid4().hex[:6]}")["id"]
        request = studio.datazone.create_subscription_request(
            **where,
            requestReason="to read",
            subscribedListings=[{"identifier": asset["listing"]["listingId"]}],
            subscribedPrincipals=[{"project": {"identifier": consumer}}],
        )["id"]
        if accepted:
            studio.datazone.accept_subscription_request(**where, identifier=request)
    glue.delete_schema(SchemaId=schema)
    eventually(lambda: source(revokeSubscriptions=True), lambda result: result["counts"] == {"retired": 1})
    assert source.place.assets() == []


@pytest.mark.parametrize("operation", ["CreateAsset", "CreateListingChangeSet"])
def test_a_run_says_which_operation_its_designation_lacks(source: Source, studio: Governed, operation: str) -> None:
    source.place.register("orders", RECORD)
    with studio.without(operation):
        cause = source.refusal()
    assert f"DataZone refuses {operation} (AccessDeniedException)" in cause
    assert f"member of project {source.project} and, in a V2 domain, that its designation permits {operation}" in cause
    assert source.listed() == []
    # What was begun is finished by the next run.
    result = source()
    assert "failed" not in result["counts"], result
    eventually(source.listed, lambda found: found == ["orders"])


def test_a_run_says_that_the_asset_type_is_not_open_to_it(source: Source, studio: Governed) -> None:
    source.place.register("orders", RECORD)
    with studio.closed():
        cause = source.refusal()
    assert "its designation permits CreateAsset and may use the asset type (USE_ASSET_TYPE)" in cause
    assert source.place.assets() == []
    assert source()["created"] == ["orders"]


@pytest.mark.parametrize(("managed", "refusal"), [(True, ""), (False, "AccessDeniedException")])
def test_a_contributor_may_what_the_designation_does_not_permit(
    client: Client, emulator: EmulatorProcess, studio: Governed, managed: bool, refusal: str
) -> None:
    """Of roles that IAM lets do everything it is the membership that decides."""
    project = studio.datazone.create_project(domainIdentifier=studio.domain, name=f"w-{uuid.uuid4().hex[:6]}")["id"]
    iam, name = client("iam", PRODUCER), f"wide{uuid.uuid4().hex[:6]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PRODUCER}:root"}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_document(trust)))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(_document(everything)))
    held = {"designation": "PROJECT_CONTRIBUTOR"}
    if not managed:
        held = {"designation": "USER_CREATED_DESIGNATION", "userCreatedDesignationId": studio.designation}
    group = studio.datazone.create_group_profile(domainIdentifier=studio.domain, rolePrincipalArn=role)["id"]
    studio.datazone.create_project_membership(
        domainIdentifier=studio.domain, projectIdentifier=project, member={"groupIdentifier": group}, **held
    )
    keys = client("sts", PRODUCER).assume_role(RoleArn=role, RoleSessionName="wide")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)
    datazone = session.client("datazone", endpoint_url=emulator.endpoint)
    where = {"domainIdentifier": studio.domain, "owningProjectIdentifier": project}
    assert _code(lambda: datazone.search(**where, searchScope="ASSET")) == ""
    assert _code(lambda: datazone.create_glossary(**where, name=name, status="ENABLED")) == refusal
    assert _code(lambda: datazone.create_asset_type(**where, name=name, formsInput={})) == refusal


def test_a_domain_becomes_v2_under_a_data_source(client: Client, emulator: EmulatorProcess, place: Place) -> None:
    datazone = client("datazone")
    made = datazone.create_domain(name="old", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/Admin")
    client("ram").create_resource_share(name="old", resourceArns=[made["arn"]], principals=[PRODUCER])
    ram = client("ram", PRODUCER)
    for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
        if invitation["status"] == "PENDING":
            ram.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])
    governed = Governed(client, made["id"])
    source = Source(client, governed, place)
    datazone.create_project_membership(
        domainIdentifier=governed.domain,
        projectIdentifier=source.project,
        member={"userIdentifier": source.role},
        designation="PROJECT_CONTRIBUTOR",
    )
    place.register("before", RECORD)
    assert source()["created"] == ["before"]

    body = json.dumps({"upgrade": governed.domain}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{emulator.endpoint}/_emulator/datazone", body, method="POST")
    ).close()
    place.register("during", RECORD)
    told = source.told()
    assert (
        f"DataZone refuses Search (AccessDeniedException): see that the role is a member of project {source.project}"
        in told
    )
    assert told.endswith(f"account {PRODUCER} is not associated with the domain")
    # What the next `pulumi up` does, with the pool that the domain's owner opens.
    datazone.add_policy_grant(
        domainIdentifier=governed.domain,
        entityType="DOMAIN_UNIT",
        entityIdentifier=made["rootDomainUnitId"],
        policyType="ADD_TO_PROJECT_MEMBER_POOL",
        principal={"user": {"allUsersGrantFilter": {}}},
        detail={"addToProjectMemberPool": {"includeChildDomainUnits": True}},
    )
    share = client("ram").get_resource_shares(resourceOwner="SELF", name="old")["resourceShares"][0]["resourceShareArn"]
    client("ram").associate_resource_share_permission(resourceShareArn=share, permissionArn=EXTENDED, replace=True)
    governed.deploy()
    source.join(governed)
    result = source()
    assert result["created"] == ["during"] and "failed" not in result["counts"], result
    assert sorted(item["name"] for item in source.place.assets()) == ["before", "during"]


def _document(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _code(call: Callable[[], object]) -> str:
    """The code of the error that a call ends in; empty if it is allowed."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
