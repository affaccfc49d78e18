"""CloudWatch dashboards."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from streamgov_core.deploy.spec import DashboardSpec
from streamgov_pulumi.components._description import Description
from streamgov_pulumi.components._settings import Settings, child


def dashboard(
    parent: pulumi.Resource,
    logical_name: str,
    settings: Settings,
    spec: Description[DashboardSpec],
    *,
    after: Sequence[pulumi.Resource],
) -> pulumi.Output[str]:
    """The name of a dashboard; empty where the deployment has none.

    Args:
        parent: the component that owns it.
        logical_name: the resource's name in the stack.
        settings: the deployment.
        spec: its description.
        after: what it shows. A dashboard of a name that exists is taken over (PutDashboard), so it is never first.
    """
    if not settings.dashboards:
        return pulumi.Output.from_input("")
    made = aws.cloudwatch.Dashboard(
        logical_name,
        dashboard_name=spec.known(lambda found: found.name),
        dashboard_body=spec.value(lambda found: json.dumps(found.body, sort_keys=True, separators=(",", ":"))),
        opts=child(parent, depends_on=[*after]),
    )
    name: pulumi.Output[str] = made.dashboard_name
    return name
