"""The ARNs that the deploying role is confined to are those of what the program registers under its names."""

from __future__ import annotations

import pytest

from streamgov_core.model.naming import Names
from streamgov_ops.deployer import statements
from streamgov_ops.deployer.resources import SIDES, arn_patterns
from streamgov_ops.deployer.stack import stack_names
from streamgov_ops.review.patterns import covers
from streamgov_pulumi.config import parse
from tests.unit.components.conftest import deployed, no_bundles, raw_config

__all__ = ["no_bundles"]
ACCOUNT = "777788889999"
# What AWS calls the resource of each type (Service Authorization Reference), before its name.
ARNS = {
    "aws:cloudtrail/trail:Trail": "arn:aws:cloudtrail:eu-west-1:{account}:trail/",
    "aws:cloudwatch/eventRule:EventRule": "arn:aws:events:eu-west-1:{account}:rule/",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:eu-west-1:{account}:log-group:",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "arn:aws:cloudwatch:eu-west-1:{account}:alarm:",
    "aws:dynamodb/table:Table": "arn:aws:dynamodb:eu-west-1:{account}:table/",
    "aws:iam/policy:Policy": "arn:aws:iam::{account}:policy",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role",
    "aws:kms/alias:Alias": "arn:aws:kms:eu-west-1:{account}:",
    "aws:lambda/function:Function": "arn:aws:lambda:eu-west-1:{account}:function:",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::",
    "aws:sfn/stateMachine:StateMachine": "arn:aws:states:eu-west-1:{account}:stateMachine:",
    "aws:sqs/queue:Queue": "arn:aws:sqs:eu-west-1:{account}:",
}


@pytest.mark.slow
@pytest.mark.parametrize("namespace", ["streamgov", "team-a"])
def test_every_registered_name_is_within_the_patterns_of_its_type(namespace: str, no_bundles: None) -> None:
    raw = raw_config("all.example")
    members = [{**raw["members"][0], "trail": "create"}, *raw["members"][1:]]
    config = parse({**raw, "namespace": namespace, "members": members})
    names, seen = stack_names(config), set()
    for item in deployed(config).resources:
        if item.type not in ARNS or item.account is None:
            continue
        name = item.inputs.get("bucket") or item.inputs["name"]
        arn = ARNS[item.type].format(account=item.account) + item.inputs.get("path", "") + name
        assert any(covers(pattern, arn) for pattern in arn_patterns(names, item.account)[item.type]), arn
        seen.add(item.type)
    assert seen == set(ARNS)


def test_other_deployments_are_out_of_reach() -> None:
    """Another namespace of the account, and for IAM, which knows no region, the same one of another region."""
    own = {type_: set(patterns) for type_, patterns in arn_patterns(Names("streamgov", "eu-west-1"), ACCOUNT).items()}
    for other in (Names("team-a", "eu-west-1"), Names("streamgov", "us-east-1")):
        for type_, patterns in arn_patterns(other, ACCOUNT).items():
            assert not any(covers(mine, theirs) for mine in own[type_] for theirs in patterns), type_


def test_a_policy_confines_each_type_to_its_patterns() -> None:
    names = Names("streamgov", "eu-west-1")
    patterns = arn_patterns(names, ACCOUNT)
    for type_ in sorted(set(SIDES["domain"]) | set(SIDES["member"])):
        found = {arn for made in statements([type_], names, ACCOUNT) for arn in made["Resource"]}
        assert set(patterns.get(type_, ())) <= found, type_
