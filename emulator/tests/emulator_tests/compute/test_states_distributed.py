"""Distributed maps: items, batches, child executions, failures that are tolerated, results in S3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_tests.compute.conftest import Account, allow, unique

GET_OBJECT = {"Resource": "arn:aws:states:::s3:getObject"}
RUN = ("states:StartExecution", "states:DescribeExecution", "states:StopExecution")
START = allow([*RUN], "*")
WRITE = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
PASS = {"A": {"Type": "Pass", "End": True}}
FAIL_ODD = {
    "A": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Bad"}],
        "Default": "Good",
    },
    "Bad": {"Type": "Fail", "Error": "Odd", "Cause": "as asked for"},
    "Good": {"Type": "Succeed"},
}


def machine(states: dict[str, Any] = PASS, kind: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    """A machine of one distributed map."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, "StartAt": "A", "States": states}
    return {
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "Label": "each", "End": True, **fields}},
    }


def bucket(account: Account, **objects: str) -> str:
    """A bucket with objects; underscores in names are dots."""
    name = unique("items")
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name)
    for key, text in objects.items():
        s3.put_object(Bucket=name, Key=key.replace("_", "."), Body=text.encode())
    return name


def run(account: Account, definition: dict[str, Any], data: Any, *more: dict[str, Any]) -> Any:
    return account.run(definition, data, [START, *more])


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_each_item_is_an_execution_and_the_results_keep_their_order(domain: Account, kind: str) -> None:
    ended = run(domain, machine(kind=kind, ItemsPath="$.items", MaxConcurrency=3), {"items": list(range(100))})
    assert (ended["status"], ended["output"]) == ("SUCCEEDED", list(range(100)))


def test_the_selector_sees_the_item_and_the_input(domain: Account) -> None:
    selector = {"value.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "shared.$": "$.shared"}
    ended = run(domain, machine(ItemsPath="$.items", ItemSelector=selector), {"items": ["x", "y"], "shared": 1})
    assert ended["output"] == [{"value": "x", "at": 0, "shared": 1}, {"value": "y", "at": 1, "shared": 1}]


def test_batches_are_limited_by_items_and_by_bytes(domain: Account) -> None:
    by_items = machine(ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"n.$": "$[0]"}})
    assert run(domain, by_items, [1, 2, 3])["output"] == [
        {"BatchInput": {"n": 1}, "Items": [1, 2]},
        {"BatchInput": {"n": 1}, "Items": [3]},
    ]
    by_bytes = machine(ItemBatcher={"MaxInputBytesPerBatch": 60})
    batches = [batch["Items"] for batch in run(domain, by_bytes, ["x" * 20] * 5)["output"]]
    assert batches == [["x" * 20] * 2, ["x" * 20] * 2, ["x" * 20]]


