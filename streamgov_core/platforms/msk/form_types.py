"""What an asset says of a Kafka topic: form types, asset type, and what a grant reads out of them."""

from __future__ import annotations

from streamgov_core.model.errors import ClaimRefusedError
from streamgov_core.model.forms import FormField, FormModel
from streamgov_core.model.naming import Names
from streamgov_core.model.resource import Resource
from streamgov_core.platforms.asset_forms import (
    SCHEMA_FIELDS,
    AssetLayout,
    Claim,
    Forms,
    form_of,
    schema_reference,
    text,
)
from streamgov_core.platforms.msk.arns import ClusterArn, topic_arn

ASSET_TYPE = "MskTopicAssetType"
SOURCE_FORM = "MskSourceReferenceFormType"
SCHEMA_FORM = "KafkaSchemaFormType"
PROVISIONED = "PROVISIONED"
SERVERLESS = "SERVERLESS"

_BROKERS = {
    "bootstrap_brokers": "bootstrapBrokers",
    "bootstrap_brokers_vpc_connectivity": "bootstrapBrokersVpc",
    "bootstrap_brokers_public": "bootstrapBrokersPublic",
}
"""Members of the source form and of the claim's resource."""


def form_models(names: Names) -> tuple[FormModel, ...]:
    """``MskSourceReferenceFormType`` and ``KafkaSchemaFormType``."""
    source = FormModel(
        names.type_name(SOURCE_FORM),
        (
            FormField("cluster_arn", required=True, display_name="Cluster ARN", searchable=True),
            FormField(
                "cluster_type",
                required=True,
                display_name="Cluster type",
                documentation="PROVISIONED or SERVERLESS: they are granted differently",
            ),
            FormField("cluster_name", display_name="Cluster name", searchable=True),
            FormField("bootstrap_brokers", display_name="Bootstrap brokers (IAM)"),
            FormField(
                "bootstrap_brokers_vpc_connectivity",
                display_name="Bootstrap brokers (IAM, multi-VPC)",
                documentation="For clients in other VPCs and accounts, by a managed VPC connection",
            ),
            FormField("bootstrap_brokers_public", display_name="Bootstrap brokers (IAM, public)"),
            FormField(
                "client_authentication",
                display_name="Client authentication",
                documentation="Methods that the cluster admits; all but IAM bypass grants",
            ),
        ),
        "Where a Kafka topic lives",
    )
    schema = FormModel(
        names.type_name(SCHEMA_FORM),
        (
            FormField("kafka_topic", required=True, display_name="Topic", searchable=True),
            FormField("partitions", "Integer", display_name="Partitions"),
            FormField("replication_factor", "Integer", display_name="Replication factor"),
            FormField("retention_ms", "Long", display_name="Retention (ms)", documentation="-1: for ever"),
            *SCHEMA_FIELDS,
        ),
        "The topic and its schema in the Glue Schema Registry",
    )
    return source, schema


def layout(resource: Resource) -> AssetLayout:
    """How a topic is described in its asset."""
    kind = f"Kafka topic of the MSK cluster {resource.facts['cluster_name']}"
    return AssetLayout(SOURCE_FORM, SCHEMA_FORM, {"kafka_topic": resource.name}, kind)


def claimed_arn(forms: Forms) -> str | None:
    """The topic that an asset names by cluster and topic, as other tools fill the same forms."""
    try:
        return topic_arn(
            str(forms.get(SOURCE_FORM, {}).get("cluster_arn", "")),
            str(forms.get(SCHEMA_FORM, {}).get("kafka_topic", "")),
        )
    except ClaimRefusedError:
        return None


def claim(forms: Forms) -> Claim:
    """Cluster, topic and schema; every part is checked, since it ends in policies.

    Raises:
        ClaimRefusedError: a required field is missing or not legal.
    """
    source = form_of(forms, SOURCE_FORM)
    schema = form_of(forms, SCHEMA_FORM)
    cluster = ClusterArn.parse(text(source, "cluster_arn", SOURCE_FORM))
    cluster_type = text(source, "cluster_type", SOURCE_FORM)
    if cluster_type not in (PROVISIONED, SERVERLESS):
        raise ClaimRefusedError(f"cluster_type must be {PROVISIONED} or {SERVERLESS}, got {cluster_type!r}")
    topic = text(schema, "kafka_topic", SCHEMA_FORM)
    arn = topic_arn(cluster.arn, topic)
    resource = {"arn": arn, "clusterArn": cluster.arn, "clusterType": cluster_type, "topic": topic}
    for member, key in _BROKERS.items():
        brokers = text(source, member, SOURCE_FORM, required=False)
        if brokers:
            resource[key] = brokers
    return Claim(cluster.account, cluster.region, resource, schema_reference(schema, SCHEMA_FORM))
