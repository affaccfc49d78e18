"""What moto's services lack or do otherwise than AWS, service by service."""

from __future__ import annotations

from aws_emulator.api import Emulator
from aws_emulator.patches import (
    cloudtrail,
    cloudwatch,
    dynamodb,
    flink,
    glue,
    iam,
    kafka,
    kinesis,
    kms,
    logs,
    ram,
    s3,
    sqs,
    ssm,
)


def install(emulator: Emulator) -> None:
    """Install every patch."""
    for part in (cloudtrail, cloudwatch, dynamodb, flink, glue, iam, kafka, kinesis, kms, logs, ram, s3, sqs, ssm):
        part.install(emulator)
