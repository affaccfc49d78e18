"""A V2 domain (SageMaker Unified Studio) with the workflow deployed: project roles under AWS's own boundary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from streamgov_pulumi.providers.designation import ensure
from tests.integration.access.conftest import MEMBERS, NAMES, REGION, SPEED, Deployment
from tests.integration.access.stream import Stream
from tests.sandbox import CONSUMER, DOMAIN, run_emulator
from tools.dev.studio_domain import make_shared_domain, make_tooling_project


@dataclass
class Studio(Deployment):
    """A deployment whose projects are made from a project profile."""

    def make_domain(self) -> None:
        self.domain = make_shared_domain(self.client, DOMAIN, MEMBERS)
        for account in MEMBERS:
            self.projects[account], self.environments[account] = make_tooling_project(
                self.client, DOMAIN, self.domain, f"project-{account[:3]}", account, REGION
            )

    def project_role(self, account: str = CONSUMER) -> str:
        """The role that the project's tooling made."""
        environment = self.client("datazone").get_environment(
            domainIdentifier=self.domain, identifier=self.environments[account]
        )
        resources = environment["provisionedResources"]
        return str(next(item["value"] for item in resources if item["name"] == "userRoleArn"))

    def let_functions_in(self) -> None:
        """By designations that permit what each function calls, as a deployment makes them."""
        datazone = self.client("datazone")
        for function in self.described().functions:
            assert function.role is not None
            name = NAMES.designation(function.key, DOMAIN)
            designation = ensure(datazone, self.domain, name, function.datazone_operations)
            assert designation is not None
            group = datazone.create_group_profile(domainIdentifier=self.domain, rolePrincipalArn=function.role.arn)
            for project in self.projects.values():
                datazone.create_project_membership(
                    domainIdentifier=self.domain,
                    projectIdentifier=project,
                    member={"groupIdentifier": group["id"]},
                    designation="USER_CREATED_DESIGNATION",
                    userCreatedDesignationId=designation,
                )


class StudioStream(Stream):
    """A stream, and the consumer's project role instead of a role of its own."""

    deployment: Studio

    def make_role(self) -> str:
        return self.deployment.project_role(self.account)

    def session(self) -> Any:
        """A person's session of the project's role, as the portal gives it."""
        keys = self.deployment.client("datazone").get_environment_credentials(
            domainIdentifier=self.deployment.domain, environmentIdentifier=self.deployment.environments[self.account]
        )
        return boto3.Session(keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"], region_name=REGION)

    def directly(self) -> Any:
        """A Kinesis client as the project's role itself."""
        return self.session().client("kinesis", endpoint_url=self.deployment.emulator.endpoint)

    def access_role(self) -> str:
        """The access role, as the grant ledger's record tells a consumer."""
        return str(self.outcome()["awsRoleArn"])

    def outcome(self) -> dict[str, Any]:
        """What the grant ledger knows of the grant's end."""
        (item,) = self.deployment.client("dynamodb").query(
            TableName=NAMES.grant_table,
            KeyConditionExpression="grantId = :grant",
            ExpressionAttributeValues={":grant": {"S": self.granted}},
        )["Items"]
        return dict(json.loads(item["outcome"]["S"]))

    def grant(self) -> str:
        self.granted = super().grant()
        return self.granted

    def as_consumer(self, role: str = "") -> Any:
        """A Kinesis client as the access role, which the project's role assumes."""
        endpoint = self.deployment.emulator.endpoint
        sts = self.session().client("sts", endpoint_url=endpoint)
        keys = sts.assume_role(RoleArn=role or self.access_role(), RoleSessionName="notebook")["Credentials"]
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)
        return session.client("kinesis", endpoint_url=endpoint)

    def refused(self, call: Any) -> str:
        """The code of the error that a call ends in."""
        try:
            call()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        raise AssertionError("it was allowed")


@contextmanager
def studio(directory: Path, speed: float = SPEED) -> Iterator[Studio]:
    """An emulator of its own with a V2 domain and everything deployed in it."""
    process, running = run_emulator(directory, EMULATOR_SPEED=str(speed))
    try:
        made = Studio(running)
        made.make_domain()
        made.client("glue", MEMBERS[0]).create_registry(RegistryName="streams")
        made.make_types()
        made.deploy()
        made.let_functions_in()
        made.cluster = made.make_cluster("streaming-prod")
        yield made
    finally:
        process.terminate()
        process.wait(30)


__all__ = ["Studio", "StudioStream", "studio"]
