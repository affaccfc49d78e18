"""MSK, Kinesis, Glue and DataZone."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from aws_emulator.api import ApiCall
from aws_emulator.iam.actions.core import Check, Service, lookup, make_arn, resources, tag_context
from aws_emulator.iam.arns import split

DomainOwner = Callable[[str], str | None]


def _topic_check(*kafka_actions: str) -> Callable[[ApiCall], list[Check]]:
    """MSK's topic operations: ``kafka:X`` and the data plane's own actions (Developer Guide, "Topic operations")."""

    def run(call: ApiCall) -> list[Check]:
        cluster = str(call.params.get("ClusterArn", ""))
        parsed = split(cluster)
        name = call.params.get("TopicName")
        topic = ""
        if parsed is not None:
            name = name or f"{call.params.get('TopicNameFilter', '')}*"
            topic = parsed.with_resource(f"topic/{parsed.resource.partition('/')[2]}/{name}")
        own = cluster if call.operation == "ListTopics" else topic
        checks = [Check(f"kafka:{call.operation}", own), Check("kafka-cluster:Connect", cluster)]
        return checks + [Check(f"kafka-cluster:{action}", topic) for action in kafka_actions]

    return run


def _vpc_connection(call: ApiCall) -> list[Check]:
    """CreateVpcConnection: cluster and connection, and the endpoint that MSK makes in the caller's name.

    UNVERIFIED[msk-vpc-connection-actions] which of the reference's dependent EC2 actions are checked; all of them are
    here. Those on the service-linked role are not: the role is taken to exist.
    """
    cluster = str(call.params.get("TargetClusterArn", ""))
    parsed = split(cluster)
    owner, name = (parsed.account, parsed.resource.split("/")[1]) if parsed is not None else ("*", "*")
    tags = tag_context(call.params)
    endpoint = make_arn(call, "ec2", "vpc-endpoint/*")
    used = [make_arn(call, "ec2", f"vpc/{call.params.get('VpcId', '*')}")]
    used += [make_arn(call, "ec2", f"subnet/{item}") for item in call.params.get("ClientSubnets") or ()]
    used += [make_arn(call, "ec2", f"security-group/{item}") for item in call.params.get("SecurityGroups") or ()]
    return [
        Check("kafka:CreateVpcConnection", cluster, tags),
        Check("kafka:CreateVpcConnection", make_arn(call, "kafka", f"vpc-connection/{owner}/{name}/*"), tags),
        *(Check("ec2:CreateVpcEndpoint", arn) for arn in (endpoint, *used)),
        Check("ec2:CreateTags", endpoint),
        *(
            Check(f"ec2:Describe{what}", "*")
            for what in ("SecurityGroups", "Subnets", "VpcAttribute", "VpcEndpoints", "Vpcs")
        ),
    ]


KAFKA = Service(
    prefix="kafka",
    arns={
        "cluster": ("{ClusterArn}", "{TargetClusterArn}", "{ResourceArn}", "cluster/{ClusterName}/*"),
        "configuration": ("{Arn}", "{ConfigurationInfo.Arn}", "configuration/{Name}/*"),
        "vpc-connection": ("{VpcConnectionArn}", "{Arn}"),
        "replicator": ("{ReplicatorArn}", "replicator/{ReplicatorName}/*"),
    },
    own_types={
        "TagResource": ("cluster",),
        "UntagResource": ("cluster",),
        # The reference names no resource, yet cluster policies of the Developer Guide allow it on a cluster's ARN.
        "GetBootstrapBrokers": ("cluster",),
    },
    special={
        "ListTopics": _topic_check("DescribeTopic"),
        "DescribeTopic": _topic_check("DescribeTopic", "DescribeTopicDynamicConfiguration"),
        "DescribeTopicPartitions": _topic_check("DescribeTopic", "DescribeTopicDynamicConfiguration"),
        "CreateTopic": _topic_check("CreateTopic"),
        "UpdateTopic": _topic_check("DescribeTopic", "AlterTopic", "AlterTopicDynamicConfiguration"),
        "DeleteTopic": _topic_check("DescribeTopic", "DeleteTopic"),
        "CreateVpcConnection": _vpc_connection,
    },
)


def _stream_of_iterator(call: ApiCall) -> list[str]:
    """The stream of a shard iterator: without ``StreamARN`` the caller's own (moto's iterators hold its name)."""
    iterator = call.params.get("ShardIterator")
    if not isinstance(iterator, str):
        return []
    try:
        name = base64.b64decode(iterator).decode("utf-8").split(":", 1)[0]
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [make_arn(call, "kinesis", f"stream/{name}")]


def _stream_of_token(call: ApiCall) -> list[str]:
    """ListShards with a NextToken names no stream: any stream of the account stands for it."""
    return [make_arn(call, "kinesis", "stream/*")] if call.params.get("NextToken") else []


def _of_kind(kind: str) -> Callable[[ApiCall], list[str]]:
    """``ResourceARN`` where it is a stream's, or a stream consumer's."""

    def run(call: ApiCall) -> list[str]:
        arn = call.params.get("ResourceARN")
        if not isinstance(arn, str):
            return []
        return [arn] if ("/consumer/" in arn) is (kind == "consumer") else []

    return run


def _consumer(call: ApiCall) -> list[str]:
    """A consumer named by stream and name: its ARN without the time of its registration, as refusals show it.

    UNVERIFIED[kinesis-consumer-arn] beyond public threads: the reference knows the ARN with the time only.
    """
    stream, name = call.params.get("StreamARN"), call.params.get("ConsumerName")
    return [f"{stream}/consumer/{name}"] if stream and name else []


KINESIS = Service(
    prefix="kinesis",
    arns={
        "stream": ("{StreamARN}", "stream/{StreamName}", _of_kind("stream"), _stream_of_iterator, _stream_of_token),
        "consumer": ("{ConsumerARN}", _of_kind("consumer"), _consumer),
    },
    own_types={
        "StartStreamEncryption": ("stream",),
        "StopStreamEncryption": ("stream",),
        "UpdateShardCount": ("stream",),
        "UpdateStreamMode": ("stream",),
        "EnableEnhancedMonitoring": ("stream",),
        "DisableEnhancedMonitoring": ("stream",),
    },
)


FLINK = Service(prefix="kinesisanalytics", arns={"application": ("{ResourceARN}", "application/{ApplicationName}")})


def resources_of(call: ApiCall, service: Service) -> list[str]:
    """The ARNs of all resource types of a service that a call names."""
    return [arn for kind in service.arns for arn in resources(call, service, kind)]


def _registry(call: ApiCall) -> list[str]:
    """The registry of a call, also where it names a schema (``SchemaId``) only."""
    for path in ("RegistryId.RegistryArn", "RegistryId.RegistryName", "SchemaId.RegistryName"):
        value = lookup(call.params, path)
        if value:
            return [value if str(value).startswith("arn:") else make_arn(call, "glue", f"registry/{value}")]
    schema = lookup(call.params, "SchemaId.SchemaArn")
    parsed = split(str(schema)) if schema else None
    if parsed is not None:
        return [parsed.with_resource("registry/" + parsed.resource.split("/")[1])]
    if call.operation == "CreateRegistry" and call.params.get("RegistryName"):
        return [make_arn(call, "glue", f"registry/{call.params['RegistryName']}")]
    if call.operation in ("CreateSchema", "ListSchemas"):
        name = "default-registry" if call.operation == "CreateSchema" else "*"
        return [make_arn(call, "glue", f"registry/{name}")]
    return []


def _schema(call: ApiCall) -> list[str]:
    """The schema of a call. Its ARN is ``schema/<registry>/<schema>``; a version's id alone names none."""
    arn = lookup(call.params, "SchemaId.SchemaArn")
    if arn:
        return [str(arn)]
    registry, schema = lookup(call.params, "SchemaId.RegistryName"), lookup(call.params, "SchemaId.SchemaName")
    if schema:
        return [make_arn(call, "glue", f"schema/{registry or 'default-registry'}/{schema}")]
    if call.operation == "CreateSchema":
        owner = _registry(call)[0].rsplit("/", 1)[-1]
        return [make_arn(call, "glue", f"schema/{owner}/{call.params.get('SchemaName', '')}")]
    if call.operation == "ListSchemas":
        owner = _registry(call)[0].rsplit("/", 1)[-1]
        return [make_arn(call, "glue", f"schema/{owner}/*")]
    return []


