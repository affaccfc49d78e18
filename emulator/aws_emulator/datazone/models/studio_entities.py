"""What V2 domains hold beside the rest: groups of role sessions, designations, project profiles, account pools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aws_emulator.datazone.models.stamp import Stamp


@dataclass
class GroupProfile:
    """An IAM role as DataZone knows it in a V2 domain: the group of all its sessions."""

    id: str
    role_arn: str
    status: str = "ASSIGNED"


@dataclass
class Designation:
    """A designation that users of the domain made; its policy names operations."""

    id: str
    name: str
    policy: str
    stamp: Stamp
    description: str | None = None
    protected: bool = True


@dataclass
class ProjectProfile:
    """What a project is made from: one entry for each environment."""

    id: str
    name: str
    domain_unit_id: str
    stamp: Stamp
    status: str = "ENABLED"
    description: str | None = None
    configurations: list[dict[str, Any]] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass
class AccountPool:
    """Accounts that environments of a profile may be made in."""

    id: str
    name: str
    source: dict[str, Any]
    stamp: Stamp
    domain_unit_id: str
    description: str | None = None
    strategy: str = "MANUAL"
