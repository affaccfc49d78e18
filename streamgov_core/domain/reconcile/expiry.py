"""Access whose end has come, by the grant ledger alone: DataZone knows no ends, and need not be readable for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from streamgov_core.domain.grant_ends import is_expired
from streamgov_core.domain.grant_ledger import GrantRecord
from streamgov_core.domain.reconcile.detection_result import Remediation
from streamgov_core.model.access_request import ends_at
from streamgov_core.model.errors import GrantError, RemoteError
from streamgov_core.model.findings import Finding
from streamgov_core.runtime.log import log


@dataclass(frozen=True)
class Expired:
    """One asset's access that has ended.

    Args:
        key: orders expired access: the oldest end first.
        finding: what a run says of it.
        remediation: what ends it.
    """

    key: str
    finding: Finding
    remediation: Remediation


def find_expired(
    records: Iterable[GrantRecord], retained_of: Callable[[str], set[str]], now: float, after: str = "", limit: int = 25
) -> list[Expired]:
    """Expired access, the oldest first.

    Permissions that a producer has decided to retain beyond the subscription stay. Where that may not be read, the
    end that was approved holds.

    Args:
        records: of the grant ledger.
        retained_of: subscriptions of a project whose permissions are retained; reads DataZone.
        now: seconds since the epoch.
        after: keys up to this one were looked at before.
        limit: how many are wanted.
    """
    found = sorted((item for item in _expired(records, now) if item[0] > after), key=lambda item: item[0])
    retained = _Retained(retained_of)
    wanted = (
        Expired(key, finding, remediation) for key, record, finding, remediation in found if not retained.keeps(record)
    )
    return list(islice(wanted, limit))


def _expired(records: Iterable[GrantRecord], now: float) -> Iterator[tuple[str, GrantRecord, Finding, Remediation]]:
    for record in records:
        if record.command is None or not is_expired(record, now):
            continue
        until, subject = str(record.command.request.until), f"{record.grant_id}#{record.asset_id}"
        remediation = Remediation("Expired", "expire", record.grant_id, record.asset_id, "", record.generation)
        finding = Finding("Expired", subject, f"access was granted until {until}")
        yield f"{ends_at(until):020.3f}|{subject}", record, finding, remediation


class _Retained:
    """The retained subscriptions of projects, each project read once."""

    def __init__(self, retained_of: Callable[[str], set[str]]) -> None:
        self._retained_of = retained_of
        self._known: dict[str, set[str]] = {}

    def keeps(self, record: GrantRecord) -> bool:
        project = "" if record.command is None else record.command.consumer.project_id
        if project not in self._known:
            try:
                self._known[project] = self._retained_of(project)
            except (GrantError, RemoteError) as error:
                log("retained permissions not readable", projectId=project, cause=str(error))
                self._known[project] = set()
        return str(record.audit.get("subscriptionId", "")) in self._known[project]
