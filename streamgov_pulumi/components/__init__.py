"""Pulumi components of streaming governance."""

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

__all__ = [
    "CentralAuthorizer",
    "ConsumerBoundary",
    "DomainAssociation",
    "DomainAssociationAccepter",
    "EncryptionKey",
    "EnvironmentAuthorizer",
    "KinesisAssetType",
    "MskAssetType",
    "MskVpcConnection",
    "SchemaRegistryDataSource",
    "SchemaTrail",
    "StreamGovernance",
    "StreamRequestForm",
    "StreamSubscriptionTarget",
]
