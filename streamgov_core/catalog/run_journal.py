"""Which full run of a data source is under way, how far it is, and what the last one came to.

One run at a time: a second one, while another goes on, ends at once and says so. A run that was stopped holds nobody
up: whether an execution still runs is Step Functions' word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from streamgov_core.runtime.clients import error_code
from streamgov_core.runtime.dynamodb import from_item, to_item
from streamgov_core.runtime.run_store import PART_KEY, RUN_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_stepfunctions import SFNClient

CURRENT, LAST = "#current", "#last"
"""The items of the run under way, and of the last one that came to its end."""


@dataclass(frozen=True)
class RunUnderWay:
    """A full run that has begun.

    Args:
        execution: its ARN.
        since: when it began, seconds since the epoch.
        key: in the run store.
        stage: where it is.
        shards: of that stage.
    """

    execution: str
    since: int
    key: str = ""
    stage: str = ""
    shards: int = 0


@dataclass(frozen=True)
class RunEnded:
    """A full run that has come to its end.

    Args:
        execution: its ARN.
        attempt: how often the execution had been redriven.
        began: seconds since the epoch.
        ended: the same.
        report: what it did (``SyncResult.to_json``).
    """

    execution: str
    attempt: int
    began: int
    ended: int
    report: Mapping[str, Any] = field(default_factory=dict)


class RunJournal(Protocol):
    """Notes on the full runs of one data source."""

    def claim(self, run: RunUnderWay) -> RunUnderWay | None:
        """Note that a run is under way; the other one, if there is one."""

    def note(self, run: RunUnderWay) -> None:
        """Note how far a run is that is under way."""

    def end(self, run: RunEnded) -> None:
        """Note what a run came to; none is under way then."""

    def current(self) -> RunUnderWay | None:
        """The run under way, or one that was stopped."""

    def last(self) -> RunEnded | None:
        """The last run that came to its end."""


class DynamoRunJournal:
    """Notes in the table of runs (RunJournal).

    Args:
        client: a DynamoDB client.
        table: the table's name.
        is_running: whether an execution runs, by its ARN.
    """

    def __init__(self, client: DynamoDBClient, table: str, is_running: Callable[[str], bool]) -> None:
        self._client = client
        self._table = table
        self._is_running = is_running

    def claim(self, run: RunUnderWay) -> RunUnderWay | None:
        """API PutItem, under the condition that no other execution holds the item."""
        if self._put(run, run.execution, or_nobody=True):
            return None
        holder = self.current()
        if holder is not None and self._is_running(holder.execution):
            return holder
        if self._put(run, holder.execution if holder else run.execution, or_nobody=True):
            return None
        return self.current()  # another one was quicker

    def note(self, run: RunUnderWay) -> None:
        """API PutItem, unless another run holds the item."""
        self._put(run, run.execution, or_nobody=False)

    def end(self, run: RunEnded) -> None:
        """API PutItem, DeleteItem."""
        self._client.put_item(
            TableName=self._table,
            Item=to_item({RUN_KEY: LAST, PART_KEY: LAST, **asdict(run), "report": json.dumps(run.report)}),
        )
        with suppress(self._client.exceptions.ConditionalCheckFailedException):  # another run has begun
            self._client.delete_item(
                TableName=self._table,
                Key=to_item({RUN_KEY: CURRENT, PART_KEY: CURRENT}),
                ConditionExpression="execution = :execution",
                ExpressionAttributeValues=to_item({":execution": run.execution}),
            )

    def current(self) -> RunUnderWay | None:
        """API GetItem."""
        found = self._get(CURRENT)
        return None if found is None else RunUnderWay(**found)

    def last(self) -> RunEnded | None:
        """API GetItem."""
        found = self._get(LAST)
        return None if found is None else RunEnded(**{**found, "report": json.loads(found["report"])})

    def _get(self, key: str) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key=to_item({RUN_KEY: key, PART_KEY: key}), ConsistentRead=True
        )
        found = from_item(answer["Item"]) if answer.get("Item") else None
        return found and {name: value for name, value in found.items() if name not in (RUN_KEY, PART_KEY)}

    def _put(self, run: RunUnderWay, holder: str, *, or_nobody: bool) -> bool:
        """Write the item of the run under way, if this execution holds it, or nobody does."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item({RUN_KEY: CURRENT, PART_KEY: CURRENT, **asdict(run)}),
                ConditionExpression="execution = :holder"
                + (" OR attribute_not_exists(execution)" if or_nobody else ""),
                ExpressionAttributeValues=to_item({":holder": holder}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def runs(client: SFNClient, execution: str) -> bool:
    """Whether an execution runs (API DescribeExecution); one that is not there any more does not."""
    try:
        return client.describe_execution(executionArn=execution)["status"] == "RUNNING"
    except client.exceptions.ClientError as error:
        if error_code(error) in ("ExecutionDoesNotExist", "InvalidArn"):
            return False
        raise
