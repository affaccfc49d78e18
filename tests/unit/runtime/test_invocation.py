"""What a handler's invocation leaves in its log group: lines that CloudWatch Logs Insights can filter by a field."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import SimpleNamespace
from typing import Any

import pytest

from streamgov_core.runtime import invocation
from streamgov_core.runtime.invocation import lambda_handler
from streamgov_core.runtime.log import log


@dataclass
class Context:
    aws_request_id: str = "11111111-2222-3333-4444-555555555555"
    function_name: str = "streamgov-report"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:111111111111:function:streamgov-report"


def insights(output: str, **wanted: Any) -> list[dict[str, Any]]:
    """``filter field = value``: Insights discovers the top-level members of each line that is a JSON object."""
    found = []
    for text in output.splitlines():
        line = json.loads(text)
        if all(line.get(name) == value for name, value in wanted.items()):
            found.append(line)
    return found


ITEM = {
    "grantId": "grant1",
    "assetId": "asset1",
    "domainId": "dzd-1",
    "requestType": "GRANT",
    "side": "producer",
    "generation": 3,
    "platform": "msk",
    "taskToken": "AAAA-secret",
}


@lambda_handler
def report(event: dict[str, Any], context: Context) -> dict[str, Any]:
    logging.getLogger("botocore.credentials").info("Found credentials in environment variables.")
    log("outcome reported", event, status="GRANTED", details={"documents": 2})
    log("outcome reported", {**event, "grantId": "grant2"}, level=logging.WARNING, status="GRANT_FAILED")
    return event


def test_one_line_is_found_by_its_grant(capsys: pytest.CaptureFixture[str]) -> None:
    report(ITEM, Context())
    output = capsys.readouterr().out
    (line,) = insights(output, grantId="grant1")
    assert {name: line[name] for name in ITEM if name != "taskToken"} == {
        name: value for name, value in ITEM.items() if name != "taskToken"
    }
    assert (line["message"], line["status"], line["level"]) == ("outcome reported", "GRANTED", "INFO")
    assert line["details"] == {"documents": 2}, "an object, no text that holds JSON"
    assert (line["function_name"], line["function_request_id"]) == ("streamgov-report", Context.aws_request_id)
    assert [line["grantId"] for line in insights(output, level="WARNING")] == ["grant2"]


def test_no_secret_and_no_line_of_a_library(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    report(ITEM, Context())
    output = capsys.readouterr().out
    assert "secret" not in output and "credentials" not in output
    assert len(insights(output)) == 2


def test_a_module_logger_of_the_package_writes_the_same_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("streamgov_core.catalog.work").warning("schema %s: %s", "orders", "unreadable")
    (line,) = insights(capsys.readouterr().out, level="WARNING")
    assert line["message"] == "schema orders: unreadable"


def test_a_field_that_the_logger_uses_itself_is_kept_under_another_name(capsys: pytest.CaptureFixture[str]) -> None:
    log("named", name="orders", level_="low", message="text")
    (line,) = insights(capsys.readouterr().out, message="named")
    assert (line["name_"], line["level_"], line["message_"]) == ("orders", "low", "text")


def test_lambdas_own_handler_does_not_repeat_a_line() -> None:
    """Lambda puts a handler on the root logger before any code of ours runs."""
    script = """
import logging, sys
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format='{"root": "%(message)s"}')
from streamgov_core.runtime import invocation
from streamgov_core.runtime.log import log
log("once")
logging.getLogger("other").warning("left to Lambda")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert [json.loads(line).get("message") for line in done.stdout.splitlines()] == ["once", None]


def traced_by(monkeypatch: pytest.MonkeyPatch, *, sdk: bool) -> list[str]:
    """What a handler's invocation tells the tracer, with the X-Ray SDK of a layer and without."""
    told: list[str] = []

    class Tracer:
        def __init__(self, service: str) -> None:
            told.append(f"service {service}")

        def capture_lambda_handler(self, handler: Any, *, capture_response: bool, capture_error: bool) -> Any:
            def traced(event: Any, context: Any) -> Any:
                told.append(f"invoked, response {capture_response}, error {capture_error}")
                return handler(event, context)

            return traced

    spec = ModuleSpec("aws_xray_sdk", None) if sdk else None
    monkeypatch.setattr(invocation, "find_spec", lambda name: spec if name == "aws_xray_sdk" else None)
    monkeypatch.setitem(sys.modules, "aws_lambda_powertools.tracing", SimpleNamespace(Tracer=Tracer))

    def answer(event: dict[str, Any], context: Context) -> dict[str, Any]:
        return {"answer": event["grantId"]}

    assert lambda_handler(answer)(ITEM, Context()) == {"answer": "grant1"}
    return told


def test_a_layer_with_the_sdk_makes_traces_without_answers_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert traced_by(monkeypatch, sdk=True) == ["service streamgov_core", "invoked, response False, error False"]


def test_without_the_sdk_nothing_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert traced_by(monkeypatch, sdk=False) == []
