"""Which errors of an API are worth another try."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from streamgov_core.model.errors import PermanentGrantError, RemoteError, RetryableGrantError, ThrottledError
from streamgov_core.runtime.calls import calling


def failing(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "text"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Put")


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("Throttling", 400, ThrottledError),
        ("ThrottlingException", 429, ThrottledError),
        ("TooManyRequestsException", 429, ThrottledError),
        ("LimitExceededException", 400, ThrottledError),
        ("RequestTimeout", 400, RetryableGrantError),
        ("Unforeseen", 500, RetryableGrantError),
        ("Unforeseen", 507, RetryableGrantError),
        ("ConcurrentModification", 409, RetryableGrantError),
        ("ResourceInUseException", 400, RetryableGrantError),
        ("TransactionConflictException", 400, RetryableGrantError),
        ("AccessDeniedException", 403, PermanentGrantError),
        ("ValidationException", 400, RemoteError),
        ("ResourceNotFoundException", 404, RemoteError),
    ],
)
def test_an_error_of_an_api_means_one_thing_to_do(code: str, status: int, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught, calling("iam:PutRolePolicy", "role"):
        raise failing(code, status)
    assert type(caught.value) is expected and code in str(caught.value)


@pytest.mark.parametrize("operation", ["kms:CreateGrant", "kinesis:RegisterStreamConsumer"])
def test_a_quota_of_things_is_no_rate(operation: str) -> None:
    """The grants of a key and the consumers of a stream: both services name the quota as Kinesis names its rates."""
    with pytest.raises(RetryableGrantError) as caught, calling(operation, "key"):
        raise failing("LimitExceededException", 400)
    assert type(caught.value) is RetryableGrantError
    with pytest.raises(ThrottledError), calling("kinesis:PutResourcePolicy", "stream"):
        raise failing("LimitExceededException", 400)


def test_no_answer_is_worth_another_try() -> None:
    with pytest.raises(RetryableGrantError, match="no answer"), calling("iam:GetRole", "role"):
        raise EndpointConnectionError(endpoint_url="https://iam.amazonaws.com")
