"""Fills the snippets of a platform with a grant's details."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from string import Template

from streamgov_core.model.errors import ConfigError
from streamgov_ops.connect.details import ConnectionDetails

KINDS = ("python", "java", "kcl", "flink", "spark", "lambda")
"""Kinds of snippets, in the order in which they are listed."""
_FILES = {
    ("msk", "python"): "msk/python.py",
    ("msk", "java"): "msk/Consumer.java",
    ("msk", "flink"): "msk/flink.sql",
    ("msk", "spark"): "msk/spark.py",
    ("msk", "lambda"): "msk/lambda_pulumi.py",
    ("kinesis", "python"): "kinesis/python.py",
    ("kinesis", "kcl"): "kinesis/Application.java",
    ("kinesis", "flink"): "kinesis/flink.sql",
    ("kinesis", "spark"): "kinesis/spark.py",
    ("kinesis", "lambda"): "kinesis/lambda_pulumi.py",
}
_GLUE_DESERIALIZER = "com.amazonaws.services.schemaregistry.deserializers.GlueSchemaRegistryKafkaDeserializer"
_BYTES = "org.apache.kafka.common.serialization.ByteArrayDeserializer"


@dataclass(frozen=True)
class Snippet:
    """A file that is ready to run.

    Attributes:
        kind: one of KINDS.
        name: of the file.
        text: its content.
    """

    kind: str
    name: str
    text: str


def kinds_of(platform: str) -> list[str]:
    """The kinds of snippets that there are for a platform; none for a platform of another distribution."""
    return [kind for kind in KINDS if (platform, kind) in _FILES]


def snippet(kind: str, details: ConnectionDetails) -> Snippet:
    """A snippet for a grant.

    Raises:
        ConfigError: there is none of this kind for the platform, or it cannot serve this grant.
    """
    path = _FILES.get((details.platform, kind))
    if path is None:
        known = ", ".join(kinds_of(details.platform)) or "none"
        raise ConfigError(f"there is no {kind} snippet for {details.platform}; there are: {known}")
    if details.access == "WRITE":
        raise ConfigError(f"grant {details.grant} lets its role write only; the snippets read")
    if (details.platform, kind) == ("kinesis", "spark") and not details.same_account:
        raise ConfigError(
            "Spark's Kinesis connector names streams by name, which finds none in another account: use kcl or flink"
        )
    values = _msk(details) if details.platform == "msk" else _kinesis(details)
    text = Template((files(__package__) / "snippets" / f"{path}.tmpl").read_text(encoding="utf-8")).substitute(values)
    return Snippet(kind, path.rsplit("/", 1)[1], text)


def _common(details: ConnectionDetails, arn: str) -> dict[str, str]:
    return {"role_arn": details.role, "region": arn.split(":")[3]}


def _msk(details: ConnectionDetails) -> dict[str, str]:
    values = details.values
    reader = details.reader_role
    return {
        **_common(details, values["clusterArn"]),
        "topic": values["topic"],
        "cluster_arn": values["clusterArn"],
        "brokers": values.get("bootstrapBrokers", ""),
        "group_prefix": values["groupPrefix"],
        "reader_role": reader,
        "registry_account": details.schema.split(":")[4] if details.schema else "",
        "java_deserializer": _GLUE_DESERIALIZER if details.schema else _BYTES,
        "registry_hint": (
            "The role that reads the registry of another account." if reader else "No role is needed to read schemas."
        ),
    }


def _kinesis(details: ConnectionDetails) -> dict[str, str]:
    values = details.values
    stream, consumer = values["streamArn"], values.get("consumerArn", "")
    if values.get("consumption") == "FAN_OUT" and not consumer:
        raise ConfigError(
            f"the consumer of grant {details.grant} is not known here: its account's parameter holds its ARN, "
            "--member-role reads it"
        )
    return {
        **_common(details, stream),
        "stream_arn": stream,
        "stream_name": values["streamName"],
        "source_arn": consumer or stream,
        **(_fan_out(stream, consumer) if consumer else _POLLING),
    }


_RETRIEVAL = "import software.amazon.kinesis.retrieval"
_POLLING = {
    "retrieval_import": f"{_RETRIEVAL}.polling.PollingConfig;",
    "retrieval": "new PollingConfig(kinesis)",
    "flink_reader": "'source.reader.type' = 'POLLING',",
    "spark_consumer_type": "GetRecords",
}


def _fan_out(stream: str, consumer: str) -> dict[str, str]:
    name = consumer.partition("/consumer/")[2].partition(":")[0]
    efo = (
        "'source.reader.type' = 'EFO'",
        "'source.efo.lifecycle' = 'SELF_MANAGED'",
        f"'source.efo.consumer.name' = '{name}'",
    )
    return {
        "retrieval_import": f"{_RETRIEVAL}.fanout.FanOutConfig;",
        "retrieval": f'new FanOutConfig(kinesis).streamName("{stream}").consumerArn("{consumer}")',
        "flink_reader": ",\n  ".join(efo) + ",",
        "spark_consumer_type": "SubscribeToShard",
    }
