"""Starts the reconciler and data sources by hand, and waits for them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from streamgov_core.catalog.entry import SyncConfig, run_table
from streamgov_core.catalog.run_journal import DynamoRunJournal, RunUnderWay, runs
from streamgov_core.catalog.run_summary import summaries_of
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.errors import ConfigError, RemoteError, StreamgovError
from streamgov_core.runtime.asset_records import DynamoAssetRecordStore
from streamgov_core.runtime.run_store import DynamoRunStore
from streamgov_ops.accounts import Accounts
from streamgov_ops.audit.entries import moment
from streamgov_ops.session import reporting

POLL_SECONDS = 2.0
WAIT_SECONDS = 7200.0
"""How long an execution is waited for."""


class RunFailedError(StreamgovError):
    """A run that was started by hand has failed."""


def run_central(
    accounts: Accounts,
    execution_input: Mapping[str, Any],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    tell: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """Start the central machine and wait for its end.

    Args:
        accounts: whose caller is in the domain's account.
        execution_input: the machine's input.
        clock: seconds since the epoch.
        sleep: waits.
        tell: is told how long it takes.

    Returns:
        The execution's output.

    Raises:
        ConfigError: there is no such machine.
        RunFailedError: the execution failed, or did not end in time.
    """
    states = accounts.client("stepfunctions")
    machine = accounts.names.central_machine_arn(accounts.own)
    try:
        with reporting("states:StartExecution"):
            arn = states.start_execution(stateMachineArn=machine, input=json.dumps(dict(execution_input)))[
                "executionArn"
            ]
    except RemoteError as error:
        if error.code == "StateMachineDoesNotExist":
            raise ConfigError(
                f"there is no state machine {machine}: check --namespace, --region, and that the credentials are "
                f"of the "
                "domain's account"
            ) from error
        raise
    return _awaited(states, arn, clock, sleep, tell, lambda: "")


def _awaited(
    states: Any,
    arn: str,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    tell: Callable[[str, int, int], None],
    progress: Callable[[], str],
) -> dict[str, Any]:
    """Wait for an execution; its output."""
    begun = clock()
    while True:
        with reporting("states:DescribeExecution"):
            now = states.describe_execution(executionArn=arn)
        if now["status"] == "SUCCEEDED":
            return dict(json.loads(now.get("output") or "{}"))
        if now["status"] != "RUNNING":
            raise RunFailedError(f"the execution {arn} is {now['status']}: {_cause(now)}")
        waited = clock() - begun
        if waited > WAIT_SECONDS:
            raise RunFailedError(f"the execution {arn} still runs after {WAIT_SECONDS / 60:.0f} minutes")
        told = progress()
        tell(f"running for {waited:.0f} s{': ' + told if told else ''}", 0, 0)
        sleep(POLL_SECONDS)


def _cause(execution: Mapping[str, Any]) -> str:
    """Why an execution failed; of a function's error, which is JSON, its sentence."""
    cause = str(execution.get("cause") or execution.get("error") or "")
    try:
        found = json.loads(cause)
    except ValueError:
        return cause
    return str(found.get("errorMessage", cause)) if isinstance(found, dict) else cause


@dataclass(frozen=True)
class DataSource:
    """A data source that is deployed.

    Attributes:
        account: where.
        name: its function's name without the namespace: ``sync-msk``.
        config: its settings.
    """

    account: str
    name: str
    config: SyncConfig


@dataclass(frozen=True)
class Drift:
    """How registry and records differ, by names alone.

    Attributes:
        account: of the data source.
        source: its name.
        registry: the registry.
        new: schemas without a record.
        gone: records without a schema.
        known: schemas with a record; a run compares what they say.
    """

    account: str
    source: str
    registry: str
    new: tuple[str, ...]
    gone: tuple[str, ...]
    known: int

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return asdict(self)


def data_sources(accounts: Accounts, account: str) -> list[DataSource]:
    """The data sources of an account, by name."""
    prefix = f"{accounts.names.namespace}-"
    with reporting("lambda:ListFunctions"):
        pages = accounts.client("lambda", account).get_paginator("list_functions").paginate()
        functions = [item for page in pages for item in page["Functions"]]
    found = []
    for item in functions:
        name = item["FunctionName"].removeprefix(prefix)
        if item["FunctionName"].startswith(prefix) and name.startswith("sync-"):
            variables = (item.get("Environment") or {}).get("Variables") or {}
            found.append(DataSource(account, name, SyncConfig.from_environment(variables)))
    return sorted(found, key=lambda source: source.name)


