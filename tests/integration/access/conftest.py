"""The whole access workflow in an emulator of its own: real functions, machines, rules and roles, IAM enforced.

Deployed with boto3 instead of Pulumi, from the same descriptions, so that a test starts within seconds.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.loaders import create_loader

from streamgov_core.deploy.claimable import GovernedSource
from streamgov_core.deploy.domain_deployment import DomainDeployment, domain_account
from streamgov_core.deploy.member_deployment import MemberDeployment, member_account
from streamgov_core.deploy.scope import AccountScope
from streamgov_core.deploy.spec import INLINE_POLICY
from streamgov_core.model.access_request import request_form_model
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.naming import Names
from streamgov_core.platforms import PLATFORMS
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from tests.integration.deployer import Deployer
from tests.integration.polling import eventually
from tests.sandbox import CONSUMER, DOMAIN, PRODUCER, EmulatorProcess, run_emulator

REGION = "us-east-1"
NAMES = Names()
MEMBERS = (PRODUCER, CONSUMER)
ROLE_PATH = "/streaming/"
SOURCES = (
    GovernedSource("msk", "streams", "*", ("*",), without_schema=True),
    GovernedSource("kinesis", "streams", "", without_schema=True),
)
"""Data sources that may speak for everything."""
HALF_AN_HOUR = 1800
SPEED = 5.0
"""Of the machines' waits and time-outs. Functions run in real time."""
LOADER = create_loader()
"""Read once: the service models of many emulators' clients would fill the machine."""


def _session(*keys: str) -> Any:
    session: Any = botocore.session.get_session()
    session.register_component("data_loader", LOADER)
    make: Any = boto3.Session
    return make(*keys, region_name=REGION, botocore_session=session)


