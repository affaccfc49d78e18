"""The types, one module a service."""

from __future__ import annotations

from aws_emulator.pulumi_aws.model import Registry
from aws_emulator.pulumi_aws.types import (
    cloudtrail,
    cloudwatch,
    datazone,
    datazone_environments,
    dynamodb,
    ec2,
    events,
    flink,
    glue,
    iam,
    identity,
    kinesis,
    kms,
    lambda_,
    lambda_layers,
    lambda_versions,
    msk,
    msk_connection,
    ram,
    s3,
    scheduler,
    sfn,
    sqs,
)

_MODULES = (
    cloudtrail, cloudwatch, datazone, datazone_environments, dynamodb, ec2, events, flink, glue, iam, identity, kinesis,
    kms, lambda_, lambda_layers, lambda_versions, msk, msk_connection, ram, s3, scheduler, sfn, sqs,
)  # fmt: skip


def registry() -> Registry:
    """Everything that the stand-in serves."""
    found = Registry()
    for module in _MODULES:
        module.register(found)
    return found
