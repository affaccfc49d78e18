"""Dynamic providers for what pulumi-aws lacks or does badly in DataZone."""

from streamgov_pulumi.providers.asset_type import AssetType, AssetTypeProvider
from streamgov_pulumi.providers.deployment_marker import DeploymentMarker, DeploymentMarkerProvider
from streamgov_pulumi.providers.destroy_guard import DestroyGuard, DestroyGuardProvider
from streamgov_pulumi.providers.form_type import FormType, FormTypeProvider
from streamgov_pulumi.providers.function_version import FunctionVersion, FunctionVersionProvider
from streamgov_pulumi.providers.project_environment import ProjectEnvironment, ProjectEnvironmentProvider
from streamgov_pulumi.providers.project_membership import ProjectMembership, ProjectMembershipProvider
from streamgov_pulumi.providers.rule import Rule, RuleProvider
from streamgov_pulumi.providers.subscription_target import SubscriptionTarget, SubscriptionTargetProvider
from streamgov_pulumi.providers.type_designation import TypeDesignation, TypeDesignationProvider

__all__ = [
    "AssetType",
    "AssetTypeProvider",
    "DeploymentMarker",
    "DeploymentMarkerProvider",
    "DestroyGuard",
    "DestroyGuardProvider",
    "FormType",
    "FormTypeProvider",
    "FunctionVersion",
    "FunctionVersionProvider",
    "ProjectEnvironment",
    "ProjectEnvironmentProvider",
    "ProjectMembership",
    "ProjectMembershipProvider",
    "Rule",
    "RuleProvider",
    "SubscriptionTarget",
    "SubscriptionTargetProvider",
    "TypeDesignation",
    "TypeDesignationProvider",
]
