"""Functions run from their bundle, in a process of their own, as their role."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.compute.conftest import HANDLER, Account, allow, unique
from emulator_tests.made import archive


@pytest.fixture(scope="module")
def shared(domain: Account) -> str:
    """A function that most tests use."""
    return domain.function(Timeout=5, Environment={"Variables": {"COLOUR": "blue"}})


def test_result_and_context(domain: Account, shared: str) -> None:
    answer = domain.invoke(shared, {"a": [1, None, "ü"]})
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert answer["Payload"]["event"] == {"a": [1, None, "ü"]}
    assert answer["Payload"]["arn"] == shared
    assert 0 < answer["Payload"]["left"] <= 5000


def test_no_payload_is_an_empty_event(domain: Account, shared: str) -> None:
    answer = domain.client("lambda").invoke(FunctionName=shared)
    assert json.load(answer["Payload"])["event"] == {}


def test_environment(domain: Account, shared: str) -> None:
    seen = domain.invoke(shared, {"do": "environment"})["Payload"]
    environment = seen["environment"]
    assert environment["COLOUR"] == "blue"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == shared.split(":")[-1]
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert environment["AWS_ENDPOINT_URL"] == domain.emulator.endpoint
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert "PYTHONPATH" not in environment


def test_only_the_bundle_and_the_standard_library_can_be_imported(domain: Account, shared: str) -> None:
    seen = domain.invoke(shared, {"do": "environment"})["Payload"]
    assert not [entry for entry in seen["path"] if "site-packages" in entry]
    for module in ("boto3", "moto", "simplejson", "aws_emulator", "iam_evaluation"):
        answer = domain.invoke(shared, {"do": "import", "module": module})
        assert answer["Payload"]["errorType"] == "ModuleNotFoundError", module


def test_handler_error(domain: Account, shared: str) -> None:
    answer = domain.invoke(shared, {"do": "raise", "message": "no such topic"}, LogType="Tail")
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "ValueError"
    assert answer["Payload"]["errorMessage"] == "no such topic"
    assert any("main.py" in line for line in answer["Payload"]["stackTrace"])
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "START RequestId:" in log
    assert "[ERROR] ValueError: no such topic" in log
    assert "REPORT RequestId:" in log


@pytest.mark.parametrize("length", [70_000, 900_000, 3_000_000])
def test_an_error_of_any_length_is_answered(domain: Account, length: int) -> None:
    """The client repeats it in a header, which must not end the process."""
    arn = domain.function()
    stream = domain.invoke(arn, {"do": "environment"})["Payload"]["environment"]["AWS_LAMBDA_LOG_STREAM_NAME"]
    answer = domain.invoke(arn, {"do": "raise", "message": "x" * length})
    assert answer["FunctionError"] == "Unhandled"
    assert (answer["Payload"]["errorType"], len(answer["Payload"]["errorMessage"])) == ("ValueError", length)
    after = domain.invoke(arn, {"do": "environment"})["Payload"]["environment"]["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert after == stream, "the same process goes on"


def test_process_that_exits(domain: Account, shared: str) -> None:
    answer = domain.invoke(shared, {"do": "exit"})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in answer["Payload"]["errorMessage"]
    assert "FunctionError" not in domain.invoke(shared)


def test_time_out(domain: Account) -> None:
    arn = domain.function(Timeout=1)
    before = time.monotonic()
    answer = domain.invoke(arn, {"do": "sleep", "seconds": 30})
    assert time.monotonic() - before < 10
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_import_error(domain: Account) -> None:
    arn = domain.function(code="import nothing_of_that_name\n")
    payload = domain.invoke(arn)["Payload"]
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert "nothing_of_that_name" in payload["errorMessage"]


def test_missing_handler(domain: Account) -> None:
    payload = domain.invoke(domain.function(Handler="main.other"))["Payload"]
    assert payload["errorType"] == "Runtime.HandlerNotFound"


def test_large_response_is_the_functions_error(domain: Account, shared: str) -> None:
    answer = domain.invoke(shared, {"do": "large", "size": 6_300_000})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Function.ResponseSizeTooLarge"


def test_payload_must_be_json(domain: Account, shared: str) -> None:
    with pytest.raises(ClientError) as refused:
        domain.client("lambda").invoke(FunctionName=shared, Payload=b"{nonsense")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_unknown_function(domain: Account) -> None:
    with pytest.raises(ClientError) as refused:
        domain.client("lambda").invoke(FunctionName="nothing")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_dry_run_does_not_run(domain: Account, shared: str) -> None:
    assert domain.invoke(shared, {"do": "exit"}, InvocationType="DryRun")["StatusCode"] == 204


def test_workers_are_warm_and_new_code_replaces_them(domain: Account) -> None:
    arn = domain.function()
    first = domain.invoke(arn, {"do": "pid"})["Payload"]
    assert domain.invoke(arn, {"do": "pid"})["Payload"] == first
    bundle = archive({"main.py": "def handler(event, context):\n    return 'new'\n"})
    domain.client("lambda").update_function_code(FunctionName=arn, ZipFile=bundle)
    assert domain.invoke(arn)["Payload"] == "new"
    domain.client("lambda").update_function_configuration(FunctionName=arn, Handler="main.other")
    assert domain.invoke(arn)["Payload"]["errorType"] == "Runtime.HandlerNotFound"


def test_versions_and_aliases(domain: Account) -> None:
    arn = domain.function(code="def handler(event, context):\n    return 'one'\n")
    functions = domain.client("lambda")
    version = functions.publish_version(FunctionName=arn)["Version"]
    functions.create_alias(FunctionName=arn, Name="live", FunctionVersion=version)
    functions.update_function_code(
        FunctionName=arn, ZipFile=archive({"main.py": "def handler(event, context):\n    return 'two'\n"})
    )
    assert domain.invoke(arn)["Payload"] == "two"
    answer = domain.invoke(arn, Qualifier="live")
    assert (answer["Payload"], answer["ExecutedVersion"]) == ("one", version)
    assert domain.invoke(f"{arn}:{version}")["Payload"] == "one"


CLIENT = """
import json, os, urllib.request

