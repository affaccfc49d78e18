"""A DataZone backend in process, with its answers checked against botocore's model as the kernel does.

Rules are tested in process, where time stands still and nothing waits; ``test_over_http.py`` runs the whole way
through boto3 and the kernel.
"""

from __future__ import annotations

import itertools
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import botocore.session
import pytest

from aws_emulator.api import ApiCall, ApiError, Caller, Emulator
from aws_emulator.datazone import Settings, install
from aws_emulator.kernel import validation

DOMAIN, PRODUCER, CONSUMER, UNASSOCIATED = "111111111111", "222222222222", "333333333333", "444444444444"
REGION = "us-east-1"
MODEL = botocore.session.get_session().get_service_model("datazone")


class TestClock:
    """Time that a test moves by hand."""

    __test__ = False

    def __init__(self) -> None:
        self.time = 1_750_000_000.0

    def now(self) -> float:
        self.time += 0.001
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def admin(account: str = DOMAIN) -> Caller:
    """The sandbox's administrator of an account."""
    role = None if account == DOMAIN else f"arn:aws:iam::{account}:role/Admin"
    return Caller(account, role or f"arn:aws:iam::{account}:user/test", role, "AKIA", True)


def role(name: str, account: str = DOMAIN) -> Caller:
    """A deployed role."""
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/session"
    return Caller(account, arn, f"arn:aws:iam::{account}:role/{name}", "ASIA", False)


class Service:
    """Calls operations as the kernel does: request and answer are checked against botocore's model."""

    def __init__(self, settings: Settings) -> None:
        self.clock = TestClock()
        self.emulator = Emulator("127.0.0.1", 0, "", self.clock)
        self.events: list[dict[str, Any]] = []
        self.shared = {PRODUCER, CONSUMER}
        self.emulator.parts["events.put"] = self._put
        self.emulator.parts["ram.is_shared"] = lambda arn, account: account in self.shared
        install(self.emulator, settings, random.Random(7))

    def _put(self, account: str, region: str, entry: dict[str, Any]) -> None:
        assert (account, region) == (DOMAIN, REGION)
        assert (entry["Source"], entry["Resources"]) == ("aws.datazone", [])
        self.events.append(json.loads(json.dumps({"detail-type": entry["DetailType"], "detail": entry["Detail"]})))

    def call(
        self, operation: str, caller: Caller | None = None, /, region: str = REGION, **params: Any
    ) -> dict[str, Any]:
        model = MODEL.operation_model(operation)
        assert model.input_shape is not None
        if "clientToken" in model.input_shape.members and "clientToken" not in params:
            params["clientToken"] = str(uuid.uuid4())
        validation.check_request("datazone", model.input_shape, params)
        call = ApiCall("datazone", operation, params, region, caller or admin(), "r")
        try:
            answer = self.emulator.operations[("datazone", operation)](call) or {}
        except ApiError as error:
            assert error.code in {shape.name for shape in model.error_shapes}, f"{operation} does not model {error}"
            raise
        if model.output_shape is not None:
            assert validation.find_problems(model.output_shape, answer) == []
        return answer

    def refused(self, code: str, operation: str, caller: Caller | None = None, /, **params: Any) -> str:
        """The message of an expected error."""
        with pytest.raises(ApiError) as caught:
            self.call(operation, caller, **params)
        assert caught.value.code == code, caught.value
        return caught.value.message

    def told(self, detail_type: str) -> list[dict[str, Any]]:
        """The details of the events of a type so far."""
        return [event["detail"] for event in self.events if event["detail-type"] == detail_type]


COLUMNS = {"tableName": "orders", "columns": [{"columnName": "id", "dataType": "string"}]}
SOURCE_MODEL = """
structure MskSourceReferenceFormType {
    @required
    @amazon.datazone#searchable(modes: ["TECHNICAL"])
    cluster_arn: String
    @amazon.datazone#sortable
    partitions: Integer
}
"""


