"""The sandbox's producer and consumer functions: something that flows, and that reports its lineage."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.scope import AccountScope
from streamgov_core.model.command import Consumer
from streamgov_pulumi.components._accounts import Accounts
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import AccountArgs, child
from streamgov_pulumi.components.function import FunctionWithRole
from streamgov_pulumi.providers import ProjectMembership
from streamgov_samples.components.sandbox import Sandbox
from streamgov_samples.deployment import SampleConsumer, sample_consumer, sample_producer


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
        settings = sandbox.account(access).settings
        producer = Description(
            lambda **values: sample_producer(
                AccountScope(settings.names, settings.account),
                platform=platform,
                registry_name=sandbox.registries[platform],
                **values,
            ),
            domain_id=sandbox.domain_id,
            resource_arn=sandbox.resource_of(platform),
            brokers=sandbox.brokers,
            stream_key_arn=sandbox.stream_key_arn,
        )
        function = FunctionWithRole(f"{name}-producer", settings, producer, self._accounts.options(access, self))
        self._member(f"{name}-producer", "producer", function.role_arn)
        return function

    def _consumer(self, name: str) -> FunctionWithRole:
        access, platform, sandbox = self._args["consumer"], self._args["platform"], self._sandbox
        settings = sandbox.account(access).settings

        def build(project: str, environment: str, **values: str) -> SampleConsumer:
            return sample_consumer(
                AccountScope(settings.names, settings.account),
                Consumer(settings.account, settings.names.region, project, environment, ()),
                platform=platform,
                registry_name=sandbox.registries[platform],
                **values,
            )

        consumer = Description(
            build,
            domain_id=sandbox.domain_id,
            project=sandbox.projects["consumer"],
            environment=sandbox.environments["consumer"],
            resource_arn=sandbox.resource_of(platform),
            brokers=sandbox.brokers,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-consumer-policy",
            name=f"own-{platform}",
            role=sandbox.consumer_role_name,
            policy=consumer.value(lambda spec: to_json(spec.policy)),
            opts=child(self, provider=self._accounts.provider(access)),
        )
        return FunctionWithRole(
            f"{name}-consumer",
            settings,
            consumer.part(lambda spec: spec.function),
            self._accounts.options(access, self, depends_on=[policy]),
            role_arn=sandbox.consumer_role_arn,
        )

    def _member(self, name: str, project: str, role_arn: pulumi.Output[str]) -> None:
        """Only users of the domain may report lineage; its account must be associated before."""
        access = self._args["domain"]
        ProjectMembership(
            f"{name}-membership",
            {
                "domain_id": self._sandbox.domain_id,
                "project_id": self._sandbox.projects[project],
                "user_identifier": role_arn,
                "designation": "PROJECT_CONTRIBUTOR",
                **self._sandbox.account(access).session_inputs(),
            },
            child(self, depends_on=self._sandbox.accepters),
        )