@pytest.mark.parametrize(
    ("key", "text", "config"),
    [
        ("items_json", '[{"a": "1"}, {"a": "2"}]', {"InputType": "JSON"}),
        ("items_jsonl", '{"a": "1"}\n\n{"a": "2"}\n', {"InputType": "JSONL"}),
        ("items_csv", "a\n1\n2\n", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
        ("items_csv", "1\n2\n", {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"]}),
        ("items_json", '[{"a": "1"}, {"a": "2"}, {"a": "3"}]', {"InputType": "JSON", "MaxItems": 2}),
    ],
)
def test_items_are_read_from_an_object(domain: Account, key: str, text: str, config: dict[str, Any]) -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": config,
        "Parameters": {"Bucket.$": "$.bucket", "Key": key.replace("_", ".")},
    }
    name = bucket(domain, **{key: text})
    ended = run(domain, machine(ItemReader=reader), {"bucket": name}, allow("s3:GetObject", "*"))
    assert ended["output"] == [{"a": "1"}, {"a": "2"}], (ended.get("error"), ended.get("cause"))


def test_the_objects_of_a_bucket_are_items(domain: Account) -> None:
    name = bucket(domain, a_json="1", b_json="22")
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": name}}
    ended = run(domain, machine(ItemReader=reader), {}, allow("s3:ListBucket", "*"))
    assert [(item["Key"], item["Size"]) for item in ended["output"]] == [("a.json", 1), ("b.json", 2)]


def test_what_cannot_be_read_is_an_error_of_its_own(domain: Account) -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": bucket(domain, items_json='{"no": "list"}'), "Key": "items.json"},
    }
    ended = run(domain, machine(ItemReader=reader), {}, allow("s3:GetObject", "*"))
    assert ended["error"] == "States.ItemReaderFailed"
    refused = run(domain, machine(ItemReader=reader), {})
    assert refused["error"] == "States.ItemReaderFailed"
    assert "s3:GetObject" in refused["cause"]


@pytest.mark.parametrize(
    ("tolerance", "bad", "status"),
    [
        ({}, 1, "FAILED"),
        ({"ToleratedFailureCount": 1}, 1, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, 2, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, 2, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 50}, 3, "FAILED"),
        ({"ToleratedFailurePercentage": 75, "ToleratedFailureCount": 1}, 2, "FAILED"),
        ({"ToleratedFailureCountPath": "$.most"}, 2, "SUCCEEDED"),
    ],
)
def test_failures_are_tolerated_up_to_a_threshold(
    domain: Account, tolerance: dict[str, Any], bad: int, status: str
) -> None:
    items = [{"bad": index < bad} for index in range(4)]
    ended = run(domain, machine(FAIL_ODD, ItemsPath="$.items", **tolerance), {"items": items, "most": 2})
    assert ended["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    else:
        assert ended["output"] == [{"bad": False}] * (4 - bad)


def test_a_failed_batch_counts_all_its_items(domain: Account) -> None:
    states = {"A": {"Type": "Fail", "Error": "No"}}
    definition = machine(states, ItemBatcher={"MaxItemsPerBatch": 3}, ToleratedFailureCount=2)
    assert run(domain, definition, [1, 2, 3])["error"] == "States.ExceedToleratedFailureThreshold"


@pytest.mark.parametrize("missing", RUN)
def test_the_role_starts_describes_and_stops_executions(domain: Account, missing: str) -> None:
    ended = domain.run(machine(), [1], [allow([action for action in RUN if action != missing], "*")])
    assert ended["error"] == "States.Permissions"
    assert missing in ended["cause"]


@pytest.mark.parametrize("missing", WRITE)
def test_the_role_writes_results_in_parts(domain: Account, missing: str) -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket(domain), "Prefix": "runs"}}
    given = allow([action for action in WRITE if action != missing], "*")
    ended = run(domain, machine(ResultWriter=writer), [1], given)
    assert ended["error"] == "States.ResultWriterFailed"
    assert missing in ended["cause"]


def test_the_guides_own_policy_is_enough(domain: Account) -> None:
    """By ARN, as "IAM policies for using Distributed Map states" has it."""
    name = unique("items")
    domain.client("s3").create_bucket(Bucket=name)
    domain.client("s3").put_object(Bucket=name, Key="items.json", Body=b"[1]")
    reader = {**GET_OBJECT, "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": name, "Key": "items.json"}}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": name, "Prefix": "runs"}}
    ended = domain.run(
        machine(ItemReader=reader, ResultWriter=writer), {},
        [
            allow("states:StartExecution", "arn:aws:states:*:*:stateMachine:*"),
            allow(["states:DescribeExecution", "states:StopExecution"], "arn:aws:states:*:*:execution:*:*"),
            allow("s3:GetObject", f"arn:aws:s3:::{name}/*"),
            allow([*WRITE], f"arn:aws:s3:::{name}/runs/*"),
        ],
    )  # fmt: skip
    assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))