@dataclass
class PreparedDomain:
    """A domain with a producer and a consumer project, an asset type, and an environment with a target."""

    service: Service
    domain: str
    producer: str
    consumer: str
    environment: str
    target: str
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(self, operation: str, caller: Caller | None = None, /, **params: Any) -> dict[str, Any]:
        return self.service.call(operation, caller, domainIdentifier=self.domain, **params)

    def refused(self, code: str, operation: str, caller: Caller | None = None, /, **params: Any) -> str:
        return self.service.refused(code, operation, caller, domainIdentifier=self.domain, **params)

    def member(self, project: str, caller: Caller, designation: str) -> Caller:
        self.call(
            "CreateProjectMembership",
            projectIdentifier=project,
            designation=designation,
            member={"userIdentifier": caller.role_arn},
        )
        return caller

    def forms(self, **changes: Any) -> list[dict[str, Any]]:
        source = {"cluster_arn": "arn:aws:kafka:us-east-1:222222222222:cluster/a/b", "partitions": 3} | changes
        return [
            {"formName": "MskSourceReferenceFormType", "content": json.dumps(source)},
            {"formName": "RelationalTableFormType", "content": json.dumps(COLUMNS)},
        ]

    def asset(self, name: str = "orders", **more: Any) -> dict[str, Any]:
        more.setdefault("formsInput", self.forms())
        more.setdefault("owningProjectIdentifier", self.producer)
        more.setdefault("typeIdentifier", "MskTopicAssetType")
        return self.call("CreateAsset", name=name, **more)

    def publish(self, entity: str, kind: str = "ASSET", **more: Any) -> dict[str, Any]:
        return self.call("CreateListingChangeSet", entityIdentifier=entity, entityType=kind, action="PUBLISH", **more)

    def request(self, listing: str, caller: Caller | None = None, **more: Any) -> dict[str, Any]:
        more.setdefault("subscribedPrincipals", [{"project": {"identifier": self.consumer}}])
        return self.call(
            "CreateSubscriptionRequest",
            caller,
            subscribedListings=[{"identifier": listing}],
            requestReason="because",
            **more,
        )

    def subscribed(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """A published asset, its listing, and the consumer's approved request."""
        asset = self.asset(f"orders-{next(self.names)}")
        listing = self.publish(asset["id"])
        request = self.request(listing["listingId"])
        self.call("AcceptSubscriptionRequest", identifier=request["id"])
        return asset, listing, request

    def grants(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("ListSubscriptionGrants", **filters)["items"]
        return found

    def status(self, grant: dict[str, Any], status: str, caller: Caller | None = None, **more: Any) -> dict[str, Any]:
        return self.call(
            "UpdateSubscriptionGrantStatus",
            caller,
            identifier=grant["id"],
            assetIdentifier=grant["assets"][0]["assetId"],
            status=status,
            **more,
        )

    def make_target(self, name: str = "msk", **more: Any) -> dict[str, Any]:
        more.setdefault("environmentIdentifier", self.environment)
        more.setdefault("type", "BaseSubscriptionTargetType")
        more.setdefault("applicableAssetTypes", ["MskTopicAssetType"])
        more.setdefault("subscriptionGrantCreationMode", "AUTOMATIC")
        caller = more.pop("caller", admin(CONSUMER))
        return self.call(
            "CreateSubscriptionTarget",
            caller,
            name=name,
            subscriptionTargetConfig=[],
            authorizedPrincipals=[f"arn:aws:iam::{CONSUMER}:role/consumer"],
            manageAccessRole=f"arn:aws:iam::{CONSUMER}:role/manage",
            **more,
        )


@pytest.fixture
def service() -> Service:
    return Service(Settings(listing_delay=0, lineage_delay=0))


@pytest.fixture
def prepared(service: Service) -> PreparedDomain:
    return prepare_domain(service)


def prepare_domain(service: Service) -> PreparedDomain:
    """A domain in a fresh service."""
    domain = service.call("CreateDomain", name="sandbox", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")["id"]

    def call(operation: str, caller: Caller | None = None, /, **params: Any) -> dict[str, Any]:
        return service.call(operation, caller, domainIdentifier=domain, **params)

    producer = call("CreateProject", name="PRODUCER")["id"]
    consumer = call("CreateProject", name="CONSUMER")["id"]
    blueprint = call("ListEnvironmentBlueprints", managed=True, name="CustomAwsService")["items"][0]["id"]
    call(
        "PutEnvironmentBlueprintConfiguration",
        admin(CONSUMER),
        environmentBlueprintIdentifier=blueprint,
        enabledRegions=[REGION],
    )
    environment = call(
        "CreateEnvironment",
        name="consumer",
        projectIdentifier=consumer,
        environmentBlueprintIdentifier=blueprint,
        environmentAccountIdentifier=CONSUMER,
        environmentAccountRegion=REGION,
    )["id"]
    call(
        "CreateFormType",
        name="MskSourceReferenceFormType",
        model={"smithy": SOURCE_MODEL},
        status="ENABLED",
        owningProjectIdentifier=producer,
    )
    call(
        "CreateAssetType",
        name="MskTopicAssetType",
        owningProjectIdentifier=producer,
        formsInput={
            "MskSourceReferenceFormType": {
                "typeIdentifier": "MskSourceReferenceFormType",
                "typeRevision": "1",
                "required": True,
            },
            "RelationalTableFormType": {
                "typeIdentifier": "amazon.datazone.RelationalTableFormType",
                "typeRevision": "1",
                "required": True,
            },
        },
    )
    made = PreparedDomain(service, domain, producer, consumer, environment, "")
    made.target = made.make_target()["id"]
    return made
