"""Whether the account's own records confirm what an asset claims to be.

The forms of an asset can be edited by its owner, so what they say is a claim only.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.asset_record import AssetRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import ClaimRefusedError


def verify_claim(
    settings: ApplySettings, command: GrantCommand, record_of: Callable[[GrantCommand], AssetRecord | None]
) -> list[str]:
    """The data source's record must name this asset for this resource, or configuration must name the resource.

    Args:
        settings: of the member account.
        command: of the producer's side.
        record_of: looks the data source's record up.

    Returns:
        Warnings for a reviewer.

    Raises:
        ClaimRefusedError: neither names it.
    """
    arn, schema = str(command.resource["arn"]), command.schema
    owners = {arn.split(":")[4], *([] if schema is None else [schema.registry_account])}
    if owners != {settings.account}:
        raise ClaimRefusedError(f"the asset claims {arn}, which is not in account {settings.account}")
    schema_arn = None if schema is None else schema.schema_arn
    record = record_of(command)
    if record is not None and (record.asset_id, record.resource_arn, record.schema_arn) == (
        command.asset_id,
        arn,
        schema_arn,
    ):
        return []
    patterns = settings.manual_assets.get(command.owner_project, ())
    claimed = [arn] if schema_arn is None else [arn, schema_arn]
    if all(any(fnmatchcase(item, pattern) for pattern in patterns) for item in claimed):
        return [f"{arn} is granted by configuration, not by a data source's record"]
    raise ClaimRefusedError(
        f"asset {command.asset_id} claims {' and '.join(claimed)}, but no data source of account {settings.account} "
        "recorded that; for an asset made by hand, the stack of that account must name them for project "
        f"{command.owner_project or '(unknown)'}"
    )
