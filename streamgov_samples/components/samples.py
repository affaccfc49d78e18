"""The sandbox's producer and consumer functions: something that flows, and that reports its lineage."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.model.command import Consumer
from streamgov_pulumi.components._accounts import Accounts, session_of
from streamgov_pulumi.components._documents import built, to_json, variables
from streamgov_pulumi.components._settings import AccountArgs, Settings, child, session_inputs
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.providers import ProjectMembership
from streamgov_samples.components.sandbox import Sandbox
from streamgov_samples.functions import permissions


class SampleJobsArgs(TypedDict):
    """Arguments of SampleJobs."""

    domain: AccountArgs
    """The domain's account."""
    producer: AccountArgs
    """The producer's account."""
    consumer: AccountArgs
    """The consumer's account."""
    platform: str
    """``msk`` or ``kinesis``."""


class SampleJobs(pulumi.ComponentResource):
    """One producer function in the producer's account and one consumer function in the consumer's, for one platform."""

    producer_arn: pulumi.Output[str]
    consumer_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        args: SampleJobsArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        sandbox: Sandbox,
        accounts: Accounts,
    ) -> None:
        super().__init__("streamgov:index:SampleJobs", name, {}, opts)
        self._args, self._sandbox, self._accounts = args, sandbox, accounts
        producer = self._producer(name)
        consumer = self._consumer(name)
        self.producer_arn, self.consumer_arn = producer.function_arn, consumer.function_arn
        self.register_outputs({"producer_arn": self.producer_arn, "consumer_arn": self.consumer_arn})

    def _producer(self, name: str) -> FunctionWithRole:
        access, platform, sandbox = self._args["producer"], self._args["platform"], self._sandbox
        deployment = sandbox.deployment(access)
        settings = Settings.of(deployment)
        names, what = settings.names, f"sample-producer-{platform}"
        registry = sandbox.registries[platform]
        function = FunctionWithRole(
            f"{name}-producer",
            {
                "deployment": deployment,
                "what": what,
                "entry": "handlers.sample_producer.handler",
                "description": f"Sandbox: writes sample records ({platform}) and reports its run as lineage",
                "policy": built(
                    lambda resource, key: permissions.producer_policy(
                        names,
                        access["account"],
                        platform=platform,
                        registry_arn=settings.arn("glue", f"registry/{registry}"),
                        resource_arn=resource,
                        what=what,
                        kms_key_arn=key,
                    ),
                    resource=sandbox.resource_of(platform),
                    key=sandbox.stream_key_arn,
                ),
                "environment": variables(
                    lambda domain, resource, brokers: permissions.sample_environment(
                        names,
                        platform=platform,
                        domain_id=domain,
                        resource_arn=resource,
                        registry_name=registry,
                        brokers=brokers or "",
                    ),
                    domain=sandbox.domain_id,
                    resource=sandbox.resource_of(platform),
                    brokers=sandbox.brokers,
                ),
            },
            self._accounts.options(access, self),
        )
        self._member(f"{name}-producer", "producer", function.role_arn)
        return function

    def _consumer(self, name: str) -> FunctionWithRole:
        access, platform, sandbox = self._args["consumer"], self._args["platform"], self._sandbox
        deployment = sandbox.deployment(access)
        names, what = Settings.of(deployment).names, f"sample-consumer-{platform}"
        policy = aws.iam.RolePolicy(
            f"{name}-consumer-policy",
            name=f"own-{platform}",
            role=sandbox.consumer_role_name,
            policy=to_json(permissions.consumer_policy(names, access["account"], what=what)),
            opts=child(self, provider=self._accounts.provider(access)),
        )
        return FunctionWithRole(
            f"{name}-consumer",
            {
                "deployment": deployment,
                "what": what,
                "entry": "handlers.sample_consumer.handler",
                "description": f"Sandbox: reads records ({platform}) as the consumer and reports its run as lineage",
                "role_arn": sandbox.consumer_role_arn,
                "environment": variables(
                    lambda domain, project, environment, principal, resource, brokers: permissions.consumer_environment(
                        names,
                        Consumer(access["account"], names.region, project, environment, (principal,)),
                        platform=platform,
                        domain_id=domain,
                        resource_arn=resource,
                        registry_name=sandbox.registries[platform],
                        brokers=brokers or "",
                    ),
                    domain=sandbox.domain_id,
                    project=sandbox.projects["consumer"],
                    environment=sandbox.environments["consumer"],
                    principal=sandbox.consumer_role_arn,
                    resource=sandbox.resource_of(platform),
                    brokers=sandbox.brokers,
                ),
            },
            self._accounts.options(access, self, depends_on=[policy]),
        )

    def _member(self, name: str, word: str, role_arn: pulumi.Output[str]) -> None:
        """Only users of the domain may report lineage; its account must be associated before."""
        access = self._args["domain"]
        settings = Settings.of(self._sandbox.deployment(access))
        ProjectMembership(
            f"{name}-membership",
            {
                "domain_id": self._sandbox.domain_id,
                "project_id": self._sandbox.projects[word],
                "user_identifier": role_arn,
                "designation": "PROJECT_CONTRIBUTOR",
                **session_inputs(settings, session_of(access)),
            },
            child(self, depends_on=self._sandbox.accepters),
        )
