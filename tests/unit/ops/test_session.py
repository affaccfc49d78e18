"""Clients of the commands, and what their errors say."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)

from streamgov_core.model.errors import ConfigError, RemoteError
from streamgov_ops import session
from streamgov_ops.session import CredentialsError, SessionSettings, client, reporting

ROLE = "arn:aws:iam::777788889999:role/teams/deployer"


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "X"),
            RemoteError,
            "s:X failed with AccessDenied: no",
        ),
        (NoCredentialsError(), CredentialsError, "s:X found no usable credentials (Unable to locate credentials)"),
        (ProfileNotFound(profile="ann"), CredentialsError, "(ann) could not be found: `aws configure list-profiles`"),
        (EndpointConnectionError(endpoint_url="https://x"), RemoteError, "Check the region, AWS_ENDPOINT_URL and"),
        (ReadTimeoutError(endpoint_url="https://x"), RemoteError, "s:X failed with ReadTimeoutError"),
        (ValueError("Invalid endpoint: nonsense"), RemoteError, "Invalid endpoint: nonsense"),
    ],
)  # fmt: skip
def test_errors_are_sentences(error: Exception, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught, reporting("s:X"):
        raise error
    assert text in str(caught.value)


def test_wrong_credentials_are_the_callers_mistake_and_a_refusal_is_not() -> None:
    assert issubclass(CredentialsError, ConfigError) and not issubclass(RemoteError, ConfigError)


def test_a_client_goes_where_the_settings_say() -> None:
    made = client("sqs", SessionSettings("eu-west-1", endpoint_url="http://127.0.0.1:9"))
    assert (made.meta.region_name, made.meta.endpoint_url) == ("eu-west-1", "http://127.0.0.1:9")
    with pytest.raises(CredentialsError, match="nobody"):
        client("sqs", SessionSettings("eu-west-1", profile="nobody"))


def test_a_role_is_assumed_with_its_external_id(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Sts:
        def assume_role(self, **params: Any) -> dict[str, Any]:
            asked.append(params)
            return {"Credentials": {"AccessKeyId": "AK", "SecretAccessKey": "SK", "SessionToken": "T"}}

    make = session._client

    def fake(base: boto3.Session, service: str, settings: SessionSettings) -> Any:
        return Sts() if service == "sts" else make(base, service, settings)

    monkeypatch.setattr(session, "_client", fake)
    made = client("sqs", SessionSettings("eu-west-1", ROLE, "x1"))
    assert asked == [{"RoleArn": ROLE, "RoleSessionName": "streamgov", "ExternalId": "x1"}]
    assert made._request_signer._credentials.access_key == "AK"
    client("sqs", SessionSettings("eu-west-1", ROLE))
    assert "ExternalId" not in asked[-1]
