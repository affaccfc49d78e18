"""Who may use an asset type: its USE_ASSET_TYPE grants to a designation that was made in a V2 domain.

Rules: AddPolicyGrant, ListPolicyGrants and RemovePolicyGrant of the DataZone API reference. The principal is the
members by one designation: ``projectDesignation`` USER_CREATED_DESIGNATION and ``userCreatedDesignationId``, of one
project or of the projects of a domain unit. An asset type takes 20 grants of a policy.

UNVERIFIED[dz-designation-uses-type]: whether members of the project that owns the type need such a grant; it is made
for them, too. And who may list a type's grants: who cannot see that there is one keeps the managed designation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import designation as own
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers.membership import units_of

_POLICY = "USE_ASSET_TYPE"
_GONE = ("AccessDeniedException", "ResourceNotFoundException", "ValidationException")


@dataclass(frozen=True)
class Opening:
    """What is opened to a designation.

    Args:
        domain_id: the domain.
        asset_type: name of the asset type.
        owning_project_id: the project that owns the type.
        domain_unit_id: projects of this unit and below may use the type, too; None for none.
    """

    domain_id: str
    asset_type: str
    owning_project_id: str
    domain_unit_id: str | None = None

    def principals(self, designation_id: str) -> list[dict[str, Any]]:
        """The principals of the grants."""
        held = {"projectDesignation": own.CREATED, "userCreatedDesignationId": designation_id}
        found: list[dict[str, Any]] = [{**held, "projectIdentifier": self.owning_project_id}]
        if self.domain_unit_id:
            unit = {"domainUnit": self.domain_unit_id, "includeChildDomainUnits": True}
            found.append({**held, "projectGrantFilter": {"domainUnitFilter": unit}})
        return found

    def missing(self, api: Any, designation_id: str) -> list[dict[str, Any]]:
        """The principals that have no grant.

        Raises:
            RemoteError: the grants cannot be listed.
        """
        there = [_project(grant) for grant in _grants(api, self.domain_id, self.asset_type, designation_id)]
        return [wanted for wanted in self.principals(designation_id) if _told(wanted) not in map(_told, there)]

    def open(self, api: Any, designation_id: str) -> None:
        """Make what is missing of the grants, and take away those of other projects.

        Raises:
            RemoteError: DataZone refuses, or the type takes no more grants.
        """
        owner = aws.call(api, "get_project", domainIdentifier=self.domain_id, identifier=self.owning_project_id)
        for principal in self.missing(api, designation_id):
            unit = self.domain_unit_id if "projectGrantFilter" in principal else owner.get("domainUnitId")
            _ignoring(
                ("ConflictException",),
                api,
                "add_policy_grant",
                **_entity(self.domain_id, self.asset_type),
                principal={"project": principal},
                detail={"useAssetType": {} if unit is None else {"domainUnitId": unit}},
            )
        wanted = [_told(principal) for principal in self.principals(designation_id)]
        close(api, self.domain_id, self.asset_type, designation_id, keep=wanted)


def close(api: Any, domain_id: str, asset_type: str, designation_id: str, keep: Sequence[Any] = ()) -> None:
    """Take a designation's grants away; where the type or a grant is gone already, nothing is left to do.

    Args:
        api: DataZone's client.
        domain_id: the domain.
        asset_type: name of the asset type.
        designation_id: id of the designation.
        keep: what of them stays.

    Raises:
        RemoteError: DataZone does not answer.
    """
    try:
        found = _grants(api, domain_id, asset_type, designation_id)
    except RemoteError as error:
        if error.code not in _GONE:
            raise
        return
    for grant in found:
        if _told(_project(grant)) not in keep:
            _ignoring(
                _GONE,
                api,
                "remove_policy_grant",
                **_entity(domain_id, asset_type),
                principal=grant["principal"],
                grantIdentifier=grant.get("grantId"),
            )


@dataclass(frozen=True)
class Offer:
    """A designation that a member may be given.

    Args:
        identifier: its id; None if there is none.
        problem: why it would not do; empty if it does.
        lacking: operations that it does not permit.
    """

    identifier: str | None
    problem: str = ""
    lacking: tuple[str, ...] = ()


def offered(api: Any, props: Mapping[str, Any]) -> Offer:
    """The designation that the domain's stack made for members that write assets of a type.

    Args:
        api: DataZone's client.
        props: inputs of a membership: ``domain_id``, ``project_id``, ``designation_name``, ``operations`` and
            ``asset_type``.
    """
    domain_id, name = str(props["domain_id"]), str(props["designation_name"])
    try:
        found = own.find(api, domain_id, name)
        if found is None:
            return Offer(
                None, f"domain {domain_id} has no designation {name!r} yet, which the domain's own stack makes"
            )
        lacking = own.missing(api, domain_id, found, props["operations"])
        if lacking:
            return Offer(
                found,
                f"the designation {name!r} of domain {domain_id} does not permit {', '.join(lacking)}; `pulumi up` of "
                "the domain's own stack gives that back",
                tuple(lacking),
            )
        if _covers(api, props, found):
            return Offer(found)
    except RemoteError as error:
        return Offer(None, f"the designation {name!r} of domain {domain_id} cannot be looked at ({error})")
    return Offer(
        found,
        f"project {props['project_id']} may not use asset type {props['asset_type']} by the designation {name!r}: the "
        f"domain's own stack grants {_POLICY} to the project that owns the type, and to the projects of a domain "
        "unit if its configuration names one",
    )


def _covers(api: Any, props: Mapping[str, Any], designation_id: str) -> bool:
    """Whether a grant reaches the project of a membership."""
    domain_id, project_id = str(props["domain_id"]), str(props["project_id"])
    units = list[str]()
    for grant in _grants(api, domain_id, str(props["asset_type"]), designation_id):
        principal = _project(grant)
        if principal.get("projectIdentifier") == project_id:
            return True
        reach = (principal.get("projectGrantFilter") or {}).get("domainUnitFilter") or {}
        units = units or units_of(api, domain_id, project_id)
        if reach.get("domainUnit") in (units if reach.get("includeChildDomainUnits") else units[:1]):
            return True
    return False


def _grants(api: Any, domain_id: str, asset_type: str, designation_id: str) -> list[dict[str, Any]]:
    listed = aws.pages(api, "list_policy_grants", "grantList", 25, **_entity(domain_id, asset_type))
    return [grant for grant in listed if _project(grant).get("userCreatedDesignationId") == designation_id]


def _entity(domain_id: str, asset_type: str) -> dict[str, str]:
    where = {"domainIdentifier": domain_id, "entityType": "ASSET_TYPE", "entityIdentifier": asset_type}
    return {**where, "policyType": _POLICY}


def _project(grant: Mapping[str, Any]) -> Mapping[str, Any]:
    return (grant.get("principal") or {}).get("project") or {}


def _told(principal: Mapping[str, Any]) -> tuple[Any, ...]:
    """Which projects a principal means."""
    unit = (principal.get("projectGrantFilter") or {}).get("domainUnitFilter") or {}
    return principal.get("projectIdentifier"), unit.get("domainUnit"), bool(unit.get("includeChildDomainUnits"))


def _ignoring(codes: Sequence[str], api: Any, operation: str, **params: Any) -> None:
    try:
        aws.call(api, operation, **params)
    except RemoteError as error:
        if error.code not in codes:
            raise
