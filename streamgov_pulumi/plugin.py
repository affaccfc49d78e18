"""Our components for programs in other languages: a component provider, started by ``plugin/__main__.py``.

Only components are offered. The dynamic resources inside them run in this plugin's own Python.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pulumi
from pulumi.provider.experimental import component_provider_host
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.schema import generate_schema

import streamgov_pulumi

NAME = "streamgov"
COMPONENTS = (
    "CentralAuthorizer",
    "ConsumerBoundary",
    "DomainAssociation",
    "DomainAssociationAccepter",
    "EncryptionKey",
    "EnvironmentAuthorizer",
    "FlinkApplication",
    "MskAssetType",
    "MskVpcConnection",
    "SchemaRegistryDataSource",
    "SchemaTrail",
    "StreamAssetType",
    "StreamGovernance",
    "StreamRequestForm",
    "StreamSubscriptionTarget",
)
"""The public components. The local sandbox and its sample jobs are not among them."""
UNRELEASED = "0.1.0"
"""The version of a checkout that is not installed; a test holds it against pyproject.toml."""


def plugin_version() -> str:
    """The installed package's version."""
    try:
        return version("streamgov-pulumi")
    except PackageNotFoundError:
        return UNRELEASED


def components() -> list[type[pulumi.ComponentResource]]:
    """The classes."""
    return [getattr(streamgov_pulumi, name) for name in COMPONENTS]


def schema() -> dict[str, Any]:
    """The package schema: the public surface as other languages see it."""
    found = Analyzer(NAME).analyze(components())
    made: dict[str, Any] = generate_schema(
        NAME,
        plugin_version(),
        None,
        found["component_definitions"],
        found["type_definitions"],
        sorted(found["dependencies"], key=lambda item: f"{item.name}{item.version}"),
    ).to_json()
    return made


def serve() -> None:
    """Answer the engine until it hangs up."""
    component_provider_host(components(), NAME, version=plugin_version())
