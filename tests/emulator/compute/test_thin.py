from __future__ import annotations
import json
from tests.emulator.compute.conftest import *


def test_invoke(domain):
    arn = domain.function()
    answer = domain.invoke(arn, {"a": 1}, LogType="Tail")
    assert answer["Payload"]["event"] == {"a": 1}
    print(answer)
    print(domain.emulator.admin("GET","functions"))
    logs = domain.client("logs").filter_log_events(logGroupName="/aws/lambda/" + arn.split(":")[-1])
    print(logs["events"])


def test_pass(domain):
    print(domain.run({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"x.$": "$.a"}, "End": True}}}, {"a": 5}))


def test_lambda(domain):
    arn = domain.function()
    m = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": arn, "Payload.$": "$"}, "End": True}}}
    r = domain.run(m, {"a": 5}, [allow("lambda:InvokeFunction", arn)])
    print(r)
    assert r["status"] == "SUCCEEDED"
    r = domain.run(m, {"a": 5}, [])
    print(r)


def test_cross_account_token(domain, account):
    other = account("222222222222")
    inner = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Credentials": {"RoleArn.$": "$.callback"},
        "Parameters": {"TaskToken.$": "$.token", "Output": {"done": True}}, "End": True}}}
    callback = domain.role(None, [allow("states:SendTask*", "*")], {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"})
    m2 = other.machine(inner, [allow("sts:AssumeRole", callback)])
    starter = other.role(None, [allow("states:StartExecution", m2)], {"Effect": "Allow", "Principal": {"AWS": domain.id}, "Action": "sts:AssumeRole", "Condition": {"StringLike": {"sts:ExternalId": "arn:aws:states:us-east-1:111111111111:stateMachine:*"}}})
    outer = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken",
        "Credentials": {"RoleArn": starter}, "TimeoutSeconds": 10,
        "Parameters": {"StateMachineArn": m2, "Input": {"token.$": "$$.Task.Token", "callback": callback}}, "End": True}}}
    r = domain.run(outer, {}, [allow("sts:AssumeRole", starter)])
    print(r)
    print(json.dumps(domain.history(r["executionArn"]), indent=1, default=str))
    assert r["status"] == "SUCCEEDED"


def test_events(domain, idle):
    m = domain.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, [])
    fn = domain.function()
    role = domain.role("events.amazonaws.com", [allow("states:StartExecution", m)])
    ev = domain.client("events")
    name = unique("rule")
    arn = ev.put_rule(Name=name, EventPattern=json.dumps({"source": ["my.app"], "detail": {"x": [{"prefix": "a"}]}}))["RuleArn"]
    sqs = domain.client("sqs")
    q = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    qarn = sqs.get_queue_attributes(QueueUrl=q, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=q, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": qarn, "Condition": {"ArnEquals": {"aws:SourceArn": arn}}}]})})
    ev.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": m, "RoleArn": role}, {"Id": "2", "Arn": fn, "DeadLetterConfig": {"Arn": qarn}}])
    print(ev.put_events(Entries=[{"Source": "my.app", "DetailType": "T", "Detail": json.dumps({"x": "abc"})}, {"Source": "aws.x", "DetailType": "T", "Detail": "{}"}]))
    idle()
    print(json.dumps(domain.emulator.admin("GET", "events?source=my.app"), indent=1))
    print(sqs.receive_message(QueueUrl=q, MessageAttributeNames=["All"]))
    print(domain.client("stepfunctions").list_executions(stateMachineArn=m)["executions"])
    domain.client("lambda").add_permission(FunctionName=fn, StatementId="a", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn=arn)
    ev.put_events(Entries=[{"Source": "my.app", "DetailType": "T", "Detail": json.dumps({"x": "abc"})}])
    idle()
    print(json.dumps(domain.emulator.admin("GET", "events?source=my.app")["events"][-1]["deliveries"], indent=1))
    print(json.dumps(domain.emulator.admin("GET", "events?source=aws.states")["events"][-1], indent=1))
    print(json.dumps(domain.emulator.admin("GET", "schedules"), indent=1))
