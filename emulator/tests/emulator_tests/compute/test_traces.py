"""Trace headers: who begins a trace, who carries one on, and who does not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from aws_emulator.compute.traces import Trace, new_trace, parse_trace
from emulator_tests.compute.conftest import Account, allow, unique
from emulator_tests.compute.test_states_flow import END, one

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
OTHER = "1-5759e989-000000000000000000000001"
INVOKE = [allow("lambda:InvokeFunction", "*")]

TELL = """
import os
def handler(event, context):
    return os.environ["_X_AMZN_TRACE_ID"]
"""


@pytest.fixture(scope="module")
def told(domain: Account) -> str:
    """A function that answers the header of its invocation, without active tracing."""
    return domain.function(TELL)


def task(function: str, **fields: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function}
    selected = {"trace.$": "$.Payload"}
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters,
            "ResultSelector": selected, "End": True, **fields}  # fmt: skip


def tracing(domain: Account, definition: dict[str, Any], statements: list[dict[str, Any]]) -> str:
    machine = domain.machine(definition, statements)
    domain.client("stepfunctions").update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})
    return machine


def with_header(client: Any, operation: str, header: str) -> Callable[..., Any]:
    """The client's operation, with the HTTP header that the SDK sends inside of a traced function."""

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["X-Amzn-Trace-Id"] = header

    def call(**arguments: Any) -> Any:
        event = f"before-call.*.{operation}"
        client.meta.events.register(event, add)
        try:
            return getattr(client, re.sub(r"(?<!^)([A-Z])", r"_\1", operation).lower())(**arguments)
        finally:
            client.meta.events.unregister(event, add)

    return call


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (None, None),
        ("", None),
        ("Root=not enabled;Sampled=0", None),
        (f"Root={ROOT.upper()}", None),
        (f"Root={ROOT}1", None),
        ("x" * 10_000, None),
        (f"Root={ROOT}", Trace(ROOT, None)),
        (f"Root={ROOT};Sampled=?", Trace(ROOT, None)),
        (f"Root={ROOT}; Parent=53995c3f42cd8ad8; Sampled=1;Lineage=1:a87bd80c:0", Trace(ROOT, True)),
        (f"Sampled=0;Root={ROOT}", Trace(ROOT, False)),
    ],
)
def test_a_header_that_is_not_valid_is_dropped(header: str | None, trace: Trace | None) -> None:
    assert parse_trace(header) == trace


def test_a_trace_of_its_own() -> None:
    first, second = new_trace(active=True), new_trace(active=False)
    assert (first.sampled, second.sampled) == (True, False) and first.root != second.root
    assert parse_trace(first.header()) == first and parse_trace(second.header()) == second
    assert first.header() != first.header(), "each segment is a parent of its own"


