"""The policy document of an access role: a role of ours with the access of one consumer project in this account.

Its permissions are compiled, spread and written as those of a consumer's role (`role_policy`); the role itself and its
trust are ours too. It exists exactly while a grant needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from streamgov_core.documents.access_trust import access_trust
from streamgov_core.documents.comparison import Comparison
from streamgov_core.documents.compiler import TRUST_LIMIT, minified, same_statements, size
from streamgov_core.documents.policy_document import DesiredState, WriteResult
from streamgov_core.member.role_gateway import AccessRoleGateway
from streamgov_core.member.role_policy import RolePolicyDocument
from streamgov_core.model.assuming_role import PROJECT_TAG, AssumingRole
from streamgov_core.model.document_record import ContributionRecord, Rejection, Slot
from streamgov_core.model.naming import Names


class AccessRoleDocument(RolePolicyDocument):
    """Makes one access role say what the ledger says.

    Args:
        gateway: IAM.
        names: of the deployment.
        arn: the access role.
        boundary: permissions boundary of the role; empty for none.
    """

    def __init__(self, gateway: AccessRoleGateway, names: Names, arn: str, boundary: str = "") -> None:
        super().__init__(gateway, names, arn, boundary)
        self._roles = gateway
        self._names = names

    def apply(self, desired: DesiredState, check_lease: Callable[[], None]) -> WriteResult:
        """See PolicyDocument.apply. A role is trusted after it has its permissions, and loses trust before them."""
        if not self._info_read:
            self._read_info()
        desired = replace(desired, slots=_anonymous(desired.slots))
        if not desired.active:
            return WriteResult({}, {}, self._remove_role(desired, check_lease))
        admitted, rejected = self._admit(desired)
        if not admitted.active:
            return WriteResult({}, rejected, self._remove_role(admitted, check_lease))
        writes = self._exist(admitted, check_lease)
        if writes:
            admitted = replace(admitted, verify_all=True)
        if not admitted.fresh:
            writes += self._put_trust(admitted.active.values(), check_lease)
        result = super().apply(admitted, check_lease)
        kept = [record for key, record in admitted.active.items() if key in result.slots]
        if self._info is not None and kept:
            writes += self._put_trust(kept, check_lease)
        return replace(
            result,
            slots=_anonymous(result.slots),
            rejected={**rejected, **result.rejected},
            writes=result.writes + writes,
        )

    def compare(self, desired: DesiredState) -> list[Comparison] | None:
        """See Comparable.compare. A role that is missing differs in everything."""
        desired = replace(desired, slots=_anonymous(desired.slots))
        found = super().compare(desired)
        wanted = self._trust(desired.active.values())["Statement"] if desired.active else []
        if found is None or self._info is None:
            records = list(desired.active.values())
            found = [Comparison("inline policy", None, self._policy(records)["Statement"], True)]
        live = None if self._info is None else self._info.trust
        return [*found, Comparison("trust policy", live, wanted, True)]

    def _admit(self, desired: DesiredState) -> tuple[DesiredState, dict[str, Rejection]]:
        """The grants whose roles the trust policy has room for."""
        chosen, rejected = dict(desired.written), dict[str, Rejection]()
        for record in desired.fresh:
            candidate = {**chosen, record.key: record}
            if size(self._trust(candidate.values())) > TRUST_LIMIT:
                rejected[record.key] = Rejection(
                    f"the access role {self._role.arn} has no room for another role: its trust policy may hold "
                    f"{TRUST_LIMIT} characters. Let fewer roles of the project assume it"
                )
            else:
                chosen = candidate
        return replace(desired, active=chosen), rejected

    def _exist(self, desired: DesiredState, check_lease: Callable[[], None]) -> int:
        """Create the role if it is not there, or if it is seen although the ledger knows of none: it may be going."""
        if self._info is not None and desired.slots:
            return 0
        check_lease()
        assuming = _assuming(desired.active.values())
        project = assuming[0].project if assuming else ""
        self._roles.create_role(
            self._role.name,
            self._role.path,
            minified(self._trust(desired.active.values())),
            self._boundary,
            f"Access of one project's roles to streams of this account ({self._names.namespace})",
            {PROJECT_TAG: project} if project else {},
        )
        self.forget()
        self._read_info()
        return 1

    def _put_trust(self, records: Iterable[ContributionRecord], check_lease: Callable[[], None]) -> int:
        trust = self._trust(records)
        live = {} if self._info is None else self._info.trust
        if self._info is None or same_statements(live, trust["Statement"], self._sid_prefix):
            return 0
        check_lease()
        self._roles.put_trust(self._role.name, minified(trust))
        self._info = replace(self._info, trust=trust)
        return 1

    def _remove_role(self, desired: DesiredState, check_lease: Callable[[], None]) -> int:
        if self._info is None and desired.confirms(()):
            return 0
        emptied = super().apply(replace(desired, active={}, verify_all=True), check_lease)
        check_lease()
        self._roles.delete_role(self._role.name)
        return emptied.writes + 1

    def _trust(self, records: Iterable[ContributionRecord]) -> dict[str, Any]:
        return access_trust(self._names.partition, self._sid_prefix, _assuming(records))


def _assuming(records: Iterable[ContributionRecord]) -> list[AssumingRole]:
    return sorted({item for record in records for item in record.assuming})


def _anonymous(slots: Mapping[str, Slot]) -> dict[str, Slot]:
    """The role is ours: one that is made again stands for the one that somebody deleted."""
    return {key: replace(at, principal_id="") for key, at in slots.items()}
