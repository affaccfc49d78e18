"""The cases of the other types: shares, DataZone, the network, the cluster, the stream, the schema registry."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.types.common import wait_for

from .cases import NO_TAGS, RETAG, TAGS
from .harness import CONSUMER, PRODUCER, REGION, Made
from .world import SHARE, Case, World, allow, change, document, profile_inputs, trust

_DOMAIN_PERMISSION = "arn:aws:ram::aws:permission/AWSRAMDefaultPermissionAmazonDataZoneDomain"

# --- shares ---
SHARE_CASE = Case(
    "aws:ram/resourceShare:ResourceShare",
    lambda world: {**SHARE, "name": "case", **TAGS},
    lambda world: [
        change(name="two"), change(allowExternalPrincipals=False), RETAG, NO_TAGS,
        change(replace=True, permissionArns=[_DOMAIN_PERMISSION]),
    ],
    remove=lambda client, made: client("ram").delete_resource_share(resourceShareArn=made.id),
)  # fmt: skip
RESOURCE_ASSOCIATION = Case(
    "aws:ram/resourceAssociation:ResourceAssociation",
    lambda world: {"resourceArn": world.governed()["arn"], "resourceShareArn": _other_share(world)["arn"]},
    lambda world: [
        change(replace=True, resourceArn=f"{world.governed()['arn']}x"), change(replace=True, resourceShareArn="x"),
    ],
    remove=lambda client, made: client("ram").disassociate_resource_share(
        resourceShareArn=made["resourceShareArn"], resourceArns=[made["resourceArn"]]
    ),
)  # fmt: skip
PRINCIPAL_ASSOCIATION = Case(
    "aws:ram/principalAssociation:PrincipalAssociation",
    lambda world: {"principal": CONSUMER, "resourceShareArn": _other_share(world)["arn"]},
    lambda world: [change(replace=True, principal=PRODUCER), change(replace=True, resourceShareArn="x")],
    remove=lambda client, made: client("ram").disassociate_resource_share(
        resourceShareArn=made["resourceShareArn"], principals=[made["principal"]]
    ),
)
ACCEPTER = Case(
    "aws:ram/resourceShareAccepter:ResourceShareAccepter",
    lambda world: {"shareArn": _offered(world)["arn"]},
    lambda world: [change(replace=True, shareArn="arn:aws:ram:us-east-1:111111111111:resource-share/x")],
    account="producer",
    remove=lambda client, made: client("ram").disassociate_resource_share(
        resourceShareArn=made.id, principals=[PRODUCER]
    ),
)


def _other_share(world: World) -> Made:
    return world.once(
        "other-share", world.domain, "aws:ram/resourceShare:ResourceShare", lambda: {**SHARE, "name": "other"}
    )


def _offered(world: World) -> Made:
    """A share that waits for the producer's answer; an answer can be given once."""
    name = f"offered-{len(world.made)}"
    share = world.once(name, world.domain, "aws:ram/resourceShare:ResourceShare", lambda: {**SHARE, "name": name})
    world.once(
        f"{name}-account", world.domain, "aws:ram/principalAssociation:PrincipalAssociation",
        lambda: {"principal": PRODUCER, "resourceShareArn": share["arn"]},
    )  # fmt: skip
    return share