@dataclass
class Deployment:
    """The domain account's stack and two member stacks, with a project and an environment each."""

    emulator: EmulatorProcess
    clients: dict[tuple[str, str, int], Any] = field(default_factory=dict)
    domain: str = ""
    projects: dict[str, str] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)
    cluster: str = ""
    sources: tuple[GovernedSource, ...] = SOURCES
    asset_types: dict[str, str] = field(default_factory=dict)

    def client(self, service: str, account: str = DOMAIN) -> Any:
        key = (service, account, int(time.monotonic() // HALF_AN_HOUR))  # An assumed role's keys last for an hour.
        if key not in self.clients:
            session = _session("test", "test")
            if account != DOMAIN:
                sts = session.client("sts", endpoint_url=self.emulator.endpoint)
                arn = f"arn:aws:iam::{account}:role/Admin"
                keys = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
                session = _session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
            self.clients[key] = session.client(
                service,
                endpoint_url=self.emulator.endpoint,
                config=Config(retries={"total_max_attempts": 2}, max_pool_connections=40),
            )
        return self.clients[key]

    # --- infrastructure -----------------------------------------------------------------------------------------------
    @property
    def deployer(self) -> Deployer:
        """Deploys descriptions into the accounts of this emulator."""
        return Deployer(self.client)

    def described(self, **options: Any) -> DomainDeployment:
        """What is deployed into the domain account; grants are reconciled however young they are."""
        return domain_account(
            AccountScope(NAMES, DOMAIN),
            domain_id=self.domain,
            members=MEMBERS,
            asset_types=list(self.asset_types.values()),
            projects=list(self.projects.values()),
            grace=0,
            **options,
        )

    def deploy(self) -> None:
        """The domain account's parts and each member account's. Nothing starts the reconciler but a test."""
        self.deployer.domain(DOMAIN, self.described(reconcile_schedule=""))
        for account in MEMBERS:
            self.deployer.member(account, self.described_member(account))

    def described_member(self, account: str, *consumer_roles: str, snap_start: bool | None = None) -> MemberDeployment:
        """What is deployed into a member account, whose consumer roles are these by path and name."""
        return member_account(
            AccountScope(NAMES, account),
            domain_id=self.domain,
            domain_account=DOMAIN,
            consumer_roles=[f"arn:aws:iam::{account}:role{name}" for name in consumer_roles or [f"{ROLE_PATH}*"]],
            sources=self.sources,
            snap_start=snap_start,
        )

    def name_roles(self, account: str, *consumer_roles: str) -> None:
        """Deploy a member account's function with other consumer roles in its configuration."""
        (function,) = (
            item for item in self.described_member(account, *consumer_roles).functions if item.key == "apply"
        )
        assert function.role is not None
        self.client("iam", account).put_role_policy(
            RoleName=function.role.name, PolicyName=INLINE_POLICY, PolicyDocument=json.dumps(function.role.policy)
        )
        self.client("lambda", account).update_function_configuration(
            FunctionName=function.name,
            Environment={"Variables": function.environment},
            Layers=self.deployer.layers(account, function),
        )

    # --- DataZone -----------------------------------------------------------------------------------------------------
    def make_domain(self) -> None:
        datazone = self.client("datazone")
        made = datazone.create_domain(name="access", domainExecutionRole=f"arn:aws:iam::{DOMAIN}:role/dz")
        self.domain = made["id"]
        self.client("glue", PRODUCER).create_registry(RegistryName="streams")
        self.client("ram").create_resource_share(name="domain", resourceArns=[made["arn"]], principals=list(MEMBERS))
        for account in MEMBERS:
            ram = self.client("ram", account)
            for invitation in ram.get_resource_share_invitations()["resourceShareInvitations"]:
                ram.accept_resource_share_invitation(
                    resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
                )
        blueprints = datazone.list_environment_blueprints(
            domainIdentifier=self.domain, managed=True, name="CustomAwsService"
        )
        blueprint = blueprints["items"][0]["id"]
        for account in MEMBERS:
            project = datazone.create_project(domainIdentifier=self.domain, name=f"project-{account[:3]}")["id"]
            self.projects[account] = project
            self.client("datazone", account).put_environment_blueprint_configuration(
                domainIdentifier=self.domain, environmentBlueprintIdentifier=blueprint, enabledRegions=[REGION]
            )
            self.environments[account] = datazone.create_environment(
                domainIdentifier=self.domain,
                projectIdentifier=project,
                name="environment",
                environmentBlueprintIdentifier=blueprint,
                environmentAccountIdentifier=account,
                environmentAccountRegion=REGION,
            )["id"]

    def make_types(self) -> None:
        datazone, owner = self.client("datazone"), self.projects[PRODUCER]
        models = [request_form_model(NAMES), *(m for p in PLATFORMS.values() for m in p.form_models(NAMES))]
        revisions = {"amazon.datazone.RelationalTableFormType": "1"}
        for model in models:
            revisions[model.name] = datazone.create_form_type(
                domainIdentifier=self.domain,
                name=model.name,
                model={"smithy": model.smithy()},
                owningProjectIdentifier=owner,
                status="ENABLED",
            )["revision"]
        for platform in PLATFORMS.values():
            asset_type = platform.asset_type(NAMES)
            self.asset_types[platform.name] = asset_type.name
            datazone.create_asset_type(
                domainIdentifier=self.domain,
                name=asset_type.name,
                owningProjectIdentifier=owner,
                formsInput={
                    form: {"typeIdentifier": type_, "typeRevision": revisions[type_], "required": required}
                    for form, (type_, required) in asset_type.forms.items()
                },
            )

    def let_functions_in(self) -> None:
        for function in self.described().functions:
            assert function.role is not None
            for project in self.projects.values():
                self.client("datazone").create_project_membership(
                    domainIdentifier=self.domain,
                    projectIdentifier=project,
                    member={"userIdentifier": function.role.arn},
                    designation="PROJECT_CONTRIBUTOR",
                )

    # --- what tests do ------------------------------------------------------------------------------------------------
    def make_cluster(self, name: str | None = None, *, connectivity: bool = True) -> str:
        kafka = self.client("kafka", PRODUCER)
        network: dict[str, Any] = {"ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": "kafka.m7g.large"}
        arn = kafka.create_cluster_v2(
            ClusterName=name or f"c-{uuid.uuid4().hex[:8]}",
            Provisioned={
                "BrokerNodeGroupInfo": network,
                "KafkaVersion": "3.8.x",
                "NumberOfBrokerNodes": 2,
                "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}},
            },
        )["ClusterArn"]

        def active() -> dict[str, Any]:
            info = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
            return dict(info) if info["State"] == "ACTIVE" else {}

        info = eventually(active, bool)
        if connectivity:
            vpc = {"VpcConnectivity": {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}}
            kafka.update_connectivity(ClusterArn=arn, CurrentVersion=info["CurrentVersion"], ConnectivityInfo=vpc)
            eventually(active, bool)
        return str(arn)

    def make_role(self, account: str, name: str | None = None, *, bounded: bool = True) -> str:
        boundary = {"PermissionsBoundary": NAMES.policy_arn(account, "consumer-boundary")} if bounded else {}
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
        made = self.client("iam", account).create_role(
            RoleName=name or f"consumer-{uuid.uuid4().hex[:8]}",
            Path=ROLE_PATH,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            **boundary,
        )
        return str(made["Role"]["Arn"])

    def make_asset(
        self,
        topic: str,
        *,
        cluster: str | None = None,
        cluster_type: str = "PROVISIONED",
        recorded: bool = True,
        schema: bool = False,
    ) -> tuple[str, str]:
        """A published asset of a topic: (asset id, listing id)."""
        datazone = self.client("datazone")
        cluster = cluster or self.cluster
        source = {"cluster_arn": cluster, "cluster_type": cluster_type}
        kafka: dict[str, Any] = {"kafka_topic": topic}
        schema_arn = None
        if schema:
            registry = f"arn:aws:glue:{REGION}:{PRODUCER}:registry/streams"
            schema_arn = f"arn:aws:glue:{REGION}:{PRODUCER}:schema/streams/{topic}"
            kafka |= {"schema_arn": schema_arn, "registry_arn": registry, "schema_name": topic}
        columns = {"tableName": topic, "columns": [{"columnName": "id", "dataType": "string"}]}
        resource = cluster.replace(":cluster/", ":topic/") + f"/{topic}"
        asset = datazone.create_asset(
            domainIdentifier=self.domain,
            name=topic,
            typeIdentifier=self.asset_types["msk"],
            owningProjectIdentifier=self.projects[PRODUCER],
            externalIdentifier=f"{resource}/{uuid.uuid4().hex[:6]}",
            formsInput=[
                {"formName": "MskSourceReferenceFormType", "content": json.dumps(source)},
                {"formName": "KafkaSchemaFormType", "content": json.dumps(kafka)},
                {"formName": "RelationalTableFormType", "content": json.dumps(columns)},
            ],
        )["id"]
        if recorded:
            store = DynamoAssetRecordStore(
                self.client("dynamodb", PRODUCER), NAMES, self.domain, "streams" if schema else None
            )
            store.save(AssetRecord(asset, resource, schema_arn, topic, "hash"))
        change = datazone.create_listing_change_set(
            domainIdentifier=self.domain, entityIdentifier=asset, entityType="ASSET", action="PUBLISH"
        )
        eventually(
            lambda: datazone.get_listing(domainIdentifier=self.domain, identifier=change["listingId"])["status"],
            lambda status: status == "ACTIVE",
        )
        return asset, change["listingId"]

    def make_target(self, principals: list[str], account: str = CONSUMER) -> str:
        return str(
            self.client("datazone", account).create_subscription_target(
                domainIdentifier=self.domain,
                environmentIdentifier=self.environments[account],
                name=f"target-{uuid.uuid4().hex[:6]}",
                type="BaseSubscriptionTargetType",
                subscriptionTargetConfig=[],
                authorizedPrincipals=principals,
                applicableAssetTypes=sorted(self.asset_types.values()),
                manageAccessRole=f"arn:aws:iam::{account}:role/manage",
                subscriptionGrantCreationMode="MANUAL",
            )["id"]
        )

    def subscribe(self, listing: str, *, form: dict[str, str] | None = None, account: str = CONSUMER) -> str:
        """Ask and approve: the request."""
        request = self.request(listing, form=form, account=account)
        self.client("datazone").accept_subscription_request(domainIdentifier=self.domain, identifier=request)
        return request

    def request(self, listing: str, *, form: dict[str, str] | None = None, account: str = CONSUMER) -> str:
        """Ask for a subscription: the request."""
        forms = (
            [{"formName": "Access", "typeIdentifier": request_form_model(NAMES).name, "content": json.dumps(form)}]
            if form
            else []
        )
        made = self.client("datazone").create_subscription_request(
            domainIdentifier=self.domain,
            requestReason="test",
            subscribedListings=[{"identifier": listing}],
            subscribedPrincipals=[{"project": {"identifier": self.projects[account]}}],
            **({"metadataForms": forms} if forms else {}),
        )
        return str(made["id"])

    def grant(self, listing: str, target: str, account: str = CONSUMER) -> str:
        return str(
            self.client("datazone").create_subscription_grant(
                domainIdentifier=self.domain,
                environmentIdentifier=self.environments[account],
                subscriptionTargetIdentifier=target,
                grantedEntity={"listing": {"identifier": listing, "revision": "1"}},
            )["id"]
        )

    def end_grants(self, before: frozenset[str] = frozenset()) -> None:
        """Revoke every grant that is granted, but for those that were there before: a shared reader role goes last."""
        ended = self.granted() - before
        for grant in ended:
            self.revoke(grant)
        for grant in ended:
            self.settled_as(grant, ("REVOKED",))

    def granted(self) -> frozenset[str]:
        """Ids of the grants that are granted now."""
        pages = self.client("datazone").get_paginator("list_subscription_grants")
        found = [
            item
            for environment in self.environments.values()
            for page in pages.paginate(domainIdentifier=self.domain, environmentId=environment)
            for item in page["items"]
        ]
        return frozenset(
            item["id"] for item in found if any(asset["status"] == "GRANTED" for asset in item.get("assets", ()))
        )

    def revoke(self, grant: str) -> None:
        self.client("datazone").delete_subscription_grant(domainIdentifier=self.domain, identifier=grant)

    def reconcile(self, **reconcile_input: Any) -> dict[str, Any]:
        """Run the reconciler by hand: its result."""
        states, machine = self.client("stepfunctions"), NAMES.central_machine_arn(DOMAIN)
        text = json.dumps({"action": "reconcile", **reconcile_input})
        return self.finished(states.start_execution(stateMachineArn=machine, input=text)["executionArn"])

    def finished(self, arn: str) -> dict[str, Any]:
        """The output of an execution that ends well."""
        states = self.client("stepfunctions")
        ended = eventually(lambda: states.describe_execution(executionArn=arn), lambda e: e["status"] != "RUNNING", 120)
        assert ended["status"] == "SUCCEEDED", (ended.get("cause"), self.emulator.log.read_text()[-3000:])
        return dict(json.loads(ended["output"]))

    def executions_of(self, grant: str) -> list[dict[str, Any]]:
        """Executions of the central machine for a grant, oldest first: its event's, and those that settled."""
        states, found, known = self.client("stepfunctions"), [], {grant}
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=NAMES.central_machine_arn(DOMAIN))
        every = sorted((item for page in pages for item in page["executions"]), key=lambda item: item["startDate"])
        for item in every:
            described = states.describe_execution(executionArn=item["executionArn"])
            if any(word in described["input"] for word in known):
                known.add(item["executionArn"])
                found.append(dict(described))
        return found

    def assets_of(self, grant: str) -> list[dict[str, Any]]:
        answer = self.client("datazone").get_subscription_grant(domainIdentifier=self.domain, identifier=grant)
        return list(answer["assets"])

    def settled(self, grant: str, seconds: float = 90.0) -> dict[str, Any]:
        """The first asset of a grant, once its status is final."""
        return self.settled_as(grant, ("GRANTED", "REVOKED", "GRANT_FAILED", "REVOKE_FAILED"), seconds)

    def settled_as(self, grant: str, final: tuple[str, ...], seconds: float = 90.0) -> dict[str, Any]:
        """The first asset of a grant, once its status is one of these."""
        assets = eventually(lambda: self.assets_of(grant), lambda found: found[0]["status"] in final, seconds)
        return dict(assets[0])

    def may(self, principal: str, action: str, resource: str) -> bool:
        answer = self.emulator.admin("POST", "access", {"principal": principal, "action": action, "resource": resource})
        return bool(answer["allowed"])


@contextmanager
def deployed(
    directory: Path, speed: float = SPEED, sources: tuple[GovernedSource, ...] = SOURCES
) -> Iterator[Deployment]:
    """An emulator of its own, with its state in this directory and everything deployed in it.

    Args:
        directory: for its state.
        speed: of the machines' waits and time-outs.
        sources: what the data sources of each account may speak for.
    """
    process, running = run_emulator(directory, EMULATOR_SPEED=str(speed))
    try:
        made = Deployment(running, sources=sources)
        made.make_domain()
        made.make_types()
        made.deploy()
        made.let_functions_in()
        made.cluster = made.make_cluster("streaming-prod")
        yield made
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("emulator")) as made:
        yield made


@pytest.fixture(scope="module")
def grants_end_with_the_module(deployment: Deployment) -> Iterator[None]:
    """For modules whose grants share the reader role of a project with those of other modules."""
    before = deployment.granted()
    yield
    deployment.end_grants(before)