def test_a_function_begins_a_trace_or_carries_its_callers_on(domain: Account, told: str) -> None:
    first, second = (parse_trace(domain.invoke(told)["Payload"]) for _ in range(2))
    assert first and second and first.root != second.root and first.sampled is False
    active = domain.function(TELL, TracingConfig={"Mode": "Active"})
    traced = parse_trace(domain.invoke(active)["Payload"])
    assert traced and traced.sampled is True
    invoke = with_header(domain.client("lambda"), "Invoke", f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")
    carried = json.loads(invoke(FunctionName=told)["Payload"].read())
    assert parse_trace(carried) == Trace(ROOT, True) and "53995c3f42cd8ad8" not in carried
    invoke = with_header(domain.client("lambda"), "Invoke", f"Root={ROOT};Sampled=0")
    assert parse_trace(json.loads(invoke(FunctionName=active)["Payload"].read())) == Trace(ROOT, False)


def test_all_functions_of_an_execution_have_its_trace(domain: Account, told: str) -> None:
    many = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {
        "ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "In", "States": {"In": task(told)}}, "End": True}  # fmt: skip
    first = {**task(told, Next="B", ResultPath="$.first")}
    del first["End"]
    machine = tracing(domain, one(first, B=many), INVOKE)
    ended = domain.ended(domain.start(machine, {"items": [1, 2, 3]}))
    traces = [parse_trace(item["trace"]) for item in json.loads(ended["output"])]
    assert len(set(traces)) == 1 and traces[0] and traces[0].sampled is True
    assert "traceHeader" not in ended, "none was passed"
    again = domain.ended(domain.start(machine, {"items": [1]}))
    assert parse_trace(json.loads(again["output"])[0]["trace"]) != traces[0]


def test_a_machine_without_tracing_leaves_the_trace_to_the_function(domain: Account, told: str) -> None:
    machine = domain.machine(one(task(told)), INVOKE)
    roots = set()
    for _ in range(2):
        trace = parse_trace(json.loads(domain.ended(domain.start(machine))["output"])["trace"])
        assert trace and trace.sampled is False
        roots.add(trace.root)
    assert len(roots) == 2
    ended = domain.ended(domain.start(machine, traceHeader=f"Root={ROOT};Sampled=1"))
    assert parse_trace(json.loads(ended["output"])["trace"]) == Trace(ROOT, True)


def test_the_http_header_wins_over_the_member(domain: Account, told: str) -> None:
    machine = tracing(domain, one(task(told)), INVOKE)
    header = f"Root={ROOT};Sampled=1"
    passed = domain.ended(domain.start(machine, traceHeader=header))
    assert passed["traceHeader"] == header
    assert parse_trace(json.loads(passed["output"])["trace"]) == Trace(ROOT, True)
    start = with_header(domain.client("stepfunctions"), "StartExecution", f"Root={OTHER};Sampled=0")
    both = domain.ended(start(stateMachineArn=machine, traceHeader=header)["executionArn"])
    assert both["traceHeader"] == f"Root={OTHER};Sampled=0"
    assert parse_trace(json.loads(both["output"])["trace"]) == Trace(OTHER, False)


def test_a_redrive_goes_on_with_the_trace(domain: Account) -> None:
    function = domain.function(
        "import os\ndef handler(event, context):\n    raise ValueError(os.environ['_X_AMZN_TRACE_ID'])\n"
    )
    execution = domain.start(tracing(domain, one(task(function)), INVOKE))
    causes = [domain.ended(execution)["cause"]]
    domain.client("stepfunctions").redrive_execution(executionArn=execution)
    causes.append(domain.ended(execution)["cause"])
    first, second = (parse_trace(json.loads(cause)["errorMessage"]) for cause in causes)
    assert first and first == second


def test_an_execution_that_a_task_starts_needs_the_header(domain: Account, told: str) -> None:
    inner = tracing(domain, one(task(told)), INVOKE)
    may = [allow("states:StartExecution", inner), *INVOKE]
    parameters: dict[str, Any] = {"StateMachineArn": inner}
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution", "End": True}

    def child(parameters: dict[str, Any], data: Any) -> Trace | None:
        outer = tracing(domain, one({**state, "Parameters": parameters}), may)
        started = domain.ended(domain.start(outer, data, traceHeader=f"Root={OTHER};Sampled=1"))
        return parse_trace(json.loads(domain.ended(json.loads(started["output"])["ExecutionArn"])["output"])["trace"])

    alone = child(parameters, {})
    assert alone and alone.root != OTHER
    header = f"Root={ROOT};Sampled=1"
    assert child({**parameters, "TraceHeader.$": "$.header"}, {"header": header}) == Trace(ROOT, True)
    empty = child({**parameters, "TraceHeader.$": "$.header"}, {"header": ""})
    assert empty and empty.root not in (ROOT, OTHER)


def test_children_of_a_distributed_map_have_no_trace_of_it(domain: Account, told: str) -> None:
    shards = {"Type": "Map", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "In", "States": {"In": task(told)}}}  # fmt: skip
    machine = tracing(domain, one(shards), [allow("states:*", "*"), *INVOKE])
    ended = domain.ended(domain.start(machine, {"items": [1, 2]}, traceHeader=f"Root={ROOT};Sampled=1"))
    roots = {trace.root for item in json.loads(ended["output"]) if (trace := parse_trace(item["trace"]))}
    assert len(roots) == 2 and ROOT not in roots


def test_an_event_carries_the_header_that_it_was_put_with(domain: Account) -> None:
    machine, bus = tracing(domain, one(END), []), unique("bus")
    events = domain.client("events")
    events.create_event_bus(Name=bus)
    role = domain.role("events.amazonaws.com", [allow("states:StartExecution", machine)])
    events.put_rule(Name="all", EventBusName=bus, EventPattern='{"source": ["here"]}')
    events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "1", "Arn": machine, "RoleArn": role}])
    entry = {"Source": "here", "DetailType": "x", "Detail": "{}", "EventBusName": bus}
    put = with_header(events, "PutEvents", f"Root={ROOT};Sampled=1")
    put(Entries=[entry, {**entry, "TraceHeader": f"Root={OTHER};Sampled=1"}, {**entry, "TraceHeader": "broken"}])
    states = domain.client("stepfunctions")

    def passed() -> list[str]:
        listed = states.list_executions(stateMachineArn=machine)["executions"]
        found = [states.describe_execution(executionArn=item["executionArn"]) for item in listed]
        return sorted(item.get("traceHeader", "") for item in found)

    deadline = time.monotonic() + 20
    while len(passed()) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert passed() == ["", f"Root={ROOT};Sampled=1", f"Root={OTHER};Sampled=1"]
