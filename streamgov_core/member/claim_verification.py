"""Whether the account's own records confirm what an asset claims to be.

The forms of an asset can be edited by its owner, so what they say is a claim only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from streamgov_core.member.apply_settings import ApplySettings
from streamgov_core.model.arn_pattern import covers
from streamgov_core.model.asset_record import NO_REGISTRY, AssetRecord
from streamgov_core.model.command import GrantCommand
from streamgov_core.model.errors import ClaimRefusedError

_PROJECT = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ACCOUNT = re.compile(r"\d{12}")


def verify_side(settings: ApplySettings, command: GrantCommand) -> None:
    """A consumer's side changes roles only, without a look at the owner's records: it must concern foreign resources.

    Within the owner's account the role's own policy is all the access there is, so such a grant needs the owner's
    side, which verifies the claim.

    Args:
        settings: of the member account.
        command: that grants.

    Raises:
        ClaimRefusedError: the command is for another side, or its consumer's ids are no literal ids.
    """
    consumer = command.consumer
    if not _ACCOUNT.fullmatch(consumer.account) or not _PROJECT.fullmatch(consumer.project_id):
        raise ClaimRefusedError(
            f"account {consumer.account!r} and project {consumer.project_id!r} begin the consumer's group names and "
            "must be literal ids"
        )
    if command.side != "consumer":
        return
    own = sorted(arn for arn in _arns(command) if _account_of(arn) == settings.account)
    if own or command.producer.account == settings.account:
        raise ClaimRefusedError(
            f"{', '.join(own) or command.resource['arn']} belongs to this account {settings.account}: its grant needs "
            "the owner's side, which verifies the asset's claim; side 'consumer' is for resources of other accounts"
        )


def _arns(command: GrantCommand) -> list[str]:
    """Every ARN that a command names a resource, key or schema by."""
    named = [value for value in command.resource.values() if isinstance(value, str) and value.startswith("arn:")]
    return named if command.schema is None else [*named, command.schema.registry_arn, command.schema.schema_arn]


def _account_of(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def verify_claim(
    settings: ApplySettings, command: GrantCommand, record_of: Callable[[GrantCommand], AssetRecord | None]
) -> list[str]:
    """The data source's record must name this asset for this resource, or configuration must name the resource.

    A record counts as far as configuration lets the data sources of its registry speak: whoever may create a schema
    makes a record of any topic of the cluster otherwise, and so does whoever may write parameters.

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
    if command.producer.account != settings.account:
        raise ClaimRefusedError(
            f"the command names account {command.producer.account} as the owner of {arn}; it is {settings.account}"
        )
    schema_arn = None if schema is None else schema.schema_arn
    record = record_of(command)
    if record is not None and (record.asset_id, record.resource_arn, record.schema_arn) == (
        command.asset_id,
        arn,
        schema_arn,
    ):
        registry = NO_REGISTRY if schema is None else schema.registry_name
        governed = settings.claimable.get(registry, ())
        if any(covers(pattern, arn) for pattern in governed):
            return []
        raise ClaimRefusedError(
            f"asset {command.asset_id} claims {arn} by a record of the registry {registry!r}, whose data sources in "
            f"account {settings.account} may speak for {', '.join(governed) or 'nothing'} only"
        )
    patterns = settings.manual_assets.get(command.owner_project, ())
    claimed = [arn] if schema_arn is None else [arn, schema_arn]
    if all(any(fnmatchcase(item, pattern) for pattern in patterns) for item in claimed):
        return [f"{arn} is granted by configuration, not by a data source's record"]
    raise ClaimRefusedError(
        f"asset {command.asset_id} claims {' and '.join(claimed)}, but no data source of account {settings.account} "
        "recorded that; for an asset made by hand, the stack of that account must name them for project "
        f"{command.owner_project or '(unknown)'}"
    )
