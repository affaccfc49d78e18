"""Private connections of client VPCs to a cluster (MSK developer guide, "Multi-VPC private connectivity").

A connection belongs to the client's account. It needs connectivity switched on for its authentication scheme; who may
make one is decided by the cluster policy and the caller's identity policy, which the IAM part evaluates.
"""

from __future__ import annotations

import uuid
from typing import Any

from aws_emulator.api import ApiCall, ApiError, Emulator
from aws_emulator.patches.common import page, parse_arn, utc
from aws_emulator.patches.kafka.store import Cluster, Store, VpcConnection, bad_request

SCHEMES = {"SASL_IAM": "Iam", "SASL_SCRAM": "Scram", "TLS": "Tls"}
DEFAULT_PAGE = 10


def install(emulator: Emulator, store: Store) -> None:
    """Register the operations."""
    kept: dict[str, VpcConnection] = {}

    @emulator.operation("kafka", "CreateVpcConnection")
    def create_vpc_connection(call: ApiCall) -> dict[str, Any]:
        params = call.params
        cluster = store.find(call, params["TargetClusterArn"], missing="BadRequestException")
        _check(cluster, params)
        account = call.caller.account
        target = parse_arn(cluster.arn)
        assert target is not None
        connection = VpcConnection(
            arn=f"arn:aws:kafka:{call.region}:{account}:vpc-connection/{target.account}/{cluster.cluster_name}"
            f"/{uuid.uuid4()}-{cluster.arn.rsplit('-', 1)[-1]}",
            cluster_arn=cluster.arn,
            owner=account,
            authentication=params["Authentication"],
            vpc_id=params["VpcId"],
            subnets=params["ClientSubnets"],
            security_groups=params["SecurityGroups"],
            created=store.now(),
            tags=params.get("Tags", {}),
        )
        with cluster.lock:
            cluster.connections[connection.arn] = connection
            kept[connection.arn] = connection
        if connection.tags:
            store.backend(account, call.region).tag_resource(connection.arn, connection.tags)
        return {
            "VpcConnectionArn": connection.arn,
            "State": "CREATING",
            "Authentication": connection.authentication,
            "VpcId": connection.vpc_id,
            "ClientSubnets": connection.subnets,
            "SecurityGroups": connection.security_groups,
            "CreationTime": utc(connection.created),
            "Tags": connection.tags,
        }

    def find(call: ApiCall) -> VpcConnection:
        connection = kept.get(call.params["Arn"])
        if connection is None or connection.owner != call.caller.account:
            raise ApiError("NotFoundException", "The VPC connection does not exist.", 404)
        return connection

    @emulator.operation("kafka", "DescribeVpcConnection")
    def describe_vpc_connection(call: ApiCall) -> dict[str, Any]:
        connection = find(call)
        return {
            **_row(connection),
            "Subnets": connection.subnets,
            "SecurityGroups": connection.security_groups,
            "Tags": store.backend(connection.owner, call.region).list_tags_for_resource(connection.arn),
        }

    @emulator.operation("kafka", "DeleteVpcConnection")
    def delete_vpc_connection(call: ApiCall) -> dict[str, Any]:
        connection = find(call)
        kept.pop(connection.arn, None)
        for cluster in _clusters_of(store, connection):
            cluster.connections.pop(connection.arn, None)
        return {"VpcConnectionArn": connection.arn, "State": "DELETING"}

    @emulator.operation("kafka", "ListVpcConnections")
    def list_vpc_connections(call: ApiCall) -> dict[str, Any]:
        here = (call.caller.account, call.region)
        own = [_row(item) for item in list(kept.values()) if (item.owner, item.arn.split(":")[3]) == here]
        return _page(call, own, "VpcConnections")

    @emulator.operation("kafka", "ListClientVpcConnections")
    def list_client_vpc_connections(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"], missing="BadRequestException")
        rows = []
        for connection in list(cluster.connections.values()):
            row = _row(connection)
            del row["VpcId"], row["TargetClusterArn"]
            rows.append({**row, "Owner": connection.owner})
        return _page(call, rows, "ClientVpcConnections")

    @emulator.operation("kafka", "RejectClientVpcConnection")
    def reject_client_vpc_connection(call: ApiCall) -> dict[str, Any]:
        cluster = store.find(call, call.params["ClusterArn"], missing="BadRequestException")
        connection = cluster.connections.get(call.params["VpcConnectionArn"])
        if connection is None:
            raise bad_request("The VPC connection does not exist.", "vpcConnectionArn")
        connection.state = "REJECTED"
        return {}


def _check(cluster: Cluster, params: dict[str, Any]) -> None:
    scheme = SCHEMES.get(params["Authentication"])
    if scheme is None:
        raise bad_request(f"The authentication {params['Authentication']} is not valid.", "authentication")
    if not cluster.vpc_authentication(scheme):
        raise bad_request("Multi-VPC private connectivity is not turned on for this authentication.", "authentication")
    own_subnets = len(cluster.settings["BrokerNodeGroupInfo"]["ClientSubnets"])
    if len(params["ClientSubnets"]) != own_subnets:
        raise bad_request(f"A connection to this cluster needs {own_subnets} subnets.", "clientSubnets")


def _clusters_of(store: Store, connection: VpcConnection) -> list[Cluster]:
    target = parse_arn(connection.cluster_arn)
    assert target is not None
    found = store.backend(target.account, target.region).clusters.get(connection.cluster_arn)
    return [found] if found else []


def _row(connection: VpcConnection) -> dict[str, Any]:
    return {
        "VpcConnectionArn": connection.arn,
        "TargetClusterArn": connection.cluster_arn,
        "CreationTime": utc(connection.created),
        "Authentication": connection.authentication,
        "VpcId": connection.vpc_id,
        "State": connection.state,
    }


def _page(call: ApiCall, rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found, token = page(
        rows,
        call.params.get("NextToken"),
        call.params.get("MaxResults"),
        default=DEFAULT_PAGE,
        scope=(call.operation, call.params.get("ClusterArn"), call.caller.account),
        error=lambda message: bad_request(message, "nextToken"),
    )
    return {name: found, **({"NextToken": token} if token else {})}
