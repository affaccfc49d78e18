"""aws:index/*: who and where the provider instance is."""

from __future__ import annotations

from aws_emulator.pulumi_aws.model import Context, Function, Registry, State


def _caller_identity(context: Context, arguments: State) -> State:
    answer = context.client("sts").get_caller_identity()
    return {"accountId": answer["Account"], "arn": answer["Arn"], "userId": answer["UserId"], "id": answer["Account"]}


def _region(context: Context, arguments: State) -> State:
    return {"id": context.region, "region": context.region, "name": context.region}


def _partition(context: Context, arguments: State) -> State:
    return {"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def register(registry: Registry) -> None:
    """Add the invokes of this module."""
    registry.add_function(Function("aws:index/getCallerIdentity:getCallerIdentity", {}, _caller_identity))
    registry.add_function(Function("aws:index/getRegion:getRegion", {}, _region))
    registry.add_function(Function("aws:index/getPartition:getPartition", {}, _partition))
