"""Whether what the document ledger holds is what grants ask for: whoever may write the table must not write policies.

A record's permissions become statements at the next write of the document. So a record that asks for what no grant
gives is refused when it is loaded, before anything is compiled from it.
"""

from __future__ import annotations

from collections.abc import Callable

from streamgov_core.model.connection_details import READ_ACTIONS
from streamgov_core.model.contribution import document_arn
from streamgov_core.model.document_record import ContributionRecord
from streamgov_core.model.errors import PermanentGrantError
from streamgov_core.model.naming import Names
from streamgov_core.model.permission import Permission
from streamgov_core.model.registry_access import SCHEMA_READ, VERSION_READ
from streamgov_core.platforms import PLATFORMS
from streamgov_core.platforms.protocol import IDENTITY_KINDS

READER_KIND = "reader"
"""Kind of the policies of a reader role."""
RecordCheck = Callable[[str, ContributionRecord], None]


def record_check(names: Names) -> RecordCheck:
    """A check of loaded records.

    Args:
        names: of the deployment.
    """

    def check(document_id: str, record: ContributionRecord) -> None:
        """Raise PermanentGrantError if the record asks for what no grant gives."""
        kind, arn = document_id.split("#", 1)[0], document_arn(document_id)
        for permission in record.permissions:
            if not _is_granted(names, kind, arn, permission):
                raise PermanentGrantError(
                    f"the ledger's record {record.key} of {document_id} asks for {', '.join(permission.actions)} on "
                    f"{permission.resource}, which no grant gives: somebody else wrote it. Nothing is written until it "
                    f"is deleted from the table {names.document_table}"
                )

    return check


def _is_granted(names: Names, kind: str, arn: str, permission: Permission) -> bool:
    if kind in (*IDENTITY_KINDS, READER_KIND) and _is_common(names, permission):
        return True
    return any(platform.grants(names, kind, arn, permission) for platform in PLATFORMS.values())


def _is_common(names: Names, permission: Permission) -> bool:
    """What the grants of every platform give: schemas, reader and access roles, connection details."""
    actions, resource = set(permission.actions), permission.resource
    if actions <= {*SCHEMA_READ, *VERSION_READ}:
        return ":registry/" in resource or ":schema/" in resource or (actions <= {*VERSION_READ} and resource == "*")
    if actions == {"sts:AssumeRole"}:
        return any(f":role{names.iam_path}{path}/" in resource for path in ("readers", "access"))
    return actions <= {*READ_ACTIONS} and f":parameter{names.connection_path('')}" in resource
