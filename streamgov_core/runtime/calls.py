"""What an error of an AWS API means for a grant: try again, give up, or a cause nobody foresaw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from streamgov_core.model.errors import PermanentGrantError, RemoteError, RetryableGrantError, ThrottledError
from streamgov_core.runtime.clients import error_code

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_CONFLICT_CODES = frozenset(
    {
        # botocore gives these up; the same call succeeds once the other writer or the change under way is through.
        "ConcurrentModification",  # IAM
        "ConcurrentModificationException",
        "ResourceInUseException",  # Kinesis and DynamoDB: the resource is being changed
        "TransactionConflictException",  # DynamoDB
    }
)
_QUOTA_CODES = frozenset({"LimitExceededException"})
_QUOTA_OPERATIONS = frozenset({"kms:CreateGrant", "kinesis:RegisterStreamConsumer"})
"""botocore calls that code throttling, and so does Kinesis; of these two calls it also says that there are as many
grants on a key, or consumers of a stream, as there may be ("KMS quotas", "Kinesis quotas and limits")."""
_DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "ForbiddenException", "UnauthorizedException"})


def error_message(error: Exception) -> str:
    """The API's sentence, or the error's text."""
    response: Any = getattr(error, "response", None)
    text = response.get("Error", {}).get("Message", "") if isinstance(response, dict) else ""
    return str(text) or str(error)


@contextmanager
def calling(operation: str, what: str) -> Iterator[None]:
    """Translate the errors of one API call.

    Args:
        operation: ``service:Operation``.
        what: the resource, for the message.

    Raises:
        ThrottledError: the service's rate is used up.
        RetryableGrantError: a server error, no connection, a time-out.
        PermanentGrantError: access denied.
        RemoteError: anything else that the caller has not handled itself.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        message = error_message(error)
        if _is_throttled(operation, error):
            raise ThrottledError(f"{operation} on {what} was throttled ({code}): {message}") from error
        if code in _CONFLICT_CODES or _may_pass(error):
            raise RetryableGrantError(f"{operation} on {what} was refused for now ({code}): {message}") from error
        if code in _DENIED_CODES:
            raise PermanentGrantError(
                f"{operation} on {what} is not allowed ({code}): {message}. {_advice(operation)}"
            ) from error
        raise RemoteError(f"{operation} on {what}", code, message) from error
    except BotoCoreError as error:
        raise RetryableGrantError(f"{operation} on {what} got no answer: {error}") from error


def _advice(operation: str) -> str:
    """What to look at after a refusal."""
    service, _, name = operation.partition(":")
    if service != "datazone":
        return "Check what the stack of this account names"
    return (
        "See that the function's role is a member of the project and, in a V2 domain, that its designation permits "
        f"{name}: `pulumi up` gives back what it lacks"
    )


def _is_throttled(operation: str, error: ClientError) -> bool:
    """Whether a service's rate is used up, which passes; a quota of things that there may be does not."""
    of_things = operation in _QUOTA_OPERATIONS and error_code(error) in _QUOTA_CODES
    return not of_things and _told_by(error, throttled=True)


def _may_pass(error: ClientError) -> bool:
    """Whether botocore's standard retry mode calls it throttled or transient; every 5xx is, not only those it lists."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status >= 500 or _told_by(error, throttled=True) or _told_by(error, throttled=False)


def _told_by(error: ClientError, *, throttled: bool) -> bool:
    """What botocore's standard retry mode says of an error."""
    from botocore.retries.standard import RetryContext, ThrottledRetryableChecker, TransientRetryableChecker

    checker = ThrottledRetryableChecker() if throttled else TransientRetryableChecker()
    return bool(checker.is_retryable(RetryContext(attempt_number=1, parsed_response=error.response)))


class Table:
    """A DynamoDB client whose errors are translated; a condition that does not hold stays botocore's exception.

    Args:
        client: returns the boto3 client when it is first needed.
        name: the table, for the messages.
    """

    def __init__(self, client: Callable[[], Any], name: str) -> None:
        self._client = client
        self._name = name

    @property
    def exceptions(self) -> Any:
        """The client's modelled exceptions."""
        return self._client().exceptions

    def get_paginator(self, operation: str) -> Any:
        """The client's paginator."""
        return self._client().get_paginator(operation)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            operation = "".join(part.title() for part in method.split("_"))
            client = self._client()
            try:
                with calling(f"dynamodb:{operation}", self._name):
                    return getattr(client, method)(**parameters)
            except RemoteError as error:
                if isinstance(error.__cause__, client.exceptions.ConditionalCheckFailedException):
                    raise error.__cause__ from None
                raise

        return call