# --- DataZone ---
DOMAIN_CASE = Case(
    "aws:datazone/domain:Domain",
    lambda world: {
        "name": "case", "description": "one", "domainExecutionRole": world.domain_role()["arn"],
        "skipDeletionCheck": True, "domainVersion": "V1", "kmsKeyIdentifier": world.key()["arn"],
        "singleSignOn": {"type": "IAM_IDC", "userAssignment": "MANUAL"}, **TAGS,
    },
    lambda world: [
        change(name="two"), change(description="two"), RETAG, NO_TAGS, change(skipDeletionCheck=False),
        change(singleSignOn={"type": "DISABLED"}), change(serviceRole=world.domain_role()["arn"]),
        change(replace=True, domainVersion="V2"), change(replace=True, kmsKeyIdentifier=None),
    ],
    remove=lambda client, made: client("datazone").delete_domain(identifier=made.id, skipDeletionCheck=True),
    drift=("description", lambda client, made: client("datazone").update_domain(identifier=made.id, description="z")),
    unknown_to_import=("skipDeletionCheck",),
)  # fmt: skip
PROJECT = Case(
    "aws:datazone/project:Project",
    lambda world: {
        "domainIdentifier": world.governed().id, "name": "CASE", "description": "one", "skipDeletionCheck": True,
    },
    lambda world: [change(name="TWO"), change(description="two"), change(skipDeletionCheck=False)],
    remove=lambda client, made: client("datazone").delete_project(
        domainIdentifier=made["domainIdentifier"], identifier=made.id, skipDeletionCheck=True
    ),
    drift=(
        "description",
        lambda client, made: client("datazone").update_project(
            domainIdentifier=made["domainIdentifier"], identifier=made.id, description="z"
        ),
    ),
    import_id=lambda made: f"{made['domainIdentifier']}:{made.id}",
    unknown_to_import=("skipDeletionCheck",),
)  # fmt: skip
BLUEPRINT = Case(
    "aws:datazone/environmentBlueprintConfiguration:EnvironmentBlueprintConfiguration",
    lambda world: {
        "domainId": (world.accepted() and world.governed()).id,
        "environmentBlueprintId": world.blueprint("DefaultDataWarehouse"),
        "enabledRegions": [REGION], "provisioningRoleArn": world.member_role()["arn"],
        "manageAccessRoleArn": world.member_role()["arn"],
    },
    lambda world: [
        change(enabledRegions=[REGION, "eu-west-1"]), change(manageAccessRoleArn=None),
        change(provisioningRoleArn=None),
        change(replace=True, domainId="dzd_other"), change(replace=True, environmentBlueprintId="other"),
    ],
    account="producer",
    remove=lambda client, made: client("datazone").delete_environment_blueprint_configuration(
        domainIdentifier=made["domainId"], environmentBlueprintIdentifier=made["environmentBlueprintId"]
    ),
)  # fmt: skip
PROFILE = Case(
    "aws:datazone/environmentProfile:EnvironmentProfile",
    lambda world: (world.blueprint_configuration(), profile_inputs(world, "case"))[1],
    lambda world: [
        change(name="two"), change(description="two"), change(replace=True, environmentBlueprintIdentifier="other"),
    ],
    remove=lambda client, made: client("datazone").delete_environment_profile(
        domainIdentifier=made["domainIdentifier"], identifier=made.id
    ),
    import_id=lambda made: ",".join(
        (made["domainIdentifier"], made.id, made["environmentBlueprintIdentifier"], made["projectIdentifier"])
    ),
)  # fmt: skip
ENVIRONMENT = Case(
    "aws:datazone/environment:Environment",
    lambda world: {
        "domainIdentifier": world.governed().id, "name": "case", "description": "one",
        "profileIdentifier": world.profile().id, "projectIdentifier": world.project().id, "accountIdentifier": PRODUCER,
        "accountRegion": REGION,
    },
    lambda world: [
        change(name="two"), change(description="two"), change(replace=True, projectIdentifier="other"),
        change(replace=True, accountIdentifier=CONSUMER), change(replace=True, accountRegion="eu-west-1"),
    ],
    remove=lambda client, made: client("datazone").delete_environment(
        domainIdentifier=made["domainIdentifier"], identifier=made.id
    ),
    import_id=lambda made: f"{made['domainIdentifier']},{made.id}",
)  # fmt: skip


def _principal(world: World, designation: str) -> dict[str, Any]:
    unit = {"domainUnit": world.governed()["rootDomainUnitId"], "includeChildDomainUnits": True}
    return {"project": {"projectDesignation": designation, "domainUnitFilter": unit}}


