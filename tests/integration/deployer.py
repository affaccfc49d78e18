"""Deploys the descriptions of ``streamgov_core.deploy`` with boto3, so that a test starts within seconds.

Alarms, traces, backups and the logs of machines are left out: no test of the workflow looks at them.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

from streamgov_core.deploy.data_source_deployment import DataSourceDeployment
from streamgov_core.deploy.domain_deployment import DomainDeployment
from streamgov_core.deploy.member_deployment import MemberDeployment
from streamgov_core.deploy.spec import (
    INLINE_POLICY,
    RULE_RETRIES,
    FunctionSpec,
    MachineSpec,
    PolicySpec,
    QueueSpec,
    RoleSpec,
    RuleSpec,
    TableSpec,
)
from streamgov_core.model.settings_document import LAYER_PATH
from streamgov_pulumi.packaging import RUNTIME, build_bundle
from tests.integration.polling import eventually

Client = Callable[[str, str], Any]


def snap_start(function: FunctionSpec) -> dict[str, str]:
    """The member ``SnapStart`` of Lambda's calls."""
    snapshots = function.alias is not None and function.alias.snapshots
    return {"ApplyOn": "PublishedVersions" if snapshots else "None"}


class Deployer:
    """Deploys into the accounts of an emulator.

    Args:
        client: makes a boto3 client of a service for an account's administrator.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def domain(self, account: str, domain: DomainDeployment) -> None:
        """Deploy the domain account's parts."""
        self.table(account, domain.grants)
        self.table(account, domain.runs)
        for function in domain.functions:
            self.function(account, function)
        self.machine(account, domain.machine)
        self.role(account, domain.callback)
        self.role(account, domain.events)
        self.role(account, domain.ends)
        self._client("scheduler", account).create_schedule_group(Name=domain.end_schedules.name)
        self.queue(account, domain.dead_letters)
        for rule in domain.rules:
            self.rule(account, rule)

    def member(self, account: str, member: MemberDeployment) -> None:
        """Deploy a member account's parts."""
        self.policy(account, member.boundary)
        self.policy(account, member.access_boundary)
        self.policy(account, member.reader_boundary)
        self.table(account, member.documents)
        self.table(account, member.records)
        for function in member.functions:
            self.function(account, function)
        self.machine(account, member.machine)
        self.role(account, member.invoke)

    def data_source(self, account: str, source: DataSourceDeployment) -> None:
        """Deploy a data source without its rules: a test starts function and machine itself."""
        self.queue(account, source.dead_letters)
        self.table(account, source.runs)
        for function in source.functions:
            self.function(account, function)
        self.machine(account, source.machine)

    def role(self, account: str, role: RoleSpec) -> None:
        """Create a role with its policy."""
        iam = self._client("iam", account)
        boundary = {} if role.boundary_arn is None else {"PermissionsBoundary": role.boundary_arn}
        iam.create_role(RoleName=role.name, Path=role.path, AssumeRolePolicyDocument=json.dumps(role.trust), **boundary)
        if role.policy is not None:
            iam.put_role_policy(RoleName=role.name, PolicyName=INLINE_POLICY, PolicyDocument=json.dumps(role.policy))

    def policy(self, account: str, policy: PolicySpec) -> None:
        """Create a managed policy."""
        self._client("iam", account).create_policy(
            PolicyName=policy.name, Path=policy.path, PolicyDocument=json.dumps(policy.document)
        )

    def table(self, account: str, table: TableSpec) -> None:
        """Create a table."""
        dynamodb = self._client("dynamodb", account)
        keys = {table.hash_key: "HASH", table.range_key: "RANGE"}
        dynamodb.create_table(
            TableName=table.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        )
        if table.expiry:
            dynamodb.update_time_to_live(
                TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": table.expiry}
            )

    def queue(self, account: str, queue: QueueSpec) -> None:
        """Create a queue with its policy."""
        self._client("sqs", account).create_queue(
            QueueName=queue.name,
            Attributes={"Policy": json.dumps(queue.policy), "MessageRetentionPeriod": str(queue.retention)},
        )

    def function(self, account: str, function: FunctionSpec) -> None:
        """Create a function with its role and log group."""
        assert function.role is not None, f"{function.name} runs as a role that is not its own"
        self.role(account, function.role)
        self._client("logs", account).create_log_group(logGroupName=function.log_group)
        lambda_ = self._client("lambda", account)
        lambda_.create_function(
            FunctionName=function.name,
            Runtime=RUNTIME,
            Role=function.role.arn,
            Handler=function.entry_point,
            Code={"ZipFile": build_bundle(function.entry_point).read_bytes()},
            Timeout=function.timeout,
            MemorySize=function.memory,
            Environment={"Variables": function.environment},
            Layers=self.layers(account, function),
            LoggingConfig={"LogFormat": "JSON", "LogGroup": function.log_group},
            SnapStart=snap_start(function),
        )
        self.alias(account, function)
        if function.dead_letter is not None:
            lambda_.put_function_event_invoke_config(
                FunctionName=function.name,
                MaximumRetryAttempts=function.dead_letter.retries,
                MaximumEventAgeInSeconds=function.dead_letter.max_age,
                DestinationConfig={"OnFailure": {"Destination": function.dead_letter.queue_arn}},
            )

    def alias(self, account: str, function: FunctionSpec) -> None:
        """Let a function's alias name what it is to name, as a deployment does: another version is published and waited
        for, the alias follows, and former versions go. An alias that is not described any more goes last."""
        lambda_ = self._client("lambda", account)
        name, version = function.name, "$LATEST"
        if function.alias is not None and function.alias.snapshots:
            version = lambda_.publish_version(FunctionName=name)["Version"]
            states = partial(lambda_.get_function_configuration, FunctionName=name, Qualifier=version)
            eventually(lambda: states()["State"], lambda state: state == "Active")
        existing = {item["Name"] for item in lambda_.list_aliases(FunctionName=name)["Aliases"]}
        if function.alias is not None:
            put = lambda_.update_alias if function.alias.name in existing else lambda_.create_alias
            put(FunctionName=name, Name=function.alias.name, FunctionVersion=version)
        for gone in existing if function.alias is None else ():
            lambda_.delete_alias(FunctionName=name, Name=gone)
        for found in lambda_.list_versions_by_function(FunctionName=name)["Versions"]:
            if found["Version"] not in (version, "$LATEST"):
                lambda_.delete_function(FunctionName=name, Qualifier=found["Version"])

    def change(self, account: str, deployment: DomainDeployment | MemberDeployment) -> None:
        """Update functions, aliases and machine in the order of a deployment: roles, functions, aliases, machine."""
        machine = deployment.machine
        assert machine.role.policy is not None
        self._client("iam", account).put_role_policy(
            RoleName=machine.role.name, PolicyName=INLINE_POLICY, PolicyDocument=json.dumps(machine.role.policy)
        )
        for function in deployment.functions:
            self._client("lambda", account).update_function_configuration(
                FunctionName=function.name, SnapStart=snap_start(function)
            )
        states = self._client("stepfunctions", account)
        naming = [function for function in deployment.functions if function.alias is not None]
        for function in naming:
            self.alias(account, function)
        states.update_state_machine(stateMachineArn=machine.arn, definition=json.dumps(machine.definition))
        for function in deployment.functions:
            if function not in naming:
                self.alias(account, function)

    def layers(self, account: str, function: FunctionSpec) -> list[str]:
        """Publish a function's layer of settings; the layers that it is to have."""
        if function.settings_text is None:
            return []
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as layer:
            layer.writestr(LAYER_PATH, function.settings_text)
        made = self._client("lambda", account).publish_layer_version(
            LayerName=function.layer_name, Content={"ZipFile": content.getvalue()}, CompatibleRuntimes=[RUNTIME]
        )
        return [made["LayerVersionArn"]]

    def machine(self, account: str, machine: MachineSpec) -> None:
        """Create a state machine with its role."""
        self.role(account, machine.role)
        self._client("stepfunctions", account).create_state_machine(
            name=machine.name,
            definition=json.dumps(machine.definition),
            roleArn=machine.role.arn,
            tracingConfiguration={"enabled": True},
        )

    def rule(self, account: str, rule: RuleSpec) -> None:
        """Create a rule that starts a state machine, with its target."""
        assert rule.role is not None, f"{rule.name} starts a function, which needs a permission"
        events = self._client("events", account)
        matcher = (
            {"EventPattern": json.dumps(rule.event_pattern)}
            if rule.schedule is None
            else {"ScheduleExpression": rule.schedule}
        )
        events.put_rule(Name=rule.name, Description=rule.description, **matcher)
        target: dict[str, Any] = {
            "Id": rule.target_id,
            "Arn": rule.target_arn,
            "RoleArn": rule.role.arn,
            "DeadLetterConfig": {"Arn": rule.dead_letter_arn},
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": RULE_RETRIES.max_age,
                "MaximumRetryAttempts": RULE_RETRIES.attempts,
            },
        }
        if rule.input_text is not None:
            target["Input"] = rule.input_text
        if rule.input_template is not None:
            target["InputTransformer"] = {
                "InputPathsMap": dict(rule.input_paths or {}),
                "InputTemplate": rule.input_template,
            }
        events.put_targets(Rule=rule.name, Targets=[target])

    def remove_rule(self, account: str, rule: RuleSpec) -> None:
        """Delete a rule and its target."""
        events = self._client("events", account)
        events.remove_targets(Rule=rule.name, Ids=[rule.target_id])
        events.delete_rule(Name=rule.name)
