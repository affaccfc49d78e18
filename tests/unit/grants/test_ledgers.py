"""The ledgers over a client that fails: what the machine tries again, and what a condition says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from streamgov_core.domain.grant_ledger import DynamoGrantLedger, GrantRecord
from streamgov_core.member.document_ledger import DynamoDocumentLedger
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import PermanentGrantError, RemoteError, RetryableGrantError


class Conditional(botocore.exceptions.ClientError):
    pass


class Client:
    """Every call fails with one error."""

    class exceptions:
        ConditionalCheckFailedException = Conditional

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*arguments: Any, **parameters: Any) -> Any:
            raise self.error

        return fail


def failing(code: str, status: int = 400) -> Client:
    kind = Conditional if code.startswith("Conditional") else botocore.exceptions.ClientError
    answer: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return Client(kind(answer, "Op"))


CALLS: dict[str, Callable[[Any], Any]] = {
    "acquire": lambda client: DynamoDocumentLedger(lambda: client, "t").acquire("x", "o", 1.0, 2.0),
    "load": lambda client: DynamoDocumentLedger(lambda: client, "t").load("x"),
    "store": lambda client: DynamoDocumentLedger(lambda: client, "t").store(
        "x", ContributionRecord("g#a", 1, "REMOVED")
    ),
    "commit": lambda client: DynamoDocumentLedger(lambda: client, "t").commit("x", "o", 1, {}),
    "of_grant": lambda client: DynamoGrantLedger(lambda: client, "t").of_grant("g"),
    "finish": lambda client: DynamoGrantLedger(lambda: client, "t").finish("g", "a", 1, "GRANTED", 1.0, "", {}),
    "keep_names": lambda client: DynamoGrantLedger(lambda: client, "t").keep_names(
        GrantRecord("g", "a", 1, "GRANT", "GRANTED", None), {"requestedByName": "x"}
    ),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("client", "wanted"),
    [
        (failing("InternalServerError", 500), RetryableGrantError),
        (failing("ThrottlingException"), RetryableGrantError),
        (failing("ProvisionedThroughputExceededException"), RetryableGrantError),
        (Client(botocore.exceptions.ReadTimeoutError(endpoint_url="x")), RetryableGrantError),
        (failing("AccessDeniedException"), PermanentGrantError),
        (failing("ValidationException"), RemoteError),
    ],
    ids=["500", "throttled", "throughput", "time-out", "denied", "other"],
)
def test_errors_of_a_ledger_are_ours(name: str, client: Client, wanted: type[Exception]) -> None:
    with pytest.raises(wanted):
        CALLS[name](client)


def test_a_condition_that_does_not_hold_is_an_answer() -> None:
    client = failing("ConditionalCheckFailedException")
    assert CALLS["acquire"](client) is None
    assert CALLS["store"](client) == "SUPERSEDED"
    assert CALLS["commit"](client) is False
    assert CALLS["finish"](client) is None
    assert CALLS["keep_names"](client) is None
