"""What an emulator that runs for days keeps, and what it forgets."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from aws_emulator.api import ApiCall, Caller
from aws_emulator.calls import COUNTED, CallLog
from aws_emulator.compute.events.delivery import EventRecord
from aws_emulator.iam.history import PolicyHistory
from aws_emulator.kernel.bounded import History
from emulator_tests.kernel.test_in_process import run


def call(operation: str = "PutRolePolicy", caller: str = "one", **params: Any) -> ApiCall:
    role = f"arn:aws:iam::111111111111:role/{caller}"
    return ApiCall("iam", operation, params, "us-east-1", Caller("111111111111", role, role, "ASIA", False), "r")


def test_a_history_keeps_the_newest_by_number_and_by_weight() -> None:
    history: History[str] = History(3, 100)
    for letter in "abcde":
        history.append(letter, 10)
    assert list(history) == ["c", "d", "e"]
    history.append("f", 85)
    assert list(history) == ["e", "f"]
    history.append("g", 1000)
    assert list(history) == ["g"]
    history.append("h", 100)
    assert (list(history), len(history)) == (["h"], 1)
    history.clear()
    history.append("i", 100)
    assert list(history) == ["i"]


def test_calls_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CallLog(limit=5)
    for number in range(COUNTED + 10):
        log.end(log.begin(call(caller=f"role-{number}")), None)
    shown = log.route("GET", {"detail": "1"}, b"")
    assert (len(shown["calls"]), shown["total"]) == (5, COUNTED + 10)
    counted = log.route("GET", {}, b"")["calls"]
    assert len(counted) == COUNTED
    callers = {row["caller"].rpartition("/")[2] for row in counted}
    assert "role-9" not in callers
    assert {"role-10", f"role-{COUNTED + 9}"} <= callers


def test_events_and_policies_are_bounded_by_their_size() -> None:
    record = EventRecord(limit=100, budget=10_000)
    for number in range(50):
        record.add({"id": number, "event": {"detail": "x" * 950}})
    assert [entry["id"] for entry in record.find({})] == list(range(40, 50))
    history = PolicyHistory(limit=100, budget=10_000)
    for _ in range(50):
        history.observe(call(PolicyDocument="x" * 970), {}, None)
    shown = history.route("GET", {}, b"")
    assert (len(shown["writes"]), shown["forgotten"], shown["writes"][-1]["number"]) == (10, 40, 50)


def test_logs_and_metrics_are_bounded(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        """
        import time
        from aws_emulator.patches import cloudwatch, logs
        from moto.cloudwatch.models import cloudwatch_backends
        from moto.logs.models import logs_backends
        logs.GROUP_BYTES, cloudwatch.MAX_POINTS, now = 100_000, 100, int(time.time() * 1000)
        client = emulator.admin_client("logs", account="222222222222")
        client.create_log_group(logGroupName="g")
        for stream in "abc":
            client.create_log_stream(logGroupName="g", logStreamName=stream)
            for number in range(40):
                events = [{"timestamp": now + number, "message": f"{stream}{number} " + "x" * 1000}]
                client.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)
        streams = logs_backends["222222222222"]["us-east-1"].groups["g"].streams
        kept = {name: len(stream.events) for name, stream in streams.items()}
        last = client.get_log_events(logGroupName="g", logStreamName="c", startFromHead=False)["events"][-1]["message"]
        metrics = emulator.admin_client("cloudwatch", account="222222222222")
        for number in range(250):
            metrics.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": float(number)}])
        data = cloudwatch_backends["222222222222"]["us-east-1"].metric_data
        print([kept, last.split()[0], len(data), data[-1].value])
        """,
    )
    kept, last, points, value = ast.literal_eval(printed.splitlines()[-1])
    assert "a" not in kept
    assert 35 <= sum(kept.values()) <= 75
    assert (last, value) == ("c39", 249.0)
    assert 50 <= points <= 100


def test_deleted_things_are_let_go_and_packages_lie_on_disk(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        """
        import gc, io, os, weakref, zipfile
        from moto.awslambda.models import lambda_backends
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        iam = emulator.admin_client("iam", account="222222222222")
        role = iam.create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        functions = emulator.admin_client("lambda", account="222222222222")

        def package(text):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("main.py", text)
                archive.writestr("data", os.urandom(2_000_000))
            return packed.getvalue()

        first, second = package("a = 1"), package("a = 2")
        made = dict(FunctionName="f", Runtime="python3.12", Role=role, Handler="main.handler")
        functions.create_function(**made, Code={"ZipFile": first})
        function = lambda_backends["222222222222"]["us-east-1"].get_function("f")
        assert function.code_bytes == first
        functions.update_function_code(FunctionName="f", ZipFile=second)
        assert function.code_bytes == second
        held = [*vars(function).values(), *function.code.values()]
        longest = max(len(value) for value in held if isinstance(value, (bytes, str)))
        gone = weakref.ref(function)
        functions.delete_function(FunctionName="f")
        del function, held
        gc.collect()
        print([longest, gone() is None])
        """,
    )
    longest, gone = ast.literal_eval(printed.splitlines()[-1])
    assert longest < 1000
    assert gone


def test_executions_that_are_over_are_forgotten(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        """
        from aws_emulator.compute.states import engine
        executions = emulator.parts["compute.executions"]
        account, region = "222222222222", "us-east-1"
        machine = engine.Machine(
            f"arn:aws:states:{region}:{account}:stateMachine:m", "m", account, region,
            f"arn:aws:iam::{account}:role/r", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
        )

        def ended(name, text="{}"):
            execution = executions.start(machine, name, text)
            with execution.changed:
                execution.changed.wait_for(lambda: execution.ended, timeout=30)
            work = emulator.parts["compute.work"]
            while work.counts():
                pass
            return execution

        engine.KEPT_EXECUTIONS = 10
        for number in range(25):
            ended(f"e{number}")
        names = sorted(e.name for e in executions.of_machine(machine.arn))
        engine.KEPT_EXECUTIONS, engine.KEPT_BYTES = 1000, 100_000
        for number in range(5):
            ended(f"large{number}", json.dumps("x" * 20_000))
        print([len(names), "e15" in names, "e14" in names, [e.name for e in executions.of_machine(machine.arn)]])
        """,
    )
    count, newer, older, large = ast.literal_eval(printed.splitlines()[-1])
    assert (count, newer, older) == (10, True, False)
    assert large == ["large4"]
