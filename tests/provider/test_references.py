"""What the state keeps of a provider: a reference, the same for ever. A change here breaks every deployed stack."""

from __future__ import annotations

import base64
import importlib
import pickletools

import pytest
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider

from streamgov_pulumi import providers

GOLDEN = {
    "FormTypeProvider": "streamgov_pulumi.providers.form_type",
    "AssetTypeProvider": "streamgov_pulumi.providers.asset_type",
    "SubscriptionTargetProvider": "streamgov_pulumi.providers.subscription_target",
    "DeploymentMarkerProvider": "streamgov_pulumi.providers.deployment_marker",
    "DestroyGuardProvider": "streamgov_pulumi.providers.destroy_guard",
    "FunctionVersionProvider": "streamgov_pulumi.providers.function_version",
    "ProjectEnvironmentProvider": "streamgov_pulumi.providers.project_environment",
    "ProjectMembershipProvider": "streamgov_pulumi.providers.project_membership",
    "RuleProvider": "streamgov_pulumi.providers.rule",
    "TypeDesignationProvider": "streamgov_pulumi.providers.type_designation",
}


@pytest.mark.parametrize(("name", "module"), GOLDEN.items())
def test_a_provider_is_pickled_by_reference(name: str, module: str) -> None:
    cls: type[ResourceProvider] = getattr(importlib.import_module(module), name)
    encoded = base64.b64decode(serialize_provider(cls()))
    strings = [arg for op, arg, _ in pickletools.genops(encoded) if op.name in ("SHORT_BINUNICODE", "BINUNICODE")]
    assert strings == [module, name]
    assert len(encoded) < 120
    assert cls.serialize_as_secret_always is False


def test_every_provider_is_covered() -> None:
    assert {name for name in providers.__all__ if name.endswith("Provider")} == set(GOLDEN)


@pytest.mark.parametrize(
    ("resource", "token"),
    [
        (providers.FormType, "dynamic/streamgov:FormType"),
        (providers.AssetType, "dynamic/streamgov:AssetType"),
        (providers.SubscriptionTarget, "dynamic/streamgov:SubscriptionTarget"),
        (providers.DeploymentMarker, "dynamic/streamgov:DeploymentMarker"),
        (providers.DestroyGuard, "dynamic/streamgov:DestroyGuard"),
        (providers.FunctionVersion, "dynamic/streamgov:FunctionVersion"),
        (providers.ProjectEnvironment, "dynamic/streamgov:ProjectEnvironment"),
        (providers.ProjectMembership, "dynamic/streamgov:ProjectMembership"),
        (providers.Rule, "dynamic/streamgov:Rule"),
        (providers.TypeDesignation, "dynamic/streamgov:TypeDesignation"),
    ],
)
def test_tokens(resource: type, token: str) -> None:
    assert resource._resource_type_name == token  # type: ignore[attr-defined]