GRANT = Case(
    "aws:datazone/policyGrant:PolicyGrant",
    lambda world: {
        "domainIdentifier": world.governed().id, "entityType": "ASSET_TYPE", "entityIdentifier": world.asset_type(),
        "policyType": "USE_ASSET_TYPE", "principal": _principal(world, "CONTRIBUTOR"),
        "detail": {"useAssetType": {"domainUnitId": world.governed()["rootDomainUnitId"]}},
    },
    lambda world: [
        change(replace=True, entityIdentifier="OtherAssetType"),
        change(replace=True, principal=_principal(world, "OWNER")),
        change(replace=True, detail={"useAssetType": {}}), change(replace=True, domainIdentifier="dzd_other"),
        change(replace=True, entityType="DOMAIN_UNIT"), change(replace=True, policyType="CREATE_GLOSSARY"),
    ],
    remove=lambda client, made: client("datazone").remove_policy_grant(
        domainIdentifier=made["domainIdentifier"], entityType=made["entityType"], policyType=made["policyType"],
        entityIdentifier=made["entityIdentifier"], grantIdentifier=made["grantId"],
        principal={
            "project": {
                "projectDesignation": "CONTRIBUTOR",
                "projectGrantFilter": {"domainUnitFilter": made["principal"]["project"]["domainUnitFilter"]},
            }
        },
    ),
)  # fmt: skip

# --- the network ---
VPC = Case(
    "aws:ec2/vpc:Vpc",
    lambda world: {"cidrBlock": "10.8.0.0/16", "enableDnsHostnames": True, "enableDnsSupport": True, **TAGS},
    lambda world: [
        change(enableDnsHostnames=False), change(enableDnsSupport=False), RETAG, NO_TAGS,
        change(replace=True, cidrBlock="10.7.0.0/16"),
    ],
    account="producer",
    remove=lambda client, made: client("ec2").delete_vpc(VpcId=made.id),
    drift=(
        "tags",
        lambda client, made: client("ec2").create_tags(Resources=[made.id], Tags=[{"Key": "z", "Value": "z"}]),
    ),
)  # fmt: skip
SUBNET = Case(
    "aws:ec2/subnet:Subnet",
    lambda world: {
        "vpcId": world.vpc().id, "cidrBlock": "10.9.200.0/24", "availabilityZone": f"{REGION}a", **TAGS,
    },
    lambda world: [
        RETAG, NO_TAGS, change(replace=True, cidrBlock="10.9.201.0/24"),
        change(replace=True, availabilityZone=f"{REGION}b"), change(replace=True, vpcId="vpc-other"),
    ],
    account="producer",
    remove=lambda client, made: client("ec2").delete_subnet(SubnetId=made.id),
)  # fmt: skip


def _opening(port: int, description: str, *addresses: str) -> dict[str, Any]:
    return {
        "description": description, "protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": list(addresses),
    }  # fmt: skip


