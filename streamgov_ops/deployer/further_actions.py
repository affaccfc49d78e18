"""What deploying further types takes: of optional components, and of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from streamgov_ops.deployer.actions import Needs

FEATURES: Mapping[str, tuple[str, ...]] = {
    "flink-application": ("aws:kinesisanalyticsv2/application:Application", "aws:cloudwatch/logStream:LogStream"),
    "vpc-connection": ("aws:msk/vpcConnection:VpcConnection",),
}
"""Components that the program itself does not deploy, by the word of ``--with``: the types of each."""

OPTIONAL: Mapping[str, Needs] = {
    "aws:msk/vpcConnection:VpcConnection": Needs(
        "kafka",
        ("arn:{partition}:kafka:{region}:{account}:vpc-connection/*", "arn:{partition}:kafka:{region}:*:cluster/*"),
        read=("DescribeVpcConnection", "ListTagsForResource"),
        write=("CreateVpcConnection", "DeleteVpcConnection", "TagResource", "UntagResource"),
    ),
    "aws:kinesisanalyticsv2/application:Application": Needs(
        "kinesisanalytics",
        ("arn:{partition}:kinesisanalytics:{region}:{account}:application/{ns}-*",),
        read=("DescribeApplication", "DescribeApplicationOperation", "ListTagsForResource"),
        write=(
            "AddApplicationCloudWatchLoggingOption", "AddApplicationVpcConfiguration", "DeleteApplication",
            "DeleteApplicationCloudWatchLoggingOption", "DeleteApplicationVpcConfiguration",
            "StartApplication", "StopApplication", "TagResource", "UntagResource", "UpdateApplication",
        ),
        write_any=("CreateApplication",),
        passes=("kinesisanalytics.amazonaws.com",),
        # Its role lies where the consumers' roles do, which the deploying role of the rest does not reach.
        also=(
            Needs(
                "iam",
                ("arn:{partition}:iam::{account}:role/consumers/{ns}-*",),
                read=(
                    "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListInstanceProfilesForRole",
                    "ListRolePolicies",
                ),
                write=(
                    "CreateRole", "DeleteRole", "DeleteRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy",
                    "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription",
                ),
            ),
        ),
    ),
    "aws:cloudwatch/logStream:LogStream": Needs(
        "logs",
        (
            "arn:{partition}:logs:{region}:{account}:log-group:/aws/kinesis-analytics/{ns}-*",
            "arn:{partition}:logs:{region}:{account}:log-group:/aws/kinesis-analytics/{ns}-*:log-stream:*",
        ),
        read=("DescribeLogStreams", "ListTagsForResource"),
        write=(
            "AssociateKmsKey", "CreateLogGroup", "CreateLogStream", "DeleteLogGroup", "DeleteLogStream",
            "DeleteRetentionPolicy", "DisassociateKmsKey", "PutRetentionPolicy", "TagResource", "UntagResource",
        ),
    ),
}  # fmt: skip
"""Types of components that the program itself does not deploy; whoever uses one adds these to the deploying role."""
_SANDBOX_CLUSTERS = ("arn:{partition}:kafka:{region}:{account}:cluster/{ns}-*",)
_NETWORK = ("arn:{partition}:ec2:{region}:{account}:*/*",)
SANDBOX: Mapping[str, Needs] = {
    "aws:datazone/domain:Domain": Needs(
        "datazone",
        ("arn:{partition}:datazone:{region}:{account}:domain/*",),
        read=("GetDomain", "ListTagsForResource"),
        write=("DeleteDomain", "TagResource", "UntagResource", "UpdateDomain"),
        write_any=("CreateDomain",),
        passes=("datazone.amazonaws.com",),
    ),
    "aws:datazone/project:Project": Needs(
        "datazone", read_any=("GetProject",), write_any=("CreateProject", "DeleteProject", "UpdateProject")
    ),
    "aws:datazone/environmentBlueprintConfiguration:EnvironmentBlueprintConfiguration": Needs(
        "datazone",
        read_any=("GetEnvironmentBlueprintConfiguration", "ListEnvironmentBlueprints"),
        write_any=("DeleteEnvironmentBlueprintConfiguration", "PutEnvironmentBlueprintConfiguration"),
        passes=("datazone.amazonaws.com",),
    ),
    "aws:datazone/environmentProfile:EnvironmentProfile": Needs(
        "datazone",
        read_any=("GetEnvironmentProfile",),
        write_any=("CreateEnvironmentProfile", "DeleteEnvironmentProfile", "UpdateEnvironmentProfile"),
    ),
    "aws:datazone/environment:Environment": Needs(
        "datazone",
        read_any=("GetEnvironment",),
        write_any=("CreateEnvironment", "DeleteEnvironment", "UpdateEnvironment"),
    ),
    "aws:ec2/vpc:Vpc": Needs(
        "ec2",
        _NETWORK,
        write=("CreateTags", "CreateVpc", "DeleteTags", "DeleteVpc", "ModifyVpcAttribute"),
        read_any=("DescribeNetworkAcls", "DescribeRouteTables", "DescribeSecurityGroups", "DescribeVpcs"),
        read=("DescribeVpcAttribute",),
    ),
    "aws:ec2/subnet:Subnet": Needs(
        "ec2",
        _NETWORK,
        write=("CreateSubnet", "CreateTags", "DeleteSubnet", "DeleteTags"),
        read_any=("DescribeNetworkInterfaces", "DescribeSubnets"),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Needs(
        "ec2",
        _NETWORK,
        write=(
            "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup", "CreateTags",
            "DeleteSecurityGroup", "DeleteTags", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress",
        ),
        read_any=("DescribeNetworkInterfaces", "DescribeSecurityGroups"),
    ),
    "aws:msk/cluster:Cluster": Needs(
        "kafka",
        _SANDBOX_CLUSTERS,
        read=("DescribeCluster", "DescribeClusterV2", "ListTagsForResource"),
        write=("CreateCluster", "DeleteCluster", "TagResource", "UntagResource", "UpdateConnectivity",
               "UpdateSecurity"),
        read_any=("GetBootstrapBrokers",),
    ),
    "aws:kinesis/stream:Stream": Needs(
        "kinesis",
        ("arn:{partition}:kinesis:{region}:{account}:stream/{ns}-*",),
        read=("DescribeStreamSummary", "ListTagsForStream"),
        write=(
            "AddTagsToStream", "CreateStream", "DecreaseStreamRetentionPeriod", "DeleteStream",
            "IncreaseStreamRetentionPeriod", "RemoveTagsFromStream", "StartStreamEncryption", "StopStreamEncryption",
        ),
    ),
    "aws:glue/registry:Registry": Needs(
        "glue",
        ("arn:{partition}:glue:{region}:{account}:registry/{ns}-*",),
        read=("GetRegistry", "GetTags"),
        write=("CreateRegistry", "DeleteRegistry", "TagResource", "UntagResource", "UpdateRegistry"),
    ),
}  # fmt: skip
"""What only the local sandbox deploys: on real accounts it is there already, and nobody needs these actions."""