def handler(event, context):
    import hashlib, hmac, datetime
    return {"key": os.environ["AWS_ACCESS_KEY_ID"], "secret": os.environ["AWS_SECRET_ACCESS_KEY"],
            "token": os.environ["AWS_SESSION_TOKEN"]}
"""


def test_credentials_are_those_of_the_role(domain: Account, account: Callable[[str], Account]) -> None:
    import boto3

    for owner in (domain, account("222222222222")):
        role = owner.role("lambda.amazonaws.com", [])
        arn = owner.function(code=CLIENT, role=role)
        given = owner.invoke(arn)["Payload"]
        sts = boto3.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=owner.emulator.endpoint,
            aws_access_key_id=given["key"],
            aws_secret_access_key=given["secret"],
            aws_session_token=given["token"],
        )
        identity = sts.get_caller_identity()
        name = arn.split(":")[-1]
        assert identity["Arn"] == f"arn:aws:sts::{owner.id}:assumed-role/{role.split('/')[-1]}/{name}"


def test_role_that_is_recreated_gives_a_new_environment(domain: Account) -> None:
    role = domain.role("lambda.amazonaws.com", [])
    arn = domain.function(role=role)
    first = domain.invoke(arn, {"do": "environment"})["Payload"]["environment"]
    iam, name = domain.client("iam"), role.split("/")[-1]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    iam.delete_role(RoleName=name)
    with pytest.raises(ClientError) as refused:
        domain.invoke(arn)
    assert "cannot be assumed by Lambda" in refused.value.response["Error"]["Message"]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    second = domain.invoke(arn, {"do": "environment"})["Payload"]["environment"]
    assert first["AWS_ACCESS_KEY_ID"] != second["AWS_ACCESS_KEY_ID"]


def test_killed_worker(domain: Account, shared: str) -> None:
    """What a fault does to a function between an effect and its answer."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(domain.invoke(shared, {"do": "sleep", "seconds": 4})))
    thread.start()
    deadline = time.monotonic() + 5
    while not (busy := [w for w in domain.emulator.admin("GET", "functions")["workers"] if w["busy"]]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert busy[0]["function"] == shared
    # The emulator's own kill is reached through a fault; here the process is killed from outside.
    found = next(
        entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _has_key(entry, busy[0]["accessKey"])
    )
    os.kill(int(found.name), signal.SIGKILL)
    thread.join(5)
    assert answers[0]["Payload"]["errorType"] == "Runtime.ExitError"
    assert "signal: killed" in answers[0]["Payload"]["errorMessage"]


def _has_key(process: Path, key: str) -> bool:
    try:
        return f"AWS_ACCESS_KEY_ID={key}".encode() in (process / "environ").read_bytes()
    except OSError:
        return False


def test_logs(domain: Account) -> None:
    arn = domain.function()
    domain.invoke(arn, {"do": "raise"})
    group = f"/aws/lambda/{arn.split(':')[-1]}"
    messages = [event["message"] for event in domain.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert messages[0].startswith("START RequestId")
    assert 'received {"do": "raise"}' in messages
    assert any(message.startswith("[ERROR] ValueError: bad\nTraceback") for message in messages)
    assert messages[-1].startswith("REPORT RequestId")


def test_logs_go_to_the_configured_group(domain: Account) -> None:
    group = f"/{unique('own')}"
    arn = domain.function(LoggingConfig={"LogGroup": group, "LogFormat": "Text"})
    configured = domain.client("lambda").get_function_configuration(FunctionName=arn)["LoggingConfig"]
    assert configured["LogGroup"] == group
    domain.invoke(arn)
    assert domain.client("logs").filter_log_events(logGroupName=group)["events"]


def test_json_logs(domain: Account) -> None:
    code = """
    import logging

    def handler(event, context):
        logging.getLogger("mine").warning("careful", extra={"topic": "orders"})
    """
    arn = domain.function(code=code, LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO"})
    domain.invoke(arn)
    group = f"/aws/lambda/{arn.split(':')[-1]}"
    lines = [
        json.loads(event["message"]) for event in domain.client("logs").filter_log_events(logGroupName=group)["events"]
    ]
    (line,) = [line for line in lines if line.get("message") == "careful"]
    assert (line["level"], line["topic"]) == ("WARNING", "orders")


def test_logs_need_the_roles_permission(domain: Account) -> None:
    arn = domain.function(role=domain.role("lambda.amazonaws.com", []))
    assert domain.invoke(arn)["StatusCode"] == 200
    groups = domain.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{arn.split(':')[-1]}")
    assert [group for group in groups["logGroups"] if group["logGroupName"].endswith(arn.split(":")[-1])] == []
    assert any(arn in reason for reason in domain.emulator.admin("GET", "functions")["unwrittenLogs"])


def test_reserved_concurrency(domain: Account, shared: str) -> None:
    functions = domain.client("lambda")
    arn = domain.function()
    functions.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as refused:
        domain.invoke(arn)
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    answer: dict[str, Any] = dict(refused.value.response)
    assert answer["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    functions.put_function_concurrency(FunctionName=arn, ReservedConcurrentExecutions=1)
    thread = threading.Thread(target=domain.invoke, args=(arn, {"do": "sleep", "seconds": 1}))
    thread.start()
    time.sleep(0.4)
    with pytest.raises(ClientError):
        domain.invoke(arn)
    thread.join()
    assert domain.invoke(arn)["StatusCode"] == 200


def test_at_most_eight_workers(domain: Account) -> None:
    functions = [domain.function() for _ in range(10)]
    pids: list[Any] = []

    def invoke(arn: str) -> None:
        pids.append(domain.invoke(arn, {"do": "pid", "seconds": 0.2})["Payload"])

    threads = [threading.Thread(target=invoke, args=(functions[index % 10],)) for index in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        assert len(domain.emulator.admin("GET", "functions")["workers"]) <= 8
    assert len(pids) == 24
    assert all(isinstance(pid, int) for pid in pids)


def test_other_accounts_function_needs_its_policy(domain: Account, account: Callable[[str], Account]) -> None:
    other = account("222222222222")
    arn = other.function()
    trust = {"Effect": "Allow", "Principal": {"AWS": domain.id}, "Action": "sts:AssumeRole"}
    role = domain.role(None, [allow("lambda:InvokeFunction", "*")], trust)
    caller = domain.make("lambda", account=domain.id, role=role)
    with pytest.raises(ClientError) as refused:
        caller.invoke(FunctionName=arn)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    other.client("lambda").add_permission(
        FunctionName=arn, StatementId="domain", Action="lambda:InvokeFunction", Principal=domain.id
    )
    assert json.load(caller.invoke(FunctionName=arn)["Payload"])["arn"] == arn


def test_bundle_that_is_no_archive(domain: Account, shared: str) -> None:
    role = domain.role("lambda.amazonaws.com", [])
    settings = {"FunctionName": unique("function"), "Role": role, "Runtime": "python3.11", "Handler": "m.h"}
    functions = domain.client("lambda")
    for call, fields in (
        (functions.create_function, {**settings, "Code": {"ZipFile": b"no zip"}}),
        (functions.update_function_code, {"FunctionName": shared, "ZipFile": b"no zip"}),
    ):
        with pytest.raises(ClientError) as refused:
            call(**fields)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
        assert "Could not unzip" in refused.value.response["Error"]["Message"]


CALLER = """
import hashlib, hmac, http.client, os, time, urllib.parse

def handler(event, context):
    # GetCallerIdentity signed by hand (Signature Version 4), since this bundle holds no SDK.
    host = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = "/".join((stamp[:8], "us-east-1", "sts", "aws4_request"))
    token = os.environ["AWS_SESSION_TOKEN"]
    headers = "host:" + host + chr(10) + "x-amz-date:" + stamp + chr(10) + "x-amz-security-token:" + token + chr(10)
    names = "host;x-amz-date;x-amz-security-token"
    digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
    request = chr(10).join(("POST", "/", "", headers, names, digest(body)))
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = chr(10).join(("AWS4-HMAC-SHA256", stamp, scope, digest(request)))
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope
    connection = http.client.HTTPConnection(host)
    connection.request("POST", "/", body, {
        "Content-Type": "application/x-www-form-urlencoded", "X-Amz-Date": stamp, "X-Amz-Security-Token": token,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}",
    })
    return connection.getresponse().status
"""


@pytest.mark.parametrize("kind", ["kill_function_before", "kill_function_after"])
def test_fault_that_kills_the_function_in_the_middle_of_a_call(domain: Account, kind: str) -> None:
    arn = domain.function(code=CALLER)
    assert domain.invoke(arn)["Payload"] == 200
    domain.emulator.admin(
        "POST", "faults", {"service": "sts", "operation": "GetCallerIdentity", "kind": kind, "times": 1}
    )
    killed = domain.invoke(arn)
    domain.emulator.admin("DELETE", "faults")
    assert killed["Payload"]["errorType"] == "Runtime.ExitError"
    assert domain.invoke(arn)["Payload"] == 200


def test_subscription_of_a_topic_runs_the_function(domain: Account) -> None:
    arn = domain.function(code=HANDLER)
    topic = domain.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    domain.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    domain.client("sns").publish(TopicArn=topic, Message="hello")
    group = f"/aws/lambda/{arn.split(':')[-1]}"
    messages = [event["message"] for event in domain.client("logs").filter_log_events(logGroupName=group)["events"]]
    assert any('"Message": "hello"' in message for message in messages)
