"""CloudWatch alarms of functions, state machines and queues."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from streamgov_pulumi.components._settings import Settings, child


def alarm(
    parent: pulumi.Resource,
    logical_name: str,
    settings: Settings,
    *,
    what: str,
    description: str,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, pulumi.Input[str]],
    statistic: str = "Sum",
) -> aws.cloudwatch.MetricAlarm:
    """An alarm that goes off with the first event of a metric within five minutes.

    Args:
        parent: the component that owns it.
        logical_name: the resource's name in the stack.
        settings: the deployment.
        what: the word of the alarm's physical name.
        description: what a person should understand and do.
        namespace: the metric's namespace.
        metric: the metric's name.
        dimensions: which resource.
        statistic: ``Sum`` for counters, ``Maximum`` for depths.
    """
    return aws.cloudwatch.MetricAlarm(
        logical_name,
        name=settings.names.regional(what, 255),
        alarm_description=description,
        namespace=namespace,
        metric_name=metric,
        dimensions=dimensions,
        statistic=statistic,
        period=300,
        evaluation_periods=1,
        threshold=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        # No data means that nothing failed.
        treat_missing_data="notBreaching",
        alarm_actions=list(settings.alarm_topics) or None,
        ok_actions=list(settings.alarm_topics) or None,
        tags=dict(settings.tags) or None,
        opts=child(parent),
    )
