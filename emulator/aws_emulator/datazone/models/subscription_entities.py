"""Subscription targets, requests, subscriptions and grants, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from aws_emulator.datazone.models.catalogue_entities import Form
from aws_emulator.datazone.models.stamp import Stamp


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
