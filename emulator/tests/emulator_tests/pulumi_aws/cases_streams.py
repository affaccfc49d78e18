"""The cases of the other types: shares, DataZone, the network, the cluster, the stream, the schema registry."""

from __future__ import annotations

from typing import Any

from aws_emulator.pulumi_aws.types.common import wait_for

from .cases import NO_TAGS, RETAG, TAGS
from .harness import CONSUMER, PRODUCER, REGION, Made
from .needs import SHARE, Case, Needs, allow, change, document, profile_inputs, trust

_DOMAIN_PERMISSION = "arn:aws:ram::aws:permission/AWSRAMDefaultPermissionAmazonDataZoneDomain"

# --- shares ---
SHARE_CASE = Case(
    "aws:ram/resourceShare:ResourceShare",
    lambda needs: {**SHARE, "name": "case", **TAGS},
    lambda needs: [
        change(name="two"), change(allowExternalPrincipals=False), RETAG, NO_TAGS,
        change(replace=True, permissionArns=[_DOMAIN_PERMISSION]),
    ],
    remove=lambda client, made: client("ram").delete_resource_share(resourceShareArn=made.id),
)  # fmt: skip
RESOURCE_ASSOCIATION = Case(
    "aws:ram/resourceAssociation:ResourceAssociation",
    lambda needs: {"resourceArn": needs.governed()["arn"], "resourceShareArn": _other_share(needs)["arn"]},
    lambda needs: [
        change(replace=True, resourceArn=f"{needs.governed()['arn']}x"), change(replace=True, resourceShareArn="x"),
    ],
    remove=lambda client, made: client("ram").disassociate_resource_share(
        resourceShareArn=made["resourceShareArn"], resourceArns=[made["resourceArn"]]
    ),
)  # fmt: skip
PRINCIPAL_ASSOCIATION = Case(
    "aws:ram/principalAssociation:PrincipalAssociation",
    lambda needs: {"principal": CONSUMER, "resourceShareArn": _other_share(needs)["arn"]},
    lambda needs: [change(replace=True, principal=PRODUCER), change(replace=True, resourceShareArn="x")],
    remove=lambda client, made: client("ram").disassociate_resource_share(
        resourceShareArn=made["resourceShareArn"], principals=[made["principal"]]
    ),
)
ACCEPTER = Case(
    "aws:ram/resourceShareAccepter:ResourceShareAccepter",
    lambda needs: {"shareArn": _offered(needs)["arn"]},
    lambda needs: [change(replace=True, shareArn="arn:aws:ram:us-east-1:111111111111:resource-share/x")],
    account="producer",
    remove=lambda client, made: client("ram").disassociate_resource_share(
        resourceShareArn=made.id, principals=[PRODUCER]
    ),
)


def _other_share(needs: Needs) -> Made:
    return needs.once(
        "other-share", needs.domain, "aws:ram/resourceShare:ResourceShare", lambda: {**SHARE, "name": "other"}
    )


def _offered(needs: Needs) -> Made:
    """A share that waits for the producer's answer; an answer can be given once."""
    name = f"offered-{len(needs.made)}"
    share = needs.once(name, needs.domain, "aws:ram/resourceShare:ResourceShare", lambda: {**SHARE, "name": name})
    needs.once(
        f"{name}-account", needs.domain, "aws:ram/principalAssociation:PrincipalAssociation",
        lambda: {"principal": PRODUCER, "resourceShareArn": share["arn"]},
    )  # fmt: skip
    return share


