"""The things that a domain holds, as plain data. What may be done with them is in the module of each concern."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from aws_emulator.datazone.models.base import Idempotency
from aws_emulator.datazone.models.catalogue_entities import (
    Asset,
    AssetType,
    DataProduct,
    FormType,
    Glossary,
    GlossaryTerm,
    Listing,
)
from aws_emulator.datazone.models.stamp import Stamp
from aws_emulator.datazone.models.studio_entities import AccountPool, Designation, GroupProfile, ProjectProfile
from aws_emulator.datazone.models.subscription_entities import (
    Subscription,
    SubscriptionGrant,
    SubscriptionRequest,
    SubscriptionTarget,
)


@dataclass
class UserProfile:
    """An IAM principal known to the domain.

    ``arn`` is the role's ARN (or the administrator's own ARN); in a V2 domain that of the role's session.
    """

    id: str
    arn: str
    status: str = "ACTIVATED"
    role_arn: str | None = None
    """Of a session in a V2 domain."""


@dataclass
class Project:
    id: str
    name: str
    domain_unit_id: str
    stamp: Stamp
    description: str | None = None
    glossary_terms: list[str] | None = None
    resource_tags: dict[str, str] = field(default_factory=dict)
    category: str | None = None
    members: dict[str, str] = field(default_factory=dict)
    """Id of a user or group profile to its designation: a managed one's name, or the id of one that users made."""
    profile_id: str | None = None
    user_parameters: list[dict[str, Any]] = field(default_factory=list)
    execution_role: str | None = None


@dataclass
class DomainUnit:
    id: str
    name: str
    parent: str | None
    stamp: Stamp
    description: str | None = None
    owners: list[str] = field(default_factory=list)


@dataclass
class Blueprint:
    id: str
    name: str
    description: str
    created_at: float


@dataclass
class BlueprintConfiguration:
    blueprint_id: str
    account: str
    values: dict[str, Any]
    created_at: float
    updated_at: float


@dataclass
class EnvironmentProfile:
    id: str
    name: str
    blueprint_id: str
    project_id: str
    stamp: Stamp
    description: str | None
    account: str | None
    region: str | None
    user_parameters: list[dict[str, str]]


@dataclass
class Environment:
    id: str
    name: str
    project_id: str
    account: str
    region: str
    stamp: Stamp
    status: str
    blueprint_id: str | None
    profile_id: str | None
    description: str | None = None
    glossary_terms: list[str] | None = None
    user_parameters: list[dict[str, str]] = field(default_factory=list)
    role_arn: str | None = None
    resources: list[dict[str, str]] = field(default_factory=list)
    deployment: dict[str, Any] = field(default_factory=dict)
    configuration_name: str | None = None
    configuration_id: str | None = None


@dataclass
class PolicyGrant:
    id: str
    entity_type: str
    entity_id: str
    policy_type: str
    principal: dict[str, Any]
    detail: dict[str, Any]
    created_by: str
    created_at: float


@dataclass
class Rule:
    id: str
    revision: int
    name: str
    target: dict[str, Any]
    action: str
    scope: dict[str, Any]
    detail: dict[str, Any]
    description: str | None
    stamp: Stamp


@dataclass
class LineageEvent:
    id: str
    raw: bytes
    body: dict[str, Any]
    event_time: float
    created_by: str
    created_at: float
    status: str = "REQUESTED"


@dataclass
class LineageNode:
    id: str
    kind: str
    """``DATASET`` or ``JOB_RUN``."""
    source_identifier: str
    name: str
    created_by: str
    created_at: float
    history: list[dict[str, Any]] = field(default_factory=list)
    """Versions by event time: {"time", "forms", "upstream", "downstream", "by", "at"}."""


@dataclass
class Domain:
    """One domain and everything in it. ``lock`` guards all of it."""

    id: str
    name: str
    account: str
    region: str
    execution_role: str | None
    version: str
    root_unit: str
    portal_url: str
    stamp: Stamp
    status: str = "AVAILABLE"
    description: str | None = None
    service_role: str | None = None
    single_sign_on: dict[str, Any] | None = None
    kms_key: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    tokens: Idempotency = field(default_factory=Idempotency, repr=False)

    users: dict[str, UserProfile] = field(default_factory=dict)
    groups: dict[str, GroupProfile] = field(default_factory=dict)
    designations: dict[str, Designation] = field(default_factory=dict)
    project_profiles: dict[str, ProjectProfile] = field(default_factory=dict)
    account_pools: dict[str, AccountPool] = field(default_factory=dict)
    units: dict[str, DomainUnit] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    blueprints: dict[str, Blueprint] = field(default_factory=dict)
    blueprint_configurations: dict[tuple[str, str], BlueprintConfiguration] = field(default_factory=dict)
    profiles: dict[str, EnvironmentProfile] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    form_types: dict[str, list[FormType]] = field(default_factory=dict)
    asset_types: dict[str, list[AssetType]] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    external_ids: dict[str, str] = field(default_factory=dict)
    products: dict[str, DataProduct] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    listing_of: dict[str, str] = field(default_factory=dict)
    """Entity id to listing id."""
    glossaries: dict[str, Glossary] = field(default_factory=dict)
    terms: dict[str, GlossaryTerm] = field(default_factory=dict)
    targets: dict[str, SubscriptionTarget] = field(default_factory=dict)
    requests: dict[str, SubscriptionRequest] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    grants: dict[str, SubscriptionGrant] = field(default_factory=dict)
    policy_grants: dict[str, PolicyGrant] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    lineage_events: dict[str, LineageEvent] = field(default_factory=dict)
    lineage_nodes: dict[str, LineageNode] = field(default_factory=dict)
    node_by_source: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:datazone:{self.region}:{self.account}:domain/{self.id}"
