"""What the tests of functions, state machines and events build on."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from emulator_tests.conftest import DOMAIN, EmulatorProcess
from emulator_tests.made import archive

REGION = "us-east-1"
_numbers = itertools.count()

HANDLER = """
import json, os, sys, time, logging

def handler(event, context):
    print("received", json.dumps(event))
    action = event.get("do") if isinstance(event, dict) else None
    if action == "raise":
        raise ValueError(event.get("message", "bad"))
    if action == "sleep":
        time.sleep(event["seconds"])
    if action == "exit":
        os._exit(3)
    if action == "environment":
        return {"path": sys.path, "environment": dict(os.environ), "modules": sorted(sys.modules)}
    if action == "import":
        __import__(event["module"])
    if action == "pid":
        time.sleep(event.get("seconds", 0))
        return os.getpid()
    if action == "large":
        return "x" * event["size"]
    return {"event": event, "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn}
"""


def unique(stem: str) -> str:
    """A name that no other test uses."""
    return f"{stem}-{next(_numbers)}"


@dataclass
class Account:
    """One account of the sandbox, as its administrator; makes roles, functions and machines."""

    id: str
    make: Callable[..., Any]
    emulator: EmulatorProcess
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.make(service, account=self.id)
        return self.clients[service]

    def role(self, service: str | None, statements: list[dict[str, Any]], trust: dict[str, Any] | None = None) -> str:
        """A role that a service (or whoever ``trust`` names) may assume; its ARN."""
        name = unique("role")
        trusted = trust or {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        iam = self.client("iam")
        arn = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        )["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
        return str(arn)

    def function(self, code: str = HANDLER, role: str | None = None, **settings: Any) -> str:
        """A function; its ARN."""
        role = role or self.role("lambda.amazonaws.com", [allow("logs:*", "*")])
        settings = {"Runtime": "python3.11", "Handler": "main.handler", "Timeout": 10, **settings}
        bundle = archive({"main.py": code})
        answer = self.client("lambda").create_function(
            FunctionName=unique("function"), Role=role, Code={"ZipFile": bundle}, **settings
        )
        return str(answer["FunctionArn"])

    def invoke(self, arn: str, event: Any = None, **options: Any) -> dict[str, Any]:
        """Invoke a function; the answer with its payload read."""
        answer = self.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event or {}), **options)
        text = answer["Payload"].read()
        return {**answer, "Payload": json.loads(text) if text else None}

    def machine(self, definition: dict[str, Any], statements: list[dict[str, Any]], role: str = "") -> str:
        """A state machine; its ARN."""
        role = role or self.role("states.amazonaws.com", statements)
        answer = self.client("stepfunctions").create_state_machine(
            name=unique("machine"), definition=json.dumps(definition), roleArn=role
        )
        return str(answer["stateMachineArn"])

    def start(self, machine: str, data: Any = None, **options: Any) -> str:
        """Start an execution; its ARN."""
        text = json.dumps({} if data is None else data)
        return str(
            self.client("stepfunctions").start_execution(stateMachineArn=machine, input=text, **options)["executionArn"]
        )

    def ended(self, execution: str, seconds: float = 20.0) -> dict[str, Any]:
        """Wait for the end of an execution; what DescribeExecution says."""
        deadline = time.monotonic() + seconds
        while True:
            described = self.client("stepfunctions").describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return dict(described)
            if time.monotonic() > deadline:
                pytest.fail(f"{execution} has not ended: {self.history(execution)[-3:]}")
            time.sleep(0.02)

    def run(self, definition: dict[str, Any], data: Any = None, statements: list[dict[str, Any]] | None = None) -> Any:
        """Run a definition once; what DescribeExecution says at its end, with the output read."""
        described = self.ended(self.start(self.machine(definition, statements or []), data))
        return {**described, "output": json.loads(described["output"]) if "output" in described else None}

    def history(self, execution: str) -> list[dict[str, Any]]:
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution) for event in page["events"]]


def allow(action: str | list[str], resource: str | list[str]) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.fixture(scope="session")
def account(emulator: EmulatorProcess, client: Callable[..., Any]) -> Callable[[str], Account]:
    """``account("222222222222")``: an account of the sandbox."""
    known: dict[str, Account] = {}
    return lambda id: known.setdefault(id, Account(id, client, emulator))


@pytest.fixture(scope="session")
def domain(account: Callable[[str], Account]) -> Account:
    """The domain account."""
    return account(DOMAIN)


@pytest.fixture
def idle(emulator: EmulatorProcess) -> Callable[[], None]:
    """Wait until no delivery, asynchronous invocation or execution is under way."""

    def wait(seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not (state := emulator.admin("GET", "idle"))["idle"]:
            if time.monotonic() > deadline:
                pytest.fail(f"not idle: {state}")
            time.sleep(0.02)

    return wait


@pytest.fixture
def fast(emulator: EmulatorProcess) -> Any:
    """A clock two hundred times as fast, for the waits of services."""
    emulator.admin("POST", "settings", {"speed": 200})
    yield
    emulator.admin("POST", "settings", {"speed": 1})
