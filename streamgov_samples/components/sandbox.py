"""What the stack ``dev`` governs: a DataZone domain, two projects, a cluster, a stream and two registries.

Nothing of it is needed on real accounts, where a domain and clusters exist already.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.iam_statements import function_trust
from streamgov_pulumi.components._account import SESSION, Account
from streamgov_pulumi.components._accounts import Accounts
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import AccountArgs, ComponentAccountArgs, child
from streamgov_pulumi.components.association import DomainAssociation, DomainAssociationAccepter
from streamgov_pulumi.components.environment import ConsumerBoundary
from streamgov_pulumi.components.trail import SchemaTrail
from streamgov_pulumi.providers import ProjectMembership
from streamgov_samples.functions.records import SCHEMA_NAME

BLUEPRINT = "DefaultDataLake"
CONSUMER_PATH = "/consumers/"
KAFKA_VERSION = "3.9.x"


class SandboxArgs(TypedDict):
    """Arguments of Sandbox."""

    region: str
    """The region."""
    namespace: str
    """Prefix of physical names."""
    domain: AccountArgs
    """The domain's account."""
    producer: AccountArgs
    """The producer's account."""
    consumer: AccountArgs
    """The consumer's account."""
    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource."""
    log_retention_days: NotRequired[int]
    """How long logs are kept."""


def service_trust(service: str, account: str, *actions: str) -> str:
    """Trust policy for a service on behalf of this account."""
    return to_json(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": ["sts:AssumeRole", *actions],
                    "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                }
            ],
        }
    )


class Sandbox(pulumi.ComponentResource):
    """A domain associated with a producer's and a consumer's account, and streams to govern."""

    domain_id: pulumi.Output[str]
    domain_arn: pulumi.Output[str]
    projects: dict[str, pulumi.Output[str]]
    environments: dict[str, pulumi.Output[str]]
    cluster_arn: pulumi.Output[str]
    brokers: pulumi.Output[str]
    stream_arn: pulumi.Output[str]
    stream_key_arn: pulumi.Output[str]
    trail_arn: pulumi.Output[str]
    boundary_arn: pulumi.Output[str]
    consumer_role_arn: pulumi.Output[str]
    consumer_role_name: pulumi.Output[str]
    consumer_role_pattern: str
    registries: dict[str, str]

    def __init__(
        self,
        name: str,
        args: SandboxArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        accounts: Accounts | None = None,
    ) -> None:
        super().__init__("streamgov:index:Sandbox", name, {}, opts)
        self._name, self._args = name, args
        self._accounts = accounts or Accounts(f"{name}-aws", args["region"], None, self)
        self._access = {"domain": args["domain"], "producer": args["producer"], "consumer": args["consumer"]}
        self._prefix = f"{args['namespace']}-sandbox"
        self._tags = dict(args.get("tags", {})) or None

        domain = self._domain()
        accepters = self._association(domain)
        self.accepters: list[pulumi.Resource] = list(accepters.values())
        self.projects, self.environments = {}, {}
        for word in ("producer", "consumer"):
            self._project(word, domain, accepters[word])
        self._streams()
        self._consumer()
        self.trail_arn = SchemaTrail(
            f"{name}-trail",
            {"account": self.account(args["producer"]), "force_destroy": True},
            self._options("producer"),
        ).trail_arn
        self.register_outputs({"domain_id": self.domain_id, "projects": self.projects})

    def account(self, access: AccountArgs) -> Account:
        """What components of one account are told."""
        made: ComponentAccountArgs = {
            "account_id": access["account"],
            "region": self._args["region"],
            "namespace": self._args["namespace"],
        }
        for key in SESSION:
            if access.get(key):
                made[key] = access[key]  # type: ignore[literal-required]
        if "tags" in self._args:
            made["tags"] = self._args["tags"]
        if "log_retention_days" in self._args:
            made["log_retention_days"] = self._args["log_retention_days"]
        return Account(made, provider=partial(self._accounts.provider, access))

    def _options(self, word: str, **more: Any) -> pulumi.ResourceOptions:
        """Options of a child in the account that ``word`` names."""
        return self._accounts.options(self._access[word], self, **more)

    def _own(self, word: str, **more: Any) -> pulumi.ResourceOptions:
        """Options of a resource (not a component) in that account."""
        return child(self, provider=self._accounts.provider(self._access[word]), **more)

    # --- DataZone -------------------------------------------------------------------------------------------------
    def _domain(self) -> aws.datazone.Domain:
        account = self._args["domain"]["account"]
        role = aws.iam.Role(
            f"{self._name}-domain-execution",
            name=f"{self._prefix}-domain-execution",
            path="/service-role/",
            description="DataZone's portal users act through it",
            assume_role_policy=service_trust("datazone.amazonaws.com", account, "sts:TagSession"),
            tags=self._tags,
            opts=self._own("domain"),
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-domain-execution-policy",
            name="portal",
            role=role.name,
            policy=to_json(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            # What AWS's AmazonDataZoneDomainExecutionRolePolicy allows, for reading; a sandbox only.
                            "Action": ["datazone:Get*", "datazone:List*", "datazone:Search*"],
                            "Resource": "*",
                        }
                    ],
                }
            ),
            opts=self._own("domain"),
        )
        domain = aws.datazone.Domain(
            f"{self._name}-domain",
            name=self._prefix,
            description="Streams as governed assets: the local sandbox",
            domain_execution_role=role.arn,
            skip_deletion_check=True,
            tags=self._tags,
            opts=self._own("domain", depends_on=[policy]),
        )
        self.domain_id, self.domain_arn = domain.id, domain.arn
        return domain

    def _association(self, domain: aws.datazone.Domain) -> dict[str, DomainAssociationAccepter]:
        members = {word: self._access[word]["account"] for word in ("producer", "consumer")}
        share = DomainAssociation(
            f"{self._name}-association",
            {
                "account": self.account(self._args["domain"]),
                "domain_arn": domain.arn,
                "domain_version": domain.domain_version,
                "member_accounts": sorted(set(members.values())),
            },
            self._options("domain"),
        )
        return {
            word: DomainAssociationAccepter(
                f"{self._name}-{word}-association",
                {"account": self.account(self._access[word]), "share_arn": share.share_arn},
                self._options(word),
            )
            for word in members
        }

    def _project(self, word: str, domain: aws.datazone.Domain, accepter: DomainAssociationAccepter) -> None:
        account = self._access[word]["account"]
        project = aws.datazone.Project(
            f"{self._name}-{word}-project",
            domain_identifier=domain.id,
            name=word.upper(),
            description=f"The {word} of the sandbox",
            skip_deletion_check=True,
            opts=self._own("domain"),
        )
        blueprint = aws.datazone.get_environment_blueprint_output(
            domain_id=domain.id,
            name=BLUEPRINT,
            managed=True,
            opts=pulumi.InvokeOutputOptions(parent=self, provider=self._accounts.provider(self._args["domain"])),
        )
        roles = {
            what: aws.iam.Role(
                f"{self._name}-{word}-{what}",
                name=f"{self._prefix}-{word}-{what}",
                path="/service-role/",
                description=f"DataZone's {what} role of the blueprint {BLUEPRINT}",
                assume_role_policy=service_trust("datazone.amazonaws.com", account),
                tags=self._tags,
                opts=self._own(word),
            )
            for what in ("provisioning", "manage-access")
        }
        enabled = aws.datazone.EnvironmentBlueprintConfiguration(
            f"{self._name}-{word}-blueprint",
            domain_id=domain.id,
            environment_blueprint_id=blueprint.id,
            enabled_regions=[self._args["region"]],
            provisioning_role_arn=roles["provisioning"].arn,
            manage_access_role_arn=roles["manage-access"].arn,
            opts=self._own(word, depends_on=[accepter]),
        )
        profile = aws.datazone.EnvironmentProfile(
            f"{self._name}-{word}-profile",
            domain_identifier=domain.id,
            name=f"{word}-profile",
            description=f"Environments in account {account}",
            aws_account_id=account,
            aws_account_region=self._args["region"],
            environment_blueprint_identifier=blueprint.id,
            project_identifier=project.id,
            opts=self._own("domain", depends_on=[enabled]),
        )
        environment = aws.datazone.Environment(
            f"{self._name}-{word}-environment",
            domain_identifier=domain.id,
            name=f"{word}-environment",
            description=f"Where the {word} works",
            profile_identifier=profile.id,
            project_identifier=project.id,
            account_identifier=account,
            account_region=self._args["region"],
            opts=self._own("domain", depends_on=[enabled]),
        )
        self.projects[word] = project.id
        self.environments[word] = environment.id

    # --- the producer's streams -----------------------------------------------------------------------------------
    def _streams(self) -> None:
        region, name = self._args["region"], self._name
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block="10.20.0.0/16",
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={**(self._tags or {}), "Name": self._prefix},
            opts=self._own("producer"),
        )
        subnets = [
            aws.ec2.Subnet(
                f"{name}-subnet-{zone}",
                vpc_id=vpc.id,
                cidr_block=f"10.20.{index}.0/24",
                availability_zone=f"{region}{zone}",
                tags={**(self._tags or {}), "Name": f"{self._prefix}-{zone}"},
                opts=self._own("producer"),
            )
            for index, zone in enumerate("ab")
        ]
        inside = {"protocol": "tcp", "cidr_blocks": ["10.20.0.0/16"]}
        group = aws.ec2.SecurityGroup(
            f"{name}-brokers",
            name=f"{self._prefix}-brokers",
            description="Kafka brokers of the sandbox",
            vpc_id=vpc.id,
            ingress=[
                {"description": "Kafka with IAM", "from_port": 9098, "to_port": 9098, **inside},
                {"description": "Multi-VPC connectivity", "from_port": 14001, "to_port": 14100, **inside},
            ],
            egress=[{"description": "Within the VPC", "from_port": 0, "to_port": 65535, **inside}],
            tags=self._tags,
            opts=self._own("producer"),
        )
        cluster = aws.msk.Cluster(
            f"{name}-cluster",
            cluster_name=self._prefix,
            kafka_version=KAFKA_VERSION,
            number_of_broker_nodes=2,
            broker_node_group_info={
                "instance_type": "kafka.m7g.large",
                "client_subnets": [subnet.id for subnet in subnets],
                "security_groups": [group.id],
                "storage_info": {"ebs_storage_info": {"volume_size": 10}},
                "connectivity_info": {"vpc_connectivity": {"client_authentication": {"sasl": {"iam": True}}}},
            },
            client_authentication={"unauthenticated": False, "sasl": {"iam": True}},
            encryption_info={"encryption_in_transit": {"client_broker": "TLS", "in_cluster": True}},
            tags=self._tags,
            opts=self._own("producer"),
        )
        key = aws.kms.Key(
            f"{name}-stream-key",
            description="Records of the sandbox's stream: a stream under AWS's own key cannot be shared",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            policy=to_json(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            # The key's account decides by IAM.
                            "Sid": "Account",
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{self._args['producer']['account']}:root"},
                            "Action": "kms:*",
                            "Resource": "*",
                        }
                    ],
                }
            ),
            tags=self._tags,
            opts=self._own("producer"),
        )
        stream = aws.kinesis.Stream(
            f"{name}-stream",
            # A schema's name is its stream's name: the sample producer's schema belongs to this stream.
            name=SCHEMA_NAME,
            stream_mode_details={"stream_mode": "ON_DEMAND"},
            retention_period=24,
            encryption_type="KMS",
            kms_key_id=key.arn,
            tags=self._tags,
            opts=self._own("producer"),
        )
        self.registries = {platform: f"{self._prefix}-{platform}" for platform in ("msk", "kinesis")}
        for platform, registry in self.registries.items():
            aws.glue.Registry(
                f"{name}-{platform}-registry",
                registry_name=registry,
                description=f"Schemas of the sandbox's {platform} streams",
                tags=self._tags,
                opts=self._own("producer"),
            )
        self.cluster_arn, self.stream_arn, self.stream_key_arn = cluster.arn, stream.arn, key.arn
        # One machine has no VPCs: the consumer's account reaches the brokers where the producer's does.
        self.brokers = cluster.bootstrap_brokers_sasl_iam

    def resource_of(self, platform: str) -> pulumi.Output[str]:
        """The cluster or stream of a platform."""
        return {"msk": self.cluster_arn, "kinesis": self.stream_arn}[platform]

    # --- the consumer's role --------------------------------------------------------------------------------------
    def _consumer(self) -> None:
        told = self.account(self._args["consumer"])
        names, account = told.settings.names, told.settings.account
        boundary = ConsumerBoundary(
            f"{self._name}-consumer-boundary",
            {"account": told},
            self._options("consumer"),
        )
        role_name = f"{self._prefix}-consumer"
        role = aws.iam.Role(
            f"{self._name}-consumer-role",
            name=role_name,
            path=CONSUMER_PATH,
            description="The consumer's job: it may read what grants allow",
            assume_role_policy=to_json(function_trust()),
            permissions_boundary=boundary.policy_arn,
            # Grants put policies on it; what is left of them must not keep the role alive.
            force_detach_policies=True,
            tags=self._tags,
            opts=self._own("consumer"),
        )
        # Only users of the domain may report lineage.
        ProjectMembership(
            f"{self._name}-consumer-membership",
            {
                "domain_id": self.domain_id,
                "project_id": self.projects["consumer"],
                "user_identifier": role.arn,
                "designation": "PROJECT_CONTRIBUTOR",
                **self.account(self._args["domain"]).session_inputs(),
            },
            # A role of an account that is not associated yet cannot become a member.
            child(self, depends_on=self.accepters),
        )
        self.boundary_arn = boundary.policy_arn
        self.consumer_role_arn = role.arn
        self.consumer_role_name = role.name
        self.consumer_role_pattern = f"arn:{names.partition}:iam::{account}:role{CONSUMER_PATH}*"
