"""The designation of the members that write assets of one type, in a V2 domain; in a V1 domain nothing is made.

It permits exactly what those members call (``designation``), and the asset type is opened to it (``type_use``). Many
members in many projects and accounts hold the one designation, since an asset type takes few grants: their memberships
find it by its name. Whoever deploys the domain makes it, with the type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import RemoteError
from streamgov_pulumi.providers import designation as own
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers import type_use
from streamgov_pulumi.providers.base import Checker, DataZoneProvider, tell
from streamgov_pulumi.providers.existing import PROJECT, Kind
from streamgov_pulumi.providers.membership import V2, domain_version, is_decided

_TYPE = re.compile(r"(?!_)\w{1,256}", re.ASCII)
_UNIT = re.compile(r"[a-z0-9_-]{1,256}", re.ASCII)
_REFUSED = ("AccessDeniedException", "ServiceQuotaExceededException", "ValidationException")


class TypeDesignationProvider(DataZoneProvider):
    """CRUD of one designation and of its grants on an asset type."""

    replace_keys = ("domain_id", "name", "asset_type")
    keys = (*replace_keys, "owning_project_id", "operations", "domain_unit_id")
    identity = ("domain_id", "name")
    references: ClassVar[Mapping[str, Kind]] = {"owning_project_id": PROJECT}

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Ids, names and operations."""
        checker = Checker(news, self.keys)
        checker.domain()
        checker.object_id("owning_project_id", "the project that owns the type")
        checker.text("asset_type", _TYPE, "must be the name of an asset type")
        checker.text("name", own.NAME, "must be 1 to 64 letters, digits, '_', '-' and spaces")
        checker.text("domain_unit_id", _UNIT, "must be the id of a domain unit", required=False)
        if "operations" not in checker.inputs:
            checker.fail("operations", "is required")
        own.check_operations(checker)
        return self.looked_up(checker, _olds)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the designation and its grants, where the domain knows designations.

        Raises:
            ResourceExistsError: somebody else made a designation of that name.
        """
        return CreateResult(f"{props['domain_id']}|designation|{props['name']}", self._made(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The designation as it is now; one that is missing is made by the next update."""
        api, domain_id = self.api(props), str(props["domain_id"])
        if aws.find(api, "get_domain", identifier=domain_id) is None:
            return ReadResult("", {})
        version, found = domain_version(api, domain_id), str(props.get("designation_id") or "")
        outs = {**props, "domain_version": version}
        if version == V2:
            try:
                found = own.find(api, domain_id, str(props["name"])) or ""
            except RemoteError as error:
                if error.code != "AccessDeniedException":
                    raise  # Who may not look is told by the next update.
            if not found:
                outs["operations"] = []
        outs["designation_id"] = found
        return ReadResult(id_, outs, self.inputs_of(outs))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """See DataZoneProvider.diff. What somebody took out of the designation, or of its grants, is given back."""
        result = super().diff(_id, _olds, _news)
        if is_decided(self, result, _olds, _news):
            return result
        domain = _news["domain_id"]
        try:
            if _olds["domain_version"] != V2:
                return DiffResult(changes=domain_version(self.hurried(_news), str(domain)) == V2)
            lacking = self._lacking(self.hurried(_news), _olds, _news)
        except RemoteError:
            return result
        if lacking:
            tell(f"the designation {_news['name']!r} of domain {domain} {lacking}. This update gives that back")
        return DiffResult(changes=bool(lacking))

    @staticmethod
    def _lacking(api: Any, olds: Mapping[str, Any], news: Mapping[str, Any]) -> str:
        """What the designation has not any more, as the end of a sentence."""
        held = olds.get("designation_id")
        if not held:
            return ""
        missing = own.missing(api, str(news["domain_id"]), str(held), news["operations"])
        if missing:
            return f"does not permit {', '.join(missing)}: DataZone refuses the data sources that hold it"
        if _opening(news).missing(api, str(held)):
            return f"may not use asset type {news['asset_type']} any more: DataZone refuses new assets of it"
        return ""

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Make the designation and its grants what they should be."""
        return UpdateResult(self._made(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the designation and its grants, unless members hold it."""
        api, domain_id, name = self.api(_props), str(_props["domain_id"]), str(_props["name"])
        if self.keeps(_id) or aws.find(api, "get_domain", identifier=domain_id) is None:
            return
        try:
            found = own.find(api, domain_id, name) if domain_version(api, domain_id) == V2 else None
        except RemoteError as error:
            # Who may not look was not let make one either, or it stays.
            if error.code != "AccessDeniedException":
                raise
            found = None
            if _props.get("designation_id"):
                tell(f"the designation {name!r} stays in domain {domain_id}: {error}")
        if found is None:
            return
        if own.release(api, domain_id, name):
            type_use.close(api, domain_id, str(_props["asset_type"]), found)
        else:
            tell(f"the designation {name!r} stays in domain {domain_id}, and may use its asset type: members hold it")

    def _made(self, props: Mapping[str, Any]) -> dict[str, Any]:
        api = self.api(props)
        version = domain_version(api, str(props["domain_id"]))
        made = self._opened(api, props) if version == V2 else None
        return {**props, "domain_version": version, "designation_id": made or ""}

    @staticmethod
    def _opened(api: Any, props: Mapping[str, Any]) -> str | None:
        """The id of the designation; None if the domain, or the asset type, does not take it."""
        domain_id, name = str(props["domain_id"]), str(props["name"])
        made = own.ensure(api, domain_id, name, props["operations"])
        if made is None:
            return None
        try:
            _opening(props).open(api, made)
        except RemoteError as error:
            if error.code not in _REFUSED:
                raise
            tell(
                f"asset type {props['asset_type']} cannot be opened to the designation {name!r} ({error}): data "
                "sources become contributors, who may do more than they need. Let the deploying role call "
                "AddPolicyGrant and ListPolicyGrants (an owner of the type's project may); a type takes 20 grants"
            )
            # Members that hold it keep it, and what it may.
            return None if own.release(api, domain_id, name) else made
        return made


def _opening(props: Mapping[str, Any]) -> type_use.Opening:
    unit = props.get("domain_unit_id")
    return type_use.Opening(
        str(props["domain_id"]),
        str(props["asset_type"]),
        str(props["owning_project_id"]),
        None if unit is None else str(unit),
    )


class TypeDesignation(Resource, module="streamgov", name="TypeDesignation"):
    """The designation of the members that write assets of one type, in a V2 domain.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``name``, ``asset_type``, ``owning_project_id``, ``operations``, ``domain_unit_id`` whose
            projects may use the type, and the session.
        opts: resource options.
    """

    designation_id: pulumi.Output[str]

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        outputs = {"domain_version": None, "designation_id": None}
        super().__init__(TypeDesignationProvider(), resource_name, {**outputs, **props}, opts)