# --- DataZone ---
DOMAIN_CASE = Case(
    "aws:datazone/domain:Domain",
    lambda needs: {
        "name": "case", "description": "one", "domainExecutionRole": needs.domain_role()["arn"],
        "skipDeletionCheck": True, "domainVersion": "V1", "kmsKeyIdentifier": needs.key()["arn"],
        "singleSignOn": {"type": "IAM_IDC", "userAssignment": "MANUAL"}, **TAGS,
    },
    lambda needs: [
        change(name="two"), change(description="two"), RETAG, NO_TAGS, change(skipDeletionCheck=False),
        change(singleSignOn={"type": "DISABLED"}), change(serviceRole=needs.domain_role()["arn"]),
        change(replace=True, domainVersion="V2"), change(replace=True, kmsKeyIdentifier=None),
    ],
    remove=lambda client, made: client("datazone").delete_domain(identifier=made.id, skipDeletionCheck=True),
    drift=("description", lambda client, made: client("datazone").update_domain(identifier=made.id, description="z")),
    unknown_to_import=("skipDeletionCheck",),
)  # fmt: skip
PROJECT = Case(
    "aws:datazone/project:Project",
    lambda needs: {
        "domainIdentifier": needs.governed().id, "name": "CASE", "description": "one", "skipDeletionCheck": True,
    },
    lambda needs: [change(name="TWO"), change(description="two"), change(skipDeletionCheck=False)],
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
    lambda needs: {
        "domainId": (needs.accepted() and needs.governed()).id,
        "environmentBlueprintId": needs.blueprint("DefaultDataWarehouse"),
        "enabledRegions": [REGION], "provisioningRoleArn": needs.member_role()["arn"],
        "manageAccessRoleArn": needs.member_role()["arn"],
    },
    lambda needs: [
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
    lambda needs: (needs.blueprint_configuration(), profile_inputs(needs, "case"))[1],
    lambda needs: [
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
    lambda needs: {
        "domainIdentifier": needs.governed().id, "name": "case", "description": "one",
        "profileIdentifier": needs.profile().id, "projectIdentifier": needs.project().id, "accountIdentifier": PRODUCER,
        "accountRegion": REGION,
    },
    lambda needs: [
        change(name="two"), change(description="two"), change(replace=True, projectIdentifier="other"),
        change(replace=True, accountIdentifier=CONSUMER), change(replace=True, accountRegion="eu-west-1"),
    ],
    remove=lambda client, made: client("datazone").delete_environment(
        domainIdentifier=made["domainIdentifier"], identifier=made.id
    ),
    import_id=lambda made: f"{made['domainIdentifier']},{made.id}",
)  # fmt: skip


def _principal(needs: Needs, designation: str) -> dict[str, Any]:
    unit = {"domainUnit": needs.governed()["rootDomainUnitId"], "includeChildDomainUnits": True}
    return {"project": {"projectDesignation": designation, "domainUnitFilter": unit}}


GRANT = Case(
    "aws:datazone/policyGrant:PolicyGrant",
    lambda needs: {
        "domainIdentifier": needs.governed().id, "entityType": "ASSET_TYPE", "entityIdentifier": needs.asset_type(),
        "policyType": "USE_ASSET_TYPE", "principal": _principal(needs, "CONTRIBUTOR"),
        "detail": {"useAssetType": {"domainUnitId": needs.governed()["rootDomainUnitId"]}},
    },
    lambda needs: [
        change(replace=True, entityIdentifier="OtherAssetType"),
        change(replace=True, principal=_principal(needs, "OWNER")),
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
    lambda needs: {"cidrBlock": "10.8.0.0/16", "enableDnsHostnames": True, "enableDnsSupport": True, **TAGS},
    lambda needs: [
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
    lambda needs: {
        "vpcId": needs.vpc().id, "cidrBlock": "10.9.200.0/24", "availabilityZone": f"{REGION}a", **TAGS,
    },
    lambda needs: [
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
    lambda needs: {
        "name": "case", "description": "one", "vpcId": needs.vpc().id, **TAGS,
        # Two rules for one port that differ in their description: EC2 keeps them as one permission.
        "ingress": [
            _opening(9098, "members", "10.9.0.0/16", "10.1.0.0/16"), _opening(9098, "other", "10.2.0.0/16"),
            _opening(14001, "private", "10.9.0.0/16"),
        ],
        "egress": [{"description": "all", "protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
    },
    lambda needs: [
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
def _brokers(needs: Needs, private: bool = True, volume: int = 10, kind: str = "kafka.m7g.large") -> dict[str, Any]:
    authentication = {"sasl": {"iam": private}}
    return {
        "instanceType": kind, "clientSubnets": needs.subnets(), "securityGroups": [needs.security_group().id],
        "storageInfo": {"ebsStorageInfo": {"volumeSize": volume}},
        "connectivityInfo": {"vpcConnectivity": {"clientAuthentication": authentication}},
    }  # fmt: skip


def _encryption(needs: Needs, **transit: Any) -> dict[str, Any]:
    return {
        "encryptionAtRestKmsKeyArn": needs.key("producer")["arn"],
        "encryptionInTransit": {"clientBroker": "TLS", "inCluster": True, **transit},
    }


CLUSTER = Case(
    "aws:msk/cluster:Cluster",
    lambda needs: {
        "clusterName": "case", "kafkaVersion": "3.7.x", "numberOfBrokerNodes": 3,
        "brokerNodeGroupInfo": _brokers(needs),
        "clientAuthentication": {"unauthenticated": False, "sasl": {"iam": True}}, "encryptionInfo": _encryption(needs),
        **TAGS,
    },
    lambda needs: [
        change(brokerNodeGroupInfo=_brokers(needs, private=False)),
        change(brokerNodeGroupInfo=_brokers(needs, private=False, volume=20)),
        change(brokerNodeGroupInfo=_brokers(needs, private=False, volume=20, kind="kafka.m7g.xlarge")),
        change(numberOfBrokerNodes=6), change(kafkaVersion="3.8.x"), RETAG, NO_TAGS,
        change(clientAuthentication={"unauthenticated": True, "sasl": {"iam": True}}),
        change(encryptionInfo=_encryption(needs, clientBroker="TLS_PLAINTEXT")),
        change(replace=True, encryptionInfo=_encryption(needs, clientBroker="TLS_PLAINTEXT", inCluster=False)),
        change(replace=True, kafkaVersion="3.6.0"), change(replace=True, clusterName="other"),
        change(
            replace=True,
            brokerNodeGroupInfo={
                **_brokers(needs, private=False, volume=20, kind="kafka.m7g.xlarge"),
                "clientSubnets": needs.subnets()[:2],
            },
        ),
    ],
    account="producer",
    remove=lambda client, made: client("kafka").delete_cluster(ClusterArn=made.id),
)  # fmt: skip
_TARGETS: dict[int, str] = {}


def _connected_cluster(needs: Needs) -> str:
    """A cluster of the producer with multi-VPC connectivity."""
    if id(needs) not in _TARGETS:
        kafka = needs.client("kafka", account=PRODUCER)
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
        _TARGETS[id(needs)] = arn
    return _TARGETS[id(needs)]


CONNECTION = Case(
    "aws:msk/vpcConnection:VpcConnection",
    lambda needs: {
        "targetClusterArn": _connected_cluster(needs), "authentication": "SASL_IAM", "vpcId": "vpc-1",
        "clientSubnets": ["subnet-8", "subnet-9"], "securityGroups": ["sg-1"], **TAGS,
    },
    lambda needs: [
        RETAG, NO_TAGS, change(replace=True, clientSubnets=["subnet-7", "subnet-9"]),
        change(replace=True, securityGroups=["sg-2"]), change(replace=True, vpcId="vpc-2"),
        change(replace=True, authentication="TLS"), change(replace=True, targetClusterArn="arn:other"),
    ],
    account="producer",
    remove=lambda client, made: client("kafka").delete_vpc_connection(Arn=made.id),
)  # fmt: skip


def _code(needs: Needs) -> str:
    """A bucket with two JARs: its ARN."""
    s3 = needs.client("s3", account=PRODUCER)
    s3.create_bucket(Bucket="needs-code")
    for key in ("job.jar", "new.jar"):
        s3.put_object(Bucket="needs-code", Key=key, Body=b"no jar")
    return "arn:aws:s3:::needs-code"


def _application(needs: Needs, **changes: Any) -> dict[str, Any]:
    """``applicationConfiguration``."""
    bucket = _code(needs)
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
        "vpcConfiguration": {"subnetIds": needs.subnets()[:2], "securityGroupIds": [needs.security_group().id]},
        **changes,
    }  # fmt: skip
    return {key: value for key, value in made.items() if value is not None}


def _properties(name: str, **values: str) -> dict[str, Any]:
    return {"propertyGroupId": name, "propertyMap": values}


def _job_role(needs: Needs) -> str:
    inputs = {"name": "needs-job", "assumeRolePolicy": trust("kinesisanalytics.amazonaws.com")}
    role = needs.once("job", needs.producer, "aws:iam/role:Role", lambda: inputs)
    policy = {"role": "needs-job", "name": "code", "policy": document(allow("s3:GetObject"))}
    needs.once("job-policy", needs.producer, "aws:iam/rolePolicy:RolePolicy", lambda: policy)
    return str(role["arn"])


def _job_log(needs: Needs, name: str = "one") -> Made:
    inputs = {"name": "/needs/job"}
    needs.once("job-logs", needs.producer, "aws:cloudwatch/logGroup:LogGroup", lambda: inputs)
    stream = {"name": name, "logGroupName": "/needs/job"}
    return needs.once(f"job-{name}", needs.producer, "aws:cloudwatch/logStream:LogStream", lambda: stream)


APPLICATION = Case(
    "aws:kinesisanalyticsv2/application:Application",
    lambda needs: {
        "name": "case", "description": "one", "applicationMode": "STREAMING", "runtimeEnvironment": "FLINK-1_20",
        "serviceExecutionRole": _job_role(needs), "applicationConfiguration": _application(needs),
        "cloudwatchLoggingOptions": {"logStreamArn": _job_log(needs)["arn"]}, "startApplication": False, **TAGS,
    },
    lambda needs: [
        change(applicationConfiguration=_application(needs, key="new.jar")),
        change(applicationConfiguration=_application(needs, key="new.jar", parallelism=4)),
        change(
            applicationConfiguration=_application(
                needs, environmentProperties={"propertyGroups": [_properties("a", k="9")]}
            )
        ),
        change(
            applicationConfiguration=_application(needs, applicationSnapshotConfiguration={"snapshotsEnabled": False})
        ),
        change(applicationConfiguration=_application(needs, vpcConfiguration=None)),
        change(applicationConfiguration=_application(needs, environmentProperties=None, vpcConfiguration=None)),
        change(applicationConfiguration=_application(needs)), change(runtimeEnvironment="FLINK-2_2"),
        change(cloudwatchLoggingOptions={"logStreamArn": _job_log(needs, "two")["arn"]}),
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
    lambda needs: {"name": "case", "logGroupName": _job_log(needs)["logGroupName"]},
    lambda needs: [change(replace=True, name="other"), change(replace=True, logGroupName="/other")],
    account="producer",
    remove=lambda client, made: client("logs").delete_log_stream(
        logGroupName=made["logGroupName"], logStreamName=made["name"]
    ),
    import_id=lambda made: f"{made['logGroupName']}:{made['name']}",
)
STREAM = Case(
    "aws:kinesis/stream:Stream",
    lambda needs: {
        "name": "case", "streamModeDetails": {"streamMode": "ON_DEMAND"}, "retentionPeriod": 48,
        "encryptionType": "KMS", "kmsKeyId": needs.key("producer")["arn"], "shardLevelMetrics": ["IncomingBytes"],
        "enforceConsumerDeletion": True, **TAGS,
    },
    lambda needs: [
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
    lambda needs: {"registryName": "case", "description": "one", **TAGS},
    lambda needs: [change(description="two"), RETAG, NO_TAGS, change(replace=True, registryName="other")],
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
