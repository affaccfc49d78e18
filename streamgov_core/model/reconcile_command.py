"""What the central machine hands a member account with action ``reconcile``, and what the account answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamgov_core.model.command import ACCEPTED_VERSIONS, VERSION
from streamgov_core.model.errors import EventRefusedError
from streamgov_core.model.findings import Tally


@dataclass(frozen=True)
class Expected:
    """What one document should contain.

    Args:
        document_id: ``<kind>#<arn>``.
        platform: of its grants.
        grants: key of each granted asset -> generation.
    """

    document_id: str
    platform: str
    grants: Mapping[str, int]

    def to_message(self) -> list[Any]:
        """As JSON: short, since a plan holds many."""
        return [self.document_id, self.platform, dict(self.grants)]

    @classmethod
    def parse(cls, raw: Sequence[Any]) -> Expected:
        """Read what ``to_message`` wrote."""
        document_id, platform, grants = raw
        return cls(str(document_id), str(platform), {str(key): int(value) for key, value in grants.items()})


@dataclass(frozen=True)
class ReconcileCommand:
    """The documents of one account between two ids: exactly these should contain exactly that.

    Args:
        account: that carries it out.
        after: documents up to this id are not concerned.
        up_to: nor those beyond this one; empty for no end.
        limit: findings and mismatches to list at most.
    """

    account: str
    domain_id: str
    dry_run: bool
    after: str
    up_to: str
    limit: int
    documents: tuple[Expected, ...]

    def concerns(self, document_id: str) -> bool:
        """Whether a document lies in this command's range."""
        return document_id > self.after and (not self.up_to or document_id <= self.up_to)

    def to_message(self) -> dict[str, Any]:
        """The JSON message."""
        return {
            "version": VERSION,
            "action": "reconcile",
            "side": "member",
            "account": self.account,
            "domainId": self.domain_id,
            "dryRun": self.dry_run,
            "after": self.after,
            "upTo": self.up_to,
            "limit": self.limit,
            "documents": [item.to_message() for item in self.documents],
        }

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> ReconcileCommand:
        """Read a message.

        Raises:
            EventRefusedError: it is of another version, or malformed.
        """
        if raw.get("version") not in ACCEPTED_VERSIONS:
            raise EventRefusedError(f"a reconcile command of version {raw.get('version')!r}: deploy the same release")
        try:
            return cls(
                str(raw["account"]),
                str(raw["domainId"]),
                raw["dryRun"] is not False,
                str(raw["after"]),
                str(raw["upTo"]),
                int(raw["limit"]),
                tuple(Expected.parse(item) for item in raw["documents"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EventRefusedError(f"the reconcile command is malformed: {type(error).__name__} {error}") from error


@dataclass(frozen=True)
class Mismatch:
    """A grant that a document ledger holds otherwise than the grant ledger said. The domain looks again and decides.

    Args:
        expected: the generation that should be active; None if the document should not contain it.
        found: the generation that the document ledger has; None if it has no record.
        state: of that record.
    """

    document_id: str
    key: str
    expected: int | None
    found: int | None
    state: str

    def to_message(self) -> list[Any]:
        """As JSON."""
        return [self.document_id, self.key, self.expected, self.found, self.state]


@dataclass
class MemberResult:
    """What one account found in its range.

    Args:
        limit: findings and mismatches that are listed.
    """

    limit: int = 100
    checked: int = 0
    busy: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    more_mismatches: int = 0
    renewals: list[str] = field(default_factory=list)
    """Keys of granted assets of which consumers must be told anew, since a document was repaired."""
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.tally = Tally(self.limit)

    def mismatch(self, found: Mismatch) -> None:
        """List it while there is room; the next run meets the others."""
        if len(self.mismatches) < self.limit:
            self.mismatches.append(found)
        else:
            self.more_mismatches += 1

    def renew(self, keys: Iterable[str]) -> None:
        """List them while there is room; whoever is left out is told by the reconciler's look at the parameters."""
        new = [key for key in keys if key not in self.renewals]
        self.renewals += new[: max(0, self.limit - len(self.renewals))]

    def to_message(self) -> dict[str, Any]:
        """The answer's details."""
        return {
            "checked": self.checked,
            "busy": self.busy,
            "mismatches": [item.to_message() for item in self.mismatches],
            "moreMismatches": self.more_mismatches,
            "renewals": self.renewals,
            "tally": self.tally.to_message(),
        }
