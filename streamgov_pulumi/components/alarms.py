"""CloudWatch alarms of functions, state machines, queues and jobs."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import AlarmSpec
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._settings import Settings, child


def alarm(
    parent: pulumi.Resource,
    logical_name: str,
    settings: Settings,
    spec: AlarmSpec | Description[AlarmSpec],
    *,
    after: Sequence[pulumi.Resource],
) -> aws.cloudwatch.MetricAlarm:
    """An alarm that goes off with the first event of a metric, or when a metric stays away.

    Args:
        parent: the component that owns it.
        logical_name: the resource's name in the stack.
        settings: the deployment.
        spec: its description.
        after: what it watches. An alarm of a name that exists is taken over (PutMetricAlarm), so it is never first.
    """
    described = spec if isinstance(spec, Description) else Description(lambda: spec)
    return aws.cloudwatch.MetricAlarm(
        logical_name,
        name=described.known(lambda found: found.name),
        alarm_description=described.value(lambda found: found.description),
        namespace=described.known(lambda found: found.namespace),
        metric_name=described.known(lambda found: found.metric),
        dimensions=described.value(lambda found: dict(found.dimensions)),
        statistic=described.known(lambda found: found.statistic),
        period=described.known(lambda found: found.period),
        evaluation_periods=described.known(lambda found: found.periods),
        threshold=1,
        comparison_operator=described.known(
            lambda found: "LessThanThreshold" if found.on_silence else "GreaterThanOrEqualToThreshold"
        ),
        # No data means that nothing failed; of a heartbeat, that nothing ran.
        treat_missing_data=described.known(lambda found: "breaching" if found.on_silence else "notBreaching"),
        alarm_actions=settings.alarm_topics,
        ok_actions=settings.alarm_topics,
        tags=settings.tags,
        opts=child(parent, depends_on=[*after]),
    )
