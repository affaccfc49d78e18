"""AWS clients of the commands, and the errors of their calls as one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_core.runtime.service_models import session_with_shared_models

NOT_FOUND = "ResourceNotFoundException"
DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    SSOError,
    TokenRetrievalError,
)


class CredentialsError(ConfigError):
    """No usable credentials, or a profile that does not exist."""


@dataclass(frozen=True)
class SessionSettings:
    """How to reach AWS.

    Attributes:
        region: the region to call.
        assume_role_arn: the role to assume; empty uses the credentials as they are.
        external_id: passed to AssumeRole.
        profile: a profile of the shared AWS configuration; empty takes AWS_PROFILE or the default.
        endpoint_url: another address of every service; empty takes AWS_ENDPOINT_URL or AWS's own.
    """

    region: str
    assume_role_arn: str = ""
    external_id: str = ""
    profile: str = ""
    endpoint_url: str = ""


def region_of(profile: str = "") -> str:
    """The region that AWS_REGION, AWS_DEFAULT_REGION or the profile names, or ''.

    Raises:
        CredentialsError: there is no such profile.
    """
    # Other SDKs and the `aws` command know AWS_REGION, boto3 does not.
    if named := os.environ.get("AWS_REGION"):
        return named
    with reporting("configuration:Region"):
        return str(boto3.Session(profile_name=profile or None).region_name or "")


def client(service: str, settings: SessionSettings) -> Any:
    """A boto3 client of ``service``.

    Raises:
        CredentialsError: there are no credentials, or no such profile.
        RemoteError: the role cannot be assumed.
    """
    with reporting("sts:AssumeRole"):
        session = boto3.Session(
            botocore_session=session_with_shared_models(),
            region_name=settings.region,
            profile_name=settings.profile or None,
        )
        if settings.assume_role_arn:
            session = _assumed(session, settings)
    with reporting(f"{service}:endpoint"):
        return _client(session, service, settings)


def _client(session: boto3.Session, service: str, settings: SessionSettings) -> Any:
    make: Any = session.client
    config = Config(retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=10, read_timeout=60)
    return make(service, config=config, endpoint_url=settings.endpoint_url or None)


def _assumed(base: boto3.Session, settings: SessionSettings) -> boto3.Session:
    """A session of the role for one hour, which is longer than a command runs."""
    extra = {"ExternalId": settings.external_id} if settings.external_id else {}
    answer = _client(base, "sts", settings).assume_role(
        RoleArn=settings.assume_role_arn, RoleSessionName="streamgov", **extra
    )
    held = answer["Credentials"]
    return boto3.Session(
        botocore_session=session_with_shared_models(),
        aws_access_key_id=held["AccessKeyId"],
        aws_secret_access_key=held["SecretAccessKey"],
        aws_session_token=held["SessionToken"],
        region_name=settings.region,
    )


@contextmanager
def reporting(operation: str) -> Iterator[None]:
    """Turn botocore's errors into ours.

    Args:
        operation: ``service:Operation``, for the message.

    Raises:
        CredentialsError: there are no credentials, or no such profile.
        RemoteError: the service answered with an error, or could not be reached.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        raise RemoteError(operation, details.get("Code", "Unknown"), details.get("Message", str(error))) from error
    except ProfileNotFound as error:
        raise CredentialsError(f"{error}: `aws configure list-profiles` lists those there are") from error
    except _NO_CREDENTIALS as error:
        raise CredentialsError(
            f"{operation} found no usable credentials ({error}): name a profile (--profile or AWS_PROFILE), or sign in "
            "as for the `aws` command"
        ) from error
    except EndpointConnectionError as error:
        raise RemoteError(
            operation, type(error).__name__, f"{error} Check the region, AWS_ENDPOINT_URL and the network"
        ) from error
    except (BotoCoreError, ValueError) as error:
        raise RemoteError(operation, type(error).__name__, str(error)) from error
