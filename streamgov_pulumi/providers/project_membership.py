"""Membership of an IAM role (or a user or group) in a DataZone project.

Rules: CreateProjectMembership, DeleteProjectMembership and ListProjectMemberships of the DataZone API reference. The
API lists members by DataZone's own ids. In a V1 domain GetUserProfile leads from a role's ARN to a user's; in a V2
domain a role is a member as the group of its sessions (`membership`), and its designation may be one of its own
(`designation`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from streamgov_core.model.errors import RemoteError, ResourceExistsError
from streamgov_pulumi.providers import designation as own
from streamgov_pulumi.providers import session as aws
from streamgov_pulumi.providers import type_use
from streamgov_pulumi.providers.base import (
    Checker,
    DataZoneProvider,
    contains_unknown,
    deleted_first,
    differences,
    tell,
)
from streamgov_pulumi.providers.existing import PROJECT, Kind
from streamgov_pulumi.providers.membership import (
    ROLE,
    V2,
    domain_version,
    find_group,
    is_decided,
    is_idle,
    make_group,
    pool_problem,
)
from streamgov_pulumi.providers.named_things import look_at, without_named

DESIGNATIONS = (
    "PROJECT_OWNER",
    "PROJECT_CONTRIBUTOR",
    "PROJECT_CATALOG_VIEWER",
    "PROJECT_CATALOG_CONSUMER",
    "PROJECT_CATALOG_STEWARD",
)
_TYPE = re.compile(r"(?!_)\w{1,256}", re.ASCII)
_USER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+|[a-zA-Z_0-9+=,.@-]+", re.ASCII)


class ProjectMembershipProvider(DataZoneProvider):
    """CRUD of one membership. DataZone has no call that changes one: another designation means taking it away first."""

    replace_keys = ("domain_id", "project_id", "user_identifier", "group_identifier", "designation")
    keys = (*replace_keys, "operations", "designation_name", "asset_type")
    identity = ("domain_id", "project_id", "user_identifier", "group_identifier")
    references: ClassVar[Mapping[str, Kind]] = {"project_id": PROJECT}

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Ids, the designation, and exactly one of user and group."""
        inputs, named = without_named(news)
        checker = Checker(inputs, self.keys)
        checker.domain()
        checker.object_id("project_id", "the project")
        checker.choice("designation", DESIGNATIONS, default="PROJECT_CONTRIBUTOR")
        given = [key for key in ("user_identifier", "group_identifier") if key in checker.inputs]
        if len(given) != 1:
            checker.fail("user_identifier", "or group_identifier is required, and only one of the two")
        checker.text("user_identifier", _USER, "must be an IAM role's ARN or a DataZone user's id", required=False)
        checker.text("group_identifier", re.compile(r".{1,256}"), "must be a group's id", required=False)
        self._check_operations(checker)
        if not checker.failures:
            self._look_at_pools(checker)
        look_at(self, checker, named)
        return self.looked_up(checker, _olds)

    @staticmethod
    def _check_operations(checker: Checker) -> None:
        """The operations and the name of the designation of the member's own come together."""
        if ("operations" in checker.inputs) != ("designation_name" in checker.inputs):
            checker.fail("operations", "and designation_name belong together")
        else:
            own.check_operations(checker)
        checker.text(
            "designation_name", own.NAME, "must be 1 to 64 letters, digits, '_', '-' and spaces", required=False
        )
        checker.text("asset_type", _TYPE, "must be the name of an asset type", required=False)
        if "asset_type" in checker.inputs and "designation_name" not in checker.inputs:
            checker.fail("asset_type", "needs operations and designation_name")

    def _look_at_pools(self, checker: Checker) -> None:
        """Say at preview what a V2 domain would refuse; what is not known yet is looked at when it is."""
        where = [checker.value(key) for key in ("domain_id", "project_id", "region")]
        if not self.configured or None in where or contains_unknown(checker.inputs.get("assume_role_arn")):
            return
        member = {key: checker.value(key) for key in ("user_identifier", "group_identifier")}
        problem = pool_problem(self.api(checker.inputs), str(where[0]), str(where[1]), member)
        if problem:
            checker.fail("user_identifier", problem)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Add the member.

        Raises:
            ResourceExistsError: it is a member already, and the membership is not to be adopted.
        """
        api = self.api(props)
        member_id = self._member_id(api, props)
        held = None if member_id is None else self._designation(api, props, member_id)
        if held is not None:
            self._refuse_to_take(props, held)
        wanted = self._wanted(api, props)
        if held is not None:
            self._adopt(api, props, held, wanted)
        if held != wanted:
            self._add(api, props, wanted)
            member_id = self._member_id(api, props) or member_id
        return CreateResult(_id_of(props), self._outs(api, props, member_id, wanted))

    @staticmethod
    def _outs(api: Any, props: Mapping[str, Any], member_id: str | None, held: str) -> dict[str, Any]:
        version = domain_version(api, str(props["domain_id"]))
        return {**props, "member_id": member_id, "domain_version": version, "held_designation": held}

    @staticmethod
    def _wanted(api: Any, props: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> str:
        """What the member is to hold: the id of a designation of its own, or the name of a managed one.

        Args:
            api: DataZone's client.
            props: the inputs.
            olds: the state so far, of a member that is there.
        """
        managed, domain_id = str(props["designation"]), str(props["domain_id"])
        if not props.get("operations") or domain_version(api, domain_id) != V2:
            return managed
        if not props.get("asset_type"):
            return own.ensure(api, domain_id, str(props["designation_name"]), props["operations"]) or managed
        offer = type_use.offered(api, props)
        if not offer.problem:
            return str(offer.identifier)
        # It does not take what would stop it. What was taken away from what it holds is no reason to give it more; a
        # release that calls more than the domain's stack knows of is one.
        held, known = (str(olds.get("held_designation")), olds.get("operations") or ()) if olds else (managed, ())
        kept = managed if held in DESIGNATIONS or {*offer.lacking} - {*known} else held
        tell(f"{_member(props)} {_stands(kept)}: {offer.problem}")
        return kept

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """See DataZoneProvider.diff. A domain that became V2 knows roles as groups: the membership is made anew."""
        result = super().diff(_id, _olds, _news)
        if is_decided(self, result, _olds, _news):
            return result
        domain = _news["domain_id"]
        try:
            now = domain_version(self.api(_news), str(domain))
            if now == _olds["domain_version"] or not ROLE.fullmatch(str(_news.get("user_identifier"))):
                idle = is_idle(self, _olds, _news)
                return DiffResult(changes=False) if idle else self._lacking(_olds, _news) or result
        except RemoteError:
            return result
        tell(f"the domain {domain} has become {now}: {_member(_news)} becomes a member as the group of its sessions")
        return DiffResult(changes=True, replaces=["domain_id"], delete_before_replace=True)

    def _lacking(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult | None:
        """A change if the designation of the member's own does not permit any more what the member calls."""
        held, operations = olds.get("held_designation"), news.get("operations")
        if not operations or held is None:
            return None
        if news.get("asset_type"):
            offer = type_use.offered(self.hurried(news), news)
            if offer.problem:
                tell(f"{_member(news)} {_stands(str(held))}: {offer.problem}")
            return DiffResult(changes=True) if not offer.problem and offer.identifier != held else None
        if held in DESIGNATIONS:
            return None
        missing = own.missing(self.hurried(news), str(news["domain_id"]), str(held), operations)
        if not missing:
            return None
        tell(
            f"the designation {news['designation_name']!r} of domain {news['domain_id']} does not permit "
            f"{', '.join(missing)}: DataZone refuses {_member(news)} there. This update gives that back"
        )
        return DiffResult(changes=True)

    def _refuse_to_take(self, props: Mapping[str, Any], held: str) -> None:
        if not props.get("adopt_existing"):
            raise ResourceExistsError(
                f"{_member(props)} is already a member of project {props['project_id']} as {held}; "
                f"{props.get('designation_name') or props['designation']} is wanted. To take that membership over, "
                f"set {self.adopting()} to true for one `pulumi up`."
            )

    def _adopt(self, api: Any, props: Mapping[str, Any], held: str, wanted: str) -> None:
        told = differences({"designation": held}, {"designation": wanted}, ("designation",))
        tell(f"adopting the membership of {_member(props)} in project {props['project_id']}:{told}")
        self.taken_over(_id_of(props))
        if held != wanted:
            self._remove(api, props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """The membership as it is now."""
        api = self.api(props)
        member_id = self._member_id(api, props)
        held = None if member_id is None else self._designation(api, props, member_id)
        if held is None:
            return ReadResult("", {})
        outs = self._outs(api, props, member_id, held)
        if not props.get("operations"):
            outs["designation"] = held if held in DESIGNATIONS else own.CREATED
        elif props.get("held_designation") not in (None, held):
            outs["operations"] = []  # Somebody gave it another one: the next update gives its own back.
        return ReadResult(id_, outs, self.inputs_of(outs))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """What the member may do changed; its membership is made anew if that means another designation."""
        api = self.api(_news)
        held = str(_olds.get("held_designation") or _olds["designation"])
        wanted = self._wanted(api, _news, {**_olds, "held_designation": held})
        if held != wanted:
            self._remove(api, _news)
            try:
                self._add(api, _news, wanted)
            except RemoteError:
                self._add(api, _news, held)  # It stays the member that it was.
                raise
        if _olds.get("designation_name") not in (None, _news.get("designation_name")):
            self._release(api, _olds)
        return UpdateResult(self._outs(api, _news, _olds.get("member_id"), wanted))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Remove the member; one that is gone already is no error."""
        if self.keeps(_id):
            return
        api = self.api(_props)
        member_id = self._member_id(api, _props)
        if member_id is not None and self._designation(api, _props, member_id) is not None:
            self._remove(api, _props)
        self._release(api, _props)

    @staticmethod
    def _release(api: Any, props: Mapping[str, Any]) -> None:
        """Delete the designation of the member's own, if no other member holds it; that of a type is its stack's."""
        domain_id = str(props["domain_id"])
        shared = props.get("asset_type")
        if props.get("designation_name") and not shared and domain_version(api, domain_id) == V2:
            own.release(api, domain_id, str(props["designation_name"]))

    # --- DataZone -------------------------------------------------------------------------------------------------
    @staticmethod
    def _add(api: Any, props: Mapping[str, Any], designation: str) -> None:
        domain_id = str(props["domain_id"])
        if _as_group(api, props):
            member = {"groupIdentifier": make_group(api, domain_id, str(props["user_identifier"]))}
        else:
            member = _union(props)
        held = {"designation": designation}
        if designation not in DESIGNATIONS:
            held = {"designation": own.CREATED, "userCreatedDesignationId": designation}
        aws.eventually(
            lambda: aws.call(
                api,
                "create_project_membership",
                domainIdentifier=props["domain_id"],
                projectIdentifier=props["project_id"],
                member=member,
                **held,
            ),
            # IAM answers for a new role everywhere only after a while.
            lambda error: error.code in ("ValidationException", "ResourceNotFoundException") and "role" in str(error),
        )

    @staticmethod
    def _remove(api: Any, props: Mapping[str, Any]) -> None:
        member = _union(props)
        if _as_group(api, props):
            group = find_group(api, str(props["domain_id"]), str(props["user_identifier"]))
            member = {"groupIdentifier": str(group)}
        aws.find(
            api,
            "delete_project_membership",
            domainIdentifier=props["domain_id"],
            projectIdentifier=props["project_id"],
            member=member,
        )

    @staticmethod
    def _member_id(api: Any, props: Mapping[str, Any]) -> str | None:
        """DataZone's id of the member; None while DataZone has no profile of it."""
        if props.get("group_identifier"):
            return str(props["group_identifier"])
        user = str(props["user_identifier"])
        if not user.startswith("arn:"):
            return user
        if _as_group(api, props):
            return find_group(api, str(props["domain_id"]), user)
        profile = aws.find(
            api, "get_user_profile", domainIdentifier=props["domain_id"], userIdentifier=user, type="IAM"
        )
        return None if profile is None else str(profile["id"])

    @staticmethod
    def _designation(api: Any, props: Mapping[str, Any], member_id: str) -> str | None:
        """What a member holds: the name of a managed designation, or the id of one that users made."""
        where = {"domainIdentifier": props["domain_id"], "projectIdentifier": props["project_id"]}
        try:
            members = aws.pages(api, "list_project_memberships", "members", **where)
        except RemoteError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        is_group = props.get("group_identifier") or _as_group(api, props)
        kind, key = ("group", "groupId") if is_group else ("user", "userId")
        for member in members:
            if member["memberDetails"].get(kind, {}).get(key) == member_id:
                return str(member.get("userCreatedDesignationId") or member["designation"])
        return None


def _id_of(props: Mapping[str, Any]) -> str:
    return f"{props['domain_id']}|{props['project_id']}|{_member(props)}"


def _member(props: Mapping[str, Any]) -> str:
    return str(props.get("user_identifier") or props["group_identifier"])


def _stands(held: str) -> str:
    """What a member is that is not given what it should have, as part of a sentence."""
    if held in DESIGNATIONS:
        return f"is {held} of its project, which permits more than it needs"
    return "keeps its designation, and DataZone refuses it something"


def _as_group(api: Any, props: Mapping[str, Any]) -> bool:
    """Whether the member is a role of a V2 domain."""
    role = ROLE.fullmatch(str(props.get("user_identifier") or ""))
    return role is not None and domain_version(api, str(props["domain_id"])) == V2


def _union(props: Mapping[str, Any]) -> dict[str, str]:
    if props.get("group_identifier"):
        return {"groupIdentifier": str(props["group_identifier"])}
    return {"userIdentifier": str(props["user_identifier"])}


class ProjectMembership(Resource, module="streamgov", name="ProjectMembership"):
    """A member of a DataZone project.

    Args:
        resource_name: the logical name.
        props: ``domain_id``, ``project_id``, ``user_identifier`` (a role's ARN) or ``group_identifier``,
            ``designation``, ``operations`` and ``designation_name`` for one of its own in a V2 domain, with
            ``asset_type`` for one that a ``TypeDesignation`` makes, ``adopt_existing``, and the session.
        opts: resource options.
    """

    designation: pulumi.Output[str]

    def __init__(
        self, resource_name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if props.get("adopt_existing") not in (None, False):
            opts = deleted_first(opts)
        super().__init__(
            ProjectMembershipProvider(),
            resource_name,
            {"member_id": None, "domain_version": None, "held_designation": None, **props},
            opts,
        )