def test_results_are_written_with_a_manifest(domain: Account) -> None:
    name = bucket(domain)
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": name, "Prefix": "runs"}}
    definition = machine(FAIL_ODD, ResultWriter=writer, ToleratedFailureCount=1)
    ended = run(domain, definition, [{"bad": False}, {"bad": True}], allow([*WRITE], "*"))
    details = ended["output"]["ResultWriterDetails"]
    s3 = domain.client("s3")
    manifest = json.loads(s3.get_object(**details)["Body"].read())
    assert manifest["MapRunArn"] == ended["output"]["MapRunArn"]
    [succeeded], [failed] = (manifest["ResultFiles"][status] for status in ("SUCCEEDED", "FAILED"))
    [good] = json.loads(s3.get_object(Bucket=name, Key=succeeded["Key"])["Body"].read())
    [bad] = json.loads(s3.get_object(Bucket=name, Key=failed["Key"])["Body"].read())
    assert json.loads(good["Output"]) == {"bad": False}
    assert (bad["Status"], bad["Error"], bad["Cause"]) == ("FAILED", "Odd", "as asked for")


def test_a_map_run_is_described_and_its_children_are_listed(domain: Account) -> None:
    api = domain.client("stepfunctions")
    definition = machine(FAIL_ODD, ItemBatcher={"MaxItemsPerBatch": 2}, ToleratedFailurePercentage=100)
    arn = domain.machine(definition, [START])
    execution = domain.start(arn, [{"bad": False}] * 3)
    domain.ended(execution)
    [listed] = api.list_map_runs(executionArn=execution)["mapRuns"]
    described = api.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert described["status"] == "SUCCEEDED"
    # A batch has no member ``bad``: the Choice finds nothing, which fails the child.
    assert described["itemCounts"]["failed"] == described["itemCounts"]["total"] == 3
    assert described["executionCounts"]["total"] == 2
    children = api.list_executions(mapRunArn=listed["mapRunArn"])["executions"]
    assert len(children) == 2
    child = api.describe_execution(executionArn=children[0]["executionArn"])
    assert child["stateMachineArn"] == f"{arn}/each"
    kinds = [event["type"] for event in domain.history(execution)]
    assert kinds == ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded",
                     "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"]  # fmt: skip


def test_stopping_the_execution_stops_its_children(domain: Account) -> None:
    api = domain.client("stepfunctions")
    waiting = {"A": {"Type": "Wait", "Seconds": 10_000, "End": True}}
    execution = domain.start(domain.machine(machine(waiting, MaxConcurrency=1), [START]), [1, 2])
    runs: list[Any] = []
    for _ in range(200):
        runs = api.list_map_runs(executionArn=execution)["mapRuns"]
        if runs and api.describe_map_run(mapRunArn=runs[0]["mapRunArn"])["executionCounts"]["running"]:
            break
    api.stop_execution(executionArn=execution)
    domain.ended(execution)
    for _ in range(200):
        described = api.describe_map_run(mapRunArn=runs[0]["mapRunArn"])
        if described["status"] == "ABORTED":
            break
    assert described["status"] == "ABORTED"
    assert described["executionCounts"]["aborted"] == 2


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"ItemReader": {"Resource": "arn:aws:states:::s3:putObject"}}, "ItemReader/Resource"),
        ({"ItemReader": {**GET_OBJECT, "ReaderConfig": {"InputType": "PARQUET"}}}, "InputType"),
        ({"ItemBatcher": {"BatchInput": {}}}, "MaxItemsPerBatch"),
        ({"ToleratedFailurePercentage": 101}, "ToleratedFailurePercentage"),
        ({"ToleratedFailureCount": 1, "ToleratedFailureCountPath": "$.n"}, "only one of"),
        ({"Label": "x" * 41}, "Label"),
        ({"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject"}}, "ResultWriter"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused(domain: Account, fields: dict[str, Any], word: str) -> None:
    with pytest.raises(ClientError, match=word) as refused:
        domain.machine(machine(**fields), [])
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"


def test_an_inline_map_has_none_of_these_fields(domain: Account) -> None:
    definition = machine(ToleratedFailureCount=1)
    del definition["States"]["Each"]["ItemProcessor"]["ProcessorConfig"]
    with pytest.raises(ClientError, match="DISTRIBUTED mode only"):
        domain.machine(definition, [])
