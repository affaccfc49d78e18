"""CloudWatch alarms of functions, state machines, queues and jobs."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import AlarmSpec
from streamgov_pulumi.components._settings import Settings, child


def alarm(
    parent: pulumi.Resource,
    logical_name: str,
    settings: Settings,
    spec: AlarmSpec,
    *,
    after: Sequence[pulumi.Resource],
) -> aws.cloudwatch.MetricAlarm:
    """An alarm that goes off with the first event of a metric within five minutes.

    Args:
        parent: the component that owns it.
        logical_name: the resource's name in the stack.
        settings: the deployment.
        spec: its description.
        after: what it watches. An alarm of a name that exists is taken over (PutMetricAlarm), so it is never first.
    """
    return aws.cloudwatch.MetricAlarm(
        logical_name,
        name=spec.name,
        alarm_description=spec.description,
        namespace=spec.namespace,
        metric_name=spec.metric,
        dimensions=dict(spec.dimensions),
        statistic=spec.statistic,
        period=300,
        evaluation_periods=1,
        threshold=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        # No data means that nothing failed.
        treat_missing_data="notBreaching",
        alarm_actions=list(settings.alarm_topics) or None,
        ok_actions=list(settings.alarm_topics) or None,
        tags=dict(settings.tags) or None,
        opts=child(parent, depends_on=[*after]),
    )
