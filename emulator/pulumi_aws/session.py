"""The boto3 clients of one provider instance, with its role assumed."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config

from emulator.pulumi_aws.model import Context, PluginError

_SERVICE_CONFIG = Config(retries={"mode": "standard", "max_attempts": 6}, max_pool_connections=32)


def make_context(endpoint: str, config: dict[str, Any]) -> Context:
    """Clients by service for the instance's region, account and role.

    Raises:
        PluginError: the credentials belong to an account that the instance does not allow.
    """
    region = config.get("region") or boto3.Session().region_name
    if not region:
        raise PluginError("the aws provider has no region: set `region` on the provider or AWS_REGION")
    session = boto3.Session(
        aws_access_key_id=config.get("accessKey"),
        aws_secret_access_key=config.get("secretKey"),
        aws_session_token=config.get("token"),
        region_name=region,
    )
    for role in config.get("assumeRoles") or []:
        session = _assume(session, endpoint, role, region)
    account = session.client("sts", endpoint_url=endpoint).get_caller_identity()["Account"]
    allowed = config.get("allowedAccountIds") or []
    if allowed and account not in allowed:
        raise PluginError(
            f"the credentials belong to account {account}; this provider allows {', '.join(allowed)} only"
        )
    clients: dict[str, Any] = {}
    lock = threading.Lock()

    def client(service: str) -> Any:
        with lock:
            if service not in clients:
                clients[service] = session.client(service, endpoint_url=endpoint, config=_SERVICE_CONFIG)  # type: ignore[call-overload]
            return clients[service]

    tags = (config.get("defaultTags") or {}).get("tags") or {}
    return Context(client, region, account, tags)


def _assume(session: boto3.Session, endpoint: str, role: dict[str, Any], region: str) -> boto3.Session:
    arguments = {"RoleArn": role["roleArn"], "RoleSessionName": role.get("sessionName") or "pulumi"}
    if role.get("externalId"):
        arguments["ExternalId"] = role["externalId"]
    keys = session.client("sts", endpoint_url=endpoint).assume_role(**arguments)["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )
