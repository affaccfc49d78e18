"""Govern Kafka topics and Kinesis streams in Amazon DataZone: Pulumi components and dynamic resources.

Names are imported when they are first used: the process that runs the dynamic providers imports this package too, and
needs no pulumi_aws.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamgov_pulumi.components._account import Account
    from streamgov_pulumi.components.asset_type import KinesisAssetType, MskAssetType
    from streamgov_pulumi.components.association import DomainAssociation, DomainAssociationAccepter
    from streamgov_pulumi.components.central import CentralAuthorizer
    from streamgov_pulumi.components.data_source import SchemaRegistryDataSource
    from streamgov_pulumi.components.encryption import EncryptionKey
    from streamgov_pulumi.components.environment import ConsumerBoundary, EnvironmentAuthorizer
    from streamgov_pulumi.components.governance import StreamGovernance
    from streamgov_pulumi.components.request_form import StreamRequestForm
    from streamgov_pulumi.components.target import StreamSubscriptionTarget
    from streamgov_pulumi.components.trail import SchemaTrail
    from streamgov_pulumi.components.vpc_connection import MskVpcConnection
    from streamgov_pulumi.providers import (
        AssetType,
        DeploymentMarker,
        DestroyGuard,
        FormType,
        ProjectMembership,
        Rule,
        SubscriptionTarget,
        TypeDesignation,
    )

_HOMES = {
    "Account": "streamgov_pulumi.components._account",
    "AssetType": "streamgov_pulumi.providers",
    "CentralAuthorizer": "streamgov_pulumi.components.central",
    "ConsumerBoundary": "streamgov_pulumi.components.environment",
    "DeploymentMarker": "streamgov_pulumi.providers",
    "DestroyGuard": "streamgov_pulumi.providers",
    "DomainAssociation": "streamgov_pulumi.components.association",
    "DomainAssociationAccepter": "streamgov_pulumi.components.association",
    "EncryptionKey": "streamgov_pulumi.components.encryption",
    "EnvironmentAuthorizer": "streamgov_pulumi.components.environment",
    "FormType": "streamgov_pulumi.providers",
    "KinesisAssetType": "streamgov_pulumi.components.asset_type",
    "MskAssetType": "streamgov_pulumi.components.asset_type",
    "MskVpcConnection": "streamgov_pulumi.components.vpc_connection",
    "ProjectMembership": "streamgov_pulumi.providers",
    "Rule": "streamgov_pulumi.providers",
    "SchemaRegistryDataSource": "streamgov_pulumi.components.data_source",
    "SchemaTrail": "streamgov_pulumi.components.trail",
    "StreamGovernance": "streamgov_pulumi.components.governance",
    "StreamRequestForm": "streamgov_pulumi.components.request_form",
    "StreamSubscriptionTarget": "streamgov_pulumi.components.target",
    "SubscriptionTarget": "streamgov_pulumi.providers",
    "TypeDesignation": "streamgov_pulumi.providers",
}

__all__ = [
    "Account",
    "AssetType",
    "CentralAuthorizer",
    "ConsumerBoundary",
    "DeploymentMarker",
    "DestroyGuard",
    "DomainAssociation",
    "DomainAssociationAccepter",
    "EncryptionKey",
    "EnvironmentAuthorizer",
    "FormType",
    "KinesisAssetType",
    "MskAssetType",
    "MskVpcConnection",
    "ProjectMembership",
    "Rule",
    "SchemaRegistryDataSource",
    "SchemaTrail",
    "StreamGovernance",
    "StreamRequestForm",
    "StreamSubscriptionTarget",
    "SubscriptionTarget",
    "TypeDesignation",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
