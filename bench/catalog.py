"""A data source over many schemas: calls by operation and seconds, at 25 ms a call.

The product's own code with real clients, against ``bench.catalog_stub`` in a process of its own. Beside each figure is
the time that the same calls would take one after another, at what one call really took here.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.catalog_stub import RUN_ROWS
from bench.common import table

SIZES = (100, 500, 1_000, 10_000)
LATENCY_MS = 25.0
EXECUTIONS = itertools.count()
SAMPLE = 40
"""Calls from which the time of one call is taken."""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class Stub:
    """The stub's process."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"

    def calls(self) -> dict[str, int]:
        """The calls since the last time, by operation."""
        return dict(sorted(self._post("/_calls", {}).items()))

    def do(self, **changes: list[str]) -> None:
        """Change the registry."""
        self._post("/_do", changes)

    def _post(self, path: str, document: Any) -> dict[str, Any]:
        request = urllib.request.Request(self.endpoint + path, json.dumps(document).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))


@contextmanager
def stub(count: int, latency_ms: float) -> Iterator[Stub]:
    """A stub over so many schemas."""
    command = [sys.executable, "-m", "bench.catalog_stub", str(count), str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[1]) as process:
        assert process.stdout is not None
        try:
            yield Stub(int(process.stdout.readline()))
        finally:
            process.terminate()


def main(arguments: list[str]) -> dict[str, Any]:
    """Measure everything.

    Args:
        arguments: numbers of schemas, instead of the usual ones.
    """
    sizes = [int(word) for word in arguments] or SIZES
    runs = []
    for size in sizes:
        for measured in measure(size):
            runs.append(measured)
            print(f"{size} schemas, {measured['run']}: {measured['seconds']} s, {measured['calls']} calls", flush=True)
    print()
    head = ("schemas", "run", "seconds", "CPU s", "calls", "a schema", "writes", "notes", "one by one, s",
            "times faster")  # fmt: skip
    print(
        table(
            head,
            [
                [run[key] for key in ("schemas", "run", "seconds", "cpu", "calls", "each", "writes", "notes")]
                + [run["sequential"], run["speedup"]]
                for run in runs
            ],
        )
    )
    for run in runs:
        if run["schemas"] == max(size for size in sizes if size <= 1_000 or len(sizes) == 1):
            print(f"\n{run['schemas']}, {run['run']}: " + ", ".join(f"{k} {v}" for k, v in run["operations"].items()))
    function = cold_start()
    print(f"\nfunction: bundle {function['bundleBytes'] / 1e6:.2f} MB, cold start {function['coldStartSeconds']} s")
    return {"latencyMs": LATENCY_MS, "runs": runs, "function": function}


def measure(count: int, latency_ms: float = LATENCY_MS) -> Iterator[dict[str, Any]]:
    """The runs over one registry, in their order: first, unchanged, one changed, one deleted, one event."""
    from streamgov_core.catalog import entry
    from streamgov_core.catalog.sync import sync_one
    from streamgov_core.catalog.sync_request import SyncRequest

    with stub(count, latency_ms) as server:
        os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=server.endpoint)
        config = _config()
        clients = entry.make_clients(config)
        one_call = _one_call(clients)
        steps: list[tuple[str, dict[str, list[str]], SyncRequest]] = [
            ("first", {}, SyncRequest()),
            ("unchanged", {}, SyncRequest()),
            ("one changed", {"changed": ["topic-00007"]}, SyncRequest()),
            ("one deleted", {"deleted": ["topic-00008"]}, SyncRequest()),
            ("one event", {"changed": ["topic-00009"]}, SyncRequest(schema="topic-00009")),
        ]
        for word, changes, order in steps:
            server.do(**changes)
            server.calls()
            started, worked = time.perf_counter(), time.process_time()
            if order.schema is None:
                result = full_run(config, clients, order)
            else:
                result = sync_one(entry.parts_of(config, clients), order.schema, order)
            seconds, worked = time.perf_counter() - started, time.process_time() - worked
            if result.failures:
                raise RuntimeError(f"{word} over {count} schemas: {result.failed[:3]}")
            operations = server.calls()
            total = sum(operations.values())
            notes = operations.pop(RUN_ROWS, 0)
            writes = sum(n for name, n in operations.items() if name.startswith(("Create", "Put", "Delete")))
            yield {
                "schemas": count,
                "run": word,
                "seconds": round(seconds, 2),
                "cpu": round(worked, 2),
                "calls": total,
                "each": round(total / count, 3) if order.schema is None else total,
                "writes": writes,
                "notes": notes,
                "sequential": round(total * one_call, 1),
                "speedup": round(total * one_call / seconds, 1),
                "operations": operations,
                "result": dict(result.counts),
            }


