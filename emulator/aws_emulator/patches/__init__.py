"""What moto's services lack or do otherwise than AWS, service by service."""

from __future__ import annotations

from aws_emulator.api import Emulator
from aws_emulator.patches import (
    channels,
    cloudtrail,
    cloudtrail_history,
    cloudwatch,
    dynamodb,
    filled_in,
    flink,
    glue,
    iam,
    kafka,
    kinesis,
    kms,
    last_accessed,
    logs,
    ram,
    s3,
    sqs,
    ssm,
)


def install(emulator: Emulator) -> None:
    """Install every patch."""
    for part in (
        channels, cloudtrail, cloudtrail_history, cloudwatch, dynamodb, filled_in, flink, glue, iam, kafka, kinesis,
        kms, last_accessed, logs, ram, s3, sqs, ssm,
    ):  # fmt: skip
        part.install(emulator)
