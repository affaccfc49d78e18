"""aws:ec2/*: the network of the sandbox's cluster."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.model import Autoname, Context, Prop, Registry, ResourceType, State
from aws_emulator.pulumi_aws.types.common import (
    TAGS,
    after_creation,
    all_tags,
    changed,
    delete_quietly,
    pairs,
    read_or_none,
    tag_changes,
    tag_list,
)


def _specification(context: Context, inputs: State, kind: str) -> list[dict[str, Any]]:
    tags = tag_list(context, inputs)
    return [{"ResourceType": kind, "Tags": tags}] if tags else []


def _retag(context: Context, identifier: str, old: State, new: State) -> None:
    ec2 = context.client("ec2")
    removed, added = tag_changes(context, old, new)
    if removed:
        ec2.delete_tags(Resources=[identifier], Tags=[{"Key": k} for k in removed])
    if added:
        ec2.create_tags(Resources=[identifier], Tags=[{"Key": k, "Value": v} for k, v in added.items()])


# --- Vpc ---
def _create_vpc(context: Context, inputs: State) -> tuple[str, State]:
    made = context.client("ec2").create_vpc(
        CidrBlock=inputs["cidrBlock"], TagSpecifications=_specification(context, inputs, "vpc")
    )
    identifier = made["Vpc"]["VpcId"]
    with after_creation(identifier):
        _vpc_dns(context, identifier, inputs)
        return identifier, _live_vpc(context, identifier)


def _vpc_dns(context: Context, identifier: str, inputs: State) -> None:
    ec2 = context.client("ec2")
    ec2.modify_vpc_attribute(VpcId=identifier, EnableDnsSupport={"Value": bool(inputs["enableDnsSupport"])})
    ec2.modify_vpc_attribute(VpcId=identifier, EnableDnsHostnames={"Value": bool(inputs["enableDnsHostnames"])})


def _live_vpc(context: Context, identifier: str) -> State:
    ec2 = context.client("ec2")
    vpc = ec2.describe_vpcs(VpcIds=[identifier])["Vpcs"][0]
    support = ec2.describe_vpc_attribute(VpcId=identifier, Attribute="enableDnsSupport")
    hostnames = ec2.describe_vpc_attribute(VpcId=identifier, Attribute="enableDnsHostnames")
    return {
        "cidrBlock": vpc["CidrBlock"],
        "enableDnsSupport": support["EnableDnsSupport"]["Value"],
        "enableDnsHostnames": hostnames["EnableDnsHostnames"]["Value"],
        "arn": f"arn:aws:ec2:{context.region}:{context.account}:vpc/{identifier}",
        **all_tags(pairs(vpc.get("Tags"))),
    }


def _update_vpc(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    if changed(old, new, "enableDnsSupport", "enableDnsHostnames"):
        _vpc_dns(context, identifier, new)
    _retag(context, identifier, old, new)
    return _live_vpc(context, identifier)


# --- Subnet ---
def _create_subnet(context: Context, inputs: State) -> tuple[str, State]:
    arguments: dict[str, Any] = {
        "VpcId": inputs["vpcId"],
        "CidrBlock": inputs["cidrBlock"],
        "TagSpecifications": _specification(context, inputs, "subnet"),
    }
    if inputs.get("availabilityZone"):
        arguments["AvailabilityZone"] = inputs["availabilityZone"]
    identifier = context.client("ec2").create_subnet(**arguments)["Subnet"]["SubnetId"]
    return identifier, _live_subnet(context, identifier)


def _live_subnet(context: Context, identifier: str) -> State:
    subnet = context.client("ec2").describe_subnets(SubnetIds=[identifier])["Subnets"][0]
    return {
        "vpcId": subnet["VpcId"],
        "cidrBlock": subnet["CidrBlock"],
        "availabilityZone": subnet["AvailabilityZone"],
        "arn": f"arn:aws:ec2:{context.region}:{context.account}:subnet/{identifier}",
        **all_tags(pairs(subnet.get("Tags"))),
    }


def _update_subnet(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    _retag(context, identifier, old, new)
    return _live_subnet(context, identifier)


# --- SecurityGroup ---
def _permissions(rules: Any) -> list[dict[str, Any]]:
    out = []
    for rule in rules or []:
        protocol = str(rule["protocol"])
        item: dict[str, Any] = {
            "IpProtocol": protocol,
            "IpRanges": [_cidr(cidr, rule.get("description")) for cidr in rule.get("cidrBlocks") or []],
        }
        if protocol != "-1":
            item |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
        out.append(item)
    return out


def _cidr(cidr: str, description: str | None) -> dict[str, str]:
    return {"CidrIp": cidr, "Description": description} if description else {"CidrIp": cidr}


def _rules(permissions: Any) -> list[dict[str, Any]] | None:
    """One rule for each protocol, range of ports and description: EC2 keeps the description with the address range."""
    found: dict[tuple[str, int, int, str], list[str]] = {}
    for item in permissions or []:
        everything = item["IpProtocol"] == "-1"
        ports = (0, 0) if everything else (item.get("FromPort", 0), item.get("ToPort", 0))
        for entry in item.get("IpRanges") or []:
            key = (item["IpProtocol"], *ports, entry.get("Description") or "")
            found.setdefault(key, []).append(entry["CidrIp"])
    out = []
    for (protocol, first, last, description), addresses in sorted(found.items()):
        rule = {"protocol": protocol, "fromPort": first, "toPort": last, "cidrBlocks": addresses}
        out.append(rule | ({"description": description} if description else {}))
    return out or None


def _create_group(context: Context, inputs: State) -> tuple[str, State]:
    ec2 = context.client("ec2")
    identifier = ec2.create_security_group(
        GroupName=inputs["name"],
        Description=inputs["description"],
        VpcId=inputs["vpcId"],
        TagSpecifications=_specification(context, inputs, "security-group"),
    )["GroupId"]
    # EC2 adds "everything may go out"; the real provider takes it away, and sets what is declared.
    with after_creation(identifier):
        _replace_rules(context, identifier, inputs)
        return identifier, _live_group(context, identifier)


def _replace_rules(context: Context, identifier: str, inputs: State) -> None:
    ec2 = context.client("ec2")
    group = ec2.describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0]
    if group.get("IpPermissions"):
        ec2.revoke_security_group_ingress(GroupId=identifier, IpPermissions=group["IpPermissions"])
    if group.get("IpPermissionsEgress"):
        ec2.revoke_security_group_egress(GroupId=identifier, IpPermissions=group["IpPermissionsEgress"])
    if inputs.get("ingress"):
        ec2.authorize_security_group_ingress(GroupId=identifier, IpPermissions=_permissions(inputs["ingress"]))
    if inputs.get("egress"):
        ec2.authorize_security_group_egress(GroupId=identifier, IpPermissions=_permissions(inputs["egress"]))


def _live_group(context: Context, identifier: str) -> State:
    group = context.client("ec2").describe_security_groups(GroupIds=[identifier])["SecurityGroups"][0]
    return {
        "name": group["GroupName"],
        "description": group["Description"],
        "vpcId": group["VpcId"],
        "ingress": _rules(group.get("IpPermissions")),
        "egress": _rules(group.get("IpPermissionsEgress")),
        "arn": f"arn:aws:ec2:{context.region}:{context.account}:security-group/{identifier}",
        **all_tags(pairs(group.get("Tags"))),
    }


def _update_group(context: Context, identifier: str, old: State, new: State, last: State) -> State:
    if changed(old, new, "ingress", "egress"):
        _replace_rules(context, identifier, new)
    _retag(context, identifier, old, new)
    return _live_group(context, identifier)


def register(registry: Registry) -> None:
    """Add the types of this module."""
    rule = Prop(
        "object",
        members={
            "description": Prop(),
            "protocol": Prop(required=True),
            "fromPort": Prop("int", required=True),
            "toPort": Prop("int", required=True),
            "cidrBlocks": Prop("list", unordered=True),
        },
    )
    registry.add(
        ResourceType(
            "aws:ec2/vpc:Vpc",
            {
                "cidrBlock": Prop(replace=True),
                "enableDnsSupport": Prop("bool", default=True),
                "enableDnsHostnames": Prop("bool", default=False),
                **TAGS,
            },
            create=_create_vpc,
            read=lambda context, identifier, state: read_or_none(lambda: _live_vpc(context, identifier)),
            update=_update_vpc,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("ec2").delete_vpc(VpcId=identifier)
            ),
        ),
        ResourceType(
            "aws:ec2/subnet:Subnet",
            {
                "vpcId": Prop(required=True, replace=True),
                "cidrBlock": Prop(replace=True),
                "availabilityZone": Prop(replace=True, computed=True),
                **TAGS,
            },
            create=_create_subnet,
            read=lambda context, identifier, state: read_or_none(lambda: _live_subnet(context, identifier)),
            update=_update_subnet,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("ec2").delete_subnet(SubnetId=identifier)
            ),
        ),
        ResourceType(
            "aws:ec2/securityGroup:SecurityGroup",
            {
                "name": Prop(replace=True),
                "description": Prop(replace=True, default="Managed by Pulumi"),
                "vpcId": Prop(replace=True, computed=True),
                "ingress": Prop("list", unordered=True, computed=True, element=rule),
                "egress": Prop("list", unordered=True, computed=True, element=rule),
                **TAGS,
            },
            create=_create_group,
            read=lambda context, identifier, state: read_or_none(lambda: _live_group(context, identifier)),
            update=_update_group,
            delete=lambda context, identifier, state: delete_quietly(
                lambda: context.client("ec2").delete_security_group(GroupId=identifier)
            ),
            autoname=Autoname("name", 255),
        ),
    )