def full_run(config: Any, clients: Any, order: Any) -> Any:
    """What the state machine does, its functions in this process: a stage, then its shards side by side, and so on."""
    from streamgov_core.catalog import entry
    from streamgov_core.catalog.full_run import FUNCTION
    from streamgov_core.catalog.run_shards import SIDE_BY_SIDE
    from streamgov_core.catalog.run_summary import total_of
    from streamgov_core.runtime.metrics import FunctionMetrics
    from streamgov_core.runtime.run_store import DynamoRunStore

    metrics = FunctionMetrics(config.names.namespace, FUNCTION, lambda line: None)
    asked, execution = order.to_message(), f"arn:execution:{next(EXECUTIONS)}"

    def phase(event: dict[str, Any]) -> dict[str, Any]:
        run = entry.full_run_of(config, clients, metrics, lambda: True)
        return dict(json.loads(json.dumps(run.phase({"input": asked, **event}))))

    def whole(shard: dict[str, Any]) -> None:
        while not phase({"phase": "shard", "shard": shard})["done"]:
            pass

    at: dict[str, Any] = {"stage": "read"}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        while True:
            at = phase({"phase": "stage", "execution": execution, "at": at})
            if not at["stage"]:
                store = DynamoRunStore(lambda: clients.client("dynamodb"), config.run_table, time.time)
                return total_of(store, at["key"])
            list(side_by_side.map(whole, at["shards"]))


def _config() -> Any:
    from bench.catalog_stub import CLUSTER, DOMAIN, PROJECT, REGISTRY
    from streamgov_core.catalog.asset_writer import SyncSettings
    from streamgov_core.catalog.entry import SyncConfig
    from streamgov_core.model.naming import Names

    return SyncConfig(
        Names(), DOMAIN, REGISTRY, "msk", CLUSTER, "same", SyncSettings(PROJECT), topics=("*",), source="sync-msk"
    )


def _one_call(clients: Any) -> float:
    """Seconds that one call takes when nothing else is under way."""
    from bench.catalog_stub import REGISTRY

    glue, schema = clients.client("glue"), {"RegistryName": REGISTRY, "SchemaName": "topic-00000"}
    glue.get_schema(SchemaId=schema)
    started = time.perf_counter()
    for _ in range(SAMPLE):
        glue.get_schema(SchemaId=schema)
    return (time.perf_counter() - started) / SAMPLE


def cold_start(entry: str = "handlers.sync_catalog.handler", times: int = 3) -> dict[str, Any]:
    """Size of the function's bundle, and the best time of a fresh process that imports it and makes its clients."""
    from streamgov_pulumi.packaging import build_bundle

    bundle = build_bundle(entry)
    script = (
        "import sys, time; started = time.perf_counter(); sys.path.insert(0, sys.argv[1])\n"
        "from handlers import sync_catalog; from streamgov_core.catalog import entry\n"
        "from streamgov_core.runtime.clients import Clients; clients = Clients('us-east-1')\n"
        "[clients.client(name) for name in ('glue', 'datazone', 'dynamodb', 'kafka', 'events')]\n"
        "print(time.perf_counter() - started)"
    )
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(folder)
        # Without site-packages (-S): a bundle holds all that it imports.
        taken = [
            float(
                subprocess.run(
                    [sys.executable, "-I", "-S", "-c", script, folder],
                    capture_output=True,
                    check=True,
                    text=True,
                ).stdout
            )
            for _ in range(times)
        ]
    return {"bundleBytes": Path(bundle).stat().st_size, "coldStartSeconds": round(min(taken), 2)}