def _by_version_id(call: ApiCall) -> list[Check]:
    """Schema versions by their id: any resource (UNVERIFIED[glue-version-by-id]: no ARN is known before the version is
    read).
    """
    if call.params.get("SchemaVersionId") and not call.params.get("SchemaId"):
        return [Check(f"glue:{call.operation}", "*")]
    return [Check(f"glue:{call.operation}", arn) for arn in _registry(call) + _schema(call)]


def _list_schemas(call: ApiCall) -> list[Check]:
    """ListSchemas speaks of a registry, or of all of them (UNVERIFIED[glue-list-schemas-resource]: the reference also
    names schemas).
    """
    return [Check("glue:ListSchemas", _registry(call)[0])]


def _tagged(call: ApiCall) -> list[Check]:
    arn = str(call.params.get("ResourceArn") or call.params.get("ResourceARN") or "")
    return [Check(f"glue:{call.operation}", arn, tag_context(call.params))]


def _database(call: ApiCall) -> list[str]:
    name = call.params.get("DatabaseName") or lookup(call.params, "DatabaseInput.Name") or call.params.get("Name")
    return [make_arn(call, "glue", f"database/{name}")] if name else [make_arn(call, "glue", "database/*")]


def _table(call: ApiCall) -> list[str]:
    name = call.params.get("TableName") or lookup(call.params, "TableInput.Name")
    if name is None and "DatabaseName" in call.params:
        name = call.params.get("Name", "*")
    return [make_arn(call, "glue", f"table/{call.params.get('DatabaseName', '*')}/{name or '*'}")]


