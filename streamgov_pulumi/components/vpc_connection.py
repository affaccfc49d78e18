"""The one-time private connection of a consumer's VPC to a cluster of another VPC, usually of another account."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.model.errors import ConfigError
from streamgov_pulumi.components._account import AccountComponent, AccountInput
from streamgov_pulumi.components._settings import Settings, child, lifted, lifted_list

CLUSTER = re.compile(r"arn:aws[a-z-]*:kafka:([a-z0-9-]+):\d{12}:cluster/[^/]+/[0-9a-f-]+-(s?)\d+")
AUTHENTICATIONS = ("SASL_IAM", "SASL_SCRAM", "TLS")
SUBNETS = (2, 3)
"""A provisioned cluster has brokers in two or three zones, and a connection has a subnet in each of the same."""


class MskVpcConnectionArgs(TypedDict):
    """Arguments of MskVpcConnection."""

    account: AccountInput
    """The consumer's account."""
    cluster_arn: pulumi.Input[str]
    """ARN of the provisioned cluster, which is of the same region."""
    vpc_id: pulumi.Input[str]
    """The consumer's VPC."""
    client_subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    """A subnet for each of the cluster's, in the same availability zones (by zone id)."""
    security_groups: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Groups of the brokers' network interfaces: they must let the clients in on TCP 14001 to 14100."""
    authentication: NotRequired[pulumi.Input[str]]
    """SASL_IAM, SASL_SCRAM or TLS. Default SASL_IAM, the only one that grants govern."""


class MskVpcConnection(AccountComponent):
    """A managed VPC connection (MSK developer guide, "Multi-VPC private connectivity").

    It is made once for a VPC and cluster, not for each topic, and gives no access to data: grants do. The cluster must
    have multi-VPC connectivity, and if it is of another account, its policy must admit whoever makes the connection to
    ``kafka:CreateVpcConnection``. A grant does so for the roles that it is for, and gives those that the member names
    in ``connection_roles`` all that making one takes: let the provider assume such a role. Any other role needs a
    statement of the cluster's owner, which grants leave alone, and permissions of its own.
    """

    connection_arn: pulumi.Output[str]
    """ARN of the connection."""

    def __init__(self, name: str, args: MskVpcConnectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("MskVpcConnection", name, args, MskVpcConnectionArgs, opts)
        settings = self._account.settings
        cluster = pulumi.Output.from_input(args["cluster_arn"]).apply(lambda arn: check_cluster(name, settings, arn))
        connection = aws.msk.VpcConnection(
            f"{name}-connection",
            target_cluster_arn=cluster,
            authentication=lifted(partial(check_authentication, name), args.get("authentication", "SASL_IAM")),
            vpc_id=args["vpc_id"],
            client_subnets=lifted_list(partial(check_subnets, name), args["client_subnets"]),
            security_groups=lifted_list(partial(check_groups, name), args["security_groups"]),
            tags=settings.tags,
            opts=child(self),
        )
        self.connection_arn = connection.arn
        self.register_outputs({"connection_arn": self.connection_arn})


def check_authentication(name: str, authentication: str) -> str:
    """One of AUTHENTICATIONS.

    Raises:
        ConfigError: it is none of them.
    """
    if authentication not in AUTHENTICATIONS:
        known = ", ".join(AUTHENTICATIONS)
        raise ConfigError(f"{name}: authentication must be one of {known}, got {authentication!r}")
    return authentication


def check_subnets(name: str, subnets: list[Any]) -> list[Any]:
    """As many subnets as a cluster can have.

    Raises:
        ConfigError: there are more or fewer.
    """
    if len(subnets) not in SUBNETS:
        raise ConfigError(
            f"{name}: client_subnets must be two or three subnets, as many as the cluster has, got {len(subnets)}"
        )
    return subnets


def check_groups(name: str, groups: list[Any]) -> list[Any]:
    """At least one security group.

    Raises:
        ConfigError: there is none.
    """
    if not groups:
        raise ConfigError(f"{name}: security_groups must name at least one group")
    return groups


def check_cluster(name: str, settings: Settings, arn: str) -> str:
    """The cluster's ARN, if a VPC can be connected to it.

    Raises:
        ConfigError: it is no provisioned cluster's, or of another region.
    """
    found = CLUSTER.fullmatch(arn)
    if found is None:
        raise ConfigError(f"{name}: cluster_arn must be the ARN of an MSK cluster, got {arn!r}")
    region, serverless = found.groups()
    if serverless:
        raise ConfigError(f"{name}: {arn} is serverless; managed VPC connections lead to provisioned clusters only")
    if region != settings.names.region:
        raise ConfigError(
            f"{name}: {arn} is in {region}; a managed VPC connection stays within its region, here "
            f"{settings.names.region}"
        )
    return arn
