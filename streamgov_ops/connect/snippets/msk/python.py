# pip install kafka-python aws-msk-iam-sasl-signer-python boto3
"""Reads ${topic} as ${role_arn}."""

import os
import uuid

import boto3
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from kafka import KafkaConsumer
from kafka.sasl.oauth import AbstractTokenProvider

REGION = "${region}"
BROKERS = os.environ.get("BOOTSTRAP_BROKERS", "${brokers}")
TOPIC = "${topic}"
GROUP = "${group_prefix}app"  # Every group of this project begins with ${group_prefix}
READER_ROLE = "${reader_role}"  # Reads the schema registry of account ${registry_account}; empty: no role is needed.


class Signer(AbstractTokenProvider):
    """Signs in as the role whose credentials the process has."""

    def token(self):
        return MSKAuthTokenProvider.generate_auth_token(REGION)[0]


def registry():
    """A client of the schema registry, through the reader role where there is one."""
    keys = {}
    if READER_ROLE:
        held = boto3.client("sts", region_name=REGION).assume_role(RoleArn=READER_ROLE, RoleSessionName="consumer")
        held = held["Credentials"]
        keys = {
            "aws_access_key_id": held["AccessKeyId"],
            "aws_secret_access_key": held["SecretAccessKey"],
            "aws_session_token": held["SessionToken"],
        }
    return boto3.client("glue", region_name=REGION, **keys)


def definition(glue, record):
    """The schema of a record: AWS's serialisers write a byte 3, one for the compression, and the version's id."""
    return glue.get_schema_version(SchemaVersionId=str(uuid.UUID(bytes=record[2:18])))["SchemaDefinition"]


def main(limit=None):
    """Print the records, all of them or so many."""
    glue = registry()
    consumer = KafkaConsumer(
        TOPIC,
        bootstrap_servers=BROKERS.split(","),
        group_id=GROUP,
        security_protocol=os.environ.get("SECURITY_PROTOCOL", "SASL_SSL"),
        sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_provider=Signer(),
        auto_offset_reset="earliest",
    )
    for number, record in enumerate(consumer, 1):
        value = record.value or b""
        if value[:1] == b"\x03":
            print(definition(glue, value), value[18:])
        else:
            print(value)
        if number == limit:
            break
    consumer.close()


if __name__ == "__main__":
    main()