def _catalog(call: ApiCall) -> list[str]:
    return [make_arn(call, "glue", "catalog")]


GLUE = Service(
    prefix="glue",
    arns={
        "registry": (_registry,),
        "schema": (_schema,),
        "rootcatalog": (_catalog,),
        "catalog": (_catalog,),
        "database": (_database,),
        "table": (_table,),
        "job": ("job/{JobName}", "job/{Name}"),
        "crawler": ("crawler/{Name}",),
        "connection": ("connection/{Name}", "connection/{ConnectionInput.Name}"),
    },
    special={
        "GetSchemaVersion": _by_version_id,
        "PutSchemaVersionMetadata": _by_version_id,
        "RemoveSchemaVersionMetadata": _by_version_id,
        "QuerySchemaVersionMetadata": _by_version_id,
        "ListSchemas": _list_schemas,
        "TagResource": _tagged,
        "UntagResource": _tagged,
        "GetTags": _tagged,
    },
)


def datazone(owner: DomainOwner) -> Service:
    """DataZone: every operation is authorised on the domain's ARN.

    The reference gives most operations no resource, but the service's refusals name the domain's ARN, in the account
    that owns it, and ``domain/*`` where no domain is named (ListDomains, CreateDomain).

    Args:
        owner: answers the account that owns a domain; None where it is not known, which stands for the caller's own.
    """

    def domain(call: ApiCall) -> list[str]:
        if call.operation in ("CreateDomain", "ListDomains"):
            return [make_arn(call, "datazone", "domain/*")]
        for name in ("resourceArn", "domainIdentifier", "identifier", "domainId"):
            value = call.params.get(name)
            if value is not None and (name != "identifier" or call.operation.endswith("Domain")):
                if str(value).startswith("arn:"):
                    return [str(value)]
                account = owner(str(value)) or call.caller.account
                return [f"arn:aws:datazone:{call.region}:{account}:domain/{value}"]
        return []

    return Service(prefix="datazone", arns={"domain": (domain,)}, always=("domain",))
