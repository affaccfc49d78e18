"""What moto's services lack or do otherwise than AWS, service by service."""

from __future__ import annotations

from emulator.api import Emulator
from emulator.patches import cloudtrail, glue, iam, kafka, kinesis, kms, ram, sqs, ssm


def install(emulator: Emulator) -> None:
    """Install every patch."""
    for part in (cloudtrail, glue, iam, kafka, kinesis, kms, ram, sqs, ssm):
        part.install(emulator)
