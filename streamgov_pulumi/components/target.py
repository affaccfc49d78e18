"""A subscription target: which roles of an environment receive access to the streams of a platform."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from streamgov_core.model.naming import short_hash
from streamgov_pulumi.components._documents import built
from streamgov_pulumi.components._settings import (
    DeploymentArgs,
    SessionArgs,
    Settings,
    child,
    platforms_of,
    session_inputs,
)
from streamgov_pulumi.providers import SubscriptionTarget


class StreamSubscriptionTargetArgs(TypedDict):
    """Arguments of StreamSubscriptionTarget."""

    deployment: DeploymentArgs
    """The environment's account."""
    domain_id: pulumi.Input[str]
    """The DataZone domain."""
    environment_id: pulumi.Input[str]
    """The consumer's environment."""
    platform: str
    """``msk`` or ``kinesis``."""
    principals: list[pulumi.Input[str]]
    """ARNs of the 1 to 20 IAM roles that receive access."""
    target_name: NotRequired[str]
    """The target's name. Default: the namespace and the platform."""
    grant_creation_mode: NotRequired[str]
    """``AUTOMATIC`` (a grant is made at approval) or ``MANUAL``. Default: DataZone's."""
    session: NotRequired[SessionArgs]
    """How the environment's account is reached: DataZone takes the call from there only."""
    adopt_existing: NotRequired[bool]
    """Take over a target of this name that exists already."""


def manage_access_trust(partition: str, region: str, domain_id: str) -> dict[str, Any]:
    """DataZone may assume the role on behalf of this domain only; the role itself may do nothing.

    UNVERIFIED whether the service ever assumes it for custom assets.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "datazone.amazonaws.com"},
                "Action": "sts:AssumeRole",
                # The domain's account is not this one, and its ARN names it: any account, this one domain.
                "Condition": {"ArnLike": {"aws:SourceArn": f"arn:{partition}:datazone:{region}:*:domain/{domain_id}"}},
            }
        ],
    }


class StreamSubscriptionTarget(pulumi.ComponentResource):
    """One target for one platform in one environment, and the role that the API demands beside it."""

    target_id: pulumi.Output[str]
    """Id of the subscription target."""

    def __init__(
        self, name: str, args: StreamSubscriptionTargetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("streamgov:index:StreamSubscriptionTarget", name, {}, opts)
        settings = Settings.of(args["deployment"])
        platform = platforms_of([args["platform"]])[0]
        target_name = args.get("target_name", settings.names.regional(platform.name))
        # A target's name may hold what a role's may not.
        word = short_hash(target_name) if "target_name" in args else platform.name
        role = aws.iam.Role(
            f"{name}-manage-access",
            # DataZone accepts no path but '/' and '/service-role/' here (API shape IamRoleArn).
            name=settings.names.iam_name(f"target-{word}"),
            path="/",
            description="Named in a DataZone subscription target; it has no permissions, grants are made by us",
            assume_role_policy=built(
                lambda domain: manage_access_trust(settings.names.partition, settings.names.region, domain),
                domain=args["domain_id"],
            ),
            permissions_boundary=settings.permissions_boundary,
            tags=dict(settings.tags) or None,
            opts=child(self),
        )
        target = SubscriptionTarget(
            name,
            {
                "domain_id": args["domain_id"],
                "environment_id": args["environment_id"],
                "name": target_name,
                "authorized_principals": args["principals"],
                "applicable_asset_types": [platform.asset_type(settings.names).name],
                "manage_access_role": role.arn,
                "subscription_grant_creation_mode": args.get("grant_creation_mode"),
                "adopt_existing": args.get("adopt_existing", False),
                **session_inputs(settings, args.get("session")),
            },
            child(self),
        )
        self.target_id = target.target_id
        self.register_outputs({"target_id": self.target_id})