def drift_of(accounts: Accounts, source: DataSource) -> Drift:
    """What a run would find by names: nothing is changed (API ListSchemas, Query)."""
    glue, config = accounts.client("glue", source.account), source.config
    with reporting("glue:ListSchemas"):
        pages = glue.get_paginator("list_schemas").paginate(RegistryId={"RegistryName": config.registry_name})
        schemas = {item["SchemaName"] for page in pages for item in page["Schemas"]}
    store = DynamoAssetRecordStore(
        accounts.client("dynamodb", source.account), config.names, config.domain_id, config.registry_name
    )
    with reporting("dynamodb:Query"):
        records: list[AssetRecord] = list(store.load_all())
    recorded = {record.schema_name for record in records if record.schema_arn}
    return Drift(
        source.account, source.name, config.registry_name, tuple(sorted(schemas - recorded)),
        tuple(sorted(recorded - schemas)), len(schemas & recorded),
    )  # fmt: skip


def run_data_source(
    accounts: Accounts,
    source: DataSource,
    request: Mapping[str, Any],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    tell: Callable[[str, int, int], None],
) -> dict[str, Any]:
    """Sync one schema, or start a full run and wait for its end.

    Args:
        accounts: of the deployment.
        source: the data source.
        request: ``schema`` for one schema, and what else a request says (docs/catalogue.md).
        clock: seconds since the epoch.
        sleep: waits.
        tell: is told how far a full run is.

    Raises:
        RunFailedError: at least one schema failed, and the text names them; or another full run is under way.
        ConfigError: the data source has no state machine.
    """
    if request.get("schema"):
        return _invoked(accounts, source, request)
    states = accounts.client("stepfunctions", source.account)
    machine = accounts.names.arn("states", source.account, f"stateMachine:{accounts.names.regional(source.name, 80)}")
    try:
        with reporting("states:StartExecution"):
            arn = states.start_execution(stateMachineArn=machine, input=json.dumps({"action": "sync", **request}))[
                "executionArn"
            ]
    except RemoteError as error:
        if error.code == "StateMachineDoesNotExist":
            raise ConfigError(
                f"there is no state machine {machine}: an earlier release deployed this data source. `pulumi up` its "
                "stack"
            ) from error
        raise
    notes = RunNotes(accounts, source.account, source.name)
    result = _awaited(states, arn, clock, sleep, tell, lambda: notes.progress(arn))
    if result.get("coalesced"):
        raise RunFailedError(
            f"{accounts.names.function_name(source.name)} of account {source.account}: {result['said']}"
        )
    return result


def _invoked(accounts: Accounts, source: DataSource, request: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke a data source's function and wait for its answer."""
    client = accounts.client("lambda", source.account)
    name = accounts.names.function_name(source.name)
    with reporting("lambda:Invoke"):
        answer = client.invoke(FunctionName=name, Payload=json.dumps({"action": "sync", **request}).encode())
    payload = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        told = payload.get("errorMessage", payload) if isinstance(payload, dict) else payload
        raise RunFailedError(f"{name} of account {source.account} failed: {told}")
    return dict(payload or {})


class RunNotes:
    """What a data source has noted about its full runs.

    Args:
        accounts: of the deployment.
        account: the data source's.
        name: of the data source, ``sync-msk``.
    """

    def __init__(self, accounts: Accounts, account: str, name: str) -> None:
        client, table = accounts.client("dynamodb", account), run_table(accounts.names, name)
        self._states = accounts.client("stepfunctions", account)
        self._journal = DynamoRunJournal(client, table, lambda arn: runs(self._states, arn))
        self._store = DynamoRunStore(lambda: client, table, time.time)

    def progress(self, execution: str) -> str:
        """How far a full run is; '' if nothing is noted of it yet."""
        with reporting("dynamodb:GetItem"):
            now = self._journal.current()
        return self._told(now) if now is not None and now.execution == execution and now.stage else ""

    def told(self) -> str:
        """The full run under way and how far it is, or what the last one came to; '' if nothing is noted.

        Raises:
            RemoteError: there is no table of runs, for example: an earlier release deployed the data source.
        """
        with reporting("dynamodb:GetItem"):
            now, last = self._journal.current(), self._journal.last()
        if now is not None:
            with reporting("states:DescribeExecution"):
                running = runs(self._states, now.execution)
            if running:
                return f"a full run since {moment(now.since)}: {self._told(now)}"
            return f"a full run of {moment(now.since)} was stopped ({now.execution})"
        if last is None:
            return ""
        counts = ", ".join(f"{number} {verdict}" for verdict, number in last.report.get("counts", {}).items())
        return f"{moment(last.ended)} after {last.ended - last.began} s: {counts or 'no schema'}"

    def _told(self, run: RunUnderWay) -> str:
        with reporting("dynamodb:Query"):
            done = len(
                {
                    item.shard
                    for item in summaries_of(self._store, run.key, run.stage)
                    if item.is_done and item.shard >= 0
                }
            )
        return f"{run.stage}, {done} of {run.shards} shards"
