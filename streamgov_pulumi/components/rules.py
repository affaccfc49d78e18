"""EventBridge rules and their targets."""

from typing import Any

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import RULE_RETRIES, RuleSpec
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._documents import to_json
from streamgov_pulumi.components._settings import Settings, child


def rule_with_target(
    parent: pulumi.Resource,
    logical_name: str,
    settings: Settings,
    rule: Description[RuleSpec],
    *,
    target_arn: pulumi.Input[str],
    dead_letter_arn: pulumi.Input[str],
    role_arn: pulumi.Input[str] | None = None,
    after: list[pulumi.Resource],
) -> None:
    """A rule, its target with dead letters, and retries.

    Args:
        parent: the component that owns it.
        logical_name: the rule's name in the stack.
        settings: the deployment.
        rule: its description.
        target_arn: what it starts.
        dead_letter_arn: queue of the events that could not be delivered.
        role_arn: role with which EventBridge starts the target.
        after: what must exist before the rule, and before the target is started.
    """
    inputs: dict[str, Any] = {}
    paths, template = rule.known(lambda spec: spec.input_paths), rule.known(lambda spec: spec.input_template)
    if template is not None:
        inputs["input_transformer"] = {"input_paths": paths, "input_template": template}
    made = aws.cloudwatch.EventRule(
        logical_name,
        name=rule.known(lambda spec: spec.name),
        description=rule.value(lambda spec: spec.description),
        event_pattern=rule.value(lambda spec: None if spec.event_pattern is None else to_json(spec.event_pattern)),
        schedule_expression=rule.value(lambda spec: spec.schedule),
        tags=settings.tags,
        # A rule of a name that exists is taken over (PutRule), so it is never first.
        opts=child(parent, depends_on=after),
    )
    aws.cloudwatch.EventTarget(
        f"{logical_name}-target",
        rule=made.name,
        target_id=rule.known(lambda spec: spec.target_id),
        arn=target_arn,
        role_arn=role_arn,
        input=rule.value(lambda spec: spec.input_text),
        dead_letter_config={"arn": dead_letter_arn},
        retry_policy={
            "maximum_event_age_in_seconds": RULE_RETRIES.max_age,
            "maximum_retry_attempts": RULE_RETRIES.attempts,
        },
        **inputs,
        opts=child(parent, depends_on=after),
    )