GROUP = Case(
    "aws:ec2/securityGroup:SecurityGroup",
    lambda world: {
        "name": "case", "description": "one", "vpcId": world.vpc().id, **TAGS,
        # Two rules for one port that differ in their description: EC2 keeps them as one permission.
        "ingress": [
            _opening(9098, "members", "10.9.0.0/16", "10.1.0.0/16"), _opening(9098, "other", "10.2.0.0/16"),
            _opening(14001, "private", "10.9.0.0/16"),
        ],
        "egress": [{"description": "all", "protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
    },
    lambda world: [
        change(ingress=[_opening(9098, "members", "10.9.0.0/16")]), change(egress=[_opening(443, "web", "0.0.0.0/0")]),
        change(ingress=[]), RETAG, NO_TAGS, change(replace=True, description="two"), change(replace=True, name="other"),
        change(replace=True, vpcId="vpc-other"),
    ],
    account="producer",
    remove=lambda client, made: client("ec2").delete_security_group(GroupId=made.id),
    drift=(
        "ingress",
        lambda client, made: client("ec2").authorize_security_group_ingress(
            GroupId=made.id,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            ],
        ),
    ),
)  # fmt: skip


# --- the cluster, the stream, the registry ---
def _brokers(world: World, private: bool = True, volume: int = 10, kind: str = "kafka.m7g.large") -> dict[str, Any]:
    authentication = {"sasl": {"iam": private}}
    return {
        "instanceType": kind, "clientSubnets": world.subnets(), "securityGroups": [world.security_group().id],
        "storageInfo": {"ebsStorageInfo": {"volumeSize": volume}},
        "connectivityInfo": {"vpcConnectivity": {"clientAuthentication": authentication}},
    }  # fmt: skip


def _encryption(world: World, **transit: Any) -> dict[str, Any]:
    return {
        "encryptionAtRestKmsKeyArn": world.key("producer")["arn"],
        "encryptionInTransit": {"clientBroker": "TLS", "inCluster": True, **transit},
    }


CLUSTER = Case(
    "aws:msk/cluster:Cluster",
    lambda world: {
        "clusterName": "case", "kafkaVersion": "3.7.x", "numberOfBrokerNodes": 3,
        "brokerNodeGroupInfo": _brokers(world),
        "clientAuthentication": {"unauthenticated": False, "sasl": {"iam": True}}, "encryptionInfo": _encryption(world),
        **TAGS,
    },
    lambda world: [
        change(brokerNodeGroupInfo=_brokers(world, private=False)),
        change(brokerNodeGroupInfo=_brokers(world, private=False, volume=20)),
        change(brokerNodeGroupInfo=_brokers(world, private=False, volume=20, kind="kafka.m7g.xlarge")),
        change(numberOfBrokerNodes=6), change(kafkaVersion="3.8.x"), RETAG, NO_TAGS,
        change(clientAuthentication={"unauthenticated": True, "sasl": {"iam": True}}),
        change(encryptionInfo=_encryption(world, clientBroker="TLS_PLAINTEXT")),
        change(replace=True, encryptionInfo=_encryption(world, clientBroker="TLS_PLAINTEXT", inCluster=False)),
        change(replace=True, kafkaVersion="3.6.0"), change(replace=True, clusterName="other"),
        change(
            replace=True,
            brokerNodeGroupInfo={
                **_brokers(world, private=False, volume=20, kind="kafka.m7g.xlarge"),
                "clientSubnets": world.subnets()[:2],
            },
        ),
    ],
    account="producer",
    remove=lambda client, made: client("kafka").delete_cluster(ClusterArn=made.id),
)  # fmt: skip
_TARGETS: dict[int, str] = {}


def _connected_cluster(world: World) -> str:
    """A cluster of the producer with multi-VPC connectivity."""
    if id(world) not in _TARGETS:
        kafka = world.client("kafka", account=PRODUCER)
        iam: dict[str, Any] = {"ClientAuthentication": {"Sasl": {"Iam": {"Enabled": True}}}}
        arn = kafka.create_cluster_v2(
            ClusterName="connected",
            Provisioned={
                "BrokerNodeGroupInfo": {"ClientSubnets": ["subnet-1", "subnet-2"], "InstanceType": "kafka.m7g.large"},
                "KafkaVersion": "3.8.x", "NumberOfBrokerNodes": 2, **iam,
            },
        )["ClusterArn"]  # fmt: skip

        def version() -> str:
            found = kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
            return str(found["CurrentVersion"]) if found["State"] == "ACTIVE" else ""

        current = wait_for("the cluster", version)
        kafka.update_connectivity(ClusterArn=arn, CurrentVersion=current, ConnectivityInfo={"VpcConnectivity": iam})
        wait_for("its connectivity", version)
        _TARGETS[id(world)] = arn
    return _TARGETS[id(world)]


CONNECTION = Case(
    "aws:msk/vpcConnection:VpcConnection",
    lambda world: {
        "targetClusterArn": _connected_cluster(world), "authentication": "SASL_IAM", "vpcId": "vpc-1",
        "clientSubnets": ["subnet-8", "subnet-9"], "securityGroups": ["sg-1"], **TAGS,
    },
    lambda world: [
        RETAG, NO_TAGS, change(replace=True, clientSubnets=["subnet-7", "subnet-9"]),
        change(replace=True, securityGroups=["sg-2"]), change(replace=True, vpcId="vpc-2"),
        change(replace=True, authentication="TLS"), change(replace=True, targetClusterArn="arn:other"),
    ],
    account="producer",
    remove=lambda client, made: client("kafka").delete_vpc_connection(Arn=made.id),
)  # fmt: skip


def _code(world: World) -> str:
    """A bucket with two JARs: its ARN."""
    s3 = world.client("s3", account=PRODUCER)
    s3.create_bucket(Bucket="world-code")
    for key in ("job.jar", "new.jar"):
        s3.put_object(Bucket="world-code", Key=key, Body=b"no jar")
    return "arn:aws:s3:::world-code"


def _application(world: World, **changes: Any) -> dict[str, Any]:
    """``applicationConfiguration``."""
    bucket = _code(world)
    location = {"bucketArn": bucket, "fileKey": changes.pop("key", "job.jar")}
    flink = {
        "checkpointConfiguration": {
            "configurationType": "CUSTOM",
            "checkpointInterval": 10000,
            "checkpointingEnabled": True,
            "minPauseBetweenCheckpoints": 500,
        },
        "monitoringConfiguration": {"configurationType": "CUSTOM", "logLevel": "WARN", "metricsLevel": "TASK"},
        "parallelismConfiguration": {
            "configurationType": "CUSTOM",
            "parallelism": changes.pop("parallelism", 2),
            "parallelismPerKpu": 1,
            "autoScalingEnabled": False,
        },
    }
    made = {
        "applicationCodeConfiguration": {
            "codeContentType": "ZIPFILE", "codeContent": {"s3ContentLocation": location},
        },
        "applicationSnapshotConfiguration": {"snapshotsEnabled": True},
        "environmentProperties": {"propertyGroups": [_properties("a", k="1"), _properties("b", k="2")]},
        "flinkApplicationConfiguration": flink,
        "vpcConfiguration": {"subnetIds": world.subnets()[:2], "securityGroupIds": [world.security_group().id]},
        **changes,
    }  # fmt: skip
    return {key: value for key, value in made.items() if value is not None}


def _properties(name: str, **values: str) -> dict[str, Any]:
    return {"propertyGroupId": name, "propertyMap": values}


def _job_role(world: World) -> str:
    inputs = {"name": "world-job", "assumeRolePolicy": trust("kinesisanalytics.amazonaws.com")}
    role = world.once("job", world.producer, "aws:iam/role:Role", lambda: inputs)
    policy = {"role": "world-job", "name": "code", "policy": document(allow("s3:GetObject"))}
    world.once("job-policy", world.producer, "aws:iam/rolePolicy:RolePolicy", lambda: policy)
    return str(role["arn"])


def _job_log(world: World, name: str = "one") -> Made:
    inputs = {"name": "/world/job"}
    world.once("job-logs", world.producer, "aws:cloudwatch/logGroup:LogGroup", lambda: inputs)
    stream = {"name": name, "logGroupName": "/world/job"}
    return world.once(f"job-{name}", world.producer, "aws:cloudwatch/logStream:LogStream", lambda: stream)


APPLICATION = Case(
    "aws:kinesisanalyticsv2/application:Application",
    lambda world: {
        "name": "case", "description": "one", "applicationMode": "STREAMING", "runtimeEnvironment": "FLINK-1_20",
        "serviceExecutionRole": _job_role(world), "applicationConfiguration": _application(world),
        "cloudwatchLoggingOptions": {"logStreamArn": _job_log(world)["arn"]}, "startApplication": False, **TAGS,
    },
    lambda world: [
        change(applicationConfiguration=_application(world, key="new.jar")),
        change(applicationConfiguration=_application(world, key="new.jar", parallelism=4)),
        change(
            applicationConfiguration=_application(
                world, environmentProperties={"propertyGroups": [_properties("a", k="9")]}
            )
        ),
        change(
            applicationConfiguration=_application(world, applicationSnapshotConfiguration={"snapshotsEnabled": False})
        ),
        change(applicationConfiguration=_application(world, vpcConfiguration=None)),
        change(applicationConfiguration=_application(world, environmentProperties=None, vpcConfiguration=None)),
        change(applicationConfiguration=_application(world)), change(runtimeEnvironment="FLINK-2_2"),
        change(cloudwatchLoggingOptions={"logStreamArn": _job_log(world, "two")["arn"]}),
        change(cloudwatchLoggingOptions=None), change(forceStop=True), RETAG, NO_TAGS,
        change(replace=True, name="other", startApplication=True), change(replace=True, description="two"),
        change(replace=True, applicationMode="INTERACTIVE"),
        change(replace=True, name="other", serviceExecutionRole="arn:aws:iam::222222222222:role/other"),
    ],
    account="producer",
    remove=lambda client, made: client("kinesisanalyticsv2").delete_application(
        ApplicationName="case",
        CreateTimestamp=client("kinesisanalyticsv2").describe_application(ApplicationName="case")["ApplicationDetail"][
            "CreateTimestamp"
        ],
    ),
    drift=(
        "applicationConfiguration",
        lambda client, made: client("kinesisanalyticsv2").update_application(
            ApplicationName="case", CurrentApplicationVersionId=1,
            ApplicationConfigurationUpdate={
                "EnvironmentPropertyUpdates": {"PropertyGroups": [{"PropertyGroupId": "z", "PropertyMap": {"z": "z"}}]}
            },
        ),
    ),
    unknown_to_import=("startApplication", "forceStop"),
)  # fmt: skip
LOG_STREAM = Case(
    "aws:cloudwatch/logStream:LogStream",
    lambda world: {"name": "case", "logGroupName": _job_log(world)["logGroupName"]},
    lambda world: [change(replace=True, name="other"), change(replace=True, logGroupName="/other")],
    account="producer",
    remove=lambda client, made: client("logs").delete_log_stream(
        logGroupName=made["logGroupName"], logStreamName=made["name"]
    ),
    import_id=lambda made: f"{made['logGroupName']}:{made['name']}",
)
STREAM = Case(
    "aws:kinesis/stream:Stream",
    lambda world: {
        "name": "case", "streamModeDetails": {"streamMode": "ON_DEMAND"}, "retentionPeriod": 48,
        "encryptionType": "KMS", "kmsKeyId": world.key("producer")["arn"], "shardLevelMetrics": ["IncomingBytes"],
        "enforceConsumerDeletion": True, **TAGS,
    },
    lambda world: [
        change(shardLevelMetrics=["OutgoingBytes", "IncomingRecords"]), change(shardLevelMetrics=None),
        change(enforceConsumerDeletion=None), change(retentionPeriod=72),
        change(retentionPeriod=24), change(encryptionType="NONE", kmsKeyId=None), RETAG,
        NO_TAGS, change(streamModeDetails={"streamMode": "PROVISIONED"}), change(shardCount=2),
        change(replace=True, name="other"),
    ],
    account="producer",
    unknown_to_import=("enforceConsumerDeletion",),
    remove=lambda client, made: client("kinesis").delete_stream(StreamName=made["name"]),
    drift=(
        "retentionPeriod",
        lambda client, made: client("kinesis").increase_stream_retention_period(
            StreamName=made["name"], RetentionPeriodHours=99
        ),
    ),
    import_id=lambda made: str(made["name"]),
)  # fmt: skip
REGISTRY = Case(
    "aws:glue/registry:Registry",
    lambda world: {"registryName": "case", "description": "one", **TAGS},
    lambda world: [change(description="two"), RETAG, NO_TAGS, change(replace=True, registryName="other")],
    account="producer",
    remove=lambda client, made: client("glue").delete_registry(RegistryId={"RegistryArn": made.id}),
    drift=(
        "description",
        lambda client, made: client("glue").update_registry(RegistryId={"RegistryArn": made.id}, Description="z"),
    ),
)

STREAMS: list[Case] = [
    SHARE_CASE, RESOURCE_ASSOCIATION, PRINCIPAL_ASSOCIATION, ACCEPTER, DOMAIN_CASE, PROJECT, BLUEPRINT, PROFILE,
    ENVIRONMENT, GRANT, VPC, SUBNET, GROUP, CLUSTER, CONNECTION, STREAM, REGISTRY, APPLICATION,
    LOG_STREAM,
]  # fmt: skip
