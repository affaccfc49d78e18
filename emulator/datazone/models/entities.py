"""The things that a domain holds, as plain data. What may be done with them is in the module of each concern."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from emulator.datazone.models.base import Idempotency
from emulator.datazone.models.smithy import Model


@dataclass
class Stamp:
    """Who made and last changed something, and when."""

    created_by: str
    created_at: float
    updated_by: str
    updated_at: float

    def touch(self, user: str, now: float) -> None:
        """Record a change."""
        self.updated_by, self.updated_at = user, now


@dataclass
class UserProfile:
    """An IAM principal known to the domain. ``arn`` is the role's ARN (or the administrator's own ARN)."""

    id: str
    arn: str
    status: str = "ACTIVATED"


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
    """User profile id to designation."""


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


@dataclass
class FormType:
    """One revision of a form type. System types have no owning project."""

    name: str
    revision: str
    smithy: str
    model: Model
    status: str
    owning_project: str | None
    description: str | None
    created_by: str
    created_at: float


@dataclass
class FormSlot:
    """A form of an asset type: which type and revision, and whether an asset must have it."""

    type_name: str
    type_revision: str
    required: bool


@dataclass
class AssetType:
    """One revision of an asset type."""

    name: str
    revision: str
    forms: dict[str, FormSlot]
    owning_project: str
    description: str | None
    stamp: Stamp


@dataclass
class Form:
    """A filled-in form."""

    name: str
    type_name: str
    type_revision: str
    content: str


@dataclass
class AssetRevision:
    revision: str
    name: str
    description: str | None
    type_revision: str
    forms: list[Form]
    glossary_terms: list[str] | None
    created_by: str
    created_at: float


@dataclass
class Asset:
    id: str
    type_name: str
    owning_project: str
    external_identifier: str | None
    revisions: list[AssetRevision]

    @property
    def latest(self) -> AssetRevision:
        return self.revisions[-1]


@dataclass
class ProductRevision:
    revision: str
    name: str
    description: str | None
    forms: list[Form]
    glossary_terms: list[str] | None
    items: list[dict[str, Any]]
    created_by: str
    created_at: float


@dataclass
class DataProduct:
    id: str
    owning_project: str
    revisions: list[ProductRevision]

    @property
    def latest(self) -> ProductRevision:
        return self.revisions[-1]


@dataclass
class ListingRevision:
    """What the catalogue shows of an entity, as it was when published."""

    revision: str
    name: str
    description: str | None
    entity_revision: str
    entity_type: str
    forms: dict[str, Any]
    glossary_terms: list[str]
    items: list[dict[str, str]]
    created_at: float
    created_by: str


@dataclass
class Listing:
    id: str
    kind: str
    """``ASSET`` or ``DATA_PRODUCT``."""
    entity_id: str
    owning_project: str
    status: str
    revisions: list[ListingRevision]
    stamp: Stamp
    hidden: bool = False
    """Made only because a data product holds the asset: not found by SearchListings on its own."""

    @property
    def latest(self) -> ListingRevision:
        return self.revisions[-1]


@dataclass
class Glossary:
    id: str
    name: str
    owning_project: str
    status: str
    stamp: Stamp
    description: str | None
    usage_restrictions: list[str] | None


@dataclass
class GlossaryTerm:
    id: str
    glossary_id: str
    name: str
    status: str
    stamp: Stamp
    short_description: str | None
    long_description: str | None
    relations: dict[str, list[str]]


@dataclass
class SubscriptionTarget:
    id: str
    environment_id: str
    project_id: str
    name: str
    type: str
    principals: list[str]
    manage_access_role: str
    asset_types: list[str]
    config: list[dict[str, str]]
    provider: str
    creation_mode: str | None
    stamp: Stamp


@dataclass
class SubscriptionRequest:
    id: str
    listing_id: str
    listing_revision: str
    principal: tuple[str, str]
    """Kind (``PROJECT``, ``USER``, ``IAM``) and id."""
    reason: str
    status: str
    forms: list[Form]
    stamp: Stamp
    reviewer: str | None = None
    comment: str | None = None
    existing_subscription: str | None = None


@dataclass
class Subscription:
    id: str
    request_id: str
    listing_id: str
    listing_revision: str
    principal: tuple[str, str]
    status: str
    stamp: Stamp
    retain_permissions: bool | None = None


@dataclass
class GrantedAsset:
    asset_id: str
    asset_revision: str
    type_name: str
    listing_id: str
    listing_revision: str
    status: str
    target_name: str | None = None
    failure: str | None = None
    granted_at: float | None = None
    failed_at: float | None = None


@dataclass
class SubscriptionGrant:
    id: str
    environment_id: str
    target_id: str
    target_type: str
    project_id: str
    listing_id: str
    listing_revision: str
    subscription_id: str
    assets: dict[str, GrantedAsset]
    stamp: Stamp
    version: int = 1
    revoked_at: float | None = None


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
    execution_role: str
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
