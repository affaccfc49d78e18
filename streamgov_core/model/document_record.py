"""What one grant contributes to one document, as the document ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streamgov_core.model.assuming_role import AssumingRole
from streamgov_core.model.contribution import PolicyContribution
from streamgov_core.model.permission import Permission
from streamgov_core.model.principal import RoleArn

ContributionState = Literal["ACTIVE", "REMOVED", "REJECTED", "DEFERRED"]


@dataclass(frozen=True)
class Rejection:
    """Why a grant did not get into a document.

    Args:
        cause: for people.
        retry: whether trying again may help (a role that has just been made).
    """

    cause: str
    retry: bool = False


@dataclass(frozen=True)
class ContributionRecord:
    """What one grant contributes to one document, at one generation.

    Args:
        key: ``<grant id>#<asset id>``.
        generation: of the grant; commands of a lower generation are superseded from then on.
        state: ACTIVE counts in the document. REMOVED is the tombstone of a revoked grant. REJECTED did not get into the
            document, DEFERRED neither, but may when it is tried again.
        permissions: see PolicyContribution.
        trust: see PolicyContribution.
        assuming: see PolicyContribution.
        at: when it was stored, seconds since the epoch; the order in which waiting grants are admitted.
        cause: why it was rejected or deferred.
        content: see PolicyContribution.
    """

    key: str
    generation: int
    state: ContributionState
    permissions: tuple[Permission, ...] = ()
    trust: tuple[RoleArn, ...] = ()
    at: float = 0.0
    cause: str = ""
    content: str = ""
    assuming: tuple[AssumingRole, ...] = ()

    @classmethod
    def of(
        cls, key: str, generation: int, grants: bool, contribution: PolicyContribution, at: float
    ) -> ContributionRecord:
        """The record of a command: active with its permissions, or the tombstone of their removal.

        Args:
            key: ``<grant id>#<asset id>``.
            generation: of the command.
            grants: whether the command grants (True) or revokes.
            contribution: what is granted.
            at: now, seconds since the epoch.
        """
        if not grants:
            return cls(key, generation, "REMOVED", at=at)
        return cls(
            key,
            generation,
            "ACTIVE",
            contribution.permissions,
            contribution.trust,
            at,
            content=contribution.content,
            assuming=contribution.assuming,
        )


@dataclass(frozen=True)
class Slot:
    """Where a grant stands in the written documents.

    Args:
        slot: which one of a role's policies holds it: 0 is the inline policy (or the only document), 1 to 10 are the
            managed policies.
        generation: that was written.
        principal_id: unique id (``AROA…``) of the role that it was written for; empty in other documents.
        handles: what the service calls what was written (ids of grants on a key, separated by commas), by which it can
            be ended although no list shows it yet; empty in other documents.
    """

    slot: int
    generation: int
    principal_id: str = ""
    handles: str = ""
