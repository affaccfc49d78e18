"""Environment variables of the access functions, and the keys of their tables: what stacks write and functions read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from streamgov_core.model.naming import Names, check_account

GRANT_TABLE_KEYS: Mapping[str, Any] = {
    "hash_key": "grantId",
    "range_key": "assetId",
    "attributes": [{"name": "grantId", "type": "S"}, {"name": "assetId", "type": "S"}],
    "ttl": "purgeAt",
}
"""Keys of the grant ledger, for aws.dynamodb.Table; ``ttl`` is the attribute that expires ended grants."""

DOCUMENT_TABLE_KEYS: Mapping[str, Any] = {
    "hash_key": "documentId",
    "range_key": "item",
    "attributes": [{"name": "documentId", "type": "S"}, {"name": "item", "type": "S"}],
    "ttl": "purgeAt",
}
"""Keys of the document ledger; ``ttl`` is the attribute that expires the tombstones of revoked grants."""


def collect_environment(
    names: Names,
    domain_id: str,
    domain_account: str,
    member_accounts: Sequence[str],
    asset_types: Sequence[str],
    *,
    principal_accounts: Mapping[str, Sequence[str]] | None = None,
    options: Mapping[str, Any] | None = None,
    request_required: bool = False,
) -> dict[str, str]:
    """Environment of ``collect``.

    * ``principal_accounts``: environment account -> further accounts whose roles its subscription targets may
      name.
    * ``options``: ``managedVpc`` (default True), ``crossAccountServerless`` (default False).
    * ``request_required``: a grant whose request cannot be read is refused, instead of the defaults.
    """
    return {
        **_common(names, domain_id, domain_account),
        "STREAMGOV_MEMBER_ACCOUNTS": ",".join(sorted({*member_accounts})),
        "STREAMGOV_ASSET_TYPES": ",".join(sorted({*asset_types})),
        "STREAMGOV_PRINCIPAL_ACCOUNTS": _json(
            {key: sorted(value) for key, value in (principal_accounts or {}).items()}
        ),
        "STREAMGOV_OPTIONS": _json(options or {}),
        **({"STREAMGOV_REQUEST_FORM": "required"} if request_required else {}),
    }


def report_environment(
    names: Names,
    domain_id: str,
    domain_account: str,
    member_accounts: Sequence[str] = (),
    asset_types: Sequence[str] = (),
) -> dict[str, str]:
    """Environment of ``report``."""
    return {
        **_common(names, domain_id, domain_account),
        "STREAMGOV_MEMBER_ACCOUNTS": ",".join(sorted({*member_accounts})),
        "STREAMGOV_ASSET_TYPES": ",".join(sorted({*asset_types})),
    }


def apply_environment(
    names: Names,
    domain_id: str,
    account: str,
    *,
    consumer_role_arns: Sequence[str] = (),
    boundary_arn: str | None = None,
    require_boundary: bool = True,
    manual_assets: Mapping[str, Sequence[str]] | None = None,
    function_timeout: int = 60,
    protected_role_arns: Sequence[str] = (),
) -> dict[str, str]:
    """Environment of ``apply``.

    * ``manual_assets``: owning project -> patterns of resource ARNs (topics, streams) that its assets made by
      hand, which no data source recorded, may name.
    * ``function_timeout``: the function's hard time-out in seconds; leases last longer than it.
    * ``protected_role_arns``: roles that never receive access, whatever pattern names them.
    """
    return {
        **_common(names, domain_id, account),
        "STREAMGOV_CONSUMER_ROLES": _json(sorted({*consumer_role_arns})),
        "STREAMGOV_BOUNDARY": boundary_arn or "",
        "STREAMGOV_REQUIRE_BOUNDARY": "true" if require_boundary else "false",
        "STREAMGOV_MANUAL_ASSETS": _json({key: sorted(value) for key, value in (manual_assets or {}).items()}),
        "STREAMGOV_FUNCTION_TIMEOUT": str(function_timeout),
        **({"STREAMGOV_PROTECTED_ROLES": _json(sorted({*protected_role_arns}))} if protected_role_arns else {}),
    }


def _common(names: Names, domain_id: str, account: str) -> dict[str, str]:
    return {
        "STREAMGOV_NAMESPACE": names.namespace,
        "STREAMGOV_REGION": names.region,
        "STREAMGOV_PARTITION": names.partition,
        "STREAMGOV_DOMAIN_ID": domain_id,
        "STREAMGOV_ACCOUNT": check_account(account),
    }


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
