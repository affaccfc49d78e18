"""aws:msk/vpcConnection."""

from __future__ import annotations

from aws_emulator.pulumi_aws.model import Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    delete_quietly,
    read_or_none,
    wait_for,
)
from aws_emulator.pulumi_aws.types.msk import retag


def _create(context: Context, inputs: State) -> tuple[str, State]:
    arn = context.client("kafka").create_vpc_connection(
        TargetClusterArn=inputs["targetClusterArn"],
        Authentication=inputs["authentication"],
        VpcId=inputs["vpcId"],
        ClientSubnets=inputs["clientSubnets"],
        SecurityGroups=inputs["securityGroups"],
        Tags=context.tags(inputs),
    )["VpcConnectionArn"]
    with after_creation(arn):

        def available() -> bool:
            return bool(context.client("kafka").describe_vpc_connection(Arn=arn)["State"] == "AVAILABLE")

        wait_for(f"the VPC connection {arn} to be available", available)
        return arn, _live(context, arn)


def _live(context: Context, arn: str) -> State:
    kafka = context.client("kafka")
    found = kafka.describe_vpc_connection(Arn=arn)
    return {
        "arn": arn,
        "targetClusterArn": found["TargetClusterArn"],
        "authentication": found["Authentication"],
        "vpcId": found["VpcId"],
        "clientSubnets": found["Subnets"],
        "securityGroups": found["SecurityGroups"],
        **all_tags(kafka.list_tags_for_resource(ResourceArn=arn)["Tags"]),
    }


def _read(context: Context, identifier: str, state: State) -> State | None:
    return read_or_none(lambda: _live(context, identifier))


def _update(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    retag(context, identifier, old, new)
    return _live(context, identifier)


def _delete(context: Context, identifier: str, state: State) -> None:
    delete_quietly(lambda: context.client("kafka").delete_vpc_connection(Arn=identifier))
    wait_for(f"the VPC connection {identifier} to be gone", lambda: _read(context, identifier, state) is None)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    text = Prop()
    registry.add(
        ResourceType(
            "aws:msk/vpcConnection:VpcConnection",
            {
                "targetClusterArn": Prop(required=True, replace=True),
                "authentication": Prop(required=True, replace=True),
                "vpcId": Prop(required=True, replace=True),
                "clientSubnets": Prop("list", required=True, replace=True, element=text, unordered=True),
                "securityGroups": Prop("list", required=True, replace=True, element=text, unordered=True),
                **TAGS,
            },
            create=_create,
            read=_read,
            update=_update,
            delete=_delete,
        ),
    )
