"""Definitions that CreateStateMachine refuses, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aws_emulator.compute.states.definition import problems_of

PASS = {"Type": "Pass", "End": True}
SDK = "arn:aws:states:::aws-sdk:datazone:updateSubscriptionGrantStatus"
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:f"


def machine(state: dict[str, Any], **others: Any) -> str:
    return json.dumps({"StartAt": "A", "States": {"A": state, **others}})


def task(**fields: Any) -> str:
    return machine({"Type": "Task", "Resource": FUNCTION, "End": True, **fields})


@pytest.mark.parametrize(
    "definition",
    [
        machine(PASS),
        task(TimeoutSeconds=5, HeartbeatSeconds=2, Retry=[{"ErrorEquals": ["X"]}]),
        task(Resource=SDK, Parameters={"DomainIdentifier": "d", "AssetIdentifier.$": "$.a", "Status": "GRANTED"}),
        task(
            Resource="arn:aws:states:::lambda:invoke.waitForTaskToken", Parameters={"Payload": {"t.$": "$$.Task.Token"}}
        ),
        task(Resource="arn:aws:states:::states:startExecution.sync:2", Parameters={"StateMachineArn": "x"}),
        task(Credentials={"RoleArn.$": "States.Format('arn:{}', $.x)"}),
        machine(
            {"Type": "Choice", "Default": "B", "Choices": [{"Variable": "$.a", "NumericGreaterThan": 3, "Next": "B"}]},
            B=PASS,
        ),
        machine(
            {"Type": "Map", "ItemsPath": "$.i", "ItemProcessor": {"StartAt": "B", "States": {"B": PASS}}, "End": True}
        ),
        machine({"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": PASS}}], "End": True}),
        machine({"Type": "Wait", "Seconds": 0, "End": True}),
        machine({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)"}),
    ],
)
def test_good_definitions(definition: str) -> None:
    assert problems_of(definition) == []


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ("{", "INVALID_JSON_DESCRIPTION"),
        ("[]", "must be an object"),
        ('{"StartAt": "A"}', "States must be an object"),
        ('{"StartAt": "B", "States": {"A": {"Type": "Pass", "End": true}}}', "Missing 'Next' target: B"),
        (machine({"Type": "Nonsense", "End": True}), "is no type of state"),
        (machine({"Type": "Pass"}), "exactly one of 'Next' and 'End'"),
        (machine({"Type": "Pass", "Next": "B", "End": True}, B=PASS), "exactly one of 'Next' and 'End'"),
        (machine({"Type": "Pass", "Next": "C"}), "Missing 'Next' target: C"),
        (machine(PASS, B=PASS), 'State "B" is not reachable'),
        (machine({**PASS, "Resource": "x"}), "Field 'Resource' is not supported"),
        (machine({**PASS, "Assign": {}}), "Field 'Assign' is not run by this emulator"),
        (machine({**PASS, "QueryLanguage": "JSONata"}), "JSONata is not run by this emulator"),
        (machine({**PASS, "InputPath": "a"}), "not a valid JSONPath"),
        (machine({**PASS, "ResultPath": "$.a[*]"}), "not a Reference Path"),
        (machine({**PASS, "Parameters": {"a.$": "b"}}), "not a valid JSONPath"),
        (machine({**PASS, "Parameters": {"a.$": 1}}), "is not a string"),
        (machine({**PASS, "Parameters": {"a.$": "$.x", "a": 1}}), "given twice"),
        (machine({**PASS, "Parameters": {"a.$": "States.Nothing()"}}), "no function States.Nothing"),
        (task(Resource="f"), "not a valid ARN"),
        (task(Resource="arn:aws:states:::aws-sdk:datazone:nothing"), "has no action"),
        (task(Resource="arn:aws:states:::aws-sdk:datazone:UpdateSubscriptionGrantStatus"), "camelCase"),
        (task(Resource="arn:aws:states:::aws-sdk:nothing:get"), "no service 'nothing'"),
        (task(Resource=SDK + ".sync"), "integration pattern 'sync' is not supported"),
        (task(Resource=SDK, Parameters={"Nothing": 1}), 'The field "Nothing" is not supported'),
        (task(Resource=SDK, Parameters={"domainIdentifier": 1}), 'The field "domainIdentifier" is not supported'),
        (task(TimeoutSeconds=0), "TimeoutSeconds must be a positive integer"),
        (task(TimeoutSeconds=5, HeartbeatSeconds=5), "HeartbeatSeconds must be smaller"),
        (task(TimeoutSeconds=5, TimeoutSecondsPath="$.t"), "only one of TimeoutSeconds"),
        (task(Credentials={"Role": "x"}), "Credentials must have the field RoleArn"),
        (task(Retry=[{"ErrorEquals": []}]), "ErrorEquals must be a list"),
        (task(Retry=[{"ErrorEquals": ["States.ALL", "X"]}]), "States.ALL must be alone"),
        (task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "A"}, {"ErrorEquals": ["X"], "Next": "A"}]), "last rule"),
        (task(Catch=[{"ErrorEquals": ["X"], "Next": "Z"}]), "Missing 'Next' target: Z"),
        (task(Retry=[{"ErrorEquals": ["X"], "BackoffRate": 0.5}]), "BackoffRate"),
        (task(Retry=[{"ErrorEquals": ["X"], "MaxAttempts": -1}]), "MaxAttempts"),
        (task(Retry=[{"ErrorEquals": ["X"], "IntervalSeconds": 0}]), "IntervalSeconds"),
        (task(Retry=[{"ErrorEquals": ["X"], "JitterStrategy": "HALF"}]), "JitterStrategy"),
        (machine({"Type": "Choice", "Choices": []}), "at least one rule"),
        (machine({"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "A"}]}), "exactly one comparison"),
        (
            machine({"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": "1", "Next": "A"}]}),
            "is of the wrong type",
        ),
        (
            machine({"Type": "Choice", "Choices": [{"Not": {"Variable": "a", "IsNull": True}, "Next": "A"}]}),
            "not a valid JSONPath",
        ),
        (machine({"Type": "Wait", "End": True}), "exactly one of Seconds"),
        (machine({"Type": "Wait", "Timestamp": "tomorrow", "End": True}), "RFC 3339"),
        (machine({"Type": "Fail", "Error": "a", "ErrorPath": "$.e"}), "only one of Error"),
        (machine({"Type": "Parallel", "Branches": [], "End": True}), "at least one machine"),
        (
            machine({"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": PASS}}], "End": True}),
            "Duplicate State name: A",
        ),
        (machine({"Type": "Map", "End": True}), "exactly one of ItemProcessor"),
        (
            machine(
                {
                    "Type": "Map",
                    "End": True,
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "SHARDED", "ExecutionType": "STANDARD"},
                        "StartAt": "B",
                        "States": {"B": PASS},
                    },
                }
            ),
            "Mode must be INLINE or DISTRIBUTED",
        ),
    ],
)
def test_bad_definitions(definition: str, problem: str) -> None:
    assert problem in "\n".join(problems_of(definition))
